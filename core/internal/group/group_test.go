package group

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBothSidesGetTheSameSecret(t *testing.T) {
	for _, g := range groups {
		t.Run(g.Name, func(t *testing.T) {
			key, err := g.Generate(rand.Reader)
			require.NoError(t, err)
			share, theirs, err := g.Respond(rand.Reader, key.Share())
			require.NoError(t, err)
			ours, err := key.Finish(share)
			require.NoError(t, err)
			require.Equal(t, ours, theirs)
			require.Same(t, g, ByName(g.Name))
		})
	}
}

func TestMalformedSharesAreRefused(t *testing.T) {
	for _, g := range groups {
		key, err := g.Generate(rand.Reader)
		require.NoError(t, err)
		good, _, err := g.Respond(rand.Reader, key.Share())
		require.NoError(t, err)
		for _, n := range []int{0, 1, len(good) - 1} {
			_, err := key.Finish(good[:n])
			require.Error(t, err, "%s %d", g.Name, n)
			_, _, err = g.Respond(rand.Reader, key.Share()[:n])
			require.Error(t, err, "%s %d", g.Name, n)
		}
		_, err = key.Finish(append(bytes.Clone(good), 0))
		require.Error(t, err, g.Name)
		_, err = key.Finish(make([]byte, len(good))) // zero: no point, or one of small order
		require.Error(t, err, g.Name)
	}
}

func TestRFC7919GroupsAreSafePrimes(t *testing.T) {
	for id, bits := range map[ID]int{FFDHE2048: 2048, FFDHE3072: 3072, FFDHE4096: 4096} {
		p := new(big.Int).SetBytes(FFDHEParams(id).P)
		require.Equal(t, bits, p.BitLen())
		require.True(t, p.ProbablyPrime(1))
		require.True(t, new(big.Int).Rsh(p, 1).ProbablyPrime(1))
	}
}

func TestDHRefusesValuesOutOfRange(t *testing.T) {
	params := FFDHEParams(FFDHE2048)
	key, err := params.Generate(rand.Reader)
	require.NoError(t, err)
	minusOne := bytes.Clone(params.P)
	minusOne[len(minusOne)-1]--
	for _, y := range [][]byte{nil, {0}, {1}, minusOne, params.P, append(bytes.Clone(params.P), 0)} {
		_, err := key.Secret(y)
		require.Error(t, err)
	}
	_, err = (&DHParams{P: bytes.Repeat([]byte{255}, maxPrimeLen+1), G: []byte{2}}).Generate(rand.Reader)
	require.Error(t, err)
	_, err = (&DHParams{P: []byte{4}, G: []byte{2}}).Generate(rand.Reader)
	require.Error(t, err)
}

func TestX25519AgreesWithTheStandardLibrary(t *testing.T) {
	for range 100 {
		ours, err := x25519{}.generate(rand.Reader)
		require.NoError(t, err)
		theirs, err := ecdh.X25519().GenerateKey(rand.Reader)
		require.NoError(t, err)
		secret, err := ours.finish(theirs.PublicKey().Bytes())
		require.NoError(t, err)
		public, err := ecdh.X25519().NewPublicKey(ours.share())
		require.NoError(t, err)
		same, err := theirs.ECDH(public)
		require.NoError(t, err)
		require.Equal(t, same, secret)
	}
}
