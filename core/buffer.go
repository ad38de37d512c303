package core

// Buffer is a growable queue of bytes between a [Conn] and its transport. It owns no lock: one goroutine at a time.
//
// Its memory can come from elsewhere (Use, Grow), so that a C program's memory is sealed into and opened from without
// a copy.
type Buffer struct {
	mem        []byte
	start, end int

	// Grow, if set, returns memory of at least need bytes that begins with the contents of mem. The default is make.
	Grow func(mem []byte, need int) []byte `adopt:"-"`
}

const minBuffer = 1 << 11

// Bytes returns what is queued. It is valid until the next call.
func (b *Buffer) Bytes() []byte { return b.mem[b.start:b.end] }

// Len returns how many bytes are queued.
func (b *Buffer) Len() int { return b.end - b.start }

// Consume drops the first n queued bytes.
func (b *Buffer) Consume(n int) {
	b.start += n
	if b.start == b.end {
		b.start, b.end = 0, 0
	}
}

// Space returns n bytes of room at the end of the queue, for Extend to add.
func (b *Buffer) Space(n int) []byte {
	if len(b.mem)-b.end < n {
		b.makeRoom(n)
	}
	return b.mem[b.end : b.end+n]
}

// Extend adds the first n bytes of the last Space to the queue.
func (b *Buffer) Extend(n int) { b.end += n }

// Write appends a copy of p. It never fails.
func (b *Buffer) Write(p []byte) (int, error) {
	copy(b.Space(len(p)), p)
	b.end += len(p)
	return len(p), nil
}

// Use puts the queue into foreign memory, of which mem[start:end] is queued.
func (b *Buffer) Use(mem []byte, start, end int) { b.mem, b.start, b.end = mem, start, end }

// Mem returns the memory and the part of it that is queued.
func (b *Buffer) Mem() (mem []byte, start, end int) { return b.mem, b.start, b.end }

// Release gives an empty queue's memory to the collector, so that an idle connection holds none.
func (b *Buffer) Release() {
	if b.start == b.end && b.Grow == nil {
		b.mem, b.start, b.end = nil, 0, 0
	}
}

func (b *Buffer) makeRoom(n int) {
	queued := b.end - b.start
	if b.start > 0 {
		copy(b.mem, b.mem[b.start:b.end])
		b.start, b.end = 0, queued
		if len(b.mem)-b.end >= n {
			return
		}
	}
	need := max(minBuffer, 2*len(b.mem), queued+n)
	if b.Grow != nil {
		b.mem = b.Grow(b.mem, need)
		return
	}
	mem := make([]byte, need)
	copy(mem, b.mem[:queued])
	b.mem = mem
}
