package certinfo

import (
	"github.com/gossl/gossl/core/internal/pki"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// accessPoints returns the URIs of one method of an authorityInfoAccess (RFC 5280 section 4.2.2.1).
func accessPoints(value []byte, method string) []string {
	s := cryptobyte.String(value)
	var list, entry, oid, uri cryptobyte.String
	if !s.ReadASN1(&list, asn1.SEQUENCE) {
		return nil
	}
	var l []string
	for !list.Empty() {
		if !list.ReadASN1(&entry, asn1.SEQUENCE) || !entry.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) {
			return l
		}
		if pki.OIDString(oid) == method && entry.ReadASN1(&uri, uriTag) {
			l = append(l, latin(uri))
		}
	}
	return l
}

// uriTag is a GeneralName that is a URI.
const uriTag = asn1.Tag(0x86)

func wrapped(n uint8) asn1.Tag { return asn1.Tag(n).ContextSpecific().Constructed() }

// distributionPoints returns the URIs of a cRLDistributionPoints (RFC 5280 section 4.2.1.13). Points without a name
// are passed over.
func distributionPoints(value []byte) []string {
	s := cryptobyte.String(value)
	var list, point cryptobyte.String
	if !s.ReadASN1(&list, asn1.SEQUENCE) {
		return nil
	}
	var l []string
	for !list.Empty() {
		if !list.ReadASN1(&point, asn1.SEQUENCE) {
			return l
		}
		var dist, full cryptobyte.String
		var has bool
		if !point.ReadOptionalASN1(&dist, &has, wrapped(0)) || !has || !dist.ReadOptionalASN1(&full, &has, wrapped(0)) || !has {
			continue
		}
		for !full.Empty() {
			var name cryptobyte.String
			var tag asn1.Tag
			if !full.ReadAnyASN1(&name, &tag) {
				break
			}
			if tag == uriTag {
				l = append(l, latin(name))
			}
		}
	}
	return l
}
