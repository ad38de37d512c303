package core

import (
	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/pki"
	"github.com/gossl/gossl/core/internal/record"
)

// Side says which end of a connection we are.
type Side uint8

// The two sides.
const (
	Client Side = iota
	Server
)

// Conn is one TLS connection between two Buffers: ciphertext that has come (In) and ciphertext that is to go (Out).
//
//	      Read ◄── record.Open ◄── In  ◄── transport
//	caller             ▲ keys
//	      Write ──► record.Seal ──► Out ──► transport
//
// No method blocks or makes a system call. A method that needs more input returns ErrWantRead; one that needs a
// decision returns a Want. After any call, also a failed one, send what is in Out. A Conn is used by one goroutine
// at a time, or by two as SetExclusive says.
type Conn struct {
	cfg  *Config
	side Side
	in   Buffer
	out  Buffer
	rd   record.Half
	wr   record.Half

	version uint16 // 0 until negotiated
	state   state  // what is waited for; nil before the handshake starts
	want    Want   // the decision that state waits for, or 0
	done    bool   // the first handshake is complete
	err     *Error // the first fatal error; it stays

	sentClose, gotClose, inputEnded bool
	sentCCS                         bool // the one that keeps middleboxes quiet

	handshakeIn []byte // the handshake messages received but not handled yet
	flight      []byte // the handshake messages to send that may share a record

	exclusive Excluder // see SetExclusive; may be nil

	// misspeak, which only tests set, sends a handshake message in another way, or another one.
	misspeak func(raw []byte) error
	rest     []byte // plaintext of an opened record that was not read yet: a part of restMem
	restMem  []byte
	into     []byte // where Read wants the next record's content, during a Read

	peerCerts []*pki.Certificate // parsed and not verified yet

	limits  limits
	info    info
	session *Session // the one to offer (client, before the handshake), then the one in force
	post    postHandshake
	keyLog  []byte
	trace   []TraceEvent
	psk     *pskAnswer // nil: nobody asked
	early   earlyData
}

// NewConn makes a connection. serverName is what a client connects to: a host name in A-label form or an IP address;
// host names are sent as SNI. Servers pass "".
func NewConn(cfg *Config, side Side, serverName string) (*Conn, error) {
	if side == Server && cfg.method == MethodTLSClient {
		return nil, misuse(0, "Cannot create a server socket with a PROTOCOL_TLS_CLIENT context")
	}
	if side == Client && cfg.method == MethodTLSServer {
		return nil, misuse(0, "Cannot create a client socket with a PROTOCOL_TLS_SERVER context")
	}
	if cfg.MaxEarlyData < 0 || cfg.MaxEarlyData > maxEarlyLimit {
		return nil, misuse(alert.ReasonInvalidMaxEarlyData, "MaxEarlyData is not between 0 and 2^24 bytes")
	}
	c := &Conn{cfg: cfg.forConn(), side: side}
	c.info.serverName = serverName
	c.wr.SetVersion(VersionTLS10) // RFC 9846 appendix E.5: the first record says 0x0301
	c.cfg.shared.countStart(side)
	return c, nil
}

// In is the queue of ciphertext from the peer. The caller fills it.
func (c *Conn) In() *Buffer { return &c.in }

// Out is the queue of ciphertext to the peer. The caller empties it.
func (c *Conn) Out() *Buffer { return &c.out }

// InputEnded says that nothing will come any more: the transport ended.
func (c *Conn) InputEnded() { c.inputEnded = true }

// Err returns the fatal error of the connection, or nil.
func (c *Conn) Err() error {
	if c.err == nil {
		return nil
	}
	return c.err
}

// Handshake goes on with the handshake. It returns nil when it is complete, else ErrWantRead, a Want, ErrClosed or
// an *Error.
func (c *Conn) Handshake() error {
	if c.done {
		return c.Err()
	}
	c.alone()
	return c.settle(c.handshake())
}

func (c *Conn) handshake() error {
	if c.err != nil {
		return c.err
	}
	for !c.done {
		if err := c.advance(); err != nil {
			return err
		}
	}
	return nil
}

// Read returns up to len(p) bytes of plaintext, at most one record's, after the handshake, which it does if needed. As an
// io.Reader it may use all of p as scratch space.
func (c *Conn) Read(p []byte) (int, error) { return c.read(p, p) }

// ReadKeeping is Read for a p in which nothing but the bytes that were read may change. It costs a copy of them.
func (c *Conn) ReadKeeping(p []byte) (int, error) { return c.read(p, nil) }

func (c *Conn) read(p, scratch []byte) (int, error) {
	if len(c.rest) > 0 {
		n := copy(p, c.rest)
		c.rest = c.rest[n:]
		return n, nil
	}
	if !c.done {
		if err := c.Handshake(); err != nil {
			return 0, err
		}
	}
	for len(p) > 0 {
		c.into = scratch
		data, err := c.nextData()
		c.into = nil
		if err != nil {
			return 0, c.settle(err)
		}
		if len(data) > 0 {
			return c.deliver(p, data), nil
		}
	}
	return 0, nil
}

// nextData handles one record and returns its application data.
func (c *Conn) nextData() ([]byte, error) {
	if c.err != nil {
		return nil, c.err
	}
	if c.want != 0 {
		return nil, c.want
	}
	if r, ok := c.state.(resumer); ok { // the answer to a Want after the handshake
		c.alone()
		return nil, c.enter(r.resume(c))
	}
	return c.next()
}

// deliver copies data to p, unless it is there already, and keeps what does not fit.
func (c *Conn) deliver(p, data []byte) int {
	if &p[0] == &data[0] {
		return len(data)
	}
	n := copy(p, data)
	if n < len(data) {
		c.restMem = append(c.restMem[:0], data[n:]...)
		c.rest = c.restMem
	}
	return n
}

// Pending returns how many bytes Read would give without more input.
func (c *Conn) Pending() int { return len(c.rest) }

// maxBurst bounds what one Write seals, so that a caller who cannot send is told so soon.
const maxBurst = 4 * record.MaxPlaintext

// Write seals plaintext into Out, after the handshake, which it does if needed. It may take less than all of p; the
// caller goes on with the rest when Out has been sent.
func (c *Conn) Write(p []byte) (int, error) {
	if !c.done {
		if err := c.Handshake(); err != nil {
			return 0, err
		}
	}
	if c.err != nil {
		return 0, c.err
	}
	if c.sentClose {
		return 0, misuse(alert.ReasonProtocolIsShutdown, "write after close_notify")
	}
	if err := c.beforeWrite(); err != nil {
		return 0, c.settle(err)
	}
	if c.splitsRecords() {
		if err := c.writeRecord(record.ApplicationData, nil); err != nil {
			return 0, c.settle(err)
		}
	}
	p = p[:min(len(p), maxBurst)]
	for taken := 0; taken < len(p); {
		n := min(len(p)-taken, c.fragment())
		if err := c.writeRecord(record.ApplicationData, p[taken:taken+n]); err != nil {
			return taken, c.settle(err)
		}
		taken += n
	}
	return len(p), nil
}

// Shutdown sends close_notify, once, and returns nil when the peer's has come too, else ErrWantRead. What the peer
// still sends before its close_notify is an error here: read it first. Input after the peer's close_notify is not
// touched.
func (c *Conn) Shutdown() error {
	switch {
	case c.err != nil:
		return c.err
	case !c.done:
		return misuse(alert.ReasonShutdownWhileInInit, "shutdown during the handshake")
	}
	if err := c.CloseWrite(); err != nil {
		return err
	}
	for !c.gotClose {
		data, err := c.nextData()
		if err == ErrClosed {
			break
		}
		if err != nil {
			return c.settle(err)
		}
		if len(data) > 0 || len(c.rest) > 0 {
			return c.settle(alert.New(alert.Peer, alert.ReasonApplicationDataAfterCloseNotify, alert.No,
				"application data came while the connection was being closed"))
		}
	}
	return nil
}

// CloseWrite sends close_notify, once. Data of the peer can still be read.
func (c *Conn) CloseWrite() error {
	if c.sentClose {
		return nil
	}
	c.sentClose = true
	return c.settle(c.sendAlert(alert.CloseNotify))
}

// PeerError handles what has come without delivering it: data stays for Read. It returns an *Error if the connection has
// failed, ErrWantRead if nothing more is there, ErrClosed after close_notify, and nil in front of data.
func (c *Conn) PeerError() error {
	for len(c.rest) == 0 {
		data, err := c.nextData()
		if err != nil {
			return c.settle(err)
		}
		c.restMem = append(c.restMem[:0], data...)
		c.rest = c.restMem
	}
	return nil
}

// Ready returns how many bytes the next Read gives at most without more input; 0 if it needs some, or may.
func (c *Conn) Ready() int {
	if len(c.rest) > 0 {
		return len(c.rest)
	}
	if c.in.Len() < record.HeaderLen || c.NeedInput() > 0 {
		return 0
	}
	return c.rd.MaxContent(record.ParseHeader(c.in.Bytes()).Length)
}

// NeedInput returns how many bytes are missing until In holds a whole record: what a reader of a socket may read
// without reading past the record.
func (c *Conn) NeedInput() int {
	have := c.in.Bytes()
	if len(have) < record.HeaderLen {
		return record.HeaderLen - len(have)
	}
	return max(0, record.HeaderLen+record.ParseHeader(have).Length-len(have))
}

// settle is the one door through which an error leaves a method: what ends the connection is remembered, and its
// alert is sent.
func (c *Conn) settle(err error) error {
	if err == nil || err == ErrWantRead || err == ErrClosed || err == error(c.err) {
		return err
	}
	if w, ok := err.(Want); ok {
		return w
	}
	e := asError(err)
	if e.Class == alert.Caller && e.Alert == alert.No {
		return e
	}
	return c.fail(e)
}

// fail ends the connection: it sends the alert, once, and keeps the error.
func (c *Conn) fail(e *Error) error {
	c.alone()
	if c.err != nil {
		return c.err
	}
	c.err = e
	if e.Alert != alert.No && e.Class != alert.Received && !c.sentClose {
		_ = c.sendAlert(e.Alert) // the error itself is what matters
	}
	c.state, c.handshakeIn = nil, nil
	c.info.forgetSession(c)
	return e
}

// Abort sends a fatal alert and ends the connection. It may be called instead of an answer to a Want.
func (c *Conn) Abort(description int) error {
	if c.err != nil {
		return c.err
	}
	c.want = 0
	_ = c.fail(alert.New(alert.Caller, alert.ReasonCallbackFailed, alert.Description(description), "the caller ended the connection"))
	return nil
}
