package suite

import (
	"crypto/aes"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
)

// count returns the bytes from first on.
func count(first byte, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = first + byte(i)
	}
	return b
}

// NIST SP 800-38C appendix C, example 3: a nonce of 12 bytes and a tag of 8.
func TestCCMGivesNISTsExample(t *testing.T) {
	block, err := aes.NewCipher(count(0x40, 16))
	require.NoError(t, err)
	ccm := newCCM(block, 8)
	nonce, data, plain := count(0x10, 12), count(0, 20), count(0x20, 24)
	want, err := hex.DecodeString("e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5484392fbc1b09951")
	require.NoError(t, err)
	require.Equal(t, want, ccm.Seal(nil, nonce, plain, data))
	got, err := ccm.Open(nil, nonce, want, data)
	require.NoError(t, err)
	require.Equal(t, plain, got)
	for i := range want {
		want[i] ^= 1
		_, err := ccm.Open(nil, nonce, want, data)
		require.Error(t, err, "byte %d", i)
		want[i] ^= 1
	}
	for n := range want {
		_, err := ccm.Open(nil, nonce, want[:n], data)
		require.Error(t, err, "cut at %d", n)
	}
}
