package pki

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"encoding/binary"
	"unicode/utf16"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// NameKind is the tag of a GeneralName (RFC 5280 section 4.2.1.6).
type NameKind uint8

// The kinds of a GeneralName.
const (
	NameOther     NameKind = 0
	NameEmail     NameKind = 1
	NameDNS       NameKind = 2
	NameX400      NameKind = 3
	NameDirectory NameKind = 4
	NameEDI       NameKind = 5
	NameURI       NameKind = 6
	NameIP        NameKind = 7
	NameRID       NameKind = 8
)

// GeneralName is one name. Value is the content; for a directory name the whole Name.
type GeneralName struct {
	Kind  NameKind
	Value []byte
}

func readGeneralNames(s *cryptobyte.String, out *[]GeneralName) bool {
	var seq cryptobyte.String
	return s.ReadASN1(&seq, asn1.SEQUENCE) && readNameList(seq, out)
}

func readNameList(list cryptobyte.String, out *[]GeneralName) bool {
	for !list.Empty() {
		n, ok := readGeneralName(&list)
		if !ok {
			return false
		}
		*out = append(*out, n)
	}
	return true
}

func readGeneralName(s *cryptobyte.String) (GeneralName, bool) {
	var v cryptobyte.String
	var tag asn1.Tag
	if !s.ReadAnyASN1(&v, &tag) || tag&0xc0 != 0x80 || tag&0x1f > 8 {
		return GeneralName{}, false
	}
	return GeneralName{NameKind(tag & 0x1f), v}, true
}

// AltNames returns the subject alternative names.
func (c *Certificate) AltNames() []GeneralName { return c.altNames }

// attribute is one AttributeTypeAndValue.
type attribute struct {
	oid   []byte
	tag   asn1.Tag
	value []byte
}

// readName calls each for every attribute of a Name, with the number of its RDN.
func readName(raw []byte, each func(rdn int, a attribute)) bool {
	s := cryptobyte.String(raw)
	var rdns cryptobyte.String
	if !s.ReadASN1(&rdns, asn1.SEQUENCE) {
		return false
	}
	for i := 0; !rdns.Empty(); i++ {
		var set cryptobyte.String
		if !rdns.ReadASN1(&set, asn1.SET) {
			return false
		}
		for !set.Empty() {
			var seq, oid, value cryptobyte.String
			var a attribute
			if !set.ReadASN1(&seq, asn1.SEQUENCE) || !seq.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) ||
				!seq.ReadAnyASN1(&value, &a.tag) {
				return false
			}
			a.oid, a.value = oid, value
			each(i, a)
		}
	}
	return true
}

// emptyName reports whether a Name has no attributes.
func emptyName(raw []byte) bool {
	n := 0
	readName(raw, func(int, attribute) { n++ })
	return n == 0
}

// canonicalName is the form in which OpenSSL compares and hashes names (X509_NAME's canonical encoding): strings as
// UTF-8, ASCII letters in lower case, runs of spaces as one, none at the ends; without the outer SEQUENCE. What is no name
// stays as it is.
func canonicalName(raw []byte) []byte {
	out := make([]byte, 0, len(raw)+len(raw)/8)
	rdn, set := -1, 0 // the number of the RDN, and where it begins
	ok := readName(raw, func(i int, a attribute) {
		if i != rdn && rdn >= 0 {
			out = wrapped(out, set, asn1.SET)
		}
		if i != rdn {
			rdn, set = i, len(out)
		}
		out = appendCanonical(out, a)
	})
	switch {
	case !ok:
		return raw
	case rdn < 0:
		return out
	}
	return wrapped(out, set, asn1.SET)
}

// appendCanonical appends an AttributeTypeAndValue.
func appendCanonical(out []byte, a attribute) []byte {
	seq := len(out)
	out = wrapped(append(out, a.oid...), seq, asn1.OBJECT_IDENTIFIER)
	value := len(out)
	if text, isText := a.text(); isText {
		out = wrapped(appendText(out, text), value, asn1.UTF8String)
	} else {
		out = wrapped(append(out, a.value...), value, a.tag)
	}
	return wrapped(out, seq, asn1.SEQUENCE)
}

// wrapped puts a tag and a length before what stands behind from. Lengths are definite and short (X.690 section 10.1).
func wrapped(out []byte, from int, tag asn1.Tag) []byte {
	n := len(out) - from
	var header [6]byte
	header[0] = byte(tag)
	used := 2
	if n < 0x80 {
		header[1] = byte(n)
	} else {
		for shift := 24; shift >= 0; shift -= 8 {
			if used > 2 || n>>shift != 0 {
				header[used] = byte(n >> shift)
				used++
			}
		}
		header[1] = 0x80 | byte(used-2)
	}
	out = append(out, header[:used]...)
	copy(out[from+used:], out[from:from+n])
	copy(out[from:], header[:used])
	return out
}

const (
	tagVisibleString   = asn1.Tag(26)
	tagUniversalString = asn1.Tag(28)
	tagBMPString       = asn1.Tag(30)
)

// text returns the value as UTF-8, if it is one of the string types that OpenSSL canonicalises.
func (a attribute) text() ([]byte, bool) {
	switch a.tag {
	case asn1.UTF8String, asn1.PrintableString, asn1.IA5String, tagVisibleString:
		return a.value, true
	case asn1.T61String: // Latin-1, as OpenSSL takes it
		var out []byte
		for _, c := range a.value {
			out = append(out, string(rune(c))...)
		}
		return out, true
	case tagBMPString:
		var units []uint16
		for i := 0; i+1 < len(a.value); i += 2 {
			units = append(units, binary.BigEndian.Uint16(a.value[i:]))
		}
		return []byte(string(utf16.Decode(units))), len(a.value)%2 == 0
	case tagUniversalString:
		var out []byte
		for i := 0; i+3 < len(a.value); i += 4 {
			out = append(out, string(rune(binary.BigEndian.Uint32(a.value[i:])))...)
		}
		return out, len(a.value)%4 == 0
	}
	return nil, false
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// appendText appends a string in canonical form.
func appendText(out, s []byte) []byte {
	for len(s) > 0 && isSpace(s[0]) {
		s = s[1:]
	}
	for len(s) > 0 && isSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	for i, c := range s {
		switch {
		case isSpace(c):
			if !isSpace(s[i-1]) {
				out = append(out, ' ')
			}
		case c >= 'A' && c <= 'Z':
			out = append(out, c+'a'-'A')
		default:
			out = append(out, c)
		}
	}
	return out
}

// SubjectHash is the number in the name of a file of a hashed directory: X509_NAME_hash of OpenSSL 1.0 and later.
func SubjectHash(rawName []byte) uint32 { return hashOf(canonicalName(rawName)) }

// hashOf is the same of a name in canonical form.
func hashOf(name []byte) uint32 {
	sum := sha1.Sum(name)
	return binary.LittleEndian.Uint32(sum[:])
}

// OldSubjectHash is the same for OpenSSL before 1.0.
func OldSubjectHash(rawName []byte) uint32 {
	sum := md5.Sum(rawName)
	return binary.LittleEndian.Uint32(sum[:])
}

// NameAttributes calls each for every attribute of a Name: the number of its RDN, its OID in dotted form, its value as
// text.
func NameAttributes(raw []byte, each func(rdn int, oid, value string)) {
	readName(raw, func(rdn int, a attribute) {
		text, ok := a.text()
		if !ok {
			text = a.value
		}
		each(rdn, OIDString(a.oid), string(bytes.ToValidUTF8(text, []byte("\ufffd"))))
	})
}

// SubjectAttributes is NameAttributes of the subject.
func (c *Certificate) SubjectAttributes(each func(rdn int, oid, value string)) {
	NameAttributes(c.RawSubject, each)
}
