//go:build linux && amd64

/* elf_file.c: a shared library's file. It is read and not mapped: somebody may cut it short meanwhile, and what is not
   there is not told. Names are those of the ELF specification (elf(5)). */
#include "elf_file.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

/* Reads what stands at an address; gives how much of it is in the file. */
static size_t at(const elf_file *e, uint64_t address, void *to, size_t size) {
  for (const Elf64_Phdr *s = e->segment; s < e->segment + e->segments; s++) {
    uint64_t skipped = address - s->p_vaddr;
    if (s->p_type != PT_LOAD || address < s->p_vaddr || skipped >= s->p_filesz) continue;
    if (size > s->p_filesz - skipped) size = s->p_filesz - skipped;
    ssize_t n = pread(e->fd, to, size, (off_t)(s->p_offset + skipped));
    return n < 0 ? 0 : (size_t)n;
  }
  return 0;
}

static int whole(const elf_file *e, uint64_t address, void *to, size_t size) { return at(e, address, to, size) == size; }

static int text(const elf_file *e, uint64_t address, char to[ELF_TEXT]) {
  return memchr(to, 0, at(e, address, to, ELF_TEXT)) != NULL;
}

int elf_open(elf_file *e, const char *path) {
  static const char ident[] = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB};
  Elf64_Ehdr h;
  memset(e, 0, sizeof *e);
  if ((e->fd = open(path, O_RDONLY | O_CLOEXEC)) < 0) return 0;
  if (pread(e->fd, &h, sizeof h, 0) != sizeof h || memcmp(h.e_ident, ident, sizeof ident) || h.e_machine != EM_X86_64 ||
      h.e_phentsize != sizeof *e->segment || h.e_phnum > ELF_SEGMENTS)
    return 0;
  size_t size = h.e_phnum * sizeof *e->segment;
  if (pread(e->fd, e->segment, size, (off_t)h.e_phoff) != (ssize_t)size) return 0;
  e->segments = h.e_phnum;
  for (const Elf64_Phdr *s = e->segment; s < e->segment + e->segments; s++)
    if (s->p_type == PT_DYNAMIC)
      return s->p_filesz <= ELF_ENTRIES * sizeof *e->entry && whole(e, s->p_vaddr, e->entry, s->p_filesz);
  return 0;
}

void elf_close(elf_file *e) {
  if (e->fd >= 0) close(e->fd);
}

uint64_t elf_value(const elf_file *e, int64_t tag) {
  for (const Elf64_Dyn *d = e->entry; d->d_tag != DT_NULL; d++)
    if (d->d_tag == tag) return d->d_un.d_val;
  return 0;
}

int elf_string(const elf_file *e, uint64_t offset, char to[ELF_TEXT]) {
  return text(e, elf_value(e, DT_STRTAB) + offset, to);
}

/* The address of a function, by the table that DT_GNU_HASH leads to; 0 if there is none. */
static uint64_t function(const elf_file *e, const char *name) {
  struct { uint32_t buckets, first, words, shift; } head;
  uint32_t hash = 5381, i, link;
  for (const char *c = name; *c; c++) hash = hash * 33 + (unsigned char)*c;
  uint64_t table = elf_value(e, DT_GNU_HASH), symbols = elf_value(e, DT_SYMTAB);
  if (!table || !whole(e, table, &head, sizeof head) || !head.buckets) return 0;
  uint64_t buckets = table + sizeof head + sizeof(uint64_t) * head.words, chains = buckets + sizeof i * (uint64_t)head.buckets;
  if (!whole(e, buckets + sizeof i * (hash % head.buckets), &i, sizeof i) || i < head.first) return 0;
  do {
    Elf64_Sym symbol;
    char found[ELF_TEXT];
    if (!whole(e, chains + sizeof link * (uint64_t)(i - head.first), &link, sizeof link)) return 0;
    if ((link | 1) == (hash | 1) && whole(e, symbols + sizeof symbol * (uint64_t)i, &symbol, sizeof symbol) &&
        elf_string(e, symbol.st_name, found) && !strcmp(found, name))
      return symbol.st_shndx != SHN_UNDEF && ELF64_ST_TYPE(symbol.st_info) == STT_FUNC ? symbol.st_value : 0;
  } while (i++, !(link & 1));
  return 0;
}

/* Its code is then: lea distance(%rip), %rax; ret; perhaps behind an endbr64. */
int elf_constant(const elf_file *e, const char *name, char to[ELF_TEXT]) {
  static const unsigned char landing[] = {0xf3, 0x0f, 0x1e, 0xfa}, lea[] = {0x48, 0x8d, 0x05}, ret = 0xc3;
  unsigned char code[sizeof landing + sizeof lea + sizeof(int32_t) + sizeof ret];
  int32_t distance;
  uint64_t address = function(e, name);
  if (!address || !whole(e, address, code, sizeof code)) return 0;
  size_t n = memcmp(code, landing, sizeof landing) ? 0 : sizeof landing;
  if (memcmp(code + n, lea, sizeof lea)) return 0;
  memcpy(&distance, code + (n += sizeof lea), sizeof distance);
  return code[n += sizeof distance] == ret && text(e, address + n + (uint64_t)(int64_t)distance, to);
}
