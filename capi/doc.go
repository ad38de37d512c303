//go:debug containermaxprocs=0
//go:debug updatemaxprocs=0

// Command capi is libgossl: package core behind the C ABI of gossl.h, built with -buildmode=c-shared.
//
//	gossl_* (entry.c: fork guard) ──► go_* (export_*.go: look up, convert, call) ──► core
//	                                     └── pump.go: the transport of a connection, by pump_….go and bio.c
//
// Threads. Nothing relies on Python's lock, so that a free-threaded interpreter and sub-interpreters are safe:
//
//	table of handles (handle.go)      read without a lock; a mutex for those who add and remove
//	config                            never changed: setters replace it, under a mutex of setters
//	connection (pump.go)              its mutex, for one call, in which nothing waits
//	memory queue (bio.c)              a spin lock, for one operation; the table of queues a mutex
//	ticket keys, trust store, pools   replaced as a whole, or an RWMutex; cached sessions a mutex (package core)
//	the runtime itself (fork.c)       a page that the kernel wipes in a child; a spin lock for the restart
//	buffers of pyshim/_lib.py         a list, whose push and pop are atomic
//
// Forks. fork.c restarts the runtime in a child; handle.go finds what handles stood for; internal/adopt copies it.
//
// An export looks its handles up, converts, calls core and converts back; it decides nothing about TLS. Everything
// happens in the caller's thread: there is no goroutine and no timer.
package main

/*
#cgo CFLAGS: -std=gnu11 -Wall -Wextra -Werror -Wno-unused-parameter -fvisibility=hidden
*/
import "C"
