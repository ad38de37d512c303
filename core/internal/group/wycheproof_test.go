package group

import (
	"crypto/ecdh"
	"testing"

	"github.com/gossl/gossl/core/internal/testvector"
	"github.com/stretchr/testify/require"
)

// Of points, TLS knows the uncompressed form only (RFC 9846 section 4.2.8.2), and refuses a secret of zeros (section
// 7.4.2).
func TestKeyExchangeByWycheproof(t *testing.T) {
	nist := func(c ecdh.Curve, size int) func(testvector.Case) keyPair {
		return func(v testvector.Case) keyPair {
			private := v.Private
			for len(private) > size && private[0] == 0 {
				private = private[1:]
			}
			key, err := c.NewPrivateKey(append(make([]byte, size-len(private)), private...))
			require.NoError(t, err, v.ID)
			return curveKey{c, key}
		}
	}
	for name, key := range map[string]func(testvector.Case) keyPair{
		"ecdh_secp256r1_ecpoint": nist(ecdh.P256(), 32),
		"ecdh_secp384r1_ecpoint": nist(ecdh.P384(), 48),
		"ecdh_secp521r1_ecpoint": nist(ecdh.P521(), 66),
		"x25519": func(v testvector.Case) keyPair {
			k := &x25519Key{}
			copy(k.private[:], v.Private)
			return k
		},
		"x448": func(v testvector.Case) keyPair {
			k := &x448Key{}
			copy(k.private[:], v.Private)
			return k
		},
	} {
		accepted := 0
		for _, v := range testvector.Cases(t, name) {
			secret, err := key(v).finish(v.Public)
			if !v.OK {
				require.Error(t, err, "%s %d", name, v.ID)
				continue
			}
			require.NoError(t, err, "%s %d", name, v.ID)
			require.Equal(t, []byte(v.Shared), secret, "%s %d", name, v.ID)
			accepted++
		}
		require.NotZero(t, accepted)
	}
}
