package keys

import (
	"crypto"
	"encoding/hex"
	"hash"
	"testing"

	"github.com/stretchr/testify/require"
)

func unhex(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

// The values of RFC 8448 section 3, "Simple 1-RTT Handshake".
func TestKeyScheduleGivesRFC8448sValues(t *testing.T) {
	early := NewEarlySecret(crypto.SHA256, nil)
	require.Equal(t, unhex(t, "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a"), early.secret)
	handshake := early.HandshakeSecret(unhex(t, "8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d"))
	require.Equal(t, unhex(t, "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac"), handshake.secret)
	th := unhex(t, "860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8")
	client := handshake.ClientTraffic(th).Secret()
	require.Equal(t, unhex(t, "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21"), client)
	server := handshake.ServerTraffic(th).Secret()
	require.Equal(t, unhex(t, "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38"), server)
	key, iv := TrafficKey(crypto.SHA256, server, 16, 12)
	require.Equal(t, unhex(t, "3fce516009c21727d0f2e4e86ee403bc"), key)
	require.Equal(t, unhex(t, "5d313eb2671276ee13000b30"), iv)
	master := handshake.MasterSecret()
	require.Equal(t, unhex(t, "18df06843d13a08bf2a449844c5f8a478001bc4d4c627984d5a41da8d0402919"), master.secret)
	th = unhex(t, "9608102a0f1ccc6db6250b7b7e417b1a000eaada3daae4777a7686c9ff83df13")
	require.Equal(t, unhex(t, "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5"),
		master.ClientApplicationTrafficSecret(th))
	require.Equal(t, unhex(t, "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643"),
		master.ServerApplicationTrafficSecret(th))
	require.Equal(t, unhex(t, "fe22f881176eda18eb8f44529e6792c50c9a3f89452f68d8ae311b4309d3cf50"),
		master.ExporterMasterSecret(th))
}

// A vector of the PRF with SHA-256 that has been passed around since 2009 (IETF TLS list, "Test vectors for TLS 1.2 PRF").
func TestPRFGivesKnownValues(t *testing.T) {
	secret := unhex(t, "9bbe436ba940f017b17652849a71db35")
	seed := unhex(t, "a0ba9f936cda311827a6f796ffd5198c")
	want := unhex(t, "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa0"+
		"22f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66")
	require.Equal(t, want, NewPRF(version12, crypto.SHA256, secret).derive("test label", seed[:5], seed[5:], len(want)))
}

func TestTranscript(t *testing.T) {
	early, late := NewTranscript(), NewTranscript()
	early.SetHash(crypto.SHA256)
	early.Write([]byte("one"))
	late.Write([]byte("one"))
	clone := late.Clone()
	late.SetHash(crypto.SHA256)
	require.Equal(t, early.Sum(), late.Sum())
	require.Equal(t, "one", string(clone.Buffered()))
	clone.SetHash(crypto.SHA384)
	require.Len(t, clone.Sum(), 48)

	late.DropBuffer()
	late.Write([]byte("two"))
	early.Write([]byte("two"))
	require.Empty(t, late.Buffered())
	require.Equal(t, early.Sum(), late.Sum())

	sum := early.Sum()
	early.ReplaceWithMessageHash()
	require.Equal(t, append([]byte{254, 0, 0, 32}, sum...), early.Buffered())
	legacy := NewTranscript()
	legacy.SetLegacyHash()
	require.Len(t, legacy.Sum(), 16+20)
}

// The hash through a part of the next message, as of a PSK binder: what comes after it is the same whether or not its hash
// becomes the transcript's.
func TestTranscriptWithTheBeginningOfAMessage(t *testing.T) {
	sha256, sha384 := crypto.SHA256.New, crypto.SHA384.New
	for _, first := range []string{"", "first"} {
		for _, then := range []crypto.Hash{crypto.SHA256, crypto.SHA384} {
			tr := NewTranscript()
			tr.Write([]byte(first))
			require.Equal(t, sum(sha384, first+"beg"), tr.SumWith(crypto.SHA384, []byte("beg")))
			require.Equal(t, sum(sha256, first+"begin"), tr.SumWith(crypto.SHA256, []byte("begin")))
			tr.Write([]byte("beginning"))
			require.Equal(t, first+"beginning", string(tr.Buffered()))
			clone := tr.Clone()
			tr.SetHash(then)
			clone.SetHash(then)
			require.Equal(t, sum(then.New, first+"beginning"), tr.Sum())
			require.Equal(t, tr.Sum(), clone.Sum())
			require.Equal(t, sum(then.New, first+"beginningnext"), tr.SumWith(then, []byte("next")))
			tr.Write([]byte("next message"))
			require.Equal(t, sum(then.New, first+"beginningnext message"), tr.Sum())
		}
	}
	unused := NewTranscript()
	unused.SumWith(crypto.SHA256, []byte("beginning"))
	unused.Write([]byte("beg")) // less than was said
	unused.SetHash(crypto.SHA256)
	require.Equal(t, sum(sha256, "beg"), unused.Sum())
}

func sum(h func() hash.Hash, messages string) []byte {
	d := h()
	d.Write([]byte(messages))
	return d.Sum(nil)
}
