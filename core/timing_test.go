package core

import (
	"bytes"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"math"
	"os"
	"testing"

	"github.com/gossl/gossl/core/internal/timing"
	"github.com/gossl/gossl/core/internal/wire"
	"github.com/stretchr/testify/require"
)

func wantTiming(t *testing.T) {
	if os.Getenv("GOSSL_TIMING") == "" {
		t.Skip("GOSSL_TIMING is not set")
	}
}

func requireNoLeak(t *testing.T, what string, v float64) {
	t.Logf("%-60s t = %6.2f", what, v)
	require.Less(t, math.Abs(v), timing.Threshold, what)
}

// Whether an RSA-encrypted premaster secret is well formed must not show in the time (RFC 5246 section 7.4.7.1).
func TestTimingOfRSAKeyExchange(t *testing.T) {
	wantTiming(t)
	key := rsaKey(t).(*rsa.PrivateKey)
	_, server, _ := configs(t, key)
	c, err := NewConn(server, Server, "")
	require.NoError(t, err)
	hs := &server12{serverHandshake: &serverHandshake{hello: &wire.ClientHello{LegacyVersion: VersionTLS12}}}
	hs.signing.cert = server.certificates[0]
	pre := make([]byte, 48)
	pre[0], pre[1] = 3, 3
	//lint:ignore SA1019 it is RSA key exchange that is tested
	good, err := rsa.EncryptPKCS1v15(c.cfg.Rand, &key.PublicKey, pre)
	require.NoError(t, err)
	bad := bytes.Clone(good)
	bad[100] ^= 1
	ciphertexts := [2][]byte{good, bad}
	v := timing.Compare(10_000, func(class int) {
		hs.peerCKE = &wire.ClientKeyExchange{Encrypted: bytes.Clone(ciphertexts[class])}
	}, func(int) { _, _ = hs.decryptPreMaster(c) })
	requireNoLeak(t, "RSA key exchange: well formed against malformed", v)
}

// How much of a MAC is right must not show in the time.
func TestTimingOfMACs(t *testing.T) {
	wantTiming(t)
	right := sha256.Sum256([]byte("the right one"))
	for what, compare := range map[string]func(a, b []byte) bool{
		"PSK binder: first byte wrong against last byte wrong": checkBinder,
		"Finished: first byte wrong against last byte wrong":   hmac.Equal,
	} {
		got := make([]byte, len(right))
		v := timing.Compare(500_000, func(class int) {
			copy(got, right[:])
			got[class*(len(got)-1)] ^= 1
		}, func(int) {
			for range 20 {
				compare(right[:], got)
			}
		})
		requireNoLeak(t, what, v)
	}
	_, server, _ := configs(t)
	ticket, err := server.sealTicket(make([]byte, 300))
	require.NoError(t, err)
	var spoilt []byte
	v := timing.Compare(200_000, func(class int) {
		spoilt = bytes.Clone(ticket)
		spoilt[len(spoilt)-1-15*class] ^= 1 // the last or the first byte of the tag
	}, func(int) { server.openTicket(spoilt) })
	requireNoLeak(t, "ticket: first byte of the tag wrong against last", v)
}
