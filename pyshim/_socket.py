"""_SSLSocket: one connection, over a socket or two memory BIOs.

The library makes one attempt at a time and says what it needs. Here the waiting is done, where signals and timeouts
are Python's, the library's questions are put to the context's callbacks, and what went wrong is raised. Nothing is
decided about TLS.
"""

from __future__ import annotations

import _socket
import math
import select
import time
import weakref
from collections.abc import Callable
from operator import index
from typing import TYPE_CHECKING, Any

from . import _answers, _beside, _bridge, _cert, _codes, _consts, _errors, _lib, _native
from ._bio import MemoryBIO
from ._errors import HANDSHAKE, READ, SHUTDOWN, WRITE, Operation
from ._immutable import Final, Immutable, Uncreatable, Unpicklable, undeletable
from ._session import SSLSession, new_session, session_parts

if TYPE_CHECKING:
    from . import _front
    from ._context import _SSLContext

_VERSION_NAMES = {
    _consts.PROTO_TLSv1: "TLSv1",
    _consts.PROTO_TLSv1_1: "TLSv1.1",
    _consts.PROTO_TLSv1_2: "TLSv1.2",
    _consts.PROTO_TLSv1_3: "TLSv1.3",
}
_CHANNEL_BINDINGS = {
    "tls-unique": _codes.CONN_TLS_UNIQUE,
    "tls-exporter": _codes.CONN_TLS_EXPORTER,
    "tls-server-end-point": _codes.CONN_TLS_SERVER_END_POINT,
}
# Refusals of one call that leave the connection as it was.
_PASSING = {"PROTOCOL_IS_SHUTDOWN", "SHUTDOWN_WHILE_IN_INIT", "APPLICATION_DATA_AFTER_CLOSE_NOTIFY"}
# OpenSSL's reason for a received alert is its number plus this.
_RECEIVED_ALERT = 1000
_SSL_LIBRARY = 20

_INT_MAX = 0x7FFFFFFF
_NO_BUFFER: Any = object()


@undeletable
class _SSLSocket(Final, Uncreatable, Unpicklable, metaclass=Immutable):
    """A connection."""

    __slots__ = (
        "_about",
        "_argument",
        "_bios",
        "_context",
        "_failed",
        "_handle",
        "_io",
        "_owner",
        "_raised",
        "_server_hostname",
        "_server_side",
        "_shown",
        "_sock",
        "_watched",
    )
    __module__ = "_ssl"
    _frozen_ = True

    _about: object  # for the builtins, or those of _plain; None where each step has to be watched
    _argument: _lib.Argument
    _bios: tuple[Any, Any] | None
    _context: _SSLContext
    _failed: str  # "", or who ended the connection by a fatal error: "us" or "peer"
    _handle: _lib.Owner
    _io: _lib.Library | _bridge.Bridge
    _owner: weakref.ref[Any] | None
    _raised: BaseException | None  # by a message callback, during the operation
    _server_hostname: str | None
    _server_side: bool
    _shown: Any  # the context as the program knows it: _context, or what that one stands behind
    _sock: weakref.ref[_socket.socket] | None
    _watched: bool  # key log lines or message events may come up

    # ---- Data

    def do_handshake(self) -> None:
        """Perform a handshake."""
        _run(self, self._io.handshake, HANDSHAKE)

    def read(self, size: Any, buffer: Any = _NO_BUFFER, /) -> Any:
        """read(size, [buffer])

        Read up to size bytes from the SSL socket.
        """
        if buffer is not _NO_BUFFER:
            return self._read_into(size, buffer)
        most = size if type(size) is int else index(size)
        if most <= 0:
            if most < 0:
                raise ValueError("size should not be negative")
            return b""
        patience = _NOBODY if self._sock is None else _patience(self, READ)
        found = None if self._watched else self._io.read(self._argument, most, *patience)
        if type(found) is bytes:
            return found
        return _read_on(self, most, found, patience)

    def _read_into(self, size: Any, buffer: Any) -> int:
        most = size if type(size) is int else index(size)
        view = _writable(buffer)
        room = view.nbytes
        if most <= 0 or most > room:
            most = room
        if most == 0:
            return 0
        patience = _NOBODY if self._sock is None else _patience(self, READ)
        found = None if self._watched else self._io.read_into(self._argument, view, most, *patience)
        if found is not None and found > 0:
            return found
        return _read_into_on(self, view, most, found, patience)

    def write(self, b: Any, /) -> int:
        """Writes the bytes-like object b into the SSL object.

        Returns the number of bytes written.
        """
        size = len(b) if type(b) is bytes else _lib.size_of(b)
        patience = _NOBODY if self._sock is None else _patience(self, WRITE)
        if size == 0:
            return 0
        if size > _INT_MAX:
            raise OverflowError(f"string longer than {_INT_MAX} bytes")
        found = None if self._watched else self._io.write(self._argument, b, 0, *patience)
        if found == size:
            return size
        return _write_rest(self, b, size, found, patience)

    # What the builtins leave (capi/python.h). found is what the library answered to the first step, if it was asked.

    def _read_on(self, found: int | None, size: Any, buffer: Any = _NO_BUFFER) -> Any:
        if found is None:
            return _read(self, size, buffer)
        most = index(size)
        if buffer is _NO_BUFFER:
            return _read_on(self, most, found, None)
        view = _writable(buffer)
        return _read_into_on(self, view, most if 0 < most < view.nbytes else view.nbytes, found, None)

    def _write_on(self, found: int | None, b: Any, done: int = 0) -> int:
        if found is None:
            return _write(self, b)
        return _write_rest(self, b, _lib.size_of(b), found, None, done)

    def _handshake_on(self, found: int | None) -> None:
        _run(self, self._io.handshake, HANDSHAKE, found)

    def shutdown(self) -> _socket.socket | None:
        """Does the SSL shutdown handshake with the remote end."""
        _run(self, self._io.shutdown, SHUTDOWN)
        return None if self._sock is None else self._sock()

    def pending(self) -> int:
        """Returns the number of already decrypted bytes available for read, pending on the connection."""
        count = self._io.pending(self._argument)
        if count < 0:
            raise _errors.of_status(count)
        return count

    def verify_client_post_handshake(self) -> None:
        """Initiate TLS 1.3 post-handshake authentication."""
        failure = _lib.call("gossl_conn_verify_post_handshake", _lib.number_of(self._handle))
        _errors.check(failure, _errors.IN_POST_HANDSHAKE_AUTH)

    # ---- Facts

    def getpeercert(self, der: bool = False, /) -> Any:
        """Returns the certificate for the peer.

        If no certificate was provided, returns None.  If a certificate was
        provided, but not validated, returns an empty dictionary.  Otherwise
        returns a dict containing information about the peer certificate.

        If the optional argument is True, returns a DER-encoded copy of the
        peer certificate, or None if no certificate was provided.  This will
        return the certificate even if it wasn't validated.
        """
        if not _done(self):
            raise ValueError("handshake not done yet")
        certificate = _bytes(self, _codes.CONN_PEER_CERTIFICATE)
        if not certificate:
            return None
        if der:
            return certificate
        return {} if self._context.verify_mode == _consts.CERT_NONE else _cert.decode(certificate)

    def get_verified_chain(self) -> list[_cert.Certificate] | None:
        return _chain(self, _codes.CONN_VERIFIED_CHAIN)

    def get_unverified_chain(self) -> list[_cert.Certificate] | None:
        return _chain(self, _codes.CONN_PEER_CHAIN)

    def cipher(self) -> tuple[str, str, int] | None:
        name = _text(self, _codes.CONN_CIPHER_NAME)
        if not name:
            return None
        return name, _text(self, _codes.CONN_CIPHER_PROTOCOL), _int(self, _codes.CONN_CIPHER_BITS)

    def shared_ciphers(self) -> list[tuple[str, str, int]] | None:
        found = _bytes(self, _codes.CONN_SHARED_CIPHERS)
        if not found:
            return None
        import json  # only here: `import ssl` is to stay short

        return [(name, protocol, bits) for name, protocol, bits in json.loads(found)]

    def version(self) -> str | None:
        return _VERSION_NAMES.get(_int(self, _codes.CONN_VERSION)) if _done(self) else None

    def compression(self) -> None:
        return None

    def selected_alpn_protocol(self) -> str | None:
        return _text(self, _codes.CONN_ALPN) or None

    def group(self) -> str | None:
        """The group of the key exchange."""
        return _text(self, _codes.CONN_GROUP) or None

    def client_sigalg(self) -> str | None:
        """The signature algorithm of the client's certificate."""
        return _text(self, _codes.CONN_PEER_SIGALG if self._server_side else _codes.CONN_OUR_SIGALG) or None

    def server_sigalg(self) -> str | None:
        """The signature algorithm of the server's certificate."""
        return _text(self, _codes.CONN_OUR_SIGALG if self._server_side else _codes.CONN_PEER_SIGALG) or None

    def uses_ktls_for_send(self) -> bool:
        return False

    def uses_ktls_for_recv(self) -> bool:
        return False

    def get_channel_binding(self, cb_type: str = "tls-unique") -> bytes | None:
        """Get channel binding data for current connection.

        Raise ValueError if the requested `cb_type` is not supported.  Return bytes
        of the data or None if the data is not available (e.g. before the handshake).
        """
        if cb_type not in _CHANNEL_BINDINGS:
            raise ValueError(f"{cb_type!r} channel binding type not implemented")
        return (_bytes(self, _CHANNEL_BINDINGS[cb_type]) or None) if _done(self) else None

    @property
    def context(self) -> Any:
        """This changes the context associated with the SSLSocket.

        This is typically used from within a callback function set by the sni_callback
        on the SSLContext to change the certificate information associated with the
        SSLSocket before the cryptographic exchange handshake messages.
        """
        return self._shown

    @context.setter
    def context(self, value: Any) -> None:
        context = _beside.engine_of(value)
        if context is None:
            raise TypeError("The value must be a SSLContext")
        _errors.check(_lib.call("gossl_conn_set_config", _lib.number_of(self._handle), context._handle.value))
        self._context, self._shown = context, value
        if _is_watched(context):
            self._watched, self._about = True, None

    @property
    def owner(self) -> Any:
        """The Python-level owner of this object.

        Passed as "self" in servername callback.
        """
        return None if self._owner is None else self._owner()

    @owner.setter
    def owner(self, owner: Any) -> None:
        self._owner = None if owner is None else weakref.ref(owner)

    @property
    def server_side(self) -> bool:
        """Whether this is a server-side socket."""
        return self._server_side

    @property
    def server_hostname(self) -> str | None:
        """The currently set server hostname (for SNI)."""
        return self._server_hostname

    @property
    def session(self) -> SSLSession | None:
        """The underlying SSLSession object."""
        made = _lib.make("gossl_conn_session", "gossl_session_free", _lib.number_of(self._handle))
        if isinstance(made, _lib.Failure):
            raise _errors.of_input(made, _errors.IN_SET_SESSION)
        return None if made is None else new_session(made, self._context)

    @session.setter
    def session(self, session: SSLSession) -> None:
        number = _session_number(session, self._context, self._server_side)
        if _done(self):
            raise ValueError("Cannot set session after handshake.")
        failure = _lib.call("gossl_conn_set_session", _lib.number_of(self._handle), number)
        _errors.check(failure, _errors.IN_SET_SESSION)

    @property
    def session_reused(self) -> bool:
        """Was the client session reused during handshake?"""
        return _int(self, _codes.CONN_RESUMED) == 1


# ---- Making connections ----------------------------------------------------------------------------------------------


def wrap_socket(
    context: _SSLContext, sock: Any, server_side: bool, server_hostname: Any, owner: Any, session: Any
) -> _SSLSocket:
    """A connection over a socket, which is neither kept alive nor closed by it."""
    if not isinstance(sock, _socket.socket):
        raise TypeError(f"_wrap_socket() argument 'sock' must be _socket.socket, not {type(sock).__name__}")
    return _new(context, server_side, server_hostname, owner, session, sock=sock)


def wrap_bio(
    context: _SSLContext,
    incoming: Any,
    outgoing: Any,
    server_side: bool,
    server_hostname: Any,
    owner: Any,
    session: Any,
) -> _SSLSocket:
    """A connection between two queues of bytes, which may be the interpreter's own."""
    bridge = None
    if not (type(incoming) is MemoryBIO and type(outgoing) is MemoryBIO):  # nearly always they are
        for name, bio in (("incoming", incoming), ("outgoing", outgoing)):
            if not isinstance(bio, MemoryBIO) and not _bridge.is_foreign(bio):
                raise TypeError(f"_wrap_bio() argument {name!r} must be _ssl.MemoryBIO, not {type(bio).__name__}")
        bridge = _bridge.over(_lib.library(), incoming, outgoing)
        if bridge is not None:
            incoming, outgoing = bridge.incoming, bridge.outgoing
    return _new(context, server_side, server_hostname, owner, session, bios=(incoming, outgoing), bridge=bridge)


def _new(
    context: _SSLContext,
    server_side: bool,
    server_hostname: Any,
    owner: Any,
    session: Any,
    sock: _socket.socket | None = None,
    bios: tuple[MemoryBIO, MemoryBIO] | None = None,
    bridge: _bridge.Bridge | None = None,
) -> _SSLSocket:
    name = None if server_hostname is None else _hostname(server_hostname)
    side = _codes.SERVER if server_side else _codes.CLIENT
    if context._protocol == _FOR_THE_OTHER_SIDE[side]:
        what = "server socket with a PROTOCOL_TLS_CLIENT" if server_side else "client socket with a PROTOCOL_TLS_SERVER"
        raise _errors.error(f"Cannot create a {what} context", _errors.IN_WRAP)
    if name is not None and (not name or name.startswith(b".")):
        raise ValueError("server_hostname cannot be an empty string or start with a leading dot.")
    offered = 0 if session is None else _session_number(session, context, server_side)
    self = object.__new__(_SSLSocket)
    library = _lib.library()
    self._io = bridge or library
    incoming, outgoing = (None, None) if bios is None else (bios[0]._argument, bios[1]._argument)
    descriptor = -1 if sock is None else sock.fileno()
    made = library.conn_new(context._handle.value, side, name, descriptor, incoming, outgoing, offered, _WANTS)
    if type(made) is int:
        raise _refused(context, side, name, descriptor, bios, offered)
    self._handle = made
    self._argument = made if library.builtins else _lib.argument_of(made)
    self._bios = bios
    self._context = self._shown = context
    self._server_side = server_side
    self._server_hostname = None if name is None else name.decode("ascii")
    self._owner = None if owner is None else weakref.ref(owner)
    self._sock = None if sock is None else weakref.ref(sock)
    self._raised = None
    self._failed = ""
    self._watched = watched = _is_watched(context)
    # Not over queues of the interpreter's own, either. The methods of _plain belong to a library.
    self._about = None if watched or bridge is not None else made if library.builtins else library
    if sock is not None:
        _front.change(sock, _SSLSocket)
    return self


# The protocol of a context that only the other side can use.
_FOR_THE_OTHER_SIDE = {_codes.SERVER: _consts.PROTOCOL_TLS_CLIENT, _codes.CLIENT: _consts.PROTOCOL_TLS_SERVER}


def _session_number(session: Any, context: _SSLContext, server_side: bool) -> int:
    """The library's session, of one that a connection may offer."""
    if not isinstance(session, SSLSession):
        raise TypeError("Value is not a SSLSession.")
    handle, made_with = session_parts(session)
    if made_with is not context:
        raise ValueError("Session refers to a different SSLContext.")
    if server_side:
        raise ValueError("Cannot set session for server-side SSLSocket.")
    return handle.value


def _refused(
    context: _SSLContext,
    side: int,
    name: bytes | None,
    descriptor: int,
    bios: tuple[MemoryBIO, MemoryBIO] | None,
    session: int,
) -> Exception:
    """Why a connection cannot be made: the library is asked again, step by step, for its words."""
    made = _lib.make("gossl_conn_new", "gossl_conn_free", context._handle.value, side, name, len(name or b""))
    if not isinstance(made, _lib.Handle):
        return _errors.of_input(made or _lib.Failure(_codes.E_PANIC), _errors.IN_WRAP)
    if bios is None:
        failure = _lib.call("gossl_conn_set_fd", made.value, descriptor)
    else:
        failure = _lib.call("gossl_conn_set_bio", made.value, *(_lib.number_of(bio._owner) for bio in bios))
    if failure is None:
        failure = _lib.call("gossl_conn_set_session", made.value, session)
    return _errors.of_input(failure or _lib.Failure(_codes.E_PANIC), _errors.IN_SET_SESSION)


def _hostname(value: Any) -> bytes:
    """A host name as ssl.py leaves it: A-labels."""
    if not isinstance(value, str):
        raise TypeError(f"argument must be str, not {type(value).__name__}")
    if "\0" in value:
        raise TypeError("argument must be encoded string without null bytes, not str")
    return value.encode("ascii")


def _is_watched(context: _SSLContext) -> bool:
    return context._keylog is not None or context._message is not None


def show(connection: _SSLSocket, context: object) -> None:
    """Makes a context that ours stands behind the one that the connection tells of."""
    connection._shown = context


# ---- One operation ---------------------------------------------------------------------------------------------------

# For how long an operation may wait: for what socket, if it waits at all, and until when, if there is an end.
Patience = tuple[Any, float | None]
Step = Callable[..., "bytes | int"]

_NOBODY: Patience = (None, None)


def _patience(self: _SSLSocket, operation: Operation) -> Patience:
    """Of a connection over a socket: as long as its timeout says, from now on."""
    assert self._sock is not None
    sock = self._sock()
    if sock is None:
        raise _errors.socket_gone(operation)
    timeout = _timeout_of(sock)
    if timeout is None:
        return sock, None
    return (sock, time.monotonic() + timeout) if timeout > 0 else _NOBODY


_timeout_of = _socket.socket.gettimeout


def _run(
    self: _SSLSocket,
    step: Step,
    operation: Operation,
    found: bytes | int | None = None,
    patience: Patience | None = None,
) -> bytes | int:
    """Repeats a step until it has an answer: waits as long as the socket's timeout allows, and asks the callbacks.

    found is what the first step gave, if it has been taken.
    """
    if patience is None:
        patience = _NOBODY if self._sock is None else _patience(self, operation)
    if found is None and patience[0] is not None and patience[0].fileno() < 0:
        raise OSError(9, "Bad file descriptor")
    try:
        result = _repeat(self, step, operation, found, patience)
    except BaseException as e:
        if self._raised is not None:
            e.__context__ = _take_raised(self)
        raise
    if self._raised is not None:
        raised = _take_raised(self)
        try:
            if raised is not None:
                raise raised
        finally:
            del raised
    return result


def _take_raised(self: _SSLSocket) -> BaseException | None:
    """What a callback has raised; None if another thread that works on the connection has taken it. Both may get it."""
    raised, self._raised = self._raised, None
    return raised


def _repeat(
    self: _SSLSocket, step: Step, operation: Operation, found: bytes | int | None, patience: Patience
) -> bytes | int:
    sock, deadline = patience
    while True:
        # Whoever watches wants to hear of each step before the next.
        result = step(self._argument, *(_NOBODY if self._watched else patience)) if found is None else found
        found = None
        if self._watched:
            _observe(self)
        if isinstance(result, bytes) or result >= 0:
            return result
        if result in (_codes.E_WANT_READ, _codes.E_WANT_WRITE):
            if sock is None:
                raise (_errors.want_read if result == _codes.E_WANT_READ else _errors.want_write)(operation)
            _wait(sock, result == _codes.E_WANT_WRITE, deadline, operation)
        elif result == _lib.TIMED_OUT:
            raise TimeoutError(operation.timed_out)
        elif result == _lib.SOCKET_CLOSED:
            raise _errors.error("Underlying socket has been closed.", operation.line)
        elif not _answers.answer(self, result):
            return _ended(self, result, operation)


def _wait(sock: _socket.socket, for_writing: bool, deadline: float | None, operation: Operation) -> None:
    """Waits until the socket is ready; handlers of signals run meanwhile (PEP 475)."""
    remaining = None
    if deadline is not None:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError(operation.timed_out)
    descriptor = sock.fileno()
    if descriptor < 0:
        raise _errors.error("Underlying socket has been closed.", operation.line)
    while not _is_ready(descriptor, for_writing, _LOOK if remaining is None else min(remaining, _LOOK)):
        _require_same(sock, descriptor, operation)
        if deadline is not None:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError(operation.timed_out)
    _require_same(sock, descriptor, operation)


# How often, in seconds, a thread that waits looks whether another one has closed the socket: the kernel does not tell.
_LOOK = 1.0


def _is_ready(descriptor: int, for_writing: bool, seconds: float) -> bool:
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(descriptor, select.POLLOUT if for_writing else select.POLLIN)
        return bool(poll.poll(math.ceil(seconds * 1000)))
    reading, writing = ([], [descriptor]) if for_writing else ([descriptor], [])
    return any(select.select(reading, writing, [], seconds))


def _require_same(sock: _socket.socket, descriptor: int, operation: Operation) -> None:
    """Refuses a socket that was closed meanwhile: its number may be another file's by now."""
    if sock.fileno() != descriptor:
        raise _errors.error("Underlying socket has been closed.", operation.line)


def _ended(self: _SSLSocket, status: int, operation: Operation) -> int:
    """Raises why an operation failed; 0 for a read at a clean end."""
    if status == _codes.E_CLOSED or self._failed == "peer":
        if operation is READ and not _int(self, _codes.CONN_SENT_SHUTDOWN):
            return 0
        if operation is not SHUTDOWN:
            raise _errors.closed(operation)
    if self._failed:
        raise (_errors.in_handshake if operation is SHUTDOWN else _errors.already_failed)(operation)
    failure = _lib.connection_error(_lib.number_of(self._handle))
    if failure.status in (_codes.E_PROTOCOL, _codes.E_VERIFY, _codes.E_EOF) and failure.name not in _PASSING:
        received = failure.library == _SSL_LIBRARY and failure.reason >= _RECEIVED_ALERT
        self._failed = "peer" if received else "us"
    error = _errors.of_operation(failure, operation, self._server_hostname)
    if failure.status == _codes.E_VERIFY:
        _advise(self, error, failure.verify)
    try:
        raise error
    finally:
        del error  # it knows this frame, and would stay until the collector comes


def _advise(self: _SSLSocket, error: OSError, code: int) -> None:
    """Adds to an error about the peer's certificate which one it is, and what to do."""
    from . import _advice

    chain = _cert.entries(_bytes(self, _codes.CONN_VERIFIED_CHAIN))
    depth, anchors = _int(self, _codes.CONN_VERIFY_DEPTH), self._context.cert_store_stats()["x509"]
    refusal = _advice.Refusal(code, depth, chain, self._server_hostname, self._server_side, anchors)
    _advice.annotate(error, refusal)


def _read_on(self: _SSLSocket, most: int, found: Any, patience: Patience | None) -> bytes:
    result = _run(self, lambda *a: self._io.read(a[0], most, *a[1:]), READ, found, patience)
    return result if isinstance(result, bytes) else b""


def _read_into_on(self: _SSLSocket, view: memoryview, most: int, found: Any, patience: Patience | None) -> int:
    with view:  # what is raised keeps this frame, and must not keep the caller's buffer from being resized
        result = _run(self, lambda *a: self._io.read_into(a[0], view, most, *a[1:]), READ, found, patience)
    return result if isinstance(result, int) else 0


def _write_rest(
    self: _SSLSocket, data: Any, size: int, found: int | None, patience: Patience | None, done: int = 0
) -> int:
    """Goes on with a write of which done bytes are written and the next step gave found, until all is written, or as
    much as goes without waiting.
    """
    while done < size:

        def step(argument: object, sock: Any, deadline: float | None, done: int = done) -> int:
            return self._io.write(argument, data, done, sock, deadline)

        try:
            count = _run(self, step, WRITE, found, patience)
        except (_errors.SSLWantReadError, _errors.SSLWantWriteError):
            if done:
                return done
            raise
        found = None
        done += count if isinstance(count, int) else 0
    return done


def _writable(buffer: Any) -> memoryview:
    """The caller's buffer for a read; ValueError and TypeError as CPython's."""
    try:
        view = memoryview(buffer)
    except TypeError:
        view = None
    if view is None or view.readonly:
        name = type(buffer).__name__
        raise TypeError(f"read() argument 2 must be read-write bytes-like object, not {name}")
    if not view.c_contiguous:
        raise BufferError("memoryview: underlying buffer is not C-contiguous")
    return view


def _observe(self: _SSLSocket) -> None:
    """Writes the key log lines and reports the messages of the last step."""
    try:
        _answers.observe(self)
    except Exception as e:
        self._raised = e


# ---- Facts -----------------------------------------------------------------------------------------------------------


def _int(self: _SSLSocket, what: int) -> int:
    value = self._io.get_int(self._argument, what)
    if value < 0:
        raise _errors.of_status(value)
    return value


def _bytes(self: _SSLSocket, what: int) -> bytes:
    value = _lib.get("gossl_conn_get", _lib.number_of(self._handle), what)
    return value if isinstance(value, bytes) else b""


def _text(self: _SSLSocket, what: int) -> str:
    return _bytes(self, what).decode("utf-8", "replace")


def _done(self: _SSLSocket) -> bool:
    return _int(self, _codes.CONN_HANDSHAKE_DONE) == 1


def _chain(self: _SSLSocket, what: int) -> list[_cert.Certificate] | None:
    return [_cert.new_certificate(der) for der in _cert.entries(_bytes(self, what))] or None


_read, _write = _SSLSocket.read, _SSLSocket.write
# What a read and a handshake raise for want of input (owner.h).
_WANTS = (
    _errors.SSLWantReadError,
    _errors.want_read(READ).args,
    _errors.want_read(HANDSHAKE).args,
    "library",
    "reason",
)
_native.offer(_SSLSocket, "conn", "_about", "_sock")


def _use_front(_library: _lib.Library) -> None:
    """Imports what changes ssl.py's SSLSocket when the library is loaded: there is no connection before."""
    global _front
    from . import _front

    _front.put_back()  # in a child of fork(), a copy of the library has methods of its own


_lib.when_loaded(_use_front)
