package suite

import (
	"crypto/aes"
	"testing"

	"github.com/gossl/gossl/core/internal/testvector"
	"github.com/stretchr/testify/require"
)

func TestCCMByWycheproof(t *testing.T) {
	for _, c := range testvector.Cases(t, "aes_ccm") {
		block, err := aes.NewCipher(c.Key)
		require.NoError(t, err)
		ccm := newCCM(block, c.Tag)
		got, err := ccm.Open(nil, c.IV, c.CT, c.AAD)
		if !c.OK {
			require.Error(t, err, c.ID)
			continue
		}
		require.NoError(t, err, c.ID)
		require.Equal(t, []byte(c.Msg), append([]byte{}, got...), c.ID)
		require.Equal(t, []byte(c.CT), ccm.Seal(nil, c.IV, c.Msg, c.AAD), c.ID)
	}
}
