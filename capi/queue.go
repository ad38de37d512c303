package main

/*
#include "bio.h"
#include "fork.h"
*/
import "C"

import (
	"runtime"
	"sync/atomic"
	"unsafe"

	"github.com/gossl/gossl/core"
)

// This file lends the memory of the queues of bio.c to the engine, without a call into C.

// process is this process's number in the locks of queues (fork.h), once it is known. A forked child has another one, and
// starts Go anew.
var process atomic.Uint32

func thisProcess() uint32 {
	if process.Load() == 0 {
		process.Store(uint32(C.fork_process()))
	}
	return process.Load()
}

func lockWord(b *C.bio) *uint32 { return (*uint32)(unsafe.Pointer(&b.lock)) }

// lockQueue is bio_lock: false if another thread was at work on the queue when this process was forked.
func lockQueue(b *C.bio) bool {
	us := thisProcess()
	for {
		if atomic.CompareAndSwapUint32(lockWord(b), 0, us) {
			return true
		}
		if holder := atomic.LoadUint32(lockWord(b)); holder != 0 && holder != us {
			return false
		}
		runtime.Gosched()
	}
}

func unlockQueue(b *C.bio) { atomic.StoreUint32(lockWord(b), 0) }

// lockQueues locks the queues of a connection, which may be one and the same. Its peer has them the other way round, and
// locks them in the same order.
func (k *conn) lockQueues() bool {
	a, b := k.in, k.out
	if uintptr(unsafe.Pointer(a)) > uintptr(unsafe.Pointer(b)) {
		a, b = b, a
	}
	if !lockQueue(a) {
		return false
	}
	if a != b && !lockQueue(b) {
		unlockQueue(a)
		return false
	}
	return true
}

func (k *conn) unlockQueues() {
	if k.out != k.in {
		unlockQueue(k.out)
	}
	unlockQueue(k.in)
}

// runMemory does an operation between the two queues, whose memory the engine uses in place.
func (k *conn) runMemory(op func() (int, error)) (int, error) {
	if !k.lockQueues() {
		return 0, errForked
	}
	defer k.unlockQueues()
	in, out := k.c.In(), k.c.Out()
	in.Use(unsafe.Slice((*byte)(k.in.data), int(k.in.cap)), int(k.in.start), int(k.in.end))
	out.Use(unsafe.Slice((*byte)(k.out.data), int(k.out.cap)), int(k.out.start), int(k.out.end))
	k.lendOut()
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
	if err == core.ErrWantRead && k.in.start == k.in.end {
		C.bio_rest(k.in)
	}
	return n, err
}

// growQueue makes the outgoing queue larger. Without memory there is nothing to do but to give up the connection.
func (k *conn) growQueue(need int) []byte {
	if C.bio_reserve(k.out, C.size_t(need)) == 0 {
		panic("out of memory")
	}
	return unsafe.Slice((*byte)(k.out.data), int(k.out.cap))
}
