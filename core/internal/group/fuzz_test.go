package group

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzShare gives every group shares of any form, as client and as server.
func FuzzShare(f *testing.F) {
	var quick []*Group // the larger primes are the same code, and take seconds for a few hundred inputs
	for _, g := range groups {
		if !strings.HasPrefix(g.Name, "ffdhe") || g.ID == FFDHE2048 {
			quick = append(quick, g)
		}
	}
	var ours []*Key
	for i, g := range quick {
		key, err := g.Generate(rand.Reader)
		require.NoError(f, err)
		ours = append(ours, key)
		share, _, err := g.Respond(rand.Reader, key.Share())
		require.NoError(f, err)
		f.Add(byte(i), key.Share())
		f.Add(byte(i), share)
	}
	f.Fuzz(func(t *testing.T, i byte, share []byte) {
		n := int(i) % len(quick)
		if secret, err := ours[n].Finish(share); err == nil {
			require.NotEmpty(t, secret)
		}
		if _, secret, err := quick[n].Respond(rand.Reader, share); err == nil {
			require.NotEmpty(t, secret)
		}
	})
}
