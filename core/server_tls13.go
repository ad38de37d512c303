package core

import (
	"crypto"
	"io"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/group"
	"github.com/gossl/gossl/core/internal/keys"
	"github.com/gossl/gossl/core/internal/suite"
	"github.com/gossl/gossl/core/internal/wire"
)

// The server's states of TLS 1.3, RFC 9846 appendix A.2, in their order:
//
//	waitClientHello ─► [waitSecondHello] ─► (our flight) ─┬─► waitClientCertificate → waitClientCertVerify ─┐
//	                                                      ├──────────── no certificate asked for ───────────┼─► waitClientFinished → connected13
//	                                                      └─ early data accepted ──► waitEndOfEarlyData ────────────┘

// server13 is what these states share.
type server13 struct {
	*serverHandshake
	suite     *suite.Suite
	group     group.ID
	psk       *serverPSK // the one that we chose, or nil
	handshake *keys.HandshakeSecret
	clientHS  *keys.HandshakeTraffic
	serverHS  *keys.HandshakeTraffic
	app       *appSecrets
	requested bool // a client certificate
	retried   bool
	resumable bool // the first ClientHello had a session that we know
}

// clientHello13 chooses suite and group, asks for another key share if need be, and looks for a pre-shared key.
func (c *Conn) clientHello13(shared *serverHandshake) (state, error) {
	hs := &server13{serverHandshake: shared}
	if err := hs.checkHello(c); err != nil {
		return nil, err
	}
	if hs.suite = c.chooseSuite13(hs.hello); hs.suite == nil {
		return nil, alert.New(alert.Peer, alert.ReasonNoSharedCipher, alert.HandshakeFailure,
			"client offers no cipher suite that is enabled")
	}
	c.info.suite = hs.suite
	hs.group = c.chooseGroup13(hs.hello)
	if hs.group == 0 {
		return nil, alert.New(alert.Peer, alert.ReasonNoSuitableKeyShare, alert.HandshakeFailure,
			"client offers no named group that is enabled")
	}
	c.post.possible = hs.hello.PostHandshakeAuth
	if hs.hello.EarlyData { // RFC 9846 section 4.2.10: to be skipped, unless it is accepted
		c.limits.skipEarlyData = c.cfg.skippable()
	}
	if shareOf(hs.hello, hs.group) == nil {
		return c.sendRetry(hs)
	}
	return c.choosePSK(hs)
}

// checkHello checks what RFC 9846 sections 4.1.2 and 9.2 demand of a ClientHello.
func (hs *server13) checkHello(c *Conn) error {
	h := hs.hello
	if len(h.CompressionMethods) != 1 || h.CompressionMethods[0] != 0 {
		return alert.Misbehaved(alert.ReasonInvalidCompressionAlgorithm, alert.IllegalParameter,
			"client offers compression with TLS 1.3")
	}
	if len(h.SupportedGroups) == 0 {
		return alert.Misbehaved(alert.ReasonMissingSupportedGroupsExtension, alert.MissingExtension,
			"client sent no named groups")
	}
	if !h.HasKeyShare {
		return alert.Misbehaved(alert.ReasonNoSuitableKeyShare, alert.MissingExtension, "client sent no key share")
	}
	if len(h.PSKIdentities) > 0 && len(h.PSKModes) == 0 {
		return alert.Misbehaved(alert.ReasonMissingPSKKexModesExtension, alert.MissingExtension,
			"client offers pre-shared keys without their modes")
	}
	for i, s := range h.KeyShares {
		for _, before := range h.KeyShares[:i] {
			if before.Group == s.Group {
				return alert.Misbehaved(alert.ReasonBadKeyShare, alert.IllegalParameter,
					"client sent two key shares of one group")
			}
		}
		if !contains(h.SupportedGroups, s.Group) {
			return alert.Misbehaved(alert.ReasonBadKeyShare, alert.IllegalParameter,
				"client sent a key share of a group that it does not offer")
		}
	}
	if len(h.SignatureAlgorithms) == 0 && len(h.PSKIdentities) == 0 {
		return alert.Misbehaved(alert.ReasonMissingSigalgsExtension, alert.MissingExtension,
			"client sent no signature algorithms")
	}
	return nil
}

func (c *Conn) chooseSuite13(h *wire.ClientHello) *suite.Suite {
	return c.chooseSuiteOf(h, 0)
}

// chooseSuiteOf picks a suite whose hash is hash, if that is not 0, by our preference or the client's.
func (c *Conn) chooseSuiteOf(h *wire.ClientHello, hash crypto.Hash) *suite.Suite {
	if c.cfg.Options&OpCipherServerPreference == 0 {
		for _, id := range h.CipherSuites {
			if s := suite.ByID(id); s != nil && contains(c.cfg.suites13, s) && (hash == 0 || s.Hash == hash) {
				return s
			}
		}
		return nil
	}
	for _, s := range c.cfg.suites13 {
		if contains(h.CipherSuites, s.ID) && (hash == 0 || s.Hash == hash) {
			return s
		}
	}
	return nil
}

// chooseGroup13 prefers, among the groups that both have, one that needs no further round trip.
func (c *Conn) chooseGroup13(h *wire.ClientHello) group.ID {
	for _, id := range c.cfg.groups {
		if shareOf(h, id) != nil && !c.cfg.BestGroup {
			return id
		}
	}
	return firstMutual(c.cfg.groups, h.SupportedGroups)
}

func shareOf(h *wire.ClientHello, id group.ID) []byte {
	for _, s := range h.KeyShares {
		if s.Group == id {
			return s.Data
		}
	}
	return nil
}

// sendRetry sends a HelloRetryRequest for a share of hs.group.
func (c *Conn) sendRetry(hs *server13) (state, error) {
	hs.transcript.SetHash(hs.suite.Hash)
	hs.transcript.ReplaceWithMessageHash()
	hrr := &wire.ServerHello{
		LegacyVersion: VersionTLS12, Random: wire.HelloRetryRequestRandom, SessionID: hs.hello.SessionID,
		CipherSuite: hs.suite.ID, SupportedVersion: VersionTLS13, SelectedGroup: hs.group,
	}
	if err := c.sendMessage(hs.transcript, hrr); err != nil {
		return nil, err
	}
	hs.retried, c.info.retried, c.early.phase = true, true, earlyOver
	for _, id := range hs.hello.PSKIdentities {
		hs.resumable = hs.resumable || c.sessionOf13(id.Identity, hs) != nil
	}
	return waitSecondHello{hs}, c.sendCompatCCS()
}

type waitSecondHello struct{ *server13 }

func (s waitSecondHello) handle(c *Conn, m *message) (state, error) {
	hs := s.server13
	if err := m.want(wire.TypeClientHello); err != nil {
		return nil, err
	}
	if err := m.wantAligned(); err != nil {
		return nil, err
	}
	hello, err := wire.UnmarshalClientHello(m.body)
	if err != nil {
		return nil, err
	}
	first := hs.hello
	hs.hello = hello
	if err := hs.checkHello(c); err != nil {
		return nil, err
	}
	if len(hello.KeyShares) != 1 || shareOf(hello, hs.group) == nil {
		return nil, alert.Misbehaved(alert.ReasonBadKeyShare, alert.IllegalParameter,
			"client's second hello has another key share than the HelloRetryRequest asked for")
	}
	// Early data, which has no place here either, fails by itself: it is not skipped any more.
	if hello.Random != first.Random || !contains(hello.SupportedVersions, VersionTLS13) ||
		!contains(hello.CipherSuites, hs.suite.ID) || string(hello.SessionID) != string(first.SessionID) {
		return nil, alert.Misbehaved(alert.ReasonBadExtension, alert.IllegalParameter,
			"client's second hello differs from its first")
	}
	if hs.resumable && len(hello.PSKIdentities) == 0 {
		return nil, alert.Misbehaved(alert.ReasonBadExtension, alert.MissingExtension,
			"client's second hello lacks the pre_shared_key of its first")
	}
	c.limits.skipEarlyData = 0
	hs.beforeHello = hs.transcript.Clone()
	hs.helloRaw = m.raw
	hs.transcript.Write(m.raw)
	return c.choosePSK(hs)
}

// respond13 sends our flight: ServerHello to Finished. hs.psk is decided.
func (c *Conn) respond13(hs *server13) (state, error) {
	share, secret, err := group.Lookup(hs.group).Respond(c.cfg.Rand, shareOf(hs.hello, hs.group))
	if err != nil {
		return nil, err
	}
	c.info.group = hs.group
	early := c.acceptEarlyData(hs)
	var earlyKey keyOf
	if early {
		earlyKey = c.earlyTraffic(hs.suite, hs.psk.early, hs.transcript)
	}
	if err := c.sendServerHello13(hs, share); err != nil {
		return nil, err
	}
	first := keys.NewEarlySecret(hs.suite.Hash, nil)
	if hs.psk != nil {
		first = hs.psk.early
	}
	hs.handshake = first.HandshakeSecret(secret)
	th := hs.transcript.Sum()
	hs.clientHS = hs.handshake.ClientTraffic(th)
	hs.serverHS = hs.handshake.ServerTraffic(th)
	c.logKey(keyLogServerHandshake, c.info.clientRandom, hs.serverHS.Secret())
	c.logKey(keyLogClientHandshake, c.info.clientRandom, hs.clientHS.Secret())
	if err := c.setWriteKey(hs.suite, hs.serverHS.Key); err != nil {
		return nil, err
	}
	if err := c.sendEncryptedFlight(hs); err != nil {
		return nil, err
	}
	hs.app = newAppSecrets(c, hs.suite, hs.handshake.MasterSecret(), hs.transcript)
	if err := c.setWriteSecret(hs.suite, hs.app.server); err != nil {
		return nil, err
	}
	if early {
		return waitEndOfEarlyData{hs}, c.setReadKey(hs.suite, earlyKey)
	}
	if err := c.setReadKey(hs.suite, hs.clientHS.Key); err != nil {
		return nil, err
	}
	if hs.requested {
		return waitClientCertificate{hs}, nil
	}
	return waitClientFinished{hs}, nil
}

func (c *Conn) sendServerHello13(hs *server13, share []byte) error {
	hs.transcript.SetHash(hs.suite.Hash)
	hs.transcript.DropBuffer()
	sh := &wire.ServerHello{
		LegacyVersion: VersionTLS12, Random: hs.random, SessionID: hs.hello.SessionID, CipherSuite: hs.suite.ID,
		SupportedVersion: VersionTLS13, KeyShare: &wire.KeyShareEntry{Group: hs.group, Data: share},
	}
	if hs.psk != nil {
		index := uint16(hs.psk.index)
		sh.SelectedPSK = &index
	}
	if err := c.sendMessage(hs.transcript, sh); err != nil {
		return err
	}
	return c.sendCompatCCS()
}

// sendEncryptedFlight sends EncryptedExtensions to Finished.
func (c *Conn) sendEncryptedFlight(hs *server13) error {
	ee := &wire.EncryptedExtensions{ALPN: c.info.alpn, ServerNameAck: c.acksName(hs.hello) && hs.psk == nil,
		EarlyData: c.early.phase == earlyOpen}
	c.limits.setRecordSize(hs.hello.RecordSizeLimit, VersionTLS13)
	if err := c.sendMessage(hs.transcript, ee); err != nil {
		return err
	}
	if hs.psk == nil {
		if err := c.sendServerAuth13(hs); err != nil {
			return err
		}
	}
	fin := &wire.Finished{VerifyData: hs.serverHS.FinishedMAC(hs.transcript.Sum())}
	return c.sendMessage(hs.transcript, fin)
}

func (c *Conn) sendServerAuth13(hs *server13) error {
	if c.cfg.VerifyMode != VerifyNone && !c.cfg.PostHandshakeAuth {
		hs.requested = true
		if err := c.sendMessage(hs.transcript, c.certificateRequest13(nil)); err != nil {
			return err
		}
	}
	if len(c.cfg.certificates) == 0 {
		return alert.New(alert.Caller, alert.ReasonNoSharedCipher, alert.HandshakeFailure,
			"the server has no certificate")
	}
	s, ok := c.chooseSigning(hs.hello.SignatureAlgorithms, anyCertificate)
	if !ok {
		return alert.New(alert.Peer, alert.ReasonNoSuitableSignatureAlgorithm, alert.HandshakeFailure,
			"client accepts no signature scheme of our certificates")
	}
	return c.sendOurCertificate13(s, nil, hs.transcript)
}

func (c *Conn) certificateRequest13(context []byte) *wire.CertificateRequest13 {
	return &wire.CertificateRequest13{Context: context, SignatureAlgorithms: c.cfg.offeredSigalgs(Server), CAs: c.cfg.ClientCAs}
}

type waitClientCertificate struct{ *server13 }

func (hs waitClientCertificate) handle(c *Conn, m *message) (state, error) {
	chain, err := c.peerCertificate13(m, nil, nil)
	if err != nil {
		return nil, err
	}
	c.limits.skipEarlyData = 0
	if len(chain) == 0 {
		if err := c.noClientCertificate(alert.CertificateRequired); err != nil {
			return nil, err
		}
		hs.transcript.Write(m.raw)
		return waitClientFinished{hs.server13}, nil
	}
	hs.transcript.Write(m.raw)
	return c.checkPeer(chain, waitClientCertVerify{hs.server13})
}

// noClientCertificate refuses a client that has none if the config requires one.
func (c *Conn) noClientCertificate(d alert.Description) error {
	if c.cfg.VerifyMode != VerifyRequired {
		return nil
	}
	return alert.New(alert.Peer, alert.ReasonPeerDidNotReturnACertificate, d, "client showed no certificate")
}

type waitClientCertVerify struct{ *server13 }

func (hs waitClientCertVerify) handle(c *Conn, m *message) (state, error) {
	if err := c.checkCertificateVerify13(m, hs.transcript); err != nil {
		return nil, err
	}
	return waitClientFinished{hs.server13}, nil
}

type waitClientFinished struct{ *server13 }

func (hs waitClientFinished) handle(c *Conn, m *message) (state, error) {
	if err := c.checkFinished13(m, hs.clientHS.FinishedMAC, hs.transcript); err != nil {
		return nil, err
	}
	c.limits.skipEarlyData = 0
	if err := c.setReadSecret(hs.suite, hs.app.client); err != nil {
		return nil, err
	}
	c.info.tlsUnique = append([]byte(nil), m.body...)
	c.finish13(hs.app, hs.transcript)
	next := c.established(connected13{})
	return next, c.sendTickets(hs.server13)
}

// sendTickets sends NewSessionTicket messages (RFC 9846 section 4.6.1) to clients that can use them: the configured
// number after a full handshake, one after a resumed one.
func (c *Conn) sendTickets(hs *server13) error {
	n := c.cfg.NumTickets
	if c.info.resumed {
		n = min(n, 1)
	}
	if !contains(hs.hello.PSKModes, wire.PSKModeDHE) {
		return nil
	}
	for i := range n {
		if err := c.sendTicket13(uint64(i)); err != nil {
			return err
		}
	}
	return nil
}

func (c *Conn) sendTicket13(counter uint64) error {
	nonce := []byte{0, 0, 0, 0, 0, 0, 0, byte(counter)}
	t := &wire.NewSessionTicket13{Lifetime: uint32(min(c.cfg.SessionTimeout, maxTicketLifetime)), Nonce: nonce}
	var age [4]byte
	if _, err := io.ReadFull(c.cfg.Rand, age[:]); err != nil {
		return err
	}
	t.AgeAdd = uint32(age[0])<<24 | uint32(age[1])<<16 | uint32(age[2])<<8 | uint32(age[3])
	s := *c.session
	s.secret = keys.ResumptionPSK(c.post.app.suite.Hash, c.post.app.resumption, nonce)
	s.ageAdd = t.AgeAdd
	if !c.info.resumed {
		s.created, s.timeout = c.cfg.Now(), int64(t.Lifetime)
	}
	if err := s.forEarlyData(c.cfg); err != nil {
		return err
	}
	var err error
	if t.Ticket, err = c.ticketFor(&s); err != nil || t.Ticket == nil {
		return err
	}
	if t.MaxEarlyData = s.maxEarly; s.maxEarly != 0 {
		c.cfg.shared.tickets.add(s.id)
	}
	c.session = &s
	return c.sendMessage(nil, t)
}

const (
	maxTicketLifetime = 604800 // seconds, RFC 9846 section 4.6.1
	maxTicketSession  = 60000  // bytes; a client certificate chain beyond that is not worth resuming
)

// ticketFor returns the sealed session, or with OP_NO_TICKET a random name under which the session is cached. It is
// nil for a session too long for a ticket.
func (c *Conn) ticketFor(s *Session) ([]byte, error) {
	if c.cfg.Options&OpNoTicket == 0 {
		state := s.forTicket().Export()
		if len(state) > maxTicketSession {
			return nil, nil
		}
		return c.cfg.sealTicket(state)
	}
	s.id = make([]byte, 32)
	if _, err := io.ReadFull(c.cfg.Rand, s.id); err != nil {
		return nil, err
	}
	c.cfg.shared.cachePut(s)
	return s.id, nil
}
