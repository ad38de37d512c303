/* threads.c: many threads make connections from the same two configs at once.

       threads CERTIFICATE KEY CA-FILE                                                                                 */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gossl.h"

enum { THREADS = 16, ROUNDS = 20 };

static gossl_config client_config, server_config;

static void need(int ok, const char *what) {
  if (ok) return;
  fprintf(stderr, "threads: %s\n", what);
  exit(1);
}

static void *work(void *unused) {
  (void)unused;
  for (int round = 0; round < ROUNDS; round++) {
    gossl_bio there, back;
    gossl_conn client, server;
    need(!gossl_bio_new(&there, NULL) && !gossl_bio_new(&back, NULL), "bio");
    need(!gossl_conn_new(client_config, GOSSL_CLIENT, "localhost", 9, &client, NULL), "client");
    need(!gossl_conn_new(server_config, GOSSL_SERVER, NULL, 0, &server, NULL), "server");
    need(!gossl_conn_set_bio(client, back, there, NULL) && !gossl_conn_set_bio(server, there, back, NULL), "set_bio");
    int64_t c, s;
    do {
      c = gossl_conn_handshake(client);
      s = gossl_conn_handshake(server);
    } while (c == GOSSL_E_WANT_READ || s == GOSSL_E_WANT_READ);
    need(c == GOSSL_OK && s == GOSSL_OK, "handshake");
    uint8_t got[16];
    need(gossl_conn_write(client, (gossl_in *)"ping", 4) == 4, "write");
    need(gossl_conn_read(server, got, sizeof got) == 4 && memcmp(got, "ping", 4) == 0, "read");
    gossl_conn_free(client);
    gossl_conn_free(server);
    gossl_bio_free(there);
    gossl_bio_free(back);
  }
  return NULL;
}

static uint8_t *slurp(const char *path, size_t *len) {
  FILE *f = fopen(path, "rb");
  uint8_t *data = (uint8_t *)malloc(65536);
  need(f && data, path);
  *len = fread(data, 1, 65536, f);
  fclose(f);
  return data;
}

int main(int argc, char **argv) {
  need(argc == 4, "usage: threads CERTIFICATE KEY CA-FILE");
  size_t cert_len, key_len;
  uint8_t *cert = slurp(argv[1], &cert_len), *key = slurp(argv[2], &key_len);
  need(!gossl_config_new(GOSSL_METHOD_TLS_CLIENT, &client_config, NULL), "config");
  need(!gossl_config_new(GOSSL_METHOD_TLS_SERVER, &server_config, NULL), "config");
  need(!gossl_config_add_anchor_file(client_config, argv[3], strlen(argv[3]), NULL), "anchors");
  need(!gossl_config_use_certificate(server_config, cert, cert_len, key, key_len, NULL, 0, NULL), "certificate");
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) need(!pthread_create(&threads[i], NULL, work, NULL), "pthread_create");
  /* Meanwhile a setting changes again and again: each connection sees one of its values. */
  for (int i = 0; i < 1000; i++) gossl_config_set_int(server_config, GOSSL_CONFIG_NUM_TICKETS, i % 3, NULL);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  int64_t good = 0;
  need(!gossl_config_get_int(server_config, GOSSL_CONFIG_STAT_ACCEPT_GOOD, &good, NULL) && good == THREADS * ROUNDS,
       "not every handshake was counted");
  free(cert);
  free(key);
  puts("threads: ok");
  return 0;
}
