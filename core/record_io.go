package core

import (
	"bytes"
	"encoding/binary"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/record"
)

// This file is the only one that moves records between the buffers and the rest: it opens and seals them, and keeps
// the limits on what a peer may send without getting anywhere.

// limits counts what must not go on for ever.
type limits struct {
	emptyRecords, warnings, keyUpdates uint8
	skipEarlyData                      int // bytes of a refused client's early data that may still be skipped
	sendFragment                       int // the peer's record_size_limit, or 0
}

const (
	maxEmptyRecords  = 32 // consecutive
	maxWarnings      = 4  // consecutive
	maxKeyUpdates    = 32 // without application data between them
	maxEarlyDataSkip = 1 << 14
)

// fragment returns how much plaintext one record that we send may carry.
func (c *Conn) fragment() int {
	if c.limits.sendFragment > 0 {
		return min(c.limits.sendFragment, c.cfg.MaxSendFragment)
	}
	return c.cfg.MaxSendFragment
}

// next handles one record, or one handshake message left from the last record, and returns the application data in
// it, which is in the input buffer: use it before the next call.
func (c *Conn) next() ([]byte, error) {
	if len(c.handshakeIn) > 0 || c.cfg.Trace {
		c.alone()
		if handled, err := c.nextMessage(); handled || err != nil {
			return nil, err
		}
	}
	if c.gotClose {
		return nil, ErrClosed
	}
	hdr, raw, err := c.wholeRecord()
	if err != nil {
		return nil, err
	}
	if err := c.checkHeader(hdr); err != nil {
		return nil, err
	}
	c.traceHeader(false, raw)
	if c.limits.skipEarlyData > 0 && !c.rd.Encrypted() && hdr.Type == record.ApplicationData {
		c.in.Consume(len(raw)) // after a HelloRetryRequest
		return nil, c.skipEarlyData(hdr.Length)
	}
	typ, plain, err := c.open(hdr, raw)
	c.in.Consume(len(raw))
	if err != nil {
		return nil, c.skipOrFail(hdr, len(raw), err)
	}
	return c.handleRecord(hdr, typ, plain)
}

// open decrypts a record. A client that does not understand our ServerHello has no keys yet: its alert comes in the
// clear, until something of it has been decrypted.
func (c *Conn) open(hdr record.Header, raw []byte) (record.ContentType, []byte, error) {
	if c.side == Server && c.version == VersionTLS13 && !c.done && hdr.Type == record.Alert && hdr.Length == alertLen &&
		c.rd.Sequence() == 0 {
		return hdr.Type, raw[record.HeaderLen:], nil
	}
	if c.into == nil || !c.done || hdr.Type != record.ApplicationData || !c.rd.OpensInto(hdr.Length, len(c.into)) {
		return c.rd.Open(raw)
	}
	typ, plain, err := c.rd.OpenInto(c.into, raw)
	if err == nil && typ != record.ApplicationData { // a handshake message or an alert is not for the reader's eyes
		inPlace := raw[record.HeaderLen:][:copy(raw[record.HeaderLen:], plain)]
		clear(c.into[:len(plain)+1]) // and the content type
		plain = inPlace
	}
	return typ, plain, err
}

const alertLen = 2

// wholeRecord returns the first record in the input buffer.
func (c *Conn) wholeRecord() (record.Header, []byte, error) {
	b := c.in.Bytes()
	if len(b) < record.HeaderLen {
		return record.Header{}, nil, c.inputMissing()
	}
	hdr := record.ParseHeader(b)
	if err := c.checkFirstRecord(hdr, b); err != nil {
		return hdr, nil, err
	}
	if hdr.Length > record.MaxCiphertext12 || c.version >= VersionTLS13 && hdr.Length > record.MaxCiphertext13 {
		reason := alert.ReasonEncryptedLengthTooLong
		if !c.rd.Encrypted() {
			reason = alert.ReasonPacketLengthTooLong
		}
		return hdr, nil, alert.Misbehaved(reason, alert.RecordOverflow, "record is longer than the protocol allows")
	}
	if len(b) < record.HeaderLen+hdr.Length {
		return hdr, nil, c.inputMissing()
	}
	return hdr, b[:record.HeaderLen+hdr.Length], nil
}

// inputMissing says that the caller should bring more, or that the transport has ended too early.
func (c *Conn) inputMissing() error {
	if !c.inputEnded {
		return ErrWantRead
	}
	if c.cfg.Options&OpIgnoreUnexpectedEOF != 0 && c.done {
		c.gotClose = true
		return ErrClosed
	}
	return alert.New(alert.System, alert.ReasonUnexpectedEofWhileReading, alert.No,
		"the transport ended without close_notify")
}

// checkFirstRecord tells what speaks no TLS at all, with the words that OpenSSL has for it.
func (c *Conn) checkFirstRecord(hdr record.Header, b []byte) error {
	if c.version != 0 || c.rd.Encrypted() || hdr.Version>>8 == 3 {
		return nil
	}
	reason, text := alert.ReasonWrongVersionNumber, "peer does not speak TLS"
	if c.side == Server {
		for _, method := range []string{"GET ", "POST ", "HEAD ", "PUT "} {
			if bytes.HasPrefix(b, []byte(method)) {
				reason, text = alert.ReasonHTTPRequest, "peer speaks HTTP"
			}
		}
		if bytes.HasPrefix(b, []byte("CONNE")) {
			reason, text = alert.ReasonHTTPSProxyRequest, "peer speaks to an HTTP proxy"
		}
	}
	return alert.New(alert.Peer, reason, alert.ProtocolVersion, text)
}

// checkHeader checks what a header says against what the connection has agreed on.
func (c *Conn) checkHeader(hdr record.Header) error {
	switch hdr.Type {
	case record.ChangeCipherSpec, record.Alert, record.Handshake, record.ApplicationData:
	default:
		return alert.Misbehaved(alert.ReasonUnexpectedRecord, alert.UnexpectedMessage, "record of unknown type")
	}
	// RFC 9846 section 5.1: legacy_record_version is ignored. Before TLS 1.3 it is the version in use.
	// OpenSSL ignores it only as long as nothing is encrypted.
	if c.version != 0 && c.version < VersionTLS13 && hdr.Version != c.version || hdr.Version>>8 != 3 ||
		c.version == VersionTLS13 && c.rd.Encrypted() && hdr.Version != VersionTLS12 {
		return alert.Misbehaved(alert.ReasonWrongVersionNumber, alert.ProtocolVersion,
			"record of another protocol version")
	}
	return nil
}

// skipOrFail passes over the early data that a client sent in vain (RFC 9846 section 4.2.10): records that do not
// decrypt, up to a limit.
func (c *Conn) skipOrFail(hdr record.Header, n int, err error) error {
	if c.limits.skipEarlyData > 0 && c.rd.Encrypted() && hdr.Type == record.ApplicationData && c.rd.Sequence() == 0 {
		return c.skipEarlyData(n)
	}
	return err
}

func (c *Conn) skipEarlyData(n int) error {
	c.limits.skipEarlyData -= n
	if c.limits.skipEarlyData <= 0 {
		return alert.Misbehaved(alert.ReasonTooMuchEarlyData, alert.UnexpectedMessage, "too much early data")
	}
	return nil
}

func (c *Conn) handleRecord(hdr record.Header, typ record.ContentType, plain []byte) ([]byte, error) {
	if typ != record.ApplicationData {
		c.alone()
	}
	if c.version >= VersionTLS13 && c.rd.Encrypted() && hdr.Type == record.ApplicationData {
		c.traceInner(false, typ)
	}
	if typ != record.Alert && len(plain) > 0 {
		c.limits.warnings = 0
	}
	if typ == record.Handshake && !c.rd.Encrypted() {
		c.limits.skipEarlyData = 0 // the client goes on: early data comes before that or not at all
	}
	switch typ {
	case record.ApplicationData:
		return c.applicationData(plain)
	case record.Handshake:
		return nil, c.handshakeData(plain)
	case record.Alert:
		return nil, c.alertData(plain)
	}
	return nil, c.changeCipherSpec(plain)
}

func (c *Conn) applicationData(plain []byte) ([]byte, error) {
	if len(c.handshakeIn) > 0 {
		return nil, alert.Misbehaved(alert.ReasonMixedHandshakeAndNonHandshakeData, alert.UnexpectedMessage,
			"application data inside a handshake message")
	}
	if c.side == Server && c.early.phase == earlyOpen {
		return nil, c.takeEarlyData(plain)
	}
	if !c.done {
		return nil, alert.Misbehaved(alert.ReasonUnexpectedMessage, alert.UnexpectedMessage,
			"application data during the handshake")
	}
	if len(plain) > 0 {
		c.limits.emptyRecords, c.limits.keyUpdates = 0, 0
		return plain, nil
	}
	return nil, c.countEmpty()
}

func (c *Conn) countEmpty() error {
	if c.limits.emptyRecords++; c.limits.emptyRecords > maxEmptyRecords {
		return alert.Misbehaved(alert.ReasonRecordTooSmall, alert.UnexpectedMessage, "too many empty records")
	}
	return nil
}

// alertData handles an alert (RFC 9846 section 6, RFC 5246 section 7.2).
func (c *Conn) alertData(plain []byte) error {
	if len(c.handshakeIn) > 0 && c.version >= VersionTLS13 {
		return alert.Misbehaved(alert.ReasonMixedHandshakeAndNonHandshakeData, alert.UnexpectedMessage,
			"alert inside a handshake message")
	}
	if len(plain) != alertLen {
		return alert.Misbehaved(alert.ReasonInvalidAlert, alert.DecodeError, "malformed alert")
	}
	c.traceMessage(false, record.Alert, plain)
	level, d := plain[0], alert.Description(plain[1])
	if d == alert.CloseNotify {
		c.gotClose = true
		return ErrClosed
	}
	switch {
	case level != 1 && level != 2:
		return alert.Misbehaved(alert.ReasonUnknownAlertType, alert.IllegalParameter, "alert of unknown level")
	case level == 2:
		return c.fail(alert.FromPeer(d))
	case c.version >= VersionTLS13 && d != alert.UserCanceled: // RFC 9846 section 6: there are no other warnings
		return alert.Misbehaved(alert.ReasonInvalidAlert, alert.DecodeError, "peer sent alert "+d.String()+" as a warning")
	}
	if c.limits.warnings++; c.limits.warnings > maxWarnings {
		return alert.Misbehaved(alert.ReasonTooManyWarnAlerts, alert.DecodeError, "too many warning alerts")
	}
	return c.warningAlert(d)
}

// warningAlert handles an alert that does not end the connection by itself.
func (c *Conn) warningAlert(d alert.Description) error {
	if d == alert.NoRenegotiation && c.done {
		return c.fail(alert.New(alert.Peer, alert.ReasonNoRenegotiation, alert.HandshakeFailure,
			"peer refuses to renegotiate"))
	}
	return nil
}

// changeCipherSpec hands the signal to a state of TLS 1.2 that waits for it, and passes over the one that TLS 1.3
// peers send for the sake of middleboxes (RFC 9846 section 5).
func (c *Conn) changeCipherSpec(plain []byte) error {
	if len(plain) != 1 || plain[0] != 1 {
		return alert.Misbehaved(alert.ReasonBadChangeCipherSpec, alert.IllegalParameter, "malformed change_cipher_spec")
	}
	if len(c.handshakeIn) > 0 {
		return alert.Misbehaved(alert.ReasonMixedHandshakeAndNonHandshakeData, alert.UnexpectedMessage,
			"change_cipher_spec inside a handshake message")
	}
	if s, ok := c.state.(changeCipherSpecState); ok {
		next, err := s.changeCipherSpec(c)
		return c.enter(next, err)
	}
	if c.ignoresChangeCipherSpec() {
		return c.countEmpty()
	}
	return alert.Misbehaved(alert.ReasonCCSReceivedEarly, alert.UnexpectedMessage, "unexpected change_cipher_spec")
}

// ignoresChangeCipherSpec: RFC 9846 section 5: between the first ClientHello and the peer's Finished, unencrypted.
func (c *Conn) ignoresChangeCipherSpec() bool {
	return !c.done && c.state != nil && c.version == VersionTLS13
}

// writeRecord seals one record into the output buffer.
func (c *Conn) writeRecord(typ record.ContentType, fragment []byte) error {
	if len(c.flight) > 0 {
		if err := c.sendFlight(); err != nil {
			return err
		}
	}
	space := c.out.Space(len(fragment) + c.wr.Overhead())
	sealed, err := c.wr.Seal(space[:0], typ, fragment, 0)
	if err != nil {
		return err
	}
	c.out.Extend(len(sealed))
	if c.cfg.Trace {
		c.traceHeader(true, sealed)
		if c.wr.Encrypted() && c.version >= VersionTLS13 {
			c.traceInner(true, typ)
		}
	}
	return nil
}

// writeFragments seals a message of any length into as many records as it takes.
func (c *Conn) writeFragments(typ record.ContentType, msg []byte) error {
	for {
		n := min(len(msg), c.fragment())
		if err := c.writeRecord(typ, msg[:n]); err != nil {
			return err
		}
		if msg = msg[n:]; len(msg) == 0 {
			return nil
		}
	}
}

// sendAlert is the only place where an alert is sent.
func (c *Conn) sendAlert(d alert.Description) error {
	if c.side == Client && c.version == VersionTLS13 && c.wr.Encrypted() && !c.done {
		if err := c.sendCompatCCS(); err != nil { // before anything that is encrypted
			return err
		}
	}
	level := byte(2)
	if d == alert.CloseNotify || d == alert.UserCanceled {
		level = 1
	}
	msg := []byte{level, byte(d)}
	err := c.writeRecord(record.Alert, msg)
	c.traceMessage(true, record.Alert, msg)
	return err
}

// sendChangeCipherSpec sends the one-byte signal.
func (c *Conn) sendChangeCipherSpec() error {
	err := c.writeRecord(record.ChangeCipherSpec, []byte{1})
	c.traceMessage(true, record.ChangeCipherSpec, []byte{1})
	return err
}

// uint24 reads the length of a handshake message.
func uint24(b []byte) int { return int(b[0])<<16 | int(binary.BigEndian.Uint16(b[1:])) }
