package core

import (
	"strconv"
	"strings"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/group"
	"github.com/gossl/gossl/core/internal/keyfile"
	"github.com/gossl/gossl/core/internal/sigalg"
)

// SetGroups sets the named groups, best first, by their names separated by colons. A name after '?' is skipped if
// it is not known (OpenSSL 3.3's SSL_CTX_set1_groups_list).
func (c *Config) SetGroups(names string) error {
	var ids []group.ID
	for name := range strings.SplitSeq(names, ":") {
		name, optional := strings.CutPrefix(name, "?")
		g := group.ByName(name)
		if g == nil && !optional {
			return misuse(alert.ReasonUnsupportedEllipticCurve, "unknown group in the list")
		}
		if g != nil {
			ids = append(ids, g.ID)
		}
	}
	if len(ids) == 0 {
		return misuse(alert.ReasonUnsupportedEllipticCurve, "no group in the list")
	}
	c.groups = ids
	return nil
}

// SetECDHCurve sets one group, as CPython's SSLContext.set_ecdh_curve does: an OpenSSL curve name, no aliases of NIST.
func (c *Config) SetECDHCurve(name string) error {
	g := group.ByName(name)
	if g == nil || !g.IsEC() || strings.HasPrefix(name, "P-") {
		return misuse(0, "unknown elliptic curve name "+strconv.Quote(name))
	}
	c.groups = []group.ID{g.ID}
	return nil
}

// Groups returns the names of the groups in use, best first.
func (c *Config) Groups() []string {
	names := make([]string, 0, len(c.groups))
	for _, id := range c.groups {
		if g := group.Lookup(id); g != nil {
			names = append(names, g.Name)
		}
	}
	return names
}

// ImplementedGroups returns OpenSSL's names of the groups that could be set for the versions that are allowed, with
// NIST's names too if those are wanted (OpenSSL 3.5's SSL_CTX_get0_implemented_groups).
func (c *Config) ImplementedGroups(aliases bool) []string {
	tls12, tls13 := c.minVersion < VersionTLS13, c.maxVersion == 0 || c.maxVersion >= VersionTLS13
	if v := c.fixedVersion(); v != 0 {
		tls12, tls13 = v < VersionTLS13, v >= VersionTLS13
	}
	return group.Names(tls13, tls12, aliases)
}

// SetSigalgs sets the signature schemes that we accept from the peer and sign with, best first, separated by colons.
func (c *Config) SetSigalgs(names string) error {
	l, err := parseSigalgs(names)
	if err == nil {
		c.peerSigalgs = l
	}
	return err
}

// SetClientSigalgs sets the schemes of client authentication (OpenSSL's SSL_CTX_set1_client_sigalgs_list).
func (c *Config) SetClientSigalgs(names string) error {
	l, err := parseSigalgs(names)
	if err == nil {
		c.clientSigalgs = l
	}
	return err
}

func parseSigalgs(names string) ([]sigalg.Scheme, error) {
	var l []sigalg.Scheme
	for name := range strings.SplitSeq(names, ":") {
		name, optional := strings.CutPrefix(name, "?")
		s, ok := sigalg.ByName(name)
		if !ok && !optional {
			return nil, misuse(0, "unknown signature algorithm in the list")
		}
		if ok {
			l = append(l, s)
		}
	}
	if len(l) == 0 {
		return nil, misuse(0, "no signature algorithm in the list")
	}
	return l, nil
}

// SetALPN sets the application protocols, best first, in wire form: each name after its length as one byte
// (RFC 7301 section 3.1).
func (c *Config) SetALPN(wireForm []byte) error {
	var l []string
	for len(wireForm) > 0 {
		n := int(wireForm[0])
		if n == 0 || n >= len(wireForm) {
			return misuse(alert.ReasonBadValue, "malformed list of application protocols")
		}
		l = append(l, string(wireForm[1:1+n]))
		wireForm = wireForm[1+n:]
	}
	c.alpn = l
	return nil
}

// SetDHParams sets the finite-field group of DHE suites of TLS 1.2 and below from PEM. Without it there are none.
func (c *Config) SetDHParams(pem []byte) error {
	p, g, err := keyfile.DHParams(pem)
	if err != nil {
		return err
	}
	c.dh = &group.DHParams{P: p, G: g}
	return nil
}

// Sigalgs returns the names of the signature schemes in use, best first.
func (c *Config) Sigalgs() []string {
	var names []string
	for _, s := range c.sigalgs() {
		names = append(names, s.String())
	}
	return names
}
