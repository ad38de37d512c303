package core

import (
	"bytes"
	"crypto/rsa"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/group"
	"github.com/gossl/gossl/core/internal/sigalg"
	"github.com/gossl/gossl/core/internal/suite"
	"github.com/gossl/gossl/core/internal/wire"
)

// The client's states of TLS 1.0 to 1.2 (RFC 5246 section 7.3), in their order. A state whose message may be left
// out hands what it does not know to the next one.
//
//	full:     waitServerHello → waitCertificate12 → waitServerKeyExchange → waitRequest12 → waitDone
//	          → (our flight) → waitTicket12 → waitFinished12 → connected12
//	resumed:  waitServerHello → waitTicket12 → waitFinished12 → (our Finished) → connected12

// client12 is what these states share.
type client12 struct {
	*clientHandshake
	common12
	params    *wire.ServerKeyExchange
	request   *wire.CertificateRequest12
	ticketDue bool
	statusDue bool
	sessionID []byte
}

// serverHello12 takes the choices of a server of TLS 1.2 and below.
func (c *Conn) serverHello12(shared *clientHandshake, sh *wire.ServerHello, m *message) (state, error) {
	hs := &client12{clientHandshake: shared}
	hs.common12.transcript = shared.transcript
	if err := c.checkServerHello12(shared, sh); err != nil {
		return nil, err
	}
	hs.setSuite(c, suite.ByID(sh.CipherSuite))
	hs.common12.transcript.Write(m.raw)
	c.info.serverRandom = bytes.Clone(sh.Random[:])
	hs.ems, hs.etm = sh.ExtendedMasterSecret, sh.EncryptThenMAC && !hs.suite.IsAEAD()
	c.info.ems, c.info.secureRenego = hs.ems, sh.HasRenegotiationInfo
	hs.ticketDue, hs.statusDue, hs.sessionID = sh.TicketSupported, sh.StatusRequest, sh.SessionID
	c.info.scts = sh.SCTs
	c.limits.setRecordSize(sh.RecordSizeLimit, c.version)
	if err := c.setALPN(sh.ALPN); err != nil {
		return nil, err
	}
	if hs.resumes(c) {
		return hs.resumeSession(c)
	}
	offered := c.session
	c.session = nil
	if offered != nil && offered.version == VersionTLS13 && len(sh.SessionID) > 0 &&
		bytes.Equal(sh.SessionID, hs.hello.SessionID) {
		return nil, versionMismatch()
	}
	if len(sh.SessionID) > 0 && bytes.Equal(sh.SessionID, hs.hello.SessionID) {
		return nil, alert.Misbehaved(alert.ReasonInvalidSessionID, alert.IllegalParameter,
			"server resumes a session that we did not offer")
	}
	if hs.suite.Auth == suite.AuthNone || hs.suite.Auth == suite.AuthPSK {
		return waitServerKeyExchange{hs}, nil
	}
	return waitCertificate12{hs}, nil
}

func (c *Conn) checkServerHello12(hs *clientHandshake, sh *wire.ServerHello) error {
	st := suite.ByID(sh.CipherSuite)
	switch {
	case hs.retry != nil:
		return alert.Misbehaved(alert.ReasonWrongSSLVersion, alert.IllegalParameter,
			"server changed the version after its HelloRetryRequest")
	case sh.Compression != 0:
		return alert.Misbehaved(alert.ReasonUnsupportedCompressionAlgorithm, alert.IllegalParameter,
			"server chose compression")
	case st == nil || !contains(hs.hello.CipherSuites, sh.CipherSuite) || c.version < st.MinVersion ||
		c.version > st.MaxVersion:
		return alert.Misbehaved(alert.ReasonWrongCipherReturned, alert.IllegalParameter,
			"server chose a cipher suite that we did not offer")
	case sh.HasRenegotiationInfo && len(sh.RenegotiationInfo) != 0: // RFC 5746 section 3.4
		return alert.Misbehaved(alert.ReasonRenegotiationMismatch, alert.HandshakeFailure,
			"server's renegotiation_info is not empty")
	case !sh.HasRenegotiationInfo && c.cfg.Options&OpLegacyServerConnect == 0:
		return alert.New(alert.Peer, alert.ReasonUnsafeLegacyRenegotiationDisabled, alert.HandshakeFailure,
			"server does not know secure renegotiation (RFC 5746)")
	}
	return nil
}

// resumes reports whether the server took up the session that we offered.
func (hs *client12) resumes(c *Conn) bool {
	return c.session != nil && c.session.version < VersionTLS13 && len(hs.sessionID) > 0 &&
		bytes.Equal(hs.sessionID, hs.hello.SessionID)
}

// resumeSession goes on with the keys of the session, which must be used as it was (RFC 5246 section 7.4.1.3,
// RFC 7627 section 5.3).
func (hs *client12) resumeSession(c *Conn) (state, error) {
	s := c.session
	if s.version != c.version {
		return nil, versionMismatch()
	}
	if s.suite != hs.suite.ID {
		return nil, alert.Misbehaved(alert.ReasonOldSessionCipherNotReturned, alert.IllegalParameter,
			"server resumes a session with another cipher suite")
	}
	if s.ems != hs.ems {
		return nil, alert.Misbehaved(alert.ReasonInconsistentExtms, alert.HandshakeFailure,
			"server resumes a session with another kind of master secret")
	}
	if err := c.restore(s); err != nil {
		return nil, err
	}
	hs.common12.transcript.DropBuffer() // nobody signs
	hs.master = s.secret
	c.logKey(keyLogClientRandom, c.info.clientRandom, hs.master)
	return waitTicket12{hs}, nil
}

func versionMismatch() error {
	return alert.Misbehaved(alert.ReasonSSLSessionVersionMismatch, alert.IllegalParameter,
		"server resumes a session with another version")
}

type waitCertificate12 struct{ *client12 }

func (hs waitCertificate12) handle(c *Conn, m *message) (state, error) {
	if err := m.want(wire.TypeCertificate); err != nil {
		return nil, err
	}
	msg, err := wire.UnmarshalCertificate12(m.body)
	if err != nil {
		return nil, err
	}
	if len(msg.Chain) == 0 {
		return nil, alert.Misbehaved(alert.ReasonNoCertificatesReturned, alert.DecodeError,
			"server sent no certificate")
	}
	if err := c.setPeerChain(msg.Chain); err != nil {
		return nil, err
	}
	if err := hs.checkLeaf(c); err != nil {
		return nil, err
	}
	if !hs.suite.FitsKey(c.info.peerLeaf.PublicKey) {
		return nil, alert.Misbehaved(alert.ReasonWrongCertificateType, alert.IllegalParameter,
			"server's certificate does not go with the cipher suite that it chose")
	}
	hs.common12.transcript.Write(m.raw)
	if hs.statusDue {
		return waitStatus12{hs.client12}, nil
	}
	return c.judgePeer(waitServerKeyExchange{hs.client12}, nil)
}

// waitStatus12 takes the CertificateStatus that may follow (RFC 6066 section 8), before the certificates are judged.
type waitStatus12 struct{ *client12 }

func (hs waitStatus12) handle(c *Conn, m *message) (state, error) {
	next := waitServerKeyExchange{hs.client12}
	if m.typ != wire.TypeCertificateStatus {
		return c.judgePeer(next, m)
	}
	status, err := wire.UnmarshalCertificateStatus(m.body)
	if err != nil {
		return nil, err
	}
	c.info.ocsp = status.OCSP
	hs.common12.transcript.Write(m.raw)
	return c.judgePeer(next, nil)
}

// checkLeaf refuses what the suite cannot use: an RSA key that is for PSS alone decrypts nothing, and, if the config is
// strict, a curve that we did not offer.
func (hs waitCertificate12) checkLeaf(c *Conn) error {
	leaf := c.info.peerLeaf
	if leaf.IsPSSKey && (hs.suite.Kx == suite.KxRSA || hs.suite.Kx == suite.KxRSAPSK) {
		return alert.Misbehaved(alert.ReasonUnknownCertificateType, alert.UnsupportedCertificate,
			"server's key is for RSASSA-PSS alone and can not decrypt")
	}
	if id := curveOf(leaf.PublicKey); c.cfg.StrictLeaf && id != 0 && !contains(hs.hello.SupportedGroups, id) {
		return alert.Misbehaved(alert.ReasonBadECCCert, alert.IllegalParameter,
			"server's certificate has a curve that we did not offer")
	}
	return nil
}

type waitServerKeyExchange struct{ *client12 }

func (hs waitServerKeyExchange) handle(c *Conn, m *message) (state, error) {
	if m.typ != wire.TypeServerKeyExchange && !hs.suite.Kx.SendsServerKeyExchange() {
		return waitRequest12{hs.client12}.handle(c, m)
	}
	if err := m.want(wire.TypeServerKeyExchange); err != nil {
		return nil, err
	}
	if hs.suite.Kx == suite.KxRSA {
		return nil, unexpected(m, "with RSA key exchange")
	}
	ske, err := wire.UnmarshalServerKeyExchange(m.body, hs.suite.KeyExchangeKind(), hs.suite.SignsParams(), c.version)
	if err != nil {
		return nil, err
	}
	if hs.suite.SignsParams() {
		if err := hs.checkParams(c, ske); err != nil {
			return nil, err
		}
	}
	hs.params = ske
	hs.common12.transcript.Write(m.raw)
	return waitRequest12{hs.client12}, nil
}

// checkParams checks the server's signature over its ephemeral key.
func (hs *client12) checkParams(c *Conn, ske *wire.ServerKeyExchange) error {
	scheme, err := c.checkScheme(ske.Scheme)
	if err != nil {
		return err
	}
	c.info.peerScheme = scheme
	return sigalg.Verify(c.info.peerLeaf.PublicKey, scheme, signedParams(c, ske.Params), ske.Signature)
}

type waitRequest12 struct{ *client12 }

func (hs waitRequest12) handle(c *Conn, m *message) (state, error) {
	if m.typ != wire.TypeCertificateRequest {
		return waitDone{hs.client12}.handle(c, m)
	}
	if !hs.suite.Auth.Signs() { // RFC 5246 section 7.4.4
		return nil, unexpected(m, "from an anonymous server")
	}
	cr, err := wire.UnmarshalCertificateRequest12(m.body, c.version)
	if err != nil {
		return nil, err
	}
	hs.request = cr
	c.info.request = &CertificateRequest{Types: cr.Types, CAs: cr.CAs}
	c.info.peerSigalgs = cr.SignatureAlgorithms
	hs.common12.transcript.Write(m.raw)
	return c.askCertificate(waitDone{hs.client12})
}

type waitDone struct{ *client12 }

func (hs waitDone) handle(c *Conn, m *message) (state, error) {
	if err := m.want(wire.TypeServerHelloDone); err != nil {
		return nil, err
	}
	if len(m.body) != 0 {
		return nil, alert.Misbehaved(alert.ReasonLengthMismatch, alert.DecodeError, "malformed ServerHelloDone")
	}
	if err := m.wantAligned(); err != nil { // the server waits for our answer
		return nil, err
	}
	hs.common12.transcript.Write(m.raw)
	if hs.suite.UsesPSK() {
		c.psk = &pskAnswer{}
		if hs.params != nil {
			c.psk.question = hs.params.PSKHint
		}
		return clientFlight{hs.client12}, WantPSKClient
	}
	return clientFlight{hs.client12}.resume(c)
}

// clientFlight sends our flight, with a pre-shared key of the caller if the suite needs one.
type clientFlight struct{ *client12 }

func (hs clientFlight) handle(_ *Conn, m *message) (state, error) {
	return nil, unexpected(m, "before our ClientKeyExchange")
}

func (hs clientFlight) resume(c *Conn) (state, error) {
	var ours signing
	var signs bool
	if hs.request != nil {
		var err error
		if ours, signs, err = hs.sendCertificate(c); err != nil {
			return nil, err
		}
	}
	pre, msg, err := hs.keyExchange(c)
	if err != nil {
		return nil, err
	}
	if err := c.sendMessage(hs.common12.transcript, msg); err != nil {
		return nil, err
	}
	hs.setMaster(c, pre)
	if signs {
		if err := c.sendCertificateVerify12(ours, &hs.common12); err != nil {
			return nil, err
		}
	}
	if err := hs.sendFinished(c); err != nil {
		return nil, err
	}
	return waitTicket12{hs.client12}, nil
}

// sendCertificate answers the certificate request with a certificate that fits, or an empty list.
func (hs *client12) sendCertificate(c *Conn) (signing, bool, error) {
	s, ok := c.chooseClientSigning(hs.request)
	if !ok && c.cfg.AskCertificate && len(c.cfg.certificates) > 0 {
		if !c.acceptsAnyType(hs.request) {
			return s, false, alert.New(alert.Peer, alert.ReasonUnknownCertificateType, alert.HandshakeFailure,
				"server accepts no certificate of our key's type")
		}
		return s, false, unfitCertificate()
	}
	msg := &wire.Certificate12{}
	if ok {
		msg.Chain = c.cfg.sendChain(s.cert)
		c.info.ourLeaf, c.info.ourScheme = s.cert.leaf, s.scheme
	}
	return s, ok, c.sendMessage(hs.common12.transcript, msg)
}

func (c *Conn) chooseClientSigning(r *wire.CertificateRequest12) (signing, bool) {
	if c.version >= VersionTLS12 {
		return c.chooseSigning(r.SignatureAlgorithms, func(cert *certificate) bool { return cert.hasType(r.Types) })
	}
	for _, cert := range c.cfg.certificates {
		if cert.hasType(r.Types) && (cert.kind == kindRSA || cert.kind == kindECDSA) {
			return signing{cert, sigalg.Legacy(cert.key.Public())}, true
		}
	}
	return signing{}, false
}

// hasType reports whether the certificate is of one of the types that a server accepts (RFC 5246 section 7.4.4;
// RFC 8422 section 5.5: EdDSA keys go with ecdsa_sign).
func (cert *certificate) hasType(types []byte) bool {
	if cert.kind == kindRSA || cert.kind == kindRSAPSS {
		return contains(types, wire.CertTypeRSASign)
	}
	return contains(types, wire.CertTypeECDSASign)
}

func (c *Conn) acceptsAnyType(r *wire.CertificateRequest12) bool {
	for _, cert := range c.cfg.certificates {
		if cert.hasType(r.Types) {
			return true
		}
	}
	return false
}

// sendCertificateVerify12 signs the transcript, the messages themselves, as every scheme may have another hash.
func (c *Conn) sendCertificateVerify12(s signing, h *common12) error {
	sig, err := sigalg.Sign(c.cfg.Rand, s.cert.key, s.scheme, h.transcript.Buffered())
	if err != nil {
		return err
	}
	return c.sendMessage(h.transcript, &wire.CertificateVerify{Scheme: s.scheme, HasScheme: c.version >= VersionTLS12,
		Signature: sig})
}

// keyExchange computes the premaster secret and the ClientKeyExchange.
func (hs *client12) keyExchange(c *Conn) ([]byte, *wire.ClientKeyExchange, error) {
	msg := &wire.ClientKeyExchange{Kind: hs.suite.KeyExchangeKind()}
	var psk []byte
	if hs.suite.UsesPSK() {
		msg.Identity, psk = c.takePSK()
		if len(psk) == 0 {
			return nil, nil, alert.New(alert.Caller, alert.ReasonPSKIdentityNotFound, alert.HandshakeFailure,
				"the caller gave no pre-shared key")
		}
	}
	var secret []byte
	var err error
	switch hs.suite.Kx {
	case suite.KxECDHE, suite.KxECDHEPSK:
		secret, err = hs.ecdhe(c, msg)
	case suite.KxDHE, suite.KxDHEPSK:
		secret, err = hs.dhe(c, msg)
	case suite.KxRSA, suite.KxRSAPSK:
		secret, err = hs.rsa(c, msg)
	default:
		secret = make([]byte, len(psk)) // RFC 4279 section 2: plain PSK
	}
	if err == nil && hs.suite.UsesPSK() {
		secret = pskPreMaster(secret, psk)
	}
	return secret, msg, err
}

func (hs *client12) ecdhe(c *Conn, msg *wire.ClientKeyExchange) ([]byte, error) {
	g := group.Lookup(hs.params.Group)
	if g == nil || !g.IsEC() || !contains(hs.hello.SupportedGroups, hs.params.Group) {
		return nil, alert.Misbehaved(alert.ReasonWrongCurve, alert.IllegalParameter,
			"server chose a curve that we did not offer")
	}
	key, err := g.Generate(c.cfg.Rand)
	if err != nil {
		return nil, err
	}
	c.info.group, msg.Public = g.ID, key.Share()
	return key.Finish(hs.params.Public)
}

func (hs *client12) dhe(c *Conn, msg *wire.ClientKeyExchange) ([]byte, error) {
	p := &group.DHParams{P: hs.params.P, G: hs.params.G}
	if 8*len(bytes.TrimLeft(p.P, "\x00")) < minDHBits(c.cfg.securityLevel) {
		return nil, alert.New(alert.Peer, alert.ReasonDHKeyTooSmall, alert.HandshakeFailure,
			"server's Diffie-Hellman group is too small")
	}
	key, err := p.Generate(c.cfg.Rand)
	if err != nil {
		return nil, err
	}
	msg.Public = key.Public()
	return key.Secret(hs.params.Public)
}

// minDHBits is the least size of a finite-field group at an OpenSSL security level.
func minDHBits(level int) int {
	return [...]int{1024, 1024, 2048, 3072, 7680, 15360}[min(max(level, 0), 5)]
}

func (hs *client12) rsa(c *Conn, msg *wire.ClientKeyExchange) ([]byte, error) {
	pub, ok := c.info.peerLeaf.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, alert.Misbehaved(alert.ReasonMissingRSAEncryptingCert, alert.HandshakeFailure,
			"server chose RSA key exchange without an RSA certificate")
	}
	pre, err := rsaPreMaster(c, hs.hello.LegacyVersion)
	if err != nil {
		return nil, err
	}
	//lint:ignore SA1019 RSA key exchange is PKCS #1 v1.5; it is off unless a cipher string asks for it
	msg.Encrypted, err = rsa.EncryptPKCS1v15(c.cfg.Rand, pub, pre)
	return pre, err
}

// waitTicket12 waits for change_cipher_spec, before which a ticket comes if the server promised one
// (RFC 5077 section 3.3).
type waitTicket12 struct{ *client12 }

func (hs waitTicket12) handle(c *Conn, m *message) (state, error) {
	if !hs.ticketDue {
		return nil, unexpected(m, "while waiting for change_cipher_spec")
	}
	if err := m.want(wire.TypeNewSessionTicket); err != nil {
		return nil, err
	}
	t, err := wire.UnmarshalNewSessionTicket12(m.body)
	if err != nil {
		return nil, err
	}
	hs.common12.transcript.Write(m.raw)
	hs.ticketDue = false
	s := hs.session(c)
	if len(t.Ticket) > 0 {
		s.setTicket(t.Ticket, t.LifetimeHint)
	}
	c.session = s
	return hs, nil
}

// session returns a session that may still be changed: a copy of the resumed one, or a new one.
func (hs *client12) session(c *Conn) *Session {
	if c.session != nil {
		s := *c.session
		return &s
	}
	return hs.newSession(c, hs.sessionID)
}

func (hs waitTicket12) changeCipherSpec(c *Conn) (state, error) {
	if hs.ticketDue {
		return nil, alert.Misbehaved(alert.ReasonCCSReceivedEarly, alert.UnexpectedMessage,
			"change_cipher_spec before the ticket that the server promised")
	}
	if err := hs.installRead(c); err != nil {
		return nil, err
	}
	return waitFinished12{hs.client12}, nil
}

type waitFinished12 struct{ *client12 }

func (hs waitFinished12) handle(c *Conn, m *message) (state, error) {
	if err := hs.checkFinished(c, m); err != nil {
		return nil, err
	}
	c.session = hs.session(c)
	if c.info.resumed {
		if err := hs.sendFinished(c); err != nil {
			return nil, err
		}
	}
	return hs.finish(c), nil
}
