//go:build linux

/* stack.c: where the stack of a thread is, which Go asks when one enters it. For the first thread the C library reads
   /proc/self/maps, a tenth of the time that the first call takes: what it finds there is the limit of a stack, unless
   something was mapped into it. What the library calls pthread_getattr_np is the function here, as in threads.c. */
#define _GNU_SOURCE
#include "fork.h"

#ifdef GOSSL_DEFERRED

#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/resource.h>

extern void *__libc_stack_end; /* the dynamic linker's: where the program's stack was when it started */

static KEPT int (*of_library)(pthread_t, pthread_attr_t *);

__attribute__((constructor(102))) static void find(void) { of_library = dlsym(RTLD_NEXT, "pthread_getattr_np"); }

enum { PAGE_SIZE = 4096 }; /* as on x86-64 */

/* Go asks for the calling thread only. */
int pthread_getattr_np(pthread_t thread, pthread_attr_t *attributes) {
  struct rlimit limit;
  uintptr_t end = ((uintptr_t)__libc_stack_end + PAGE_SIZE - 1) & -(uintptr_t)PAGE_SIZE, here = (uintptr_t)&limit;
  if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur >= end || here >= end || here < end - limit.rlim_cur)
    return of_library(thread, attributes);
  return pthread_attr_setstack(attributes, (void *)(end - limit.rlim_cur), limit.rlim_cur);
}

#endif
