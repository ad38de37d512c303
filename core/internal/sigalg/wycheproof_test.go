package sigalg

import (
	"testing"

	"github.com/cloudflare/circl/sign/ed448"
	"github.com/gossl/gossl/core/internal/testvector"
	"github.com/stretchr/testify/require"
)

func TestEd448ByWycheproof(t *testing.T) {
	for _, v := range testvector.Cases(t, "ed448") {
		err := Verify(ed448.PublicKey(v.Public), Ed448, v.Msg, v.Sig)
		require.Equal(t, v.OK, err == nil, v.ID)
	}
}
