package keyfile

import (
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// deepestBER is how far down elements are rewritten.
const deepestBER = 32

// toDER rewrites BER (X.690 section 8) as far as it is in use in PKCS #12, NSS's for one: indefinite lengths become
// definite, octet strings in pieces become one. What is DER stays as it is.
func toDER(data []byte) ([]byte, bool) {
	der, rest, ok := rewrite(data, deepestBER)
	return der, ok && len(rest) == 0
}

// rewrite rewrites the first element, and returns what is behind it.
func rewrite(data []byte, depth int) (der, rest []byte, ok bool) {
	tag, content, rest, indefinite, ok := readHeader(data)
	if !ok || depth == 0 {
		return nil, nil, false
	}
	if tag&constructed == 0 {
		return element(tag, content), rest, true
	}
	joined := asn1.Tag(tag) == asn1.OCTET_STRING|constructed
	var inside []byte
	for {
		if indefinite && len(content) >= 2 && content[0] == 0 && content[1] == 0 {
			rest = content[2:]
			break
		}
		if !indefinite && len(content) == 0 {
			break
		}
		var child []byte
		if child, content, ok = rewrite(content, depth-1); !ok {
			return nil, nil, false
		}
		if joined {
			s := cryptobyte.String(child)
			if !s.ReadASN1((*cryptobyte.String)(&child), asn1.OCTET_STRING) {
				return nil, nil, false
			}
		}
		inside = append(inside, child...)
	}
	if joined {
		tag &^= constructed
	}
	return element(tag, inside), rest, true
}

const constructed = 0x20

// readHeader reads tag and length. Of an indefinite one, content is all that follows.
func readHeader(data []byte) (tag byte, content, rest []byte, indefinite, ok bool) {
	if len(data) < 2 || data[0]&0x1f == 0x1f { // a tag of more than a byte is in none of our structures
		return 0, nil, nil, false, false
	}
	tag, n, data := data[0], int(data[1]), data[2:]
	if n == 0x80 {
		return tag, data, nil, true, tag&constructed != 0
	}
	if n > 0x80 {
		bytes := n - 0x80
		if bytes > 4 || bytes > len(data) {
			return 0, nil, nil, false, false
		}
		n = 0
		for _, b := range data[:bytes] {
			n = n<<8 | int(b)
		}
		data = data[bytes:]
	}
	if n > len(data) {
		return 0, nil, nil, false, false
	}
	return tag, data[:n], data[n:], false, true
}

func element(tag byte, content []byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(asn1.Tag(tag), func(b *cryptobyte.Builder) { b.AddBytes(content) })
	return b.BytesOrPanic()
}
