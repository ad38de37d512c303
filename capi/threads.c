//go:build linux

/* threads.c: where a thread cannot be had, Go ends the process. So those that it will want are made before it starts, and
   when it creates one, it gets one of them: what the library calls pthread_create is the function here, which nobody sees
   from outside.

   Only trying tells whether threads can be had, for there are limits of users, of control groups and of the system. And a
   thread that is there already can be given while another one loads a library, which holds a lock that pthread_create
   wants: Go starts meanwhile. */
#define _GNU_SOURCE
#include "threads.h"

#ifdef GOSSL_DEFERRED

#include "fork.h"

#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>

enum { RESERVED = 8 };

typedef void *(*entry)(void *);

typedef struct reserved {
  sem_t wanted;
  pthread_t thread;
  entry enter; /* 0: it is not needed */
  void *argument;
} reserved;

static KEPT struct {
  reserved threads[RESERVED];
  int left;          /* those from here on have been given; may fall below 0 */
  size_t stack_size; /* of each of them */
  int (*create)(pthread_t *, const pthread_attr_t *, entry, void *); /* the C library's */
} kept;

__attribute__((constructor(102))) static void find_create(void) { kept.create = dlsym(RTLD_NEXT, "pthread_create"); }

static void *wait(void *argument) {
  reserved *self = argument;
  while (sem_wait(&self->wanted) != 0) continue;
  return self->enter ? self->enter(self->argument) : 0;
}

static void give(reserved *r, entry enter, void *argument) {
  r->enter = enter;
  r->argument = argument;
  sem_post(&r->wanted);
}

static int make(const pthread_attr_t *attributes) {
  int made = 0;
  for (; made < RESERVED; made++) {
    reserved *r = &kept.threads[made];
    sem_init(&r->wanted, 0, 0);
    if (kept.create(&r->thread, attributes, wait, r) != 0) break;
  }
  return made;
}

int threads_reserve(void) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_getstacksize(&attributes, &kept.stack_size);
  int made = make(&attributes);
  pthread_attr_destroy(&attributes);
  for (int i = 0; i < made; i++) {
    if (made < RESERVED) give(&kept.threads[i], 0, 0);
    if (made < RESERVED) pthread_join(kept.threads[i].thread, 0);
  }
  if (made < RESERVED) return 0;
  __atomic_store_n(&kept.left, RESERVED, __ATOMIC_RELEASE);
  return 1;
}

void threads_forget(void) { kept.left = 0; }

/* Go tells a thread how large its stack is by the attributes that it asks for it with. */
static int fits(const pthread_attr_t *attributes) {
  size_t size;
  int detached;
  return pthread_attr_getstacksize(attributes, &size) == 0 && size == kept.stack_size &&
         pthread_attr_getdetachstate(attributes, &detached) == 0 && detached == PTHREAD_CREATE_DETACHED;
}

int pthread_create(pthread_t *made, const pthread_attr_t *attributes, entry enter, void *argument) {
  int mine = fits(attributes) ? __atomic_sub_fetch(&kept.left, 1, __ATOMIC_ACQ_REL) : -1;
  if (mine < 0) return kept.create(made, attributes, enter, argument);
  reserved *r = &kept.threads[mine];
  *made = r->thread;
  pthread_detach(r->thread);
  give(r, enter, argument);
  return 0;
}

#else

int threads_reserve(void) { return 1; }
void threads_forget(void) {}

#endif
