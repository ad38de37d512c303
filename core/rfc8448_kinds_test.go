package core

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/gossl/gossl/core/internal/group"
	"github.com/gossl/gossl/core/internal/keys"
	"github.com/gossl/gossl/core/internal/record"
	"github.com/gossl/gossl/core/internal/suite"
	"github.com/gossl/gossl/core/internal/wire"
	"github.com/stretchr/testify/require"
)

// The traces of RFC 8448 sections 4 to 7: a resumed handshake with early data, a HelloRetryRequest, a client's certificate,
// and compatibility mode. Each is played twice. Our client, put into the state behind the trace's ClientHello, must answer
// the server's flight with the octets of the trace. Our server, put into the state behind the trace's flight, must take the
// client's. (The client of section 6 signs with a salt that the trace does not give, so only the server plays it.)

type trace8448 map[string][]byte

func traces8448(t *testing.T) map[string]trace8448 {
	text, err := os.ReadFile("../testdata/vectors/rfc8448-sections4to7.json")
	require.NoError(t, err)
	var inHex map[string]map[string]string
	require.NoError(t, json.Unmarshal(text, &inHex))
	all := make(map[string]trace8448)
	for name, fields := range inHex {
		all[name] = make(trace8448)
		for field, digits := range fields {
			all[name][field], err = hex.DecodeString(digits)
			require.NoError(t, err)
		}
	}
	require.Len(t, all, 4)
	return all
}

// hello returns the trace's ClientHello in force, and the transcript through it.
func (v trace8448) hello(t *testing.T) (*wire.ClientHello, *keys.Transcript) {
	tr := keys.NewTranscript()
	if first := v["first_client_hello"]; first != nil {
		tr.Write(first)
		tr.SetHash(crypto.SHA256)
		tr.ReplaceWithMessageHash()
		tr.Write(v["hello_retry_request"])
	}
	tr.Write(v["client_hello"])
	hello, err := wire.UnmarshalClientHello(v["client_hello"][handshakeHeaderLen:])
	require.NoError(t, err)
	return hello, tr
}

// key makes the trace's ephemeral key, whose public part is public.
func (v trace8448) key(t *testing.T, id group.ID, private, public []byte) *group.Key {
	t.Setenv("GODEBUG", "cryptocustomrand=1") // the standard library takes the key from our reader
	private = bytes.Clone(private)
	if id == group.P256 {
		private[1] ^= 0x42 // crypto/ecdh does so with what it reads
	}
	key, err := group.Lookup(id).Generate(keyReader(private))
	require.NoError(t, err)
	require.Equal(t, public, key.Share())
	return key
}

func config8448(t *testing.T, method Method) *Config {
	cfg, err := NewConfig(method)
	require.NoError(t, err)
	require.NoError(t, cfg.SetSecurityLevel(0)) // RSA keys of 1024 bits
	cfg.Options &^= OpEnableMiddleboxCompat
	cfg.NumTickets, cfg.MaxEarlyData = 0, 1024
	return cfg
}

// session8448 is what section 3 left behind, with early data allowed.
func (v trace8448) session(cfg *Config, isClient bool) *Session {
	return &Session{isClient: isClient, version: VersionTLS13, suite: 0x1301, secret: v["psk"], created: cfg.Now(), timeout: 7200,
		serverName: "server", maxEarly: 1024, shared: cfg.shared}
}

// client puts a client into the state behind the trace's ClientHello.
func (v trace8448) client(t *testing.T, cfg *Config) *Conn {
	c, err := NewConn(cfg, Client, "server")
	require.NoError(t, err)
	hello, tr := v.hello(t)
	share := hello.KeyShares[0]
	hs := &clientHandshake{hello: hello, transcript: tr,
		shares: []clientShare{{share.Group, v.key(t, share.Group, v["client_private"], share.Data)}}}
	if raw := v["hello_retry_request"]; raw != nil {
		hs.retry, err = wire.UnmarshalServerHello(raw[handshakeHeaderLen:])
		require.NoError(t, err)
		c.version = VersionTLS13
	}
	if len(hello.PSKIdentities) > 0 {
		s := v.session(cfg, true)
		hs.psks = []clientPSK{{identity: hello.PSKIdentities[0], hash: crypto.SHA256, secret: s.secret, session: s}}
		truncated := v["client_hello"][:len(v["client_hello"])-hello.BindersLen()]
		require.Equal(t, hello.PSKBinders[0], hs.psks[0].binder(keys.NewTranscript(), truncated))
	}
	c.info.clientRandom = hello.Random[:]
	c.state = waitServerHello{hs}
	if hello.EarlyData {
		require.NoError(t, c.openEarlyData(hs))
	}
	return c
}

func take(c *Conn) []byte {
	out := bytes.Clone(c.Out().Bytes())
	c.Out().Consume(len(out))
	return out
}

func TestTheOtherTracesOfRFC8448AreReproduced(t *testing.T) {
	for name, v := range traces8448(t) {
		t.Run(name, func(t *testing.T) {
			cfg := config8448(t, MethodTLS)
			if bytes.Contains(v["client_flight_records"], []byte{20, 3, 3, 0, 1, 1}) {
				cfg.Options |= OpEnableMiddleboxCompat
			}
			c := v.client(t, cfg)
			if early := v["early_data_record"]; early != nil {
				_, err := c.WriteEarlyData([]byte("ABCDEF"))
				require.NoError(t, err)
				require.Equal(t, early, take(c))
			}
			_, _ = c.In().Write(v["server_hello_record"])
			require.ErrorIs(t, c.Handshake(), ErrWantRead)
			_, _ = c.In().Write(v["server_flight_record"])
			require.NoError(t, c.Handshake())
			if name == "6 client authentication" { // without a certificate here
				require.Len(t, c.PeerCertificates(), 1)
				return
			}
			require.Equal(t, v["client_flight_records"], take(c))
			if data := v["client_data_record"]; data != nil {
				_, err := c.Write(data8448())
				require.NoError(t, err)
				require.Equal(t, data, take(c))
				_, _ = c.In().Write(v["server_data_record"])
				got := make([]byte, 100)
				n, err := c.Read(got)
				require.NoError(t, err)
				require.Equal(t, data8448(), got[:n])
			}
			require.NoError(t, c.CloseWrite())
			require.Equal(t, v["client_close_record"], take(c))
			_, _ = c.In().Write(v["server_close_record"])
			require.NoError(t, c.Shutdown())
		})
	}
}

// server puts a server into the state behind the trace's flight.
func (v trace8448) server(t *testing.T, cfg *Config) *Conn {
	c, err := NewConn(cfg, Server, "")
	require.NoError(t, err)
	hello, tr := v.hello(t)
	share := hello.KeyShares[0]
	shMessage := v["server_hello_record"][record.HeaderLen:]
	sh, err := wire.UnmarshalServerHello(shMessage[handshakeHeaderLen:])
	require.NoError(t, err)
	secret, err := v.key(t, share.Group, v["server_private"], sh.KeyShare.Data).Finish(share.Data)
	require.NoError(t, err)
	st := suite.ByID(sh.CipherSuite)
	hs := &server13{serverHandshake: &serverHandshake{hello: hello, transcript: tr}, suite: st}
	c.version, c.info.suite, c.info.clientRandom = VersionTLS13, st, hello.Random[:]
	first := keys.NewEarlySecret(st.Hash, v["psk"])
	early := c.earlyTraffic(st, first, tr)
	tr.SetHash(st.Hash)
	tr.Write(shMessage)
	hs.handshake = first.HandshakeSecret(secret)
	hs.clientHS, hs.serverHS = hs.handshake.ClientTraffic(tr.Sum()), hs.handshake.ServerTraffic(tr.Sum())
	var opener record.Half
	key, iv := hs.serverHS.Key(st.KeyLen, st.FixedIVLen)
	require.NoError(t, opener.Set13(st, key, iv))
	flight := bytes.Clone(bytes.TrimPrefix(v["server_flight_record"], []byte{20, 3, 3, 0, 1, 1}))
	_, messages, err := opener.Open(flight)
	require.NoError(t, err)
	tr.Write(messages)
	hs.app = newAppSecrets(c, st, hs.handshake.MasterSecret(), tr)
	require.NoError(t, c.setWriteSecret(st, hs.app.server))
	if v["psk"] == nil {
		c.state = waitClientFinished{hs}
		if bytes.Contains(messages, []byte{byte(wire.TypeCertificateRequest), 0, 0}) {
			c.state = waitClientCertificate{hs}
		}
		require.NoError(t, c.setReadKey(st, hs.clientHS.Key))
		return c
	}
	c.early = earlyData{phase: earlyOpen, status: EarlyDataAccepted, wanted: true, left: 1024}
	require.NoError(t, c.restore(v.session(cfg, false)))
	c.state = waitEndOfEarlyData{hs}
	require.NoError(t, c.setReadKey(st, early))
	return c
}

func TestOurServerTakesTheClientsOfRFC8448(t *testing.T) {
	for name, v := range traces8448(t) {
		t.Run(name, func(t *testing.T) {
			c := v.server(t, config8448(t, MethodTLSServer))
			if early := v["early_data_record"]; early != nil {
				_, _ = c.In().Write(early)
				got, err := readEarly(c)
				require.Equal(t, ErrWantRead, err)
				require.Equal(t, "ABCDEF", got)
			}
			_, _ = c.In().Write(v["client_flight_records"])
			require.NoError(t, c.Handshake())
			if name == "6 client authentication" {
				require.Len(t, c.PeerCertificates(), 1)
			}
			if data := v["client_data_record"]; data != nil {
				_, _ = c.In().Write(data)
				got := make([]byte, 100)
				n, err := c.Read(got)
				require.NoError(t, err)
				require.Equal(t, data8448(), got[:n])
				_, err = c.Write(data8448())
				require.NoError(t, err)
				require.Equal(t, v["server_data_record"], take(c))
			}
			require.NoError(t, c.CloseWrite())
			require.Equal(t, v["server_close_record"], take(c))
			_, _ = c.In().Write(v["client_close_record"])
			require.NoError(t, c.Shutdown())
		})
	}
}
