//go:debug containermaxprocs=0
//go:debug updatemaxprocs=0

// Command capi is libgossl: package core behind the C ABI of gossl.h, built with -buildmode=c-shared.
//
//	gossl_* (entry.c: fork guard) ──► go_* (export_*.go: look up, convert, call) ──► core
//	                                     └── pump.go: the transport of a connection, by pump.c and bio.c
//
// An export looks its handles up, converts, calls core and converts back; it decides nothing about TLS. Everything
// happens in the caller's thread: there is no goroutine and no timer.
package main

/*
#cgo CFLAGS: -std=gnu11 -Wall -Wextra -Werror -Wno-unused-parameter -fvisibility=hidden
*/
import "C"

func main() {}
