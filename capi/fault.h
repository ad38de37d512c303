/* fault.h: a nil pointer in Go stays an error of one connection where the program has installed a handler of SIGSEGV after
   Go did, as Python's faulthandler.enable() does. */
#ifndef GOSSL_FAULT_H
#define GOSSL_FAULT_H

#include <stdint.h> /* it says which C library this is */

#if defined(__linux__) && defined(__GLIBC__) && (defined(__x86_64__) || defined(__aarch64__))
#define FAULT_COVERS 1
#include <signal.h>

/* Learns which handler is Go's, after Go has started and before anybody puts one back. */
void fault_began(void);

/* Covers the handler that is on top of Go's, if one is. Costs a system call, 0.14 us. */
void fault_check(void);

/* What the action is in truth, where it is one of ours: 1 if it was. */
int fault_uncover(struct sigaction *action);

#else
static inline void fault_began(void) {}
static inline void fault_check(void) {}
#define fault_uncover(action) 0
#endif

#endif
