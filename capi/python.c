/* python.c: the calls on the path of data as builtins of CPython.

   ctypes needs longer to convert the arguments of a call than the engine needs for a small record. These functions are
   called by the interpreter itself, allocate the result that they fill and read the caller's buffer in place. */
#include "python.h"
#include "fork.h"
#include "gossl.h"

#include <stddef.h>

#define API __attribute__((visibility("default")))

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

API void gossl_python_init(const python_api *api) { py = *api; }

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

typedef int64_t (*reader)(uint64_t handle, uint8_t *data, size_t size);
typedef int64_t (*writer)(uint64_t handle, gossl_in *data, size_t size);

static int64_t read_in(reader read, uint64_t handle, uint8_t *data, int64_t size, int64_t long_work) {
  if (size <= long_work) return read(handle, data, (size_t)size);
  void *state = py.leave_python();
  int64_t got = read(handle, data, (size_t)size);
  py.enter_python(state);
  return got;
}

/* (handle, most) -> bytes or a status. room is what there can be. */
static void *read_bytes(reader read, uint64_t handle, void *wanted, int64_t room, int64_t long_work) {
  int64_t most = length(wanted);
  if (most < 0) return NULL;
  if (most > room) most = room;
  void *bytes = py.bytes_new(NULL, most);
  if (!bytes) return NULL;
  int64_t got = read_in(read, handle, (uint8_t *)py.bytes_data(bytes), most, long_work);
  if (got < 0) {
    py.release(bytes);
    return py.int_new(got);
  }
  /* On failure the resize has released the bytes and set an exception. */
  if (got < most && py.bytes_resize(&bytes, got) < 0) return NULL;
  return bytes;
}

/* (handle, buffer, most) -> count or a status. */
API void *gossl_python_read_into(void *self, void *const *arguments, intptr_t count) {
  uint64_t handle;
  int64_t most;
  buffer into;
  if (!arguments_are(count, 3) || !handle_of(arguments[0], &handle)) return NULL;
  if ((most = length(arguments[2])) < 0) return NULL;
  if (py.get_buffer(arguments[1], &into, WRITABLE) < 0) return NULL;
  if (most > into.size) most = into.size;
  int64_t got = read_in(gossl_conn_read, handle, into.data, most, LONG_WORK);
  py.release_buffer(&into);
  return py.int_new(got);
}

/* (handle, data, offset) -> count or a status. */
static void *write_buffer(writer write, void *const *arguments, intptr_t count, int64_t long_work) {
  uint64_t handle;
  int64_t offset, done;
  buffer from;
  if (!arguments_are(count, 3) || !handle_of(arguments[0], &handle)) return NULL;
  if ((offset = length(arguments[2])) < 0) return NULL;
  if (py.get_buffer(arguments[1], &from, READABLE) < 0) return NULL;
  if (offset > from.size) offset = from.size;
  int64_t size = from.size - offset;
  if (size <= long_work) {
    done = write(handle, from.data + offset, (size_t)size);
  } else {
    void *state = py.leave_python();
    done = write(handle, from.data + offset, (size_t)size);
    py.enter_python(state);
  }
  py.release_buffer(&from);
  return py.int_new(done);
}

API void *gossl_python_read(void *self, void *const *arguments, intptr_t count) {
  uint64_t handle;
  if (!arguments_are(count, 2) || !handle_of(arguments[0], &handle)) return NULL;
  return read_bytes(gossl_conn_read, handle, arguments[1], RECORD, LONG_WORK);
}

API void *gossl_python_write(void *self, void *const *arguments, intptr_t count) {
  return write_buffer(gossl_conn_write, arguments, count, LONG_WORK);
}

API void *gossl_python_bio_read(void *self, void *const *arguments, intptr_t count) {
  uint64_t handle;
  if (!arguments_are(count, 2) || !handle_of(arguments[0], &handle)) return NULL;
  int64_t queued = gossl_bio_pending(handle);
  if (queued < 0) return py.int_new(queued);
  return read_bytes(gossl_bio_read, handle, arguments[1], queued, LONG_COPY);
}

API void *gossl_python_bio_write(void *self, void *const *arguments, intptr_t count) {
  return write_buffer(gossl_bio_write, arguments, count, LONG_COPY);
}

/* (handle) -> what the function gives; without the interpreter's lock if that may take long. */
static void *plain(int64_t (*function)(uint64_t handle), void *const *arguments, intptr_t count, int long_work) {
  uint64_t handle;
  if (!arguments_are(count, 1) || !handle_of(arguments[0], &handle)) return NULL;
  if (!long_work) return py.int_new(function(handle));
  void *state = py.leave_python();
  int64_t result = function(handle);
  py.enter_python(state);
  return py.int_new(result);
}

API void *gossl_python_handshake(void *self, void *const *arguments, intptr_t count) {
  return plain(gossl_conn_handshake, arguments, count, 1);
}

API void *gossl_python_shutdown(void *self, void *const *arguments, intptr_t count) {
  return plain(gossl_conn_shutdown, arguments, count, 1);
}

API void *gossl_python_pending(void *self, void *const *arguments, intptr_t count) {
  return plain(gossl_conn_pending, arguments, count, 0);
}

API void *gossl_python_bio_pending(void *self, void *const *arguments, intptr_t count) {
  return plain(gossl_bio_pending, arguments, count, 0);
}
