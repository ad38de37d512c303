package core

import (
	"io"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/keys"
	"github.com/gossl/gossl/core/internal/wire"
)

// postHandshake is what TLS 1.3 needs after the handshake (RFC 9846 section 4.6).
type postHandshake struct {
	app        *appSecrets
	possible   bool             // the client offered post_handshake_auth
	transcript *keys.Transcript // through the client's Finished
	requested  bool             // the caller asked for a client certificate; the request is not sent yet
	updateDue  bool             // the peer asked us to change our sending keys
	context    []byte           // of the request under way
	auth       *keys.Transcript // of the request under way
}

// connected13 is CONNECTED: it takes what may come at any time.
type connected13 struct{}

func (s connected13) handle(c *Conn, m *message) (state, error) {
	switch {
	case m.typ == wire.TypeKeyUpdate:
		return s, c.peerKeyUpdate(m)
	case m.typ == wire.TypeNewSessionTicket && c.side == Client:
		return s, c.newTicket13(m)
	case m.typ == wire.TypeCertificateRequest && c.side == Client && c.post.possible:
		return s, c.answerLateRequest(m)
	case m.typ == wire.TypeCertificate && c.side == Server && c.post.auth != nil:
		return s.lateCertificate(c, m)
	}
	return nil, unexpected(m, "after the handshake")
}

// newTicket13 makes the session that the ticket stands for.
func (c *Conn) newTicket13(m *message) error {
	t, err := wire.UnmarshalNewSessionTicket13(m.body)
	if err != nil {
		return err
	}
	if t.Lifetime > maxTicketLifetime {
		return alert.Misbehaved(alert.ReasonBadValue, alert.IllegalParameter, "ticket lives longer than a week")
	}
	if t.Lifetime == 0 {
		return nil
	}
	s := *c.session
	s.secret = keys.ResumptionPSK(c.post.app.suite.Hash, c.post.app.resumption, t.Nonce)
	s.ageAdd = t.AgeAdd
	s.created, s.timeout = c.cfg.Now(), min(c.cfg.SessionTimeout, int64(t.Lifetime))
	s.setTicket(t.Ticket, t.Lifetime)
	s.maxEarly, s.issued = t.MaxEarlyData, s.created
	c.session = &s
	return nil
}

// peerKeyUpdate changes our reading keys, and our writing keys if the peer asks for it (RFC 9846 section 4.6.3).
func (c *Conn) peerKeyUpdate(m *message) error {
	if err := m.wantAligned(); err != nil {
		return err
	}
	ku, err := wire.UnmarshalKeyUpdate(m.body)
	if err != nil {
		return err
	}
	if c.limits.keyUpdates++; c.limits.keyUpdates > maxKeyUpdates {
		return alert.Misbehaved(alert.ReasonTooManyKeyUpdates, alert.UnexpectedMessage, "too many key updates")
	}
	secret := c.readSecret()
	*secret = keys.NextTrafficSecret(c.post.app.suite.Hash, *secret)
	if err := c.setReadSecret(c.post.app.suite, *secret); err != nil {
		return err
	}
	if ku.Request {
		c.post.updateDue = true
	}
	return nil
}

// KeyUpdate changes our sending keys, and asks the peer to change its own if requestPeer is set.
func (c *Conn) KeyUpdate(requestPeer bool) error {
	if !c.done || c.version != VersionTLS13 {
		return misuse(alert.ReasonWrongSSLVersion, "key update without TLS 1.3")
	}
	if c.err != nil {
		return c.err
	}
	return c.settle(c.updateKeys(requestPeer))
}

func (c *Conn) updateKeys(requestPeer bool) error {
	if err := c.sendMessage(nil, &wire.KeyUpdate{Request: requestPeer}); err != nil {
		return err
	}
	secret := c.writeSecret()
	*secret = keys.NextTrafficSecret(c.post.app.suite.Hash, *secret)
	return c.setWriteSecret(c.post.app.suite, *secret)
}

func (c *Conn) readSecret() *[]byte {
	if c.side == Client {
		return &c.post.app.server
	}
	return &c.post.app.client
}

func (c *Conn) writeSecret() *[]byte {
	if c.side == Client {
		return &c.post.app.client
	}
	return &c.post.app.server
}

// maxRecordsPerKey is where our sending keys are changed: well below the 2^24.5 records that RFC 9846 section 5.5
// allows for AES-GCM.
const maxRecordsPerKey = 1 << 23

// mustSpeakFirst reports whether beforeWrite has something to do.
func (c *Conn) mustSpeakFirst() bool {
	return c.version == VersionTLS13 && (c.keysAreDue() || c.post.requested)
}

func (c *Conn) keysAreDue() bool { return c.post.updateDue || c.wr.Sequence() >= maxRecordsPerKey }

// beforeWrite does what was put off until there is something to write: a key update that the peer asked for, one that
// is due, and a certificate request.
func (c *Conn) beforeWrite() error {
	if !c.mustSpeakFirst() {
		return nil
	}
	if c.keysAreDue() {
		c.post.updateDue = false
		if err := c.updateKeys(false); err != nil {
			return err
		}
	}
	if c.post.requested {
		c.post.requested = false
		return c.sendLateRequest()
	}
	return nil
}

// VerifyPostHandshake makes a server ask for the client's certificate with the next Write. The answer comes with a
// later Read.
func (c *Conn) VerifyPostHandshake() error {
	switch {
	case c.side == Client:
		return misuse(alert.ReasonNotServer, "only a server asks for certificates")
	case !c.done:
		return misuse(alert.ReasonStillInInit, "the handshake is not complete")
	case c.version != VersionTLS13:
		return misuse(alert.ReasonWrongSSLVersion, "post-handshake authentication needs TLS 1.3")
	case !c.post.possible:
		return misuse(alert.ReasonExtensionNotReceived, "the client does not offer post-handshake authentication")
	case c.post.requested:
		return misuse(alert.ReasonRequestPending, "a request is waiting to be sent")
	case c.post.auth != nil:
		return misuse(alert.ReasonRequestSent, "a request is under way")
	case c.cfg.VerifyMode == VerifyNone:
		return misuse(alert.ReasonInvalidConfig, "the config asks for no client certificate")
	}
	c.post.requested = c.err == nil
	return nil
}

// sendLateRequest sends the CertificateRequest with a context that was not used before (RFC 9846 section 4.3.2).
func (c *Conn) sendLateRequest() error {
	c.post.context = make([]byte, 32)
	if _, err := io.ReadFull(c.cfg.Rand, c.post.context); err != nil {
		return err
	}
	c.post.auth = c.post.transcript.Clone()
	return c.sendMessage(c.post.auth, c.certificateRequest13(c.post.context))
}

// answerLateRequest sends the client's Certificate, CertificateVerify and Finished (RFC 9846 section 4.6.2).
func (c *Conn) answerLateRequest(m *message) error {
	cr, err := wire.UnmarshalCertificateRequest13(m.body)
	if err != nil {
		return err
	}
	if len(cr.Context) == 0 {
		return alert.Misbehaved(alert.ReasonInvalidContext, alert.IllegalParameter,
			"certificate request without a context after the handshake")
	}
	t := c.post.transcript.Clone()
	t.Write(m.raw)
	if err := c.sendClientAuth13(cr, t); err != nil {
		return err
	}
	mac := c.post.app.lateFinishedMAC(t.Sum())
	return c.sendMessage(t, &wire.Finished{VerifyData: mac})
}

// lateCertificate takes the client's answer to a late request.
func (s connected13) lateCertificate(c *Conn, m *message) (state, error) {
	chain, err := c.peerCertificate13(m, nil, c.post.context)
	if err != nil {
		return nil, err
	}
	if len(chain) == 0 {
		if err := c.noClientCertificate(alert.CertificateRequired); err != nil {
			return nil, err
		}
		c.post.auth.Write(m.raw)
		return lateFinished{}, nil
	}
	c.post.auth.Write(m.raw)
	return c.checkPeer(chain, lateCertificateVerify{})
}

type lateCertificateVerify struct{}

func (s lateCertificateVerify) handle(c *Conn, m *message) (state, error) {
	if err := c.checkCertificateVerify13(m, c.post.auth); err != nil {
		return nil, err
	}
	return lateFinished{}, nil
}

type lateFinished struct{}

func (s lateFinished) handle(c *Conn, m *message) (state, error) {
	if err := c.checkFinished13(m, c.post.app.lateFinishedMAC, c.post.auth); err != nil {
		return nil, err
	}
	c.post.auth, c.post.context = nil, nil
	return connected13{}, nil
}
