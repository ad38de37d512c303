/* elf_file.h: a shared library's file, read without loading it. */
#ifndef GOSSL_ELF_FILE_H
#define GOSSL_ELF_FILE_H

#include <elf.h>

enum { ELF_SEGMENTS = 32, ELF_ENTRIES = 128, ELF_TEXT = 4096 };

typedef struct elf_file {
  int fd, segments;
  Elf64_Phdr segment[ELF_SEGMENTS];
  Elf64_Dyn entry[ELF_ENTRIES + 1]; /* of the dynamic section; ends with DT_NULL */
} elf_file;

/* 1, or 0 if it is none of x86-64. Either way elf_close has to follow. */
int elf_open(elf_file *, const char *path);
void elf_close(elf_file *);

/* The value of an entry; 0 if there is none. */
uint64_t elf_value(const elf_file *, int64_t tag);

/* A string of the dynamic section: 1, or 0 if there is none. */
int elf_string(const elf_file *, uint64_t offset, char to[ELF_TEXT]);

/* The text that a function returns, if it does nothing else: 1, or 0 if it does, or there is none. */
int elf_constant(const elf_file *, const char *function, char to[ELF_TEXT]);

#endif
