package record

import (
	"bytes"
	"crypto"
	"testing"

	"github.com/gossl/gossl/core/internal/suite"
	"github.com/stretchr/testify/require"
)

// pair returns two halves with the same keys: one seals, the other opens.
func pair(t testing.TB, version uint16, s *suite.Suite, etm bool) (seal, open *Half) {
	seal, open = &Half{}, &Half{}
	key := bytes.Repeat([]byte{7}, s.KeyLen)
	if version == version13 {
		iv := bytes.Repeat([]byte{9}, 12)
		require.NoError(t, seal.Set13(s, key, iv))
		require.NoError(t, open.Set13(s, key, iv))
		return seal, open
	}
	mac := bytes.Repeat([]byte{3}, s.MACLen)
	iv := bytes.Repeat([]byte{9}, max(s.FixedIVLen, s.RecordIVLen))
	require.NoError(t, seal.Set12(version, s, mac, key, iv, etm, true))
	require.NoError(t, open.Set12(version, s, mac, key, iv, etm, false))
	return seal, open
}

// kinds are all ways to protect a record.
func kinds(t testing.TB, f func(name string, version uint16, s *suite.Suite, etm bool)) {
	for _, name := range []string{
		"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305", "AES128-CCM",
		"AES256-CCM8", "AES128-SHA", "AES256-SHA256", "ECDHE-RSA-AES256-SHA384", "NULL-SHA256",
	} {
		s := suite.ByName(name)
		require.NotNil(t, s, name)
		f("1.2/"+name, version12, s, false)
		if s.Enc == suite.EncAES128CBC || s.Enc == suite.EncAES256CBC {
			f("1.2/etm/"+name, version12, s, true)
			f("1.1/"+name, version11, s, false)
			f("1.0/"+name, version10, s, false)
		}
	}
	for _, name := range []string{"TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_CCM_8_SHA256"} {
		f("1.3/"+name, version13, suite.ByName(name), false)
	}
}

func TestOpenGivesWhatWasSealed(t *testing.T) {
	kinds(t, func(name string, version uint16, s *suite.Suite, etm bool) {
		t.Run(name, func(t *testing.T) {
			seal, open := pair(t, version, s, etm)
			for n := range 600 {
				data := bytes.Repeat([]byte{byte(n)}, n)
				rec, err := seal.Seal(nil, ApplicationData, data, n%3)
				require.NoError(t, err)
				require.LessOrEqual(t, len(rec), n+seal.Overhead()+n%3)
				typ, got, err := open.Open(rec)
				require.NoError(t, err)
				require.Equal(t, ApplicationData, typ)
				require.True(t, bytes.Equal(data, got))
			}
		})
	})
}

func TestOpenRefusesEveryChangedByte(t *testing.T) {
	kinds(t, func(name string, version uint16, s *suite.Suite, etm bool) {
		t.Run(name, func(t *testing.T) {
			seal, _ := pair(t, version, s, etm)
			rec, err := seal.Seal(nil, ApplicationData, []byte("hello"), 0)
			require.NoError(t, err)
			for i := HeaderLen; i < len(rec); i++ {
				_, open := pair(t, version, s, etm)
				bad := bytes.Clone(rec)
				bad[i] ^= 1
				_, _, err := open.Open(bad)
				require.ErrorContains(t, err, "does not decrypt", "byte %d", i)
			}
			for n := HeaderLen; n < len(rec); n++ {
				_, open := pair(t, version, s, etm)
				_, _, err := open.Open(bytes.Clone(rec[:n]))
				require.Error(t, err, "length %d", n)
			}
		})
	})
}

func TestSealAndOpenWithAnAEADDoNotAllocate(t *testing.T) {
	for _, name := range []string{"TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"} {
		seal, open := pair(t, version13, suite.ByName(name), false)
		data, dst := make([]byte, 4096), make([]byte, 0, 8192)
		require.Zero(t, testing.AllocsPerRun(50, func() {
			rec, err := seal.Seal(dst, ApplicationData, data, 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := open.Open(rec); err != nil {
				t.Fatal(err)
			}
		}), name)
	}
}

func TestPaddingIsCheckedInFull(t *testing.T) {
	for n := 1; n <= 256; n++ {
		plain := append(make([]byte, 300), bytes.Repeat([]byte{byte(n - 1)}, n)...)
		padLen, good := paddingOf(plain)
		require.Equal(t, n-1, padLen)
		require.Equal(t, 1, good)
		if n > 1 {
			plain[len(plain)-n] ^= 1
			_, good = paddingOf(plain)
			require.Equal(t, 0, good)
		}
	}
}

func TestRotateLeftMatchesItsDefinition(t *testing.T) {
	for by := range crypto.SHA384.Size() {
		b := make([]byte, 48)
		for i := range b {
			b[i] = byte(i)
		}
		rotateLeft(b, by)
		for i := range b {
			require.Equal(t, byte((i+by)%48), b[i])
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte{23, 3, 3, 0, 1, 0})
	f.Fuzz(func(t *testing.T, rec []byte) {
		if len(rec) < HeaderLen {
			return
		}
		kinds(t, func(_ string, version uint16, s *suite.Suite, etm bool) {
			_, open := pair(t, version, s, etm)
			_, _, err := open.Open(bytes.Clone(rec))
			require.True(t, err != nil || rec[0] == byte(ChangeCipherSpec) && version == version13)
		})
	})
}
