package core

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/subtle"
	"io"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/group"
	"github.com/gossl/gossl/core/internal/sigalg"
	"github.com/gossl/gossl/core/internal/suite"
	"github.com/gossl/gossl/core/internal/wire"
)

// The server's states of TLS 1.0 to 1.2 (RFC 5246 section 7.3), in their order:
//
//	full:     waitClientHello → (our flight) → [waitClientCertificate12] → waitClientKeyExchange → [waitCertVerify12]
//	          → waitCCS12 → waitClientFinished12 → (our Finished) → connected12
//	resumed:  waitClientHello → (our flight) → waitCCS12 → waitClientFinished12 → connected12

// server12 is what these states share.
type server12 struct {
	*serverHandshake
	common12
	signing   signing // for the key exchange; cert is nil if the suite needs none
	key       *group.Key
	dh        *group.DHKey
	requested bool
	ticket    bool // send one
	peerCKE   *wire.ClientKeyExchange
	sessionID []byte

	wrongCurve bool // a certificate was passed over because of its curve
}

// clientHello12 answers a client of TLS 1.2 or below.
func (c *Conn) clientHello12(shared *serverHandshake) (state, error) {
	hs := &server12{serverHandshake: shared}
	hs.common12.transcript = shared.transcript
	h := hs.hello
	if !bytes.Contains(h.CompressionMethods, []byte{0}) { // RFC 5246 section 7.4.1.2
		return nil, alert.Misbehaved(alert.ReasonNoCompressionSpecified, alert.IllegalParameter,
			"client does not offer to do without compression")
	}
	if h.HasRenegotiationInfo && len(h.RenegotiationInfo) != 0 { // RFC 5746 section 3.6
		return nil, alert.Misbehaved(alert.ReasonRenegotiationMismatch, alert.HandshakeFailure,
			"client's renegotiation_info is not empty")
	}
	hs.ems = h.ExtendedMasterSecret && c.cfg.Options&OpNoExtendedMasterSecret == 0
	c.info.ems = hs.ems
	c.info.secureRenego = h.HasRenegotiationInfo || contains(h.CipherSuites, wire.RenegotiationSCSV)
	c.limits.setRecordSize(h.RecordSizeLimit, c.version)
	s := c.resumable12(hs)
	err := c.chooseSuite12(hs)
	if s != nil && (err != nil || hs.suite.ID == s.suite) { // a suite that is better now is worth a full handshake
		return c.resume12(hs, s)
	}
	if err != nil {
		return nil, err
	}
	return c.sendFlight12(hs)
}

// resumable12 returns the session that the client asks to resume, if we may.
func (c *Conn) resumable12(hs *server12) *Session {
	now, h := c.cfg.Now(), hs.hello
	var s *Session
	if h.HasSessionTicket && len(h.SessionTicket) > 0 && c.cfg.Options&OpNoTicket == 0 {
		var state []byte
		if state, hs.ticket = c.cfg.openTicket(h.SessionTicket); state != nil {
			s = parseSession(state)
		}
	} else if len(h.SessionID) > 0 {
		s = c.cfg.shared.cacheGet(h.SessionID, now)
	}
	if s == nil || s.isClient || s.version != c.version || s.expired(now) || !c.mayResume(s) ||
		!contains(h.CipherSuites, s.suite) || !c.cfg.offersSuite(s.suite, s.version) {
		return nil
	}
	if !s.ems && h.ExtendedMasterSecret { // RFC 7627 section 5.3: full handshake
		return nil
	}
	return s
}

// resume12 sends ServerHello and Finished.
func (c *Conn) resume12(hs *server12, s *Session) (state, error) {
	if s.ems && !hs.hello.ExtendedMasterSecret { // RFC 7627 section 5.3
		return nil, alert.Misbehaved(alert.ReasonInconsistentExtms, alert.HandshakeFailure,
			"client resumes a session without its extended master secret")
	}
	if err := c.restore(s); err != nil {
		return nil, err
	}
	c.session.id = hs.hello.SessionID
	hs.setSuite(c, suite.ByID(s.suite))
	hs.common12.transcript.DropBuffer() // nobody signs
	hs.ems, hs.master, hs.sessionID = s.ems, s.secret, hs.hello.SessionID
	c.info.ems = s.ems
	hs.setEtM(c)
	if err := c.sendServerHello12(hs); err != nil {
		return nil, err
	}
	c.logKey(keyLogClientRandom, c.info.clientRandom, hs.master)
	if hs.ticket {
		if err := hs.sendTicket(c); err != nil {
			return nil, err
		}
	}
	if err := hs.sendFinished(c); err != nil {
		return nil, err
	}
	return waitCCS12{hs}, nil
}

// staples reports whether we send an OCSP response (RFC 6066 section 8).
func (hs *server12) staples(c *Conn) bool { return c.info.wantsOCSP && len(hs.signing.cert.ocsp) > 0 }

// setEtM decides on encrypt-then-MAC (RFC 7366 section 2).
func (hs *server12) setEtM(c *Conn) {
	hs.etm = hs.hello.EncryptThenMAC && !hs.suite.IsAEAD() && c.cfg.Options&OpNoEncryptThenMAC == 0
}

// chooseSuite12 picks the first suite, in our order or the client's, for which we have what it needs.
func (c *Conn) chooseSuite12(hs *server12) error {
	try := func(s *suite.Suite) bool {
		if s == nil || !s.Implemented() || c.version < s.MinVersion || c.version > s.MaxVersion ||
			!contains(hs.hello.CipherSuites, s.ID) || !s.AllowedAtLevel(c.cfg.securityLevel) {
			return false
		}
		return c.prepareSuite(hs, s)
	}
	for _, s := range c.preferredSuites(hs.hello.CipherSuites) {
		if try(s) {
			return nil
		}
	}
	if hs.wrongCurve {
		return alert.New(alert.Peer, alert.ReasonWrongCurve, alert.HandshakeFailure,
			"client does not know the curve of our certificate")
	}
	return alert.New(alert.Peer, alert.ReasonNoSharedCipher, alert.HandshakeFailure,
		"client and server have no cipher suite in common")
}

// preferredSuites returns our suites in the order to try them: our own, with the client's order inside each tier, or
// the client's.
func (c *Conn) preferredSuites(clients []uint16) []*suite.Suite {
	tiers := c.cfg.tiers
	if c.cfg.Options&OpCipherServerPreference == 0 {
		tiers = []int{len(c.cfg.suites)}
	}
	if tiers == nil {
		return c.cfg.suites
	}
	var l []*suite.Suite
	start := 0
	for _, end := range tiers {
		for _, id := range clients {
			if s := suite.ByID(id); contains(c.cfg.suites[start:end], s) {
				l = append(l, s)
			}
		}
		start = end
	}
	return l
}

// prepareSuite reports whether the suite can be used with this client, and if so fixes it with its certificate.
func (c *Conn) prepareSuite(hs *server12, s *suite.Suite) bool {
	if s.UsesPSK() && !c.cfg.AskPSKServer {
		return false
	}
	switch s.Kx {
	case suite.KxECDHE, suite.KxECDHEPSK:
		if c.chooseCurve(hs.hello) == 0 {
			return false
		}
	case suite.KxDHE, suite.KxDHEPSK:
		if c.cfg.dh == nil {
			return false
		}
	}
	hs.signing = signing{}
	if s.Auth != suite.AuthNone && s.Auth != suite.AuthPSK && !c.prepareKey(hs, s) {
		return false
	}
	hs.setSuiteOnce(c, s)
	return true
}

// setSuiteOnce is setSuite behind the choice.
func (hs *server12) setSuiteOnce(c *Conn, s *suite.Suite) {
	hs.setSuite(c, s)
	hs.setEtM(c)
}

// prepareKey finds a certificate for the suite, and, if it signs, a scheme that the client accepts.
func (c *Conn) prepareKey(hs *server12, s *suite.Suite) bool {
	fits := func(cert *certificate) bool {
		return s.FitsKey(cert.key.Public()) && !(cert.kind == kindRSAPSS && !s.Auth.Signs()) && hs.offersCurveOf(cert)
	}
	if !s.Auth.Signs() || s.Kx == suite.KxRSA || s.Kx == suite.KxRSAPSK {
		for _, cert := range c.cfg.certificates {
			if fits(cert) && cert.kind == kindRSA {
				hs.signing.cert = cert
				return true
			}
		}
		return false
	}
	if c.version < VersionTLS12 {
		for _, cert := range c.cfg.certificates {
			if fits(cert) && (cert.kind == kindRSA || cert.kind == kindECDSA) {
				hs.signing = signing{cert, sigalg.Legacy(cert.key.Public())}
				return true
			}
		}
		return false
	}
	peer := hs.hello.SignatureAlgorithms
	if len(peer) == 0 { // RFC 5246 section 7.4.1.4.1: SHA-1 is implied
		peer = sigalg.ImpliedSHA1()
	}
	var ok bool
	hs.signing, ok = c.chooseSigning(peer, fits)
	return ok
}

// offersCurveOf reports whether the client knows the curve of an ECDSA certificate (RFC 8422 section 5.1): a client that
// names no groups knows all.
func (hs *server12) offersCurveOf(cert *certificate) bool {
	id := curveOf(cert.key.Public())
	if id == 0 || len(hs.hello.SupportedGroups) == 0 || contains(hs.hello.SupportedGroups, id) {
		return true
	}
	hs.wrongCurve = true
	return false
}

// curveOf returns the named group of an ECDSA key, 0 for other keys.
func curveOf(pub crypto.PublicKey) group.ID {
	if k, ok := pub.(*ecdsa.PublicKey); ok {
		return group.OfCurve(k.Curve)
	}
	return 0
}

// chooseCurve returns the group for ECDHE, 0 if there is none in common.
func (c *Conn) chooseCurve(h *wire.ClientHello) group.ID {
	for _, id := range c.cfg.groups {
		if g := group.Lookup(id); g != nil && g.IsEC() && contains(h.SupportedGroups, id) {
			return id
		}
	}
	return 0
}

// sendFlight12 sends ServerHello to ServerHelloDone.
func (c *Conn) sendFlight12(hs *server12) (state, error) {
	hs.ticket = hs.hello.HasSessionTicket && c.cfg.Options&OpNoTicket == 0
	if !hs.ticket {
		hs.sessionID = make([]byte, 32)
		if _, err := io.ReadFull(c.cfg.Rand, hs.sessionID); err != nil {
			return nil, err
		}
	}
	if err := c.sendServerHello12(hs); err != nil {
		return nil, err
	}
	t := hs.common12.transcript
	if cert := hs.signing.cert; cert != nil {
		c.info.ourLeaf = cert.leaf
		if err := c.sendMessage(t, &wire.Certificate12{Chain: c.cfg.sendChain(cert)}); err != nil {
			return nil, err
		}
		if hs.staples(c) {
			if err := c.sendMessage(t, &wire.CertificateStatus{OCSP: cert.ocsp}); err != nil {
				return nil, err
			}
		}
	}
	if err := c.sendKeyExchange12(hs); err != nil {
		return nil, err
	}
	if c.cfg.VerifyMode != VerifyNone && hs.signing.cert != nil { // RFC 5246 section 7.4.4: not if anonymous
		hs.requested = true
		if err := c.sendMessage(t, c.certificateRequest12()); err != nil {
			return nil, err
		}
	}
	if err := c.sendMessage(t, &wire.ServerHelloDone{}); err != nil {
		return nil, err
	}
	if hs.requested {
		return waitClientCertificate12{hs}, nil
	}
	return waitClientKeyExchange{hs}, nil
}

func (c *Conn) certificateRequest12() *wire.CertificateRequest12 {
	r := &wire.CertificateRequest12{Types: []byte{wire.CertTypeRSASign, wire.CertTypeECDSASign}, CAs: c.cfg.ClientCAs}
	if c.version >= VersionTLS12 {
		r.HasSignatureAlgorithms, r.SignatureAlgorithms = true, c.cfg.offeredSigalgs(Server)
	}
	return r
}

func (c *Conn) sendServerHello12(hs *server12) error {
	h := hs.hello
	sh := &wire.ServerHello{
		LegacyVersion: c.version, Random: hs.random, SessionID: hs.sessionID, CipherSuite: hs.suite.ID,
		HasRenegotiationInfo: c.info.secureRenego,
		ExtendedMasterSecret: hs.ems, EncryptThenMAC: hs.etm, ALPN: c.info.alpn,
		TicketSupported: hs.ticket,
		ServerNameAck:   c.acksName(h) && !c.info.resumed,
	}
	if cert := hs.signing.cert; cert != nil && !c.info.resumed {
		sh.StatusRequest = hs.staples(c)
		if c.info.wantsSCT {
			sh.SCTs = cert.scts
		}
	}
	if kx := hs.suite.Kx; len(h.ECPointFormats) > 0 && (kx == suite.KxECDHE || kx == suite.KxECDHEPSK) {
		sh.ECPointFormats = []byte{0}
	}
	return c.sendMessage(hs.common12.transcript, sh)
}

// sendKeyExchange12 sends ServerKeyExchange, for suites that have one.
func (c *Conn) sendKeyExchange12(hs *server12) error {
	msg := &wire.ServerKeyExchange{Kind: hs.suite.KeyExchangeKind(), PSKHint: c.cfg.PSKHint}
	var err error
	switch hs.suite.Kx {
	case suite.KxECDHE, suite.KxECDHEPSK:
		c.info.group = c.chooseCurve(hs.hello)
		hs.key, err = group.Lookup(c.info.group).Generate(c.cfg.Rand)
		if err == nil {
			msg.Group, msg.Public = c.info.group, hs.key.Share()
		}
	case suite.KxDHE, suite.KxDHEPSK:
		hs.dh, err = c.cfg.dh.Generate(c.cfg.Rand)
		if err == nil {
			msg.P, msg.G, msg.Public = c.cfg.dh.P, c.cfg.dh.G, hs.dh.Public()
		}
	case suite.KxPSK, suite.KxRSAPSK:
		if len(c.cfg.PSKHint) == 0 { // RFC 4279 section 2
			return nil
		}
	default:
		return nil
	}
	if err != nil {
		return err
	}
	if hs.suite.SignsParams() {
		if err := hs.signParams(c, msg); err != nil {
			return err
		}
	}
	return c.sendMessage(hs.common12.transcript, msg)
}

func (hs *server12) signParams(c *Conn, msg *wire.ServerKeyExchange) error {
	msg.HasSignature, msg.HasScheme, msg.Scheme = true, c.version >= VersionTLS12, hs.signing.scheme
	params, err := msg.MarshalParams()
	if err != nil {
		return err
	}
	c.info.ourScheme = hs.signing.scheme
	msg.Signature, err = sigalg.Sign(c.cfg.Rand, hs.signing.cert.key, hs.signing.scheme, signedParams(c, params))
	return err
}

type waitClientCertificate12 struct{ *server12 }

func (hs waitClientCertificate12) handle(c *Conn, m *message) (state, error) {
	if err := m.want(wire.TypeCertificate); err != nil {
		return nil, err
	}
	msg, err := wire.UnmarshalCertificate12(m.body)
	if err != nil {
		return nil, err
	}
	hs.common12.transcript.Write(m.raw)
	if len(msg.Chain) == 0 {
		return waitClientKeyExchange{hs.server12}, c.noClientCertificate(alert.HandshakeFailure)
	}
	return c.checkPeer(msg.Chain, waitClientKeyExchange{hs.server12})
}

type waitClientKeyExchange struct{ *server12 }

func (hs waitClientKeyExchange) handle(c *Conn, m *message) (state, error) {
	if err := m.want(wire.TypeClientKeyExchange); err != nil {
		return nil, err
	}
	cke, err := wire.UnmarshalClientKeyExchange(m.body, hs.suite.KeyExchangeKind())
	if err != nil {
		return nil, err
	}
	hs.common12.transcript.Write(m.raw)
	hs.peerCKE = cke
	if hs.suite.UsesPSK() {
		c.psk = &pskAnswer{question: bytes.Clone(cke.Identity)}
		return afterKeyExchange{hs.server12}, WantPSKServer
	}
	return afterKeyExchange{hs.server12}.resume(c)
}

// afterKeyExchange goes on when the pre-shared key, if the suite needs one, is known.
type afterKeyExchange struct{ *server12 }

func (hs afterKeyExchange) handle(_ *Conn, m *message) (state, error) {
	return nil, unexpected(m, "before the key exchange was complete")
}

func (hs afterKeyExchange) resume(c *Conn) (state, error) {
	pre, err := hs.preMaster(c)
	if err != nil {
		return nil, err
	}
	hs.setMaster(c, pre)
	if len(c.info.peerChain) > 0 {
		return waitCertVerify12{hs.server12}, nil
	}
	return waitCCS12{hs.server12}, nil
}

func (hs *server12) preMaster(c *Conn) ([]byte, error) {
	var psk []byte
	if hs.suite.UsesPSK() {
		if _, psk = c.takePSK(); len(psk) == 0 {
			return nil, alert.New(alert.Peer, alert.ReasonPSKIdentityNotFound, alert.UnknownPSKIdentity,
				"client's pre-shared key is not known")
		}
	}
	var secret []byte
	var err error
	switch hs.suite.Kx {
	case suite.KxECDHE, suite.KxECDHEPSK:
		secret, err = hs.key.Finish(hs.peerCKE.Public)
	case suite.KxDHE, suite.KxDHEPSK:
		secret, err = hs.dh.Secret(hs.peerCKE.Public)
	case suite.KxRSA, suite.KxRSAPSK:
		secret, err = hs.decryptPreMaster(c)
	default:
		secret = make([]byte, len(psk))
	}
	if err == nil && hs.suite.UsesPSK() {
		secret = pskPreMaster(secret, psk)
	}
	return secret, err
}

// decryptPreMaster goes on with random bytes where the client's are malformed, in constant time, so that nobody
// learns which (RFC 5246 section 7.4.7.1).
func (hs *server12) decryptPreMaster(c *Conn) ([]byte, error) {
	key, ok := hs.signing.cert.key.(*rsa.PrivateKey)
	if !ok {
		return nil, alert.New(alert.Caller, alert.ReasonMissingRSACertificate, alert.InternalError,
			"the RSA key cannot decrypt")
	}
	random := make([]byte, 48)
	if _, err := io.ReadFull(c.cfg.Rand, random); err != nil {
		return nil, err
	}
	pre := bytes.Clone(random)
	//lint:ignore SA1019 RSA key exchange is PKCS #1 v1.5; it is off unless a cipher string asks for it
	if err := rsa.DecryptPKCS1v15SessionKey(c.cfg.Rand, key, hs.peerCKE.Encrypted, pre); err != nil {
		return nil, alert.Misbehaved(alert.ReasonDecryptionFailed, alert.DecryptError,
			"encrypted premaster secret is of another length than the modulus, or not below it")
	}
	v := hs.hello.LegacyVersion
	good := subtle.ConstantTimeByteEq(pre[0], byte(v>>8)) & subtle.ConstantTimeByteEq(pre[1], byte(v))
	subtle.ConstantTimeCopy(1-good, pre, random)
	return pre, nil
}

type waitCertVerify12 struct{ *server12 }

func (hs waitCertVerify12) handle(c *Conn, m *message) (state, error) {
	if err := m.want(wire.TypeCertificateVerify); err != nil {
		return nil, err
	}
	cv, err := wire.UnmarshalCertificateVerify(m.body, c.version)
	if err != nil {
		return nil, err
	}
	scheme, err := c.checkScheme(cv.Scheme)
	if err != nil {
		return nil, err
	}
	t := hs.common12.transcript
	if err := sigalg.Verify(c.info.peerLeaf.PublicKey, scheme, t.Buffered(), cv.Signature); err != nil {
		return nil, err
	}
	c.info.peerScheme = scheme
	t.Write(m.raw)
	return waitCCS12{hs.server12}, nil
}

type waitCCS12 struct{ *server12 }

func (hs waitCCS12) handle(_ *Conn, m *message) (state, error) {
	return nil, unexpected(m, "while waiting for change_cipher_spec")
}

func (hs waitCCS12) changeCipherSpec(c *Conn) (state, error) {
	return waitClientFinished12{hs.server12}, hs.installRead(c)
}

type waitClientFinished12 struct{ *server12 }

func (hs waitClientFinished12) handle(c *Conn, m *message) (state, error) {
	if err := hs.checkFinished(c, m); err != nil {
		return nil, err
	}
	if c.info.resumed {
		return hs.finish(c), nil
	}
	c.session = hs.newSession(c, hs.sessionID)
	if hs.ticket {
		if err := hs.sendTicket(c); err != nil {
			return nil, err
		}
	} else {
		c.cfg.shared.cachePut(c.session)
	}
	if err := hs.sendFinished(c); err != nil {
		return nil, err
	}
	return hs.finish(c), nil
}

// sendTicket sends NewSessionTicket (RFC 5077 section 3.3), an empty one if the session is too long for it.
func (hs *server12) sendTicket(c *Conn) error {
	msg := &wire.NewSessionTicket12{LifetimeHint: uint32(c.cfg.SessionTimeout)}
	if state := c.session.forTicket().Export(); len(state) <= maxTicketSession {
		t, err := c.cfg.sealTicket(state)
		if err != nil {
			return err
		}
		if msg.Ticket = t; t != nil {
			s := *c.session
			s.setTicket(t, msg.LifetimeHint)
			c.session = &s
		}
	}
	return c.sendMessage(hs.common12.transcript, msg)
}
