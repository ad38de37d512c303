package pki

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"

	"github.com/cloudflare/circl/sign/ed448"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// What a certificate says about itself, for those who show it to people. Verification reads the fields.

// KeyInfo describes a public key. Type is "RSA", "RSA-PSS", "EC", "Ed25519" or "Ed448", and the OID of any other
// algorithm; Curve is the name of a named curve that we know.
type KeyInfo struct {
	Type, Curve string
	Bits        int // 0: unknown
}

// Key describes the public key.
func (c *Certificate) Key() KeyInfo {
	switch k := c.PublicKey.(type) {
	case *rsa.PublicKey:
		if c.IsPSSKey {
			return KeyInfo{"RSA-PSS", "", c.keyBits}
		}
		return KeyInfo{"RSA", "", c.keyBits}
	case *ecdsa.PublicKey:
		return KeyInfo{"EC", k.Curve.Params().Name, c.keyBits}
	case ed25519.PublicKey:
		return KeyInfo{"Ed25519", "", c.keyBits}
	case ed448.PublicKey:
		return KeyInfo{"Ed448", "", c.keyBits}
	}
	var seq cryptobyte.String
	if s := cryptobyte.String(c.RawSPKI); !s.ReadASN1(&seq, asn1.SEQUENCE) {
		return KeyInfo{}
	}
	return KeyInfo{Type: algorithmOID(seq), Bits: c.keyBits}
}

// SignatureOID returns the OID of the algorithm that the certificate is signed by, "" if it is malformed.
func (c *Certificate) SignatureOID() string { return algorithmOID(c.sigAlg) }

// algorithmOID returns the OID of an AlgorithmIdentifier (RFC 5280 section 4.1.1.2).
func algorithmOID(s cryptobyte.String) string {
	var alg, oid cryptobyte.String
	if !s.ReadASN1(&alg, asn1.SEQUENCE) || !alg.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) {
		return ""
	}
	return OIDString(oid)
}

// LooksSelfSigned reports whether subject and issuer are the same, and the key identifiers do not say otherwise.
func (c *Certificate) LooksSelfSigned() bool { return c.selfSigned }

// PathLen returns how many intermediates may follow below; -1 if nothing is said (RFC 5280 section 4.2.1.9).
func (c *Certificate) PathLen() int {
	if !c.basic.present {
		return -1
	}
	return c.basic.pathLen
}

// usageNames are the names of RFC 5280 section 4.2.1.3, by the bits of keyUsage.
var usageNames = []struct {
	bit  int
	name string
}{
	{usageDigitalSignature, "digitalSignature"}, {0x40, "nonRepudiation"}, {usageKeyEncipherment, "keyEncipherment"},
	{0x10, "dataEncipherment"}, {usageKeyAgreement, "keyAgreement"}, {usageCertSign, "keyCertSign"},
	{usageCRLSign, "cRLSign"}, {0x01, "encipherOnly"}, {0x8000, "decipherOnly"},
}

// KeyUsage returns the names of the key usages; nil if there is no such extension.
func (c *Certificate) KeyUsage() []string {
	if c.keyUsage < 0 {
		return nil
	}
	l := []string{}
	for _, u := range usageNames {
		if c.keyUsage&u.bit != 0 {
			l = append(l, u.name)
		}
	}
	return l
}

// ExtKeyUsage returns the OIDs of the extended key usages; nil if there is no such extension.
func (c *Certificate) ExtKeyUsage() []string { return c.extUsage }

// SubjectKeyID returns the subject key identifier, nil if there is none.
func (c *Certificate) SubjectKeyID() []byte { return c.skid }

// AuthorityKeyID returns the key identifier of the issuer, nil if there is none.
func (c *Certificate) AuthorityKeyID() []byte { return c.akid.keyID }
