package record

import (
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/gossl/gossl/core/internal/suite"
	"github.com/gossl/gossl/core/internal/timing"
	"github.com/stretchr/testify/require"
)

// Whether the padding or the MAC of a CBC record is wrong, and how long the padding is, must not show in the time
// ("Lucky Thirteen"). Run by `make timing`: it takes a minute and wants a quiet machine.
func TestTimingOfCBC(t *testing.T) {
	if os.Getenv("GOSSL_TIMING") == "" {
		t.Skip("GOSSL_TIMING is not set")
	}
	for _, name := range []string{"AES128-SHA", "AES128-SHA256", "ECDHE-RSA-AES256-SHA384"} {
		for _, question := range []struct {
			what   string
			spoilt func(plain []byte, class int)
		}{
			{"bad padding against bad MAC", func(plain []byte, class int) {
				plain[len(plain)-2] = 0
				plain[len(plain)-1] = byte(class) // no padding before it, or one byte of it that should be 1
			}},
			{"padding of 0 against 255 bytes", func(plain []byte, class int) {
				for i := range 256 {
					plain[len(plain)-1-i] = byte(255 * class)
				}
			}},
		} {
			v := timeCBC(t, name, question.spoilt)
			t.Logf("%-26s %-32s t = %6.2f", name, question.what, v)
			require.Less(t, math.Abs(v), timing.Threshold, "%s: %s", name, question.what)
		}
	}
}

// timeCBC compares how long it takes to refuse two records of 1,024 bytes.
func timeCBC(t *testing.T, name string, spoil func(plain []byte, class int)) float64 {
	s := suite.ByName(name)
	key, macKey, iv := make([]byte, s.KeyLen), make([]byte, s.MACLen), make([]byte, 16)
	open, err := newCBC(version12, s, macKey, key, iv, false, false)
	require.NoError(t, err)
	seal, err := newCBC(version12, s, macKey, key, iv, false, true)
	require.NoError(t, err)
	h := &Half{version: version12, cbc: open}
	body := make([]byte, 16+1024)
	hdr := Header{Type: ApplicationData, Version: version12, Length: len(body)}
	return timing.Compare(200_000, func(class int) {
		plain := body[16:]
		for i := range plain {
			plain[i] = byte(rand.Uint32())
		}
		spoil(plain, class)
		seal.mode.SetIV(body[:16])
		seal.mode.CryptBlocks(plain, plain)
	}, func(int) { _, _ = h.openMtE(hdr, body) })
}
