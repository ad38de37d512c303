/* fetch.c: gets https://HOST/ and prints it, having verified the certificate. The shortest whole program on gossl.h.

       fetch HOST [PORT [CA-FILE]]                                                                                     */
#define _POSIX_C_SOURCE 200809L
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gossl.h"

static void die(const char *what, const gossl_error *err) {
  fprintf(stderr, "fetch: %s: %s", what, err->message);
  if (err->verify) fprintf(stderr, " (%s)", err->verify_text);
  fputc('\n', stderr);
  exit(1);
}

static int dial(const char *host, const char *port) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *all, *a;
  if (getaddrinfo(host, port, &hints, &all) != 0) return -1;
  int fd = -1;
  for (a = all; a && fd < 0; a = a->ai_next) {
    fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
    if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
      close(fd);
      fd = -1;
    }
  }
  freeaddrinfo(all);
  return fd;
}

/* The library never waits; this does. Returns 0 for a status that is no reason to wait. */
static int wait_for(int fd, int64_t status) {
  struct pollfd p = {.fd = fd, .events = 0};
  if (status == GOSSL_E_WANT_READ) p.events = POLLIN;
  if (status == GOSSL_E_WANT_WRITE) p.events = POLLOUT;
  return p.events && poll(&p, 1, 30000) == 1;
}

static void check(gossl_conn conn, int64_t status, const char *what) {
  gossl_error err;
  if (status >= 0) return;
  gossl_conn_error(conn, &err);
  die(what, &err);
}

static void write_all(gossl_conn conn, int fd, const char *text) {
  size_t left = strlen(text);
  while (left > 0) {
    int64_t n = gossl_conn_write(conn, (const uint8_t *)text, left);
    if (n < 0 && wait_for(fd, n)) continue;
    check(conn, n, "write");
    text += n;
    left -= (size_t)n;
  }
}

static void print_all(gossl_conn conn, int fd) {
  uint8_t buf[16384];
  for (;;) {
    int64_t n = gossl_conn_read(conn, buf, sizeof buf);
    if (n < 0 && wait_for(fd, n)) continue;
    if (n == GOSSL_E_CLOSED || n == GOSSL_E_EOF) return;
    check(conn, n, "read");
    fwrite(buf, 1, (size_t)n, stdout);
  }
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: fetch HOST [PORT [CA-FILE]]\n");
    return 2;
  }
  const char *host = argv[1], *port = argc > 2 ? argv[2] : "443";
  const char *anchors = argc > 3 ? argv[3] : "/etc/ssl/certs/ca-certificates.crt";
  gossl_error err;
  gossl_config config;
  gossl_conn conn;

  /* The defaults of a client demand a certificate for the host's name. */
  if (gossl_config_new(GOSSL_METHOD_TLS_CLIENT, &config, &err)) die("config", &err);
  if (gossl_config_add_anchor_file(config, anchors, strlen(anchors), &err)) die(anchors, &err);
  if (gossl_conn_new(config, GOSSL_CLIENT, host, strlen(host), &conn, &err)) die("connection", &err);

  int fd = dial(host, port);
  if (fd < 0) {
    fprintf(stderr, "fetch: cannot connect to %s port %s\n", host, port);
    return 1;
  }
  if (gossl_conn_set_fd(conn, fd, &err)) die("socket", &err);
  int64_t status;
  while ((status = gossl_conn_handshake(conn)) < 0 && wait_for(fd, status)) continue;
  check(conn, status, "handshake");

  char cipher[64];
  int64_t n = gossl_conn_get(conn, GOSSL_CONN_CIPHER_NAME, (uint8_t *)cipher, sizeof cipher);
  fprintf(stderr, "fetch: TLS version 0x%04x, %.*s\n", (unsigned)gossl_conn_get_int(conn, GOSSL_CONN_VERSION), (int)n,
          cipher);
  char request[512];
  snprintf(request, sizeof request, "GET / HTTP/1.0\r\nHost: %s\r\n\r\n", host);
  write_all(conn, fd, request);
  print_all(conn, fd);
  gossl_conn_shutdown(conn);

  gossl_conn_free(conn);
  gossl_config_free(config);
  close(fd);
  return 0;
}
