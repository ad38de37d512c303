package record

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheMACOfASecretLengthIsHMAC(t *testing.T) {
	for _, h := range []crypto.Hash{crypto.SHA1, crypto.SHA256, crypto.SHA384} {
		key, header, data := make([]byte, h.Size()), make([]byte, headerSize), make([]byte, 700)
		for _, b := range [][]byte{key, header, data} {
			_, _ = rand.Read(b)
		}
		m := newSecretLengthMAC(h, key)
		for _, longest := range []int{0, 1, 40, 41, 42, 43, 50, 100, 242, 243, 255, 256, 300, 500, 650} {
			for n := max(0, longest-maxPadding); n <= longest; n++ {
				want := hmac.New(h.New, key)
				want.Write(header)
				want.Write(data[:n])
				require.Equal(t, want.Sum(nil), m.sum(header, data, n, longest), "%v %d of %d", h, n, longest)
			}
		}
	}
}
