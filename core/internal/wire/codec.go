package wire

import (
	"github.com/gossl/gossl/core/internal/alert"
	"golang.org/x/crypto/cryptobyte"
)

const appearsTwice = "extension appears twice"

// malformed is the error of a message that is not what its type says.
func malformed(t HandshakeType) error {
	return alert.Misbehaved(alert.ReasonLengthMismatch, alert.DecodeError, "malformed "+t.String())
}

// marshal makes a message of a body.
func marshal(t HandshakeType, body func(b *builder)) ([]byte, error) {
	return build(func(b *builder) {
		b.addUint8(uint8(t))
		b.vector24(body)
	})
}

// extension adds one extension.
func extension(b *builder, t ExtensionType, body func(b *builder)) {
	b.addUint16(uint16(t))
	b.vector16(body)
}

func flag(b *builder, t ExtensionType, set bool) {
	if set {
		extension(b, t, func(*builder) {})
	}
}

func add8(b *builder, data []byte) {
	b.vector8(func(b *builder) { b.addBytes(data) })
}

func add16(b *builder, data []byte) {
	b.vector16(func(b *builder) { b.addBytes(data) })
}

func add24(b *builder, data []byte) {
	b.vector24(func(b *builder) { b.addBytes(data) })
}

// addList16 adds a vector of two-byte values.
func addList16[T ~uint16](b *builder, l []T) {
	b.vector16(func(b *builder) {
		for _, v := range l {
			b.addUint16(uint16(v))
		}
	})
}

func read8(s *cryptobyte.String, out *[]byte) bool {
	return s.ReadUint8LengthPrefixed((*cryptobyte.String)(out))
}

func read16(s *cryptobyte.String, out *[]byte) bool {
	return s.ReadUint16LengthPrefixed((*cryptobyte.String)(out))
}

func read24(s *cryptobyte.String, out *[]byte) bool {
	return s.ReadUint24LengthPrefixed((*cryptobyte.String)(out))
}

// readList16 reads a non-empty vector of two-byte values.
func readList16[T ~uint16](s *cryptobyte.String, out *[]T) bool {
	var list cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&list) || len(list) == 0 || len(list)%2 != 0 {
		return false
	}
	*out = make([]T, 0, len(list)/2)
	var v uint16
	for list.ReadUint16(&v) {
		*out = append(*out, T(v))
	}
	return true
}

// readExtensions reads the extensions of a message in their order and hands each to parse, which reports whether it
// is well formed. It returns the numbers. A number may appear once (RFC 9846 section 4.2).
func readExtensions(s *cryptobyte.String, parse func(t ExtensionType, body *cryptobyte.String) bool) ([]ExtensionType, error) {
	bad := func(d alert.Description, text string) error {
		return alert.Misbehaved(alert.ReasonBadExtension, d, text)
	}
	var all cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&all) {
		return nil, bad(alert.DecodeError, "malformed extensions")
	}
	ids := make([]ExtensionType, 0, min(len(all)/extensionHeaderLen, usualExtensions))
	var body cryptobyte.String // what parse is given escapes: it is made once
	for !all.Empty() {
		var id uint16
		if !all.ReadUint16(&id) || !all.ReadUint16LengthPrefixed(&body) {
			return nil, bad(alert.DecodeError, "malformed extensions")
		}
		t := ExtensionType(id)
		for _, seen := range ids {
			if seen == t {
				return nil, bad(alert.DecodeError, appearsTwice)
			}
		}
		ids = append(ids, t)
		if !parse(t, &body) {
			return nil, bad(alert.DecodeError, "malformed extension")
		}
	}
	return ids, nil
}

const (
	extensionHeaderLen = 4
	usualExtensions    = 16 // of a ClientHello
)

// done reports whether an extension was read to its end.
func done(s *cryptobyte.String) bool { return s.Empty() }

// skip passes over an extension that is not known here.
func skip(*cryptobyte.String) bool { return true }

// FirstUnsolicited returns the first extension of ids that is not in offered, or nil.
func FirstUnsolicited(ids, offered []ExtensionType) *ExtensionType {
next:
	for i := range ids {
		for _, o := range offered {
			if o == ids[i] {
				continue next
			}
		}
		return &ids[i]
	}
	return nil
}
