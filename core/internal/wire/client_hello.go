package wire

import (
	"bytes"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/group"
	"github.com/gossl/gossl/core/internal/sigalg"
	"golang.org/x/crypto/cryptobyte"
)

// ClientHello is RFC 9846 section 4.1.2 and RFC 5246 section 7.4.1.2.
type ClientHello struct {
	LegacyVersion      uint16
	Random             [32]byte
	SessionID          []byte
	CipherSuites       []uint16
	CompressionMethods []byte
	HasExtensions      bool
	ExtensionIDs       []ExtensionType // all that are present, in their order; set by Unmarshal

	HasServerName           bool
	ServerName              string
	StatusRequestOCSP       bool
	SupportedGroups         []group.ID
	ECPointFormats          []byte
	SignatureAlgorithms     []sigalg.Scheme
	SignatureAlgorithmsCert []sigalg.Scheme
	ALPN                    []string
	SCT                     bool
	EncryptThenMAC          bool
	ExtendedMasterSecret    bool
	CertCompression         []uint16
	RecordSizeLimit         uint16 // 0: absent
	HasSessionTicket        bool
	SessionTicket           []byte
	HasRenegotiationInfo    bool
	RenegotiationInfo       []byte
	SupportedVersions       []uint16
	Cookie                  []byte
	HasKeyShare             bool
	KeyShares               []KeyShareEntry
	PSKModes                []byte
	CertificateAuthorities  [][]byte
	PostHandshakeAuth       bool
	EarlyData               bool
	PSKIdentities           []PSKIdentity
	PSKBinders              [][]byte
}

// PSKIdentity is one pre-shared key in an offer (RFC 9846 section 4.2.11).
type PSKIdentity struct {
	Identity      []byte
	ObfuscatedAge uint32
}

// Marshal gives the whole message. pre_shared_key comes last (RFC 9846 section 4.2.11).
func (m *ClientHello) Marshal() ([]byte, error) {
	return marshal(TypeClientHello, func(b *builder) {
		b.addUint16(m.LegacyVersion)
		b.addBytes(m.Random[:])
		add8(b, m.SessionID)
		addList16(b, m.CipherSuites)
		add8(b, m.CompressionMethods)
		if m.HasExtensions {
			b.vector16(m.addExtensions)
		}
	})
}

func (m *ClientHello) addExtensions(b *builder) {
	if m.HasServerName {
		addServerName(b, m.ServerName)
	}
	if len(m.ECPointFormats) > 0 {
		extension(b, ExtECPointFormats, func(b *builder) { add8(b, m.ECPointFormats) })
	}
	if len(m.SupportedGroups) > 0 {
		extension(b, ExtSupportedGroups, func(b *builder) { addList16(b, m.SupportedGroups) })
	}
	if m.HasRenegotiationInfo {
		extension(b, ExtRenegotiationInfo, func(b *builder) { add8(b, m.RenegotiationInfo) })
	}
	if m.HasSessionTicket {
		extension(b, ExtSessionTicket, func(b *builder) { b.addBytes(m.SessionTicket) })
	}
	if m.StatusRequestOCSP { // RFC 6066 section 8: no responders, no extensions
		extension(b, ExtStatusRequest, func(b *builder) { b.addBytes([]byte{1, 0, 0, 0, 0}) })
	}
	if len(m.ALPN) > 0 {
		addALPN(b, m.ALPN)
	}
	flag(b, ExtSCT, m.SCT)
	flag(b, ExtEncryptThenMAC, m.EncryptThenMAC)
	flag(b, ExtExtendedMasterSecret, m.ExtendedMasterSecret)
	if m.RecordSizeLimit != 0 {
		extension(b, ExtRecordSizeLimit, func(b *builder) { b.addUint16(m.RecordSizeLimit) })
	}
	if len(m.SignatureAlgorithms) > 0 {
		extension(b, ExtSignatureAlgorithms, func(b *builder) { addList16(b, m.SignatureAlgorithms) })
	}
	if len(m.SignatureAlgorithmsCert) > 0 {
		extension(b, ExtSignatureAlgorithmsCert, func(b *builder) { addList16(b, m.SignatureAlgorithmsCert) })
	}
	m.addExtensions13(b)
}

func (m *ClientHello) addExtensions13(b *builder) {
	if len(m.CertCompression) > 0 {
		extension(b, ExtCompressCertificate, func(b *builder) {
			b.vector8(func(b *builder) {
				for _, v := range m.CertCompression {
					b.addUint16(v)
				}
			})
		})
	}
	if len(m.SupportedVersions) > 0 {
		extension(b, ExtSupportedVersions, func(b *builder) {
			b.vector8(func(b *builder) {
				for _, v := range m.SupportedVersions {
					b.addUint16(v)
				}
			})
		})
	}
	if len(m.Cookie) > 0 {
		extension(b, ExtCookie, func(b *builder) { add16(b, m.Cookie) })
	}
	if len(m.CertificateAuthorities) > 0 {
		extension(b, ExtCertificateAuthorities, func(b *builder) { addNames(b, m.CertificateAuthorities) })
	}
	if len(m.PSKModes) > 0 {
		extension(b, ExtPSKKeyExchangeModes, func(b *builder) { add8(b, m.PSKModes) })
	}
	flag(b, ExtPostHandshakeAuth, m.PostHandshakeAuth)
	flag(b, ExtEarlyData, m.EarlyData)
	if m.HasKeyShare {
		extension(b, ExtKeyShare, func(b *builder) {
			b.vector16(func(b *builder) {
				for i := range m.KeyShares {
					m.KeyShares[i].add(b)
				}
			})
		})
	}
	if len(m.PSKIdentities) > 0 {
		extension(b, ExtPreSharedKey, m.addPSKs)
	}
}

func (m *ClientHello) addPSKs(b *builder) {
	b.vector16(func(b *builder) {
		for _, p := range m.PSKIdentities {
			add16(b, p.Identity)
			b.addUint32(p.ObfuscatedAge)
		}
	})
	b.vector16(func(b *builder) {
		for _, v := range m.PSKBinders {
			add8(b, v)
		}
	})
}

// BindersLen returns the length of the list of binders, which is the end of the message.
func (m *ClientHello) BindersLen() int {
	n := 2
	for _, v := range m.PSKBinders {
		n += 1 + len(v)
	}
	return n
}

// PatchBinders writes binders, of the lengths that were marshalled, into the marshalled message.
func (m *ClientHello) PatchBinders(raw []byte, binders [][]byte) {
	m.PSKBinders = binders
	at := len(raw) - m.BindersLen() + 2
	for _, v := range binders {
		at += 1 + copy(raw[at+1:], v)
	}
}

// UnmarshalClientHello reads a ClientHello.
func UnmarshalClientHello(body []byte) (*ClientHello, error) {
	m, s := &ClientHello{}, cryptobyte.String(body)
	if !s.ReadUint16(&m.LegacyVersion) || !s.CopyBytes(m.Random[:]) || !read8(&s, &m.SessionID) ||
		len(m.SessionID) > 32 || !readList16(&s, &m.CipherSuites) || !read8(&s, &m.CompressionMethods) ||
		len(m.CompressionMethods) == 0 {
		return nil, malformed(TypeClientHello)
	}
	if s.Empty() { // RFC 5246 section 7.4.1.2: no extensions at all
		return m, nil
	}
	m.HasExtensions = true
	var err error
	if m.ExtensionIDs, err = readExtensions(&s, m.parseExtension); err != nil {
		return nil, err
	}
	if !s.Empty() {
		return nil, malformed(TypeClientHello)
	}
	return m, m.checkPSKs()
}

// checkPSKs checks what RFC 9846 section 4.2.11 demands of pre_shared_key: it is last, with a binder for each key.
func (m *ClientHello) checkPSKs() error {
	for i, id := range m.ExtensionIDs {
		if id == ExtPreSharedKey && i != len(m.ExtensionIDs)-1 {
			return alert.Misbehaved(alert.ReasonBadExtension, alert.IllegalParameter,
				"pre_shared_key is not the last extension")
		}
	}
	if len(m.PSKIdentities) != len(m.PSKBinders) {
		return alert.Misbehaved(alert.ReasonBadPSK, alert.IllegalParameter,
			"pre-shared keys and binders differ in number")
	}
	return nil
}

func (m *ClientHello) parseExtension(t ExtensionType, s *cryptobyte.String) bool {
	switch t {
	case ExtServerName:
		m.HasServerName = true
		return parseServerName(s, &m.ServerName)
	case ExtStatusRequest:
		var kind uint8
		m.StatusRequestOCSP = s.ReadUint8(&kind) && kind == 1
		return true
	case ExtSupportedGroups:
		return readList16(s, &m.SupportedGroups) && done(s)
	case ExtECPointFormats:
		return read8(s, &m.ECPointFormats) && bytes.IndexByte(m.ECPointFormats, 0) >= 0 && done(s)
	case ExtSignatureAlgorithms:
		return readList16(s, &m.SignatureAlgorithms) && done(s)
	case ExtSignatureAlgorithmsCert:
		return readList16(s, &m.SignatureAlgorithmsCert) && done(s)
	case ExtALPN:
		return parseALPN(s, &m.ALPN)
	case ExtSCT:
		m.SCT = true
		return done(s)
	case ExtEncryptThenMAC:
		m.EncryptThenMAC = true
		return done(s)
	case ExtExtendedMasterSecret:
		m.ExtendedMasterSecret = true
		return done(s)
	case ExtRecordSizeLimit: // RFC 8449 section 4: at least 64
		return s.ReadUint16(&m.RecordSizeLimit) && m.RecordSizeLimit >= 64 && done(s)
	case ExtSessionTicket:
		m.HasSessionTicket, m.SessionTicket = true, *s
		return true
	case ExtRenegotiationInfo:
		m.HasRenegotiationInfo = true
		return read8(s, &m.RenegotiationInfo) && done(s)
	}
	return m.parseExtension13(t, s)
}

func (m *ClientHello) parseExtension13(t ExtensionType, s *cryptobyte.String) bool {
	switch t {
	case ExtCompressCertificate:
		return readShortList16(s, &m.CertCompression) && done(s)
	case ExtSupportedVersions:
		return readShortList16(s, &m.SupportedVersions) && done(s)
	case ExtCookie:
		return read16(s, &m.Cookie) && len(m.Cookie) > 0 && done(s)
	case ExtCertificateAuthorities:
		return readNames(s, &m.CertificateAuthorities) && len(m.CertificateAuthorities) > 0 && done(s)
	case ExtPSKKeyExchangeModes:
		return read8(s, &m.PSKModes) && len(m.PSKModes) > 0 && done(s)
	case ExtPostHandshakeAuth:
		m.PostHandshakeAuth = true
		return done(s)
	case ExtEarlyData:
		m.EarlyData = true
		return done(s)
	case ExtKeyShare:
		m.HasKeyShare = true
		return readKeyShares(s, &m.KeyShares) && done(s)
	case ExtPreSharedKey:
		return m.parsePSKs(s) && done(s)
	}
	return skip(s)
}

func (m *ClientHello) parsePSKs(s *cryptobyte.String) bool {
	var ids, binders cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&ids) || len(ids) == 0 || !s.ReadUint16LengthPrefixed(&binders) || len(binders) == 0 {
		return false
	}
	for !ids.Empty() {
		var p PSKIdentity
		if !read16(&ids, &p.Identity) || len(p.Identity) == 0 || !ids.ReadUint32(&p.ObfuscatedAge) {
			return false
		}
		m.PSKIdentities = append(m.PSKIdentities, p)
	}
	for !binders.Empty() {
		var v []byte
		if !read8(&binders, &v) || len(v) == 0 {
			return false
		}
		m.PSKBinders = append(m.PSKBinders, v)
	}
	return true
}

// OfferedExtensions returns the extensions that a server may answer.
func (m *ClientHello) OfferedExtensions() []ExtensionType {
	l := make([]ExtensionType, 0, usualExtensions)
	offered := func(t ExtensionType, is bool) {
		if is {
			l = append(l, t)
		}
	}
	offered(ExtServerName, m.HasServerName)
	offered(ExtStatusRequest, m.StatusRequestOCSP)
	offered(ExtSupportedGroups, len(m.SupportedGroups) > 0)
	offered(ExtECPointFormats, len(m.ECPointFormats) > 0)
	offered(ExtSignatureAlgorithms, len(m.SignatureAlgorithms) > 0)
	offered(ExtALPN, len(m.ALPN) > 0)
	offered(ExtSCT, m.SCT)
	offered(ExtEncryptThenMAC, m.EncryptThenMAC)
	offered(ExtExtendedMasterSecret, m.ExtendedMasterSecret)
	offered(ExtCompressCertificate, len(m.CertCompression) > 0)
	offered(ExtRecordSizeLimit, m.RecordSizeLimit != 0)
	offered(ExtSessionTicket, m.HasSessionTicket)
	offered(ExtRenegotiationInfo, m.HasRenegotiationInfo || contains16(m.CipherSuites, RenegotiationSCSV))
	offered(ExtSupportedVersions, len(m.SupportedVersions) > 0)
	offered(ExtEarlyData, m.EarlyData)
	offered(ExtKeyShare, m.HasKeyShare)
	offered(ExtPreSharedKey, len(m.PSKIdentities) > 0)
	return l
}

func contains16(l []uint16, x uint16) bool {
	for _, v := range l {
		if v == x {
			return true
		}
	}
	return false
}
