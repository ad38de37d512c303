package core

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/netip"
	"strings"
	"time"

	"github.com/gossl/gossl/core/internal/alert"
)

// serialBits keeps serial numbers unguessable and within 20 octets (RFC 5280 section 4.1.2.2).
const serialBits = 128

// maxCommonName is ub-common-name (RFC 5280 appendix A.1).
const maxCommonName = 64

// NewDevelopmentCertificate makes an ECDSA P-256 key and a self-signed server certificate for it, valid from notBefore
// until notAfter (seconds since 1970), and returns both in PEM, the certificate first. names are host names in A-label
// form, with wildcards if need be, and IP addresses; the first is the common name, if it is not too long. It is no CA:
// whoever trusts it trusts nothing else by it.
func NewDevelopmentCertificate(names []string, notBefore, notAfter int64) ([]byte, error) {
	t := &x509.Certificate{
		NotBefore: time.Unix(notBefore, 0).UTC(), NotAfter: time.Unix(notAfter, 0).UTC(),
		Subject:               pkix.Name{Organization: []string{"gossl development certificate"}},
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	if len(names) == 0 || notBefore > notAfter {
		return nil, badTemplate("a certificate without names, or that ends before it begins")
	}
	if len(names[0]) <= maxCommonName {
		t.Subject.CommonName = names[0]
	}
	for _, name := range names {
		if ip, err := netip.ParseAddr(name); err == nil {
			t.IPAddresses = append(t.IPAddresses, ip.AsSlice())
		} else if isHostName(name) {
			t.DNSNames = append(t.DNSNames, name)
		} else {
			return nil, badTemplate("not a host name or an IP address: " + name)
		}
	}
	var err error
	if t.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), serialBits)); err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return nil, badTemplate(err.Error())
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	defer clear(secret)
	var out bytes.Buffer
	for _, b := range []pem.Block{{Type: "CERTIFICATE", Bytes: der}, {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := pem.Encode(&out, &b); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

func badTemplate(text string) error { return alert.Misused(0, text) }

// isHostName reports whether name is made of labels of letters, digits and hyphens, the first perhaps "*" (RFC 1123
// section 2.1, RFC 6125 section 6.4.3).
func isHostName(name string) bool {
	name = strings.TrimPrefix(name, "*.")
	for label := range strings.SplitSeq(name, ".") {
		if len(label) == 0 || len(label) > 63 || strings.Trim(label, ldh) != "" || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return len(name) <= 253
}

// ldh are the characters of a label: letters, digits, the hyphen, and the underscore that local names have.
const ldh = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
