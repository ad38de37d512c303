//go:build gossl_turns

package main

import (
	"sync/atomic"
	_ "unsafe" // for linkname
)

// processor is how the runtime's own structure of a P begins. build_library.py compares it with the runtime's source, and
// leaves this file out if that has another.
type processor struct {
	id       int32
	status   uint32
	_        uintptr
	turn     uint32 // schedtick: each time that the scheduler lets a goroutine run is one more
	_        uint32
	observed uint32 // sysmontick.schedtick: the turn that the runtime's monitor knows of
}

const idle = 0 // a status

//go:linkname allp runtime.allp
var allp []*processor

// procPin keeps the goroutine on its P, and says which that is.
//
//go:linkname procPin runtime.procPin
func procPin() int

//go:linkname procUnpin runtime.procUnpin
func procUnpin()

// newTurn says that what a thread does from now on is another turn than what it did before it waited for its peer. Else
// the runtime's monitor takes one that often waits a little for a goroutine that has been running for 10 ms, and has it
// make way, which takes two switches between threads, hundreds of times a second. Where no P is idle, others may be
// waiting for this one, and it does make way.
func newTurn() {
	p := allp[procPin()]
	if p.turn == p.observed && anyIdle() {
		p.turn++
	}
	procUnpin()
}

func anyIdle() bool {
	for _, p := range allp {
		if p != nil && atomic.LoadUint32(&p.status) == idle {
			return true
		}
	}
	return false
}
