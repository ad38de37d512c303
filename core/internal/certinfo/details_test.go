package certinfo

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDetailsSayWhatGetpeercertLeavesOut(t *testing.T) {
	for name, der := range certificates(t) {
		text, err := Details(der)
		require.NoError(t, err, name)
		var d details
		require.NoError(t, json.Unmarshal(text, &d))
		sum := sha256.Sum256(der)
		require.Equal(t, hex.EncodeToString(sum[:]), d.SHA256)
		require.Contains(t, []string{"RSA", "EC"}, d.Key.Type, name)
		require.NotZero(t, d.Key.Bits, name)
		require.Regexp(t, `^[A-Za-z]`, d.SignatureAlgorithm, name)
		require.True(t, d.SelfSigned, name)
		require.Less(t, *d.NotBefore, *d.NotAfter, name)
		subject, err := Subject(der)
		require.NoError(t, err)
		require.Equal(t, []string{subject, subject}, []string{d.Subject, d.Issuer}, name)
	}
}

func TestDetailsRefuseEveryTruncation(t *testing.T) {
	for _, der := range certificates(t) {
		for n := range len(der) {
			_, err := Details(der[:n])
			require.Error(t, err, n)
		}
		return
	}
}
