/* fork.c notices fork(). A Go runtime does not survive it: its threads are gone, and the first call that needs one
   hangs. One page that the kernel wipes in every forked child, however the fork was made (Linux, MADV_WIPEONFORK), tells
   each entry point for a load and a branch. */
#define _GNU_SOURCE
#include "fork.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <signal.h>
#include <unistd.h>

static volatile int *alive;
static pid_t owner; /* where the kernel has no MADV_WIPEONFORK */

static struct rlimit descriptors;
static struct sigaction on_pipe, on_urg;

/* Runs before Go's own initialiser: remembers what loading Go changes in a process. */
__attribute__((constructor(101))) static void remember(void) {
  getrlimit(RLIMIT_NOFILE, &descriptors);
  sigaction(SIGPIPE, 0, &on_pipe);
  sigaction(SIGURG, 0, &on_urg);
  void *page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED || madvise(page, 4096, MADV_WIPEONFORK) != 0) {
    owner = getpid();
    return;
  }
  *(int *)page = 1;
  alive = page;
}

int runtime_is_alive(void) { return alive ? *alive : getpid() == owner; }

/* tidy puts back what the Go runtime changed when it started: the soft limit of descriptors, which package os raises,
   and the handlers of two signals that we do not use (all sends are MSG_NOSIGNAL). It is called once, by the first
   call into Go. A handler of the program for SIGURG comes back; then Go's threads are preempted cooperatively. */
void tidy(void) {
  setrlimit(RLIMIT_NOFILE, &descriptors);
  sigaction(SIGPIPE, &on_pipe, 0);
  if (on_urg.sa_handler != SIG_DFL) sigaction(SIGURG, &on_urg, 0);
}
