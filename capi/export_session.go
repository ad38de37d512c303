package main

/*
#include "gossl.h"
*/
import "C"

import (
	"unsafe"

	"github.com/gossl/gossl/core"
)

var sessions = slab[core.Session]{kind: kindSession}

//export go_conn_session
func go_conn_session(handle C.gossl_conn, out *C.gossl_session, err *C.gossl_error) C.int32_t {
	return with(handle, err, func(k *conn) error {
		if out == nil {
			return argumentError("out_session is NULL")
		}
		*out = 0
		if s := k.c.Session(); s != nil {
			*out = C.gossl_session(sessions.add(s))
		}
		return nil
	})
}

//export go_conn_set_session
func go_conn_set_session(handle C.gossl_conn, session C.gossl_session, err *C.gossl_error) C.int32_t {
	s := sessions.get(uint64(session))
	if s == nil {
		return report(err, sessions.missing(uint64(session)))
	}
	return with(handle, err, func(k *conn) error { return k.c.SetSession(s) })
}

//export go_session_free
func go_session_free(handle C.gossl_session) { sessions.remove(uint64(handle)) }

//export go_session_get_int
func go_session_get_int(handle C.gossl_session, what C.int32_t) C.int64_t {
	s := sessions.get(uint64(handle))
	if s == nil {
		return C.int64_t(statusOf(sessions.missing(uint64(handle))))
	}
	switch what {
	case C.GOSSL_SESSION_TIME:
		return C.int64_t(s.Time())
	case C.GOSSL_SESSION_TIMEOUT:
		return C.int64_t(s.Timeout())
	case C.GOSSL_SESSION_TICKET_LIFETIME_HINT:
		return C.int64_t(s.TicketLifetimeHint())
	case C.GOSSL_SESSION_HAS_TICKET:
		return C.int64_t(flag(s.HasTicket()))
	case C.GOSSL_SESSION_VERSION:
		return C.int64_t(s.Version())
	}
	return C.GOSSL_E_ARGUMENT
}

//export go_session_get
func go_session_get(handle C.gossl_session, what C.int32_t, buf *C.uint8_t, cap C.size_t) C.int64_t {
	s := sessions.get(uint64(handle))
	if s == nil {
		return C.int64_t(statusOf(sessions.missing(uint64(handle))))
	}
	switch what {
	case C.GOSSL_SESSION_ID:
		return give(s.ID(), unsafe.Pointer(buf), cap)
	case C.GOSSL_SESSION_EXPORT:
		return give(s.Export(), unsafe.Pointer(buf), cap)
	}
	return C.GOSSL_E_ARGUMENT
}

//export go_session_import
func go_session_import(handle C.gossl_config, data *C.gossl_in, n C.size_t, out *C.gossl_session, err *C.gossl_error) C.int32_t {
	return withConfig(handle, err, func(c *core.Config) error {
		b, e := slice(data, n)
		if e != nil {
			return e
		}
		if out == nil {
			return argumentError("out_session is NULL")
		}
		s, e := core.ImportSession(c, append([]byte(nil), b...))
		if e != nil {
			return e
		}
		*out = C.gossl_session(sessions.add(s))
		return nil
	})
}
