package sigalg

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"testing"

	"github.com/cloudflare/circl/sign/ed448"
	"github.com/stretchr/testify/require"
)

func keysOfAllKinds(t testing.TB) []crypto.Signer {
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	_, e25519, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	_, e448, err := ed448.GenerateKey(rand.Reader)
	require.NoError(t, err)
	l := []crypto.Signer{r, e25519, e448}
	for _, c := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		k, err := ecdsa.GenerateKey(c, rand.Reader)
		require.NoError(t, err)
		l = append(l, k)
	}
	return l
}

func TestEverySchemeSignsAndVerifies(t *testing.T) {
	all := keysOfAllKinds(t)
	for _, r := range table {
		signed := 0
		for _, key := range all {
			version := uint16(0x0303)
			if !r.id.AllowedAt(version) {
				version = 0x0301
			}
			if !CanSign(key.Public(), r.pssKey, r.id, version) {
				_, err := Sign(rand.Reader, key, r.id, nil)
				require.True(t, err != nil || KeyType(key.Public()) == r.key)
				continue
			}
			sig, err := Sign(rand.Reader, key, r.id, []byte("message"))
			require.NoError(t, err, r.name)
			require.NoError(t, Verify(key.Public(), r.id, []byte("message"), sig), r.name)
			require.Error(t, Verify(key.Public(), r.id, []byte("other"), sig), r.name)
			sig[len(sig)-1] ^= 1
			require.Error(t, Verify(key.Public(), r.id, []byte("message"), sig), r.name)
			require.Error(t, Verify(key.Public(), r.id, []byte("message"), nil), r.name)
			signed++
		}
		require.NotZero(t, signed, r.name)
	}
}

func TestTLS13BindsCurvesAndForbidsOldPadding(t *testing.T) {
	k, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	require.True(t, CanSign(k.Public(), false, ECDSAP256, 0x0303))
	require.False(t, CanSign(k.Public(), false, ECDSAP256, 0x0304))
	require.True(t, CanSign(k.Public(), false, ECDSAP384, 0x0304))
	for _, s := range []Scheme{RSAPKCS1SHA256, RSAPKCS1SHA1, ECDSASHA1, MD5SHA1} {
		require.False(t, s.AllowedAt(0x0304), s)
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]Scheme{"ecdsa_secp256r1_sha256": ECDSAP256, "ECDSA+SHA256": ECDSAP256, "rsa-pss+sha512": RSAPSSRSAE512} {
		got, ok := ByName(name)
		require.True(t, ok, name)
		require.Equal(t, want, got)
	}
	_, ok := ByName("rsa_md5_sha1")
	require.False(t, ok)
}
