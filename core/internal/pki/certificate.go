// Package pki owns certificates and trust: parsing, path building and verification with OpenSSL's algorithm, result
// codes and words. It knows nothing of TLS connections.
//
// Certificates are read as OpenSSL reads them, which is more than crypto/x509 accepts: serial number 0, version 1,
// names with NUL bytes, weak signatures. Whether such a certificate is good for anything is for Verify to say.
package pki

import (
	"bytes"
	"crypto"
	"sync/atomic"

	"github.com/gossl/gossl/core/internal/alert"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Certificate is a parsed certificate. Its slices are parts of Raw.
type Certificate struct {
	Raw, RawTBS, RawSubject, RawIssuer, RawSPKI []byte

	Version             int    // 1 to 3
	Serial              []byte // the content of the INTEGER
	NotBefore, NotAfter Time
	PublicKey           crypto.PublicKey // nil if we have no implementation
	IsPSSKey            bool             // an RSA key that is only for RSASSA-PSS
	keyBits             int

	sigAlg, innerSigAlg []byte // the whole AlgorithmIdentifiers
	signature           []byte

	exts        []Extension
	basic       basicConstraints
	keyUsage    int // bits, -1 if absent
	extUsage    []string
	hasExtUsage bool
	akid        authorityKeyID
	skid        []byte
	hasSKID     bool
	altNames    []GeneralName
	hasAltNames bool
	constraints *nameConstraints
	crlPoints   []distPoint
	nsCertType  int // bits, -1 if absent
	isProxy     bool
	proxy       proxyInfo
	unhandled   bool   // a critical extension that we do not know
	malformed   bool   // an extension that is not what it should be
	subject     []byte // canonical, for comparing
	issuer      []byte
	selfIssued  bool // subject and issuer are the same
	selfSigned  bool // and the key identifiers agree

	settings  *trustSettings // of an anchor's file; nil if it has none
	condition Condition      // of an anchor; nil if it has none

	verifiedBy atomic.Pointer[Certificate] `adopt:"-"` // whose key has verified the signature (signedBy)
}

// Extension is one extension.
type Extension struct {
	OID      string // dotted
	Critical bool
	Value    []byte
}

// tagged makes a context-specific tag.
func tagged(n uint8) asn1.Tag { return asn1.Tag(n).ContextSpecific() }

func notDER(reason alert.Reason, text string) error {
	return alert.Input(alert.LibASN1, reason, text)
}

// ParseCertificate reads one certificate in DER, with nothing behind it.
func ParseCertificate(der []byte) (*Certificate, error) {
	c := &Certificate{}
	extensions, err := c.readFrame(der)
	if err != nil {
		return nil, err
	}
	c.keyUsage, c.nsCertType = -1, -1
	if !readExtensions(extensions, c.addExtension) {
		return nil, notDER(alert.ReasonASN1NestedError, "malformed certificate")
	}
	c.PublicKey, c.IsPSSKey, c.keyBits = parsePublicKey(c.RawSPKI)
	c.subject, c.issuer = canonicalName(c.RawSubject), canonicalName(c.RawIssuer)
	c.malformed = c.malformed || c.isProxy && !c.mayBeProxy()
	c.selfIssued = bytes.Equal(c.subject, c.issuer)
	c.selfSigned = c.selfIssued && c.matchesAKID(c) && c.signatureFits(c)
	return c, nil
}

// readFrame reads all but what the extensions, the names and the key say. It returns the list of extensions.
func (c *Certificate) readFrame(der []byte) (extensions cryptobyte.String, err error) {
	input := cryptobyte.String(der)
	var cert, whole, tbs cryptobyte.String
	if !input.ReadASN1Element(&whole, asn1.SEQUENCE) {
		return nil, notDER(alert.ReasonASN1NotEnoughData, "certificate is not DER")
	}
	if !input.Empty() {
		return nil, notDER(alert.ReasonASN1HeaderTooLong, "data behind the certificate")
	}
	c.Raw = whole
	if !whole.ReadASN1(&cert, asn1.SEQUENCE) || !cert.ReadASN1Element((*cryptobyte.String)(&c.RawTBS), asn1.SEQUENCE) ||
		!cert.ReadASN1Element((*cryptobyte.String)(&c.sigAlg), asn1.SEQUENCE) ||
		!cert.ReadASN1BitStringAsBytes(&c.signature) || !cert.Empty() {
		return nil, notDER(alert.ReasonASN1WrongTag, "malformed certificate")
	}
	outer := cryptobyte.String(c.RawTBS)
	if !outer.ReadASN1(&tbs, asn1.SEQUENCE) || !c.readTBS(tbs, &extensions) {
		return nil, notDER(alert.ReasonASN1NestedError, "malformed certificate")
	}
	return extensions, nil
}

func (c *Certificate) readTBS(tbs cryptobyte.String, extensions *cryptobyte.String) bool {
	var version int
	var validity cryptobyte.String
	if !tbs.ReadOptionalASN1Integer(&version, tagged(0).Constructed(), 0) || version < 0 || version > 2 {
		return false
	}
	c.Version = version + 1
	if !tbs.ReadASN1((*cryptobyte.String)(&c.Serial), asn1.INTEGER) || len(c.Serial) == 0 ||
		!tbs.ReadASN1Element((*cryptobyte.String)(&c.innerSigAlg), asn1.SEQUENCE) ||
		!tbs.ReadASN1Element((*cryptobyte.String)(&c.RawIssuer), asn1.SEQUENCE) ||
		!tbs.ReadASN1(&validity, asn1.SEQUENCE) || !c.NotBefore.read(&validity) || !c.NotAfter.read(&validity) ||
		!tbs.ReadASN1Element((*cryptobyte.String)(&c.RawSubject), asn1.SEQUENCE) ||
		!tbs.ReadASN1Element((*cryptobyte.String)(&c.RawSPKI), asn1.SEQUENCE) {
		return false
	}
	if !tbs.SkipOptionalASN1(tagged(1)) || !tbs.SkipOptionalASN1(tagged(2)) { // unique identifiers
		return false
	}
	var wrapped cryptobyte.String
	var present bool
	if !tbs.ReadOptionalASN1(&wrapped, &present, tagged(3).Constructed()) || !tbs.Empty() {
		return false
	}
	return !present || wrapped.ReadASN1(extensions, asn1.SEQUENCE) && wrapped.Empty()
}

func (c *Certificate) addExtension(e Extension) {
	for _, seen := range c.exts {
		if seen.OID == e.OID { // RFC 5280 section 4.2: at most one of each
			c.malformed = true
		}
	}
	c.exts = append(c.exts, e)
	c.parseExtension(e)
}

// readOptionalBool reads a BOOLEAN DEFAULT FALSE, also where BER says false in so many words.
func readOptionalBool(s *cryptobyte.String, out *bool) bool {
	if !s.PeekASN1Tag(asn1.BOOLEAN) {
		return true
	}
	var b cryptobyte.String
	if !s.ReadASN1(&b, asn1.BOOLEAN) || len(b) != 1 {
		return false
	}
	*out = b[0] != 0
	return true
}

// Malformed reports whether an extension is not what it should be, or there is one twice. Nothing trusts such a
// certificate, and OpenSSL does not send one either.
func (c *Certificate) Malformed() bool { return c.malformed }

// Extensions returns all extensions in their order.
func (c *Certificate) Extensions() []Extension { return c.exts }

// IsCA reports whether OpenSSL counts the certificate as a CA: X509_check_ca.
func (c *Certificate) IsCA() bool { return c.caKind() != 0 }

// caKind is OpenSSL's check_ca: 0 no CA, 1 by basicConstraints, 3 a self-signed version 1, 4 by keyUsage alone,
// 5 by Netscape's certificate type.
func (c *Certificate) caKind() int {
	switch {
	case c.rejectsUsage(usageCertSign):
		return 0
	case c.basic.present:
		return rank(c.basic.ca)
	case c.Version == 1 && c.selfSigned:
		return 3
	case c.keyUsage >= 0:
		return 4
	case c.nsCertType >= 0 && c.nsCertType&nsAnyCA != 0:
		return 5
	}
	return 0
}

func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}

// rejectsUsage reports whether a keyUsage extension is there and has none of the bits.
func (c *Certificate) rejectsUsage(bits int) bool { return c.keyUsage >= 0 && c.keyUsage&bits == 0 }

// MaySign reports whether the key usage, if there is one, allows signatures (RFC 5280 section 4.2.1.3).
func (c *Certificate) MaySign() bool { return !c.rejectsUsage(usageDigitalSignature) }

// MayDecrypt reports whether the key usage, if there is one, allows key transport.
func (c *Certificate) MayDecrypt() bool { return !c.rejectsUsage(usageKeyEncipherment) }
