/* python.c: the calls on the path of data, and those that make connections, as builtins of CPython.

   ctypes needs longer to convert the arguments of a call than the engine needs for a small record. These functions are
   called by the interpreter itself, allocate the result that they fill and read the caller's buffer in place. */
#include "python.h"
#include "api.h"
#include "bio.h"
#include "fork.h"
#include "gossl.h"
#include "hold.h"
#include "owner.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#ifdef _WIN32
#include <winsock2.h>
#define poll WSAPoll
#else
#include <poll.h>
#endif

#define RECORD 16384
/* As much as is read at once into new bytes: some records. */
#define MOST (4 * RECORD)
/* From about 2 microseconds of work on it pays to let other Python threads run: a record of some kilobytes. */
#define LONG_WORK 4096
#define LONG_COPY 32768

typedef python_buffer buffer;

#define READABLE PYTHON_READABLE
#define WRITABLE PYTHON_WRITABLE

KEPT python_api py;

void *python_none(void) {
  py.retain(py.none);
  return py.none;
}

API int32_t gossl_python_launch(void) { return runtime_launch(); }

API int32_t gossl_python_restarts(int32_t never) { return fork_restarts(never); }

API void gossl_python_abandon(void) { fork_abandon(); }

int arguments_are(intptr_t count, intptr_t wanted) {
  if (count == wanted) return 1;
  py.bad_argument();
  return 0;
}

/* An int argument of a length or place; negative with an exception set if it is none. */
static int64_t length(void *object) {
  int64_t value = py.int_value(object);
  if (value >= 0) return value;
  if (!py.error_occurred()) py.bad_argument();
  return -1;
}

/* 1 and the handle of an owner; or 0 with an exception set. */
static int handle_of(void *object, uint64_t *handle) {
  owned *o = owned_by(object);
  if (o) *handle = o->handle;
  return o != NULL;
}

/* ---- Waiting ----------------------------------------------------------------------------------------------------- */

/* How often, in seconds, a thread that waits looks whether another one has closed the socket: the kernel does not tell. */
#define LOOK 1.0

#define READY 0
#define RAISED INT64_MIN /* an exception is set */

/* Who waits: the last two arguments of a call. */
typedef struct {
  void *socket; /* NULL: nobody */
  double deadline;
} patience;

/* 1; or 0 with an exception set. */
static int patience_of(void *const *arguments, patience *p) {
  p->socket = arguments[0] == py.none ? NULL : arguments[0];
  p->deadline = INFINITY;
  if (arguments[1] != py.none) p->deadline = py.float_value(arguments[1]);
  return !py.error_occurred();
}

static int descriptor_of(void *socket) {
  int fd = py.descriptor(socket);
  if (fd < 0) py.clear_error();
  return fd;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int poll_without_python(int fd, short events, double seconds) {
  struct pollfd wanted = {fd, events, 0};
  void *state = py.leave_python();
  int n = poll(&wanted, 1, (int)ceil(seconds * 1000));
  int interrupted = n < 0 && errno == EINTR;
  py.enter_python(state);
  return interrupted ? -1 : n != 0; /* any other error is for the operation to find */
}

/* Waits for one of the events. The descriptor's number may be another file's by the time that it is ready. */
static int64_t wait_for(const patience *p, short events) {
  int fd = descriptor_of(p->socket);
  for (;;) {
    if (fd < 0) return PYTHON_SOCKET_CLOSED;
    double left = p->deadline - now();
    if (left <= 0) return PYTHON_TIMED_OUT;
    int ready = poll_without_python(fd, events, left < LOOK ? left : LOOK);
    if (ready < 0 && py.check_signals() < 0) return RAISED;
    if (descriptor_of(p->socket) != fd) return PYTHON_SOCKET_CLOSED;
    if (ready > 0) return READY;
  }
}

/* Whether an operation is to be repeated; if not, *status is its result, or RAISED. also is an event that it can go on
   with whatever it asks for. */
static int waited(const patience *p, int64_t *status, short also) {
  if (!p->socket || (*status != GOSSL_E_WANT_READ && *status != GOSSL_E_WANT_WRITE)) return 0;
  int64_t outcome = wait_for(p, (*status == GOSSL_E_WANT_READ ? POLLIN : POLLOUT) | also);
  if (outcome == READY) return 1;
  *status = outcome;
  return 0;
}

static void *result(int64_t status) { return status == RAISED ? NULL : py.int_new(status); }

/* ---- Connections ------------------------------------------------------------------------------------------------- */

/* One attempt to read. From some size on it pays to let other Python threads run. */
static int64_t read_once(uint64_t handle, uint8_t *data, int64_t size) {
  if (size <= LONG_WORK) return gossl_conn_read(handle, data, (size_t)size);
  void *state = py.leave_python();
  int64_t got = gossl_conn_read(handle, data, (size_t)size);
  py.enter_python(state);
  return got;
}

static int64_t read_patiently(uint64_t handle, uint8_t *data, int64_t size, const patience *p) {
  int64_t got;
  do got = read_once(handle, data, size);
  while (waited(p, &got, POLLIN)); /* what comes is read even while an answer, of the protocol's, cannot leave */
  return got;
}

/* Gives new bytes of at most that many, of which got are used; or what a negative got stands for. */
static void *give_bytes(void *bytes, int64_t most, int64_t got) {
  if (got < 0) {
    py.release(bytes);
    return result(got);
  }
  /* On failure the resize has released the bytes and set an exception. */
  if (got < most && py.bytes_resize(&bytes, got) < 0) return NULL;
  return bytes;
}

static void *python_read(void *self, void *const *arguments, intptr_t count) {
  uint64_t handle;
  int64_t most;
  patience p;
  if (!arguments_are(count, 4) || !handle_of(arguments[0], &handle) || !patience_of(arguments + 2, &p)) return NULL;
  if ((most = length(arguments[1])) < 0) return NULL;
  if (most > MOST) most = MOST;
  void *bytes = py.bytes_new(NULL, most);
  if (!bytes) return NULL;
  return give_bytes(bytes, most, read_patiently(handle, (uint8_t *)py.bytes_data(bytes), most, &p));
}

static void *python_read_into(void *self, void *const *arguments, intptr_t count) {
  uint64_t handle;
  int64_t most;
  patience p;
  buffer into;
  if (!arguments_are(count, 5) || !handle_of(arguments[0], &handle) || !patience_of(arguments + 3, &p)) return NULL;
  if ((most = length(arguments[2])) < 0) return NULL;
  if (py.get_buffer(arguments[1], &into, WRITABLE) < 0) return NULL;
  if (most > into.size) most = into.size;
  int64_t got = read_patiently(handle, into.data, most, &p);
  py.release_buffer(&into);
  return result(got);
}

typedef int64_t (*writer)(uint64_t handle, gossl_in *data, size_t size);

static int64_t write_once(writer write, uint64_t handle, const uint8_t *data, int64_t size, int64_t long_work) {
  if (size <= long_work) return write(handle, data, (size_t)size);
  void *state = py.leave_python();
  int64_t done = write(handle, data, (size_t)size);
  py.enter_python(state);
  return done;
}

/* (handle, data, offset) -> count or a status. */
static void *write_buffer(writer write, void *const *arguments, int64_t long_work, const patience *p) {
  uint64_t handle;
  int64_t offset, done;
  buffer from;
  if (!handle_of(arguments[0], &handle) || (offset = length(arguments[2])) < 0) return NULL;
  if (py.get_buffer(arguments[1], &from, READABLE) < 0) return NULL;
  if (offset > from.size) offset = from.size;
  do done = write_once(write, handle, from.data + offset, from.size - offset, long_work);
  while (waited(p, &done, 0));
  py.release_buffer(&from);
  return result(done);
}

static void *python_write(void *self, void *const *arguments, intptr_t count) {
  patience p;
  if (!arguments_are(count, 5) || !patience_of(arguments + 3, &p)) return NULL;
  return write_buffer(gossl_conn_write, arguments, LONG_WORK, &p);
}

static void *without_python(int64_t (*function)(uint64_t handle), void *const *arguments, intptr_t count) {
  uint64_t handle;
  int64_t status;
  patience p;
  if (!arguments_are(count, 3) || !handle_of(arguments[0], &handle) || !patience_of(arguments + 1, &p)) return NULL;
  do {
    void *state = py.leave_python();
    status = function(handle);
    py.enter_python(state);
  } while (waited(&p, &status, 0));
  return result(status);
}

static void *python_handshake(void *self, void *const *arguments, intptr_t count) {
  return without_python(gossl_conn_handshake, arguments, count);
}

static void *python_shutdown(void *self, void *const *arguments, intptr_t count) {
  return without_python(gossl_conn_shutdown, arguments, count);
}

static void *python_pending(void *self, void *const *arguments, intptr_t count) {
  uint64_t handle;
  if (!arguments_are(count, 1) || !handle_of(arguments[0], &handle)) return NULL;
  return py.int_new(gossl_conn_pending(handle));
}

static void *python_get_int(void *self, void *const *arguments, intptr_t count) {
  uint64_t handle;
  int64_t what;
  if (!arguments_are(count, 2) || !handle_of(arguments[0], &handle) || (what = length(arguments[1])) < 0) return NULL;
  return py.int_new(gossl_conn_get_int(handle, (int32_t)what));
}

/* ---- Memory queues ----------------------------------------------------------------------------------------------- */

static const patience nobody;

static void *python_bio_read(void *self, void *const *arguments, intptr_t count) {
  uint64_t handle;
  int64_t most;
  if (!arguments_are(count, 2) || !handle_of(arguments[0], &handle)) return NULL;
  if ((most = length(arguments[1])) < 0) return NULL;
  int64_t queued = gossl_bio_pending(handle);
  if (queued < 0) return py.int_new(queued);
  if (most > queued) most = queued;
  void *bytes = py.bytes_new(NULL, most);
  if (!bytes) return NULL;
  return give_bytes(bytes, most, gossl_bio_read(handle, (uint8_t *)py.bytes_data(bytes), (size_t)most));
}

static void *python_bio_write(void *self, void *const *arguments, intptr_t count) {
  if (!arguments_are(count, 3)) return NULL;
  return write_buffer(gossl_bio_write, arguments, LONG_COPY, &nobody);
}

static void *python_bio_pending(void *self, void *const *arguments, intptr_t count) {
  uint64_t handle;
  if (!arguments_are(count, 1) || !handle_of(arguments[0], &handle)) return NULL;
  return py.int_new(gossl_bio_pending(handle));
}

/* ---- Methods ------------------------------------------------------------------------------------------------------ */

/* Calls a method of Python with what the library answered, which it releases, and the arguments that are not NULL. */
static void *leave_to(void *self, const char *name, void *found, void *first, void *second) {
  void *method = py.attribute(self, name), *got = NULL;
  if (method) got = py.call_with(method, found ? found : py.none, first, second, NULL);
  if (method) py.release(method);
  if (found) py.release(found);
  return got;
}

/* Whether the functions of Python raise the exceptions for want of input. */
static KEPT int wants_left;

void python_leave_wants(void) { __atomic_store_n(&wants_left, 1, __ATOMIC_RELAXED); }

static int raises_want(int64_t status) {
  return status == GOSSL_E_WANT_READ && !__atomic_load_n(&wants_left, __ATOMIC_RELAXED);
}

/* 1 if the socket, where there is one, is still there; a call must not touch its descriptor otherwise. */
static int usable(const held *h) { return h->o && (h->o->queue || h->socket); }

#define WILL_NOT_WAIT 1

/* Waits for events, as the socket's timeout allows from the first wait on. READY; WILL_NOT_WAIT without a
   socket or with a timeout of 0; or what the answer becomes. */
static int64_t wait_as_timeout_says(const held *h, patience *p, short events) {
  if (h->o->queue) return WILL_NOT_WAIT;
  if (!p->socket) {
    void *timeout = py.attribute(h->socket, "timeout");
    double seconds = !timeout ? 0 : timeout == py.none ? INFINITY : py.float_value(timeout);
    int failed = !timeout || py.error_occurred();
    if (timeout) py.release(timeout);
    if (failed) return RAISED;
    if (seconds == 0) return WILL_NOT_WAIT;
    p->socket = h->socket;
    p->deadline = now() + seconds;
  }
  return wait_for(p, events);
}

static int wants(int64_t status) { return status == GOSSL_E_WANT_READ || status == GOSSL_E_WANT_WRITE; }

/* For how many reads a connection counts as one whose reads wait, after one that did. */
#define LATELY 64

/* Two threads may read at once: one of both counts. */
static void note_wait(owned *o, int waited) {
  int32_t lately = __atomic_load_n(&o->waits, __ATOMIC_RELAXED);
  if (waited) lately = LATELY;
  else if (lately) lately--;
  else return;
  __atomic_store_n(&o->waits, lately, __ATOMIC_RELAXED);
}

typedef int64_t (*reader)(uint64_t handle, uint8_t *data, size_t size);

/* Reads until there is an answer; work says how many bytes it may be about. WANT_READ is one if there is no waiting. */
static int64_t read_or_wait(const held *h, reader read, uint8_t *data, int64_t size, int64_t work) {
  patience p = {NULL, INFINITY};
  owned *o = h->o;
  int32_t waits = 0;
  for (;;) {
    int64_t got;
    if (work <= LONG_WORK) {
      got = read(o->handle, data, (size_t)size);
    } else {
      void *state = py.leave_python();
      got = read(o->handle, data, (size_t)size);
      py.enter_python(state);
    }
    if (!wants(got)) {
      note_wait(o, waits);
      return got;
    }
    /* What comes is read even while an answer, of the protocol's, cannot leave. */
    int64_t outcome = wait_as_timeout_says(h, &p, got == GOSSL_E_WANT_READ ? POLLIN : POLLIN | POLLOUT);
    if (outcome == WILL_NOT_WAIT) return got;
    waits = 1;
    if (outcome != READY) return outcome;
  }
}

/* Leaves a read to Python with what the library answered, which it releases. */
static void *leave_read(const python_reading *r, void *found, void *size, void *into) {
  if (!r->front) return leave_to(r->conn, "_read_on", found, size, into);
  void *got = py.call_with(r->on, r->front, r->conn, found ? found : py.none, size, into, NULL);
  if (found) py.release(found);
  return got;
}

/* What becomes of a read that gave no data. */
static void *no_data(const python_reading *r, const held *h, void *size, void *into, int64_t got) {
  if (got == RAISED) return NULL;
  if (raises_want(got)) return raise_want(h->o, WANT_OF_READ);
  void *found = py.int_new(got);
  return found ? leave_read(r, found, size, into) : NULL;
}

/* A read of what is probably little: its place is the stack, and the bytes are made when their number is known. */
static void *read_little(const python_reading *r, const held *h, void *size, int64_t most, int64_t work) {
  uint8_t data[RECORD];
  int64_t got = read_or_wait(h, gossl_python_read, data, most < RECORD ? most : RECORD, work);
  return got > 0 ? py.bytes_new((const char *)data, got) : no_data(r, h, size, NULL, got);
}

static void *read_much(const python_reading *r, const held *h, void *size, int64_t most) {
  void *bytes = py.bytes_new(NULL, most);
  if (!bytes) return NULL;
  int64_t got = read_or_wait(h, gossl_python_read, (uint8_t *)py.bytes_data(bytes), most, most);
  if (got > 0) return give_bytes(bytes, most, got);
  py.release(bytes);
  return no_data(r, h, size, NULL, got);
}

static void *read_into(const python_reading *r, const held *h, void *size, int64_t most, void *into) {
  buffer b;
  if (py.get_buffer(into, &b, WRITABLE) < 0) {
    py.clear_error();
    return leave_read(r, NULL, size, into);
  }
  if (most <= 0 || most > b.size) most = b.size;
  int64_t got = most ? read_or_wait(h, gossl_conn_read, b.data, most, most) : 0;
  py.release_buffer(&b);
  return got > 0 || !most ? py.int_new(got) : no_data(r, h, size, into, got);
}

static inline void *read_conn(const python_reading *r, void *size, void *into) {
  HELD h = hold_conn(r->conn);
  if (!usable(&h)) return leave_read(r, NULL, size, into);
  int64_t most = py.int_value(size);
  if (most == -1 && py.error_occurred()) {
    py.clear_error();
    return leave_read(r, NULL, size, into);
  }
  if (into) return read_into(r, &h, size, most, into);
  if (most <= 0) return leave_read(r, NULL, size, NULL);
  if (!h.o->queue) {
    if (most <= LONG_WORK) return read_little(r, &h, size, most, most);
    return read_much(r, &h, size, most < MOST ? most : MOST);
  }
  /* Without a socket nothing more comes than what is queued, and the rest of a record. */
  int64_t queued = bio_queued(h.o->queue);
  if (queued <= LONG_WORK) return read_little(r, &h, size, most, queued);
  if (queued < RECORD) queued = RECORD;
  return read_much(r, &h, size, most < queued ? most : queued);
}

static void *python_conn_read(void *self, void *const *arguments, intptr_t count) {
  if (count < 1 || count > 2) return arguments_are(count, 1), NULL;
  return read_conn(&(python_reading){self, NULL, NULL}, arguments[0], count == 2 ? arguments[1] : NULL);
}

void *python_read_conn(const python_reading *r, void *size, void *into) { return read_conn(r, size, into); }

/* From how many bytes on other Python threads may run during a write: if reads of the connection have to wait for the
   peer, from none. The peer may be one of those threads, which sending wakes up: it would have to wait once more, for the
   interpreter's lock. */
static int64_t long_write(const owned *o) { return __atomic_load_n(&o->waits, __ATOMIC_RELAXED) ? 0 : LONG_WORK; }

/* Goes on with a write until all is written, or as much as goes without waiting. *done counts. */
static int64_t write_or_wait(const held *h, const uint8_t *data, int64_t size, int64_t *done) {
  patience p = {NULL, INFINITY};
  while (*done < size) {
    int64_t n = write_once(gossl_conn_write, h->o->handle, data + *done, size - *done, long_write(h->o));
    if (n > 0) {
      *done += n;
      continue;
    }
    if (!wants(n)) return n;
    int64_t outcome = wait_as_timeout_says(h, &p, n == GOSSL_E_WANT_READ ? POLLIN : POLLOUT);
    if (outcome == WILL_NOT_WAIT) return n;
    if (outcome != READY) return outcome;
  }
  return size;
}

typedef struct {
  int64_t size, done, outcome;
} written;

/* Writes a buffer as far as it goes; 0 if nothing was tried, and it is for Python to say why. */
static inline int write_all(void *self, void *data, written *w) {
  HELD h = hold_conn(self);
  buffer from;
  if (!usable(&h)) return 0;
  if (py.get_buffer(data, &from, READABLE) < 0) {
    py.clear_error();
    return 0;
  }
  *w = (written){from.size, 0, GOSSL_OK};
  if (w->size <= INT_MAX) w->outcome = write_or_wait(&h, from.data, w->size, &w->done);
  py.release_buffer(&from);
  return w->size <= INT_MAX;
}

/* Calls a function, or the method of that name, with the answer to a write that is not whole, and how much is. */
static void *leave_write(const python_reading *r, void *data, const written *w) {
  void *done = py.int_new(w->done), *found = done ? py.int_new(w->outcome) : NULL, *got = NULL;
  if (found && r->front) {
    got = py.call_with(r->on, r->front, r->conn, found, data, done, NULL);
    py.release(found);
  } else if (found) {
    got = leave_to(r->conn, "_write_on", found, data, done);
  }
  if (done) py.release(done);
  return got;
}

static inline void *write_conn(void *conn, void *data) {
  written w;
  if (!write_all(conn, data, &w)) return leave_to(conn, "_write_on", NULL, data, NULL);
  if (w.outcome == RAISED) return NULL;
  if (w.done == w.size || (w.done > 0 && wants(w.outcome))) return py.int_new(w.done);
  return leave_write(&(python_reading){conn, NULL, NULL}, data, &w);
}

int python_send_all(const python_reading *r, void *data, void **got) {
  written w;
  if (!write_all(r->conn, data, &w)) return 0;
  if (w.outcome == RAISED) *got = NULL;
  else *got = w.done == w.size ? python_none() : leave_write(r, data, &w);
  return 1;
}

static void *python_conn_write(void *self, void *const *arguments, intptr_t count) {
  return arguments_are(count, 1) ? write_conn(self, arguments[0]) : NULL;
}

void *python_write_conn(void *conn, void *data) { return write_conn(conn, data); }

/* Whether a step of a handshake is about so little that letting other Python threads run would take longer: there is
   nothing to be said any more, or nothing has come since the last step. */
static int nothing_to_do(const owned *o) {
  if (__atomic_load_n(&o->agreed, __ATOMIC_RELAXED)) return 1;
  return __atomic_load_n(&o->begun, __ATOMIC_RELAXED) && o->queue && bio_queued(o->queue) == 0;
}

static int64_t handshake_once(owned *o) {
  if (nothing_to_do(o)) return gossl_conn_handshake(o->handle);
  __atomic_store_n(&o->begun, 1, __ATOMIC_RELAXED);
  void *state = py.leave_python();
  int64_t status = gossl_conn_handshake(o->handle);
  py.enter_python(state);
  return status;
}

/* 1 if the socket, if there is one, is there and open. */
static int is_open(const held *h) { return usable(h) && (h->o->queue || descriptor_of(h->socket) >= 0); }

static void *python_conn_do_handshake(void *self, void *const *arguments, intptr_t count) {
  if (!arguments_are(count, 0)) return NULL;
  HELD h = hold_conn(self);
  if (!is_open(&h)) return leave_to(self, "_handshake_on", NULL, NULL, NULL);
  patience p = {NULL, INFINITY};
  int64_t status, outcome = READY;
  do {
    status = handshake_once(h.o);
    if (wants(status)) outcome = wait_as_timeout_says(&h, &p, status == GOSSL_E_WANT_READ ? POLLIN : POLLOUT);
  } while (wants(status) && outcome == READY);
  if (outcome == RAISED) return NULL;
  if (status >= 0) {
    __atomic_store_n(&h.o->agreed, 1, __ATOMIC_RELAXED);
    return python_none();
  }
  if (outcome == WILL_NOT_WAIT && raises_want(status)) return raise_want(h.o, WANT_OF_HANDSHAKE);
  void *found = py.int_new(outcome < 0 ? outcome : status);
  return found ? leave_to(self, "_handshake_on", found, NULL, NULL) : NULL;
}

/* Takes from a queue, which is locked, or adds to it, and unlocks it; without the interpreter's lock if that takes long.
   The queue's is given back first: nobody waits for both. */
static int64_t copy_and_unlock(bio *b, uint8_t *into, const uint8_t *from, int64_t size) {
  void *state = size > LONG_COPY ? py.leave_python() : NULL;
  int64_t n = into ? bio_take(b, into, (size_t)size) : bio_add(b, from, (size_t)size);
  bio_unlock(b);
  if (state) py.enter_python(state);
  return n;
}

static void *python_queue_read(void *self, void *const *arguments, intptr_t count) {
  if (count > 1) return arguments_are(count, 1), NULL;
  HELD h = hold_bio(self);
  int64_t most = count ? py.int_value(arguments[0]) : -1;
  int usual = most != -1 || !count || !py.error_occurred();
  if (!usual) py.clear_error();
  if (!usual || !h.o || !bio_lock(h.o->queue))
    return leave_to(self, "_read_on", NULL, count ? arguments[0] : NULL, NULL);
  int64_t queued = (int64_t)(h.o->queue->end - h.o->queue->start);
  if (most < 0 || most > queued) most = queued;
  void *bytes = py.bytes_new(NULL, most);
  if (bytes) copy_and_unlock(h.o->queue, (uint8_t *)py.bytes_data(bytes), NULL, most);
  else bio_unlock(h.o->queue);
  return bytes;
}

static void *python_queue_write(void *self, void *const *arguments, intptr_t count) {
  if (!arguments_are(count, 1)) return NULL;
  HELD h = hold_bio(self);
  buffer from;
  if (!h.o) return leave_to(self, "_write_on", NULL, arguments[0], NULL);
  if (py.get_buffer(arguments[0], &from, READABLE) < 0) {
    py.clear_error();
    return leave_to(self, "_write_on", NULL, arguments[0], NULL);
  }
  int64_t n = -1;
  if (from.size <= INT_MAX && bio_lock(h.o->queue)) n = copy_and_unlock(h.o->queue, NULL, from.data, from.size);
  py.release_buffer(&from);
  return n < 0 ? leave_to(self, "_write_on", NULL, arguments[0], NULL) : py.int_new(n);
}

/* ---- Tables ------------------------------------------------------------------------------------------------------- */

#define METHOD(name) {#name, python_##name, PYTHON_FASTCALL, NULL}

const python_method python_methods[] = {
    METHOD(handshake),   METHOD(shutdown), METHOD(pending),   METHOD(get_int), METHOD(read),   METHOD(read_into),
    METHOD(write),       METHOD(conn_new), METHOD(bio_new),   METHOD(number),  METHOD(bio_pending),
    METHOD(bio_read),    METHOD(bio_write),
    {NULL, NULL, 0, NULL},
};

#define DATA_METHOD(name, function, doc) {name, python_##function, PYTHON_FASTCALL, doc}

const python_method python_class_methods[] = {
    DATA_METHOD("read", conn_read, "read(size, [buffer])\nRead up to size bytes from the SSL socket."),
    DATA_METHOD("write", conn_write,
                "write($self, b, /)\n--\n\nWrites the bytes-like object b into the SSL object.\n\n"
                "Returns the number of bytes written."),
    DATA_METHOD("do_handshake", conn_do_handshake, "do_handshake($self, /)\n--\n\nPerform a handshake."),
    DATA_METHOD("read", queue_read,
                "read($self, size=-1, /)\n--\n\nRead up to size bytes from the memory BIO.\n\n"
                "If size is not specified, read the entire buffer.\n"
                "If the return value is an empty bytes instance, this means either\n"
                "EOF or that no data is available. Use the \"eof\" property to\n"
                "distinguish between the two."),
    DATA_METHOD("write", queue_write,
                "write($self, b, /)\n--\n\nWrites the bytes b into the memory BIO.\n\n"
                "Returns the number of bytes written."),
};
