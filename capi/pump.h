/* pump.h: the only system calls on the path of data. */
#ifndef GOSSL_PUMP_H
#define GOSSL_PUMP_H

#include <stddef.h>
#include <stdint.h>

/* One attempt, without waiting and without SIGPIPE. A count, 0 at the end of a stream, or the negative errno. */
int64_t pump_recv(int fd, void *buf, size_t n);
int64_t pump_send(int fd, const void *buf, size_t n);

#endif
