/* owner.c: making connections and queues for Python, and what owns them there. */
#include "owner.h"
#include "gossl.h"
#include "python.h"

#include <stdlib.h>
#include <string.h>

static const char NAME[] = "gossl";

owned *owned_by(void *object) {
  owned *o = py.capsule_pointer(object, NAME);
  if (o && o->home == NAME) return o;
  py.clear_error();
  py.bad_argument();
  return NULL;
}

owned *owned_if_ours(void *object) {
  owned *o = owned_by(object);
  if (!o) py.clear_error();
  return o;
}

static void release_owned(owned *o) {
  o->free(o->handle);
  if (o->wants) py.release(o->wants);
  free(o);
}

static void free_owned(void *capsule) { release_owned(py.capsule_pointer(capsule, NAME)); }

/* A capsule that owns a handle, which is freed if there is no memory for it: then an exception is set. */
static void *own(uint64_t handle, bio *queue, void *wants, void (*free_handle)(uint64_t)) {
  owned *o = malloc(sizeof *o);
  if (!o) {
    free_handle(handle);
    return py.no_memory();
  }
  *o = (owned){handle, queue, wants, free_handle, NAME, 0, 0, 0};
  if (wants) py.retain(wants);
  void *capsule = py.capsule_new(o, NAME, free_owned);
  if (!capsule) release_owned(o);
  return capsule;
}

/* The queue of an owner, NULL for None; a status if there is no such queue here. */
static int32_t queue_of(void *object, bio **queue) {
  *queue = NULL;
  if (object == py.none) return GOSSL_OK;
  owned *o = owned_if_ours(object);
  if (!o) return GOSSL_E_FORKED;
  if (o->free != gossl_bio_free) return GOSSL_E_HANDLE;
  *queue = o->queue;
  return GOSSL_OK;
}

static int number_of(void *object, uint64_t *number) {
  *number = py.handle_value(object);
  return *number != (uint64_t)-1 || !py.error_occurred();
}

void *python_conn_new(void *self, void *const *arguments, intptr_t count) {
  uint64_t config, session;
  bio *in, *out;
  gossl_conn made = 0;
  const char *name = NULL;
  if (!arguments_are(count, 8) || !number_of(arguments[0], &config) || !number_of(arguments[6], &session)) return NULL;
  int64_t side = py.int_value(arguments[1]), fd = py.int_value(arguments[3]);
  if (py.error_occurred()) return NULL;
  if (arguments[2] != py.none && !(name = py.bytes_data(arguments[2]))) return NULL;
  size_t size = name ? strlen(name) : 0;
  int32_t status = queue_of(arguments[4], &in);
  if (status == GOSSL_OK) status = queue_of(arguments[5], &out);
  if (status != GOSSL_OK) return py.int_new(status);
  if (in) bio_hold(in);
  if (out) bio_hold(out);
  status = conn_make(config, (int32_t)side, name, size, (int32_t)fd, in, out, session, &made);
  if (status < 0) {
    if (in) bio_unref(in);
    if (out) bio_unref(out);
    return py.int_new(status);
  }
  return own(made, in, arguments[7], gossl_conn_free);
}

void *python_bio_new(void *self, void *const *arguments, intptr_t count) {
  gossl_bio made = 0;
  if (!arguments_are(count, 0)) return NULL;
  int32_t status = gossl_bio_new(&made, NULL);
  if (status < 0) return py.int_new(status);
  bio *b = bio_ref(made);
  bio_unref(b); /* the handle keeps it */
  return own(made, b, NULL, gossl_bio_free);
}

void *python_number(void *self, void *const *arguments, intptr_t count) {
  if (!arguments_are(count, 1)) return NULL;
  owned *o = owned_if_ours(arguments[0]);
  return py.int_new(o ? (long long)o->handle : GOSSL_E_FORKED);
}

void *raise_want(const owned *o, int arguments) {
  void *type = py.item(o->wants, WANT_TYPE), *exception = py.call(type, py.item(o->wants, arguments));
  if (!exception) return NULL;
  if (py.set_attribute(exception, py.item(o->wants, WANT_LIBRARY), py.none) == 0 &&
      py.set_attribute(exception, py.item(o->wants, WANT_REASON), py.none) == 0)
    py.set_error(type, exception);
  py.release(exception);
  return NULL;
}
