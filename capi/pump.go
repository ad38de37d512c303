package main

/*
#include <errno.h>

#include "bio.h"
#include "pump.h"
*/
import "C"

import (
	"errors"
	"sync"
	"syscall"
	"unsafe"

	"github.com/gossl/gossl/core"
)

// conn is a core.Conn with its transport: a descriptor or two queues. Its lock is held for one call, in which nothing
// waits.
type conn struct {
	mu      sync.Mutex
	c       *core.Conn
	fd      C.int // -1: none
	in, out *C.bio
	owed    int   // bytes of the last write that were sealed, but whose records are not all sent
	last    error // why the last call failed
	dead    bool  // a panic went through it
	panics  bool  // GOSSL_CONFIG_TEST_PANIC

	keylog, trace []byte     // collected, not taken yet
	lent          [2]*[]byte // memory of the pool in the input and output queue
	ticketsOnly   bool       // a server that has sent nothing but tickets since the handshake
}

// run does an operation, and moves ciphertext until it is done or the transport has no more.
func (k *conn) run(op func() (int, error)) (int, error) {
	if k.in != nil {
		return k.runMemory(op)
	}
	k.borrow()
	defer k.giveBack()
	for {
		n, err := op()
		if err == core.ErrWantRead {
			received, err := k.receive()
			if err != nil {
				return 0, err
			}
			if received {
				continue // what is to be sent may grow: a flight should leave in one packet
			}
		}
		blocked, sendErr := k.flush()
		switch {
		case err == core.ErrWantRead && blocked && k.owed > 0:
			// The writer sends it. Readers that waited to send would leave nobody reading, if both peers' writers
			// wait to be read from.
			return 0, err
		case err == core.ErrWantRead && blocked:
			return 0, errWantWrite
		case err == core.ErrWantRead && sendErr != nil:
			return 0, sendErr
		case err != nil:
			return 0, err
		case sendErr != nil:
			return n, sendErr
		case blocked:
			return n, errWantWrite
		}
		return n, nil
	}
}

// putBack returns a queue's memory to the pool, if it came from there.
func (k *conn) putBack(i int, mem []byte) {
	if lent := k.lent[i]; lent != nil && len(mem) > 0 && &mem[0] == &(*lent)[0] {
		buffers.Put(lent)
	}
	k.lent[i] = nil
}

// errWantWrite says that the kernel takes no more.
var errWantWrite = errors.New("the transport takes no more for now")

// runMemory does an operation between the two queues, whose memory the engine uses in place.
func (k *conn) runMemory(op func() (int, error)) (int, error) {
	if C.bio_lock(k.in) == 0 {
		return 0, errForked
	}
	defer C.bio_unlock(k.in)
	if k.out != k.in {
		if C.bio_lock(k.out) == 0 {
			return 0, errForked
		}
		defer C.bio_unlock(k.out)
	}
	in, out := k.c.In(), k.c.Out()
	in.Use(unsafe.Slice((*byte)(k.in.data), int(k.in.cap)), int(k.in.start), int(k.in.end))
	out.Grow = k.grow
	out.Use(unsafe.Slice((*byte)(k.out.data), int(k.out.cap)), int(k.out.start), int(k.out.end))
	if k.in.closed != 0 {
		k.c.InputEnded()
	}
	n, err := op()
	_, start, end := in.Mem()
	k.in.start, k.in.end = C.size_t(start), C.size_t(end)
	_, start, end = out.Mem()
	k.out.start, k.out.end = C.size_t(start), C.size_t(end)
	in.Use(nil, 0, 0)
	out.Use(nil, 0, 0)
	return n, err
}

// grow makes the outgoing queue larger. Without memory there is nothing to do but to give up the connection.
func (k *conn) grow(_ []byte, need int) []byte {
	if C.bio_reserve(k.out, C.size_t(need)) == 0 {
		panic("out of memory")
	}
	return unsafe.Slice((*byte)(k.out.data), int(k.out.cap))
}

// flush sends what it can of the output. blocked says that something is left.
func (k *conn) flush() (blocked bool, err error) {
	out := k.c.Out()
	for out.Len() > 0 && k.fd >= 0 {
		b := out.Bytes()
		n := int(C.pump_send(k.fd, unsafe.Pointer(&b[0]), C.size_t(len(b))))
		switch {
		case n == -C.EAGAIN || n == -C.EWOULDBLOCK:
			return true, nil
		case n < 0 && k.unread(syscall.Errno(-n)):
			n = len(b)
		case n < 0:
			return false, syscall.Errno(-n)
		}
		out.Consume(n)
	}
	return false, nil
}

// buffers are the memory of connections over sockets while they are at work: an idle connection has none.
var buffers = sync.Pool{New: func() any {
	b := make([]byte, bufferLen)
	return &b
}}

// bufferLen holds what one write seals, and any record that comes.
const bufferLen = 4*(1<<14+256) + 2048

// borrow gives empty queues memory.
func (k *conn) borrow() {
	for i, q := range []*core.Buffer{k.c.In(), k.c.Out()} {
		if mem, _, _ := q.Mem(); mem == nil {
			k.lent[i] = buffers.Get().(*[]byte)
			q.Use(*k.lent[i], 0, 0)
		}
	}
}

// giveBack takes it away again from queues that are empty. A queue that has grown keeps its own.
func (k *conn) giveBack() {
	for i, q := range []*core.Buffer{k.c.In(), k.c.Out()} {
		mem, start, end := q.Mem()
		if start != end {
			continue
		}
		q.Use(nil, 0, 0)
		k.putBack(i, mem)
	}
}

const (
	headerLen    = 5
	longestAlert = 256 // bytes of a protected alert, padded by more than anybody pads one
)

// receive reads what is missing of the next record, so that bytes behind a close_notify stay in the kernel. Behind a
// record that is too long to be a close_notify there is another one, whose header can come along.
// It reports whether anything came, be it the end.
func (k *conn) receive() (bool, error) {
	if k.fd < 0 {
		return false, argumentError("the connection has no transport")
	}
	in := k.c.In()
	need := k.c.NeedInput()
	if need > longestAlert {
		need += headerLen
	}
	space := in.Space(need)
	n := int(C.pump_recv(k.fd, unsafe.Pointer(&space[0]), C.size_t(need)))
	switch {
	case n == -C.EAGAIN || n == -C.EWOULDBLOCK:
		return false, nil
	case n < 0 && k.unread(syscall.Errno(-n)):
		n = 0
	case n < 0:
		return false, syscall.Errno(-n)
	}
	if n == 0 {
		k.c.InputEnded()
	}
	in.Extend(n)
	return true, nil
}

// write is a write with the memory of one that could not be sent in full: its repetition sends the rest and seals
// nothing.
func (k *conn) write(p []byte) (int, error) {
	if k.owed > 0 {
		return k.settleOwed(p)
	}
	if k.in == nil {
		if blocked, err := k.flush(); err != nil || blocked {
			return 0, orWantWrite(err)
		}
	}
	k.ticketsOnly = false
	n, err := k.run(func() (int, error) { return k.c.Write(p) })
	if err == errWantWrite && n > 0 {
		k.owed = n
	}
	if err != nil {
		return 0, k.peerSaid(err)
	}
	return n, nil
}

func (k *conn) settleOwed(p []byte) (int, error) {
	if len(p) < k.owed {
		return 0, core.ErrBadWriteRetry
	}
	blocked, err := k.flush()
	if err != nil || blocked {
		return 0, orWantWrite(err)
	}
	n := k.owed
	k.owed = 0
	return n, nil
}

func orWantWrite(err error) error {
	if err == nil {
		return errWantWrite
	}
	return err
}

// handshake is done when its last flight has left too.
func (k *conn) handshake() (int, error) {
	return k.run(func() (int, error) {
		if k.c.HandshakeDone() {
			return 0, k.c.Err()
		}
		err := k.c.Handshake()
		k.ticketsOnly = err == nil && k.c.Side() == core.Server && k.c.Version() == core.VersionTLS13
		return 0, err
	})
}

// unread reports whether an error of the transport only says that the client closed without reading its tickets. Then
// it is as if they had never been sent: what came before can still be read, up to the end.
func (k *conn) unread(err error) bool {
	return k.ticketsOnly && isGone(err)
}

// isGone reports whether the peer has closed its end.
func isGone(err error) bool {
	return err == error(syscall.Errno(C.EPIPE)) || err == error(syscall.Errno(C.ECONNRESET))
}

// peerSaid looks, when the peer has gone, for the alert that says why: it may have come before we wrote.
func (k *conn) peerSaid(sendErr error) error {
	if !isGone(sendErr) {
		return sendErr
	}
	for {
		err := k.c.PeerError()
		var e *core.Error
		if errors.As(err, &e) && !e.IsEOF() {
			return e
		}
		if err != core.ErrWantRead {
			return sendErr
		}
		if received, err := k.receive(); err != nil || !received {
			return sendErr
		}
	}
}
