/* owner.h: the capsules of Python that own a connection or a queue: freed with the last reference to them, without a line
   of Python. */
#ifndef GOSSL_OWNER_H
#define GOSSL_OWNER_H

#include "bio.h"

#include <stdint.h>

/* What a capsule points to. */
typedef struct owned {
  uint64_t handle;
  bio *queue;  /* the queue; or the incoming one of a connection, NULL if that is over a socket */
  void *wants; /* of a connection: see below; else NULL */
  void (*free)(uint64_t handle);
  const void *home; /* which copy of the library it is of: a forked child may have two */
  int32_t begun, agreed; /* the handshake: its first step has been taken; it is complete */
  int32_t waits;         /* a read had to wait lately */
} owned;

/* A tuple: the type of the exception for want of input; its arguments in a read and in a handshake, which are tuples; and
   the names of the attributes "library" and "reason". */
enum { WANT_TYPE, WANT_OF_READ, WANT_OF_HANDSHAKE, WANT_LIBRARY, WANT_REASON };

/* What an owner stands for: NULL, with an exception set, if it is none of this library's. */
owned *owned_by(void *object);
/* The same without an exception. */
owned *owned_if_ours(void *object);

/* Raises the exception for want of input; returns NULL. */
void *raise_want(const owned *o, int arguments);

/* 1 if there are as many arguments as wanted; else an exception is set. */
int arguments_are(intptr_t count, intptr_t wanted);

/* Functions for python.c's table. */
void *python_conn_new(void *self, void *const *arguments, intptr_t count);
void *python_bio_new(void *self, void *const *arguments, intptr_t count);
void *python_number(void *self, void *const *arguments, intptr_t count);

#endif
