package core

import (
	"github.com/gossl/gossl/core/internal/alert"
)

// pause waits for the caller's answer to a Want and then goes on with the next state, which may have a message to handle
// already.
type pause struct {
	next state
	m    *message
}

func (s pause) handle(_ *Conn, m *message) (state, error) {
	return nil, unexpected(m, "before the caller has answered")
}

func (s pause) resume(c *Conn) (state, error) {
	if s.m == nil {
		return s.next, nil
	}
	return s.next.handle(c, s.m)
}

// AnswerSNI answers WantSNI: GoOn and NoAck go on, any other value refuses the client with that alert.
func (c *Conn) AnswerSNI(description int) error {
	if c.want != WantSNI {
		return misuse(0, "no decision about the server name is open")
	}
	c.want = 0
	c.info.sniNoAck = description == NoAck
	if description < 0 {
		return nil
	}
	return c.refuse(alert.ReasonCallbackFailed, description, "the caller refused the server name")
}

// Answers that let the handshake go on. NoAck also leaves out the server's acknowledgement of the name.
const (
	GoOn  = -1
	NoAck = -2
)

// AnswerCertificate answers WantCertificate: GoOn goes on with the certificates of the Config, any other value ends
// the handshake with that alert.
func (c *Conn) AnswerCertificate(description int) error {
	if c.want != WantCertificate {
		return misuse(0, "no decision about our certificate is open")
	}
	c.want = 0
	if description < 0 {
		return nil
	}
	return c.refuse(alert.ReasonCertCbError, description, "the caller gave no certificate")
}

// AnswerVerify answers WantVerify with the caller's verdict about [Conn.PeerCertificates]: 0 (X509_V_OK) accepts them,
// any other X509_V_ERR_* refuses them with that alert, or, with VerifyNone, is only kept for [Conn.VerifyResult].
func (c *Conn) AnswerVerify(code, description int) error {
	if c.want != WantVerify {
		return misuse(0, "no verdict about the peer's certificates is open")
	}
	c.want = 0
	c.info.verifyResult = alert.VerifyCode(code)
	if code == 0 {
		c.info.verified = c.info.peerChain
		return nil
	}
	if c.cfg.VerifyMode == VerifyNone {
		return nil
	}
	_ = c.fail(&alert.Error{Class: alert.Peer, Library: alert.LibSSL, Reason: alert.ReasonCertificateVerifyFailed,
		Alert: alert.Description(description), Verify: c.info.verifyResult,
		Text: "the caller refused the peer's certificates"})
	return nil
}

// refuse ends the connection because the caller says so. The error comes with the next call.
func (c *Conn) refuse(reason alert.Reason, description int, text string) error {
	_ = c.fail(alert.New(alert.Caller, reason, alert.Description(description), text))
	return nil
}

// checkPeer takes the peer's certificates and goes on with the next state when they are accepted.
func (c *Conn) checkPeer(ders [][]byte, next state) (state, error) {
	if err := c.setPeerChain(ders); err != nil {
		return nil, err
	}
	return c.judgePeer(next, nil)
}

// judgePeer verifies the peer's certificates, or lets the caller do it, and goes on with the next state and perhaps its
// message.
func (c *Conn) judgePeer(next state, m *message) (state, error) {
	if c.cfg.AskVerify {
		return pause{next, m}, WantVerify
	}
	if err := c.verifyPeer(); err != nil {
		return nil, err
	}
	return pause{next, m}.resume(c)
}

// askCertificate lets the caller choose our certificate before the next state, if it wants to.
func (c *Conn) askCertificate(next state) (state, error) {
	if c.cfg.AskCertificate {
		return pause{next: next}, WantCertificate
	}
	return next, nil
}
