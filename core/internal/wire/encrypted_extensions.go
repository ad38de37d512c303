package wire

import (
	"github.com/gossl/gossl/core/internal/group"
	"golang.org/x/crypto/cryptobyte"
)

// InEncryptedExtensions are the extensions that may be there (RFC 9846 section 4.2).
var InEncryptedExtensions = []ExtensionType{
	ExtServerName, ExtSupportedGroups, ExtALPN, ExtRecordSizeLimit, ExtEarlyData,
}

// EncryptedExtensions is RFC 9846 section 4.3.1.
type EncryptedExtensions struct {
	ExtensionIDs    []ExtensionType // set by Unmarshal
	ServerNameAck   bool
	SupportedGroups []group.ID
	ALPN            string
	RecordSizeLimit uint16
	EarlyData       bool
}

// Marshal gives the whole message.
func (m *EncryptedExtensions) Marshal() ([]byte, error) {
	return marshal(TypeEncryptedExtensions, func(b *builder) {
		b.vector16(func(b *builder) {
			flag(b, ExtServerName, m.ServerNameAck)
			if len(m.SupportedGroups) > 0 {
				extension(b, ExtSupportedGroups, func(b *builder) { addList16(b, m.SupportedGroups) })
			}
			if m.ALPN != "" {
				addALPN(b, []string{m.ALPN})
			}
			if m.RecordSizeLimit != 0 {
				extension(b, ExtRecordSizeLimit, func(b *builder) { b.addUint16(m.RecordSizeLimit) })
			}
			flag(b, ExtEarlyData, m.EarlyData)
		})
	})
}

// UnmarshalEncryptedExtensions reads an EncryptedExtensions.
func UnmarshalEncryptedExtensions(body []byte) (*EncryptedExtensions, error) {
	m, s := &EncryptedExtensions{}, cryptobyte.String(body)
	var err error
	if m.ExtensionIDs, err = readExtensions(&s, m.parseExtension); err != nil {
		return nil, err
	}
	if !s.Empty() {
		return nil, malformed(TypeEncryptedExtensions)
	}
	return m, nil
}

func (m *EncryptedExtensions) parseExtension(t ExtensionType, s *cryptobyte.String) bool {
	switch t {
	case ExtServerName:
		m.ServerNameAck = true
		return done(s)
	case ExtSupportedGroups:
		return readList16(s, &m.SupportedGroups) && done(s)
	case ExtALPN:
		return parseOneALPN(s, &m.ALPN)
	case ExtRecordSizeLimit:
		return s.ReadUint16(&m.RecordSizeLimit) && m.RecordSizeLimit >= 64 && done(s)
	case ExtEarlyData:
		m.EarlyData = true
		return done(s)
	}
	return skip(s)
}
