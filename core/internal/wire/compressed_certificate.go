package wire

import "golang.org/x/crypto/cryptobyte"

// CompressedCertificate is RFC 8879 section 4.
type CompressedCertificate struct {
	Algorithm  uint16
	Length     int // of the Certificate message's body
	Compressed []byte
}

// Marshal gives the whole message.
func (m *CompressedCertificate) Marshal() ([]byte, error) {
	return marshal(TypeCompressedCertificate, func(b *builder) {
		b.addUint16(m.Algorithm)
		b.addUint24(uint32(m.Length))
		add24(b, m.Compressed)
	})
}

// UnmarshalCompressedCertificate reads a CompressedCertificate.
func UnmarshalCompressedCertificate(body []byte) (*CompressedCertificate, error) {
	m, s := &CompressedCertificate{}, cryptobyte.String(body)
	var n uint32
	if !s.ReadUint16(&m.Algorithm) || !s.ReadUint24(&n) || n == 0 || !read24(&s, &m.Compressed) ||
		len(m.Compressed) == 0 || !s.Empty() {
		return nil, malformed(TypeCompressedCertificate)
	}
	m.Length = int(n)
	return m, nil
}
