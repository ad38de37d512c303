//go:build linux && arm64 && gossl_shared

// Package auxv tells golang.org/x/sys/cpu what the kernel says of the processor. That asks the runtime, but is initialised
// before it knows how, and reads a file instead: with that, package os opens a poller, two descriptors that a process with
// the library in it would have more. Packages are initialised in the order of their paths, this one before that one.
package auxv

import _ "unsafe" // for linkname, for which build_library.py has -checklinkname=0

//go:linkname ask golang.org/x/sys/cpu.getAuxvFn
var ask func() []uintptr

//go:linkname runtimeAuxv runtime.getAuxv
func runtimeAuxv() []uintptr

func init() { ask = runtimeAuxv }
