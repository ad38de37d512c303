package core

import (
	"crypto"
	"crypto/hmac"

	"github.com/gossl/gossl/core/internal/keys"
	"github.com/gossl/gossl/core/internal/suite"
	"github.com/gossl/gossl/core/internal/wire"
)

// pskAnswer is the caller's answer to WantPSKClient or WantPSKServer.
type pskAnswer struct {
	given    bool
	identity []byte
	key      []byte
	question []byte // the server's hint (client), the client's identity (server)
}

// AnswerPSK answers WantPSKClient with an identity and its key, WantPSKServer with the key of the identity. An empty
// key means that there is none.
func (c *Conn) AnswerPSK(identity, key []byte) error {
	if c.want != WantPSKClient && c.want != WantPSKServer {
		return misuse(0, "no pre-shared key was asked for")
	}
	c.want = 0
	c.psk = &pskAnswer{given: true, identity: append([]byte(nil), identity...), key: append([]byte(nil), key...)}
	return nil
}

// PSKQuestion returns, while a Want for a pre-shared key is open, the server's identity hint or the client's identity.
func (c *Conn) PSKQuestion() []byte {
	if c.psk == nil {
		return nil
	}
	return c.psk.question
}

// takePSK returns the caller's answer, once.
func (c *Conn) takePSK() (identity, key []byte) {
	if c.psk != nil {
		identity, key = c.psk.identity, c.psk.key
	}
	c.psk = nil
	return identity, key
}

// clientPSK is one pre-shared key in the client's offer.
type clientPSK struct {
	identity wire.PSKIdentity
	hash     crypto.Hash
	secret   []byte
	session  *Session // nil: external

	earlySecret *keys.EarlySecret
}

// early begins the key schedule with the key, once.
func (p *clientPSK) early() *keys.EarlySecret {
	if p.earlySecret == nil {
		p.earlySecret = keys.NewEarlySecret(p.hash, p.secret)
	}
	return p.earlySecret
}

// offeredPSKs returns the session to resume and the caller's external key. It takes the answer to WantPSKClient.
func (c *Conn) offeredPSKs() []clientPSK {
	var l []clientPSK
	if s := c.session; s != nil && s.version == VersionTLS13 && s.HasTicket() {
		age := uint32(c.cfg.Now()-s.created)*1000 + s.ageAdd // RFC 9846 section 4.2.11.1
		l = append(l, clientPSK{identity: wire.PSKIdentity{Identity: s.ticket, ObfuscatedAge: age},
			hash: suite.ByID(s.suite).Hash, secret: s.secret, session: s})
	}
	if c.psk != nil && c.psk.given {
		if identity, key := c.takePSK(); len(key) > 0 {
			// RFC 9846 section 4.2.11: an external key without a hash goes with SHA-256.
			l = append(l, clientPSK{identity: wire.PSKIdentity{Identity: identity}, hash: crypto.SHA256, secret: key})
		}
	}
	return l
}

// binder is the MAC that proves possession of the key over everything up to the binders.
func (p *clientPSK) binder(t *keys.Transcript, truncated []byte) []byte {
	return pskBinder(p.hash, binderKey(p.early(), p.session), t, truncated)
}

// binderKey returns the key of the binder of a session's key, or of an external one.
func binderKey(early *keys.EarlySecret, s *Session) []byte {
	if s != nil {
		return early.ResumptionBinderKey()
	}
	return early.ExternalBinderKey()
}

func pskBinder(h crypto.Hash, binderKey []byte, t *keys.Transcript, truncated []byte) []byte {
	return keys.FinishedMAC(h, binderKey, t.SumWith(h, truncated))
}

// checkBinder compares in constant time.
func checkBinder(want, got []byte) bool { return hmac.Equal(want, got) }

// keepPSKsOf drops the keys whose hash is not the suite's: the server has chosen the suite already
// (RFC 9846 section 4.1.4).
func (hs *clientHandshake) keepPSKsOf(st *suite.Suite) {
	kept := hs.psks[:0]
	for _, p := range hs.psks {
		if p.hash == st.Hash {
			kept = append(kept, p)
		}
	}
	hs.psks = kept
}
