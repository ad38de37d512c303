package pki

import (
	"bytes"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Proxy certificates (RFC 3820): an end entity signs for somebody who acts in its name. They are refused unless
// X509_V_FLAG_ALLOW_PROXY_CERTS is set. The policy language is not looked at: as with OpenSSL, that is the program's.

// proxyInfo is the ProxyCertInfo extension (RFC 3820 section 3.8).
type proxyInfo struct {
	pathLen int // how many proxies may be below this one; -1: any number
}

func (p *proxyInfo) read(s *cryptobyte.String) bool {
	var seq, policy, language cryptobyte.String
	p.pathLen = -1
	if !s.ReadASN1(&seq, asn1.SEQUENCE) {
		return false
	}
	if seq.PeekASN1Tag(asn1.INTEGER) && (!seq.ReadASN1Integer(&p.pathLen) || p.pathLen < 0) {
		return false
	}
	return seq.ReadASN1(&policy, asn1.SEQUENCE) && seq.Empty() && policy.ReadASN1(&language, asn1.OBJECT_IDENTIFIER) &&
		policy.SkipOptionalASN1(asn1.OCTET_STRING) && policy.Empty()
}

const oidIssuerAltName = "2.5.29.18"

// mayBeProxy: a proxy is no CA and has no alternative names (RFC 3820 sections 3.3, 3.5, 3.7).
func (c *Certificate) mayBeProxy() bool {
	for _, e := range c.exts {
		if e.OID == oidIssuerAltName {
			return false
		}
	}
	return !c.basic.ca && !c.hasAltNames
}

// proxyPath counts proxies from the leaf up (RFC 3820 sections 4.1.3 (b)(1) and 4.1.4 (a)).
type proxyPath struct{ length int }

// add reports whether a proxy allows as many below it as there are.
func (p *proxyPath) add(c *Certificate) bool {
	if most := c.proxy.pathLen; most >= 0 {
		if p.length > most {
			return false
		}
		p.length = most
	}
	p.length++
	return true
}

// hasProxyName: a proxy has its issuer's name and one common name more (RFC 3820 section 3.4).
func (c *Certificate) hasProxyName() bool {
	if len(c.issuer) == 0 || !bytes.HasPrefix(c.subject, c.issuer) {
		return false
	}
	rest := cryptobyte.String(c.subject[len(c.issuer):])
	var rdn, attribute, oid cryptobyte.String
	return rest.ReadASN1(&rdn, asn1.SET) && rest.Empty() && rdn.ReadASN1(&attribute, asn1.SEQUENCE) && rdn.Empty() &&
		attribute.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) && bytes.Equal(oid, oidCommonName)
}
