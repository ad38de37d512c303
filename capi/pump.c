//go:build !windows && !linux

#include "pump.h"

#include <errno.h>
#include <sys/socket.h>

#ifndef MSG_NOSIGNAL /* macOS has SO_NOSIGPIPE instead, and Go's handler */
#define MSG_NOSIGNAL 0
#endif

int64_t pump_recv(int fd, void *buf, size_t n) {
  ssize_t got;
  do got = recv(fd, buf, n, MSG_DONTWAIT);
  while (got < 0 && errno == EINTR);
  return got < 0 ? -errno : got;
}

int64_t pump_send(int fd, const void *buf, size_t n) {
  ssize_t sent;
  do sent = send(fd, buf, n, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent < 0 ? -errno : sent;
}
