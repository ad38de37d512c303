/* A TLS client and server on wolfSSL, for the interop tests.

       wolf_peer server CERT KEY VERSION         prints its port, then answers every connection
       wolf_peer client PORT CA VERSION          prints what the server answers                                       */
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include "sockets.h"

static WOLFSSL_CTX *context(const char *version, int server) {
  int old = strcmp(version, "1.2") == 0;
  WOLFSSL_METHOD *m = server ? (old ? wolfTLSv1_2_server_method() : wolfTLSv1_3_server_method())
                             : (old ? wolfTLSv1_2_client_method() : wolfTLSv1_3_client_method());
  WOLFSSL_CTX *c = wolfSSL_CTX_new(m);
  need(c != NULL, "context");
  return c;
}

static void serve(char **a) {
  WOLFSSL_CTX *c = context(a[2], 1);
  need(wolfSSL_CTX_use_certificate_chain_file(c, a[0]) == WOLFSSL_SUCCESS, "certificate");
  need(wolfSSL_CTX_use_PrivateKey_file(c, a[1], WOLFSSL_FILETYPE_PEM) == WOLFSSL_SUCCESS, "key");
  int listener = listen_anywhere();
  for (;;) {
    int fd = accept(listener, NULL, NULL);
    WOLFSSL *s = wolfSSL_new(c);
    char request[1000];
    wolfSSL_set_fd(s, fd);
    if (wolfSSL_accept(s) == WOLFSSL_SUCCESS && wolfSSL_read(s, request, sizeof request) > 0) {
      wolfSSL_write(s, ANSWER, sizeof ANSWER - 1);
      wolfSSL_shutdown(s);
    }
    wolfSSL_free(s);
    close(fd);
  }
}

static void fetch(char **a) {
  WOLFSSL_CTX *c = context(a[2], 0);
  need(wolfSSL_CTX_load_verify_locations(c, a[1], NULL) == WOLFSSL_SUCCESS, "authority");
  WOLFSSL *s = wolfSSL_new(c);
  wolfSSL_UseSNI(s, WOLFSSL_SNI_HOST_NAME, "localhost", 9);
  wolfSSL_check_domain_name(s, "localhost");
  wolfSSL_set_fd(s, dial(a[0]));
  need(wolfSSL_connect(s) == WOLFSSL_SUCCESS, "handshake");
  need(wolfSSL_write(s, REQUEST, sizeof REQUEST - 1) > 0, "write");
  char buf[1000];
  int n;
  while ((n = wolfSSL_read(s, buf, sizeof buf)) > 0) fwrite(buf, 1, (size_t)n, stdout);
}

int main(int argc, char **argv) {
  need(argc == 5, "usage: server CERT KEY VERSION | client PORT CA VERSION");
  wolfSSL_Init();
  if (strcmp(argv[1], "server") == 0) serve(argv + 2);
  fetch(argv + 2);
  return 0;
}
