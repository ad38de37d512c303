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
	h        crypto.Hash
	messages []byte
	dropped  bool
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

// Clone returns an independent copy.
func (t *Transcript) Clone() *Transcript {
	c := &Transcript{h: t.h, dropped: t.dropped, messages: append([]byte(nil), t.messages...)}
	for _, h := range t.hashes {
		d, err := h.(hash.Cloner).Clone()
		if err != nil {
			panic("keys: " + err.Error()) // every hash of the standard library can be cloned
		}
		c.hashes = append(c.hashes, d)
	}
	return c
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
