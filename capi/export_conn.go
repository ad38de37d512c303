package main

/*
#include "gossl.h"
#include "bio.h"
*/
import "C"

import (
	"encoding/json"
	"fmt"
	"unsafe"

	"github.com/gossl/gossl/core"
)

var conns = slab[conn]{kind: kindConn}

//export go_conn_new
func go_conn_new(handle C.gossl_config, side C.int32_t, name *C.gossl_text, n C.size_t, out *C.gossl_conn,
	err *C.gossl_error) C.int32_t {
	return newConn(handle, side, name, n, out, err, &conn{fd: -1}, nil)
}

// go_conn_make is conn_make of python.h: the connection is given its transport and its session at once. It takes over
// the caller's references to the queues unless it fails.
//
//export go_conn_make
func go_conn_make(handle C.gossl_config, side C.int32_t, name *C.gossl_text, n C.size_t, fd C.int32_t,
	incoming, outgoing *C.bio, session C.gossl_session, out *C.gossl_conn) C.int32_t {
	var s *core.Session
	if session != 0 {
		if s = sessions.get(uint64(session)); s == nil {
			return report(nil, sessions.missing(uint64(session)))
		}
	}
	return newConn(handle, side, name, n, out, nil, &conn{fd: int32(fd), in: incoming, out: outgoing}, s)
}

// newConn gives a handle to a connection, of which k has the transport.
func newConn(handle C.gossl_config, side C.int32_t, name *C.gossl_text, n C.size_t, out *C.gossl_conn,
	err *C.gossl_error, k *conn, session *core.Session) C.int32_t {
	return withConfig(handle, err, func(c *core.Config) error {
		host, e := text(name, n)
		if e != nil {
			return e
		}
		if out == nil || side != C.GOSSL_CLIENT && side != C.GOSSL_SERVER {
			return argumentError("side is neither GOSSL_CLIENT nor GOSSL_SERVER, or out_conn is NULL")
		}
		floor()
		if k.c, e = core.NewConn(c, core.Side(side), host); e != nil {
			return e
		}
		if session != nil {
			if e = k.c.SetSession(session); e != nil {
				return e
			}
		}
		k.c.SetExclusive(k)
		k.queues.Store(k.in != nil)
		k.panics = configs.get(uint64(handle)).panics.Load()
		*out = C.gossl_conn(conns.add(k))
		return nil
	})
}

//export go_conn_free
func go_conn_free(handle C.gossl_conn) {
	k, inherited := conns.remove(uint64(handle))
	if k == nil {
		return
	}
	if inherited {
		k.releaseQueues()
		return
	}
	k.lock()
	defer k.unlock()
	k.dropQueues()
	k.fd = -1
}

func (k *conn) dropQueues() {
	k.releaseQueues()
	k.in, k.out = nil, nil
	k.queues.Store(false)
}

func (k *conn) releaseQueues() {
	if k.in != nil {
		C.bio_unref(k.in)
		C.bio_unref(k.out)
	}
}

// with runs f on a connection under both locks, for calls that report by *err.
func with(handle C.gossl_conn, err *C.gossl_error, f func(*conn) error) (status C.int32_t) {
	defer guard(&status, err)
	k := conns.get(uint64(handle))
	if k == nil {
		return report(err, conns.missing(uint64(handle)))
	}
	k.lock()
	defer k.unlock()
	if k.dead.Load() {
		return report(err, errPanic)
	}
	return report(err, f(k))
}

// operate runs an operation that returns a count or a status, under both locks. A panic in it ends the connection.
func operate(handle C.gossl_conn, op func(*conn) (int, error)) C.int64_t {
	k := conns.get(uint64(handle))
	if k == nil {
		return C.int64_t(statusOf(conns.missing(uint64(handle))))
	}
	k.lock()
	defer k.unlock()
	return k.outcome(k.protect(op))
}

// outcome is what a hot call returns.
func (k *conn) outcome(n int, err error) C.int64_t {
	switch err {
	case nil:
		return C.int64_t(n)
	case errWantWrite:
		k.last.Store(&errWantWrite)
		return C.GOSSL_E_WANT_WRITE
	case core.ErrWantRead:
		k.last.Store(&core.ErrWantRead)
		return C.GOSSL_E_WANT_READ
	}
	failure := err // on the heap only if there is one
	k.last.Store(&failure)
	return C.int64_t(statusOf(err))
}

// protect makes an error of a panic, and of every call after it.
func (k *conn) protect(op func(*conn) (int, error)) (n int, err error) {
	if k.dead.Load() {
		return 0, errPanic
	}
	defer func() {
		if r := recover(); r != nil {
			k.dead.Store(true)
			n, err = 0, fmt.Errorf("%w: %v", errPanic, r)
		}
	}()
	if k.panics != 0 {
		fault(k.panics)
	}
	return op(k)
}

func fault(how int32) {
	if how == 2 {
		var nothing *core.Conn
		nothing.Version()
	}
	panic("a test asked for it")
}

//export go_conn_set_fd
func go_conn_set_fd(handle C.gossl_conn, fd C.int32_t, err *C.gossl_error) C.int32_t {
	return with(handle, err, func(k *conn) error {
		if fd < 0 {
			return argumentError("not a descriptor")
		}
		k.dropQueues()
		k.fd = int32(fd)
		return nil
	})
}

//export go_conn_set_bio
func go_conn_set_bio(handle C.gossl_conn, incoming, outgoing C.gossl_bio, err *C.gossl_error) C.int32_t {
	return with(handle, err, func(k *conn) error {
		in, out := C.bio_ref(incoming), C.bio_ref(outgoing)
		if in == nil || out == nil {
			for _, b := range []*C.bio{in, out} {
				if b != nil {
					C.bio_unref(b)
				}
			}
			return errHandle
		}
		k.dropQueues()
		k.fd, k.in, k.out = -1, in, out
		k.queues.Store(true)
		return nil
	})
}

//export go_conn_handshake
func go_conn_handshake(handle C.gossl_conn) C.int64_t {
	return operate(handle, (*conn).handshake)
}

//export go_conn_read
func go_conn_read(handle C.gossl_conn, buf *C.uint8_t, cap C.size_t) C.int64_t {
	return readFrom(handle, buf, cap, (*core.Conn).ReadKeeping)
}

//export go_conn_read_scratch
func go_conn_read_scratch(handle C.gossl_conn, buf *C.uint8_t, cap C.size_t) C.int64_t {
	return readFrom(handle, buf, cap, (*core.Conn).Read)
}

func readFrom(handle C.gossl_conn, buf *C.uint8_t, cap C.size_t, read reader) C.int64_t {
	p, err := slice((*C.gossl_in)(buf), min(cap, 1<<30))
	if err != nil {
		return C.GOSSL_E_ARGUMENT
	}
	k := conns.get(uint64(handle))
	if k == nil {
		return C.int64_t(statusOf(conns.missing(uint64(handle))))
	}
	k.lockToRead()
	defer k.unlock()
	return k.outcome(k.protect(func(k *conn) (int, error) { return k.read(p, read) }))
}

//export go_conn_write
func go_conn_write(handle C.gossl_conn, data *C.gossl_in, n C.size_t) C.int64_t {
	p, err := slice(data, min(n, 1<<30))
	if err != nil {
		return C.GOSSL_E_ARGUMENT
	}
	k := conns.get(uint64(handle))
	if k == nil {
		return C.int64_t(statusOf(conns.missing(uint64(handle))))
	}
	return k.outcome(k.write(p))
}

//export go_conn_shutdown
func go_conn_shutdown(handle C.gossl_conn) C.int64_t {
	return operate(handle, func(k *conn) (int, error) {
		return k.run(func() (int, error) { return 0, k.c.Shutdown() })
	})
}

//export go_conn_pending
func go_conn_pending(handle C.gossl_conn) C.int64_t {
	k := conns.get(uint64(handle))
	if k == nil {
		return C.int64_t(statusOf(conns.missing(uint64(handle))))
	}
	k.reading.Lock()
	defer k.reading.Unlock()
	return C.int64_t(k.c.Pending())
}

//export go_conn_error
func go_conn_error(handle C.gossl_conn, err *C.gossl_error) (status C.int32_t) {
	defer guard(&status, err)
	k := conns.get(uint64(handle))
	if k == nil {
		return report(err, conns.missing(uint64(handle)))
	}
	if e := k.last.Load(); e != nil {
		report(err, *e)
	} else {
		report(err, nil)
	}
	return C.GOSSL_OK
}

//export go_conn_verify_post_handshake
func go_conn_verify_post_handshake(handle C.gossl_conn, err *C.gossl_error) C.int32_t {
	return with(handle, err, func(k *conn) error { return k.c.VerifyPostHandshake() })
}

//export go_conn_key_update
func go_conn_key_update(handle C.gossl_conn, requestPeer C.int32_t, err *C.gossl_error) C.int32_t {
	return with(handle, err, func(k *conn) error {
		_, e := k.run(func() (int, error) { return 0, k.c.KeyUpdate(requestPeer != 0) })
		if e == errWantWrite {
			return nil
		}
		return e
	})
}

//export go_conn_set_config
func go_conn_set_config(handle C.gossl_conn, config C.gossl_config, err *C.gossl_error) C.int32_t {
	other := configs.get(uint64(config))
	if other == nil {
		return report(err, configs.missing(uint64(config)))
	}
	return with(handle, err, func(k *conn) error {
		return k.c.SetConfig(other.current.Load())
	})
}

//export go_conn_answer_sni
func go_conn_answer_sni(handle C.gossl_conn, alert C.int32_t, err *C.gossl_error) C.int32_t {
	return with(handle, err, func(k *conn) error {
		_, e := k.run(func() (int, error) { return 0, k.c.AnswerSNI(int(alert)) })
		if e == errWantWrite {
			return nil
		}
		return e
	})
}

//export go_conn_answer_psk
func go_conn_answer_psk(handle C.gossl_conn, identity *C.gossl_in, identityLen C.size_t, key *C.gossl_in,
	keyLen C.size_t, err *C.gossl_error) C.int32_t {
	return with(handle, err, func(k *conn) error {
		id, e1 := slice(identity, identityLen)
		secret, e2 := slice(key, keyLen)
		if e1 != nil || e2 != nil {
			return argumentError("NULL with a length")
		}
		return k.c.AnswerPSK(id, secret)
	})
}

//export go_conn_get_int
func go_conn_get_int(handle C.gossl_conn, what C.int32_t) (n C.int64_t) {
	defer guardCount(&n)
	k := conns.get(uint64(handle))
	if k == nil {
		return C.int64_t(statusOf(conns.missing(uint64(handle))))
	}
	k.lock()
	defer k.unlock()
	switch c := k.c; what {
	case C.GOSSL_CONN_VERSION:
		return C.int64_t(c.Version())
	case C.GOSSL_CONN_CIPHER:
		return C.int64_t(c.Cipher().ID & 0xffff)
	case C.GOSSL_CONN_CIPHER_BITS:
		return C.int64_t(c.Cipher().StrengthBits)
	case C.GOSSL_CONN_RESUMED:
		return C.int64_t(flag(c.Resumed() || c.UsedExternalPSK()))
	case C.GOSSL_CONN_HANDSHAKE_DONE:
		return C.int64_t(flag(c.HandshakeDone()))
	case C.GOSSL_CONN_SIDE:
		return C.int64_t(c.Side())
	case C.GOSSL_CONN_VERIFY_RESULT:
		return C.int64_t(c.VerifyResult())
	case C.GOSSL_CONN_SENT_SHUTDOWN:
		return C.int64_t(flag(c.SentShutdown()))
	case C.GOSSL_CONN_RECEIVED_SHUTDOWN:
		return C.int64_t(flag(c.ReceivedShutdown()))
	case C.GOSSL_CONN_HAS_SNI:
		return C.int64_t(flag(c.HasSNI()))
	case C.GOSSL_CONN_VERIFY_DEPTH:
		return C.int64_t(c.VerifyDepth())
	case C.GOSSL_CONN_CHOSEN_VERSION:
		return C.int64_t(c.ChosenVersion())
	}
	return C.GOSSL_E_ARGUMENT
}

//export go_conn_get
func go_conn_get(handle C.gossl_conn, what C.int32_t, buf *C.uint8_t, cap C.size_t) (n C.int64_t) {
	defer guardCount(&n)
	k := conns.get(uint64(handle))
	if k == nil {
		return C.int64_t(statusOf(conns.missing(uint64(handle))))
	}
	k.lock()
	defer k.unlock()
	data, ok := fact(k.c, what)
	if !ok {
		return C.GOSSL_E_ARGUMENT
	}
	return give(data, unsafe.Pointer(buf), cap)
}

func fact(c *core.Conn, what C.int32_t) ([]byte, bool) {
	switch what {
	case C.GOSSL_CONN_CIPHER_NAME:
		return []byte(c.Cipher().Name), true
	case C.GOSSL_CONN_CIPHER_PROTOCOL:
		return []byte(c.Cipher().Protocol), true
	case C.GOSSL_CONN_SHARED_CIPHERS:
		return sharedCiphers(c), true
	case C.GOSSL_CONN_ALPN:
		return []byte(c.ALPN()), true
	case C.GOSSL_CONN_SNI:
		return []byte(c.ServerName()), true
	case C.GOSSL_CONN_GROUP:
		return []byte(c.Group()), true
	case C.GOSSL_CONN_PEER_SIGALG:
		return []byte(c.PeerScheme()), true
	case C.GOSSL_CONN_OUR_SIGALG:
		return []byte(c.OurScheme()), true
	case C.GOSSL_CONN_PEER_CERTIFICATE:
		if l := c.PeerCertificates(); len(l) > 0 {
			return l[0], true
		}
		return nil, true
	case C.GOSSL_CONN_PEER_CHAIN:
		return list(c.PeerCertificates()), true
	case C.GOSSL_CONN_VERIFIED_CHAIN:
		return list(c.VerifiedChain()), true
	case C.GOSSL_CONN_TLS_UNIQUE:
		return c.TLSUnique(), true
	case C.GOSSL_CONN_TLS_EXPORTER:
		b, err := c.TLSExporter()
		return b, err == nil
	case C.GOSSL_CONN_TLS_SERVER_END_POINT:
		return c.ServerEndPoint(), true
	case C.GOSSL_CONN_PSK_HINT, C.GOSSL_CONN_PSK_IDENTITY:
		return c.PSKQuestion(), true
	}
	return nil, false
}

func sharedCiphers(c *core.Conn) []byte {
	l := c.SharedCiphers()
	if l == nil {
		return nil
	}
	out := make([][3]any, len(l))
	for i, s := range l {
		out[i] = [3]any{s.Name, s.Protocol, s.StrengthBits}
	}
	b, err := json.Marshal(out)
	if err != nil {
		return nil
	}
	return b
}

//export go_conn_export
func go_conn_export(handle C.gossl_conn, label *C.gossl_text, labelLen C.size_t, context *C.gossl_in,
	contextLen C.size_t, hasContext C.int32_t, out *C.uint8_t, n C.size_t, err *C.gossl_error) C.int32_t {
	return with(handle, err, func(k *conn) error {
		name, e1 := text(label, labelLen)
		ctx, e2 := slice(context, contextLen)
		dst, e3 := slice((*C.gossl_in)(out), n)
		if e1 != nil || e2 != nil || e3 != nil || n > 4096 {
			return argumentError("NULL with a length, or more than 4096 bytes")
		}
		key, e := k.c.Export(name, ctx, hasContext != 0, int(n))
		copy(dst, key)
		return e
	})
}

//export go_conn_take_keylog
func go_conn_take_keylog(handle C.gossl_conn, buf *C.uint8_t, cap C.size_t) (n C.int64_t) {
	defer guardCount(&n)
	return take(handle, buf, cap, func(k *conn) *[]byte {
		k.keylog = append(k.keylog, k.c.TakeKeyLog()...)
		return &k.keylog
	})
}

//export go_conn_take_trace
func go_conn_take_trace(handle C.gossl_conn, buf *C.uint8_t, cap C.size_t) (n C.int64_t) {
	defer guardCount(&n)
	return take(handle, buf, cap, func(k *conn) *[]byte {
		for _, e := range k.c.TakeTrace() {
			k.trace = append(k.trace, byte(flag(e.Written)), byte(e.Version>>8), byte(e.Version),
				byte(e.ContentType>>8), byte(e.ContentType))
			k.trace = appendEntry(k.trace, e.Data)
		}
		return &k.trace
	})
}

// take gives what was collected and forgets it once it fits.
func take(handle C.gossl_conn, buf *C.uint8_t, cap C.size_t, collect func(*conn) *[]byte) C.int64_t {
	k := conns.get(uint64(handle))
	if k == nil {
		return C.int64_t(statusOf(conns.missing(uint64(handle))))
	}
	k.lock()
	defer k.unlock()
	data := collect(k)
	n := give(*data, unsafe.Pointer(buf), cap)
	if buf != nil && C.size_t(n) <= cap {
		clear(*data)
		*data = nil
	}
	return n
}
