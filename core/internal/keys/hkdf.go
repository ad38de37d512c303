package keys

import (
	"crypto"
	"crypto/hkdf"
	"sync"
)

const labelPrefix = "tls13 "

// label is HKDF-Expand-Label of RFC 9846 section 7.1 under a secret, with the hash of the messages, or whatever a label's
// context is, into n bytes: no more than the hash has, as are nearly all of the key schedule.
func (m *mac) label(label string, context []byte, n int) []byte {
	s := scratchOf(m.h)
	defer s.done()
	return s.label(make([]byte, 0, m.h.Size()), m, label, context, n)
}

func (s *scratch) label(out []byte, m *mac, label string, context []byte, n int) []byte {
	return s.sum(m, out, labelInfo(s.info[:0], label, context, n), counter)[:n:n]
}

// keyAndIV are the two labels of RFC 9846 section 7.3.
func (m *mac) keyAndIV(keyLen, ivLen int) (key, iv []byte) {
	s := scratchOf(m.h)
	defer s.done()
	n := m.h.Size()
	out := make([]byte, 2*n)
	return s.label(out[:0:n], m, labelKey, nil, keyLen), s.label(out[n:n], m, labelIV, nil, ivLen)
}

// under is the MAC of a message under a key that is the expansion of a label, and that nothing else is for: so are a
// Finished made, and the next secret of the schedule by HKDF-Extract.
func (m *mac) under(label string, context, message []byte) []byte {
	s := scratchOf(m.h)
	defer s.done()
	return s.sumOnce(m.h, s.label(s.a[:0], m, label, context, m.h.Size()), message, nil)
}

// counter makes T(1) of RFC 5869 section 2.3.
var counter = []byte{1}

func labelInfo(b []byte, label string, context []byte, n int) []byte {
	b = append(b, byte(n>>8), byte(n), byte(len(labelPrefix)+len(label)))
	b = append(append(b, labelPrefix...), label...)
	return append(append(b, byte(len(context))), context...)
}

// expandLabel is HKDF-Expand-Label for a secret with one label.
func expandLabel(h crypto.Hash, secret []byte, label string, context []byte, n int) []byte {
	if n <= h.Size() {
		s := scratchOf(h)
		defer s.done()
		return s.sumOnce(h, secret, labelInfo(s.info[:0], label, context, n), counter)[:n:n]
	}
	out, err := hkdf.Expand(h.New, secret, string(labelInfo(nil, label, context, n)), n)
	if err != nil {
		panic("keys: " + err.Error()) // n is bounded by every caller
	}
	return out
}

// The parts of the schedule that depend on nothing but the hash.
var constants struct {
	once           sync.Once
	sha256, sha384 constant
}

type constant struct {
	zeros, empty []byte       // as many bytes as the hash has, and the hash of nothing
	unsalted     mac          // under zeros: HKDF-Extract without a salt (RFC 5869 section 2.2)
	early        *EarlySecret // without a pre-shared key
}

func constantsOf(h crypto.Hash) *constant {
	constants.once.Do(func() {
		constants.sha256 = newConstant(crypto.SHA256)
		constants.sha384 = newConstant(crypto.SHA384)
	})
	if h == crypto.SHA256 {
		return &constants.sha256
	}
	return &constants.sha384
}

func newConstant(h crypto.Hash) constant {
	zeros := make([]byte, h.Size())
	c := constant{zeros: zeros, empty: h.New().Sum(nil), unsalted: newMAC(h, zeros)}
	secret := c.unsalted.sum(zeros)
	c.early = &EarlySecret{h: h, secret: secret, expand: newMAC(h, secret)}
	c.early.derived = c.early.label(labelDerived, c.empty)
	return c
}

func emptyHash(h crypto.Hash) []byte        { return constantsOf(h).empty }
func withoutPSK(h crypto.Hash) *EarlySecret { return constantsOf(h).early }
