/* server.c: an HTTPS server in one thread that holds any number of connections at once, by epoll. It answers every
   request with a line, on all connections that stay open.

       server CERTIFICATE KEY         prints the port that it listens on; ends when its standard input ends           */
#ifndef _GNU_SOURCE /* g++ has it */
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gossl.h"

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nheld\r\n";

/* A connection reads a request up to its empty line, then sends the answer, and so on. */
typedef struct peer {
  int fd;
  gossl_conn conn;
  size_t got, sent; /* bytes of the request so far; bytes of the answer */
  int answering;
  char request[1024];
} peer;

static int epoll;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void drop(peer *p) {
  gossl_conn_free(p->conn);
  close(p->fd);
  free(p);
}

static void watch(peer *p, int op, uint32_t events) {
  struct epoll_event e = {.events = events, .data = {.ptr = p}};
  if (epoll_ctl(epoll, op, p->fd, &e)) die("epoll_ctl");
}

/* Takes the connection as far as it goes without waiting. Returns the status that stopped it. */
static int64_t advance(peer *p) {
  for (;;) {
    int64_t n;
    if (p->answering) {
      n = gossl_conn_write(p->conn, (const uint8_t *)answer + p->sent, sizeof answer - 1 - p->sent);
      if (n < 0) return n;
      p->sent += (size_t)n;
      if (p->sent == sizeof answer - 1) p->answering = 0;
      continue;
    }
    if (p->got == sizeof p->request) return GOSSL_E_ARGUMENT; /* nobody asks for so much here */
    n = gossl_conn_read(p->conn, (uint8_t *)p->request + p->got, sizeof p->request - p->got);
    if (n < 0) return n;
    p->got += (size_t)n;
    if (memmem(p->request, p->got, "\r\n\r\n", 4)) {
      p->answering = 1;
      p->got = p->sent = 0;
    }
  }
}

static void serve(peer *p) {
  int64_t status = advance(p);
  if (status == GOSSL_E_WANT_READ) {
    watch(p, EPOLL_CTL_MOD, EPOLLIN);
  } else if (status == GOSSL_E_WANT_WRITE) {
    watch(p, EPOLL_CTL_MOD, EPOLLOUT);
  } else {
    if (status == GOSSL_E_CLOSED) gossl_conn_shutdown(p->conn);
    drop(p);
  }
}

static void accept_all(int listener, gossl_config config) {
  int fd;
  while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
    peer *p = (peer *)calloc(1, sizeof *p);
    if (!p) die("calloc");
    p->fd = fd;
    if (gossl_conn_new(config, GOSSL_SERVER, NULL, 0, &p->conn, NULL) || gossl_conn_set_fd(p->conn, fd, NULL)) {
      drop(p);
      continue;
    }
    watch(p, EPOLL_CTL_ADD, EPOLLIN);
  }
}

static int listen_anywhere(void) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t len = sizeof a;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) || listen(fd, 1024)) die("listen");
  if (getsockname(fd, (struct sockaddr *)&a, &len)) die("getsockname");
  printf("%d\n", ntohs(a.sin_port));
  fflush(stdout);
  return fd;
}

static gossl_config configure(char **files) {
  gossl_config config;
  gossl_error err;
  static uint8_t pem[2][65536];
  size_t len[2];
  for (int i = 0; i < 2; i++) {
    FILE *f = fopen(files[i], "rb");
    if (!f) die(files[i]);
    len[i] = fread(pem[i], 1, sizeof pem[i], f);
    fclose(f);
  }
  if (gossl_config_new(GOSSL_METHOD_TLS_SERVER, &config, &err) ||
      gossl_config_use_certificate(config, pem[0], len[0], pem[1], len[1], NULL, 0, &err)) {
    fprintf(stderr, "server: %s\n", err.message);
    exit(1);
  }
  return config;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: server CERTIFICATE KEY\n");
    return 2;
  }
  gossl_config config = configure(argv + 1);
  if ((epoll = epoll_create1(EPOLL_CLOEXEC)) < 0) die("epoll_create1");
  peer listener = {.fd = listen_anywhere()}, input = {.fd = 0};
  watch(&listener, EPOLL_CTL_ADD, EPOLLIN);
  watch(&input, EPOLL_CTL_ADD, EPOLLIN);
  for (;;) {
    struct epoll_event events[64];
    int n = epoll_wait(epoll, events, 64, -1);
    for (int i = 0; i < n; i++) {
      peer *p = (peer *)events[i].data.ptr;
      if (p == &input) return 0;
      if (p == &listener) {
        accept_all(listener.fd, config);
      } else {
        serve(p);
      }
    }
  }
}
