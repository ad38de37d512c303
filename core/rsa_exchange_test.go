package core

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"math/big"
	"testing"

	"github.com/gossl/gossl/core/internal/alert"
	"github.com/gossl/gossl/core/internal/testvector"
	"github.com/gossl/gossl/core/internal/wire"
	"github.com/stretchr/testify/require"
)

// decrypt gives a ciphertext to a server of TLS 1.2 that does RSA key exchange.
func decrypt(t *testing.T, key crypto.Signer, ciphertext []byte) ([]byte, error) {
	_, server, _ := configs(t)
	c, err := NewConn(server, Server, "")
	require.NoError(t, err)
	hs := &server12{serverHandshake: &serverHandshake{hello: &wire.ClientHello{LegacyVersion: VersionTLS12}},
		peerCKE: &wire.ClientKeyExchange{Encrypted: ciphertext}}
	hs.signing.cert = &certificate{key: key}
	return hs.decryptPreMaster(c)
}

// None of Wycheproof's messages is a premaster secret: they are of other lengths, and some are padded wrongly. Whatever is
// wrong with one, what comes out is 48 random bytes, and never an error or the message (RFC 5246 section 7.4.7.1). Only a
// ciphertext of another length than the modulus, or not below it, which everybody can see, may be an error.
func TestRSAKeyExchangeByWycheproof(t *testing.T) {
	var der testvector.Hex
	testvector.Read(t, "rsa_pkcs1_2048_key", &der)
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	require.NoError(t, err)
	key := parsed.(*rsa.PrivateKey)
	malformed := 0
	for _, v := range testvector.Cases(t, "rsa_pkcs1_2048") {
		first, err := decrypt(t, key, v.CT)
		if err != nil {
			require.True(t, len(v.CT) != key.Size() || new(big.Int).SetBytes(v.CT).Cmp(key.N) >= 0, v.ID)
			require.Equal(t, alert.DecryptError, asError(err).Alert, v.ID)
			continue
		}
		require.Len(t, first, 48, v.ID)
		second, err := decrypt(t, key, v.CT)
		require.NoError(t, err, v.ID)
		require.NotEqual(t, first, second, v.ID)
		malformed++
	}
	require.NotZero(t, malformed)
}
