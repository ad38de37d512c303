/* outside.c: the smallest program that links the installed library. */
#include <gossl.h>
#include <stdio.h>

int main(void) {
  char version[64];
  int64_t n = gossl_version(version, sizeof version);
  printf("outside: ok, %.*s\n", (int)n, version);
  return gossl_abi_version() != GOSSL_ABI_VERSION;
}
