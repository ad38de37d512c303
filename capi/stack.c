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

/* Go asks for the calling thread only. A stack below PTHREAD_STACK_MIN cannot be told by attributes. */
int pthread_getattr_np(pthread_t thread, pthread_attr_t *attributes) {
  struct rlimit limit;
  uintptr_t end = ((uintptr_t)__libc_stack_end + page_size() - 1) & -page_size(), here = (uintptr_t)&limit;
  if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur >= end || here >= end || here < end - limit.rlim_cur ||
      pthread_attr_setstack(attributes, (void *)(end - limit.rlim_cur), limit.rlim_cur) != 0)
    return of_library(thread, attributes);
  return 0;
}

#endif
