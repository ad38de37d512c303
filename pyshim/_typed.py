"""The library by ctypes, where it cannot be a module of the interpreter's: not CPython, or GOSSL_BINDING=ctypes.

ctypes takes longer to convert the arguments of a call than the engine for a small record: the functions on the path of
data have no argument types.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

try:
    import ctypes
except ImportError as e:
    # Python 3.12 does not load it into an interpreter that has a lock of its own; 3.13 does.
    raise ImportError(f"gossl needs ctypes, which cannot be imported here: {e}", name="gossl") from e
from ctypes import POINTER, byref, c_char, c_char_p, c_int32, c_int64, c_uint64, c_void_p
from ctypes import c_size_t as size
from typing import Any

from . import _codes
from ._lib import LARGEST, RECORD, Argument, Handle, Library, Owner, view_of

# Below this, copying a caller's buffer is cheaper than pinning it.
_COPIED = 65536
_FIRST_ROOM = 2048


class Error(ctypes.Structure):
    """gossl_error."""

    _fields_ = [
        ("status", c_int32),
        ("library", c_int32),
        ("reason", c_int32),
        ("alert", c_int32),
        ("verify", c_int32),
        ("sys_errno", c_int32),
        ("library_name", c_char * 16),
        ("name", c_char * 64),
        ("text", c_char * 128),
        ("verify_text", c_char * 128),
        ("message", c_char * 256),
    ]


Refusal = tuple[Any, ...]


def _refusal(status: int, error: Error) -> Refusal:
    return (
        status, error.library, error.reason, error.alert, error.verify, error.sys_errno,
        error.library_name, error.name, error.text, error.verify_text, error.message,
    )  # fmt: skip


# ---- The table: every function of gossl.h ----------------------------------------------------------------------------

_Status = c_int32
_Count = c_int64
_Handle = c_uint64
_New = POINTER(c_uint64)
_Number = POINTER(c_int64)
_Err = POINTER(Error)
_Bytes = c_char_p
_Buf = c_void_p

_Prototype = tuple[Any, list[Any]]

_TYPED: dict[str, _Prototype] = {
    "gossl_abi_version": (_Status, []),
    "gossl_version": (_Count, [_Buf, size]),
    "gossl_config_new": (_Status, [c_int32, _New, _Err]),
    "gossl_config_set_int": (_Status, [_Handle, c_int32, c_int64, _Err]),
    "gossl_config_get_int": (_Status, [_Handle, c_int32, _Number, _Err]),
    "gossl_config_set": (_Status, [_Handle, c_int32, _Bytes, size, _Err]),
    "gossl_config_get": (_Count, [_Handle, c_int32, _Buf, size]),
    "gossl_config_use_certificate": (_Status, [_Handle, _Bytes, size, _Bytes, size, _Bytes, size, _Err]),
    "gossl_config_add_anchors": (_Status, [_Handle, _Bytes, size, c_int32, _Err]),
    "gossl_config_add_anchor_file": (_Status, [_Handle, _Bytes, size, _Err]),
    "gossl_config_add_system_anchors": (_Status, [_Handle, _Bytes, size, _Err]),
    "gossl_config_add_store": (_Status, [_Handle, _Bytes, size, _Err]),
    "gossl_system_anchors": (_Count, [_Bytes, size, _Buf, size]),
    "gossl_config_add_mozilla_anchors": (_Status, [_Handle, _Err]),
    "gossl_config_add_anchor_dir": (_Status, [_Handle, _Bytes, size, _Err]),
    "gossl_bio_new": (_Status, [_New, _Err]),
    "gossl_conn_new": (_Status, [_Handle, c_int32, _Bytes, size, _New, _Err]),
    "gossl_conn_set_fd": (_Status, [_Handle, c_int32, _Err]),
    "gossl_conn_set_bio": (_Status, [_Handle, _Handle, _Handle, _Err]),
    "gossl_conn_error": (_Status, [_Handle, _Err]),
    "gossl_conn_verify_post_handshake": (_Status, [_Handle, _Err]),
    "gossl_conn_key_update": (_Status, [_Handle, c_int32, _Err]),
    "gossl_conn_set_config": (_Status, [_Handle, _Handle, _Err]),
    "gossl_conn_answer_sni": (_Status, [_Handle, c_int32, _Err]),
    "gossl_conn_answer_psk": (_Status, [_Handle, _Bytes, size, _Bytes, size, _Err]),
    "gossl_conn_get_int": (_Count, [_Handle, c_int32]),
    "gossl_conn_get": (_Count, [_Handle, c_int32, _Buf, size]),
    "gossl_conn_export": (
        _Status,
        [_Handle, _Bytes, size, _Bytes, size, c_int32, _Buf, size, _Err],
    ),
    "gossl_conn_take_keylog": (_Count, [_Handle, _Buf, size]),
    "gossl_conn_take_trace": (_Count, [_Handle, _Buf, size]),
    "gossl_conn_session": (_Status, [_Handle, _New, _Err]),
    "gossl_conn_set_session": (_Status, [_Handle, _Handle, _Err]),
    "gossl_session_get_int": (_Count, [_Handle, c_int32]),
    "gossl_session_get": (_Count, [_Handle, c_int32, _Buf, size]),
    "gossl_session_import": (_Status, [_Handle, _Bytes, size, _New, _Err]),
    "gossl_cert_get": (_Count, [_Bytes, size, c_int32, _Buf, size, _Err]),
    "gossl_cert_make": (_Count, [_Bytes, size, c_int64, c_int64, _Buf, size, _Err]),
    "gossl_object_by_nid": (_Count, [c_int32, _Buf, size]),
    "gossl_object_find": (_Count, [_Bytes, size, c_int32, _Buf, size]),
    "gossl_verify_text": (_Count, [c_int32, _Buf, size]),
    "gossl_config_free": (None, [_Handle]),
    "gossl_conn_free": (None, [_Handle]),
    "gossl_session_free": (None, [_Handle]),
    "gossl_bio_free": (None, [_Handle]),
    "gossl_bio_write_eof": (_Count, [_Handle]),
    "gossl_bio_is_closed": (_Count, [_Handle]),
}

# Those that may take longer than about 2 microseconds let other Python threads run. For the others it does not pay: a
# thread that gives the interpreter's lock away has to wait for it.
_LONG = {
    "gossl_abi_version",
    "gossl_config_new",
    "gossl_config_set",
    "gossl_config_use_certificate",
    "gossl_config_add_anchors",
    "gossl_config_add_anchor_file",
    "gossl_config_add_system_anchors",
    "gossl_config_add_store",
    "gossl_system_anchors",
    "gossl_config_add_mozilla_anchors",
    "gossl_config_add_anchor_dir",
    "gossl_conn_answer_sni",
    "gossl_conn_answer_psk",
    "gossl_conn_verify_post_handshake",
    "gossl_conn_key_update",
    "gossl_session_import",
    "gossl_cert_get",
}

# The path of data.
_DATA = (
    "gossl_conn_handshake",
    "gossl_conn_read",
    "gossl_conn_write",
    "gossl_conn_shutdown",
    "gossl_conn_pending",
    "gossl_bio_read",
    "gossl_bio_write",
    "gossl_bio_pending",
)


class _Functions(dict[str, Callable[..., int]]):
    """The library's functions by name, each bound when it is first used: to bind all takes a millisecond."""

    def __init__(self, path: str, released: Any) -> None:
        self._path, self._released, self._held = path, released, ctypes.PyDLL(path)

    def of_data(self, name: str) -> tuple[Callable[..., int], Callable[..., int]]:
        """One that moves data, twice: keeping the interpreter's lock, for short work, and letting other threads run."""
        both = self._held[name], self._released[name]
        for function in both:
            function.restype = _Count
        return both

    def __missing__(self, name: str) -> Callable[..., int]:
        moves_data = name in _DATA
        result, arguments = (_Count, None) if moves_data else _TYPED[name]
        try:
            # Not by attribute, which is one function for all threads: each that comes first makes its own here, and it
            # is shown to others when it has its types.
            function = (self._released if moves_data or name in _LONG else self._held)[name]
        except AttributeError:
            raise ImportError(f"{self._path} has no {name}", name="gossl") from None
        function.restype = result
        if arguments is not None:
            function.argtypes = arguments
        return self.setdefault(name, function)


class Typed(Library):
    """The library by ctypes. raw has its functions as they are, functions as module.c makes them."""

    builtins = False

    def __init__(self, path: str, meanwhile: Callable[[Library], object]) -> None:
        super().__init__(path)
        cdll = _open(path)
        try:
            launch = cdll.gossl_python_launch
        except AttributeError:
            raise ImportError(f"{path} is not libgossl", name="gossl", path=path) from None
        self.start(launch, cdll.gossl_abi_version, meanwhile)
        self.keep_calls(cdll.gossl_python_restarts)
        self.abandon = cdll.gossl_python_abandon
        self.raw = _Functions(path, cdll)
        self.functions = _Shaped(self.raw)
        self._bind()

    def _bind(self) -> None:
        f = self.raw
        self.handshake = _impatient(f["gossl_conn_handshake"])
        self.shutdown = _impatient(f["gossl_conn_shutdown"])
        self.pending = f["gossl_conn_pending"]
        # Functions of their own, without argument types.
        held = ctypes.PyDLL(self.path)
        get_int, self._set_bio = held["gossl_conn_get_int"], held["gossl_conn_set_bio"]
        get_int.restype = _Count
        self.get_int = get_int
        self.conn_new = self._new_connection
        self.bio_new = self._new_queue
        self.number = _number
        self.read = _reader(f["gossl_conn_read"])
        self.read_into = _reader_into(f["gossl_conn_read"])
        self.write = _writer(f["gossl_conn_write"])
        self.bio_pending = f["gossl_bio_pending"]
        self.bio_read = _reader(f["gossl_bio_read"])
        self.bio_write = _writer(f["gossl_bio_write"])

    def _new_connection(
        self,
        config: int,
        side: int,
        name: bytes | None,
        descriptor: int,
        incoming: Argument | None,
        outgoing: Argument | None,
        session: int,
        _wants: tuple[Any, ...],
    ) -> Owner:
        f, out = self.raw, c_uint64()
        status = f["gossl_conn_new"](config, side, name, len(name or b""), byref(out), None)
        if status < 0:
            return status
        made = Handle(out.value, f["gossl_conn_free"])
        if incoming is None:
            status = f["gossl_conn_set_fd"](out, descriptor, None)
        else:
            status = self._set_bio(argument(made.value), incoming, outgoing, None)
        if status == _codes.OK and session:
            status = f["gossl_conn_set_session"](out, session, None)
        return made if status == _codes.OK else status

    def _new_queue(self) -> Owner:
        out = c_uint64()
        status = self.raw["gossl_bio_new"](byref(out), None)
        return status if status < 0 else Handle(out.value, self.raw["gossl_bio_free"])


class _Shaped(dict[str, Callable[..., Any]]):
    """The functions by name, with the shapes of module.c, which has one line for each."""

    def __init__(self, raw: _Functions) -> None:
        self._raw = raw

    def __missing__(self, name: str) -> Callable[..., Any]:
        self[name] = made = _shaped(name, self._raw[name])
        return made


def _shaped(name: str, function: Callable[..., int]) -> Callable[..., Any]:
    result, arguments = _TYPED.get(name, (_Count, []))
    fails = arguments[-1:] == [_Err]
    if name == "gossl_conn_error":
        return lambda *a: _last_error(function, *a)
    if arguments[-2:] in ([_New, _Err], [_Number, _Err]):
        return lambda *a: _made(function, arguments[-2], *a)
    if result is _Count and [_Buf, size] in (arguments[-2:], arguments[-3:-1]):
        return lambda *a: _given(function, fails, *a)
    return (lambda *a: _status(function, *a)) if fails else function


def _status(function: Callable[..., int], *arguments: object) -> Refusal | None:
    error = Error()
    status = function(*arguments, byref(error))
    return None if status == _codes.OK else _refusal(status, error)


def _last_error(function: Callable[..., int], *arguments: object) -> Refusal:
    error = Error()
    status = function(*arguments, byref(error))
    return _refusal(error.status or status, error)


def _made(function: Callable[..., int], pointer: Any, *arguments: object) -> Refusal | int:
    out, error = pointer._type_(), Error()
    status = function(*arguments, byref(out), byref(error))
    made: int = out.value
    return made if status == _codes.OK else _refusal(status, error)


def _given(function: Callable[..., int], fails: bool, *arguments: object) -> Refusal | bytes | int:
    error, room = Error(), _FIRST_ROOM
    while True:
        buffer: Any = (c_char * room)()
        count = function(*arguments, buffer, room, *([byref(error)] if fails else []))
        if count < 0:
            return _refusal(count, error) if fails else count
        if count <= room:
            data: bytes = buffer[:count]
            return data
        room = count


def argument(number: int) -> Argument:
    """An argument object made once: a bare int would go as a C int, and a typed one is what costs."""
    return c_uint64.from_param(number)


def new_block(size: int) -> tuple[Any, object]:
    """Memory, a slice of which is bytes, and the argument by which a function finds it."""
    block = (c_char * size)()
    return block, byref(block)


def _open(file: str) -> Any:
    try:
        return ctypes.CDLL(file)
    except OSError as e:
        raise ImportError(f"gossl cannot load its library: {e}", name="gossl", path=file) from None


def _impatient(function: Callable[..., Any]) -> Callable[..., Any]:
    """Takes the socket and the deadline, as the functions below, and does not wait: whoever calls does."""
    return lambda *arguments: function(*arguments[:-2])


def _number(owner: Owner) -> int:
    assert isinstance(owner, Handle)
    return owner.value


def _reader(read: Callable[..., int]) -> Callable[..., bytes | int]:
    """Makes a read into new bytes. Buffers are kept in a list, whose push and pop are atomic."""
    buffers: list[Any] = []
    new = c_char * RECORD

    def read_bytes(handle: Argument, most: int, _socket: Any = None, _deadline: float | None = None) -> bytes | int:
        try:
            buffer = buffers.pop()
        except IndexError:
            buffer = new()
        count = read(handle, buffer, most if most < RECORD else RECORD)
        result: bytes | int = buffer[:count] if count >= 0 else count
        buffers.append(buffer)
        return result

    return read_bytes


def _reader_into(read: Callable[..., int]) -> Callable[..., int]:
    """Makes a read into a writable buffer of at least one byte."""
    at = c_char.from_buffer

    def read_into(handle: Argument, buffer: Any, most: int, _socket: Any, _deadline: float | None) -> int:
        return read(handle, byref(at(buffer)), most if most < LARGEST else LARGEST)

    return read_into


def _writer(write: Callable[..., int]) -> Callable[..., int]:
    """Makes a write of what is in a buffer from an offset on."""

    def write_from(
        handle: Argument, data: Any, offset: int, _socket: Any = None, _deadline: float | None = None
    ) -> int:
        if type(data) is bytes and offset == 0:
            count = len(data)
            return write(handle, data, count if count < LARGEST else LARGEST)
        view = view_of(data)
        count = min(view.nbytes - offset, LARGEST)
        if count <= _COPIED:
            return write(handle, bytes(view.cast("B")[offset : offset + count]), count)
        with _pinned(data) as at:
            return write(handle, at(offset), count)

    return write_from


class _Buffer(ctypes.Structure):
    """Py_buffer, as the stable ABI has it."""

    _fields_ = [
        ("address", c_void_p),
        ("object", ctypes.py_object),
        ("length", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", c_char_p),
        ("shape", c_void_p),
        ("strides", c_void_p),
        ("suboffsets", c_void_p),
        ("internal", c_void_p),
    ]


@contextmanager
def _pinned(data: object) -> Iterator[Callable[[int], object]]:
    """Lends the bytes of a buffer without a copy: gives what to pass for the address at an offset."""
    api = getattr(ctypes, "pythonapi", None)
    if api is None:
        view = view_of(data).cast("B")
        yield lambda offset: bytes(view[offset:])
        return
    buffer = _Buffer()
    api.PyObject_GetBuffer(ctypes.py_object(data), byref(buffer), 0)
    try:
        start = buffer.address or 0
        yield lambda offset: c_void_p(start + offset)
    finally:
        api.PyBuffer_Release(byref(buffer))
