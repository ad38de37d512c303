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

// rfc8448 reads the octets of RFC 8448 section 3, "Simple 1-RTT Handshake".
func rfc8448(t *testing.T) map[string][]byte {
	text, err := os.ReadFile("../testdata/vectors/rfc8448-section3.json")
	require.NoError(t, err)
	var inHex map[string]string
	require.NoError(t, json.Unmarshal(text, &inHex))
	v := make(map[string][]byte)
	for name, digits := range inHex {
		v[name], err = hex.DecodeString(digits)
		require.NoError(t, err)
	}
	return v
}

// keyReader gives a private key to whom asks for so many bytes, and zeros to the standard library, which at times asks
// for a byte more.
type keyReader []byte

func (k keyReader) Read(p []byte) (int, error) {
	clear(p)
	if len(p) == len(k) {
		copy(p, k)
	}
	return len(p), nil
}

// afterHello returns a client that has sent the trace's ClientHello and has the trace's ephemeral key.
func afterHello(t *testing.T, v map[string][]byte) *Conn {
	t.Setenv("GODEBUG", "cryptocustomrand=1") // the standard library takes the key from our reader
	cfg, err := NewConfig(MethodTLS)
	require.NoError(t, err)
	require.NoError(t, cfg.SetSecurityLevel(0)) // the trace's certificate has an RSA key of 1024 bits
	cfg.Options &^= OpEnableMiddleboxCompat
	c, err := NewConn(cfg, Client, "server")
	require.NoError(t, err)
	raw := v["client_hello"]
	hello, err := wire.UnmarshalClientHello(raw[handshakeHeaderLen:])
	require.NoError(t, err)
	key, err := group.Lookup(group.X25519).Generate(keyReader(v["client_private"]))
	require.NoError(t, err)
	require.Equal(t, hello.KeyShares[0].Data, key.Share())
	hs := &clientHandshake{hello: hello, transcript: keys.NewTranscript(), shares: []clientShare{{group.X25519, key}}}
	hs.transcript.Write(raw)
	c.info.clientRandom = hello.Random[:]
	c.state = waitServerHello{hs}
	return c
}

// data is what both sides send in the trace: 50 bytes, 0 to 49.
func data8448() []byte {
	b := make([]byte, 50)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

func TestTheTraceOfRFC8448IsReproduced(t *testing.T) {
	v := rfc8448(t)
	for _, piece := range []int{1, 5, 100, 1000} {
		c := afterHello(t, v)
		flight := append(bytes.Clone(v["server_hello_record"]), v["server_flight_record"]...)
		for len(flight) > 0 {
			require.ErrorIs(t, c.Handshake(), ErrWantRead)
			n := min(piece, len(flight))
			_, _ = c.In().Write(flight[:n])
			flight = flight[n:]
		}
		require.NoError(t, c.Handshake())
		require.Equal(t, v["client_finished_record"], c.Out().Bytes())
		c.Out().Consume(c.Out().Len())
		_, err := c.Write(data8448())
		require.NoError(t, err)
		require.Equal(t, v["client_data_record"], c.Out().Bytes())
	}
}

// The server's data is the second record under its application keys: a NewSessionTicket comes before it.
func TestTheServersDataInRFC8448IsReproduced(t *testing.T) {
	v := rfc8448(t)
	st := suite.ByID(0x1301)
	key, iv := keys.TrafficKey(crypto.SHA256, v["server_application_traffic_secret"], st.KeyLen, st.FixedIVLen)
	var sealer, opener record.Half
	require.NoError(t, sealer.Set13(st, key, iv))
	require.NoError(t, opener.Set13(st, key, iv))
	first, err := sealer.Seal(nil, record.Handshake, []byte("in the place of the ticket"), 0)
	require.NoError(t, err)
	_, _, err = opener.Open(first)
	require.NoError(t, err)
	second, err := sealer.Seal(nil, record.ApplicationData, data8448(), 0)
	require.NoError(t, err)
	require.Equal(t, v["server_data_record"], second)
	typ, plain, err := opener.Open(bytes.Clone(v["server_data_record"]))
	require.NoError(t, err)
	require.Equal(t, record.ApplicationData, typ)
	require.Equal(t, data8448(), plain)
}

// One wrong bit anywhere in the trace's server flight is noticed.
func TestTheTraceOfRFC8448WithAWrongBitIsRefused(t *testing.T) {
	v := rfc8448(t)
	whole := append(bytes.Clone(v["server_hello_record"]), v["server_flight_record"]...)
	for at := range whole {
		if at == 2 { // RFC 9846 section 5.1: the low byte of an unencrypted record's version is ignored
			continue
		}
		c := afterHello(t, v)
		wrong := bytes.Clone(whole)
		wrong[at] ^= 1
		_, _ = c.In().Write(wrong)
		c.InputEnded()
		require.Error(t, c.Handshake(), at)
		require.False(t, c.HandshakeDone())
	}
}
