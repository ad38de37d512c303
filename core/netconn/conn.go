// Package netconn gives a core.Conn the shape of a net.Conn, so that it serves whatever takes one: net/http among them.
//
//	caller ── Read, Write ──► Conn ── core.Conn ──► net.Conn (TCP)
//
// Reading and writing may go on at once, each by one goroutine or by several. No lock is held while the peer is waited
// for. Deadlines are the transport's; a write that misses its own leaves the connection unusable for further writes, as
// with crypto/tls, because a part of a record may have gone out; what the peer has sent can still be read.
package netconn

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/gossl/gossl/core"
)

// ErrDecision is what a handshake fails with that waits for a decision of its caller (core.Want): there is nobody to ask
// here. Use core.Conn itself for Configs that ask.
var ErrDecision = errors.New("netconn: the config asks for a decision, which a net.Conn cannot wait for")

// Conn is a TLS connection over a net.Conn.
type Conn struct {
	raw net.Conn

	handshaking sync.Mutex // one goroutine does the handshake; taken before all others

	mu     sync.Mutex // guards engine: held for one call of it, never while waiting
	engine *core.Conn

	reading sync.Mutex // one reader of raw at a time
	buf     []byte

	sending  sync.Mutex // one writer to raw at a time; taken before mu; who lets it go calls flush
	out      []byte
	writeErr error // after a write that failed half-way
}

// Client makes a connection as a client of serverName. The handshake takes place with the first Read or Write, or with
// Handshake.
func Client(raw net.Conn, cfg *core.Config, serverName string) (*Conn, error) {
	return wrap(raw, cfg, core.Client, serverName)
}

// Server makes a connection as a server.
func Server(raw net.Conn, cfg *core.Config) (*Conn, error) { return wrap(raw, cfg, core.Server, "") }

func wrap(raw net.Conn, cfg *core.Config, side core.Side, serverName string) (*Conn, error) {
	engine, err := core.NewConn(cfg, side, serverName)
	if err != nil {
		return nil, err
	}
	return &Conn{raw: raw, engine: engine, buf: make([]byte, 16<<10)}, nil
}

// Handshake does the handshake, if it is not done. Reader and writer wait here for whoever does it: if each brought its
// own input, the one that finished it could go on to wait for data while the other still waits for its turn to read.
func (c *Conn) Handshake() error {
	c.handshaking.Lock()
	defer c.handshaking.Unlock()
	if c.handshakeDone() {
		return nil
	}
	_, err := c.run(func() (int, error) { return 0, c.engine.Handshake() })
	return err
}

func (c *Conn) handshakeDone() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.engine.HandshakeDone()
}

// Read reads plaintext. It returns io.EOF after the peer's close_notify, and io.ErrUnexpectedEOF if the transport ends
// without.
func (c *Conn) Read(p []byte) (int, error) {
	if err := c.Handshake(); err != nil {
		return 0, err
	}
	return c.run(func() (int, error) { return c.engine.Read(p) })
}

// Write writes all of p.
func (c *Conn) Write(p []byte) (int, error) {
	if err := c.Handshake(); err != nil {
		return 0, err
	}
	written := 0
	for written < len(p) {
		n, err := c.writeSome(p[written:])
		written += n
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

func (c *Conn) writeSome(p []byte) (int, error) {
	n, err := c.sealAndSend(func() (int, error) { return c.engine.Write(p) })
	if ferr := c.flush(); err == nil {
		err = ferr
	}
	return n, plain(err)
}

// sealAndSend does an operation that makes output, and sends it.
func (c *Conn) sealAndSend(op func() (int, error)) (int, error) {
	c.sending.Lock()
	defer c.sending.Unlock()
	if c.writeErr != nil {
		return 0, c.writeErr
	}
	c.mu.Lock()
	n, err := op()
	c.mu.Unlock()
	if serr := c.sendLocked(); err == nil {
		err = serr
	}
	return n, err
}

// run repeats an operation until it needs no more input, and sends what it has to say.
func (c *Conn) run(op func() (int, error)) (int, error) {
	for {
		n, err := c.try(op)
		if err == core.ErrWantRead {
			if n, err = c.tryWithInput(op); err == core.ErrWantRead {
				continue
			}
		}
		return n, plain(err)
	}
}

// try does one step of the operation and sends what it says. A reader that has something to say, such as the answer to a
// KeyUpdate, and cannot, still reads what the peer has sent: the next write fails.
func (c *Conn) try(op func() (int, error)) (int, error) {
	c.mu.Lock()
	shaking := !c.engine.HandshakeDone()
	n, err := op()
	c.mu.Unlock()
	if serr := c.flush(); serr != nil && shaking && (err == nil || err == core.ErrWantRead) {
		err = serr
	}
	return n, err
}

// tryWithInput brings more input, if the operation still needs it now that it is our turn to read: who read before us may
// have brought it.
func (c *Conn) tryWithInput(op func() (int, error)) (int, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	if n, err := c.try(op); err != core.ErrWantRead {
		return n, err
	}
	n, err := c.raw.Read(c.buf)
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = c.engine.In().Write(c.buf[:n])
	if err == io.EOF {
		c.engine.InputEnded()
		err = nil
	}
	if err == nil || n > 0 {
		err = core.ErrWantRead
	}
	return 0, err
}

// flush sends the engine's output unless somebody is sending already, who then sends this too. A reader must not wait
// for a writer here: with both peers' writers waiting to be read from, nobody would read.
func (c *Conn) flush() error {
	for c.hasOutput() && c.sending.TryLock() {
		err := c.sendLocked()
		c.sending.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *Conn) hasOutput() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.engine.Out().Len() > 0
}

// sendLocked sends the engine's output. c.sending is held, so that records keep their order.
func (c *Conn) sendLocked() error {
	if c.writeErr != nil {
		return c.writeErr
	}
	c.mu.Lock()
	out := c.engine.Out()
	c.out = append(c.out[:0], out.Bytes()...)
	out.Consume(out.Len())
	c.mu.Unlock()
	if len(c.out) == 0 {
		return nil
	}
	_, c.writeErr = c.raw.Write(c.out)
	return c.writeErr
}

// plain gives the ends of a stream the errors that net.Conn's users know.
func plain(err error) error {
	var e *core.Error
	var w core.Want
	switch {
	case err == core.ErrClosed:
		return io.EOF
	case errors.As(err, &w):
		return ErrDecision
	case errors.As(err, &e) && e.IsEOF():
		return io.ErrUnexpectedEOF
	}
	return err
}

// CloseWrite sends close_notify; reading can go on.
func (c *Conn) CloseWrite() error {
	_, err := c.sealAndSend(func() (int, error) { return 0, c.engine.CloseWrite() })
	return errors.Join(err, c.flush())
}

// Close sends close_notify, if the handshake is done, and closes the transport, which ends a Read or Write that waits.
func (c *Conn) Close() error {
	c.mu.Lock()
	done := c.engine.HandshakeDone() && c.engine.Err() == nil
	if done {
		_ = c.engine.CloseWrite()
	}
	c.mu.Unlock()
	if done && c.sending.TryLock() { // a writer that waits for the peer is not waited for
		_ = c.raw.SetWriteDeadline(time.Now().Add(5 * time.Second))
		_ = c.sendLocked()
		c.sending.Unlock()
	}
	return c.raw.Close()
}

// State calls f with the engine, for what a net.Conn has no methods for: version, cipher, certificates, ALPN.
func (c *Conn) State(f func(*core.Conn)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(c.engine)
}

// LocalAddr returns the transport's local address.
func (c *Conn) LocalAddr() net.Addr { return c.raw.LocalAddr() }

// RemoteAddr returns the transport's remote address.
func (c *Conn) RemoteAddr() net.Addr { return c.raw.RemoteAddr() }

// SetDeadline sets the transport's deadlines.
func (c *Conn) SetDeadline(t time.Time) error { return c.raw.SetDeadline(t) }

// SetReadDeadline sets the transport's read deadline.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.raw.SetReadDeadline(t) }

// SetWriteDeadline sets the transport's write deadline.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.raw.SetWriteDeadline(t) }
