package keys

import (
	"crypto"
	"crypto/fips140"
	"crypto/hmac"
	"crypto/subtle"
	"encoding"
	"hash"
	"sync"
)

// mac is HMAC (RFC 2104) under one key, over the standard library's hashes. The key is hashed once for all messages, which
// are as short as it is: a handshake keys HMAC some 25 times, mostly for two messages or three. crypto/hmac hashes the key
// up to three times for that and allocates six objects each time, which together took a tenth of a resumed handshake. In
// FIPS 140-3 mode it is crypto/hmac, which is what was validated.
type mac struct {
	h            crypto.Hash
	inner, outer [maxChain]byte // the hash's chaining values behind the two blocks of the key; as secret as the key
	key          []byte         // in FIPS 140-3 mode, instead of them
}

// inValidatedMode is for tests to change.
var inValidatedMode = fips140.Enabled()

func newMAC(h crypto.Hash, key []byte) (m mac) {
	m.h = h
	if inValidatedMode {
		m.key = key
		return m
	}
	s := scratchOf(h)
	defer s.done()
	key = s.shorten(key)
	s.begin(key, &innerPad)
	s.save(m.inner[:])
	s.begin(key, &outerPad)
	s.save(m.outer[:])
	return m
}

// sum returns the MAC of a message.
func (m *mac) sum(message []byte) []byte {
	s := scratchOf(m.h)
	defer s.done()
	return s.sum(m, make([]byte, 0, m.h.Size()), message, nil)
}

// macOf is the MAC under a key with a single message.
func macOf(h crypto.Hash, key, message []byte) []byte {
	s := scratchOf(h)
	defer s.done()
	return s.sumOnce(h, key, message, nil)
}

// The largest of the hashes that TLS has, SHA-512, in the encoding of the standard library: a word that names the hash,
// the chaining value, the block that is not full yet, and the length.
const (
	maxChain    = 64
	maxBlock    = 128
	chainOffset = 4
)

// RFC 2104 section 2.
var innerPad, outerPad [maxBlock]byte

// scratch is what one computation of HMAC needs beside the key's states.
type scratch struct {
	home   *hashing
	digest resumable
	state  []byte // encoded, behind one block
	chain  []byte // the part of it that is the chaining value
	block  []byte
	inner  []byte    // the inner hash
	long   []byte    // of a key longer than a block
	info   [128]byte // what is expanded
	a      [2 * maxChain]byte
}

type resumable interface {
	hash.Hash
	encoding.BinaryAppender
	encoding.BinaryUnmarshaler
}

// hashing is a hash with its scratches that are not in use.
type hashing struct {
	once    sync.Once
	initial []byte // the encoded state of a hash of nothing
	pool    sync.Pool
}

var hashings [crypto.SHA512 + 1]hashing

func init() {
	for i := range maxBlock {
		innerPad[i], outerPad[i] = 0x36, 0x5c
	}
}

func scratchOf(h crypto.Hash) *scratch {
	x := &hashings[h]
	x.once.Do(func() { x.initial, _ = h.New().(resumable).AppendBinary(nil) }) // which never fails
	if s, ok := x.pool.Get().(*scratch); ok {
		return s
	}
	s := &scratch{home: x, digest: h.New().(resumable)}
	s.block, s.inner = make([]byte, s.digest.BlockSize()), make([]byte, h.Size())
	s.digest.Write(s.block)
	s.state, _ = s.digest.AppendBinary(nil)
	s.chain = s.state[chainOffset : len(s.state)-8-len(s.block)]
	return s
}

// done gives the scratch back, without what was secret.
func (s *scratch) done() {
	clear(s.chain)
	clear(s.block)
	clear(s.inner)
	clear(s.long)
	clear(s.info[:])
	clear(s.a[:])
	s.restore(s.home.initial)
	s.home.pool.Put(s)
}

func (s *scratch) restore(state []byte) {
	if err := s.digest.UnmarshalBinary(state); err != nil {
		panic("keys: " + err.Error()) // it is the hash's own
	}
}

// shorten hashes a key that is longer than a block.
func (s *scratch) shorten(key []byte) []byte {
	if len(key) <= len(s.block) {
		return key
	}
	s.digest.Reset()
	s.digest.Write(key)
	s.long = s.digest.Sum(s.long[:0])
	return s.long
}

// begin hashes the block of key and pad.
func (s *scratch) begin(key []byte, pad *[maxBlock]byte) {
	n := subtle.XORBytes(s.block, pad[:], key)
	copy(s.block[n:], pad[:])
	s.digest.Reset()
	s.digest.Write(s.block)
}

// save keeps the chaining value.
func (s *scratch) save(chain []byte) {
	s.state, _ = s.digest.AppendBinary(s.state[:0])
	copy(chain, s.chain)
}

// resume goes on behind a block whose chaining value was kept.
func (s *scratch) resume(chain []byte) {
	copy(s.chain, chain)
	s.restore(s.state)
}

// sum appends the MAC of a message in two parts to out.
func (s *scratch) sum(m *mac, out, a, b []byte) []byte {
	if m.key != nil {
		return validated(m.h, m.key, out, a, b)
	}
	s.resume(m.inner[:])
	s.digest.Write(a)
	s.digest.Write(b)
	s.inner = s.digest.Sum(s.inner[:0])
	s.resume(m.outer[:])
	s.digest.Write(s.inner)
	return s.digest.Sum(out)
}

// sumOnce is sum under a key with a single message.
func (s *scratch) sumOnce(h crypto.Hash, key, a, b []byte) []byte {
	out := make([]byte, 0, h.Size())
	if inValidatedMode {
		return validated(h, key, out, a, b)
	}
	key = s.shorten(key)
	s.begin(key, &innerPad)
	s.digest.Write(a)
	s.digest.Write(b)
	s.inner = s.digest.Sum(s.inner[:0])
	s.begin(key, &outerPad)
	s.digest.Write(s.inner)
	return s.digest.Sum(out)
}

func validated(h crypto.Hash, key, out, a, b []byte) []byte {
	m := hmac.New(h.New, key)
	m.Write(a)
	m.Write(b)
	return m.Sum(out)
}
