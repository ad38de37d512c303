/* places.c: where the interpreter's OpenSSL looks for trust anchors. To load it takes 1.3 ms of a process's first context,
   and 2 MB, and a program on gossl needs nothing else of it: so the answer is read in its file.

   Which file the dynamic linker would take is looked up in its cache (ld.so(8)), and taken if it is the only one that all
   search paths have. Wherever anything is not as expected, the library is loaded. */
#define _GNU_SOURCE
#include "places.h"

#include <stdio.h>
#include <string.h>

#ifdef _WIN32
int places_find(const char *library, int may_load, places *p) { return (void)library, (void)may_load, (void)p, 0; }
#else
#include <dlfcn.h>

#define OF_FILE "X509_get_default_cert_file"
#define OF_DIRECTORY "X509_get_default_cert_dir"

static int copied(const char *text, char to[LONGEST_PLACE]) {
  return text && snprintf(to, LONGEST_PLACE, "%s", text) < LONGEST_PLACE;
}

/* Asks what is loaded. */
static int asked(void *handle, places *p) {
  const char *(*of_file)(void) = (const char *(*)(void))dlsym(handle, OF_FILE);
  const char *(*of_directory)(void) = (const char *(*)(void))dlsym(handle, OF_DIRECTORY);
  return of_file && of_directory && copied(of_file(), p->file) && copied(of_directory(), p->directory);
}

#if defined(__linux__) && defined(__GLIBC__) && defined(__x86_64__)
#include "elf_file.h"

#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The name by which a library asks for libcrypto itself, so that its own run path counts, and not that of libssl. */
static int needed(const elf_file *library, char name[ELF_TEXT]) {
  for (const Elf64_Dyn *d = library->entry; d->d_tag != DT_NULL; d++)
    if (d->d_tag == DT_NEEDED && elf_string(library, d->d_un.d_val, name) && !strncmp(name, "libcrypto.", strlen("libcrypto.")))
      return !strchr(name, '/');
  return 0;
}

/* Whether a directory has no other file of the name than this one, for any processor. */
static int agrees(const char *directory, const char *name, const struct stat *chosen) {
  static const char *const below[] = {"", "glibc-hwcaps/x86-64-v2/", "glibc-hwcaps/x86-64-v3/", "glibc-hwcaps/x86-64-v4/"};
  char file[2 * ELF_TEXT];
  struct stat other;
  if (*directory != '/' || strchr(directory, '$')) return 0;
  for (size_t i = 0; i < sizeof below / sizeof *below; i++) {
    if (snprintf(file, sizeof file, "%s/%s%s", directory, below[i], name) >= (int)sizeof file) return 0;
    if (!stat(file, &other) && (other.st_dev != chosen->st_dev || other.st_ino != chosen->st_ino)) return 0;
  }
  return 1;
}

/* The same of a library's run path. */
static int run_path_agrees(const elf_file *library, int64_t tag, const char *name, const struct stat *chosen) {
  char path[ELF_TEXT], *rest = path, *directory;
  if (!elf_value(library, tag)) return 1;
  if (!elf_string(library, elf_value(library, tag), path)) return 0;
  while ((directory = strsep(&rest, ":")))
    if (!agrees(directory, name, chosen)) return 0;
  return 1;
}

/* And of what is searched for every library: LD_LIBRARY_PATH as it was when the process began, DT_RPATH of the program
   and of what loads extension modules, the system's own directories. This library, which has no run path, is asked about. */
static int all_agree(const char *name, const struct stat *chosen) {
  Dl_info self;
  Dl_serinfo size, *paths;
  void *handle = dladdr((void *)places_find, &self) ? dlopen(self.dli_fname, RTLD_LAZY | RTLD_NOLOAD) : NULL;
  if (!handle || dlinfo(handle, RTLD_DI_SERINFOSIZE, &size) || !(paths = calloc(1, size.dls_size))) return 0;
  int agreed = !dlinfo(handle, RTLD_DI_SERINFOSIZE, paths) && !dlinfo(handle, RTLD_DI_SERINFO, paths);
  for (unsigned i = 0; agreed && i < paths->dls_cnt; i++) agreed = agrees(paths->dls_serpath[i].dls_name, name, chosen);
  free(paths);
  dlclose(handle);
  return agreed;
}

enum { LARGEST_CACHE = 1 << 22, X86_64 = 0x0303 };

/* The only file of the name in a cache. It begins with this header since glibc 2.32; a NUL stands behind it. */
static const char *only(const char *cache, size_t size, const char *name) {
  struct { char magic[20]; uint32_t count, unused[6]; } head;
  struct { uint32_t flags, name, file, unused; uint64_t processor; } entry;
  const char *found = NULL;
  if (size < sizeof head) return NULL;
  memcpy(&head, cache, sizeof head);
  if (memcmp(head.magic, "glibc-ld.so.cache1.1", sizeof head.magic) || head.count > (size - sizeof head) / sizeof entry) return NULL;
  for (uint32_t i = 0; i < head.count; i++) {
    memcpy(&entry, cache + sizeof head + i * sizeof entry, sizeof entry);
    if (entry.flags != X86_64 || entry.name >= size || strcmp(cache + entry.name, name)) continue;
    if (found || entry.processor || entry.file >= size) return NULL;
    found = cache + entry.file;
  }
  return found;
}

static int cached(const char *name, char file[ELF_TEXT]) {
  struct stat status;
  int fd = open("/etc/ld.so.cache", O_RDONLY | O_CLOEXEC);
  size_t size = fd >= 0 && !fstat(fd, &status) && status.st_size < LARGEST_CACHE ? (size_t)status.st_size : 0;
  char *cache = calloc(1, size + 1);
  const char *found = cache && pread(fd, cache, size, 0) == (ssize_t)size ? only(cache, size, name) : NULL;
  int fits = found && snprintf(file, ELF_TEXT, "%s", found) < ELF_TEXT;
  free(cache);
  if (fd >= 0) close(fd);
  return fits;
}

static int constants(const char *path, places *p) {
  elf_file e;
  int ok = elf_open(&e, path) && elf_constant(&e, OF_FILE, p->file) && elf_constant(&e, OF_DIRECTORY, p->directory);
  elf_close(&e);
  return ok;
}

static int read_in_file(const char *path, places *p) {
  elf_file library;
  char name[ELF_TEXT], file[ELF_TEXT];
  struct stat chosen;
  void *loaded = NULL;
  int ok = elf_open(&library, path) && needed(&library, name);
  if (ok && !(loaded = dlopen(name, RTLD_LAZY | RTLD_NOLOAD)))
    ok = cached(name, file) && !stat(file, &chosen) && run_path_agrees(&library, DT_RPATH, name, &chosen) &&
         run_path_agrees(&library, DT_RUNPATH, name, &chosen) && all_agree(name, &chosen);
  elf_close(&library);
  return ok && (loaded ? asked(loaded, p) : constants(file, p));
}
#else
static int read_in_file(const char *path, places *p) { return (void)path, (void)p, 0; }
#endif

int places_find(const char *path, int may_load, places *p) {
  if (read_in_file(path, p)) return 1;
  void *library = may_load ? dlopen(path, RTLD_LAZY | RTLD_LOCAL) : NULL;
  return library && asked(library, p);
}
#endif
