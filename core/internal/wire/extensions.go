package wire

import (
	"github.com/gossl/gossl/core/internal/group"
	"golang.org/x/crypto/cryptobyte"
)

// The bodies of extensions that more than one message has.

// addServerName is RFC 6066 section 3.
func addServerName(b *builder, name string) {
	extension(b, ExtServerName, func(b *builder) {
		b.vector16(func(b *builder) {
			b.addUint8(0) // host_name
			add16(b, []byte(name))
		})
	})
}

// parseServerName takes the one host name that RFC 6066 section 3 allows.
func parseServerName(s *cryptobyte.String, out *string) bool {
	var list cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&list) || len(list) == 0 || !s.Empty() {
		return false
	}
	var kind uint8
	var name []byte
	if !list.ReadUint8(&kind) || !read16(&list, &name) || !list.Empty() || kind != 0 || len(name) == 0 ||
		len(name) > 255 {
		return false
	}
	for _, c := range name {
		if c == 0 {
			return false
		}
	}
	*out = string(name)
	return true
}

// addALPN is RFC 7301 section 3.1.
func addALPN(b *builder, protocols []string) {
	extension(b, ExtALPN, func(b *builder) {
		b.vector16(func(b *builder) {
			for _, p := range protocols {
				add8(b, []byte(p))
			}
		})
	})
}

func parseALPN(s *cryptobyte.String, out *[]string) bool {
	var list cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&list) || len(list) == 0 || !s.Empty() {
		return false
	}
	for !list.Empty() {
		var p []byte
		if !read8(&list, &p) || len(p) == 0 {
			return false
		}
		*out = append(*out, string(p))
	}
	return true
}

// parseOneALPN takes a server's answer: exactly one protocol.
func parseOneALPN(s *cryptobyte.String, out *string) bool {
	var l []string
	if !parseALPN(s, &l) || len(l) != 1 {
		return false
	}
	*out = l[0]
	return true
}

// KeyShareEntry is RFC 9846 section 4.2.8.
type KeyShareEntry struct {
	Group group.ID
	Data  []byte
}

func (k *KeyShareEntry) add(b *builder) {
	b.addUint16(uint16(k.Group))
	add16(b, k.Data)
}

func (k *KeyShareEntry) read(s *cryptobyte.String) bool {
	return s.ReadUint16((*uint16)(&k.Group)) && read16(s, &k.Data) && len(k.Data) > 0
}

// readKeyShares reads a client's shares, which may be none (RFC 9846 section 4.2.8).
func readKeyShares(s *cryptobyte.String, out *[]KeyShareEntry) bool {
	var list cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&list) {
		return false
	}
	for !list.Empty() {
		var k KeyShareEntry
		if !k.read(&list) {
			return false
		}
		*out = append(*out, k)
	}
	return true
}

// readShortList16 reads a non-empty vector of two-byte values whose length has one byte.
func readShortList16(s *cryptobyte.String, out *[]uint16) bool {
	var list cryptobyte.String
	if !s.ReadUint8LengthPrefixed(&list) || len(list) == 0 || len(list)%2 != 0 {
		return false
	}
	var v uint16
	for list.ReadUint16(&v) {
		*out = append(*out, v)
	}
	return true
}

// addNames is a vector of distinguished names (RFC 9846 section 4.2.4, RFC 5246 section 7.4.4).
func addNames(b *builder, names [][]byte) {
	b.vector16(func(b *builder) {
		for _, n := range names {
			add16(b, n)
		}
	})
}

func readNames(s *cryptobyte.String, out *[][]byte) bool {
	var list cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&list) {
		return false
	}
	for !list.Empty() {
		var n []byte
		if !read16(&list, &n) || len(n) == 0 {
			return false
		}
		*out = append(*out, n)
	}
	return true
}

// readSCTs reads a list of signed certificate timestamps (RFC 6962 section 3.3).
func readSCTs(s *cryptobyte.String, out *[][]byte) bool {
	return readNames(s, out) && len(*out) > 0 && done(s)
}

// readOCSP reads an OCSP response (RFC 6066 section 8).
func readOCSP(s *cryptobyte.String, out *[]byte) bool {
	var kind uint8
	return s.ReadUint8(&kind) && kind == 1 && read24(s, out) && len(*out) > 0 && done(s)
}
