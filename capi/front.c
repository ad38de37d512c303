/* front.c: recv, send and their like of ssl.py's SSLSocket.

   ssl.py takes as long for them as the kernel for the system call, or the engine for a small record three times over. What
   they usually do is done here: a plain call on an open connection of ours. Anything else is left to ssl.py, whole and
   before anything has happened: so also where a class derived from it, a test or the object itself has something of its own
   in the place of a method that ssl.py would call. */
#include "front.h"
#include "fork.h"
#include "owner.h"

#include <stdlib.h>
#include <string.h>

/* Not in the stable ABI, or data: apart from python_api, for without them everything else works. */
static KEPT struct {
  int (*find_method)(void *object, void *name, void **method);                            /* _PyObject_GetMethod */
  void *(*attribute)(void *object, void *name);                                           /* PyObject_GetAttr */
  void *(*type)(void *object);                                                            /* PyObject_Type */
  void *(*call)(void *callable, void *const *arguments, size_t count, void *keywords);    /* PyObject_VectorcallDict */
  void *(*call_method)(void *name, void *const *arguments, size_t count, void *keywords); /* PyObject_VectorcallMethod */
  intptr_t (*size)(void *tuple);                                                          /* PyTuple_Size */
  void *bytes, *bytearray, *memoryview, *descriptor; /* PyBytes_Type and so on, PyMethodDescr_Type */
} more;

static const char *const needed[] = {
    "_PyObject_GetMethod",       "PyObject_GetAttr", "PyObject_Type",    "PyObject_VectorcallDict",
    "PyObject_VectorcallMethod", "PyTuple_Size",     "PyBytes_Type",     "PyByteArray_Type",
    "PyMemoryView_Type",         "PyMethodDescr_Type",
};
enum { NEEDED = sizeof needed / sizeof *needed };
_Static_assert(sizeof more == NEEDED * sizeof(void *), "a name for each member");

void front_find(void *(*look_up)(const char *name)) {
  void *found[NEEDED];
  for (int i = 0; i < NEEDED; i++)
    if (!(found[i] = look_up(needed[i]))) return;
  memcpy(&more, found, sizeof more);
}

/* ---- Classes ------------------------------------------------------------------------------------------------------ */

/* Each interpreter has classes of its own, which come and go. Only an interpreter that has a class asks for it, adds or
   removes it, and it removes none that can still be used; others may be doing so with theirs at the same time. A
   thread that has found a place does not lose it, nor the parts, without a lock of the interpreter either: the class keeps
   them, also when it gets others, and who calls a method keeps the class. */
enum { PLACES = 128 };
typedef struct {
  void *class, *parts;
} place;
static KEPT place places[PLACES];
static KEPT int in_use; /* all places from this one on have always been free */

static const char NAME[] = "gossl.front";
static const char taken; /* the class of a place that is being filled, or was filled before another one of its class */

static void forget(void *capsule) {
  place *p = py.capsule_pointer(capsule, NAME);
  if (p) __atomic_store_n(&p->class, NULL, __ATOMIC_RELEASE);
}

static place *free_place(void) {
  for (int i = 0; i < PLACES; i++) {
    void *none = NULL;
    if (!__atomic_compare_exchange_n(&places[i].class, &none, (void *)&taken, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) continue;
    for (int n = __atomic_load_n(&in_use, __ATOMIC_RELAXED); n <= i;)
      if (__atomic_compare_exchange_n(&in_use, &n, i + 1, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) break;
    return places + i;
  }
  return NULL;
}

/* The place that a class has had is not found any more. */
static void retire(void *class) {
  for (int i = 0, n = __atomic_load_n(&in_use, __ATOMIC_RELAXED); i < n; i++) {
    void *found = class;
    __atomic_compare_exchange_n(&places[i].class, &found, (void *)&taken, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
  }
}

void *front_place(void *class, void *parts) {
  place *p = more.find_method ? free_place() : NULL;
  if (!p) return python_none();
  p->parts = parts;
  retire(class);
  __atomic_store_n(&p->class, class, __ATOMIC_RELEASE);
  void *capsule = py.capsule_new(p, NAME, forget);
  if (!capsule) __atomic_store_n(&p->class, NULL, __ATOMIC_RELEASE);
  return capsule;
}

/* The parts of a class, as a new reference; borrowed without a lock of the interpreter, where all threads would change that
   one count: the class keeps them. */
static void *parts_of(void *class) {
  for (int i = 0, n = __atomic_load_n(&in_use, __ATOMIC_RELAXED); i < n; i++) {
    if (__atomic_load_n(&places[i].class, __ATOMIC_ACQUIRE) != class) continue;
    if (!py.lock_object) py.retain(places[i].parts);
    return places[i].parts;
  }
  return NULL;
}

/* ---- Calls -------------------------------------------------------------------------------------------------------- */

typedef struct {
  void *self, *parts, *conn;
  void *const *arguments;
  intptr_t count;
} call;

/* Returned by a usual way that has done nothing. */
static const char nothing;
#define LEFT ((void *)&nothing)

typedef struct {
  const char *name;
  int index; /* in front_methods */
  int least, most; /* arguments, by place */
  int calls;       /* what else of the object than _checkClosed ssl.py's function would call, or 0 */
  void *(*usual)(const call *c);
} method;

static void *part(const call *c, int i) { return py.item(c->parts, i); }

static int is_a(void *object, void *type) {
  void *found = more.type(object);
  py.release(found); /* the object keeps it */
  return found == type;
}

/* Whether an object has under a name what it would have if nobody had changed anything. */
static int unchanged(const call *c, int which) {
  void *found = NULL;
  int of_class = more.find_method(c->self, part(c, which + 1), &found);
  if (!found) {
    py.clear_error();
    return 0;
  }
  py.release(found);
  return of_class && found == part(c, which);
}

/* The connection of ours, as a new reference; NULL if it is none. */
static void *connection_of(const call *c) {
  void *conn = more.attribute(c->self, part(c, FRONT_SSLOBJ));
  if (!conn) {
    py.clear_error();
    return NULL;
  }
  if (is_a(conn, part(c, FRONT_CONNECTION))) return conn;
  py.release(conn);
  return NULL;
}

static int is_usual(const method *m, const call *c) {
  return c->count >= m->least && c->count <= m->most && unchanged(c, FRONT_CHECK) &&
         (!m->calls || unchanged(c, m->calls));
}

/* Calls a function with all the arguments, before which there are two free places. */
static void *call_with_all(void *function, void **all, const call *c, void *keywords, intptr_t named) {
  all[0] = function;
  all[1] = c->self;
  memcpy(all + 2, c->arguments, (size_t)(c->count + named) * sizeof *all);
  if (!keywords) return more.call(function, all + 1, (size_t)c->count + 1, NULL);
  void *name = py.build("s", "__call__"), *got = NULL; /* Python 3.10 has no function that takes it otherwise */
  if (name) got = more.call_method(name, all, (size_t)c->count + 2, keywords);
  if (name) py.release(name);
  return got;
}

/* What ssl.py's function gives. */
static void *original(const method *m, const call *c, void *class, void *keywords) {
  enum { FEW = 6 };
  void *few[FEW + 2], **all = few;
  void *function = c->parts ? part(c, FRONT_ORIGINALS + m->index) : py.attribute(class, m->name);
  if (!function) return NULL;
  if (c->parts) py.retain(function);
  intptr_t named = keywords ? more.size(keywords) : 0;
  if (c->count + named > FEW) all = malloc((size_t)(c->count + named + 2) * sizeof *all);
  void *got = NULL;
  if (!all) py.no_memory();
  else if (is_a(function, more.descriptor)) py.bad_argument(); /* a builtin like this one, which would come here again */
  else got = call_with_all(function, all, c, keywords, named);
  if (all != few) free(all);
  py.release(function);
  return got;
}

static void *run(const method *m, void *self, void *class, void *const *arguments, intptr_t count, void *keywords) {
  call c = {self, parts_of(class), NULL, arguments, count};
  void *got = LEFT;
  /* Connections of the interpreter's own OpenSSL, in a class that was in use already, are to lose the least time. */
  if (c.parts && !keywords) c.conn = connection_of(&c);
  if (c.conn) {
    if (is_usual(m, &c)) got = m->usual(&c);
    py.release(c.conn);
  }
  if (got == LEFT) got = original(m, &c, class, keywords);
  if (c.parts && !py.lock_object) py.release(c.parts);
  return got;
}

/* ---- What usually happens ------------------------------------------------------------------------------------------ */

static void *read_conn(const call *c, void *size, void *into) {
  python_reading r = {c->conn, c->self, part(c, FRONT_READ_ON)};
  return python_read_conn(&r, size, into);
}

static void *usual_recv(const call *c) {
  return read_conn(c, c->count ? c->arguments[0] : part(c, FRONT_DEFAULT), NULL);
}

static void *usual_read(const call *c) {
  void *size = c->count ? c->arguments[0] : part(c, FRONT_DEFAULT);
  return read_conn(c, size, c->count > 1 && c->arguments[1] != py.none ? c->arguments[1] : NULL);
}

/* Whether len() of an object is the number of its bytes, in every version's ssl.py: a bytearray, or a memoryview of bytes
   that a buffer can be had of as flags say. */
static int is_of_bytes(void *object, int flags) {
  python_buffer b;
  if (is_a(object, more.bytearray)) return 1;
  if (!is_a(object, more.memoryview)) return 0;
  if (py.get_buffer(object, &b, flags | PYTHON_SHAPE | PYTHON_FORMAT) < 0) {
    py.clear_error();
    return 0;
  }
  int is = b.dimensions == 1 && b.item_size == 1 && b.format && strlen(b.format) == 1 && strchr("Bbc", *b.format);
  py.release_buffer(&b);
  return is;
}

static void *usual_recv_into(const call *c) {
  if (!is_of_bytes(c->arguments[0], PYTHON_WRITABLE)) return LEFT;
  int all = c->count == 1 || c->arguments[1] == py.none;
  return read_conn(c, all ? part(c, FRONT_ALL) : c->arguments[1], c->arguments[0]);
}

static void *usual_write(const call *c) { return python_write_conn(c->conn, c->arguments[0]); }

static void *usual_sendall(const call *c) {
  python_reading r = {c->conn, c->self, part(c, FRONT_SENDALL_ON)};
  void *data = c->arguments[0], *got;
  if (!is_a(data, more.bytes) && !is_of_bytes(data, PYTHON_READABLE)) return LEFT;
  return python_send_all(&r, data, &got) ? got : LEFT;
}

/* ---- Tables -------------------------------------------------------------------------------------------------------- */

enum { RECV, RECV_INTO, SEND, SENDALL, READ, WRITE };

#define METHOD(function, index, name, least, most, calls, usual)                                                   \
  static void *function(void *self, void *class, void *const *arguments, intptr_t count, void *keywords) {         \
    static const method m = {name, index, least, most, calls, usual};                                              \
    return run(&m, self, class, arguments, count, keywords);                                                       \
  }

METHOD(socket_recv, RECV, "recv", 0, 1, FRONT_READ, usual_recv)
METHOD(socket_recv_into, RECV_INTO, "recv_into", 1, 2, FRONT_READ, usual_recv_into)
METHOD(socket_send, SEND, "send", 1, 1, 0, usual_write)
METHOD(socket_sendall, SENDALL, "sendall", 1, 1, FRONT_SEND, usual_sendall)
METHOD(socket_read, READ, "read", 0, 2, 0, usual_read)
METHOD(socket_write, WRITE, "write", 1, 1, 0, usual_write)

#define FLAGS (0x200 | PYTHON_FASTCALL | 0x2) /* METH_METHOD | METH_FASTCALL | METH_KEYWORDS */
#define ENTRY(function, name, signature, doc) \
  {name, (void *(*)(void *, void *const *, intptr_t))(void (*)(void))function, FLAGS, name signature "\n--\n\n" doc}

const python_method front_methods[] = {
    ENTRY(socket_recv, "recv", "($self, buflen=1024, flags=0)", ""),
    ENTRY(socket_recv_into, "recv_into", "($self, buffer, nbytes=None, flags=0)", ""),
    ENTRY(socket_send, "send", "($self, data, flags=0)", ""),
    ENTRY(socket_sendall, "sendall", "($self, data, flags=0)", ""),
    ENTRY(socket_read, "read", "($self, len=1024, buffer=None)",
          "Read up to LEN bytes and return them.\nReturn zero-length string on EOF."),
    ENTRY(socket_write, "write", "($self, data)",
          "Write DATA to the underlying SSL channel.  Returns\nnumber of bytes of DATA actually transmitted."),
};
