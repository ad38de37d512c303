package main

/*
#include <stdint.h>
*/
import "C"

import (
	"runtime"
	"sort"
)

// go_text says where Go's code is, for fault.c: between its first byte and the first one after it.
//
//export go_text
func go_text(first, end *C.uintptr_t) {
	const most = 1 << 28
	here, _, _, _ := runtime.Caller(0)
	outside := func(pc uintptr) bool { return runtime.FuncForPC(pc) == nil }
	*end = C.uintptr_t(here) + C.uintptr_t(sort.Search(most, func(n int) bool { return outside(here + uintptr(n)) }))
	*first = C.uintptr_t(here) + 1 - C.uintptr_t(sort.Search(most, func(n int) bool { return outside(here - uintptr(n)) }))
}
