//go:build !linux

package main

// #include "pump.h"
import "C"

import (
	"syscall"
	"unsafe"
)

func pumpRecv(fd int32, p []byte) (int, syscall.Errno) {
	return outcome(C.pump_recv(C.int(fd), unsafe.Pointer(unsafe.SliceData(p)), C.size_t(len(p))))
}

func pumpSend(fd int32, p []byte) (int, syscall.Errno) {
	return outcome(C.pump_send(C.int(fd), unsafe.Pointer(unsafe.SliceData(p)), C.size_t(len(p))))
}

func outcome(n C.int64_t) (int, syscall.Errno) {
	if n < 0 {
		return 0, syscall.Errno(-n)
	}
	return int(n), 0
}
