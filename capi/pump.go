package main

/*
#include <errno.h>

#include "bio.h"
*/
import "C"

import (
	"errors"
	"sync"
	"syscall"

	"github.com/gossl/gossl/core"
)

// conn is a core.Conn with its transport: a descriptor or two queues. Its lock is held for one call, in which nothing
// waits.
type conn struct {
	mu      sync.Mutex
	c       *core.Conn
	fd      int32 // -1: none
	in, out *C.bio
	owed    int   // bytes of the last write that were sealed, but whose records are not all sent
	late    error // of the transport, found behind data that was read first
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
	k.useFor(k.c.In(), k.c.Out())
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

// again and wouldBlock are of C's library, which on some systems has other numbers than the syscall package.
const (
	again      = syscall.Errno(C.EAGAIN)
	wouldBlock = syscall.Errno(C.EWOULDBLOCK)
)

// flush sends what it can of the output. blocked says that something is left.
func (k *conn) flush() (blocked bool, err error) {
	out := k.c.Out()
	for out.Len() > 0 && k.fd >= 0 {
		n, errno := pumpSend(k.fd, out.Bytes())
		switch {
		case errno == again || errno == wouldBlock:
			return true, nil
		case errno != 0 && k.unread(errno):
			n = out.Len()
		case errno != 0:
			return false, errno
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

// useFor makes the queues of a connection over a socket, and the outgoing one over two queues, get their memory from us.
func (k *conn) useFor(in, out *core.Buffer) {
	if in.Grow == nil && k.in == nil {
		in.Grow = func(mem []byte, need int) []byte { return k.enlarge(0, mem, need) }
	}
	if out.Grow == nil {
		out.Grow = func(mem []byte, need int) []byte {
			if k.out != nil {
				return k.growQueue(need)
			}
			return k.enlarge(1, mem, need)
		}
	}
}

// enlarge gives a queue memory of the pool, or more than that.
func (k *conn) enlarge(i int, mem []byte, need int) []byte {
	if mem == nil && need <= bufferLen {
		k.lent[i] = buffers.Get().(*[]byte)
		return *k.lent[i]
	}
	made := make([]byte, need)
	copy(made, mem)
	k.putBack(i, mem)
	return made
}

// giveBack takes it away again from queues that are empty.
func (k *conn) giveBack() {
	k.release(0, k.c.In())
	k.release(1, k.c.Out())
}

func (k *conn) release(i int, q *core.Buffer) {
	if mem, start, end := q.Mem(); mem != nil && start == end {
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
	if err := k.late; err != nil {
		k.late = nil
		return false, err
	}
	in := k.c.In()
	need := k.c.NeedInput()
	if need > longestAlert {
		need += headerLen
	}
	n, errno := pumpRecv(k.fd, in.Space(need))
	switch {
	case errno == again || errno == wouldBlock:
		return false, nil
	case errno != 0 && !k.unread(errno):
		return false, errno
	}
	if n == 0 {
		k.c.InputEnded()
	}
	in.Extend(n)
	return true, nil
}

// reader is core.Conn's Read or ReadKeeping.
type reader func(c *core.Conn, p []byte) (int, error)

// longRecord is the least length of one behind which a read goes on to the next: it is probably a part of what the peer
// wrote in one piece. A short one is a message, which programs expect to get alone, as OpenSSL gives it.
const longRecord = 4096

// read fills p as far as whole records go, if they are long: those in the queue, or, from a socket, those whose header
// has come already. What goes wrong behind the first one is for the next read to tell.
func (k *conn) read(p []byte, read reader) (int, error) {
	n, err := k.run(func() (int, error) { return k.readQueued(p, read) })
	for last := n; k.in == nil && err == nil && last >= longRecord && k.moreComes(len(p)-n); {
		more, e := k.run(func() (int, error) { return read(k.c, p[n:]) })
		n, last = n+more, more
		if e != nil {
			if errno, ok := e.(syscall.Errno); ok {
				k.late = errno
			}
			break
		}
	}
	if err == errWantWrite && n > 0 { // what is to be sent can wait; what was read cannot
		err = nil
	}
	return n, err
}

func (k *conn) readQueued(p []byte, read reader) (int, error) {
	n, err := read(k.c, p)
	for last := n; err == nil && last >= longRecord && n < len(p); {
		if ready := k.c.Ready(); ready == 0 || ready > len(p)-n {
			break
		}
		more, e := read(k.c, p[n:])
		if e != nil {
			break // the engine keeps it
		}
		n, last = n+more, more
	}
	return n, err
}

// moreComes reports whether the record that has begun to come is one of data, and fits into room bytes.
func (k *conn) moreComes(room int) bool {
	need := k.c.NeedInput()
	return k.c.In().Len() >= headerLen && need > longestAlert && need <= room
}

// recordsShare: of what is queued, less than one part in so many is headers and tags, if records are long.
const recordsShare = 1 << 8

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
	n, err := k.run(func() (int, error) {
		if k.out != nil && len(p) > longRecord {
			k.c.Out().Space(len(p) + len(p)/recordsShare + headerLen) // at once: what the queue outgrows is copied
		}
		return k.c.Write(p)
	})
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
	n, err := k.run(func() (int, error) {
		if k.c.HandshakeDone() {
			return 0, k.c.Err()
		}
		err := k.c.Handshake()
		k.ticketsOnly = err == nil && k.c.Side() == core.Server && k.c.Version() == core.VersionTLS13
		return 0, err
	})
	if err == nil && k.in != nil && k.lockQueues() {
		C.bio_rest(k.in)
		C.bio_trim(k.out) // a client that only writes leaves the tickets there
		k.unlockQueues()
	}
	return n, err
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
