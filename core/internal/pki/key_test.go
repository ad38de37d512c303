package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// wholeBits reports whether the key of a SubjectPublicKeyInfo is a number of bytes: others are not read at all.
func wholeBits(spki []byte) bool {
	s := cryptobyte.String(spki)
	var seq cryptobyte.String
	var key []byte
	return s.ReadASN1(&seq, asn1.SEQUENCE) && seq.SkipASN1(asn1.SEQUENCE) && seq.ReadASN1BitStringAsBytes(&key)
}

// Keys on curves, and all that are like them but for a byte, are what package x509 takes them for.
func TestKeysOnCurvesAreThoseOfPackageX509(t *testing.T) {
	for _, curve := range []elliptic.Curve{elliptic.P224(), elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		require.NoError(t, err)
		good, err := x509.MarshalPKIXPublicKey(key.Public())
		require.NoError(t, err)
		read, pss, bits := parsePublicKey(good)
		require.True(t, key.PublicKey.Equal(read))
		require.False(t, pss)
		require.Equal(t, curve.Params().BitSize, bits)
		for n := range good {
			for change := range 256 {
				changed := append([]byte(nil), good...)
				changed[n] ^= byte(change)
				sameAsX509(t, changed)
			}
			sameAsX509(t, good[:n])
		}
	}
}

func sameAsX509(t *testing.T, spki []byte) {
	read, _, _ := parsePublicKey(spki)
	ours, _ := read.(*ecdsa.PublicKey)
	parsed, _ := x509.ParsePKIXPublicKey(spki)
	theirs, _ := parsed.(*ecdsa.PublicKey)
	if theirs == nil || !wholeBits(spki) {
		require.Nil(t, ours, "%x", spki)
		return
	}
	require.NotNil(t, ours, "%x", spki)
	require.True(t, theirs.Equal(ours), "%x", spki)
}
