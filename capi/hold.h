/* hold.h: what a method of Python's works on, read from the slots of its object and held for as long as the call takes.

   With a lock of the interpreter that protects the slots, and what owns a connection or a queue is kept by a second slot
   that never changes. Without one it is the lock of the object, as for the interpreter's own reads and writes of slots,
   until there is a reference to what was in the slot. */
#ifndef GOSSL_HOLD_H
#define GOSSL_HOLD_H

#include "owner.h"
#include "python.h"

#include <stdint.h>

typedef struct held {
  void *owner;  /* a reference to the capsule, where the interpreter has no lock; else NULL */
  owned *o;     /* what it owns; NULL if all is left to Python */
  void *socket; /* a reference to that of a connection over one; NULL if it is gone, or over queues */
} held;

/* Where in an object the slots are, in bytes. */
typedef struct places {
  intptr_t conn, conn_socket, bio;
} places;

extern places hold_places;

/* The same where the interpreter has no lock. */
held hold_free_conn(void *self);
held hold_free_bio(void *self);

/* What a weak reference refers to, as a new reference; NULL if it is gone. */
void *hold_referent(void *reference);

/* What is in a slot, borrowed; NULL for nothing and for None. */
static inline void *hold_slot(void *self, const intptr_t *place) {
  intptr_t at = __atomic_load_n(place, __ATOMIC_RELAXED);
  void *found = __atomic_load_n((void **)((char *)self + at), __ATOMIC_ACQUIRE);
  return found == py.none ? NULL : found;
}

static inline owned *hold_owned(void *owner) { return owner ? owned_if_ours(owner) : NULL; }

static inline held hold_conn(void *self) {
  if (py.lock_object) return hold_free_conn(self);
  held h = {NULL, hold_owned(hold_slot(self, &hold_places.conn)), NULL};
  if (h.o && !h.o->queue) h.socket = hold_referent(hold_slot(self, &hold_places.conn_socket));
  return h;
}

static inline held hold_bio(void *self) {
  if (py.lock_object) return hold_free_bio(self);
  return (held){NULL, hold_owned(hold_slot(self, &hold_places.bio)), NULL};
}

static inline void hold_end(held *h) {
  if (h->socket) py.release(h->socket);
  if (h->owner) py.release(h->owner);
}

/* A variable that lets go at the end of its block. */
#define HELD __attribute__((cleanup(hold_end))) held

#endif
