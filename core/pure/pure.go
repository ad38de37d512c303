// Package pure offers what of core needs no connection, as functions of plain values: cipher strings, certificates, host
// names, OpenSSL's object table, chain verification. Bindings for other languages are generated from it.
package pure

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"

	"github.com/gossl/gossl/core"
	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/keyfile"
	"github.com/gossl/gossl/core/internal/pki"
)

// Ciphers returns the names of the suites that an OpenSSL cipher string selects, TLS 1.3's among them, separated by
// colons: what SSLContext.get_ciphers names after set_ciphers.
func Ciphers(rule string) (string, error) {
	c, err := core.NewConfig(core.MethodTLS)
	if err != nil {
		return "", err
	}
	if err := c.SetCiphers(rule); err != nil {
		return "", err
	}
	var names []string
	for _, s := range c.Ciphers() {
		names = append(names, s.Name)
	}
	return strings.Join(names, ":"), nil
}

// Certificate describes the first certificate of a PEM text as JSON, with the contents of SSLSocket.getpeercert().
func Certificate(pem string) (string, error) {
	der, err := core.FirstCertificate([]byte(pem))
	if err != nil {
		return "", err
	}
	text, err := core.DecodeCertificate(der)
	return string(text), err
}

// Object finds an entry of OpenSSL's object table by a dotted OID, or with byName by a short or long name. It returns
// number, short name, long name and OID, separated by line feeds.
func Object(text string, byName bool) (string, error) {
	o, ok := core.FindObject(text, byName)
	if !ok {
		return "", errors.New("unknown object")
	}
	return strings.Join([]string{strconv.Itoa(o.NID), o.ShortName, o.LongName, o.OID}, "\n"), nil
}

// MatchesHost reports whether the first certificate of a PEM text is for a host name or an IP address. flags are
// OpenSSL's X509_CHECK_FLAG_* bits.
func MatchesHost(pem, host string, flags int) (bool, error) {
	certs, err := certificates(pem)
	if err != nil {
		return false, err
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return pki.MatchIP(certs[0], ip.Unmap().AsSlice()), nil
	}
	return pki.MatchHost(certs[0], host, uint32(flags)), nil
}

// Verify verifies a server's chain (PEM, leaf first) for a host against trust anchors (PEM), as a client does, and
// returns OpenSSL's X509_V_ERR_* code, 0 for a good chain. flags are X509_V_FLAG_* bits, hostFlags X509_CHECK_FLAG_*
// bits, now is in seconds since 1970. An empty host is not checked.
func Verify(chain, anchors, host string, flags, hostFlags, securityLevel int, now int64) (int, error) {
	certs, err := certificates(chain)
	if err != nil {
		return 0, err
	}
	trusted, _, err := keyfile.Bundle([]byte(anchors)) // with their trust settings
	if err != nil {
		return 0, err
	}
	pool, err := pki.NewPool(trusted, nil)
	if err != nil {
		return 0, err
	}
	store := pki.NewStore()
	store.AddPool(pool)
	o := &pki.Options{Time: now, Flags: pki.Flags(flags), Purpose: pki.PurposeServer, Depth: 100,
		SecurityLevel: securityLevel, HostFlags: uint32(hostFlags)}
	if ip, err := netip.ParseAddr(host); err == nil {
		o.IP = ip.Unmap().AsSlice()
	} else {
		o.Host = host
	}
	_, err = pki.Verify(certs[0], certs[1:], store, o)
	var e *alert.Error
	if errors.As(err, &e) {
		return int(e.Verify), nil
	}
	return 0, err
}

func certificates(pem string) ([]*pki.Certificate, error) {
	ders, err := keyfile.Certificates([]byte(pem))
	if err != nil {
		return nil, err
	}
	certs := make([]*pki.Certificate, len(ders))
	for i, der := range ders {
		if certs[i], err = pki.ParseCertificate(der); err != nil {
			return nil, err
		}
	}
	return certs, nil
}
