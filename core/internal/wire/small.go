package wire

import (
	"github.com/gossl/gossl/core/internal/alert"
	"golang.org/x/crypto/cryptobyte"
)

// The messages of a few bytes.

// HelloRequest is RFC 5246 section 7.4.1.1.
type HelloRequest struct{}

// Marshal gives the whole message.
func (m *HelloRequest) Marshal() ([]byte, error) {
	return marshal(TypeHelloRequest, func(*builder) {})
}

// ServerHelloDone is RFC 5246 section 7.4.5.
type ServerHelloDone struct{}

// Marshal gives the whole message.
func (m *ServerHelloDone) Marshal() ([]byte, error) {
	return marshal(TypeServerHelloDone, func(*builder) {})
}

// EndOfEarlyData is RFC 9846 section 4.5.
type EndOfEarlyData struct{}

// Marshal gives the whole message.
func (m *EndOfEarlyData) Marshal() ([]byte, error) {
	return marshal(TypeEndOfEarlyData, func(*builder) {})
}

// UnmarshalEndOfEarlyData reads an EndOfEarlyData, which is empty.
func UnmarshalEndOfEarlyData(body []byte) (*EndOfEarlyData, error) {
	if len(body) != 0 {
		return nil, malformed(TypeEndOfEarlyData)
	}
	return &EndOfEarlyData{}, nil
}

// Finished is RFC 9846 section 4.4.4 and RFC 5246 section 7.4.9.
type Finished struct{ VerifyData []byte }

// Marshal gives the whole message.
func (m *Finished) Marshal() ([]byte, error) {
	return marshal(TypeFinished, func(b *builder) { b.addBytes(m.VerifyData) })
}

// UnmarshalFinished reads a Finished, whose length only the suite knows.
func UnmarshalFinished(body []byte) (*Finished, error) {
	if len(body) == 0 {
		return nil, malformed(TypeFinished)
	}
	return &Finished{VerifyData: body}, nil
}

// KeyUpdate is RFC 9846 section 4.6.3.
type KeyUpdate struct{ Request bool }

// Marshal gives the whole message.
func (m *KeyUpdate) Marshal() ([]byte, error) {
	return marshal(TypeKeyUpdate, func(b *builder) {
		if m.Request {
			b.addUint8(1)
			return
		}
		b.addUint8(0)
	})
}

// UnmarshalKeyUpdate reads a KeyUpdate.
func UnmarshalKeyUpdate(body []byte) (*KeyUpdate, error) {
	if len(body) != 1 {
		return nil, malformed(TypeKeyUpdate)
	}
	if body[0] > 1 {
		return nil, alert.Misbehaved(alert.ReasonBadKeyUpdate, alert.IllegalParameter, "key update of unknown kind")
	}
	return &KeyUpdate{Request: body[0] == 1}, nil
}

// NewSessionTicket12 is RFC 5077 section 3.3.
type NewSessionTicket12 struct {
	LifetimeHint uint32 // seconds
	Ticket       []byte
}

// Marshal gives the whole message.
func (m *NewSessionTicket12) Marshal() ([]byte, error) {
	return marshal(TypeNewSessionTicket, func(b *builder) {
		b.addUint32(m.LifetimeHint)
		add16(b, m.Ticket)
	})
}

// UnmarshalNewSessionTicket12 reads a NewSessionTicket of TLS 1.2 and below. The ticket may be empty.
func UnmarshalNewSessionTicket12(body []byte) (*NewSessionTicket12, error) {
	m, s := &NewSessionTicket12{}, cryptobyte.String(body)
	if !s.ReadUint32(&m.LifetimeHint) || !read16(&s, &m.Ticket) || !s.Empty() {
		return nil, malformed(TypeNewSessionTicket)
	}
	return m, nil
}

// NewSessionTicket13 is RFC 9846 section 4.6.1.
type NewSessionTicket13 struct {
	Lifetime     uint32 // seconds
	AgeAdd       uint32
	Nonce        []byte
	Ticket       []byte
	MaxEarlyData uint32 // 0: none
}

// Marshal gives the whole message.
func (m *NewSessionTicket13) Marshal() ([]byte, error) {
	return marshal(TypeNewSessionTicket, func(b *builder) {
		b.addUint32(m.Lifetime)
		b.addUint32(m.AgeAdd)
		add8(b, m.Nonce)
		add16(b, m.Ticket)
		b.vector16(func(b *builder) {
			if m.MaxEarlyData != 0 {
				extension(b, ExtEarlyData, func(b *builder) { b.addUint32(m.MaxEarlyData) })
			}
		})
	})
}

// UnmarshalNewSessionTicket13 reads a NewSessionTicket of TLS 1.3.
func UnmarshalNewSessionTicket13(body []byte) (*NewSessionTicket13, error) {
	m, s := &NewSessionTicket13{}, cryptobyte.String(body)
	if !s.ReadUint32(&m.Lifetime) || !s.ReadUint32(&m.AgeAdd) || !read8(&s, &m.Nonce) || !read16(&s, &m.Ticket) ||
		len(m.Ticket) == 0 {
		return nil, malformed(TypeNewSessionTicket)
	}
	if _, err := readExtensions(&s, func(t ExtensionType, s *cryptobyte.String) bool {
		return t != ExtEarlyData || s.ReadUint32(&m.MaxEarlyData) && done(s)
	}); err != nil {
		return nil, err
	}
	if !s.Empty() {
		return nil, malformed(TypeNewSessionTicket)
	}
	return m, nil
}
