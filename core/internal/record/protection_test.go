package record

import (
	"runtime"
	"testing"

	"github.com/gossl/gossl/core/internal/suite"
	"github.com/stretchr/testify/require"
)

// What a key was made into is the collector's between two records, which nobody who reads or writes notices.
func TestKeysOutliveWhatIsMadeOfThem(t *testing.T) {
	for _, id := range []uint16{0x1301, 0x1302, 0x1303, 0x1304, 0x1305} {
		s := suite.ByID(id)
		var seal, open Half
		key, iv := make([]byte, s.KeyLen), make([]byte, s.FixedIVLen)
		require.NoError(t, seal.Set13(s, key, iv))
		require.NoError(t, open.Set13(s, key, iv))
		for i := range 3 {
			rec, err := seal.Seal(nil, ApplicationData, []byte("words"), 0)
			require.NoError(t, err)
			_, got, err := open.Open(rec)
			require.NoError(t, err)
			require.Equal(t, "words", string(got))
			if i == 0 { // the first record's is not kept
				require.Nil(t, seal.protect.made.Value())
				require.Nil(t, open.protect.made.Value())
			}
			runtime.GC()
			require.Nil(t, seal.protect.made.Value())
			require.Nil(t, open.protect.made.Value())
		}
		require.Equal(t, uint64(3), open.Sequence())
	}
}

func TestKeysThatNoAEADIsMadeOf(t *testing.T) {
	var h Half
	s := suite.ByID(0x1301)
	for _, n := range []int{0, s.KeyLen - 1, s.KeyLen + 1, 2 * s.KeyLen, 100} {
		require.Error(t, h.Set13(s, make([]byte, n), make([]byte, s.FixedIVLen)))
		require.False(t, h.Encrypted())
	}
	aria := suite.ByID(0xc05c) // ECDHE-ECDSA-ARIA128-GCM-SHA256
	require.Error(t, h.Set12(version12, aria, nil, make([]byte, aria.KeyLen), make([]byte, aria.FixedIVLen), false, true))
	require.False(t, h.Encrypted())
}
