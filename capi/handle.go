package main

import (
	"sync"
	"sync/atomic"
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
type slab[T any] struct {
	kind  kind
	mu    sync.Mutex
	slots atomic.Pointer[[]*slot[T]]
	free  []uint32
}

type slot[T any] struct {
	generation atomic.Uint32
	value      atomic.Pointer[T]
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
		s.slots.Store(&all)
	}
	all[index].value.Store(v)
	return uint64(s.kind)<<56 | uint64(all[index].generation.Load()&generationMask)<<32 | uint64(index)
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

// get returns the value of a handle, or nil.
func (s *slab[T]) get(handle uint64) *T {
	if slot := s.find(handle); slot != nil {
		return slot.value.Load()
	}
	return nil
}

// remove forgets a handle and returns its value, or nil.
func (s *slab[T]) remove(handle uint64) *T {
	s.mu.Lock()
	defer s.mu.Unlock()
	slot := s.find(handle)
	if slot == nil {
		return nil
	}
	v := slot.value.Swap(nil)
	if v != nil {
		slot.generation.Add(1)
		s.free = append(s.free, uint32(handle))
	}
	return v
}
