/* front.h: the methods of ssl.py's SSLSocket that move data, as builtins. */
#ifndef GOSSL_FRONT_H
#define GOSSL_FRONT_H

#include "python.h"

/* METH_METHOD | METH_FASTCALL | METH_KEYWORDS methods: recv, recv_into, send, sendall, read and write, in this
   order. They do what usually happens, and leave everything else to the functions of
   ssl.py whose place they take. */
extern const python_method front_methods[];

/* What the methods need to know of their class: a tuple.

   CONNECTION                   the class _SSLSocket
   SSLOBJ                       "_sslobj"
   DEFAULT, ALL                 1024, 0
   CHECK, CHECK_NAME and so on  what is to be found under a name in the object, which is the name after it: _checkClosed,
                                read and send
   READ_ON                      called as read_on(self, connection, found, size[, buffer]) and
   SENDALL_ON                   sendall_on(self, connection, found, data, done), where found is what the library answered
   ORIGINALS                    and on: the functions of ssl.py, in the order of front_methods */
enum {
  FRONT_CONNECTION,
  FRONT_SSLOBJ,
  FRONT_DEFAULT,
  FRONT_ALL,
  FRONT_CHECK,
  FRONT_CHECK_NAME,
  FRONT_READ,
  FRONT_READ_NAME,
  FRONT_SEND,
  FRONT_SEND_NAME,
  FRONT_READ_ON,
  FRONT_SENDALL_ON,
  FRONT_ORIGINALS,
};

/* Registers the parts of a class, both borrowed, for as long as the capsule that is returned exists: the class keeps it and
   the parts, those too that it gets other ones instead of. None if there is no room, or the interpreter has not what is
   needed. */
void *front_place(void *class, void *parts);

/* Finds the functions of the interpreter that only these methods call. */
void front_find(void *(*look_up)(const char *name));

#endif
