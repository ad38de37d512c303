//go:build gossl_shared

package main

/*
#include "fork.h"
*/
import "C"
import "unsafe"

// The descriptors of the runtime's poller, which a restarted runtime opens anew (fork.c). The runtime tells nobody, so
// build_library.py links with -checklinkname=0; a version of Go that has other names for them cannot be linked.

//go:linkname epfd runtime.epfd
var epfd int32

//go:linkname netpollEventFd runtime.netpollEventFd
var netpollEventFd uintptr

func init() {
	C.fork_poller((*C.int32_t)(&epfd), (*C.uintptr_t)(unsafe.Pointer(&netpollEventFd)))
}
