package wire

import (
	"bytes"
	"errors"
	"sync"
)

// builder writes a message into one slice. cryptobyte.Builder makes an object and a slice for each vector in a message,
// which was a sixth of all allocations of a handshake.
type builder struct {
	b       []byte
	tooLong bool // a vector is longer than its length can say
}

// builders are kept with their memory. No secret goes through them: tickets come sealed, and the rest travels.
var builders = sync.Pool{New: func() any { return &builder{b: make([]byte, 0, 1<<11)} }}

// longestKept bounds what a builder in the pool holds: more is a rare message's.
const longestKept = 1 << 14

var errTooLong = errors.New("tls: part of a message is longer than its length can say")

// build returns what write writes.
func build(write func(b *builder)) ([]byte, error) {
	b := builders.Get().(*builder)
	b.b, b.tooLong = b.b[:0], false
	write(b)
	made, tooLong := bytes.Clone(b.b), b.tooLong
	if cap(b.b) <= longestKept {
		builders.Put(b)
	}
	if tooLong {
		return nil, errTooLong
	}
	return made, nil
}

func (b *builder) addUint8(v uint8)   { b.b = append(b.b, v) }
func (b *builder) addUint16(v uint16) { b.b = append(b.b, byte(v>>8), byte(v)) }
func (b *builder) addUint24(v uint32) { b.b = append(b.b, byte(v>>16), byte(v>>8), byte(v)) }
func (b *builder) addUint32(v uint32) {
	b.b = append(b.b, byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
}
func (b *builder) addBytes(data []byte) { b.b = append(b.b, data...) }

// vector8, vector16 and vector24 add what body adds, behind its length in so many bits.
func (b *builder) vector8(body func(b *builder))  { b.vector(1, body) }
func (b *builder) vector16(body func(b *builder)) { b.vector(2, body) }
func (b *builder) vector24(body func(b *builder)) { b.vector(3, body) }

func (b *builder) vector(lengthLen int, body func(b *builder)) {
	start := len(b.b)
	b.b = append(b.b, make([]byte, lengthLen)...)
	body(b)
	n := len(b.b) - start - lengthLen
	for i := lengthLen - 1; i >= 0; i-- {
		b.b[start+i] = byte(n)
		n >>= 8
	}
	b.tooLong = b.tooLong || n > 0
}
