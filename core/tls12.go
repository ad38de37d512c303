package core

import (
	"crypto"
	"crypto/hmac"
	"io"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/keys"
	"github.com/gossl/gossl/core/internal/sigalg"
	"github.com/gossl/gossl/core/internal/suite"
	"github.com/gossl/gossl/core/internal/wire"
	"golang.org/x/crypto/cryptobyte"
)

// What both sides do in the same way in TLS 1.0 to 1.2: the master secret, keys, Finished, signatures.

// common12 is what the states of both sides share.
type common12 struct {
	transcript *keys.Transcript
	suite      *suite.Suite
	master     []byte
	prf        *keys.PRF // under the master secret
	keys       *keyBlock
	ems, etm   bool
	finished   []byte // the verify_data that was sent first (RFC 5929 section 3)
}

// setSuite fixes suite and hash, with which the transcript goes on.
func (h *common12) setSuite(c *Conn, st *suite.Suite) {
	h.suite, c.info.suite = st, st
	if c.version < VersionTLS12 {
		h.transcript.SetLegacyHash()
		return
	}
	h.transcript.SetHash(st.Hash)
}

// setMaster derives the master secret. The transcript ends with ClientKeyExchange (RFC 7627 section 4).
func (h *common12) setMaster(c *Conn, preMaster []byte) {
	prf := keys.NewPRF(c.version, h.suite.Hash, preMaster)
	if h.ems {
		h.master = prf.ExtendedMasterSecret(h.transcript.Sum())
	} else {
		h.master = prf.MasterSecret(c.info.clientRandom, c.info.serverRandom)
	}
	clear(preMaster)
	c.logKey(keyLogClientRandom, c.info.clientRandom, h.master)
}

// keyBlock is the key material of both directions (RFC 5246 section 6.3).
type keyBlock struct{ clientMAC, serverMAC, clientKey, serverKey, clientIV, serverIV []byte }

func (h *common12) keyBlock(c *Conn) *keyBlock {
	if h.keys != nil {
		return h.keys
	}
	st, iv := h.suite, h.suite.FixedIVLen
	if c.version == VersionTLS10 && !st.IsAEAD() {
		iv = st.RecordIVLen // TLS 1.0: the first IV of CBC comes from the key block
	}
	b := h.underMaster(c).KeyBlock(c.info.clientRandom, c.info.serverRandom, 2*(st.MACLen+st.KeyLen+iv))
	cut := func(n int) []byte {
		part := b[:n]
		b = b[n:]
		return part
	}
	h.keys = &keyBlock{cut(st.MACLen), cut(st.MACLen), cut(st.KeyLen), cut(st.KeyLen), cut(iv), cut(iv)}
	return h.keys
}

// underMaster returns the PRF under the master secret.
func (h *common12) underMaster(c *Conn) *keys.PRF {
	if h.prf == nil {
		h.prf = keys.NewPRF(c.version, h.suite.Hash, h.master)
	}
	return h.prf
}

// installWrite changes our sending keys; the change_cipher_spec has just been sent.
func (h *common12) installWrite(c *Conn) error {
	k := h.keyBlock(c)
	if c.side == Client {
		return c.wr.Set12(c.version, h.suite, k.clientMAC, k.clientKey, k.clientIV, h.etm, true)
	}
	return c.wr.Set12(c.version, h.suite, k.serverMAC, k.serverKey, k.serverIV, h.etm, true)
}

// installRead changes our receiving keys; the peer's change_cipher_spec has just come.
func (h *common12) installRead(c *Conn) error {
	k := h.keyBlock(c)
	if c.side == Client {
		return c.rd.Set12(c.version, h.suite, k.serverMAC, k.serverKey, k.serverIV, h.etm, false)
	}
	return c.rd.Set12(c.version, h.suite, k.clientMAC, k.clientKey, k.clientIV, h.etm, false)
}

// sendFinished sends change_cipher_spec and Finished.
func (h *common12) sendFinished(c *Conn) error {
	if err := c.sendChangeCipherSpec(); err != nil {
		return err
	}
	if err := h.installWrite(c); err != nil {
		return err
	}
	data := h.underMaster(c).FinishedVerifyData(c.side == Client, h.transcript)
	h.noteFinished(c, data)
	return c.sendMessage(h.transcript, &wire.Finished{VerifyData: data})
}

// checkFinished checks the peer's Finished in constant time and adds it to the transcript.
func (h *common12) checkFinished(c *Conn, m *message) error {
	if err := m.want(wire.TypeFinished); err != nil {
		return err
	}
	if err := m.wantAligned(); err != nil {
		return err
	}
	want := h.underMaster(c).FinishedVerifyData(c.side == Server, h.transcript)
	if len(m.body) != len(want) {
		return alert.Misbehaved(alert.ReasonBadDigestLength, alert.DecryptError, "Finished of a wrong length")
	}
	if !hmac.Equal(m.body, want) {
		return alert.Misbehaved(alert.ReasonDigestCheckFailed, alert.DecryptError, "peer's Finished is wrong")
	}
	h.noteFinished(c, want)
	h.transcript.Write(m.raw)
	return nil
}

// noteFinished keeps the first Finished of the handshake for the channel binding.
func (h *common12) noteFinished(c *Conn, verifyData []byte) {
	if h.finished == nil {
		h.finished = verifyData
		c.info.tlsUnique = verifyData
	}
}

// finish completes the connection.
func (h *common12) finish(c *Conn) state {
	c.info.exporter = &exporter12{h.master, c.version, h.suite.Hash, c.info.clientRandom, c.info.serverRandom}
	return c.established(connected12{})
}

// exporter12 is RFC 5705.
type exporter12 struct {
	master                     []byte
	version                    uint16
	hash                       crypto.Hash
	clientRandom, serverRandom []byte
}

func (e *exporter12) export(label string, context []byte, hasContext bool, n int) ([]byte, error) {
	prf := keys.NewPRF(e.version, e.hash, e.master)
	return prf.Export(e.clientRandom, e.serverRandom, label, context, hasContext, n), nil
}

// newSession returns the session of a full handshake.
func (h *common12) newSession(c *Conn, id []byte) *Session {
	return &Session{
		isClient: c.side == Client, version: c.version, suite: h.suite.ID, secret: h.master, id: id,
		created: c.cfg.Now(), timeout: c.cfg.SessionTimeout, ems: h.ems,
		verified: c.cfg.VerifyMode != VerifyNone && len(c.info.verified) > 0,
		alpn:     c.info.alpn, serverName: c.info.serverName, peerChain: c.info.peerChain, chain: c.info.verified,
		verifyResult: c.info.verifyResult, peerScheme: c.info.peerScheme, group: c.info.group,
		ocsp: c.info.ocsp, scts: c.info.scts,
		shared: c.cfg.shared,
	}
}

// signedParams is what the signature of a ServerKeyExchange covers (RFC 8422 section 5.4).
func signedParams(c *Conn, params []byte) []byte {
	b := make([]byte, 0, 64+len(params))
	b = append(append(b, c.info.clientRandom...), c.info.serverRandom...)
	return append(b, params...)
}

// checkScheme checks that the peer may sign with that scheme: we offered it and its key fits. Before TLS 1.2 the
// scheme follows from the key.
func (c *Conn) checkScheme(s sigalg.Scheme) (sigalg.Scheme, error) {
	leaf := c.info.peerLeaf
	if c.version < VersionTLS12 {
		return sigalg.Legacy(leaf.PublicKey), c.checkLegacyKey()
	}
	if !contains(c.cfg.offeredSigalgs(c.side), s) || !sigalg.CanSign(leaf.PublicKey, leaf.IsPSSKey, s, c.version) {
		return 0, alert.Misbehaved(alert.ReasonWrongSignatureType, alert.IllegalParameter,
			"peer signed with a scheme that we did not offer")
	}
	return s, nil
}

// checkLegacyKey refuses what can sign nothing before TLS 1.2: EdDSA keys (RFC 8422 section 5.10) and RSA keys that are
// for PSS alone.
func (c *Conn) checkLegacyKey() error {
	t := sigalg.KeyType(c.info.peerLeaf.PublicKey)
	if t == sigalg.KeyECDSA || t == sigalg.KeyRSA && !c.info.peerLeaf.IsPSSKey {
		return nil
	}
	return alert.Misbehaved(alert.ReasonUnknownCertificateType, alert.UnsupportedCertificate,
		"peer's key can not sign in this version")
}

// pskPreMaster is the premaster secret of the PSK suites (RFC 4279 section 2).
func pskPreMaster(other, psk []byte) []byte {
	var b cryptobyte.Builder
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(other) })
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(psk) })
	return b.BytesOrPanic()
}

// rsaPreMaster makes the 48 bytes of RSA key exchange (RFC 5246 section 7.4.7.1).
func rsaPreMaster(c *Conn, helloVersion uint16) ([]byte, error) {
	pre := make([]byte, 48)
	if _, err := io.ReadFull(c.cfg.Rand, pre); err != nil {
		return nil, err
	}
	pre[0], pre[1] = byte(helloVersion>>8), byte(helloVersion)
	return pre, nil
}

// connected12 refuses to renegotiate: CVE-2009-3555 and its relatives are not worth the feature.
type connected12 struct{}

func (s connected12) handle(c *Conn, m *message) (state, error) {
	if m.typ == wire.TypeHelloRequest && c.side == Client && len(m.body) != 0 {
		return nil, alert.Misbehaved(alert.ReasonBadHelloRequest, alert.DecodeError, "malformed HelloRequest")
	}
	if m.typ == wire.TypeHelloRequest && c.side == Client || m.typ == wire.TypeClientHello && c.side == Server {
		return nil, alert.New(alert.Peer, alert.ReasonNoRenegotiation, alert.NoRenegotiation,
			"peer wants to renegotiate")
	}
	return nil, unexpected(m, "after the handshake")
}

// splitsRecords reports whether application data must be preceded by an empty record, which makes the IV of TLS 1.0's
// CBC unpredictable (RFC 4346 appendix F.3 on what TLS 1.0 lacks).
func (c *Conn) splitsRecords() bool {
	return c.version == VersionTLS10 && !c.info.suite.IsAEAD() && c.info.suite.Enc != suite.EncNull
}
