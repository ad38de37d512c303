/* threads.h: threads for a Go runtime that is about to start. */
#ifndef GOSSL_THREADS_H
#define GOSSL_THREADS_H

/* Makes the threads that a runtime starts with, and some for its collector, which wait until it asks for them. 1, or 0 if
   the process may not have them all: then none is left. Signals have to be blocked, as in the runtime's own. */
int threads_reserve(void);

/* In a child of fork(), where they are not. */
void threads_forget(void);

#endif
