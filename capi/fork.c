//go:build linux

/* fork.c: how a Go runtime lives on in a forked child.

   After fork() only the calling thread is there. The Go runtime's own threads are gone, and the first call that wants
   one of them (a garbage collection, a wake-up) waits for ever. So the runtime is started once more, in the same image:

     constructor(101)    runs before Go's own initialiser: keeps a copy of the writable segment as it is just then,
                         relocated but never used, and what Go is about to change in the process.
     fork_state          a page with MADV_WIPEONFORK (madvise(2), Linux 4.14): the kernel zeroes it in each child,
                         however the fork was made. Each entry into Go tests it. A handler of pthread_atfork wipes it
                         where the kernel does not.
     restart             at the first call in the child: the segment becomes what it was before Go began, the thread is
                         cut off from the dead runtime, and Go's initialiser is called again.

   The addresses of functions, types and constants stay. The heap of the dead runtime stays mapped, readable and typed;
   no collector touches it. That is where handles find what they stood for, and copy it when it is first used
   (handle.go, adopt). KEPT data and memory of malloc are not Go's and are simply still there.

   What this relies on, and Go does not promise: all state of the runtime is in the library's writable segment, in
   mappings of its own, in one thread-local word, one key of pthread, signal dispositions and threads. It is so in the
   versions that build_library.py lists, and each build proves it by forking before it is done. Elsewhere (another C
   library or processor, a build that could not prove it, a static library) a child gets GOSSL_E_FORKED; Python loads a
   copy of the library there. */
#define _GNU_SOURCE
#include "fork.h"

#include "fault.h"
#include "gossl.h"
#include "threads.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <linux/random.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(GOSSL_SHARED) && defined(__linux__) && defined(__GLIBC__) && \
    (defined(__x86_64__) || defined(__aarch64__) && defined(GOSSL_DEFERRED))
#define CAN_RESTART 1
#else
#define CAN_RESTART 0
#endif

/* Whether the first call starts Go, and not the loading: build_library.py has then taken Go's initialiser, the last one,
   out of the list of those that the dynamic linker calls. */
#ifdef GOSSL_DEFERRED
#define DEFERRED 1
#else
#define DEFERRED 0
#endif

extern void go_start(uint32_t generation);

enum { SIGNALS = 65, MOST_KEYS = 1024, FAULTS = 3 };

typedef void (*initialiser)(int, char **, char **);

typedef struct memory {
  uintptr_t start, end;
} memory;

static KEPT struct {
  memory image, text, data, zero; /* of the library; data and zero are what a restart puts back and clears */
  unsigned char *pristine;        /* the contents of data before Go ran */
  size_t tls_module, tls_size;
  initialiser go_init;
  int argc;
  char **argv, **envp;

  struct sigaction handlers[SIGNALS]; /* before Go's */
  struct sigaction on_top[FAULTS];    /* in a restart: Go's, or what has come on top of it */
  struct rlimit descriptors;

  pthread_key_t key; /* by which the runtime learns that a thread ends */
  int key_known;
  int started; /* the first call into the runtime of this generation is over */
  int launched; /* the runtime of this generation, and it may still be starting, or of one before */
  int problem; /* why the runtime could not be started */
  const int32_t *poller; /* in the runtime's memory: its epoll descriptor, below 0 if it has none yet, */
  const uintptr_t *wake; /* and the event descriptor that it watches */
  uint32_t generation, processes;
} kept = {.generation = 1};

static KEPT fork_page no_page; /* where there is not even memory for a page */
KEPT fork_page *volatile fork_state = &no_page;
KEPT void *fork_tables[FORK_TABLES];
__thread uint32_t fork_seen INITIAL_EXEC;

extern char kept_start[] __asm__("__start_gossl_kept") __attribute__((visibility("hidden")));
extern char kept_end[] __asm__("__stop_gossl_kept") __attribute__((visibility("hidden")));

int fork_in_image(uintptr_t address) { return address >= kept.image.start && address < kept.image.end; }

static void lock_page(void) {
  while (__atomic_exchange_n(&fork_state->lock, 1, __ATOMIC_ACQUIRE)) sched_yield();
}

static void unlock_page(void) { __atomic_store_n(&fork_state->lock, 0, __ATOMIC_RELEASE); }

uint32_t fork_process(void) {
  uint32_t process = __atomic_load_n(&fork_state->process, __ATOMIC_ACQUIRE);
  if (process) return process;
  lock_page();
  if (!fork_state->process) __atomic_store_n(&fork_state->process, ++kept.processes, __ATOMIC_RELEASE);
  process = fork_state->process;
  unlock_page();
  return process;
}

/* ---- What starting Go changes in a process, and what becomes of it ------------------------------------------------- */

static void remember_process(void) {
  for (int s = 1; s < SIGNALS; s++) sigaction(s, 0, &kept.handlers[s]);
  getrlimit(RLIMIT_NOFILE, &kept.descriptors);
}

/* Puts back the soft limit of descriptors, which package os raises, and the handlers of two signals that we do not
   need: all sends are MSG_NOSIGNAL, and where the program has a handler for SIGURG, Go preempts cooperatively. */
static void tidy(void) {
  setrlimit(RLIMIT_NOFILE, &kept.descriptors);
  sigaction(SIGPIPE, &kept.handlers[SIGPIPE], 0);
  if (kept.handlers[SIGURG].sa_handler != SIG_DFL) sigaction(SIGURG, &kept.handlers[SIGURG], 0);
}

/* Waits for the runtime in the first call, with every signal blocked. */
static void start(void) {
  go_start(kept.generation);
  fault_began();
  tidy();
  kept.started = kept.launched = 1;
}

int runtime_problem(void) { return kept.problem; }

void fork_poller(const int32_t *poller, const uintptr_t *wake) {
  kept.poller = poller;
  kept.wake = wake;
}

#if CAN_RESTART

/* ---- Restart ------------------------------------------------------------------------------------------------------- */

/* What a starting Go runtime reserves; with less it ends the process instead of failing. */
static const uint64_t address_space = 1150000000;

static uintptr_t page_down(uintptr_t a) { return a & -page_size(); }
static uintptr_t page_up(uintptr_t a) { return page_down(a + page_size() - 1); }

typedef struct tls_index {
  size_t module, offset;
} tls_index;
extern void *__tls_get_addr(tls_index *);

/* This thread's block of the library: Go's word and fork_seen. */
static uintptr_t *tls_block(void) {
  tls_index first = {kept.tls_module, 0};
  return __tls_get_addr(&first);
}

static void forget_thread(void) {
  if (kept.tls_size) memset(tls_block(), 0, kept.tls_size);
}

/* Finds the key under which runtime/cgo keeps what is also in Go's thread-local word. */
static void learn_key(void) {
  uintptr_t *block = tls_block();
  for (pthread_key_t key = 0; key < MOST_KEYS; key++) {
    uintptr_t value = (uintptr_t)pthread_getspecific(key);
    for (size_t i = 0; value && i < kept.tls_size / sizeof value; i++) {
      if (block[i] != value) continue;
      kept.key = key;
      kept.key_known = 1;
      return;
    }
  }
}

static int inside(memory m, uintptr_t a) { return a >= m.start && a < m.end; }

/* The signals of faults that Go handles, and passes on if they are not its own. */
static const int faults[FAULTS] = {SIGSEGV, SIGBUS, SIGFPE};

/* The handlers that the dead runtime installed give way to those before them; what the program has set since stays. But
   one that it has put on top of Go's for faults gets that place again: it knows Go's as the one before it, and if Go knew
   it as that too, they would pass a fault to each other for ever. */
static void restore_handlers(void) {
  for (int i = 0; i < FAULTS && kept.launched; i++)
    sigaction(faults[i], &kept.handlers[faults[i]], &kept.on_top[i]);
  for (int s = 1; s < SIGNALS; s++) {
    struct sigaction now;
    if (sigaction(s, 0, &now) == 0 && inside(kept.text, (uintptr_t)now.sa_sigaction))
      sigaction(s, &kept.handlers[s], 0);
  }
  remember_process();
}

static void restore_on_top(void) {
  for (int i = 0; i < FAULTS && kept.launched; i++) sigaction(faults[i], &kept.on_top[i], 0);
}

/* The kernel refuses for locked memory; and an emulator may say yes and do nothing. */
static void clear_pages(volatile unsigned char *start, size_t size) {
  *start = 1;
  if (madvise((void *)start, size, MADV_DONTNEED) != 0 || *start) memset((void *)start, 0, size);
}

static void restore_memory(void) {
  unsigned char *data = (unsigned char *)kept.data.start;
  size_t before = kept_start - (char *)data, after = kept_end - (char *)data;
  memcpy(data, kept.pristine, before);
  memcpy(data + after, kept.pristine + after, kept.data.end - kept.data.start - after);
  uintptr_t whole = page_up(kept.zero.start);
  memset((void *)kept.zero.start, 0, whole - kept.zero.start);
  if (kept.zero.end > whole) clear_pages((void *)whole, kept.zero.end - whole);
}

/* Go seeds its generator for hashing and scheduling with these bytes, and clears them. */
static void refresh_seed(void) {
  void *seed = (void *)getauxval(AT_RANDOM);
  /* The C library has getrandom since 2.25; where the kernel has none, Go takes them as they are. */
  if (seed && syscall(SYS_getrandom, seed, 16, GRND_NONBLOCK) < 0) return;
}

static int enough_address_space(void) {
  struct rlimit limit;
  unsigned long pages = 0;
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return 1;
  FILE *f = fopen("/proc/self/statm", "re");
  if (f) {
    if (fscanf(f, "%lu", &pages) != 1) pages = 0;
    fclose(f);
  }
  uint64_t used = (uint64_t)pages * page_size();
  return limit.rlim_cur > used && limit.rlim_cur - used >= address_space;
}

/* Closes the dead runtime's poller. The program may have closed all descriptors, as daemons do, and have opened others
   since: its own are those where the one still watches the other, with the runtime's mark, an address in the image, or 0
   since Go 1.27. What /proc does not tell stays open. */
static void close_poller(void) {
  if (!kept.poller || *kept.poller < 0) return;
  char path[64], line[256];
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", (int)*kept.poller);
  FILE *f = fopen(path, "re");
  if (!f) return;
  unsigned watched;
  unsigned long long data;
  int found = 0;
  while (!found && fgets(line, sizeof line, f))
    found = sscanf(line, "tfd: %u events: %*x data: %llx", &watched, &data) == 2 && watched == *kept.wake &&
            (data == 0 || fork_in_image(data));
  fclose(f);
  if (!found) return;
  close((int)*kept.wake);
  close(*kept.poller);
}

/* 0, or what a starting runtime would lack. Where it lacks nothing, its threads are there. */
static int lacking(void) {
  if (!enough_address_space()) return ENOMEM;
  return threads_reserve() ? 0 : EAGAIN;
}

/* The runtime's threads inherit the mask: no signal meant for the program goes to them. */
static void block_signals(sigset_t *before) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, before);
}

/* Lets Go start, in a thread of its own, for the first time. Whoever calls into it waits. */
static int launch(void) {
  if (!DEFERRED || kept.launched) return 1;
  sigset_t before;
  block_signals(&before);
  kept.problem = lacking();
  if (!kept.problem) {
    remember_process();
    kept.go_init(kept.argc, kept.argv, kept.envp);
    kept.launched = 1;
  }
  pthread_sigmask(SIG_SETMASK, &before, 0);
  return kept.launched;
}

static void start_first(void) {
  sigset_t before;
  block_signals(&before);
  start();
  pthread_sigmask(SIG_SETMASK, &before, 0);
  learn_key();
}

static int restart(void) {
  if (!kept.pristine) return 0;
  sigset_t before;
  block_signals(&before);
  if (lacking()) {
    pthread_sigmask(SIG_SETMASK, &before, 0);
    return 0;
  }
  if (kept.key_known) {
    pthread_setspecific(kept.key, 0);
    pthread_key_delete(kept.key);
    kept.key_known = 0;
  }
  forget_thread();
  restore_handlers();
  close_poller();
  restore_memory();
  refresh_seed();
  kept.started = 0;
  kept.generation++;
  kept.go_init(kept.argc, kept.argv, kept.envp);
  restore_on_top();
  start();
  learn_key();
  pthread_sigmask(SIG_SETMASK, &before, 0);
  return 1;
}

/* ---- Before Go ----------------------------------------------------------------------------------------------------- */

static int find_image(struct dl_phdr_info *info, size_t size, void *unused) {
  uintptr_t base = info->dlpi_addr, self = (uintptr_t)&kept, end = 0, relro = 0;
  int ours = 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *p = &info->dlpi_phdr[i];
    memory m = {base + p->p_vaddr, base + p->p_vaddr + p->p_memsz};
    if (p->p_type == PT_GNU_RELRO) relro = page_down(m.end);
    if (p->p_type != PT_LOAD) continue;
    ours |= inside(m, self);
    if (m.end > end) end = m.end;
  }
  if (!ours) return 0;
  kept.image = (memory){base, end};
  kept.tls_module = info->dlpi_tls_modid;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *p = &info->dlpi_phdr[i];
    memory m = {base + p->p_vaddr, base + p->p_vaddr + p->p_memsz};
    if (p->p_type == PT_TLS) kept.tls_size = p->p_memsz;
    if (p->p_type == PT_LOAD && (p->p_flags & PF_X)) kept.text = m;
    if (p->p_type == PT_LOAD && (p->p_flags & PF_W)) {
      kept.data = (memory){m.start > relro ? m.start : relro, m.start + p->p_filesz};
      kept.zero = (memory){kept.data.end, m.end};
    }
    if (p->p_type != PT_DYNAMIC) continue;
    uintptr_t array = 0;
    size_t bytes = 0;
    for (const ElfW(Dyn) *d = (void *)m.start; d->d_tag != DT_NULL; d++) {
      if (d->d_tag == DT_INIT_ARRAY) array = base + d->d_un.d_ptr;
      if (d->d_tag == DT_INIT_ARRAYSZ) bytes = d->d_un.d_val;
    }
    /* Ours have priorities: Go's is the last one, or was. */
    if (bytes) kept.go_init = ((initialiser *)array)[bytes / sizeof(void *) - !DEFERRED];
  }
  return 1;
}

static void keep_pristine(int argc, char **argv, char **envp) {
  kept.argc = argc;
  kept.argv = argv;
  kept.envp = envp;
  dl_iterate_phdr(find_image, 0);
  size_t size = kept.data.end - kept.data.start;
  if (!kept.go_init || !kept.tls_size || !inside(kept.data, (uintptr_t)&kept)) return;
  void *copy = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (copy == MAP_FAILED) return;
  memcpy(copy, (void *)kept.data.start, size);
  mprotect(copy, size, PROT_READ);
  kept.pristine = copy;
}

#else

static void forget_thread(void) {}
static int restart(void) { return 0; }

static int launch(void) { return 1; }
static void start_first(void) { start(); }

static void keep_pristine(int argc, char **argv, char **envp) {}

#endif

/* In a child of fork(): the thread is cut off from the dead runtime at once, so that its end does not call there. */
static void after_fork(void) {
  memset((void *)fork_state, 0, sizeof *fork_state);
  threads_forget();
  if (kept.key_known) pthread_setspecific(kept.key, 0);
  forget_thread();
}

__attribute__((constructor(101))) static void before_go(int argc, char **argv, char **envp) {
  remember_process();
  void *page = mmap(0, sizeof *fork_state, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page != MAP_FAILED) fork_state = page;
  madvise(page, sizeof *fork_state, MADV_WIPEONFORK);
  keep_pristine(argc, argv, envp);
  fork_state->process = kept.processes = 1;
  fork_state->generation = kept.generation;
  pthread_atfork(0, 0, after_fork);
}

int fork_restarts(int never) {
  if (never) kept.pristine = 0;
  return kept.pristine != 0;
}

void fork_abandon(void) {
  Dl_info us, who;
  if (!dladdr(&kept, &us)) return;
  for (int s = 1; s < SIGNALS; s++) {
    struct sigaction now;
    if (sigaction(s, 0, &now) != 0) continue;
    int covered = fault_uncover(&now);
    if (dladdr((void *)now.sa_sigaction, &who) && who.dli_fbase == us.dli_fbase)
      sigaction(s, &kept.handlers[s], 0);
    else if (covered)
      sigaction(s, &now, 0);
  }
}

int runtime_launch(void) {
  lock_page();
  if (fork_state->generation && !kept.started) launch();
  unlock_page();
  return kept.problem;
}

int runtime_enter(void) {
  lock_page();
  int ok = 1;
  if (!fork_state->generation) {
    ok = restart();
    if (ok) __atomic_store_n(&fork_state->generation, kept.generation, __ATOMIC_RELEASE);
  } else if (!kept.started) {
    ok = launch();
    if (ok) start_first();
  } else if (fork_seen) {
    forget_thread(); /* a thread that has been in the runtime before this one */
  }
  unlock_page();
  if (ok) fork_seen = kept.generation;
  return ok;
}
