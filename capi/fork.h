/* fork.h: the Go runtime in a process that forks. Every function that enters Go asks runtime_ready() first. */
#ifndef GOSSL_FORK_H
#define GOSSL_FORK_H

#include <stddef.h>
#include <stdint.h>

/* For all writable data of our C files: it keeps its contents when the runtime is restarted. What is not marked is put
   back to what it was when the library was loaded (tests/python/test_fork.py finds it). */
#ifdef __linux__
#define KEPT __attribute__((section("gossl_kept")))
#define INITIAL_EXEC __attribute__((tls_model("initial-exec")))
#else
#define KEPT
#define INITIAL_EXEC
#endif

#ifdef __linux__
#include <sys/auxv.h>
/* 4096 on x86-64; an aarch64 kernel may have 16384 or 65536. */
static inline uintptr_t page_size(void) { return getauxval(AT_PAGESZ); }
#endif

/* What every entry looks at: 0 in a page that the kernel wipes in a forked child, else the generation of the runtime,
   which begins with 1. And the generation of the runtime that this thread has been in. */
typedef struct fork_page {
  uint32_t generation; /* the runtime is alive; stored last */
  uint32_t process;    /* a number that no ancestor has, which begins with 1 */
  uint32_t lock;
  uint32_t covering; /* a thread is in fault.c's cover */
} fork_page;
extern fork_page *volatile fork_state;
extern __thread uint32_t fork_seen INITIAL_EXEC;

/* Starts the runtime, or restarts it, or ties the calling thread to it. 0 where that cannot be done. */
int runtime_enter(void);

/* 1 when Go can be called. */
static inline int runtime_ready(void) {
  uint32_t generation = __atomic_load_n(&fork_state->generation, __ATOMIC_ACQUIRE);
  return __builtin_expect(generation != 0 && generation == fork_seen, 1) || runtime_enter();
}

/* Whether the runtime is alive. Unlike runtime_ready, it wakes nothing: for functions that free. */
static inline int runtime_alive(void) { return __atomic_load_n(&fork_state->generation, __ATOMIC_ACQUIRE) != 0; }

/* Lets the runtime start, without waiting until it has: 0, or why it cannot be started: ENOMEM for address space, EAGAIN
   for threads. And the last answer. */
int runtime_launch(void);
int runtime_problem(void);

/* Whether the runtime can be restarted in a child. never: from now on it is not, for tests of what comes then. */
int fork_restarts(int never);

/* In a child in which it cannot be restarted: its handlers of signals give way to those before them. */
void fork_abandon(void);

/* The number of this process among those that came of one another by fork: what carries another one was left behind
   by a thread that is not here. Never 0. */
uint32_t fork_process(void);

/* What the runtime before the restart left: the addresses of its tables of handles (handle.go). */
enum { FORK_TABLES = 4 };
extern void *fork_tables[FORK_TABLES];

/* Where the runtime keeps the descriptors of its poller, which a restart closes (poller_linux.go). */
void fork_poller(const int32_t *poller, const uintptr_t *wake);

/* Whether an address is in the image of the library, which is the same before and after a restart. */
int fork_in_image(uintptr_t address);

#endif
