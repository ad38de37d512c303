/* pump_windows.c: pump.h on Winsock. Compiled, and never run. */
#include "pump.h"

#include <errno.h>
#include <winsock2.h>

/* There is no MSG_DONTWAIT: a socket that blocks is asked first. What poll.h has is WSAPoll here. */
static int ready(SOCKET s, short events) {
  WSAPOLLFD wanted = {s, events, 0};
  return WSAPoll(&wanted, 1, 0) != 0;
}

static int64_t failed(void) {
  switch (WSAGetLastError()) {
    case WSAEWOULDBLOCK: return -EAGAIN;
    case WSAECONNRESET:
    case WSAECONNABORTED: return -ECONNRESET;
    case WSAESHUTDOWN: return -EPIPE;
    case WSAENOTSOCK: return -EBADF;
    case WSAENOTCONN: return -ENOTCONN;
    default: return -EIO;
  }
}

int64_t pump_recv(int fd, void *buf, size_t n) {
  if (!ready((SOCKET)fd, POLLRDNORM)) return -EAGAIN;
  int got = recv((SOCKET)fd, buf, (int)n, 0);
  return got < 0 ? failed() : got;
}

int64_t pump_send(int fd, const void *buf, size_t n) {
  if (!ready((SOCKET)fd, POLLWRNORM)) return -EAGAIN;
  int sent = send((SOCKET)fd, buf, (int)n, 0);
  return sent < 0 ? failed() : sent;
}
