package core

import (
	"bytes"
	"crypto"
	"crypto/hmac"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/keys"
	"github.com/gossl/gossl/core/internal/sigalg"
	"github.com/gossl/gossl/core/internal/suite"
	"github.com/gossl/gossl/core/internal/wire"
)

// What both sides do in the same way in TLS 1.3: keys, certificates, signatures, Finished.

// appSecrets are the secrets of a connection whose handshake is complete.
type appSecrets struct {
	suite          *suite.Suite
	master         *keys.MasterSecret13
	client, server []byte // the traffic secrets in use
	exporter       []byte
	resumption     []byte
}

// newAppSecrets derives from the transcript through the server's Finished (RFC 9846 section 7.1).
func newAppSecrets(c *Conn, st *suite.Suite, master *keys.MasterSecret13, t *keys.Transcript) *appSecrets {
	th := t.Sum()
	a := &appSecrets{
		suite: st, master: master,
		client:   master.ClientApplicationTrafficSecret(th),
		server:   master.ServerApplicationTrafficSecret(th),
		exporter: master.ExporterMasterSecret(th),
	}
	c.logKey(keyLogExporter, c.info.clientRandom, a.exporter)
	c.logKey(keyLogServerTraffic, c.info.clientRandom, a.server)
	c.logKey(keyLogClientTraffic, c.info.clientRandom, a.client)
	return a
}

func (a *appSecrets) export(label string, context []byte, _ bool, n int) ([]byte, error) {
	return keys.Exporter13(a.suite.Hash, a.exporter, label, context, n), nil
}

// lateFinishedMAC is the client's after the handshake, which its application traffic secret makes (RFC 9846 section
// 4.4.4).
func (a *appSecrets) lateFinishedMAC(transcriptHash []byte) []byte {
	return keys.FinishedMAC(a.suite.Hash, a.client, transcriptHash)
}

// keyOf derives key and IV of the lengths that a suite wants.
type keyOf func(keyLen, ivLen int) (key, iv []byte)

func (c *Conn) setReadKey(st *suite.Suite, derive keyOf) error {
	key, iv := derive(st.KeyLen, st.FixedIVLen)
	return c.rd.Set13(st, key, iv)
}

func (c *Conn) setWriteKey(st *suite.Suite, derive keyOf) error {
	if err := c.sendFlight(); err != nil {
		return err
	}
	key, iv := derive(st.KeyLen, st.FixedIVLen)
	return c.wr.Set13(st, key, iv)
}

// setReadSecret and setWriteSecret change to the keys of an application traffic secret.
func (c *Conn) setReadSecret(st *suite.Suite, secret []byte) error {
	return c.setReadKey(st, trafficKey(st, secret))
}

func (c *Conn) setWriteSecret(st *suite.Suite, secret []byte) error {
	return c.setWriteKey(st, trafficKey(st, secret))
}

func trafficKey(st *suite.Suite, secret []byte) keyOf {
	return func(keyLen, ivLen int) (key, iv []byte) { return keys.TrafficKey(st.Hash, secret, keyLen, ivLen) }
}

// finish13 keeps what a connection needs after the handshake. t ends with the client's Finished.
func (c *Conn) finish13(a *appSecrets, t *keys.Transcript) {
	a.resumption, a.master = a.master.ResumptionMasterSecret(t.Sum()), nil
	c.info.exporter = a
	c.post.app = a
	if c.post.possible {
		t.DropBuffer()
		c.post.transcript = t
	}
	if c.session == nil || c.session.version != VersionTLS13 {
		c.session = &Session{isClient: c.side == Client, version: VersionTLS13, shared: c.cfg.shared}
	}
	s := *c.session
	s.suite, s.alpn, s.serverName = a.suite.ID, c.info.alpn, c.info.serverName
	s.ticket, s.hint, s.id, s.secret = nil, 0, nil, nil // a PSK is offered once
	s.maxEarly, s.issued = 0, 0
	s.peerChain, s.chain, s.verifyResult = c.info.peerChain, c.info.verified, c.info.verifyResult
	s.peerScheme, s.ocsp, s.scts = c.info.peerScheme, c.info.ocsp, c.info.scts
	if !c.info.resumed {
		s.created, s.timeout = c.cfg.Now(), c.cfg.SessionTimeout
		s.verified = c.cfg.VerifyMode != VerifyNone && len(c.info.verified) > 0
	}
	c.session = &s
}

// certificateVerifyContext separates the signatures of the sides (RFC 9846 section 4.4.3).
func certificateVerifyContent(signer Side, transcriptHash []byte) []byte {
	content := bytes.Repeat([]byte{0x20}, 64)
	label := "TLS 1.3, client CertificateVerify"
	if signer == Server {
		label = "TLS 1.3, server CertificateVerify"
	}
	content = append(append(content, label...), 0)
	return append(content, transcriptHash...)
}

// peerCertificate13 reads a Certificate message and returns the chain, which may be empty.
func (c *Conn) peerCertificate13(m *message, offered []wire.ExtensionType, context []byte) ([][]byte, error) {
	body, err := c.certificateBody(m)
	if err != nil {
		return nil, err
	}
	msg, err := wire.UnmarshalCertificate13(body)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(msg.Context, context) {
		return nil, alert.Misbehaved(alert.ReasonInvalidContext, alert.IllegalParameter,
			"certificate with another context than was asked for")
	}
	var chain [][]byte
	for i, entry := range msg.Entries {
		if id := wire.FirstUnsolicited(entry.ExtensionIDs, offered); id != nil {
			return nil, alert.Misbehaved(alert.ReasonUnsolicitedExtension, alert.UnsupportedExtension,
				"certificate with an extension that we did not offer")
		}
		chain = append(chain, entry.Data)
		if i == 0 {
			c.info.ocsp, c.info.scts = entry.OCSP, entry.SCTs
		}
	}
	return chain, nil
}

// checkCertificateVerify13 checks the peer's signature over the transcript. It adds the message to the transcript.
func (c *Conn) checkCertificateVerify13(m *message, t *keys.Transcript) error {
	if err := m.want(wire.TypeCertificateVerify); err != nil {
		return err
	}
	cv, err := wire.UnmarshalCertificateVerify(m.body, VersionTLS13)
	if err != nil {
		return err
	}
	if !contains(c.cfg.offeredSigalgs(c.side), cv.Scheme) || !cv.Scheme.AllowedAt(VersionTLS13) ||
		!sigalg.CanSign(c.info.peerLeaf.PublicKey, c.info.peerLeaf.IsPSSKey, cv.Scheme, VersionTLS13) {
		return alert.Misbehaved(alert.ReasonWrongSignatureType, alert.IllegalParameter,
			"peer signed with a scheme that we did not offer")
	}
	content := certificateVerifyContent(1-c.side, t.Sum())
	if err := sigalg.Verify(c.info.peerLeaf.PublicKey, cv.Scheme, content, cv.Signature); err != nil {
		return err
	}
	c.info.peerScheme = cv.Scheme
	t.Write(m.raw)
	return nil
}

// checkFinished13 checks the peer's Finished in constant time and adds it to the transcript.
func (c *Conn) checkFinished13(m *message, macOf func(transcriptHash []byte) []byte, t *keys.Transcript) error {
	if err := m.want(wire.TypeFinished); err != nil {
		return err
	}
	if err := m.wantAligned(); err != nil {
		return err
	}
	fin, err := wire.UnmarshalFinished(m.body)
	if err != nil {
		return err
	}
	mac := macOf(t.Sum())
	if len(fin.VerifyData) != len(mac) {
		return alert.Misbehaved(alert.ReasonBadDigestLength, alert.DecryptError, "Finished of a wrong length")
	}
	if !hmac.Equal(fin.VerifyData, mac) {
		return alert.Misbehaved(alert.ReasonDigestCheckFailed, alert.DecryptError, "peer's Finished is wrong")
	}
	t.Write(m.raw)
	return nil
}

// sendOurCertificate13 sends Certificate and CertificateVerify.
func (c *Conn) sendOurCertificate13(s signing, context []byte, t *keys.Transcript) error {
	msg := &wire.Certificate13{Context: context}
	for _, der := range c.cfg.sendChain(s.cert) {
		msg.Entries = append(msg.Entries, wire.CertificateEntry{Data: der})
	}
	if c.info.wantsOCSP {
		msg.Entries[0].OCSP = s.cert.ocsp
	}
	if c.info.wantsSCT {
		msg.Entries[0].SCTs = s.cert.scts
	}
	if err := c.sendCertificate13(t, msg); err != nil {
		return err
	}
	sig, err := sigalg.Sign(c.cfg.Rand, s.cert.key, s.scheme, certificateVerifyContent(c.side, t.Sum()))
	if err != nil {
		return err
	}
	c.info.ourScheme, c.info.ourLeaf = s.scheme, s.cert.leaf
	return c.sendMessage(t, &wire.CertificateVerify{Scheme: s.scheme, HasScheme: true, Signature: sig})
}

// sendClientAuth13 answers a certificate request: with our certificate if one fits, else with an empty list
// (RFC 9846 section 4.4.2.3).
func (c *Conn) sendClientAuth13(r *wire.CertificateRequest13, t *keys.Transcript) error {
	if len(r.SignatureAlgorithms) == 0 {
		return alert.Misbehaved(alert.ReasonMissingSigalgsExtension, alert.MissingExtension,
			"certificate request without signature algorithms")
	}
	s, ok := c.chooseSigning(r.SignatureAlgorithms, anyCertificate)
	if !ok && c.cfg.AskCertificate && len(c.cfg.certificates) > 0 {
		return unfitCertificate()
	}
	if !ok {
		return c.sendMessage(t, &wire.Certificate13{Context: r.Context})
	}
	return c.sendOurCertificate13(s, r.Context, t)
}

// noteRequest13 keeps what the server says of the certificate that it wants, for the caller.
func (c *Conn) noteRequest13(r *wire.CertificateRequest13) {
	c.info.request = &CertificateRequest{CAs: r.CAs}
	c.info.peerSigalgs = r.SignatureAlgorithms
}

// unfitCertificate is the error where the caller has chosen a certificate for this very server.
func unfitCertificate() error {
	return alert.New(alert.Peer, alert.ReasonNoSuitableSignatureAlgorithm, alert.HandshakeFailure,
		"server accepts no signature scheme of our certificates")
}

func anyCertificate(*certificate) bool { return true }

// hashOf returns the hash of a suite number, 0 if there is no such suite.
func hashOf(id uint16) crypto.Hash {
	if s := suite.ByID(id); s != nil {
		return s.Hash
	}
	return 0
}

// setRecordSize takes the peer's record_size_limit (RFC 8449 section 4), which counts the inner content type.
func (l *limits) setRecordSize(limit uint16, version uint16) {
	if limit == 0 {
		return
	}
	n := int(limit)
	if version == VersionTLS13 {
		n--
	}
	l.sendFragment = min(n, 1<<14)
}
