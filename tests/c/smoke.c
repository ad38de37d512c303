/* smoke.c: a client and a server in memory, and every function with handles and lengths that are wrong.

       smoke CERTIFICATE KEY CA-FILE                                                                                   */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gossl.h"

#undef assert
#define assert(what)                                                       \
  do {                                                                     \
    if (!(what)) {                                                         \
      fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #what); \
      exit(1);                                                             \
    }                                                                      \
  } while (0)

static uint8_t *slurp(const char *path, size_t *len) {
  FILE *f = fopen(path, "rb");
  assert(f);
  uint8_t *data = (uint8_t *)malloc(65536);
  assert(data);
  *len = fread(data, 1, 65536, f);
  fclose(f);
  return data;
}

typedef struct pair {
  gossl_config client_config, server_config;
  gossl_conn client, server;
  gossl_bio to_server, to_client;
} pair;

static void make(pair *p, char **files) {
  gossl_error err;
  size_t cert_len, key_len;
  uint8_t *cert = slurp(files[0], &cert_len), *key = slurp(files[1], &key_len);
  assert(gossl_config_new(GOSSL_METHOD_TLS_CLIENT, &p->client_config, &err) == GOSSL_OK);
  assert(gossl_config_new(GOSSL_METHOD_TLS_SERVER, &p->server_config, &err) == GOSSL_OK);
  assert(gossl_config_add_anchor_file(p->client_config, files[2], strlen(files[2]), &err) == GOSSL_OK);
  assert(gossl_config_use_certificate(p->server_config, cert, cert_len, key, key_len, NULL, 0, &err) == GOSSL_OK);
  free(cert);
  free(key);
  assert(gossl_bio_new(&p->to_server, &err) == GOSSL_OK);
  assert(gossl_bio_new(&p->to_client, &err) == GOSSL_OK);
  assert(gossl_conn_new(p->client_config, GOSSL_CLIENT, "localhost", 9, &p->client, &err) == GOSSL_OK);
  assert(gossl_conn_new(p->server_config, GOSSL_SERVER, NULL, 0, &p->server, &err) == GOSSL_OK);
  assert(gossl_conn_set_bio(p->client, p->to_client, p->to_server, &err) == GOSSL_OK);
  assert(gossl_conn_set_bio(p->server, p->to_server, p->to_client, &err) == GOSSL_OK);
}

static void drop(pair *p) {
  gossl_conn_free(p->client);
  gossl_conn_free(p->server);
  gossl_bio_free(p->to_client);
  gossl_bio_free(p->to_server);
  gossl_config_free(p->client_config);
  gossl_config_free(p->server_config);
}

static void talk(pair *p) {
  int64_t c, s;
  do {
    c = gossl_conn_handshake(p->client);
    s = gossl_conn_handshake(p->server);
  } while (c == GOSSL_E_WANT_READ || s == GOSSL_E_WANT_READ);
  assert(c == GOSSL_OK && s == GOSSL_OK);
  assert(gossl_conn_get_int(p->client, GOSSL_CONN_VERSION) == 0x0304);

  static uint8_t sent[100000], got[100000];
  for (size_t i = 0; i < sizeof sent; i++) sent[i] = (uint8_t)(i * 7);
  size_t in = 0, out = 0;
  while (out < sizeof sent) {
    if (in < sizeof sent) {
      int64_t n = gossl_conn_write(p->client, sent + in, sizeof sent - in);
      assert(n > 0);
      in += (size_t)n;
    }
    int64_t n = gossl_conn_read(p->server, got + out, sizeof got - out);
    assert(n > 0);
    out += (size_t)n;
  }
  assert(memcmp(sent, got, sizeof sent) == 0);
  assert(gossl_conn_read(p->server, got, 1) == GOSSL_E_WANT_READ);
  assert(gossl_conn_shutdown(p->client) == GOSSL_E_WANT_READ);
  assert(gossl_conn_read(p->server, got, 1) == GOSSL_E_CLOSED);
  assert(gossl_conn_shutdown(p->server) == GOSSL_OK);
  assert(gossl_conn_shutdown(p->client) == GOSSL_OK);
  assert(gossl_conn_write(p->client, sent, 1) < 0);
}

/* A client that does not know the authority refuses, and goes on refusing. */
static void stranger(pair *p) {
  gossl_error err;
  gossl_config none;
  gossl_conn conn;
  assert(gossl_config_new(GOSSL_METHOD_TLS_CLIENT, &none, &err) == GOSSL_OK);
  assert(gossl_conn_new(none, GOSSL_CLIENT, "localhost", 9, &conn, &err) == GOSSL_OK);
  assert(gossl_conn_set_bio(conn, p->to_client, p->to_server, &err) == GOSSL_OK);
  int64_t c, s;
  do {
    c = gossl_conn_handshake(conn);
    s = gossl_conn_handshake(p->server);
  } while (c == GOSSL_E_WANT_READ);
  assert(c == GOSSL_E_VERIFY && s < 0);
  assert(gossl_conn_handshake(conn) == GOSSL_E_VERIFY);
  assert(gossl_conn_error(conn, &err) == GOSSL_OK && err.verify == 20 && err.alert == 48);
  assert(strcmp(err.name, "CERTIFICATE_VERIFY_FAILED") == 0);
  assert(gossl_conn_get_int(conn, GOSSL_CONN_VERIFY_DEPTH) == 0);
  assert(gossl_conn_get_int(conn, GOSSL_CONN_VERSION) == 0);
  assert(gossl_conn_get_int(conn, GOSSL_CONN_CHOSEN_VERSION) == 0x0304);
  gossl_conn_free(conn);
  gossl_config_free(none);
}

/* A certificate for development is good for a server, and says what it is. */
static void certificate(void) {
  static const int64_t start = 1700000000, end = 1800000000;
  gossl_error err;
  gossl_config config;
  char pem[4096], details[4096], other[4096];
  int64_t n = gossl_cert_make("localhost,127.0.0.1", 19, start, end, pem, sizeof pem, &err);
  assert(n > 0 && n < (int64_t)sizeof pem);
  assert(gossl_config_new(GOSSL_METHOD_TLS_SERVER, &config, &err) == GOSSL_OK);
  assert(gossl_config_use_certificate(config, (gossl_in *)pem, (size_t)n, NULL, 0, NULL, 0, &err) == GOSSL_OK);
  gossl_config_free(config);
  int64_t m = gossl_cert_get((gossl_in *)pem, (size_t)n, GOSSL_CERT_DETAILS, (uint8_t *)details, sizeof details, &err);
  assert(m > 0 && m < (int64_t)sizeof details);
  details[m] = 0;
  assert(strstr(details, "\"curve\":\"P-256\"") && strstr(details, "\"notAfter\":1800000000"));
  /* What does not fit is not written, and each is another. */
  memset(other, 0, sizeof other);
  assert(gossl_cert_make("localhost,127.0.0.1", 19, start, end, other, 10, &err) > 10 && other[0] == 0);
  assert(gossl_cert_make("localhost,127.0.0.1", 19, start, end, other, sizeof other, &err) > 0);
  assert(memcmp(pem, other, (size_t)n) != 0);
  assert(gossl_cert_make("a b", 3, start, end, other, sizeof other, &err) == GOSSL_E_ARGUMENT && err.message[0]);
  assert(gossl_cert_make("a", 1, end, start, other, sizeof other, NULL) == GOSSL_E_ARGUMENT);
  assert(gossl_cert_make(NULL, 0, start, end, other, sizeof other, NULL) == GOSSL_E_ARGUMENT);
}

static void wrong(void) {
  gossl_error err;
  const gossl_conn bad[] = {0, 1, ~(uint64_t)0, (uint64_t)2 << 56, (uint64_t)2 << 56 | 1000000};
  uint8_t buf[16];
  gossl_config config;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert(gossl_conn_handshake(bad[i]) == GOSSL_E_HANDLE);
    assert(gossl_conn_read(bad[i], buf, sizeof buf) == GOSSL_E_HANDLE);
    assert(gossl_conn_write(bad[i], buf, sizeof buf) == GOSSL_E_HANDLE);
    assert(gossl_conn_shutdown(bad[i]) == GOSSL_E_HANDLE);
    assert(gossl_conn_pending(bad[i]) == GOSSL_E_HANDLE);
    assert(gossl_conn_error(bad[i], &err) == GOSSL_E_HANDLE);
    assert(gossl_conn_get(bad[i], GOSSL_CONN_ALPN, buf, sizeof buf) == GOSSL_E_HANDLE);
    assert(gossl_config_set_int(bad[i], GOSSL_CONFIG_OPTIONS, 0, &err) == GOSSL_E_HANDLE);
    assert(gossl_session_get_int(bad[i], GOSSL_SESSION_TIME) == GOSSL_E_HANDLE);
    assert(gossl_bio_read(bad[i], buf, sizeof buf) == GOSSL_E_HANDLE);
    gossl_conn_free(bad[i]);
    gossl_config_free(bad[i]);
    gossl_session_free(bad[i]);
    gossl_bio_free(bad[i]);
  }
  assert(gossl_config_new(99, &config, &err) == GOSSL_E_ARGUMENT && err.message[0]);
  assert(gossl_config_new(GOSSL_METHOD_TLS, NULL, NULL) == GOSSL_E_ARGUMENT);
  assert(gossl_config_new(GOSSL_METHOD_TLS, &config, &err) == GOSSL_OK);
  assert(gossl_config_set(config, GOSSL_CONFIG_CIPHERS, NULL, 5, &err) == GOSSL_E_ARGUMENT);
  assert(gossl_config_set(config, GOSSL_CONFIG_CIPHERS, (gossl_in *)"nonsense", 8, &err) == GOSSL_E_INPUT);
  assert(strcmp(err.name, "NO_CIPHER_MATCH") == 0);
  assert(gossl_config_set_int(config, 9999, 1, &err) == GOSSL_E_ARGUMENT);
  assert(gossl_config_add_anchor_file(config, "/nonexistent", 12, &err) == GOSSL_E_SYSCALL && err.sys_errno == 2);
  assert(gossl_config_use_certificate(config, (gossl_in *)"x", 1, NULL, 0, NULL, 0, &err) == GOSSL_E_INPUT);
  gossl_config_free(config);
  gossl_config_free(config);
  assert(gossl_config_set_int(config, GOSSL_CONFIG_OPTIONS, 0, &err) == GOSSL_E_HANDLE);
}

int main(int argc, char **argv) {
  assert(argc == 4);
  assert(gossl_abi_version() == GOSSL_ABI_VERSION);
  pair p;
  make(&p, argv + 1);
  talk(&p);
  drop(&p);
  make(&p, argv + 1);
  stranger(&p);
  drop(&p);
  certificate();
  wrong();
  puts("smoke: ok");
  return 0;
}
