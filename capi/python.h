/* python.h: what the Python package sees beside gossl.h. Private to it; a C program has no use for it. */
#ifndef GOSSL_PYTHON_H
#define GOSSL_PYTHON_H

#include <stddef.h>
#include <stdint.h>

#define PYTHON_FASTCALL 0x80 /* METH_FASTCALL */

/* PyMethodDef. The interpreter goes on reading one for as long as there is a builtin of it, which may be until the end
   of a subinterpreter: so they are the library's memory, which stays. */
typedef struct python_method {
  const char *name;
  void *(*function)(void *self, void *const *arguments, intptr_t count);
  int flags;
  const char *doc;
} python_method;

/* The functions of the running CPython that python.c calls, in this order. All but the last four are in every version
   since 3.2, with the same meaning, so that one library, compiled without Python.h, serves them all. */
typedef struct python_api {
  void *(*bytes_new)(const char *data, intptr_t size);             /* PyBytes_FromStringAndSize */
  int (*bytes_resize)(void **bytes, intptr_t size);                /* _PyBytes_Resize */
  char *(*bytes_data)(void *bytes);                                /* PyBytes_AsString */
  void (*release)(void *object);                                   /* Py_DecRef */
  void *(*int_new)(long long value);                               /* PyLong_FromLongLong */
  long long (*int_value)(void *object);                            /* PyLong_AsLongLong */
  unsigned long long (*handle_value)(void *object);                /* PyLong_AsUnsignedLongLong */
  void *(*error_occurred)(void);                                   /* PyErr_Occurred */
  int (*bad_argument)(void);                                       /* PyErr_BadArgument */
  int (*get_buffer)(void *object, void *buffer, int flags);        /* PyObject_GetBuffer */
  void (*release_buffer)(void *buffer);                            /* PyBuffer_Release */
  void *(*leave_python)(void);                                     /* PyEval_SaveThread */
  void (*enter_python)(void *state);                               /* PyEval_RestoreThread */
  int (*check_signals)(void);                                      /* PyErr_CheckSignals */
  void (*clear_error)(void);                                       /* PyErr_Clear */
  int (*descriptor)(void *object);                                 /* PyObject_AsFileDescriptor */
  double (*float_value)(void *object);                             /* PyFloat_AsDouble */
  void *none;                                                      /* _Py_NoneStruct */
  void *(*call)(void *callable, void *arguments);                  /* PyObject_CallObject */
  void *(*call_with)(void *callable, ...);                         /* PyObject_CallFunctionObjArgs */
  void *(*attribute)(void *object, const char *name);              /* PyObject_GetAttrString */
  int (*set_attribute)(void *object, void *name, void *value);     /* PyObject_SetAttr */
  void (*set_error)(void *type, void *value);                      /* PyErr_SetObject */
  void (*retain)(void *object);                                    /* Py_IncRef */
  void *(*item)(void *tuple, intptr_t index);                      /* PyTuple_GetItem */
  void *(*capsule_new)(void *pointer, const char *name, void (*free)(void *capsule)); /* PyCapsule_New */
  void *(*capsule_pointer)(void *capsule, const char *name);       /* PyCapsule_GetPointer */
  void *(*no_memory)(void);                                        /* PyErr_NoMemory */
  void *(*definition_init)(void *definition);                      /* PyModuleDef_Init */
  int (*add_functions)(void *module, const python_method *methods); /* PyModule_AddFunctions */
  void *(*method_new)(void *type, const python_method *method); /* PyDescr_NewMethod */
  void *(*build)(const char *format, ...);                         /* Py_BuildValue */
  /* Those that some versions do not have, and then NULL: one of these two at least, */
  int (*referent)(void *reference, void **found);                  /* PyWeakref_GetRef: since 3.13 */
  void *(*borrowed_referent)(void *reference);                     /* PyWeakref_GetObject: borrowed, or None */
  /* and these only where the interpreter has no lock of its own. */
  void (*lock_object)(void *section, void *object);                /* PyCriticalSection_Begin */
  void (*unlock_object)(void *section);                            /* PyCriticalSection_End */
} python_api;

extern python_api py; /* python.c */

/* None, as a new reference. */
void *python_none(void);

/* What the functions below return beside gossl.h's statuses. */
#define PYTHON_TIMED_OUT (-1000)
#define PYTHON_SOCKET_CLOSED (-1001)

/* ctypes calls these four; the module (module.c) has the same as builtins.

   Lets the runtime start: 0, or ENOMEM where the process may have too little address space for it, EAGAIN for threads.
   The first call that needs it waits until it has started. */
int32_t gossl_python_launch(void);

/* 1 where the runtime goes on in a child of fork(); elsewhere the package loads a copy of the library there. With never
   it does not go on from now on. gossl_python_abandon is called in the child, before the copy is loaded. */
int32_t gossl_python_restarts(int32_t never);
void gossl_python_abandon(void);

/* Where in an instance of the class the slots are, in bytes: of its owner (owner.h), or None where the methods are to
   leave all to the functions of Python; of a weak reference to the socket, or None. */
void python_place_conn(intptr_t object, intptr_t socket);
void python_place_bio(intptr_t object);

/* From now on the methods leave it to the functions of Python to raise for want of input. */
void python_leave_wants(void);

/* METH_FASTCALL methods, five: read(self, size[, buffer]), write(self, data) and do_handshake(self) of a connection,
   read(self[, size]) and write(self, data) of a queue. They do what usually happens, and wait for a socket as its timeout
   says. All else goes to self._read_on(found, size[, buffer]), self._write_on(found, data[, done]),
   self._handshake_on(found), self._read_on(None[, size]) and self._write_on(None, data), where found is what the library
   answered, or None if it was not asked. */
extern const python_method python_class_methods[];

/* Py_buffer: its layout is part of the stable ABI. */
typedef struct python_buffer {
  uint8_t *data;
  void *object;
  intptr_t size, item_size;
  int read_only, dimensions;
  char *format;
  intptr_t *shape, *strides, *suboffsets;
  void *internal;
} python_buffer;

#define PYTHON_READABLE 0 /* PyBUF_SIMPLE */
#define PYTHON_WRITABLE 1 /* PyBUF_WRITABLE */
#define PYTHON_FORMAT 4   /* PyBUF_FORMAT */
#define PYTHON_SHAPE 8    /* PyBUF_ND */

/* A connection, and who is called where it does not give what is usual: on(front, conn, found, ...) if there is an object
   in front of it (front.c), else its own _read_on or _write_on. */
typedef struct python_reading {
  void *conn, *front, *on;
} python_reading;

/* read, where into may be NULL, and write of a connection. */
void *python_read_conn(const python_reading *r, void *size, void *into);
void *python_write_conn(void *conn, void *data);
/* Writes it all: *got is None; NULL with an exception set; or what on(front, conn, found, data, done) gives. 0 if nothing
   was tried, and it is for Python to say why. */
int python_send_all(const python_reading *r, void *data, void **got);

struct bio;

/* gossl_conn_new, then gossl_conn_set_fd or gossl_conn_set_bio, then gossl_conn_set_session unless that is 0, in one call
   into Go. The queues are there as long as the call takes. */
int32_t conn_make(uint64_t config, int32_t side, const char *name, size_t size, int32_t fd, struct bio *incoming,
                  struct bio *outgoing, uint64_t session, uint64_t *made);

/* gossl_conn_read into memory that nobody has seen yet, of which it may use all. */
int64_t gossl_python_read(uint64_t conn, uint8_t *buf, size_t cap);

/* The METH_FASTCALL functions; the last one has no name. A connection and a queue are given as their owners, a config and
   a session as ints. What gossl.h says of the function of that name goes for each; a negative status is returned as an
   int.

   read(conn, most, socket, deadline)            bytes, or a status
   read_into(conn, buffer, most, socket, deadline)
   write(conn, data, offset, socket, deadline)   data[offset:]
   handshake(conn, socket, deadline), shutdown(conn, socket, deadline)
   pending(conn)
   get_int(conn, what)
   conn_new(config, side, name, fd, incoming, outgoing, session, wants)
                                                 an owner, or a status; name is bytes or None; over a descriptor, or,
                                                 if that is -1, two queues, which are None else; session is 0 for none;
                                                 wants is for owner.h
   bio_new()                                     an owner, or a status
   bio_read(queue, most)                         bytes, or a status
   bio_write(queue, data, offset)
   bio_pending(queue)
   number(owner)                                 its handle, for the other functions; a status in a child of fork()
                                                 that has a copy of the library

   With a socket, the object, they wait until they can go on, without the interpreter's lock. deadline is None, or a
   float as time.monotonic() counts. Handlers of signals run meanwhile; what they raise ends the call. With None for the
   socket they do not wait. */
extern const python_method python_methods[];

#endif
