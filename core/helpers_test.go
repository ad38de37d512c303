package core

import (
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"testing"

	"github.com/gossl/gossl/core/internal/group"
	"github.com/gossl/gossl/core/internal/suite"
	"github.com/stretchr/testify/require"
)

// ffdhePEM returns RFC 7919's 2048-bit group as a file of parameters.
func ffdhePEM(t testing.TB) []byte {
	p := group.FFDHEParams(group.FFDHE2048)
	der, err := asn1.Marshal(struct{ P, G *big.Int }{new(big.Int).SetBytes(p.P), new(big.Int).SetBytes(p.G)})
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "DH PARAMETERS", Bytes: der})
}

// mustCiphers returns what the engine implements of a cipher string.
func mustCiphers(t testing.TB, rule string) []CipherInfo {
	l, err := suite.ParseList(rule, 0)
	require.NoError(t, err)
	var out []CipherInfo
	for _, s := range l.Suites {
		if s.Implemented() {
			out = append(out, cipherInfo(s))
		}
	}
	return out
}
