/* python.h: what _lib.py of the Python package sees beside gossl.h. Private to it; a C program has no use for it. */
#ifndef GOSSL_PYTHON_H
#define GOSSL_PYTHON_H

#include <stdint.h>

/* The functions of the running CPython that python.c calls, in this order. All of them are in every version since 3.2,
   with the same meaning, so that one library, compiled without Python.h, serves them all. */
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
} python_api;

/* What the functions below return beside gossl.h's statuses. */
#define PYTHON_TIMED_OUT (-1000)
#define PYTHON_SOCKET_CLOSED (-1001)

/* Gives the table, before any of the functions below is called: each interpreter does. */
void gossl_python_init(const python_api *api);

/* PyMethodDef. The interpreter goes on reading one for as long as there is a builtin of it, which may be until the end
   of a subinterpreter: so they are the library's memory, which stays. */
typedef struct python_method {
  const char *name;
  void *(*function)(void *self, void *const *arguments, intptr_t count);
  int flags;
  const char *doc;
} python_method;

/* The METH_FASTCALL functions; the last one has no name. A handle is an int. What gossl.h says of the function of that
   name goes for each; a negative status is returned as an int.

   read(handle, most, socket, deadline)            bytes, or a status
   read_into(handle, buffer, most, socket, deadline)
   write(handle, data, offset, socket, deadline)   data[offset:]
   handshake(handle, socket, deadline), shutdown(handle, socket, deadline)
   pending(handle)
   get_int(handle, what)
   conn_new(config, side, name)                    a handle, or a status; name is bytes or None
   conn_set_bio(handle, incoming, outgoing)
   conn_free(handle), bio_free(handle)             0
   bio_new()                                       a handle, or a status
   bio_read(handle, most)                          bytes, or a status
   bio_write(handle, data, offset)
   bio_pending(handle)

   With a socket, the object, they wait until they can go on, without the interpreter's lock. deadline is None, or a
   float as time.monotonic() counts. Handlers of signals run meanwhile; what they raise ends the call. With None for the
   socket they do not wait. */
const python_method *gossl_python_methods(void);

#endif
