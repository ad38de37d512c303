package core

import (
	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/group"
	"github.com/gossl/gossl/core/internal/keys"
	"github.com/gossl/gossl/core/internal/suite"
	"github.com/gossl/gossl/core/internal/wire"
)

// The client's states of TLS 1.3, RFC 9846 appendix A.1, in their order:
//
//	waitServerHello → waitEncryptedExtensions ─┬─► waitCertRequest → waitCertificate → waitCertificateVerify ─┐
//	                                           └──────────────────────── with a PSK ──────────────────────────┴─► waitFinished13 → connected13

// client13 is what these states share.
type client13 struct {
	*clientHandshake
	suite     *suite.Suite
	psk       *clientPSK // the one that the server chose, or nil
	handshake *keys.HandshakeSecret
	clientHS  *keys.HandshakeTraffic
	serverHS  *keys.HandshakeTraffic
	request   *wire.CertificateRequest13
}

// checkServerHello13 checks what a ServerHello and a HelloRetryRequest have in common (RFC 9846 section 4.1.3).
func (c *Conn) checkServerHello13(hs *clientHandshake, sh *wire.ServerHello) error {
	st := suite.ByID(sh.CipherSuite)
	switch {
	case string(sh.SessionID) != string(hs.hello.SessionID):
		return alert.Misbehaved(alert.ReasonInvalidSessionID, alert.IllegalParameter,
			"server did not echo the session ID")
	case sh.Compression != 0:
		return alert.Misbehaved(alert.ReasonInvalidCompressionAlgorithm, alert.DecodeError,
			"server chose compression")
	case st == nil || st.MinVersion != VersionTLS13 || !contains(hs.hello.CipherSuites, sh.CipherSuite):
		return alert.Misbehaved(alert.ReasonWrongCipherReturned, alert.IllegalParameter,
			"server chose a cipher suite that we did not offer")
	case hs.retry != nil && hs.retry.CipherSuite != sh.CipherSuite:
		return alert.Misbehaved(alert.ReasonWrongCipherReturned, alert.IllegalParameter,
			"server changed the cipher suite after its HelloRetryRequest")
	}
	return nil
}

// serverHello13 starts the key schedule with what the server chose and installs the handshake keys.
func (c *Conn) serverHello13(shared *clientHandshake, sh *wire.ServerHello, m *message) (state, error) {
	hs := &client13{clientHandshake: shared, suite: suite.ByID(sh.CipherSuite)}
	c.post.possible = hs.hello.PostHandshakeAuth
	c.info.suite = hs.suite
	secret, err := hs.sharedSecret(c, sh)
	if err != nil {
		return nil, err
	}
	if err := hs.choosePSK(c, sh); err != nil {
		return nil, err
	}
	hs.transcript.SetHash(hs.suite.Hash)
	hs.transcript.DropBuffer()
	hs.transcript.Write(m.raw)
	early := keys.NewEarlySecret(hs.suite.Hash, nil)
	if hs.psk != nil {
		early = hs.psk.early()
	}
	hs.handshake = early.HandshakeSecret(secret)
	th := hs.transcript.Sum()
	hs.clientHS = hs.handshake.ClientTraffic(th)
	hs.serverHS = hs.handshake.ServerTraffic(th)
	c.logKey(keyLogServerHandshake, c.info.clientRandom, hs.serverHS.Secret())
	c.logKey(keyLogClientHandshake, c.info.clientRandom, hs.clientHS.Secret())
	if err := c.setReadKey(hs.suite, hs.serverHS.Key); err != nil {
		return nil, err
	}
	if c.early.phase == earlyOpen && hs.psk != nil { // the server may still accept early data
		return waitEncryptedExtensions{hs}, nil
	}
	c.early.end(EarlyDataNotResumed)
	return waitEncryptedExtensions{hs}, c.setWriteKey(hs.suite, hs.clientHS.Key)
}

// sharedSecret finishes the key exchange; nil for psk_ke, which we do not offer.
func (hs *client13) sharedSecret(c *Conn, sh *wire.ServerHello) ([]byte, error) {
	if sh.KeyShare == nil {
		return nil, alert.Misbehaved(alert.ReasonNoSuitableKeyShare, alert.MissingExtension,
			"server sent no key share")
	}
	if hs.retry != nil && hs.retry.SelectedGroup != 0 && hs.retry.SelectedGroup != sh.KeyShare.Group {
		return nil, alert.Misbehaved(alert.ReasonBadKeyShare, alert.IllegalParameter,
			"server's key share is not of the group that it asked for")
	}
	for _, s := range hs.shares {
		if s.id == sh.KeyShare.Group {
			c.info.group = s.id
			return s.key.Finish(sh.KeyShare.Data)
		}
	}
	return nil, alert.Misbehaved(alert.ReasonBadKeyShare, alert.IllegalParameter,
		"server's key share is of a group that we sent no share of")
}

// choosePSK notes which of the offered keys the server took (RFC 9846 section 4.2.11).
func (hs *client13) choosePSK(c *Conn, sh *wire.ServerHello) error {
	if sh.SelectedPSK == nil {
		c.session = nil
		return nil
	}
	i := int(*sh.SelectedPSK)
	if i >= len(hs.psks) {
		return alert.Misbehaved(alert.ReasonBadPSKIdentity, alert.IllegalParameter,
			"server chose a pre-shared key that we did not offer")
	}
	p := &hs.psks[i]
	if p.hash != hs.suite.Hash {
		return alert.Misbehaved(alert.ReasonBadPSK, alert.IllegalParameter,
			"server chose a suite that does not go with its pre-shared key")
	}
	hs.psk = p
	if p.session == nil {
		c.session, c.info.externalPSK = nil, true
		return nil
	}
	return c.restore(p.session)
}

type waitEncryptedExtensions struct{ *client13 }

func (hs waitEncryptedExtensions) handle(c *Conn, m *message) (state, error) {
	if err := m.want(wire.TypeEncryptedExtensions); err != nil {
		return nil, err
	}
	ee, err := wire.UnmarshalEncryptedExtensions(m.body)
	if err != nil {
		return nil, err
	}
	offered := hs.hello.OfferedExtensions()
	if id := wire.FirstUnsolicited(ee.ExtensionIDs, offered); id != nil {
		return nil, unsolicited()
	}
	if id := wire.FirstUnsolicited(ee.ExtensionIDs, wire.InEncryptedExtensions); id != nil {
		return nil, misplaced()
	}
	if err := c.setALPN(ee.ALPN); err != nil {
		return nil, err
	}
	if err := hs.earlyDataAnswer(c, ee); err != nil {
		return nil, err
	}
	c.limits.setRecordSize(ee.RecordSizeLimit, VersionTLS13)
	hs.transcript.Write(m.raw)
	if hs.psk != nil {
		return waitFinished13{hs.client13}, nil
	}
	return waitCertRequest{hs.client13}, nil
}

// setALPN notes the protocol that the server chose, which must be one that we offered (RFC 7301 section 3.1).
func (c *Conn) setALPN(protocol string) error {
	if protocol != "" && !contains(c.cfg.alpn, protocol) && !c.cfg.AllowUnknownALPN {
		return alert.Misbehaved(alert.ReasonBadExtension, alert.IllegalParameter,
			"server chose an application protocol that we did not offer")
	}
	c.info.alpn = protocol
	return nil
}

// waitCertRequest is WAIT_CERT_CR.
type waitCertRequest struct{ *client13 }

func (hs waitCertRequest) handle(c *Conn, m *message) (state, error) {
	if m.typ != wire.TypeCertificateRequest {
		return waitCertificate13{hs.client13}.handle(c, m)
	}
	cr, err := wire.UnmarshalCertificateRequest13(m.body)
	if err != nil {
		return nil, err
	}
	if len(cr.Context) != 0 { // RFC 9846 section 4.3.2
		return nil, alert.Misbehaved(alert.ReasonInvalidContext, alert.IllegalParameter,
			"certificate request with a context during the handshake")
	}
	hs.request = cr
	c.noteRequest13(cr)
	hs.transcript.Write(m.raw)
	return c.askCertificate(waitCertificate13{hs.client13})
}

type waitCertificate13 struct{ *client13 }

func (hs waitCertificate13) handle(c *Conn, m *message) (state, error) {
	chain, err := c.peerCertificate13(m, hs.hello.OfferedExtensions(), nil)
	if err != nil {
		return nil, err
	}
	if len(chain) == 0 { // RFC 9846 section 4.4.2.4
		return nil, alert.Misbehaved(alert.ReasonNoCertificatesReturned, alert.DecodeError,
			"server sent no certificate")
	}
	hs.transcript.Write(m.raw)
	return c.checkPeer(chain, waitCertificateVerify13{hs.client13})
}

type waitCertificateVerify13 struct{ *client13 }

func (hs waitCertificateVerify13) handle(c *Conn, m *message) (state, error) {
	if err := c.checkCertificateVerify13(m, hs.transcript); err != nil {
		return nil, err
	}
	return waitFinished13{hs.client13}, nil
}

// waitFinished13 is WAIT_FINISHED.
type waitFinished13 struct{ *client13 }

func (hs waitFinished13) handle(c *Conn, m *message) (state, error) {
	if err := c.checkFinished13(m, hs.serverHS.FinishedMAC, hs.transcript); err != nil {
		return nil, err
	}
	if err := c.sendCompatCCS(); err != nil {
		return nil, err
	}
	app := newAppSecrets(c, hs.suite, hs.handshake.MasterSecret(), hs.transcript)
	if err := c.setReadSecret(hs.suite, app.server); err != nil {
		return nil, err
	}
	if err := hs.endEarlyData(c); err != nil {
		return nil, err
	}
	if hs.request != nil {
		if err := c.sendClientAuth13(hs.request, hs.transcript); err != nil {
			return nil, err
		}
	}
	fin := &wire.Finished{VerifyData: hs.clientHS.FinishedMAC(hs.transcript.Sum())}
	if err := c.sendMessage(hs.transcript, fin); err != nil {
		return nil, err
	}
	if err := c.setWriteSecret(hs.suite, app.client); err != nil {
		return nil, err
	}
	c.info.tlsUnique = fin.VerifyData
	c.finish13(app, hs.transcript)
	return c.established(connected13{}), nil
}

// firstMutual returns the first group of ours that the peer has too.
func firstMutual(ours, peers []group.ID) group.ID {
	for _, id := range ours {
		if contains(peers, id) {
			return id
		}
	}
	return 0
}
