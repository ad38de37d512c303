package core

import (
	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/keys"
	"github.com/gossl/gossl/core/internal/record"
	"github.com/gossl/gossl/core/internal/wire"
)

// state waits for one handshake message. A handshake is a chain of states: each handles its message and returns the
// one that waits for the next, so that nothing can be handled twice or out of order. A state that has to wait for the
// caller returns itself (or the next one, which must then be a resumer) and a Want.
type state interface {
	handle(c *Conn, m *message) (state, error)
}

// changeCipherSpecState is a state of TLS 1.2 and below that waits for change_cipher_spec.
type changeCipherSpecState interface {
	state
	changeCipherSpec(c *Conn) (state, error)
}

// resumer is a state that goes on without a message: when the caller has answered a Want.
type resumer interface {
	state
	resume(c *Conn) (state, error)
}

// message is one handshake message.
type message struct {
	typ     wire.HandshakeType
	raw     []byte // with its header, for the transcript
	body    []byte
	aligned bool // no further byte of a handshake message has come yet in the same record
}

const handshakeHeaderLen = 4

// The longest messages that we accept. OpenSSL has the same bounds for certificates and hellos.
const (
	maxClientHello  = 131396
	maxCertificates = 100 << 10
	maxTicket       = 5 + 2*65536
	maxMessage      = 1<<14 + 1<<10
)

func (c *Conn) maxLength(t wire.HandshakeType) int {
	switch t {
	case wire.TypeClientHello:
		return maxClientHello
	case wire.TypeCertificate, wire.TypeCompressedCertificate:
		return c.cfg.MaxCertList
	case wire.TypeServerKeyExchange, wire.TypeCertificateRequest, wire.TypeCertificateStatus:
		return maxCertificates
	case wire.TypeNewSessionTicket:
		return maxTicket
	}
	return maxMessage
}

// advance takes the handshake one step further: an answered decision, a message or a record.
func (c *Conn) advance() error {
	if c.want != 0 {
		return c.want
	}
	if c.state == nil {
		return c.enter(c.start())
	}
	if r, ok := c.state.(resumer); ok {
		return c.enter(r.resume(c))
	}
	_, err := c.next()
	return err
}

// start returns the first state.
func (c *Conn) start() (state, error) {
	if len(c.cfg.versions()) == 0 {
		return nil, alert.New(alert.Caller, alert.ReasonNoProtocolsAvailable, alert.InternalError,
			"every protocol version is disabled")
	}
	if c.side == Client {
		return c.startClient()
	}
	return waitClientHello{}, nil
}

// enter makes next the current state, unless the step failed.
func (c *Conn) enter(next state, err error) error {
	if e := c.sendFlight(); err == nil {
		err = e
	}
	if w, ok := err.(Want); ok {
		c.state, c.want = next, w
		return w
	}
	if err == nil {
		c.state = next
	}
	return err
}

// handshakeData takes the payload of a handshake record and handles the first message that is complete.
func (c *Conn) handshakeData(fragment []byte) error {
	if len(fragment) == 0 { // RFC 9846 section 5.1: no zero-length fragments
		return alert.Misbehaved(alert.ReasonBadLength, alert.UnexpectedMessage, "empty handshake record")
	}
	c.handshakeIn = append(c.handshakeIn, fragment...)
	_, err := c.nextMessage()
	return err
}

// nextMessage handles the first complete message that was received.
func (c *Conn) nextMessage() (handled bool, err error) {
	b := c.handshakeIn
	if len(b) < handshakeHeaderLen {
		return false, nil
	}
	m := &message{typ: wire.HandshakeType(b[0])}
	n := uint24(b[1:])
	if n > c.maxLength(m.typ) {
		return true, alert.Misbehaved(alert.ReasonExcessiveMessageSize, alert.IllegalParameter,
			"handshake message is too long")
	}
	if len(b) < handshakeHeaderLen+n {
		return false, nil
	}
	m.raw = b[: handshakeHeaderLen+n : handshakeHeaderLen+n] // what comes later goes behind it: no copy is needed
	m.body = m.raw[handshakeHeaderLen:]
	c.handshakeIn = b[handshakeHeaderLen+n:]
	m.aligned = len(c.handshakeIn) == 0
	if m.aligned {
		c.handshakeIn = nil
	}
	c.traceMessage(false, record.Handshake, m.raw)
	return true, c.handleMessage(m)
}

func (c *Conn) handleMessage(m *message) error {
	if c.state == nil {
		return unexpected(m, "before the handshake")
	}
	return c.enter(c.state.handle(c, m))
}

// unexpected is the error of a message that the state does not wait for.
func unexpected(m *message, waitingFor string) *Error {
	return alert.Misbehaved(alert.ReasonUnexpectedMessage, alert.UnexpectedMessage,
		"received "+m.typ.String()+" "+waitingFor)
}

// want returns the error of a message of another type than t, or nil.
func (m *message) want(t wire.HandshakeType) error {
	if m.typ != t {
		return unexpected(m, "while waiting for "+t.String())
	}
	return nil
}

// wantAligned refuses a message behind which the same record has more: new keys begin with a new record
// (RFC 9846 section 5.1).
func (m *message) wantAligned() error {
	if !m.aligned {
		return alert.Misbehaved(alert.ReasonNotOnRecordBoundary, alert.UnexpectedMessage,
			"data behind a message that changes the keys")
	}
	return nil
}

// marshaler is any message of package wire.
type marshaler interface{ Marshal() ([]byte, error) }

// sendMessage is the one way to send a handshake message: it marshals, adds it to the transcript (if there is one)
// and seals it.
func (c *Conn) sendMessage(t *keys.Transcript, m marshaler) error {
	raw, err := m.Marshal()
	if err != nil {
		return err
	}
	return c.sendRaw(t, raw)
}

func (c *Conn) sendRaw(t *keys.Transcript, raw []byte) error {
	if t != nil {
		t.Write(raw)
	}
	if c.misspeak != nil {
		return c.misspeak(raw)
	}
	if c.packs() {
		c.flight = append(c.flight, raw...)
		return nil
	}
	err := c.writeFragments(record.Handshake, raw)
	c.traceMessage(true, record.Handshake, raw)
	return err
}

// packs reports whether handshake messages share records: TLS 1.3's encrypted ones do, which saves a tag and a header
// each. Not in a trace, which shows one record for each message as OpenSSL's does.
func (c *Conn) packs() bool { return c.wr.Encrypted() && c.version >= VersionTLS13 && !c.cfg.Trace }

// sendFlight seals the messages that wait for it: before other keys, another type of record, or the end of a step.
func (c *Conn) sendFlight() error {
	if len(c.flight) == 0 {
		return nil
	}
	msgs := c.flight
	c.flight = nil
	return c.writeFragments(record.Handshake, msgs)
}

// established marks the first handshake as complete. The state that it is given handles what comes after it.
func (c *Conn) established(next state) state {
	c.done = true
	c.limits.emptyRecords = 0
	c.cfg.shared.countGood(c.side, c.info.resumed)
	return next
}
