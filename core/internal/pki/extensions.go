package pki

import (
	"bytes"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// The extensions that verification reads (RFC 5280 section 4.2).
const (
	oidSubjectKeyID     = "2.5.29.14"
	oidKeyUsage         = "2.5.29.15"
	oidSubjectAltName   = "2.5.29.17"
	oidBasicConstraints = "2.5.29.19"
	oidNameConstraints  = "2.5.29.30"
	oidCRLDistribution  = "2.5.29.31"
	oidPolicies         = "2.5.29.32"
	oidPolicyMappings   = "2.5.29.33"
	oidAuthorityKeyID   = "2.5.29.35"
	oidPolicyConstr     = "2.5.29.36"
	oidExtKeyUsage      = "2.5.29.37"
	oidInhibitAnyPolicy = "2.5.29.54"
	oidNetscapeCertType = "2.16.840.1.113730.1.1"
	oidProxyCertInfo    = "1.3.6.1.5.5.7.1.14"
	oidIPAddrBlocks     = "1.3.6.1.5.5.7.1.7"
	oidASIdentifiers    = "1.3.6.1.5.5.7.1.8"
	oidOCSPNoCheck      = "1.3.6.1.5.5.7.48.1.5"
)

// handledCritical are the extensions that OpenSSL's X509_supported_extension knows.
var handledCritical = map[string]bool{
	oidNetscapeCertType: true, oidKeyUsage: true, oidSubjectAltName: true, oidBasicConstraints: true,
	oidPolicies: true, oidCRLDistribution: true, oidExtKeyUsage: true, oidPolicyConstr: true,
	oidProxyCertInfo: true, oidNameConstraints: true, oidPolicyMappings: true, oidInhibitAnyPolicy: true,
	oidIPAddrBlocks: true, oidASIdentifiers: true,
}

// keyUsage bits, the first bit of the extension in the highest place of a byte as OpenSSL has them.
const (
	usageDigitalSignature = 0x80
	usageKeyEncipherment  = 0x20
	usageKeyAgreement     = 0x08
	usageCertSign         = 0x04
	usageCRLSign          = 0x02
)

// Netscape's certificate types.
const (
	nsSSLClient = 0x80
	nsSSLServer = 0x40
	nsSSLCA     = 0x04
	nsAnyCA     = 0x07
)

type basicConstraints struct {
	present, critical, ca bool
	pathLen               int // -1: none
}

type authorityKeyID struct {
	present, critical bool
	keyID             []byte
	serial            []byte
	issuers           []GeneralName
}

// parseExtension notes what an extension says. What is malformed makes the certificate unusable, not unreadable.
func (c *Certificate) parseExtension(e Extension) {
	c.unhandled = c.unhandled || e.Critical && !handledCritical[e.OID]
	s := cryptobyte.String(e.Value)
	ok := true
	switch e.OID {
	case oidBasicConstraints:
		c.basic.critical = e.Critical
		ok = c.basic.read(&s)
	case oidKeyUsage:
		ok = readBits(&s, &c.keyUsage) && c.keyUsage != 0 // RFC 5280 section 4.2.1.3: at least one bit
	case oidExtKeyUsage:
		c.hasExtUsage = true
		ok = readOIDs(&s, &c.extUsage)
	case oidSubjectKeyID:
		c.hasSKID = true
		ok = s.ReadASN1((*cryptobyte.String)(&c.skid), asn1.OCTET_STRING)
	case oidAuthorityKeyID:
		c.akid.present, c.akid.critical = true, e.Critical
		ok = c.akid.read(&s)
	case oidSubjectAltName:
		c.hasAltNames = true
		ok = readGeneralNames(&s, &c.altNames)
	case oidNameConstraints:
		c.constraints = &nameConstraints{}
		ok = c.constraints.read(&s)
	case oidCRLDistribution:
		ok = readDistPoints(&s, &c.crlPoints)
	case oidNetscapeCertType:
		ok = readBits(&s, &c.nsCertType)
	case oidProxyCertInfo:
		c.isProxy = true
		ok = c.proxy.read(&s)
	}
	if !ok {
		c.malformed = true
	}
}

func (b *basicConstraints) read(s *cryptobyte.String) bool {
	b.present, b.pathLen = true, -1
	var seq cryptobyte.String
	if !s.ReadASN1(&seq, asn1.SEQUENCE) || !readOptionalBool(&seq, &b.ca) {
		return false
	}
	if seq.PeekASN1Tag(asn1.INTEGER) {
		if !seq.ReadASN1Integer(&b.pathLen) || b.pathLen < 0 {
			return false
		}
	}
	return seq.Empty()
}

// readBits reads the first two bytes of a BIT STRING, the first in the low byte.
func readBits(s *cryptobyte.String, out *int) bool {
	var bits []byte
	var b cryptobyte.String
	if !s.ReadASN1(&b, asn1.BIT_STRING) || len(b) == 0 {
		return false
	}
	bits = b[1:]
	*out = 0
	if len(bits) > 0 {
		*out = int(bits[0])
	}
	if len(bits) > 1 {
		*out |= int(bits[1]) << 8
	}
	return true
}

func readOIDs(s *cryptobyte.String, out *[]string) bool {
	var seq cryptobyte.String
	return s.ReadASN1(&seq, asn1.SEQUENCE) && readOIDList(seq, out)
}

func readOIDList(list cryptobyte.String, out *[]string) bool {
	var oid cryptobyte.String
	for !list.Empty() {
		if !list.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) {
			return false
		}
		*out = append(*out, OIDString(oid))
	}
	return true
}

func (a *authorityKeyID) read(s *cryptobyte.String) bool {
	var seq, issuers cryptobyte.String
	var has bool
	if !s.ReadASN1(&seq, asn1.SEQUENCE) ||
		!seq.ReadOptionalASN1((*cryptobyte.String)(&a.keyID), &has, tagged(0)) ||
		!seq.ReadOptionalASN1(&issuers, &has, tagged(1).Constructed()) {
		return false
	}
	if has && !readNameList(issuers, &a.issuers) {
		return false
	}
	return seq.ReadOptionalASN1((*cryptobyte.String)(&a.serial), &has, tagged(2)) && seq.Empty()
}

// matchesAKID is OpenSSL's X509_check_akid: whether issuer is the one that c's authority key identifier names.
func (c *Certificate) matchesAKID(issuer *Certificate) bool { return c.akid.matches(issuer) }

func (a *authorityKeyID) matches(issuer *Certificate) bool {
	if !a.present {
		return true
	}
	if len(a.keyID) > 0 && issuer.hasSKID && !bytes.Equal(a.keyID, issuer.skid) {
		return false
	}
	if len(a.serial) > 0 && !bytes.Equal(a.serial, issuer.Serial) {
		return false
	}
	for _, n := range a.issuers {
		if n.Kind == NameDirectory {
			return bytes.Equal(canonicalName(n.Value), issuer.issuer)
		}
	}
	return true
}
