/* hold.c: slots of Python objects where the interpreter has no lock. */
#include "hold.h"
#include "fork.h"
#include "python.h"

KEPT places hold_places;

static void set(intptr_t *place, intptr_t at) { __atomic_store_n(place, at, __ATOMIC_RELAXED); }

/* Interpreters with a lock each may do this at the same time, with the same numbers. */
void python_place_conn(intptr_t object, intptr_t socket) {
  set(&hold_places.conn, object);
  set(&hold_places.conn_socket, socket);
}

void python_place_bio(intptr_t object) { set(&hold_places.bio, object); }

/* What is in two slots, or in one, as new references. */
static void take(void *self, const intptr_t *first, const intptr_t *second, void **found, void **found_second) {
  uintptr_t section[8]; /* PyCriticalSection has two words */
  py.lock_object(section, self);
  if ((*found = hold_slot(self, first))) py.retain(*found);
  if (second && (*found_second = hold_slot(self, second))) py.retain(*found_second);
  py.unlock_object(section);
}

void *hold_referent(void *reference) {
  void *found = NULL;
  if (py.referent) {
    if (py.referent(reference, &found) < 0) py.clear_error();
    return found;
  }
  found = py.borrowed_referent(reference);
  if (!found) py.clear_error();
  if (!found || found == py.none) return NULL;
  py.retain(found);
  return found;
}

held hold_free_conn(void *self) {
  void *owner, *reference;
  take(self, &hold_places.conn, &hold_places.conn_socket, &owner, &reference);
  held h = {owner, hold_owned(owner), NULL};
  if (h.o && reference) h.socket = hold_referent(reference);
  if (reference) py.release(reference);
  return h;
}

held hold_free_bio(void *self) {
  void *owner;
  take(self, &hold_places.bio, NULL, &owner, NULL);
  return (held){owner, hold_owned(owner), NULL};
}
