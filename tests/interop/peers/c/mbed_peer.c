/* A TLS 1.2 client and server on mbedTLS 2.28, for the interop tests.

       mbed_peer server CERT KEY VERSION         prints its port, then answers every connection
       mbed_peer client PORT CA VERSION          prints what the server answers                                       */
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>

#include "sockets.h"

static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context drbg;
static mbedtls_ssl_config config;
static mbedtls_x509_crt certificate;
static mbedtls_pk_context key;

static void configure(int endpoint) {
  mbedtls_entropy_init(&entropy);
  mbedtls_ctr_drbg_init(&drbg);
  mbedtls_ssl_config_init(&config);
  mbedtls_x509_crt_init(&certificate);
  mbedtls_pk_init(&key);
  need(!mbedtls_ctr_drbg_seed(&drbg, mbedtls_entropy_func, &entropy, NULL, 0), "seed");
  need(!mbedtls_ssl_config_defaults(&config, endpoint, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT),
       "config");
  mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &drbg);
}

static void start(mbedtls_ssl_context *s, mbedtls_net_context *net) {
  mbedtls_ssl_init(s);
  need(!mbedtls_ssl_setup(s, &config), "setup");
  mbedtls_ssl_set_bio(s, net, mbedtls_net_send, mbedtls_net_recv, NULL);
}

static void serve(char **a) {
  configure(MBEDTLS_SSL_IS_SERVER);
  need(!mbedtls_x509_crt_parse_file(&certificate, a[0]) && !mbedtls_pk_parse_keyfile(&key, a[1], NULL), "certificate");
  need(!mbedtls_ssl_conf_own_cert(&config, &certificate, &key), "own certificate");
  int listener = listen_anywhere();
  for (;;) {
    mbedtls_net_context net = {accept(listener, NULL, NULL)};
    mbedtls_ssl_context s;
    unsigned char request[1000];
    start(&s, &net);
    if (mbedtls_ssl_handshake(&s) == 0 && mbedtls_ssl_read(&s, request, sizeof request) > 0) {
      mbedtls_ssl_write(&s, (const unsigned char *)ANSWER, sizeof ANSWER - 1);
      mbedtls_ssl_close_notify(&s);
    }
    mbedtls_ssl_free(&s);
    mbedtls_net_free(&net);
  }
}

static void fetch(char **a) {
  configure(MBEDTLS_SSL_IS_CLIENT);
  need(!mbedtls_x509_crt_parse_file(&certificate, a[1]), "authority");
  mbedtls_ssl_conf_ca_chain(&config, &certificate, NULL);
  mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_REQUIRED);
  mbedtls_net_context net = {dial(a[0])};
  mbedtls_ssl_context s;
  start(&s, &net);
  need(!mbedtls_ssl_set_hostname(&s, "localhost"), "host name");
  need(!mbedtls_ssl_handshake(&s), "handshake");
  need(mbedtls_ssl_write(&s, (const unsigned char *)REQUEST, sizeof REQUEST - 1) > 0, "write");
  unsigned char buf[1000];
  int n;
  while ((n = mbedtls_ssl_read(&s, buf, sizeof buf)) > 0) fwrite(buf, 1, (size_t)n, stdout);
}

int main(int argc, char **argv) {
  need(argc == 5 && strcmp(argv[4], "1.2") == 0, "usage: server CERT KEY 1.2 | client PORT CA 1.2");
  if (strcmp(argv[1], "server") == 0) serve(argv + 2);
  fetch(argv + 2);
  return 0;
}
