package keys

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

var macHashes = []crypto.Hash{crypto.MD5, crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512}

func reference(h crypto.Hash, key, message []byte) []byte {
	m := hmac.New(h.New, key)
	m.Write(message)
	return m.Sum(nil)
}

func inParts(m *mac, a, b []byte) []byte {
	s := scratchOf(m.h)
	defer s.done()
	return s.sum(m, nil, a, b)
}

// Keys and messages of all lengths up to more than two blocks, with a key that serves several messages and with one that
// serves one.
func TestHMACIsTheStandardLibrarys(t *testing.T) {
	all := make([]byte, 300)
	for i := range all {
		all[i] = byte(i*7 + i>>3)
	}
	for _, h := range macHashes {
		for n := range all {
			key, message := all[:n], all[len(all)-n:]
			want := reference(h, key, all)
			require.Equal(t, want, macOf(h, key, all), "%v, key of %d bytes", h, n)
			m := newMAC(h, key)
			require.Equal(t, want, m.sum(all), "%v, key of %d bytes", h, n)
			want = reference(h, key, message)
			for cut := range min(n, 3) {
				require.Equal(t, want, inParts(&m, message[:cut], message[cut:]), "%v, message of %d bytes", h, n)
			}
			require.Equal(t, want, macOf(h, key, message), "%v, message of %d bytes", h, n)
		}
	}
}

func TestHMACIsTheValidatedOneInFIPSMode(t *testing.T) {
	prk := bytes.Repeat([]byte{9}, 48)
	want, wantPRF := scheduled(prk), NewPRF(version12, crypto.SHA384, prk).derive("label", prk, prk, 100)
	inValidatedMode = !inValidatedMode
	defer func() { inValidatedMode = !inValidatedMode }()
	require.Equal(t, want, scheduled(prk))
	require.Equal(t, wantPRF, NewPRF(version12, crypto.SHA384, prk).derive("label", prk, prk, 100))
}

// scheduled is what comes out at the end of a schedule that began with a key.
func scheduled(psk []byte) []byte {
	early := NewEarlySecret(crypto.SHA384, psk)
	hash := early.ResumptionBinderKey()
	traffic := early.HandshakeSecret(hash).ClientTraffic(hash)
	key, iv := traffic.Key(32, 12)
	return append(append(key, iv...), traffic.FinishedMAC(hash)...)
}

// What one computation leaves behind must be neither secret nor in the way of another's.
func TestScratchIsCleared(t *testing.T) {
	secret := bytes.Repeat([]byte{0xa7}, 200)
	s := scratchOf(crypto.SHA384)
	key := s.shorten(secret)
	s.begin(key, &innerPad)
	s.save(make([]byte, maxChain))
	s.digest.Write(secret[:100]) // less than a block: the digest keeps it
	s.inner = s.digest.Sum(s.inner[:0])
	copy(s.info[:], secret)
	copy(s.a[:], secret)
	s.done()
	state, err := s.digest.AppendBinary(nil)
	require.NoError(t, err)
	require.Equal(t, s.home.initial, state)
	for _, b := range [][]byte{s.chain, s.block, s.inner, s.long, s.info[:], s.a[:]} {
		require.Equal(t, make([]byte, len(b)), b)
	}
	d := s.digest
	d.Write(nil)
	require.Equal(t, crypto.SHA384.New().Sum(nil), d.Sum(nil))
}

func TestHMACIsForManyAtOnce(t *testing.T) {
	m := newMAC(crypto.SHA384, []byte("key"))
	want := reference(crypto.SHA384, []byte("key"), []byte("message"))
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 200 {
				if !bytes.Equal(want, inParts(&m, []byte("mess"), []byte("age"))) {
					t.Error("another MAC")
				}
			}
		})
	}
	all.Wait()
}
