package keys

import (
	"crypto"
	_ "crypto/md5" // the hashes of transcripts, for crypto.Hash
	_ "crypto/sha1"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"hash"
)

// Transcript hashes the handshake messages. Until the suite is known it only keeps them; after that it goes on keeping
// them, as a signature of TLS 1.2 may be over another hash, until DropBuffer.
type Transcript struct {
	hashes   []hash.Hash // one, or MD5 and SHA-1
	room     [1]hash.Hash
	h        crypto.Hash
	messages []byte
	dropped  bool
	ahead    ahead
}

// ahead is a hash that may become the transcript's: it has begun with a message that is not there yet.
type ahead struct {
	hash hash.Hash
	h    crypto.Hash
	n    int // bytes
}

// NewTranscript returns an empty transcript.
func NewTranscript() *Transcript { return &Transcript{} }

// Write adds a whole message.
func (t *Transcript) Write(msg []byte) {
	if !t.dropped {
		t.messages = append(t.messages, msg...)
	}
	for _, h := range t.hashes {
		h.Write(msg)
	}
}

// SetHash fixes the hash. A second call changes nothing.
func (t *Transcript) SetHash(h crypto.Hash) { t.set(h, h) }

// SetLegacyHash fixes MD5 with SHA-1, as before TLS 1.2.
func (t *Transcript) SetLegacyHash() { t.set(crypto.MD5SHA1, crypto.MD5, crypto.SHA1) }

func (t *Transcript) set(h crypto.Hash, parts ...crypto.Hash) {
	if t.hashes != nil {
		return
	}
	t.h = h
	if a := t.ahead; a.h == h && a.n <= len(t.messages) {
		a.hash.Write(t.messages[a.n:])
		t.hashes, t.ahead = append(t.room[:0], a.hash), ahead{}
		return
	}
	t.ahead = ahead{}
	t.hashes = t.room[:0]
	for _, p := range parts {
		d := p.New()
		d.Write(t.messages)
		t.hashes = append(t.hashes, d)
	}
}

// Sum returns the hash of the messages so far.
func (t *Transcript) Sum() []byte {
	var out []byte
	for _, h := range t.hashes {
		out = h.Sum(out)
	}
	return out
}

// SumWith returns the hash of the messages and of the beginning of the next one, with which that has to begin. If the
// hash is not fixed, it is h, and the beginning is not hashed again if h becomes the transcript's.
func (t *Transcript) SumWith(h crypto.Hash, beginning []byte) []byte {
	if t.hashes != nil {
		d := clone(t.hashes[0])
		d.Write(beginning)
		return d.Sum(nil)
	}
	d := h.New()
	d.Write(t.messages)
	d.Write(beginning)
	t.ahead = ahead{d, h, len(t.messages) + len(beginning)}
	return d.Sum(nil)
}

// Clone returns an independent copy.
func (t *Transcript) Clone() *Transcript {
	c := &Transcript{h: t.h, dropped: t.dropped, messages: append([]byte(nil), t.messages...)}
	for _, h := range t.hashes {
		c.hashes = append(c.hashes, clone(h))
	}
	return c
}

func clone(h hash.Hash) hash.Hash {
	d, err := h.(hash.Cloner).Clone()
	if err != nil {
		panic("keys: " + err.Error()) // every hash of the standard library can be cloned
	}
	return d
}

// ReplaceWithMessageHash puts message_hash in place of the first ClientHello (RFC 9846 section 4.4.1).
func (t *Transcript) ReplaceWithMessageHash() {
	sum := t.Sum()
	msg := append([]byte{254, 0, 0, byte(len(sum))}, sum...)
	t.messages = t.messages[:0]
	for _, h := range t.hashes {
		h.Reset()
	}
	t.Write(msg)
}

// Buffered returns the messages themselves.
func (t *Transcript) Buffered() []byte { return t.messages }

// DropBuffer forgets the messages and keeps their hash.
func (t *Transcript) DropBuffer() { t.messages, t.dropped = nil, true }
