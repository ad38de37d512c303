//go:build !linux

/* fork_elsewhere.c: fork.h where there is no restart. A child of fork() is told so (GOSSL_E_FORKED); Windows has none.
   Compiled, and never run: macOS and Windows are not tested. */
#include "fork.h"

#include <stdlib.h>

#ifndef _WIN32
#include <pthread.h>
#endif

extern void go_start(uint32_t generation);

static fork_page page;
fork_page *volatile fork_state = &page;
void *fork_tables[FORK_TABLES];
__thread uint32_t fork_seen;

static uint32_t processes = 1;

/* There is no generation but the first, whose addresses nobody asks for. */
int fork_in_image(uintptr_t address) { return 0; }

uint32_t fork_process(void) { return __atomic_load_n(&processes, __ATOMIC_ACQUIRE); }

#ifndef _WIN32
static void after_fork(void) {
  page.generation = 0;
  processes++;
}
#endif

/* Its own constructors have no order there; this one needs none. */
__attribute__((constructor)) static void before_go(void) {
  page.generation = page.process = 1;
#ifndef _WIN32
  pthread_atfork(0, 0, after_fork);
#endif
}

int runtime_enter(void) {
  if (!page.generation) return 0;
  static uint32_t started;
  while (__atomic_exchange_n(&page.lock, 1, __ATOMIC_ACQUIRE));
  if (!started) go_start(1);
  started = 1;
  __atomic_store_n(&page.lock, 0, __ATOMIC_RELEASE);
  fork_seen = 1;
  return 1;
}

int runtime_launch(void) { return 0; }

int runtime_problem(void) { return 0; }

int fork_restarts(int never) { return 0; }

void fork_abandon(void) {}
