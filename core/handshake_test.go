package core

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"
	"weak"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/group"
	"github.com/gossl/gossl/core/internal/wire"
	"github.com/stretchr/testify/require"
)

func only(t testing.TB, v uint16, all ...*Config) {
	for _, c := range all {
		require.NoError(t, c.SetMinVersion(int(v)))
		require.NoError(t, c.SetMaxVersion(int(v)))
	}
}

func TestEveryGroupIsNegotiated(t *testing.T) {
	for _, name := range []string{"X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024", "X25519", "X448", "P-256",
		"P-384", "P-521", "ffdhe2048", "ffdhe3072"} {
		client, server, _ := configs(t)
		require.NoError(t, client.SetGroups(name))
		c, s := connect(t, client, server0(t, server, name))
		require.Equal(t, group.ByName(name).Name, c.Group())
		require.Equal(t, c.Group(), s.Group())
	}
}

// server0 lets a server accept a group that is not among its defaults.
func server0(t testing.TB, server *Config, name string) *Config {
	require.NoError(t, server.SetGroups("X25519:"+name))
	return server
}

func TestHelloRetryRequest(t *testing.T) {
	client, server, _ := configs(t)
	require.NoError(t, client.SetGroups("X25519:P-384"))
	require.NoError(t, server.SetGroups("P-384"))
	c, _ := connect(t, client, server)
	require.Equal(t, "secp384r1", c.Group())

	require.NoError(t, server.SetGroups("P-521"))
	c, s := newPair(t, client, server)
	ce, se := shake(c, s)
	require.ErrorContains(t, se, "no named group")
	require.Equal(t, alert.HandshakeFailure, asError(ce).Alert)
}

func TestSessionsAreResumed(t *testing.T) {
	for _, v := range []uint16{VersionTLS12, VersionTLS13} {
		for _, ticket := range []bool{true, false} {
			client, server, _ := configs(t)
			only(t, v, client, server)
			if !ticket {
				server.Options |= OpNoTicket
			}
			client.SessionTimeout, server.SessionTimeout = 1000, 1000
			now := client.Now()
			client.Now, server.Now = func() int64 { return now }, func() int64 { return now }
			first, _ := connect(t, client, server)
			require.False(t, first.Resumed())

			resume := func() (*Conn, *Conn) {
				c, s := newPair(t, client, server)
				require.NoError(t, c.SetSession(first.Session()))
				ce, se := shake(c, s)
				require.NoError(t, ce)
				require.NoError(t, se)
				talk(t, c, s)
				return c, s
			}
			c, s := resume()
			require.True(t, c.Resumed() && s.Resumed(), "%x %v", v, ticket)
			require.Equal(t, c.TLSUnique(), s.TLSUnique())

			now += server.SessionTimeout - 1 // the key that sealed the ticket is about to be replaced
			c, _ = resume()
			require.True(t, c.Resumed())
			now += 2
			c, _ = resume()
			require.False(t, c.Resumed(), "an expired session was resumed")
		}
	}
}

func TestTicketKeysAreShared(t *testing.T) {
	client, server, ca := configs(t)
	first, _ := connect(t, client, server)
	keys, err := server.TicketKeys()
	require.NoError(t, err)

	other, err := NewConfig(MethodTLSServer)
	require.NoError(t, err)
	chain, key := ca.Issue(ecKey(t), "localhost")
	require.NoError(t, other.UseCertificate(chain, key, nil))
	require.NoError(t, other.SetTicketKeys(keys))
	c, s := newPair(t, client, other)
	require.NoError(t, c.SetSession(first.Session()))
	ce, se := shake(c, s)
	require.NoError(t, errors.Join(ce, se))
	require.True(t, s.Resumed())
	require.Error(t, other.SetTicketKeys(keys[1:]))
}

func TestASessionOfAnotherConfigIsRefused(t *testing.T) {
	client, server, _ := configs(t)
	first, _ := connect(t, client, server)
	stranger, _, _ := configs(t)
	c, err := NewConn(stranger, Client, "localhost")
	require.NoError(t, err)
	require.ErrorContains(t, c.SetSession(first.Session()), "different SSLContext")
}

func TestKeyUpdateBothWays(t *testing.T) {
	c, s := connectDefault(t)
	require.NoError(t, c.KeyUpdate(true))
	move(c, s)
	talk(t, c, s)
	require.NoError(t, s.KeyUpdate(false))
	talk(t, c, s)
}

func connectDefault(t testing.TB) (c, s *Conn) {
	client, server, _ := configs(t)
	return connect(t, client, server)
}

func clientCertificate(t testing.TB, client, server *Config) {
	_, _, ca := configsAt(t, time.Unix(client.Now(), 0))
	chain, key := ca.Issue(ecKey(t), "client")
	require.NoError(t, client.UseCertificate(chain, key, nil))
	require.NoError(t, server.AddAnchorsPEM(ca.PEM))
	server.VerifyMode = VerifyRequired
}

func TestClientAuthentication(t *testing.T) {
	for _, v := range []uint16{VersionTLS12, VersionTLS13} {
		client, server, _ := configs(t)
		only(t, v, client, server)
		clientCertificate(t, client, server)
		_, s := connect(t, client, server)
		require.Len(t, s.PeerCertificates(), 1)

		bare, _, _ := configs(t)
		bare.VerifyMode = VerifyNone
		only(t, v, bare)
		c, s := newPair(t, bare, server)
		_, se := shake(c, s)
		require.ErrorContains(t, se, "client showed no certificate")
	}
}

func TestATicketHasTheFirstOfTheClientsCertificates(t *testing.T) {
	for _, v := range []uint16{VersionTLS12, VersionTLS13} {
		for _, ticket := range []bool{true, false} {
			client, server, _ := configs(t)
			only(t, v, client, server)
			_, _, ca := configsAt(t, time.Unix(client.Now(), 0))
			chain, key := ca.Issue(ecKey(t), "client")
			require.NoError(t, client.UseCertificate(append(chain, ca.PEM...), key, nil))
			require.NoError(t, server.AddAnchorsPEM(ca.PEM))
			server.VerifyMode = VerifyRequired
			if !ticket {
				server.Options |= OpNoTicket
			}
			first, s := connect(t, client, server)
			require.Len(t, s.PeerCertificates(), 2)
			c, s := newPair(t, client, server)
			require.NoError(t, c.SetSession(first.Session()))
			ce, se := shake(c, s)
			require.NoError(t, errors.Join(ce, se))
			require.True(t, s.Resumed())
			if ticket { // it would have to come back with each resumption
				require.Len(t, s.PeerCertificates(), 1)
				require.Empty(t, s.VerifiedChain())
			} else { // the server has it itself
				require.Len(t, s.PeerCertificates(), 2)
			}
		}
	}
}

func TestPostHandshakeAuthentication(t *testing.T) {
	client, server, _ := configs(t)
	clientCertificate(t, client, server)
	client.PostHandshakeAuth, server.PostHandshakeAuth = true, true
	c, s := connect(t, client, server)
	require.Empty(t, s.PeerCertificates())
	require.NoError(t, s.VerifyPostHandshake())
	require.ErrorContains(t, s.VerifyPostHandshake(), "waiting to be sent")
	talk(t, c, s)
	talk(t, c, s)
	require.Len(t, s.PeerCertificates(), 1)
	require.NoError(t, s.VerifyPostHandshake())
	require.ErrorContains(t, c.VerifyPostHandshake(), "only a server")
}

func TestPostHandshakeAuthenticationNeedsTheClientsOffer(t *testing.T) {
	client, server, _ := configs(t)
	server.PostHandshakeAuth = true
	_, s := connect(t, client, server)
	require.ErrorContains(t, s.VerifyPostHandshake(), "does not offer")
}

func TestExternalPSKWithTLS13(t *testing.T) {
	client, server, _ := configs(t)
	client.AskPSKClient, server.AskPSKServer = true, true
	for _, good := range []bool{true, false} {
		c, s := newPair(t, client, server)
		require.ErrorIs(t, c.Handshake(), WantPSKClient)
		require.NoError(t, c.AnswerPSK([]byte("me"), []byte("a key of some length")))
		_, se := shake(c, s)
		require.ErrorIs(t, se, WantPSKServer)
		key := []byte("a key of some length")
		if !good {
			key[0]++
		}
		require.NoError(t, s.AnswerPSK(nil, key))
		ce, se := shake(c, s)
		if !good {
			require.ErrorContains(t, se, "does not know the pre-shared key")
			continue
		}
		require.NoError(t, errors.Join(ce, se))
		require.Empty(t, c.PeerCertificates())
		require.Equal(t, [4]bool{true, true}, [4]bool{c.UsedExternalPSK(), s.UsedExternalPSK(), c.Resumed(), s.Resumed()})
		talk(t, c, s)
	}
}

func TestALPNAndExporters(t *testing.T) {
	for _, v := range []uint16{VersionTLS12, VersionTLS13} {
		client, server, _ := configs(t)
		only(t, v, client, server)
		require.NoError(t, client.SetALPN([]byte("\x02h2\x08http/1.1")))
		require.NoError(t, server.SetALPN([]byte("\x08http/1.1")))
		c, s := connect(t, client, server)
		require.Equal(t, "http/1.1", c.ALPN())
		require.Equal(t, "http/1.1", s.ALPN())
		for _, context := range [][]byte{nil, []byte("x")} {
			a, err := c.Export("EXPORTER-test", context, context != nil, 40)
			require.NoError(t, err)
			b, err := s.Export("EXPORTER-test", context, context != nil, 40)
			require.NoError(t, err)
			require.Equal(t, a, b)
		}
	}
}

func TestCloseNotifyLeavesTheOtherDirectionOpen(t *testing.T) {
	c, s := connectDefault(t)
	require.NoError(t, c.CloseWrite())
	move(c, s)
	buf := make([]byte, 10)
	_, err := s.Read(buf)
	require.Equal(t, ErrClosed, err)
	_, err = s.Write([]byte("still here"))
	require.NoError(t, err)
	move(s, c)
	n, err := c.Read(buf)
	require.NoError(t, err)
	require.Equal(t, "still here", string(buf[:n]))
	_, err = c.Write([]byte("x"))
	require.ErrorContains(t, err, "after close_notify")
	_, _ = c.In().Write([]byte("clear text"))
	require.NoError(t, s.Shutdown())
}

// Every handshake message at every moment at which another one is due.
func TestAMessageOutOfTurnIsRefused(t *testing.T) {
	types := []wire.HandshakeType{0, 1, 2, 4, 5, 8, 11, 12, 13, 14, 15, 16, 20, 22, 24, 25, 254, 99}
	for _, typ := range types {
		raw := []byte{22, 3, 3, 0, 4, byte(typ), 0, 0, 0}
		for _, side := range []Side{Client, Server} {
			client, server, _ := configs(t)
			cfg := client
			if side == Server {
				cfg = server
			}
			c, err := NewConn(cfg, side, "localhost")
			require.NoError(t, err)
			require.Equal(t, ErrWantRead, c.Handshake())
			c.Out().Consume(c.Out().Len())
			_, _ = c.In().Write(raw)
			err = c.Handshake()
			require.Error(t, err)
			want := alert.UnexpectedMessage
			if side == Client && typ == wire.TypeServerHello || side == Server && typ == wire.TypeClientHello {
				want = alert.DecodeError
			}
			require.Equal(t, want, asError(err).Alert, "%v %d", typ, side)
			require.Equal(t, []byte{21, 3, c.Out().Bytes()[2], 0, 2, 2, byte(want)}, c.Out().Bytes(), "%v", typ)
			require.Equal(t, err, c.Handshake(), "the error does not stay")
		}
	}
}

func TestRenegotiationIsRefused(t *testing.T) {
	client, server, _ := configs(t)
	only(t, VersionTLS12, client, server)
	c, s := connect(t, client, server)
	require.NoError(t, s.sendMessage(nil, &wire.HelloRequest{}))
	move(s, c)
	_, err := c.Read(make([]byte, 1))
	require.Equal(t, alert.NoRenegotiation, asError(err).Alert)
	move(c, s)
	_, err = s.Read(make([]byte, 1))
	require.Equal(t, alert.Received, asError(err).Class)
}

func TestSettingsThatAreNotHonouredAreRefused(t *testing.T) {
	c, err := NewConfig(MethodTLS)
	require.NoError(t, err)
	require.Error(t, c.SetVerifyFlags(0x80)) // POLICY_CHECK
	require.Error(t, c.SetSecurityLevel(6))
	require.Error(t, c.SetALPN([]byte{0}))
	require.Error(t, c.SetDHParams([]byte("nothing")))
	_, err = NewConfig(Method(1))
	require.Error(t, err)
}

func TestAFrozenConfigIsSharedAndItsCopyIsNot(t *testing.T) {
	cfg, err := NewConfig(MethodTLSClient)
	require.NoError(t, err)
	before, err := NewConn(cfg, Client, "a")
	require.NoError(t, err)
	require.NotSame(t, cfg, before.cfg)
	cfg.Freeze()
	c, err := NewConn(cfg, Client, "a")
	require.NoError(t, err)
	require.Same(t, cfg, c.cfg)
	changed := cfg.Copy()
	changed.VerifyDepth = 1
	d, err := NewConn(changed, Client, "a")
	require.NoError(t, err)
	require.NotSame(t, changed, d.cfg)
	require.NotEqual(t, 1, c.cfg.VerifyDepth)
}

func TestAFrozenConfigOffersTheSame(t *testing.T) {
	cfg, err := NewConfig(MethodTLS)
	require.NoError(t, err)
	require.NoError(t, cfg.SetClientSigalgs("ed25519"))
	versions, client, server := cfg.versions(), cfg.offeredSigalgs(Client), cfg.offeredSigalgs(Server)
	cfg.Freeze()
	require.Equal(t, versions, cfg.versions())
	require.Equal(t, client, cfg.offeredSigalgs(Client))
	require.Equal(t, server, cfg.offeredSigalgs(Server))
	require.NotEqual(t, client, server)

	changed := cfg.Copy()
	changed.Options |= OpNoTLSv13
	require.NoError(t, changed.SetClientSigalgs("ecdsa_secp256r1_sha256"))
	require.NotContains(t, changed.versions(), VersionTLS13)
	require.NotEqual(t, server, changed.offeredSigalgs(Server))
	require.Contains(t, cfg.versions(), VersionTLS13)
}

func TestNothingOfTheHandshakeIsKept(t *testing.T) {
	for _, v := range []uint16{VersionTLS13, VersionTLS12} {
		client, server, _ := configs(t, ecKey(t))
		versionsOf(t, v, client, server)
		c, s := newPair(t, client, server)
		require.Equal(t, ErrWantRead, c.Handshake())
		hello := weak.Make(c.state.(waitServerHello).hs.hello)
		ce, se := shake(c, s)
		require.NoError(t, ce)
		require.NoError(t, se)
		runtime.GC()
		require.True(t, hello.Value() == nil, "the ClientHello is held")
		runtime.KeepAlive(c)
	}
}

func TestAnExportedSessionIsOfNoNameThatIsTooLong(t *testing.T) {
	cfg, err := NewConfig(MethodTLSClient)
	require.NoError(t, err)
	for n, want := range map[int]int{255: 255, 256: 0} {
		s := &Session{version: VersionTLS13, suite: 0x1301, serverName: strings.Repeat("a", n), peerChain: [][]byte{{1}, {2, 3}}}
		again, err := ImportSession(cfg, s.Export())
		require.NoError(t, err)
		require.Len(t, again.serverName, want)
		require.Equal(t, s.peerChain, again.peerChain)
	}
}
