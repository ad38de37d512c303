package pki

import (
	"bytes"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Where a certificate says that its revocation is published, and what a list says that it covers: the two have to fit.

// allReasons are the bits of ReasonFlags that there are (RFC 5280 section 4.2.1.13).
const allReasons = 0x807f

// pointName is a DistributionPointName: full names, or the last RDN below the issuer's.
type pointName struct {
	present  bool
	full     []GeneralName
	relative []byte // an RDN's attributes, nil if full
}

func (n *pointName) read(s *cryptobyte.String) bool {
	var wrapped, inner cryptobyte.String
	if !s.ReadOptionalASN1(&wrapped, &n.present, tagged(0).Constructed()) || !n.present {
		return !n.present
	}
	if wrapped.PeekASN1Tag(tagged(1).Constructed()) {
		ok := wrapped.ReadASN1(&inner, tagged(1).Constructed()) && wrapped.Empty()
		n.relative = inner
		return ok
	}
	return wrapped.ReadASN1(&inner, tagged(0).Constructed()) && wrapped.Empty() && readNameList(inner, &n.full)
}

// names returns the canonical names of the point. issuer is the canonical name that a relative one is below.
func (n *pointName) names(issuer []byte) []GeneralName {
	if n.relative == nil {
		l := make([]GeneralName, len(n.full))
		for i, g := range n.full {
			if g.Kind == NameDirectory {
				g.Value = canonicalName(g.Value)
			}
			l[i] = g
		}
		return l
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SET, func(b *cryptobyte.Builder) { b.AddBytes(n.relative) })
	})
	name := append(bytes.Clone(issuer), canonicalName(b.BytesOrPanic())...)
	return []GeneralName{{NameDirectory, name}}
}

// issuingPoint is a list's issuing distribution point (RFC 5280 section 5.2.5).
type issuingPoint struct {
	name                                   pointName
	onlyUsers, onlyCAs, onlyAttributes     bool
	indirect, hasReasons, present, invalid bool
}

func (p *issuingPoint) read(s *cryptobyte.String) bool {
	p.present = true
	var seq cryptobyte.String
	if !s.ReadASN1(&seq, asn1.SEQUENCE) || !s.Empty() || !p.name.read(&seq) ||
		!readTaggedBool(&seq, 1, &p.onlyUsers) || !readTaggedBool(&seq, 2, &p.onlyCAs) {
		return false
	}
	var reasons cryptobyte.String
	if !seq.ReadOptionalASN1(&reasons, &p.hasReasons, tagged(3)) || !readTaggedBool(&seq, 4, &p.indirect) ||
		!readTaggedBool(&seq, 5, &p.onlyAttributes) || !seq.Empty() {
		return false
	}
	return rank(p.onlyUsers)+rank(p.onlyCAs)+rank(p.onlyAttributes) <= 1
}

func readTaggedBool(s *cryptobyte.String, tag uint8, out *bool) bool {
	var b cryptobyte.String
	var present bool
	if !s.ReadOptionalASN1(&b, &present, tagged(tag)) || !present {
		return !present
	}
	if len(b) != 1 {
		return false
	}
	*out = b[0] != 0
	return true
}

// distPoint is one point of a certificate's CRL distribution points.
type distPoint struct {
	name    pointName
	reasons int
	issuers []GeneralName // who signs the list, if not the certificate's issuer
}

func readDistPoints(s *cryptobyte.String, out *[]distPoint) bool {
	var list cryptobyte.String
	if !s.ReadASN1(&list, asn1.SEQUENCE) {
		return false
	}
	for !list.Empty() {
		var seq, issuers cryptobyte.String
		var has bool
		p := distPoint{reasons: allReasons}
		if !list.ReadASN1(&seq, asn1.SEQUENCE) || !p.name.read(&seq) || !p.readReasons(&seq) ||
			!seq.ReadOptionalASN1(&issuers, &has, tagged(2).Constructed()) || has && !readNameList(issuers, &p.issuers) ||
			!seq.Empty() {
			return false
		}
		*out = append(*out, p)
	}
	return true
}

func (p *distPoint) readReasons(s *cryptobyte.String) bool {
	var bits cryptobyte.String
	var has bool
	if !s.ReadOptionalASN1(&bits, &has, tagged(1)) || has && len(bits) == 0 {
		return false
	}
	if !has {
		return true
	}
	p.reasons = 0
	if len(bits) > 1 {
		p.reasons = int(bits[1])
	}
	if len(bits) > 2 {
		p.reasons |= int(bits[2]) << 8
	}
	p.reasons &= allReasons
	return true
}

// inScope reports whether a list of the certificate's issuer covers the certificate, and for which reasons: OpenSSL's
// crl_crldp_check.
func (c *Certificate) inScope(crl *CRL) (reasons int, ok bool) {
	s := &crl.scope
	if s.onlyAttributes || s.onlyUsers && c.basic.ca || s.onlyCAs && !c.basic.ca {
		return 0, false
	}
	for i := range c.crlPoints {
		p := &c.crlPoints[i]
		if p.issuers != nil && !namesDirectory(p.issuers, crl.issuer) {
			continue
		}
		if p.fits(s, c.issuer, crl.issuer) {
			return p.reasons, true
		}
	}
	return allReasons, !s.name.present
}

// fits reports whether the names of a point and of a list's point have one in common, or one has none.
func (p *distPoint) fits(s *issuingPoint, certIssuer, crlIssuer []byte) bool {
	if !s.present || !s.name.present || !p.name.present {
		return true
	}
	for _, n := range p.issuers {
		if n.Kind == NameDirectory {
			certIssuer = canonicalName(n.Value)
			break
		}
	}
	for _, a := range p.name.names(certIssuer) {
		for _, b := range s.name.names(crlIssuer) {
			if a.Kind == b.Kind && bytes.Equal(a.Value, b.Value) {
				return true
			}
		}
	}
	return false
}
