package main

/*
#include "fork.h"
*/
import "C"

import (
	"crypto/elliptic"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/gossl/gossl/capi/internal/adopt"
)

// kind is the top byte of a handle, so that a handle of one kind is none of another. bio.c has 4.
type kind uint64

const (
	kindConfig  kind = 1
	kindConn    kind = 2
	kindSession kind = 3
)

const generationMask = 1<<24 - 1

// slab gives out handles: kind (8 bits), generation (24), index (32). A look-up takes no lock; a handle that was
// removed is not found again until its generation comes round.
//
// In a forked child whose runtime was restarted, the slab begins with the slots of the one before it. What they stand
// for is in the heap of the dead runtime, and is copied at the first look-up.
type slab[T any] struct {
	kind  kind
	mu    sync.Mutex
	slots atomic.Pointer[[]*slot[T]]
	free  []uint32
}

type slot[T any] struct {
	generation atomic.Uint32
	value      atomic.Pointer[T]
	dead       atomic.Pointer[T] // in the heap of a dead runtime, not copied yet
}

func (s *slab[T]) add(v *T) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*slot[T]
	if p := s.slots.Load(); p != nil {
		all = *p
	}
	var index uint32
	if n := len(s.free); n > 0 {
		index = s.free[n-1]
		s.free = s.free[:n-1]
	} else {
		index = uint32(len(all))
		all = append(all, &slot[T]{})
		all[index].generation.Store(1)
		s.publish(&all)
	}
	all[index].value.Store(v)
	return uint64(s.kind)<<56 | uint64(all[index].generation.Load()&generationMask)<<32 | uint64(index)
}

// publish makes a table the current one, and leaves its address where a child finds it.
func (s *slab[T]) publish(all *[]*slot[T]) {
	s.slots.Store(all)
	atomic.StorePointer((*unsafe.Pointer)(unsafe.Pointer(&C.fork_tables[s.kind])), unsafe.Pointer(all))
}

// inherit takes over the table of the runtime before this one. Its lock says nothing: each slot is whole by itself.
func (s *slab[T]) inherit() {
	table := (*[]*slot[T])(atomic.LoadPointer((*unsafe.Pointer)(unsafe.Pointer(&C.fork_tables[s.kind]))))
	if table == nil {
		return
	}
	slots := make([]slot[T], len(*table))
	all := make([]*slot[T], len(slots))
	for i, old := range *table {
		all[i] = &slots[i]
		slots[i].generation.Store(old.generation.Load())
		v := old.value.Load()
		if v == nil {
			v = old.dead.Load() // of an ancestor, which its child has not used
		}
		slots[i].dead.Store(v)
		if v == nil {
			s.free = append(s.free, uint32(i))
		}
	}
	s.publish(&all)
}

func (s *slab[T]) find(handle uint64) *slot[T] {
	p, index := s.slots.Load(), uint32(handle)
	if p == nil || kind(handle>>56) != s.kind || int(index) >= len(*p) {
		return nil
	}
	slot := (*p)[index]
	if uint64(slot.generation.Load()&generationMask) != handle>>32&generationMask {
		return nil
	}
	return slot
}

// get returns the value of a handle, or nil; then missing says why.
func (s *slab[T]) get(handle uint64) *T {
	slot := s.find(handle)
	if slot == nil {
		return nil
	}
	if v := slot.value.Load(); v != nil || slot.dead.Load() == nil {
		return v
	}
	v, _ := slot.adopt()
	return v
}

// missing is the error of a handle that get has no value for.
func (s *slab[T]) missing(handle uint64) error {
	if slot := s.find(handle); slot != nil && slot.dead.Load() != nil {
		_, err := slot.adopt()
		return err
	}
	return errHandle
}

// remove forgets a handle and returns its value, or nil. inherited says that the value is of a dead runtime, and may
// be torn: nothing in it may be changed or locked.
func (s *slab[T]) remove(handle uint64) (v *T, inherited bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	slot := s.find(handle)
	if slot == nil {
		return nil, false
	}
	v = slot.value.Swap(nil)
	if dead := slot.dead.Swap(nil); v == nil {
		v, inherited = dead, dead != nil
	}
	if v != nil {
		slot.generation.Add(1)
		s.free = append(s.free, uint32(handle))
	}
	return v, inherited
}

// adoption is held while something is copied out of a dead heap, one at a time: what two have in common is copied once.
var adoption struct {
	sync.Mutex
	copier adopt.Copier
}

// adopt copies what the slot stands for out of the dead heap.
func (t *slot[T]) adopt() (*T, error) {
	adoption.Lock()
	defer adoption.Unlock()
	dead := t.dead.Load()
	if v := t.value.Load(); v != nil || dead == nil {
		return v, nil
	}
	v, err := adopt.Copy(&adoption.copier, dead)
	if errors.Is(err, adopt.ErrTorn) {
		return nil, errForked
	} else if err != nil {
		return nil, fmt.Errorf("%w: %w", errPanic, err)
	}
	t.value.Store(v)
	t.dead.Store(nil)
	return v, nil
}

// inheritHandles takes over the handles of the parent, in the child of a fork.
func inheritHandles() {
	elliptic.P256() // keys point to the curves of this package, which the first question fills in
	adoption.copier.InImage = func(p uintptr) bool { return C.fork_in_image(C.uintptr_t(p)) != 0 }
	configs.inherit()
	conns.inherit()
	sessions.inherit()
}
