//go:build gossl_deferred

package main

// Go is started by the first call into the library, not by its loading: fork.c and build_library.py see to that.

/*
#cgo CFLAGS: -DGOSSL_DEFERRED
*/
import "C"
