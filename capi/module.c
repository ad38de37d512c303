/* module.c: the library as an extension module of CPython, gossl._engine, compiled without Python.h: the interpreter loads
   it as any other module, and all its functions are builtins. ctypes would take 1.2 ms to import, half a millisecond to
   bind them, and longer for each call than many of them take.

   What is laid out here, PyModuleDef and PyModuleDef_Slot, is part of the stable ABI of the builds with a lock of the
   interpreter; of free-threaded ones it is for each version, and the module is not loaded into one that is not known. */
#include "api.h"
#include "fork.h"
#include "front.h"
#include "gossl.h"
#include "owner.h"
#include "places.h"
#include "python.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#ifdef _WIN32
#include <windows.h>
#undef IN /* the one of the names below */
#undef TEXT
#else
#include <dlfcn.h>
#endif

/* The functions of the interpreter, in the order of python_api. */
static const char *const needed[] = {
    "PyBytes_FromStringAndSize", "_PyBytes_Resize", "PyBytes_AsString", "Py_DecRef", "PyLong_FromLongLong",
    "PyLong_AsLongLong", "PyLong_AsUnsignedLongLong", "PyErr_Occurred", "PyErr_BadArgument", "PyObject_GetBuffer",
    "PyBuffer_Release", "PyEval_SaveThread", "PyEval_RestoreThread", "PyErr_CheckSignals", "PyErr_Clear",
    "PyObject_AsFileDescriptor", "PyFloat_AsDouble", "_Py_NoneStruct", "PyObject_CallObject",
    "PyObject_CallFunctionObjArgs", "PyObject_GetAttrString", "PyObject_SetAttr", "PyErr_SetObject", "Py_IncRef",
    "PyTuple_GetItem", "PyCapsule_New", "PyCapsule_GetPointer", "PyErr_NoMemory",
    "PyModuleDef_Init", "PyModule_AddFunctions", "PyDescr_NewMethod", "Py_BuildValue", "PyWeakref_GetRef",
    "PyWeakref_GetObject", "PyCriticalSection_Begin", "PyCriticalSection_End",
};
enum { NAMES = sizeof needed / sizeof *needed, NEEDED = NAMES - 4 };
_Static_assert(sizeof(python_api) == NAMES * sizeof(void *), "a name for each member");

#ifdef _WIN32
static void *look_up(const char *name) {
  char library[16];
  for (int minor = 10; minor < 30; minor++) {
    snprintf(library, sizeof library, "python3%d.dll", minor);
    HMODULE found = GetModuleHandleA(library);
    if (found) return (void *)GetProcAddress(found, name);
  }
  return NULL;
}
#else
static void *look_up(const char *name) { return dlsym(RTLD_DEFAULT, name); }
#endif

/* 1 if the interpreter has no lock of its own, as Py_GetVersion says. */
static int is_free_threaded(void) {
  const char *(*version)(void) = (const char *(*)(void))look_up("Py_GetVersion");
  return version && strstr(version(), "free-threading");
}

static void find_python(void) {
  python_api found;
  void *names[NAMES];
  for (int i = 0; i < NAMES; i++)
    if (!(names[i] = look_up(needed[i])) && i < NEEDED) return;
  memcpy(&found, names, sizeof found);
  if (!found.referent && !found.borrowed_referent) return;
  if (!is_free_threaded()) found.lock_object = NULL, found.unlock_object = NULL;
  else if (!found.lock_object || !found.unlock_object) return;
  py = found;
  front_find(look_up);
}

/* 1 if the interpreter has what is needed. Interpreters with a lock each may load the module at the same time; what was
   found first stays. */
static int python_is_found(void) {
  static KEPT pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, find_python);
  return py.none != NULL;
}

/* ---- The functions of gossl.h ------------------------------------------------------------------------------------- */

enum { MOST_ARGUMENTS = 8 };

/* Arguments as numbers: n is an int, b bytes, or None for NULL. 1, or 0 with an exception set. */
static int take(void *const *arguments, intptr_t count, const char *kinds, uint64_t *values) {
  if (!arguments_are(count, (intptr_t)strlen(kinds))) return 0;
  for (intptr_t i = 0; i < count; i++) {
    if (kinds[i] == 'b') {
      const char *data = arguments[i] == py.none ? NULL : py.bytes_data(arguments[i]);
      if (!data && arguments[i] != py.none) return 0;
      values[i] = (uintptr_t)data;
      continue;
    }
    values[i] = (uint64_t)py.int_value(arguments[i]);
    if (values[i] != (uint64_t)-1 || !py.error_occurred()) continue;
    py.clear_error();
    values[i] = py.handle_value(arguments[i]); /* of more than 63 bits */
    if (py.error_occurred()) return 0;
  }
  return 1;
}

/* A refusal is a tuple: the status, and the members of the error. */
static void *refusal(int64_t status, const gossl_error *e) {
  return py.build("(iiiiiiyyyyy)", (int)status, e->library, e->reason, e->alert, e->verify, e->sys_errno,
                  e->library_name, e->name, e->text, e->verify_text, e->message);
}

/* What follows calls a function with its arguments as v. */
#define IN(i) ((const uint8_t *)(uintptr_t)v[i])
#define TEXT(i) ((const char *)(uintptr_t)v[i])
#define INT(i) ((int32_t)v[i])

#define TAKEN(kinds)                                 \
  uint64_t v[MOST_ARGUMENTS];                        \
  if (!take(arguments, count, kinds, v)) return NULL

#define BUILTIN(name) static void *engine_##name(void *self, void *const *arguments, intptr_t count)

/* None, or a refusal. */
#define STATUS(name, kinds, ...)                                \
  BUILTIN(name) {                                               \
    TAKEN(kinds);                                               \
    gossl_error e = {0};                                        \
    int32_t status = gossl_##name(__VA_ARGS__, &e);             \
    return status == GOSSL_OK ? python_none() : refusal(status, &e);   \
  }

/* The same for what may take longer than about 2 microseconds: other threads of Python run meanwhile. */
#define LONG_STATUS(name, kinds, ...)                           \
  BUILTIN(name) {                                               \
    TAKEN(kinds);                                               \
    gossl_error e = {0};                                        \
    void *state = py.leave_python();                            \
    int32_t status = gossl_##name(__VA_ARGS__, &e);             \
    py.enter_python(state);                                     \
    return status == GOSSL_OK ? python_none() : refusal(status, &e);   \
  }

/* The number that a function gives by its last argument but one, or a refusal. */
#define MADE(name, type, kinds, ...)                                               \
  BUILTIN(name) {                                                                  \
    TAKEN(kinds);                                                                  \
    gossl_error e = {0};                                                           \
    type made = 0;                                                                 \
    int32_t status = gossl_##name(__VA_ARGS__, &made, &e);                         \
    return status == GOSSL_OK ? py.int_new((long long)made) : refusal(status, &e); \
  }

#define LONG_MADE(name, type, kinds, ...)                                          \
  BUILTIN(name) {                                                                  \
    TAKEN(kinds);                                                                  \
    gossl_error e = {0};                                                           \
    type made = 0;                                                                 \
    void *state = py.leave_python();                                               \
    int32_t status = gossl_##name(__VA_ARGS__, &made, &e);                         \
    py.enter_python(state);                                                        \
    return status == GOSSL_OK ? py.int_new((long long)made) : refusal(status, &e); \
  }

#define NUMBER(name, kinds, ...)                  \
  BUILTIN(name) {                                 \
    TAKEN(kinds);                                 \
    return py.int_new(gossl_##name(__VA_ARGS__)); \
  }

#define FREE(name)           \
  BUILTIN(name) {            \
    TAKEN("n");              \
    gossl_##name(v[0]);      \
    return python_none();           \
  }

/* Bytes, into as much room as the function says that it needs; or a negative status, or a refusal. */
#define FIRST_ROOM 2048
#define GIVEN(call, refused)                                                   \
  for (int64_t room = FIRST_ROOM, n;; room = n) {                              \
    gossl_error e = {0};                                                       \
    void *bytes = py.bytes_new(NULL, room);                                    \
    if (!bytes) return NULL;                                                   \
    uint8_t *data = (uint8_t *)py.bytes_data(bytes);                           \
    (void)e;                                                                   \
    n = call;                                                                  \
    if (n >= 0 && n <= room) return n < room && py.bytes_resize(&bytes, n) < 0 ? NULL : bytes; \
    py.release(bytes);                                                         \
    if (n < 0) return refused;                                                 \
  }

#define BYTES(name, kinds, ...)                                                                  \
  BUILTIN(name) {                                                                                \
    TAKEN(kinds);                                                                                \
    GIVEN(gossl_##name(__VA_ARGS__, (void *)data, (size_t)room), py.int_new(n))                  \
  }

#define RELEASED(call) (state = py.leave_python(), n = call, py.enter_python(state), n)

#define LONG_BYTES(name, kinds, ...)                                                             \
  BUILTIN(name) {                                                                                \
    void *state;                                                                                 \
    TAKEN(kinds);                                                                                \
    GIVEN(RELEASED(gossl_##name(__VA_ARGS__, (void *)data, (size_t)room)), py.int_new(n))        \
  }

#define BYTES_OR_REFUSAL(name, kinds, ...)                                                               \
  BUILTIN(name) {                                                                                        \
    void *state;                                                                                         \
    TAKEN(kinds);                                                                                        \
    GIVEN(RELEASED(gossl_##name(__VA_ARGS__, (void *)data, (size_t)room, &e)), refusal(n, &e))           \
  }

BUILTIN(version) { GIVEN(gossl_version((void *)data, (size_t)room), py.int_new(n)) }

LONG_MADE(config_new, gossl_config, "n", INT(0))
MADE(config_get_int, int64_t, "nn", v[0], INT(1))
MADE(conn_new, gossl_conn, "nnbn", v[0], INT(1), TEXT(2), v[3])
MADE(conn_session, gossl_session, "n", v[0])
LONG_MADE(session_import, gossl_session, "nbn", v[0], IN(1), v[2])

STATUS(config_set_int, "nnn", v[0], INT(1), (int64_t)v[2])
LONG_STATUS(config_set, "nnbn", v[0], INT(1), IN(2), v[3])
LONG_STATUS(config_use_certificate, "nbnbnbn", v[0], IN(1), v[2], IN(3), v[4], IN(5), v[6])
LONG_STATUS(config_add_anchors, "nbnn", v[0], IN(1), v[2], INT(3))
LONG_STATUS(config_add_anchor_file, "nbn", v[0], TEXT(1), v[2])
LONG_STATUS(config_add_system_anchors, "nbn", v[0], TEXT(1), v[2])
LONG_STATUS(config_add_store, "nbn", v[0], IN(1), v[2])
LONG_STATUS(config_add_mozilla_anchors, "n", v[0])
LONG_STATUS(config_add_anchor_dir, "nbn", v[0], TEXT(1), v[2])
STATUS(conn_set_fd, "nn", v[0], INT(1))
STATUS(conn_set_bio, "nnn", v[0], v[1], v[2])
STATUS(conn_set_config, "nn", v[0], v[1])
STATUS(conn_set_session, "nn", v[0], v[1])
LONG_STATUS(conn_verify_post_handshake, "n", v[0])
LONG_STATUS(conn_key_update, "nn", v[0], INT(1))
LONG_STATUS(conn_answer_sni, "nn", v[0], INT(1))
LONG_STATUS(conn_answer_psk, "nbnbn", v[0], IN(1), v[2], IN(3), v[4])

NUMBER(conn_get_int, "nn", v[0], INT(1))
NUMBER(session_get_int, "nn", v[0], INT(1))
NUMBER(bio_write_eof, "n", v[0])

BYTES(config_get, "nn", v[0], INT(1))
LONG_BYTES(system_anchors, "bn", TEXT(0), v[1])
BYTES(conn_get, "nn", v[0], INT(1))
BYTES(conn_take_keylog, "n", v[0])
BYTES(conn_take_trace, "n", v[0])
BYTES(session_get, "nn", v[0], INT(1))
BYTES(object_by_nid, "n", INT(0))
BYTES(object_find, "bnn", TEXT(0), v[1], INT(2))
BYTES(verify_text, "n", INT(0))
BYTES_OR_REFUSAL(cert_get, "bnn", IN(0), v[1], INT(2))
BYTES_OR_REFUSAL(cert_make, "bnnn", TEXT(0), v[1], (int64_t)v[2], (int64_t)v[3])

FREE(config_free)
FREE(conn_free)
FREE(session_free)
FREE(bio_free)

/* Always a refusal: why the last call failed. */
BUILTIN(conn_error) {
  TAKEN("n");
  gossl_error e = {0};
  int32_t status = gossl_conn_error(v[0], &e);
  return refusal(e.status ? e.status : status, &e);
}

/* ---- What is about the module ------------------------------------------------------------------------------------- */

BUILTIN(launch) { return py.int_new(runtime_launch()); }

BUILTIN(abi_version) {
  void *state = py.leave_python();
  int32_t found = gossl_abi_version();
  py.enter_python(state);
  return py.int_new(found);
}

BUILTIN(restarts) {
  TAKEN("n");
  return py.int_new(fork_restarts(v[0] != 0));
}

BUILTIN(abandon) {
  fork_abandon();
  return python_none();
}

/* (file, whether it may be loaded) -> where the OpenSSL that a library is linked to looks for trust anchors, (file,
   directory); None if it cannot be told. */
BUILTIN(openssl_places) {
  TAKEN("bn");
  places found;
  return places_find(TEXT(0), v[1] != 0, &found) ? py.build("(yy)", found.file, found.directory) : python_none();
}

/* (object, its size, value) -> the one place in the object, in bytes, where the value is; or -1. */
BUILTIN(find) {
  if (!arguments_are(count, 3)) return NULL;
  int64_t words = py.int_value(arguments[1]) / (int64_t)sizeof(void *), at = -1, found = 0;
  if (py.error_occurred()) return NULL;
  for (int64_t i = 0; i < words; i++)
    if (((void **)arguments[0])[i] == arguments[2]) at = i, found++;
  return py.int_new(found == 1 ? at * (int64_t)sizeof(void *) : -1);
}

/* (class, index) -> a method of the class (python.h). */
BUILTIN(method) {
  if (!arguments_are(count, 2)) return NULL;
  int64_t index = py.int_value(arguments[1]);
  if (py.error_occurred()) return NULL;
  return py.method_new(arguments[0], python_class_methods + index);
}

BUILTIN(place_conn) {
  TAKEN("nn");
  python_place_conn((intptr_t)v[0], (intptr_t)v[1]);
  return python_none();
}

BUILTIN(place_bio) {
  TAKEN("n");
  python_place_bio((intptr_t)v[0]);
  return python_none();
}

/* (class, index) -> a method of front.h's. */
BUILTIN(front_method) {
  if (!arguments_are(count, 2)) return NULL;
  int64_t index = py.int_value(arguments[1]);
  if (py.error_occurred()) return NULL;
  return py.method_new(arguments[0], front_methods + index);
}

/* (class, parts) -> what registers them for as long as it exists; or None (front.h). */
BUILTIN(front_place) { return arguments_are(count, 2) ? front_place(arguments[0], arguments[1]) : NULL; }

BUILTIN(leave_wants) {
  python_leave_wants();
  return python_none();
}

#define OWN(name) {#name, engine_##name, PYTHON_FASTCALL, NULL}
#define OF_HEADER(name) {"gossl_" #name, engine_##name, PYTHON_FASTCALL, NULL}

static const python_method functions[] = {
    OF_HEADER(version), OF_HEADER(config_new), OF_HEADER(config_get_int), OF_HEADER(conn_new), OF_HEADER(conn_session),
    OF_HEADER(session_import), OF_HEADER(config_set_int), OF_HEADER(config_set), OF_HEADER(config_use_certificate),
    OF_HEADER(config_add_anchors), OF_HEADER(config_add_anchor_file), OF_HEADER(config_add_system_anchors),
    OF_HEADER(config_add_store),
    OF_HEADER(config_add_mozilla_anchors), OF_HEADER(config_add_anchor_dir), OF_HEADER(conn_set_fd),
    OF_HEADER(conn_set_bio), OF_HEADER(conn_set_config), OF_HEADER(conn_set_session),
    OF_HEADER(conn_verify_post_handshake), OF_HEADER(conn_key_update), OF_HEADER(conn_answer_sni),
    OF_HEADER(conn_answer_psk), OF_HEADER(conn_get_int), OF_HEADER(session_get_int), OF_HEADER(bio_write_eof),
    OF_HEADER(config_get), OF_HEADER(system_anchors), OF_HEADER(conn_get), OF_HEADER(conn_take_keylog),
    OF_HEADER(conn_take_trace), OF_HEADER(session_get), OF_HEADER(object_by_nid), OF_HEADER(object_find),
    OF_HEADER(verify_text), OF_HEADER(cert_get), OF_HEADER(cert_make), OF_HEADER(config_free), OF_HEADER(conn_free),
    OF_HEADER(session_free), OF_HEADER(bio_free), OF_HEADER(conn_error),
    OWN(launch), OWN(abi_version), OWN(restarts), OWN(abandon), OWN(openssl_places), OWN(find), OWN(method),
    OWN(place_conn), OWN(place_bio), OWN(front_method), OWN(front_place), OWN(leave_wants),
    {NULL, NULL, 0, NULL},
};

/* ---- The definition ----------------------------------------------------------------------------------------------- */

/* PyModuleDef and its slots. */
typedef struct slot {
  int what;
  void *value;
} slot;

/* PyObject, in builds with a lock of the interpreter and in free-threaded ones (PEP 703). */
typedef struct head {
  intptr_t references;
  void *type;
} head;

typedef struct free_head {
  uintptr_t thread;
  uint16_t flags;
  uint8_t lock, collector;
  uint32_t own_references;
  intptr_t shared_references;
  void *type;
} free_head;

typedef struct body {
  void *init;
  intptr_t index;
  void *copy;
  const char *name, *doc;
  intptr_t size;
  const python_method *methods;
  slot *slots;
  void *traverse, *clear, *free;
} body;

enum { EXECUTE = 2, INTERPRETERS = 3, LOCK = 4 }; /* Py_mod_exec, Py_mod_multiple_interpreters, Py_mod_gil */
#define EACH_WITH_A_LOCK ((void *)2)              /* Py_MOD_PER_INTERPRETER_GIL_SUPPORTED */
#define NOT_USED ((void *)1)                      /* Py_MOD_GIL_NOT_USED */
#define SINCE_3_12 0x030c0000
#define FREE_SINCE 0x030d0000
#define FREE_BEFORE 0x03100000 /* up to 3.15 the layout is known */
#define FOR_EVER UINT32_MAX    /* of own_references */

static int add_data_functions(void *module) { return py.add_functions(module, python_methods); }

/* All that the library shares between interpreters, and between threads, has locks of its own: it is used without the
   interpreter's, too. */
static KEPT slot plain_slots[] = {{EXECUTE, add_data_functions}, {0, NULL}};
static KEPT slot slots[] = {{EXECUTE, add_data_functions}, {INTERPRETERS, EACH_WITH_A_LOCK}, {0, NULL}};
static KEPT slot free_slots[] = {
    {EXECUTE, add_data_functions}, {INTERPRETERS, EACH_WITH_A_LOCK}, {LOCK, NOT_USED}, {0, NULL}};

#define BODY(some_slots) {.name = "_engine", .methods = functions, .slots = some_slots}

static KEPT struct {
  head head;
  body body;
} plain_module = {.body = BODY(plain_slots)}, module = {.body = BODY(slots)};

static KEPT struct {
  free_head head;
  body body;
} free_module = {.head = {.own_references = FOR_EVER}, .body = BODY(free_slots)};

/* The definition that the interpreter understands, or NULL. */
static void *definition(void) {
  const unsigned long *found = look_up("Py_Version"); /* since 3.11 */
  unsigned long version = found ? *found : 0;
  if (is_free_threaded()) return version >= FREE_SINCE && version < FREE_BEFORE ? &free_module : NULL;
  return version >= SINCE_3_12 ? (void *)&module : (void *)&plain_module;
}

API void *PyInit__engine(void) {
  void *found = python_is_found() ? definition() : NULL;
  return found ? py.definition_init(found) : NULL;
}
