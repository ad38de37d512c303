/* python.c: the calls on the path of data, and those that make connections, as builtins of CPython.

   ctypes needs longer to convert the arguments of a call than the engine needs for a small record. These functions are
   called by the interpreter itself, allocate the result that they fill and read the caller's buffer in place. */
#include "python.h"
#include "api.h"
#include "fork.h"
#include "gossl.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <time.h>

#ifdef _WIN32
#include <winsock2.h>
#define poll WSAPoll
#undef FASTCALL /* another one of Windows' own */
#else
#include <poll.h>
#endif

/* A read gives at most one record. */
#define RECORD 16384
/* From about 2 microseconds of work on it pays to let other Python threads run: a record of some kilobytes. */
#define LONG_WORK 4096
#define LONG_COPY 32768

/* Py_buffer: its layout is part of the stable ABI. */
typedef struct {
  uint8_t *data;
  void *object;
  intptr_t size, item_size;
  int read_only, dimensions;
  char *format;
  intptr_t *shape, *strides, *suboffsets;
  void *internal;
} buffer;

#define READABLE 0 /* PyBUF_SIMPLE */
#define WRITABLE 1 /* PyBUF_WRITABLE */

static KEPT python_api py;

/* All interpreters of a process bring the same table: the first one's stays, which others may be reading. */
API void gossl_python_init(const python_api *api) {
  if (!py.none) py = *api;
}

/* 1 if there are as many arguments as wanted; else an exception is set. */
static int arguments_are(intptr_t count, intptr_t wanted) {
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

/* 1 and *handle; or 0 with an exception set. */
static int handle_of(void *object, uint64_t *handle) {
  *handle = py.handle_value(object);
  return *handle != (uint64_t)-1 || !py.error_occurred();
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
  if (most > RECORD) most = RECORD;
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

/* ---- Making and freeing -------------------------------------------------------------------------------------------- */

static void *new_handle(int32_t status, uint64_t handle) { return py.int_new(status < 0 ? status : (long long)handle); }

static void *python_conn_new(void *self, void *const *arguments, intptr_t count) {
  uint64_t config;
  gossl_conn made = 0;
  int64_t side;
  buffer name = {0};
  if (!arguments_are(count, 3) || !handle_of(arguments[0], &config) || (side = length(arguments[1])) < 0) return NULL;
  if (arguments[2] != py.none && py.get_buffer(arguments[2], &name, READABLE) < 0) return NULL;
  int32_t status = gossl_conn_new(config, (int32_t)side, (gossl_text *)name.data, (size_t)name.size, &made, NULL);
  if (name.object) py.release_buffer(&name);
  return new_handle(status, made);
}

static void *python_conn_set_bio(void *self, void *const *arguments, intptr_t count) {
  uint64_t handle, incoming, outgoing;
  if (!arguments_are(count, 3) || !handle_of(arguments[0], &handle) || !handle_of(arguments[1], &incoming) ||
      !handle_of(arguments[2], &outgoing))
    return NULL;
  return py.int_new(gossl_conn_set_bio(handle, incoming, outgoing, NULL));
}

static void *python_bio_new(void *self, void *const *arguments, intptr_t count) {
  gossl_bio made = 0;
  if (!arguments_are(count, 0)) return NULL;
  int32_t status = gossl_bio_new(&made, NULL);
  return new_handle(status, made);
}

static void *free_handle(void (*function)(uint64_t handle), void *const *arguments, intptr_t count) {
  uint64_t handle;
  if (!arguments_are(count, 1) || !handle_of(arguments[0], &handle)) return NULL;
  function(handle);
  return py.int_new(GOSSL_OK);
}

static void *python_conn_free(void *self, void *const *arguments, intptr_t count) {
  return free_handle(gossl_conn_free, arguments, count);
}

static void *python_bio_free(void *self, void *const *arguments, intptr_t count) {
  return free_handle(gossl_bio_free, arguments, count);
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

#define FASTCALL 0x80 /* METH_FASTCALL */
#define METHOD(name) {#name, python_##name, FASTCALL, NULL}

static const python_method methods[] = {
    METHOD(handshake), METHOD(shutdown),    METHOD(pending),     METHOD(get_int), METHOD(read),
    METHOD(read_into), METHOD(write),       METHOD(conn_new),    METHOD(conn_set_bio), METHOD(conn_free),
    METHOD(bio_new),   METHOD(bio_free),    METHOD(bio_pending), METHOD(bio_read), METHOD(bio_write),
    {NULL, NULL, 0, NULL},
};

API const python_method *gossl_python_methods(void) { return methods; }
