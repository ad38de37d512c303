package wire

import (
	"github.com/gossl/gossl/core/internal/group"
	"github.com/gossl/gossl/core/internal/sigalg"
	"golang.org/x/crypto/cryptobyte"
)

// KeyExchangeKind says what the key exchange messages of a suite of TLS 1.2 and below hold.
type KeyExchangeKind struct {
	PSK   bool // an identity (hint) comes first (RFC 4279 section 2)
	ECDHE bool // RFC 8422 section 5.4
	DHE   bool // RFC 5246 section 7.4.3
	RSA   bool // RFC 5246 section 7.4.7.1
}

// curveTypeNamed is named_curve (RFC 8422 section 5.4).
const curveTypeNamed = 3

// ServerKeyExchange is the server's ephemeral key, perhaps signed.
type ServerKeyExchange struct {
	Kind         KeyExchangeKind
	PSKHint      []byte
	Group        group.ID // ECDHE
	P, G         []byte   // DHE
	Public       []byte
	HasSignature bool
	HasScheme    bool // TLS 1.2
	Scheme       sigalg.Scheme
	Signature    []byte
	Params       []byte // the bytes that are signed; set by Unmarshal
}

// MarshalParams gives the part that is signed.
func (m *ServerKeyExchange) MarshalParams() ([]byte, error) {
	return build(m.addParams)
}

func (m *ServerKeyExchange) addParams(b *builder) {
	switch {
	case m.Kind.ECDHE:
		b.addUint8(curveTypeNamed)
		b.addUint16(uint16(m.Group))
		add8(b, m.Public)
	case m.Kind.DHE:
		add16(b, m.P)
		add16(b, m.G)
		add16(b, m.Public)
	}
}

// Marshal gives the whole message.
func (m *ServerKeyExchange) Marshal() ([]byte, error) {
	return marshal(TypeServerKeyExchange, func(b *builder) {
		if m.Kind.PSK {
			add16(b, m.PSKHint)
		}
		m.addParams(b)
		if m.HasSignature {
			if m.HasScheme {
				b.addUint16(uint16(m.Scheme))
			}
			add16(b, m.Signature)
		}
	})
}

// UnmarshalServerKeyExchange reads a ServerKeyExchange of that kind.
func UnmarshalServerKeyExchange(body []byte, kind KeyExchangeKind, signed bool, version uint16) (*ServerKeyExchange, error) {
	m := &ServerKeyExchange{Kind: kind, HasSignature: signed, HasScheme: signed && version >= VersionTLS12}
	s := cryptobyte.String(body)
	if kind.PSK && !read16(&s, &m.PSKHint) {
		return nil, malformed(TypeServerKeyExchange)
	}
	before := s
	if !m.readParams(&s) {
		return nil, malformed(TypeServerKeyExchange)
	}
	m.Params = before[:len(before)-len(s)]
	if m.HasScheme && !s.ReadUint16((*uint16)(&m.Scheme)) || signed && !read16(&s, &m.Signature) || !s.Empty() {
		return nil, malformed(TypeServerKeyExchange)
	}
	return m, nil
}

func (m *ServerKeyExchange) readParams(s *cryptobyte.String) bool {
	switch {
	case m.Kind.ECDHE:
		var curveType uint8
		return s.ReadUint8(&curveType) && curveType == curveTypeNamed && s.ReadUint16((*uint16)(&m.Group)) &&
			read8(s, &m.Public) && len(m.Public) > 0
	case m.Kind.DHE:
		return read16(s, &m.P) && len(m.P) > 0 && read16(s, &m.G) && len(m.G) > 0 &&
			read16(s, &m.Public) && len(m.Public) > 0
	}
	return true
}

// ClientKeyExchange is the client's part of the key exchange (RFC 5246 section 7.4.7).
type ClientKeyExchange struct {
	Kind      KeyExchangeKind
	Identity  []byte // PSK
	Public    []byte // ECDHE, DHE
	Encrypted []byte // RSA
}

// Marshal gives the whole message.
func (m *ClientKeyExchange) Marshal() ([]byte, error) {
	return marshal(TypeClientKeyExchange, func(b *builder) {
		if m.Kind.PSK {
			add16(b, m.Identity)
		}
		switch {
		case m.Kind.ECDHE:
			add8(b, m.Public)
		case m.Kind.DHE:
			add16(b, m.Public)
		case m.Kind.RSA:
			add16(b, m.Encrypted)
		}
	})
}

// UnmarshalClientKeyExchange reads a ClientKeyExchange of that kind.
func UnmarshalClientKeyExchange(body []byte, kind KeyExchangeKind) (*ClientKeyExchange, error) {
	m, s := &ClientKeyExchange{Kind: kind}, cryptobyte.String(body)
	ok := !kind.PSK || read16(&s, &m.Identity)
	switch {
	case !ok:
	case kind.ECDHE:
		ok = read8(&s, &m.Public) && len(m.Public) > 0
	case kind.DHE:
		ok = read16(&s, &m.Public) && len(m.Public) > 0
	case kind.RSA:
		ok = read16(&s, &m.Encrypted)
	}
	if !ok || !s.Empty() {
		return nil, malformed(TypeClientKeyExchange)
	}
	return m, nil
}
