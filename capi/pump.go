package main

/*
#include <errno.h>

#include "bio.h"
*/
import "C"

import (
	"errors"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/gossl/gossl/core"
)

// conn is a core.Conn with its transport: a descriptor or two queues. What is changed under both locks (locks.go) can be
// looked at under either.
type conn struct {
	reading, writing sync.Mutex

	// Under both, as far as the engine does not say otherwise (core.Conn.SetExclusive).
	c             *core.Conn
	fd            int32 // -1: none
	in, out       *C.bio
	ticketsOnly   bool   // a server that has sent nothing but tickets since the handshake
	panics        int32  // GOSSL_CONFIG_TEST_PANIC
	keylog, trace []byte // collected, not taken yet

	// Under reading.
	whole  bool    // whoever has reading has writing too
	late   error   // of the transport, found behind data that was read first
	lentIn *[]byte // memory of the pool in the input queue

	// Under writing.
	owed    int     // bytes of the last write that were sealed, but whose records are not all sent
	lentOut *[]byte // memory of the pool in the output queue

	queues atomic.Bool           // in is not nil
	unsent atomic.Bool           // output is left that no write is to send
	dead   atomic.Bool           // a panic went through it
	last   atomic.Pointer[error] // why the last call that failed did so
}

// run does an operation of a reader, or of whoever has both locks, and moves ciphertext until it is done or the transport
// has no more.
func (k *conn) run(op func() (int, error)) (int, error) {
	if k.in != nil {
		return k.runMemory(op)
	}
	k.lendIn()
	k.lendOut()
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
		var blocked bool
		var sendErr error
		if k.whole {
			blocked, sendErr = k.flush()
		}
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

// lendIn makes the incoming queue of a connection over a socket get its memory from the pool.
func (k *conn) lendIn() {
	if in := k.c.In(); in.Grow == nil {
		in.Grow = func(mem []byte, need int) []byte { return enlarge(&k.lentIn, mem, need) }
	}
}

// lendOut makes the outgoing queue get its memory from us, over a socket or over two queues.
func (k *conn) lendOut() {
	if out := k.c.Out(); out.Grow == nil {
		out.Grow = func(mem []byte, need int) []byte {
			if k.out != nil {
				return k.growQueue(need)
			}
			return enlarge(&k.lentOut, mem, need)
		}
	}
}

// enlarge gives a queue memory of the pool, or more than that.
func enlarge(lent **[]byte, mem []byte, need int) []byte {
	if mem == nil && need <= bufferLen {
		*lent = buffers.Get().(*[]byte)
		return **lent
	}
	made := make([]byte, need)
	copy(made, mem)
	putBack(lent, mem)
	return made
}

// giveBack takes the memory away again from queues that are empty, and keeps in mind whether one is not.
func (k *conn) giveBack() {
	release(&k.lentIn, k.c.In())
	if k.whole {
		release(&k.lentOut, k.c.Out())
		if left := k.c.Out().Len() > 0 && k.owed == 0; left != k.unsent.Load() {
			k.unsent.Store(left)
		}
	}
}

func release(lent **[]byte, q *core.Buffer) {
	if mem, start, end := q.Mem(); mem != nil && start == end {
		q.Use(nil, 0, 0)
		putBack(lent, mem)
	}
}

// putBack returns a queue's memory to the pool, if it came from there.
func putBack(lent **[]byte, mem []byte) {
	if l := *lent; l != nil && len(mem) > 0 && &mem[0] == &(*l)[0] {
		buffers.Put(l)
	}
	*lent = nil
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
		newTurn() // the caller is going to wait
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

// write is a write with the locks that it turns out to need.
func (k *conn) write(p []byte) (int, error) {
	n, err := 0, errNotAlone
	if !k.queues.Load() {
		n, err = k.writeAlone(p)
	}
	if err == errNotAlone {
		n, err = k.writeWhole(p)
	}
	if isGone(err) {
		return k.whyGone(err)
	}
	return n, err
}

// errNotAlone says that a write needs both locks.
var errNotAlone = errors.New("a write of more than data")

// writeAlone is a write that only seals data and sends it.
func (k *conn) writeAlone(p []byte) (int, error) {
	k.writing.Lock()
	defer k.writing.Unlock()
	if k.in != nil || k.ticketsOnly || !k.c.WritesAlone() {
		return 0, errNotAlone
	}
	k.lendOut()
	return k.protect(func(k *conn) (int, error) {
		n, err := k.settleOrSeal(p, k.sealAndFlush)
		release(&k.lentOut, k.c.Out())
		return n, err
	})
}

func (k *conn) sealAndFlush(p []byte) (int, error) {
	n, err := k.c.Write(p)
	if err != nil {
		return 0, err
	}
	blocked, err := k.flush()
	if blocked {
		return n, errWantWrite
	}
	return n, err
}

// writeWhole is any other one.
func (k *conn) writeWhole(p []byte) (int, error) {
	k.lockToWrite()
	defer k.unlock()
	return k.protect(func(k *conn) (int, error) {
		return k.settleOrSeal(p, func(p []byte) (int, error) {
			k.ticketsOnly = false
			return k.run(func() (int, error) { return k.sealAll(p) })
		})
	})
}

// recordsShare: of what is queued, less than one part in so many is headers and tags, if records are long.
const recordsShare = 1 << 8

// sealAll is the engine's write, over queues into room for all of it.
func (k *conn) sealAll(p []byte) (int, error) {
	if k.out != nil && len(p) > longRecord {
		k.c.Out().Space(len(p) + len(p)/recordsShare + headerLen) // at once: what the queue outgrows is copied
	}
	return k.c.Write(p)
}

// settleOrSeal is a write with the memory of one that could not be sent in full: its repetition sends the rest and seals
// nothing.
func (k *conn) settleOrSeal(p []byte, seal func([]byte) (int, error)) (int, error) {
	if k.owed > 0 {
		return k.settleOwed(p)
	}
	if k.in == nil {
		if blocked, err := k.flush(); err != nil || blocked {
			return 0, orWantWrite(err)
		}
	}
	n, err := seal(p)
	if err == errWantWrite && n > 0 {
		k.owed = n
	}
	if err != nil {
		return 0, err
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

// whyGone looks, when the peer has gone, for the alert that says why: it may have come before we wrote.
func (k *conn) whyGone(sendErr error) (int, error) {
	k.lock()
	defer k.unlock()
	return k.protect(func(k *conn) (int, error) { return 0, k.peerSaid(sendErr) })
}

func (k *conn) peerSaid(sendErr error) error {
	k.lendIn()
	defer k.giveBack()
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
