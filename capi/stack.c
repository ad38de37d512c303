//go:build linux

/* stack.c: where the stack of a thread is, which Go asks when one enters it. For the first thread the C library reads
   /proc/self/maps, a tenth of the time that the first call takes: what it finds there is the limit of a stack, unless
   something was mapped into it. The linker makes each pthread_getattr_np of the library __wrap_pthread_getattr_np. */
#define _GNU_SOURCE
#include "fork.h"

#ifdef GOSSL_DEFERRED

#include <pthread.h>
#include <stdint.h>
#include <sys/resource.h>

extern void *__libc_stack_end; /* the dynamic linker's: where the program's stack was when it started */

int __real_pthread_getattr_np(pthread_t, pthread_attr_t *);
int __wrap_pthread_getattr_np(pthread_t, pthread_attr_t *);

enum { PAGE_SIZE = 4096 }; /* as on x86-64 */

/* Go asks for the calling thread only. */
int __wrap_pthread_getattr_np(pthread_t thread, pthread_attr_t *attributes) {
  struct rlimit limit;
  uintptr_t end = ((uintptr_t)__libc_stack_end + PAGE_SIZE - 1) & -(uintptr_t)PAGE_SIZE, here = (uintptr_t)&limit;
  if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur >= end || here >= end || here < end - limit.rlim_cur)
    return __real_pthread_getattr_np(thread, attributes);
  return pthread_attr_setstack(attributes, (void *)(end - limit.rlim_cur), limit.rlim_cur);
}

#endif
