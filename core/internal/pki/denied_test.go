package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"testing"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/stretchr/testify/require"
)

// knownKey is one of the denied keys, as everybody can make it.
func knownKey(t *testing.T) *ecdsa.PrivateKey {
	scalar := make([]byte, 48)
	scalar[47] = 4
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P384(), scalar)
	require.NoError(t, err)
	return key
}

func TestAKnownKeyIsRefusedWhereverItIsInTheChain(t *testing.T) {
	root := issue(t, "root", nil, nil, nil)
	known := issue(t, "known", root, knownKey(t), nil)
	below := issue(t, "below", known, nil, nil)
	good := issue(t, "good", root, nil, nil)
	for name, c := range map[string]struct {
		anchor *holder
		flags  Flags
		chain  []*holder
		depth  int
	}{
		"an intermediate":            {root, 0, []*holder{issue(t, "leaf", known, nil, endEntity), known}, 1},
		"an intermediate of another": {root, 0, []*holder{issue(t, "leaf", below, nil, endEntity), below, known}, 2},
		"an anchor":                  {known, FlagPartialChain, []*holder{issue(t, "leaf", known, nil, endEntity)}, 1},
		"the leaf's own":             {root, 0, []*holder{issue(t, "leaf", good, knownKey(t), endEntity), good}, 0},
	} {
		var certs []*Certificate
		for _, h := range c.chain {
			certs = append(certs, h.parsed(t))
		}
		o := &Options{Time: c.chain[0].cert.NotBefore.Unix() + 1, Flags: c.flags, Purpose: PurposeServer, Depth: 100}
		r, err := Verify(certs[0], certs[1:], storeOf(t, c.anchor), o)
		require.ErrorContains(t, err, "certificate verify failed", name)
		require.Equal(t, alert.VerifyCertRejected, r.Code, name)
		require.Equal(t, c.depth, r.Depth, name)
	}
	require.Equal(t, alert.VerifyOK, code(t, storeOf(t, root), 0, issue(t, "leaf", good, nil, endEntity), good))
	// One that is sent, and not needed, does not matter; what else is wrong is said first.
	require.Equal(t, alert.VerifyOK, code(t, storeOf(t, root), 0, issue(t, "leaf", good, nil, endEntity), good, known))
	expired := func(c *x509.Certificate) { endEntity(c); c.NotAfter = c.NotBefore.Add(1) }
	require.Equal(t, alert.VerifyCertHasExpired, code(t, storeOf(t, root), 0, issue(t, "leaf", known, nil, expired), known))
}
