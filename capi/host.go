//go:build gossl_host

package main

// Under the race detector there can be no library, for its shadow memory does not cover where a library is mapped. So
// it is the other way round: the library is the program, and Python the guest. tests/race.py builds and runs it:
//
//	host LIBPYTHON PYTHON ARGUMENTS...

/*
#cgo LDFLAGS: -ldl -rdynamic
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

static int run_python(int argc, char **argv) {
  void *python = dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL);
  int (*run)(int, char **) = python ? (int (*)(int, char **))dlsym(python, "Py_BytesMain") : NULL;
  if (run) return run(argc - 2, argv + 2);
  fprintf(stderr, "%s\n", dlerror());
  return 127;
}
*/
import "C"

import (
	"os"
	"runtime"
	"unsafe"
)

func main() {
	runtime.LockOSThread()
	argv := (**C.char)(C.calloc(C.size_t(len(os.Args)+1), C.size_t(unsafe.Sizeof(uintptr(0)))))
	for i, a := range os.Args {
		unsafe.Slice(argv, len(os.Args))[i] = C.CString(a)
	}
	os.Exit(int(C.run_python(C.int(len(os.Args)), argv)))
}
