/* fork.h: whether this process is a forked child of the one in which the Go runtime runs. */
#ifndef GOSSL_FORK_H
#define GOSSL_FORK_H

/* 0 in a forked child, where the runtime's threads are gone and a call into Go could hang. */
int runtime_is_alive(void);

#endif
