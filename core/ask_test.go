package core

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"testing"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/stretchr/testify/require"
)

// answer runs the handshakes and answers every Want with the function of its name.
func answer(t *testing.T, c, s *Conn, answers map[Want]func(*Conn) error) (clientErr, serverErr error) {
	for {
		clientErr, serverErr = shake(c, s)
		var w Want
		switch {
		case errors.As(clientErr, &w):
			require.NoError(t, answers[w](c))
		case errors.As(serverErr, &w):
			require.NoError(t, answers[w](s))
		default:
			return clientErr, serverErr
		}
	}
}

func goOn(w Want) func(*Conn) error {
	return func(c *Conn) error {
		switch w {
		case WantVerify:
			return c.AnswerVerify(0, 0)
		case WantCertificate:
			return c.AnswerCertificate(GoOn)
		}
		return c.AnswerSNI(GoOn)
	}
}

func versionsOf(t testing.TB, v uint16, configs ...*Config) {
	for _, c := range configs {
		require.NoError(t, c.SetMinVersion(int(v)))
		require.NoError(t, c.SetMaxVersion(int(v)))
	}
}

func TestTheCallerJudgesCertificates(t *testing.T) {
	for _, v := range []uint16{VersionTLS12, VersionTLS13} {
		client, server, _ := configs(t)
		versionsOf(t, v, client, server)
		client.AskVerify = true
		all := map[Want]func(*Conn) error{WantVerify: goOn(WantVerify)}
		c, s := newPair(t, client, server)
		ce, se := answer(t, c, s, all)
		require.NoError(t, ce)
		require.NoError(t, se)
		require.Zero(t, c.VerifyResult())

		all[WantVerify] = func(c *Conn) error { return c.AnswerVerify(50, int(alert.CertificateUnknown)) }
		c, s = newPair(t, client, server)
		ce, se = answer(t, c, s, all)
		require.Equal(t, alert.ReasonCertificateVerifyFailed, asError(ce).Reason)
		require.Equal(t, alert.CertificateUnknown, asError(se).Alert)
		require.Equal(t, 50, c.VerifyResult())

		client.VerifyMode, client.CheckHostname = VerifyNone, false
		c, s = newPair(t, client, server)
		ce, se = answer(t, c, s, all)
		require.NoError(t, ce, "with VerifyNone the verdict is only kept")
		require.NoError(t, se)
		require.Equal(t, 50, c.VerifyResult())
		client.VerifyMode, client.CheckHostname = VerifyRequired, true
	}
}

func TestAnswersWithoutAQuestionAreRefused(t *testing.T) {
	client, server, _ := configs(t)
	c, _ := newPair(t, client, server)
	require.Error(t, c.AnswerVerify(0, 0))
	require.Error(t, c.AnswerCertificate(GoOn))
	require.Error(t, c.AnswerSNI(GoOn))
}

func TestTheCallerChoosesTheCertificate(t *testing.T) {
	for _, v := range []uint16{VersionTLS12, VersionTLS13} {
		client, server, ca := configs(t)
		versionsOf(t, v, client, server)
		require.NoError(t, server.AddAnchorsPEM(ca.PEM))
		server.VerifyMode = VerifyRequired
		server.ClientCAs = [][]byte{{0x30, 0x00}}
		client.AskCertificate = true
		chain, key := ca.Issue(ecKey(t), "me")
		all := map[Want]func(*Conn) error{WantCertificate: func(c *Conn) error {
			require.Equal(t, server.ClientCAs, c.CertificateRequest().CAs)
			require.NotEmpty(t, c.PeerSigalgs())
			other, err := NewConfig(MethodTLSClient)
			require.NoError(t, err)
			require.NoError(t, other.UseCertificate(chain, key, nil))
			require.NoError(t, other.AddAnchorsPEM(ca.PEM))
			require.NoError(t, c.SetConfig(other))
			return c.AnswerCertificate(GoOn)
		}}
		c, s := newPair(t, client, server)
		ce, se := answer(t, c, s, all)
		require.NoError(t, ce)
		require.NoError(t, se)
		require.NotEmpty(t, s.PeerCertificates())

		all[WantCertificate] = func(c *Conn) error { return c.AnswerCertificate(int(alert.InternalError)) }
		c, s = newPair(t, client, server)
		ce, se = answer(t, c, s, all)
		require.Equal(t, alert.ReasonCertCbError, asError(ce).Reason)
		require.Equal(t, alert.InternalError, asError(se).Alert)
	}
}

func TestACertificateThatDoesNotFitIsAnErrorWhenItWasAskedFor(t *testing.T) {
	for _, v := range []uint16{VersionTLS12, VersionTLS13} {
		client, server, ca := configs(t)
		versionsOf(t, v, client, server)
		server.VerifyMode = VerifyOptional
		require.NoError(t, server.SetClientSigalgs("rsa_pss_rsae_sha256"))
		chain, key := ca.Issue(ecKey(t), "me")
		require.NoError(t, client.UseCertificate(chain, key, nil))
		c, s := connect(t, client, server)
		require.Empty(t, s.PeerCertificates(), "without the question the client goes on without")
		require.True(t, c.HandshakeDone())

		client.AskCertificate = true
		c, s = newPair(t, client, server)
		ce, se := answer(t, c, s, map[Want]func(*Conn) error{WantCertificate: goOn(WantCertificate)})
		require.Error(t, ce)
		require.Equal(t, alert.HandshakeFailure, asError(se).Alert)
	}
}

func TestAServerMayRequireALPN(t *testing.T) {
	client, server, _ := configs(t)
	require.NoError(t, client.SetALPN([]byte("\x01a")))
	require.NoError(t, server.SetALPN([]byte("\x01b")))
	connect(t, client, server)
	server.RequireALPN = true
	c, s := newPair(t, client, server)
	ce, se := shake(c, s)
	require.Equal(t, alert.NoApplicationProtocol, asError(ce).Alert)
	require.Equal(t, alert.ReasonNoApplicationProtocol, asError(se).Reason)
}

func TestStaples(t *testing.T) {
	for _, v := range []uint16{VersionTLS12, VersionTLS13} {
		client, server, _ := configs(t)
		versionsOf(t, v, client, server)
		require.NoError(t, server.Staple([]byte("response"), [][]byte{[]byte("one"), []byte("two")}))
		c, _ := connect(t, client, server)
		require.Empty(t, c.OCSPResponse(), "who does not ask gets none")
		require.Empty(t, c.SCTs())
		client.RequestOCSP, client.RequestSCT = true, true
		c, _ = connect(t, client, server)
		require.Equal(t, "response", string(c.OCSPResponse()))
		require.Equal(t, [][]byte{[]byte("one"), []byte("two")}, c.SCTs())
	}
	empty, err := NewConfig(MethodTLSServer)
	require.NoError(t, err)
	require.Error(t, empty.Staple([]byte("response"), nil), "there is nothing to staple to")
}

func TestCertificateCompression(t *testing.T) {
	client, server, _ := configs(t)
	compressed := 0
	reverse := func(b []byte) []byte {
		out := make([]byte, len(b))
		for i, x := range b {
			out[len(b)-1-i] = x
		}
		return out
	}
	algorithm := CertCompressor{
		ID:         7,
		Compress:   func(m []byte) ([]byte, error) { compressed++; return reverse(m), nil },
		Decompress: func(m []byte, _ int) ([]byte, error) { return reverse(m), nil },
	}
	server.CertCompressors = []CertCompressor{algorithm}
	connect(t, client, server)
	require.Zero(t, compressed, "the client does not know it")
	client.CertCompressors = []CertCompressor{algorithm}
	connect(t, client, server)
	require.Equal(t, 1, compressed)

	client.CertCompressors = []CertCompressor{{ID: 7, Decompress: func(m []byte, size int) ([]byte, error) { return m[:size-1], nil }}}
	c, s := newPair(t, client, server)
	ce, se := shake(c, s)
	require.Equal(t, alert.ReasonBadDecompression, asError(ce).Reason)
	require.Equal(t, alert.BadCertificate, asError(se).Alert)

	client.CertCompressors = []CertCompressor{algorithm}
	client.MaxCertList = 100
	c, s = newPair(t, client, server)
	ce, _ = shake(c, s)
	require.Equal(t, alert.ReasonExcessiveMessageSize, asError(ce).Reason)
	require.False(t, s.HandshakeDone())
}

func TestSuitesOfOneTierAreTheClientsChoice(t *testing.T) {
	client, server, _ := configs(t)
	versionsOf(t, VersionTLS12, client, server)
	gcm, chacha := "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"
	require.NoError(t, client.SetCiphers(chacha+":"+gcm))
	require.NoError(t, server.SetCipherTiers(gcm, chacha))
	c, _ := connect(t, client, server)
	require.Equal(t, gcm, c.Cipher().Name)
	require.NoError(t, server.SetCipherTiers(gcm+":"+chacha))
	c, _ = connect(t, client, server)
	require.Equal(t, chacha, c.Cipher().Name)
	require.Error(t, server.SetCipherTiers(gcm, "NONSENSE"))
}

func TestTripleDESOnlyByNameAndAtLevel0(t *testing.T) {
	for _, info := range mustCiphers(t, "ALL:eNULL:@SECLEVEL=0") {
		require.NotEqual(t, "DES-CBC3-SHA", info.Name)
	}
	client, server, _ := configs(t, rsaKey(t))
	versionsOf(t, VersionTLS12, client, server)
	for _, c := range []*Config{client, server} {
		require.NoError(t, c.SetCiphers("DES-CBC3-SHA:@SECLEVEL=0"))
	}
	c, _ := connect(t, client, server)
	require.Equal(t, "DES-CBC3-SHA", c.Cipher().Name)
	require.NoError(t, server.SetSecurityLevel(1))
	c, s := newPair(t, client, server)
	_, se := shake(c, s)
	require.Equal(t, alert.ReasonNoSharedCipher, asError(se).Reason)
	require.False(t, c.HandshakeDone())
}

// reversedTickets is a form of tickets for tests: the session backwards.
type reversedTickets struct{ renew bool }

func (r *reversedTickets) SealTicket(session []byte) ([]byte, error) {
	out := make([]byte, len(session))
	for i, b := range session {
		out[len(session)-1-i] = b
	}
	return out, nil
}

func (r *reversedTickets) OpenTicket(ticket []byte) ([]byte, bool) {
	out, _ := r.SealTicket(ticket)
	return out, r.renew
}

func TestTicketsOfTheCallers(t *testing.T) {
	for _, v := range []uint16{VersionTLS12, VersionTLS13} {
		client, server, _ := configs(t)
		versionsOf(t, v, client, server)
		tickets := &reversedTickets{}
		server.Tickets = tickets
		c, _ := connect(t, client, server)
		session := c.Session()
		require.True(t, session.HasTicket())
		tickets.renew = true
		c, s := newPair(t, client, server)
		require.NoError(t, c.SetSession(session))
		ce, se := shake(c, s)
		require.NoError(t, ce)
		require.NoError(t, se)
		talk(t, c, s)
		require.True(t, c.Resumed())
		if v == VersionTLS12 {
			require.True(t, c.Session().HasTicket())
		}
	}
}

func TestStrictLeaf(t *testing.T) {
	for _, v := range []uint16{VersionTLS12, VersionTLS13} {
		client, server, ca := configs(t)
		versionsOf(t, v, client, server)
		chain, key := ca.IssueFor(ecKey(t), "localhost", x509.KeyUsageCertSign)
		require.NoError(t, server.UseCertificate(chain, key, nil))
		client.VerifyMode, client.CheckHostname = VerifyNone, false
		connect(t, client, server)
		client.StrictLeaf = true
		c, s := newPair(t, client, server)
		ce, se := shake(c, s)
		require.Error(t, ce)
		require.Equal(t, alert.IllegalParameter, asError(se).Alert)
	}
}

func TestKeysThatCanNotSignBeforeTLS12AreRefused(t *testing.T) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	client, server, _ := configs(t, crypto.Signer(key))
	versionsOf(t, VersionTLS11, client, server)
	for _, c := range []*Config{client, server} {
		require.NoError(t, c.SetCiphers("ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"))
	}
	c, s := newPair(t, client, server)
	_, se := shake(c, s)
	require.Equal(t, alert.ReasonNoSharedCipher, asError(se).Reason)
	require.False(t, c.HandshakeDone())
}
