package core

import (
	"bytes"
	"crypto"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/keys"
	"github.com/gossl/gossl/core/internal/wire"
)

// serverPSK is the pre-shared key that the server chose.
type serverPSK struct {
	index   int
	secret  []byte
	session *Session // nil: external
	early   *keys.EarlySecret
}

// choosePSK looks through the client's pre-shared keys for one that we can use, then answers the hello
// (RFC 9846 section 4.2.11).
func (c *Conn) choosePSK(hs *server13) (state, error) {
	h := hs.hello
	if len(h.PSKIdentities) == 0 || !contains(h.PSKModes, wire.PSKModeDHE) {
		return c.respond13(hs)
	}
	for i, id := range h.PSKIdentities {
		s := c.sessionOf13(id.Identity, hs)
		if s == nil {
			continue
		}
		if err := hs.usePSK(c, &serverPSK{index: i, secret: s.secret, session: s}); err != nil {
			return nil, err
		}
		if err := c.restore(s); err != nil {
			return nil, err
		}
		return c.respond13(hs)
	}
	if c.cfg.AskPSKServer && hs.suite.Hash == crypto.SHA256 {
		return askPSK{hs, 0}.ask(c)
	}
	if c.cfg.AskPSKServer { // external keys go with SHA-256: take a suite that has it, if the client offers one
		if st := c.chooseSuiteOf(h, crypto.SHA256); st != nil && !hs.retried {
			hs.suite = st
			c.info.suite = st
			return askPSK{hs, 0}.ask(c)
		}
	}
	return c.respond13(hs)
}

// sessionOf13 returns the live session of a ticket that this connection may resume, or nil.
func (c *Conn) sessionOf13(ticket []byte, hs *server13) *Session {
	now := c.cfg.Now()
	var s *Session
	if c.cfg.Options&OpNoTicket != 0 {
		s = c.cfg.shared.cacheGet(ticket, now)
	} else if state, _ := c.cfg.openTicket(ticket); state != nil {
		s = parseSession(state)
	}
	if s == nil || s.isClient || s.version != VersionTLS13 || hashOf(s.suite) != hs.suite.Hash || s.expired(now) ||
		!contains(hs.hello.CipherSuites, s.suite) || !c.cfg.offersSuite(s.suite, s.version) {
		return nil
	}
	if !c.mayResume(s) {
		return nil
	}
	return s
}

// mayResume refuses to resume a session whose client did not show the certificate that we demand.
func (c *Conn) mayResume(s *Session) bool {
	if c.cfg.VerifyMode == VerifyRequired && !c.cfg.PostHandshakeAuth {
		return len(s.peerChain) > 0 && s.verified
	}
	return true
}

// restore takes over what the session knows about the peer.
func (c *Conn) restore(s *Session) error {
	r := *s
	r.shared = c.cfg.shared
	c.session, c.info.resumed = &r, true
	c.info.peerChain, c.info.verified, c.info.verifyResult = s.peerChain, s.chain, s.verifyResult
	c.info.peerScheme, c.info.ocsp, c.info.scts = s.peerScheme, s.ocsp, s.scts
	if s.version < VersionTLS13 {
		c.info.group = s.group
	}
	certs, err := parseChain(s.peerChain)
	if err != nil {
		return err
	}
	if len(certs) > 0 {
		c.info.peerLeaf = certs[0]
	}
	return nil
}

// usePSK checks the binder of the chosen key. Only the chosen one is checked (RFC 9846 section 4.2.11).
func (hs *server13) usePSK(c *Conn, p *serverPSK) error {
	p.early = keys.NewEarlySecret(hs.suite.Hash, p.secret)
	before := hs.beforeHello
	if before == nil {
		before = keys.NewTranscript()
	}
	truncated := hs.helloRaw[:len(hs.helloRaw)-hs.hello.BindersLen()]
	want := pskBinder(hs.suite.Hash, binderKey(p.early, p.session), before, truncated)
	if !checkBinder(want, hs.hello.PSKBinders[p.index]) {
		return alert.Misbehaved(alert.ReasonBinderDoesNotVerify, alert.DecryptError,
			"client does not know the pre-shared key that it offers")
	}
	hs.psk = p
	before.Write(hs.helloRaw)
	hs.transcript = before // the same messages, most of them hashed
	c.info.externalPSK = p.session == nil
	return nil
}

// askPSK asks the caller for the key of each identity in turn.
type askPSK struct {
	hs *server13
	i  int
}

func (s askPSK) handle(_ *Conn, m *message) (state, error) {
	return nil, unexpected(m, "before our ServerHello")
}

func (s askPSK) ask(c *Conn) (state, error) {
	c.psk = &pskAnswer{question: bytes.Clone(s.hs.hello.PSKIdentities[s.i].Identity)}
	return s, WantPSKServer
}

func (s askPSK) resume(c *Conn) (state, error) {
	_, key := c.takePSK()
	if len(key) > 0 {
		if err := s.hs.usePSK(c, &serverPSK{index: s.i, secret: key}); err != nil {
			return nil, err
		}
		return c.respond13(s.hs)
	}
	if s.i+1 < len(s.hs.hello.PSKIdentities) {
		return askPSK{s.hs, s.i + 1}.ask(c)
	}
	return c.respond13(s.hs)
}
