package pki

import (
	"bytes"

	"github.com/gossl/gossl/core/internal/alert"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// CRL is a certificate revocation list (RFC 5280 section 5).
type CRL struct {
	Raw, rawTBS, RawIssuer []byte
	issuer                 []byte // canonical, for comparing
	sigAlg, signature      []byte
	thisUpdate, nextUpdate Time
	hasNext                bool
	revoked                []byte // the list as it stands
	akid                   authorityKeyID
	unhandled              bool // a critical extension that we do not know, of the list or of an entry
	delta                  bool
	scope                  issuingPoint
}

const (
	oidCRLReason         = "2.5.29.21"
	oidDeltaCRL          = "2.5.29.27"
	oidIssuingDist       = "2.5.29.28"
	oidCertificateIssuer = "2.5.29.29"
)

// ParseCRL reads one CRL in DER, with nothing behind it.
func ParseCRL(der []byte) (*CRL, error) {
	c, input := &CRL{}, cryptobyte.String(der)
	var whole, crl, tbs cryptobyte.String
	if !input.ReadASN1Element(&whole, asn1.SEQUENCE) || !input.Empty() {
		return nil, notDER(alert.ReasonASN1NotEnoughData, "CRL is not DER")
	}
	c.Raw = whole
	if !whole.ReadASN1(&crl, asn1.SEQUENCE) || !crl.ReadASN1Element((*cryptobyte.String)(&c.rawTBS), asn1.SEQUENCE) ||
		!crl.ReadASN1Element((*cryptobyte.String)(&c.sigAlg), asn1.SEQUENCE) ||
		!crl.ReadASN1BitStringAsBytes(&c.signature) || !crl.Empty() {
		return nil, notDER(alert.ReasonASN1WrongTag, "malformed CRL")
	}
	outer := cryptobyte.String(c.rawTBS)
	if !outer.ReadASN1(&tbs, asn1.SEQUENCE) || !c.parse(tbs) {
		return nil, notDER(alert.ReasonASN1NestedError, "malformed CRL")
	}
	c.issuer = canonicalName(c.RawIssuer)
	c.unhandled = c.unhandled || c.entriesUnhandled()
	return c, nil
}

func (c *CRL) parse(tbs cryptobyte.String) bool {
	if tbs.PeekASN1Tag(asn1.INTEGER) && !tbs.SkipASN1(asn1.INTEGER) {
		return false
	}
	if !tbs.SkipASN1(asn1.SEQUENCE) || !tbs.ReadASN1Element((*cryptobyte.String)(&c.RawIssuer), asn1.SEQUENCE) ||
		!c.thisUpdate.read(&tbs) {
		return false
	}
	if tbs.PeekASN1Tag(asn1.UTCTime) || tbs.PeekASN1Tag(asn1.GeneralizedTime) {
		c.hasNext = true
		if !c.nextUpdate.read(&tbs) {
			return false
		}
	}
	if tbs.PeekASN1Tag(asn1.SEQUENCE) && !tbs.ReadASN1((*cryptobyte.String)(&c.revoked), asn1.SEQUENCE) {
		return false
	}
	var wrapped, list cryptobyte.String
	var present bool
	if !tbs.ReadOptionalASN1(&wrapped, &present, tagged(0).Constructed()) || !tbs.Empty() {
		return false
	}
	return !present || wrapped.ReadASN1(&list, asn1.SEQUENCE) && c.parseExtensions(list)
}

func (c *CRL) parseExtensions(list cryptobyte.String) bool {
	ok := true
	good := readExtensions(list, func(e Extension) {
		s := cryptobyte.String(e.Value)
		switch e.OID {
		case oidAuthorityKeyID:
			c.akid.present = true
			ok = ok && c.akid.read(&s)
		case oidDeltaCRL:
			c.delta = true
		case oidIssuingDist:
			c.scope.invalid = !c.scope.read(&s)
		default:
			c.unhandled = c.unhandled || e.Critical
		}
	})
	return good && ok
}

// readExtensions calls each for every extension of a list.
func readExtensions(list cryptobyte.String, each func(Extension)) bool {
	for !list.Empty() {
		var ext, oid cryptobyte.String
		var e Extension
		if !list.ReadASN1(&ext, asn1.SEQUENCE) || !ext.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) ||
			!readOptionalBool(&ext, &e.Critical) ||
			!ext.ReadASN1((*cryptobyte.String)(&e.Value), asn1.OCTET_STRING) || !ext.Empty() {
			return false
		}
		e.OID = OIDString(oid)
		each(e)
	}
	return true
}

// crlEntry is one revoked certificate.
type crlEntry struct {
	serial    []byte
	removed   bool          // the reason is removeFromCRL
	unhandled bool          // a critical extension that we do not know
	issuers   []GeneralName // of the certificate, where the list says so
}

// eachEntry calls f for every entry until it returns false. It reports whether the list is well formed, as far as read.
func (c *CRL) eachEntry(f func(*crlEntry) bool) bool {
	list := cryptobyte.String(c.revoked)
	for !list.Empty() {
		var e crlEntry
		if !e.read(&list) {
			return false
		}
		if !f(&e) {
			return true
		}
	}
	return true
}

func (e *crlEntry) read(list *cryptobyte.String) bool {
	var seq, exts cryptobyte.String
	var when Time
	if !list.ReadASN1(&seq, asn1.SEQUENCE) || !seq.ReadASN1((*cryptobyte.String)(&e.serial), asn1.INTEGER) || !when.read(&seq) {
		return false
	}
	if seq.Empty() {
		return true
	}
	ok := true
	return seq.ReadASN1(&exts, asn1.SEQUENCE) && seq.Empty() && readExtensions(exts, func(x Extension) {
		s := cryptobyte.String(x.Value)
		switch x.OID {
		case oidCRLReason:
			e.removed = bytes.Equal(x.Value, []byte{10, 1, 8})
			e.unhandled = e.unhandled || x.Critical
		case oidCertificateIssuer:
			ok = ok && readGeneralNames(&s, &e.issuers)
		default:
			e.unhandled = e.unhandled || x.Critical
		}
	}) && ok
}

func (c *CRL) entriesUnhandled() bool {
	found := false
	c.eachEntry(func(e *crlEntry) bool {
		found = e.unhandled
		return !found
	})
	return found
}

// revokes reports whether a certificate is on the list. A malformed list revokes what stands behind its fault. Entries
// that name a certificate's issuer do so for all behind them, too (RFC 5280 section 5.3.3).
func (c *CRL) revokes(cert *Certificate) bool {
	revoked := false
	var issuers []GeneralName
	wellFormed := c.eachEntry(func(e *crlEntry) bool {
		if e.issuers != nil {
			issuers = e.issuers
		}
		if !bytes.Equal(e.serial, cert.Serial) || issuers != nil && !namesDirectory(issuers, cert.issuer) {
			return true
		}
		revoked = !e.removed
		return false
	})
	return revoked || !wellFormed
}

// namesDirectory reports whether a canonical name is one of the directory names of a list.
func namesDirectory(names []GeneralName, canonical []byte) bool {
	for _, n := range names {
		if n.Kind == NameDirectory && bytes.Equal(canonicalName(n.Value), canonical) {
			return true
		}
	}
	return false
}
