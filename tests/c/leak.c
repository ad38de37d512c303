/* leak.c: makes and drops connections at every stage of their lives, and looks whether memory stays flat.

       leak CERTIFICATE KEY CA-FILE                                                                                    */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gossl.h"

enum { ROUNDS = 4000, WARM = 1000, SLACK_KB = 4096 };

static gossl_config client_config, server_config;

static void need(int ok, const char *what) {
  if (ok) return;
  fprintf(stderr, "leak: %s\n", what);
  exit(1);
}

static uint8_t *slurp(const char *path, size_t *len) {
  FILE *f = fopen(path, "rb");
  uint8_t *data = (uint8_t *)malloc(65536);
  need(f && data, path);
  *len = fread(data, 1, 65536, f);
  fclose(f);
  return data;
}

/* What the process holds, in kilobytes. */
static long resident(void) {
  long total = 0, held = 0;
  FILE *f = fopen("/proc/self/statm", "r");
  need(f && fscanf(f, "%ld %ld", &total, &held) == 2, "/proc/self/statm");
  fclose(f);
  return held * (sysconf(_SC_PAGESIZE) / 1024);
}

/* One pair, dropped after so many steps: before, in the middle of and after its handshake, with data unread. */
static void once(int steps) {
  gossl_bio there, back;
  gossl_conn client, server;
  gossl_session session = 0;
  uint8_t data[5000] = {0};
  need(!gossl_bio_new(&there, NULL) && !gossl_bio_new(&back, NULL), "bio");
  need(!gossl_conn_new(client_config, GOSSL_CLIENT, "localhost", 9, &client, NULL), "client");
  need(!gossl_conn_new(server_config, GOSSL_SERVER, NULL, 0, &server, NULL), "server");
  need(!gossl_conn_set_bio(client, back, there, NULL) && !gossl_conn_set_bio(server, there, back, NULL), "set_bio");
  for (int i = 0; i < steps; i++) {
    gossl_conn_write(client, data, sizeof data);
    gossl_conn_read(server, data, 100);
  }
  need(!gossl_conn_session(client, &session, NULL), "session");
  gossl_session_free(session);
  gossl_conn_free(client);
  gossl_conn_free(server);
  gossl_bio_free(there);
  gossl_bio_free(back);
}

int main(int argc, char **argv) {
  need(argc == 4, "usage: leak CERTIFICATE KEY CA-FILE");
  size_t cert_len, key_len;
  uint8_t *cert = slurp(argv[1], &cert_len), *key = slurp(argv[2], &key_len);
  need(!gossl_config_new(GOSSL_METHOD_TLS_CLIENT, &client_config, NULL), "config");
  need(!gossl_config_new(GOSSL_METHOD_TLS_SERVER, &server_config, NULL), "config");
  need(!gossl_config_add_anchor_file(client_config, argv[3], strlen(argv[3]), NULL), "anchors");
  need(!gossl_config_use_certificate(server_config, cert, cert_len, key, key_len, NULL, 0, NULL), "certificate");
  free(cert);
  free(key);
  long before = 0;
  for (int i = 0; i < ROUNDS; i++) {
    if (i == WARM) before = resident();
    once(i % 5);
  }
  long grown = resident() - before;
  if (grown > SLACK_KB) {
    fprintf(stderr, "leak: %d pairs of connections left %ld KB behind\n", ROUNDS - WARM, grown);
    return 1;
  }
  gossl_config_free(client_config);
  gossl_config_free(server_config);
  puts("leak: ok");
  return 0;
}
