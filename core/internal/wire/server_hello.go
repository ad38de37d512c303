package wire

import (
	"bytes"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/group"
	"golang.org/x/crypto/cryptobyte"
)

// ServerHello is RFC 9846 section 4.1.3 and RFC 5246 section 7.4.1.3. With HelloRetryRequestRandom as its random it
// is a HelloRetryRequest.
type ServerHello struct {
	LegacyVersion uint16
	Random        [32]byte
	SessionID     []byte
	CipherSuite   uint16
	Compression   uint8
	ExtensionIDs  []ExtensionType // set by Unmarshal

	SupportedVersion     uint16         // 0: absent
	KeyShare             *KeyShareEntry // nil: absent
	SelectedGroup        group.ID       // HelloRetryRequest; 0: absent
	Cookie               []byte
	SelectedPSK          *uint16
	ServerNameAck        bool
	ECPointFormats       []byte
	ALPN                 string
	StatusRequest        bool
	SCTs                 [][]byte
	EncryptThenMAC       bool
	ExtendedMasterSecret bool
	RecordSizeLimit      uint16
	TicketSupported      bool
	HasRenegotiationInfo bool
	RenegotiationInfo    []byte
}

// IsHelloRetryRequest reports whether the message is one (RFC 9846 section 4.1.3).
func (m *ServerHello) IsHelloRetryRequest() bool { return m.Random == HelloRetryRequestRandom }

// Permitted13 returns the extensions that may be in a ServerHello or HelloRetryRequest of TLS 1.3 (RFC 9846 section 4.2).
func (m *ServerHello) Permitted13() []ExtensionType {
	if m.IsHelloRetryRequest() {
		return []ExtensionType{ExtSupportedVersions, ExtKeyShare, ExtCookie}
	}
	return []ExtensionType{ExtSupportedVersions, ExtKeyShare, ExtPreSharedKey}
}

// Marshal gives the whole message. Without extensions there is no list of them, for the sake of old clients.
func (m *ServerHello) Marshal() ([]byte, error) {
	return marshal(TypeServerHello, func(b *builder) {
		b.addUint16(m.LegacyVersion)
		b.addBytes(m.Random[:])
		add8(b, m.SessionID)
		b.addUint16(m.CipherSuite)
		b.addUint8(m.Compression)
		start := len(b.b)
		if b.vector16(m.addExtensions); len(b.b) == start+2 {
			b.b = b.b[:start]
		}
	})
}

func (m *ServerHello) addExtensions(b *builder) {
	if m.HasRenegotiationInfo {
		extension(b, ExtRenegotiationInfo, func(b *builder) { add8(b, m.RenegotiationInfo) })
	}
	flag(b, ExtServerName, m.ServerNameAck)
	if len(m.ECPointFormats) > 0 {
		extension(b, ExtECPointFormats, func(b *builder) { add8(b, m.ECPointFormats) })
	}
	flag(b, ExtSessionTicket, m.TicketSupported)
	flag(b, ExtStatusRequest, m.StatusRequest)
	if m.ALPN != "" {
		addALPN(b, []string{m.ALPN})
	}
	if len(m.SCTs) > 0 {
		extension(b, ExtSCT, func(b *builder) { addNames(b, m.SCTs) })
	}
	flag(b, ExtEncryptThenMAC, m.EncryptThenMAC)
	flag(b, ExtExtendedMasterSecret, m.ExtendedMasterSecret)
	if m.RecordSizeLimit != 0 {
		extension(b, ExtRecordSizeLimit, func(b *builder) { b.addUint16(m.RecordSizeLimit) })
	}
	if m.SupportedVersion != 0 {
		extension(b, ExtSupportedVersions, func(b *builder) { b.addUint16(m.SupportedVersion) })
	}
	if m.KeyShare != nil {
		extension(b, ExtKeyShare, m.KeyShare.add)
	}
	if m.SelectedGroup != 0 {
		extension(b, ExtKeyShare, func(b *builder) { b.addUint16(uint16(m.SelectedGroup)) })
	}
	if len(m.Cookie) > 0 {
		extension(b, ExtCookie, func(b *builder) { add16(b, m.Cookie) })
	}
	if m.SelectedPSK != nil {
		extension(b, ExtPreSharedKey, func(b *builder) { b.addUint16(*m.SelectedPSK) })
	}
}

// UnmarshalServerHello reads a ServerHello or HelloRetryRequest.
func UnmarshalServerHello(body []byte) (*ServerHello, error) {
	m, s := &ServerHello{}, cryptobyte.String(body)
	if !s.ReadUint16(&m.LegacyVersion) || !s.CopyBytes(m.Random[:]) || !read8(&s, &m.SessionID) ||
		len(m.SessionID) > 32 || !s.ReadUint16(&m.CipherSuite) || !s.ReadUint8(&m.Compression) {
		return nil, malformed(TypeServerHello)
	}
	if s.Empty() {
		return m, nil
	}
	var err error
	if m.ExtensionIDs, err = readExtensions(&s, m.parseExtension); err != nil {
		return nil, m.retryError(err)
	}
	if !s.Empty() {
		return nil, malformed(TypeServerHello)
	}
	return m, nil
}

// retryError gives an extension that appears twice in a HelloRetryRequest the alert of a field that is wrong there.
func (m *ServerHello) retryError(err error) error {
	if e, ok := err.(*alert.Error); ok && m.IsHelloRetryRequest() && e.Text == appearsTwice {
		e.Alert = alert.IllegalParameter
	}
	return err
}

func (m *ServerHello) parseExtension(t ExtensionType, s *cryptobyte.String) bool {
	switch t {
	case ExtServerName:
		m.ServerNameAck = true
		return done(s)
	case ExtECPointFormats: // RFC 8422 section 5.1.2: uncompressed is one of them
		return read8(s, &m.ECPointFormats) && bytes.IndexByte(m.ECPointFormats, 0) >= 0 && done(s)
	case ExtSessionTicket:
		m.TicketSupported = true
		return done(s)
	case ExtStatusRequest:
		m.StatusRequest = true
		return done(s)
	case ExtALPN:
		return parseOneALPN(s, &m.ALPN)
	case ExtSCT:
		return readSCTs(s, &m.SCTs)
	case ExtEncryptThenMAC:
		m.EncryptThenMAC = true
		return done(s)
	case ExtExtendedMasterSecret:
		m.ExtendedMasterSecret = true
		return done(s)
	case ExtRecordSizeLimit:
		return s.ReadUint16(&m.RecordSizeLimit) && m.RecordSizeLimit >= 64 && done(s)
	case ExtRenegotiationInfo:
		m.HasRenegotiationInfo = true
		return read8(s, &m.RenegotiationInfo) && done(s)
	case ExtSupportedVersions:
		return s.ReadUint16(&m.SupportedVersion) && done(s)
	case ExtKeyShare:
		return m.parseKeyShare(s) && done(s)
	case ExtCookie:
		return read16(s, &m.Cookie) && len(m.Cookie) > 0 && done(s)
	case ExtPreSharedKey:
		m.SelectedPSK = new(uint16)
		return s.ReadUint16(m.SelectedPSK) && done(s)
	}
	return skip(s)
}

// parseKeyShare reads a share, or in a HelloRetryRequest the group that one is asked of.
func (m *ServerHello) parseKeyShare(s *cryptobyte.String) bool {
	if m.IsHelloRetryRequest() {
		return s.ReadUint16((*uint16)(&m.SelectedGroup))
	}
	m.KeyShare = &KeyShareEntry{}
	return m.KeyShare.read(s)
}
