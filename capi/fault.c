//go:build linux

/* fault.c: whose a fault is, where both Go and the program handle SIGSEGV.

   Go turns the fault of a nil pointer into a panic, of which our exports make an error, and passes other faults on to the
   handler that was there before it. One that comes later, such as that of Python's faulthandler.enable(), takes all of them
   and ends the process. So where there is one on top of Go's, ours goes on top of it: it gives Go what Go recovers from,
   and everything else to the handler that it covers.

   Everything else happens as if ours were not there: a handler that is covered is called with the signal mask and on the
   stack that it would have had, but for one that did not ask for the alternate stack: Go's goroutines leave no choice.
   Whoever puts back "the handler before" puts back the one of ours that covers that same handler, for each covers one
   only, ever. */
#define _GNU_SOURCE
#include "fault.h"

#ifdef FAULT_COVERS

#include "fork.h"

#include <stdint.h>
#include <string.h>
#include <ucontext.h>

extern void go_text(uintptr_t *first, uintptr_t *end);

enum { LEVELS = 4, NIL_PAGE = 4096 }; /* the addresses that Go takes for a nil pointer's */

typedef void (*handler)(int, siginfo_t *, void *);

static KEPT struct {
  handler go;
  uintptr_t first, end; /* Go's code, without C's in the same library */
  struct sigaction covered[LEVELS];
  int levels; /* how many of them are taken */
} kept;

static uintptr_t place(const void *context) {
  const mcontext_t *m = &((const ucontext_t *)context)->uc_mcontext;
#ifdef __x86_64__
  return (uintptr_t)m->gregs[REG_RIP];
#else
  return (uintptr_t)m->pc;
#endif
}

static int in_go(uintptr_t address) { return address >= kept.first && address < kept.end; }

/* What Go makes a panic of. It ends the process for other faults, of which the program's own handler tells more. */
static int is_nil_pointer(const siginfo_t *info, const void *context) {
  return (info->si_code == SEGV_MAPERR || info->si_code == SEGV_ACCERR) && (uintptr_t)info->si_addr < NIL_PAGE &&
         in_go(place(context));
}

static void panic(int number, siginfo_t *info, void *context) {
  sigset_t all; /* Go's handler runs with all signals blocked; when it is done, the kernel puts the mask back */
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, 0);
  kept.go(number, info, context);
}

static void by_default(int number) {
  struct sigaction action = {.sa_handler = SIG_DFL};
  sigaction(number, &action, 0);
}

static void pass_on(const struct sigaction *to, int number, siginfo_t *info, void *context) {
  if (to->sa_handler == SIG_DFL || to->sa_flags & SA_RESETHAND) by_default(number);
  if (to->sa_handler == SIG_DFL) {
    if (info->si_code <= 0) raise(number); /* somebody sent it; a fault happens again by itself */
  } else if (to->sa_flags & SA_SIGINFO) {
    to->sa_sigaction(number, info, context);
  } else {
    to->sa_handler(number);
  }
}

static void fault(int level, int number, siginfo_t *info, void *context) {
  if (is_nil_pointer(info, context)) {
    panic(number, info, context);
  } else {
    pass_on(&kept.covered[level], number, info, context);
  }
}

static void fault_0(int number, siginfo_t *info, void *context) { fault(0, number, info, context); }
static void fault_1(int number, siginfo_t *info, void *context) { fault(1, number, info, context); }
static void fault_2(int number, siginfo_t *info, void *context) { fault(2, number, info, context); }
static void fault_3(int number, siginfo_t *info, void *context) { fault(3, number, info, context); }

static const handler ours[LEVELS] = {fault_0, fault_1, fault_2, fault_3};

static int level_of(const struct sigaction *action) {
  for (int i = 0; i < kept.levels; i++)
    if (action->sa_sigaction == ours[i]) return i;
  return -1;
}

static int same(const struct sigaction *a, const struct sigaction *b) {
  return a->sa_sigaction == b->sa_sigaction && a->sa_flags == b->sa_flags &&
         memcmp(&a->sa_mask, &b->sa_mask, (_NSIG - 1) / 8) == 0; /* as much as the kernel fills in */
}

/* The level that covers the action, if need be a new one; -1 where there is none left. */
static int level_for(const struct sigaction *action) {
  for (int i = 0; i < kept.levels; i++)
    if (same(&kept.covered[i], action)) return i;
  if (kept.levels == LEVELS) return -1;
  kept.covered[kept.levels] = *action;
  return kept.levels++;
}

static void cover(const struct sigaction *top) {
  int level = level_for(top);
  if (level < 0) return;
  struct sigaction action = *top, replaced;
  action.sa_sigaction = ours[level];
  action.sa_flags = (top->sa_flags & ~SA_RESETHAND) | SA_SIGINFO | SA_ONSTACK;
  if (sigaction(SIGSEGV, &action, &replaced) != 0) return;
  if (!same(&replaced, top)) sigaction(SIGSEGV, &replaced, 0); /* it came just now: it is covered the next time */
}

void fault_check(void) {
  struct sigaction top;
  if (!kept.go || sigaction(SIGSEGV, 0, &top) != 0) return;
  if (top.sa_sigaction == kept.go || top.sa_handler == SIG_IGN || level_of(&top) >= 0) return;
  if (__atomic_exchange_n(&fork_state->covering, 1, __ATOMIC_ACQUIRE)) return;
  cover(&top);
  __atomic_store_n(&fork_state->covering, 0, __ATOMIC_RELEASE);
}

int fault_uncover(struct sigaction *action) {
  int level, found = 0;
  for (; (level = level_of(action)) >= 0; found = 1) *action = kept.covered[level];
  return found;
}

/* Go has one handler for all signals that it takes; the program may have replaced that of one of them meanwhile. */
void fault_began(void) {
  static const int taken[] = {SIGSEGV, SIGPIPE, SIGURG};
  go_text(&kept.first, &kept.end);
  for (unsigned i = 0; i < sizeof taken / sizeof *taken && !kept.go; i++) {
    struct sigaction action;
    if (sigaction(taken[i], 0, &action) == 0 && in_go((uintptr_t)action.sa_sigaction)) kept.go = action.sa_sigaction;
  }
}

#endif
