package main

/*
#include <stdlib.h>
#include "gossl.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"syscall"
	"unsafe"

	"github.com/gossl/gossl/core"
)

// errHandle and errPanic are errors of the ABI itself.
var (
	errHandle = errors.New("not a handle of that kind, or a freed one")
	errPanic  = errors.New("a defect in gossl; please report it")
	errForked = errors.New("another thread was using this object when the process was forked; it cannot go on in the child")
)

// argumentError is a wrong argument.
type argumentError string

func (e argumentError) Error() string { return string(e) }

// statusOf maps an error to its status.
func statusOf(err error) C.int32_t {
	switch err {
	case nil:
		return C.GOSSL_OK
	case core.ErrWantRead:
		return C.GOSSL_E_WANT_READ
	case core.ErrClosed:
		return C.GOSSL_E_CLOSED
	case core.ErrPassword:
		return C.GOSSL_E_PASSWORD
	case errForked:
		return C.GOSSL_E_FORKED
	}
	return statusOfFailure(err)
}

// statusOfFailure allocates: it is not for what is asked all the time.
func statusOfFailure(err error) C.int32_t {
	var e *core.Error
	var want core.Want
	var errno syscall.Errno
	var arg argumentError
	switch {
	case errors.As(err, &want):
		return wantStatus(want)
	case errors.Is(err, errHandle):
		return C.GOSSL_E_HANDLE
	case errors.Is(err, errPanic):
		return C.GOSSL_E_PANIC
	case errors.As(err, &errno):
		return C.GOSSL_E_SYSCALL
	case errors.As(err, &arg):
		return C.GOSSL_E_ARGUMENT
	case errors.As(err, &e):
		return statusOfCore(e)
	}
	return C.GOSSL_E_ARGUMENT
}

func wantStatus(w core.Want) C.int32_t {
	switch w {
	case core.WantSNI:
		return C.GOSSL_WANT_SNI
	case core.WantPSKClient:
		return C.GOSSL_WANT_PSK_CLIENT
	}
	return C.GOSSL_WANT_PSK_SERVER
}

func statusOfCore(e *core.Error) C.int32_t {
	switch {
	case e.Verify != 0:
		return C.GOSSL_E_VERIFY
	case e.IsEOF():
		return C.GOSSL_E_EOF
	case e.Reason == 0:
		return C.GOSSL_E_ARGUMENT
	case e.IsInput():
		return C.GOSSL_E_INPUT
	}
	return C.GOSSL_E_PROTOCOL
}

// report fills *out, which may be nil, and returns the status.
func report(out *C.gossl_error, err error) C.int32_t {
	status := statusOf(err)
	if out == nil {
		return status
	}
	*out = C.gossl_error{status: status, alert: -1}
	if err == nil {
		return status
	}
	setText(out.message[:], err.Error())
	var errno syscall.Errno
	if errors.As(err, &errno) {
		out.sys_errno = C.int32_t(errno)
	}
	var e *core.Error
	if errors.As(err, &e) {
		describe(out, e)
	}
	return status
}

func describe(out *C.gossl_error, e *core.Error) {
	setText(out.message[:], e.Text)
	if e.Alert != 255 {
		out.alert = C.int32_t(e.Alert)
	}
	if e.Verify != 0 {
		out.verify = C.int32_t(e.Verify)
		setText(out.verify_text[:], e.Verify.String())
	}
	if e.Reason == 0 {
		return
	}
	out.library, out.reason = C.int32_t(e.Library), C.int32_t(e.Reason)
	setText(out.library_name[:], e.LibraryName())
	setText(out.name[:], e.Name())
	setText(out.text[:], e.Words())
}

// setText copies s, cut to fit and terminated.
func setText(dst []C.char, s string) {
	n := min(len(s), len(dst)-1)
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&dst[0])), n), s)
	dst[n] = 0
}

// guard turns a panic into GOSSL_E_PANIC. It is deferred first in every export.
func guard(status *C.int32_t, out *C.gossl_error) {
	if r := recover(); r != nil {
		*status = report(out, fmt.Errorf("%w: %v", errPanic, r))
	}
}

// guardCount is guard for functions that return a count.
func guardCount(n *C.int64_t) {
	if recover() != nil {
		*n = C.GOSSL_E_PANIC
	}
}

// slice is the bytes of a pointer and a length.
func slice(p *C.gossl_in, n C.size_t) ([]byte, error) {
	switch {
	case n == 0:
		return nil, nil
	case p == nil:
		return nil, argumentError("NULL with a length")
	case n > 1<<31:
		return nil, argumentError("length is out of range")
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(p)), int(n)), nil
}

func text(p *C.gossl_text, n C.size_t) (string, error) {
	b, err := slice((*C.gossl_in)(unsafe.Pointer(p)), n)
	return string(b), err
}

// give is the end of a getter: the length, and the bytes if they fit.
func give(data []byte, buf unsafe.Pointer, cap C.size_t) C.int64_t {
	if buf != nil && len(data) > 0 && C.size_t(len(data)) <= cap {
		copy(unsafe.Slice((*byte)(buf), len(data)), data)
	}
	return C.int64_t(len(data))
}

// appendEntry adds an entry of a list: its length as 4 bytes, its bytes.
func appendEntry(list, data []byte) []byte {
	n := len(data)
	return append(append(list, byte(n>>24), byte(n>>16), byte(n>>8), byte(n)), data...)
}

func list(entries [][]byte) []byte {
	var out []byte
	for _, e := range entries {
		out = appendEntry(out, e)
	}
	return out
}
