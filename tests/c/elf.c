/* elf.c: reads libraries, sound and damaged, without loading them (capi/elf_file.c, which is not part of the interface).

   elf FUNCTION FILE       prints the text that the function returns, or "-"
   elf FUNCTION FILE cut   the same for the file cut at every length, and with each byte of its tables changed: what is not
                           there may not be told, nor anything be read elsewhere */
#include "elf_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *told(const char *path, const char *function) {
  static char text[ELF_TEXT];
  elf_file e;
  int ok = elf_open(&e, path) && elf_constant(&e, function, text);
  if (ok) elf_string(&e, elf_value(&e, DT_NEEDED), (char[ELF_TEXT]){0});
  elf_close(&e);
  return ok ? text : "-";
}

static void put(int fd, const char *data, size_t size, off_t at) {
  if (pwrite(fd, data, size, at) != (ssize_t)size) abort();
}

int main(int argc, char **argv) {
  static char data[1 << 20];
  char path[64], right[ELF_TEXT];
  snprintf(right, sizeof right, "%s", told(argv[2], argv[1]));
  if (argc < 4) return puts(right) < 0;
  int from = open(argv[2], O_RDONLY), fd = memfd_create("damaged", 0), wrong = 0, same = 0;
  ssize_t size = read(from, data, sizeof data);
  if (size <= 0 || fd < 0) return 2;
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  for (ssize_t n = 0; n <= size; n++) {
    const char *found = told(path, argv[1]);
    if (strcmp(found, "-") && strcmp(found, right)) wrong++;
    if (n < size) put(fd, data + n, 1, n);
  }
  for (ssize_t n = 0; n < size; n++)
    for (int bit = 0; bit < 8; bit += 7) {
      put(fd, (char[]){(char)(data[n] ^ 1 << bit)}, 1, n);
      same += !strcmp(told(path, argv[1]), right);
      put(fd, data + n, 1, n);
    }
  printf("%d wrong, told by the whole: %d, by some damaged: %d\n", wrong, !strcmp(told(path, argv[1]), right), same > 0);
  return wrong;
}
