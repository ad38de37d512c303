//go:build gossl_shared

package main

// The library is an image of its own, not linked into a program: fork.c may put its data back.

/*
#cgo CFLAGS: -DGOSSL_SHARED
*/
import "C"
