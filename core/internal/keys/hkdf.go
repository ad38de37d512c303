package keys

import (
	"crypto"
	"crypto/hkdf"
	"crypto/hmac"
	"hash"
	"sync"
)

const labelPrefix = "tls13 "

// expander is HKDF-Expand-Label of RFC 9846 section 7.1 under one secret. Nearly every secret of the key schedule is
// expanded several times, into no more than one block of its hash each time: HMAC is keyed once, not every time.
type expander struct {
	h      crypto.Hash
	secret []byte
	mac    hash.Hash
	again  bool      // there are more labels than one
	info   [128]byte // scratch
}

func newExpander(h crypto.Hash, secret []byte) *expander {
	return &expander{h: h, secret: secret, mac: hmac.New(h.New, secret), again: true}
}

// expandLabel is HKDF-Expand-Label for a secret with one label.
func expandLabel(h crypto.Hash, secret []byte, label string, context []byte, n int) []byte {
	x := expander{h: h, secret: secret, mac: hmac.New(h.New, secret)}
	return x.label(label, context, n)
}

// label expands into n bytes, with the hash of the messages, or whatever a label's context is.
func (x *expander) label(label string, context []byte, n int) []byte {
	info := append(x.info[:0], byte(n>>8), byte(n), byte(len(labelPrefix)+len(label)))
	info = append(append(info, labelPrefix...), label...)
	info = append(append(info, byte(len(context))), context...)
	if n > x.h.Size() {
		return x.long(info, n)
	}
	if x.again {
		x.mac.Reset() // crypto/hmac keeps the keyed state from the first Reset on
	}
	x.mac.Write(append(info, 1)) // RFC 5869 section 2.3: T(1), which is all that is wanted
	return x.mac.Sum(make([]byte, 0, x.h.Size()))[:n:n]
}

func (x *expander) long(info []byte, n int) []byte {
	out, err := hkdf.Expand(x.h.New, x.secret, string(info), n)
	if err != nil {
		panic("keys: " + err.Error()) // n is bounded by every caller
	}
	return out
}

// extract is HKDF-Extract, where nil stands for a string of zeros as long as the hash.
func extract(h crypto.Hash, secret, salt []byte) []byte {
	if secret == nil {
		secret = make([]byte, h.Size())
	}
	prk, err := hkdf.Extract(h.New, secret, salt)
	if err != nil {
		panic("keys: " + err.Error()) // only a build that forbids the hash
	}
	return prk
}

// The parts of the schedule that depend on nothing but the hash.
var constants struct {
	once           sync.Once
	sha256, sha384 constant
}

type constant struct {
	empty []byte       // the hash of nothing
	early *EarlySecret // without a pre-shared key
}

func constantsOf(h crypto.Hash) *constant {
	constants.once.Do(func() {
		for _, c := range []struct {
			h   crypto.Hash
			out *constant
		}{{crypto.SHA256, &constants.sha256}, {crypto.SHA384, &constants.sha384}} {
			c.out.empty = c.h.New().Sum(nil)
			secret := extract(c.h, nil, nil)
			c.out.early = &EarlySecret{h: c.h, secret: secret}
			c.out.early.derived = expandLabel(c.h, secret, labelDerived, c.out.empty, c.h.Size())
		}
	})
	if h == crypto.SHA256 {
		return &constants.sha256
	}
	return &constants.sha384
}

func emptyHash(h crypto.Hash) []byte        { return constantsOf(h).empty }
func withoutPSK(h crypto.Hash) *EarlySecret { return constantsOf(h).early }
