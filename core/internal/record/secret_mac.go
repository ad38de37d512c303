package record

import (
	"crypto"
	"crypto/subtle"
	"encoding"
	"hash"
)

// secretLengthMAC is HMAC (RFC 2104) over data whose length is a secret, as that of a CBC record is before its MAC is
// known to be right. It hashes block by block, as many blocks as the longest data takes, puts the hash's own padding
// where the secret length wants it, and keeps the state after the block that was the last: all without a branch or an
// address that depends on the length.
type secretLengthMAC struct {
	hash       hash.Hash
	inner      []byte // the block of key and ipad
	outer      []byte // the block of key and opad
	size       int    // of the MAC
	lengthSize int    // of the length in the hash's padding
	block      []byte // scratch
	state      []byte // scratch
	digest     []byte // scratch
	out        []byte // scratch
}

// The longest padding of a record, and what stands before a record's data under its MAC.
const (
	maxPadding = 255
	headerSize = 13
)

// stateOffset is where the chaining value begins in the encoded state of the standard library's hashes, behind a word
// that names the hash.
const stateOffset = 4

func newSecretLengthMAC(h crypto.Hash, key []byte) *secretLengthMAC {
	m := &secretLengthMAC{hash: h.New(), size: h.Size()}
	n := m.hash.BlockSize()
	m.lengthSize = n / 8
	m.inner, m.outer, m.block = make([]byte, n), make([]byte, n), make([]byte, n)
	copy(m.inner, key) // the keys of TLS are shorter than a block
	copy(m.outer, key)
	for i := range n {
		m.inner[i] ^= 0x36
		m.outer[i] ^= 0x5c
	}
	m.digest = make([]byte, h.Size())
	return m
}

// sum returns the MAC over header and data[:n], where n is secret and between longest-255 and longest. The result is
// valid until the next call.
func (m *secretLengthMAC) sum(header, data []byte, n, longest int) []byte {
	b := len(m.block)
	total := headerSize + n
	public := (headerSize + max(0, longest-maxPadding)) / b * b // what is data whatever n is
	blocks := (headerSize + longest + 1 + m.lengthSize + b - 1) / b
	last := (total + 1 + m.lengthSize + b - 1) >> shift(b) // the number of blocks that n takes
	bits := uint64(b+total) * 8

	m.hash.Reset()
	m.hash.Write(m.inner)
	if public > 0 {
		m.hash.Write(header)
		m.hash.Write(data[:public-headerSize])
	}
	clear(m.digest)
	for j := public / b; j < blocks; j++ {
		m.fill(header, data, j*b, total)
		isLast := subtle.ConstantTimeEq(int32(j+1), int32(last))
		for i := range 8 {
			m.block[b-1-i] |= byte(-isLast) & byte(bits>>(8*i))
		}
		m.hash.Write(m.block)
		m.keep(isLast)
	}
	m.hash.Reset()
	m.hash.Write(m.outer)
	m.hash.Write(m.digest)
	m.out = m.hash.Sum(m.out[:0])
	return m.out
}

// fill makes the block that begins at byte at of header and data: the data as far as total, then the bit that ends it,
// then zeros.
func (m *secretLengthMAC) fill(header, data []byte, at, total int) {
	for i := range m.block {
		p := at + i
		var v byte
		switch {
		case p < headerSize:
			v = header[p]
		case p-headerSize < len(data):
			v = data[p-headerSize]
		}
		inside := byte(-subtle.ConstantTimeLessOrEq(p+1, total))
		end := byte(-subtle.ConstantTimeEq(int32(p), int32(total)))
		m.block[i] = v&inside | 0x80&end
	}
}

// keep copies the hash's chaining value if is is 1.
func (m *secretLengthMAC) keep(is int) {
	m.state, _ = m.hash.(encoding.BinaryAppender).AppendBinary(m.state[:0]) // never fails
	for i := range m.digest {
		m.digest[i] |= byte(-is) & m.state[stateOffset+i]
	}
}

// shift is the logarithm of a block size, 64 or 128 bytes.
func shift(block int) int {
	if block == 128 {
		return 7
	}
	return 6
}
