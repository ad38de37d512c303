"""The one door to libgossl: finds it, loads it at first use, calls it.

Only this file imports ctypes, but for _windows and _macos, which read those systems' trust stores. It knows the shapes
of gossl.h and nothing of ssl: results go out as plain values, a refusal as a Failure. ctypes takes longer to convert
the arguments of a call than the engine for a small record, so that the calls on the path of data are made builtins of
the interpreter, or have no argument types where that cannot be.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from errno import ENOMEM

try:
    import ctypes
except ImportError as e:
    # Python 3.12 does not load it into an interpreter that has a lock of its own; 3.13 does.
    raise ImportError(f"gossl needs ctypes, which cannot be imported here: {e}", name="gossl") from e
from ctypes import POINTER, byref, c_char, c_char_p, c_int32, c_int64, c_uint64, c_void_p
from ctypes import c_size_t as size
from typing import Any, NamedTuple

from . import _codes, _copy, _musl

# The plain functions read at most one record into their own buffers, so that none need be larger than this.
RECORD = 16384
# How much one call is given to write or to copy: a bare int travels as a C int.
LARGEST = 1 << 30
# Below this, copying a caller's buffer is cheaper than pinning it.
COPIED = 65536
# What a Go runtime reserves when it starts; with less, it ends the process instead of failing (fork.c).
ADDRESS_SPACE = 1_150_000_000
# As many threads as it starts with, and some for its collector.
THREADS = 8


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


class Failure(NamedTuple):
    """A gossl_error as Python values."""

    status: int
    library: int = 0
    reason: int = 0
    alert: int = -1
    verify: int = 0
    sys_errno: int = 0
    library_name: str = ""
    name: str = ""
    text: str = ""
    verify_text: str = ""
    message: str = ""


def _failure(status: int, error: Error) -> Failure:
    words = (error.library_name, error.name, error.text, error.verify_text, error.message)
    library_name, name, text, verify_text, message = (w.decode("utf-8", "replace") for w in words)
    return Failure(
        status, error.library, error.reason, error.alert, error.verify, error.sys_errno,
        library_name, name, text, verify_text, message,
    )  # fmt: skip


# ---- The table: every function of gossl.h ----------------------------------------------------------------------------

_Status = c_int32
_Count = c_int64
_Handle = c_uint64
_New = POINTER(c_uint64)
_Err = POINTER(Error)
_Bytes = c_char_p
_Buf = c_void_p

_Prototype = tuple[Any, list[Any]]

_TYPED: dict[str, _Prototype] = {
    "gossl_abi_version": (_Status, []),
    "gossl_version": (_Count, [_Buf, size]),
    "gossl_config_new": (_Status, [c_int32, _New, _Err]),
    "gossl_config_set_int": (_Status, [_Handle, c_int32, c_int64, _Err]),
    "gossl_config_get_int": (_Status, [_Handle, c_int32, POINTER(c_int64), _Err]),
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

# The path of data. As builtins (python.h) where the interpreter is a CPython that has what they need; else by ctypes,
# without argument types.
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

# What the builtins call of the interpreter, in the order of python_api in python.h.
_PYTHON_API = (
    "PyBytes_FromStringAndSize",
    "_PyBytes_Resize",
    "PyBytes_AsString",
    "Py_DecRef",
    "PyLong_FromLongLong",
    "PyLong_AsLongLong",
    "PyLong_AsUnsignedLongLong",
    "PyErr_Occurred",
    "PyErr_BadArgument",
    "PyObject_GetBuffer",
    "PyBuffer_Release",
    "PyEval_SaveThread",
    "PyEval_RestoreThread",
    "PyErr_CheckSignals",
    "PyErr_Clear",
    "PyObject_AsFileDescriptor",
    "PyFloat_AsDouble",
    "_Py_NoneStruct",
    "PyObject_CallObject",
    "PyObject_CallFunctionObjArgs",
    "PyObject_GetAttrString",
    "PyObject_SetAttr",
    "PyErr_SetObject",
    "Py_IncRef",
    "PyTuple_GetItem",
    "PyCapsule_New",
    "PyCapsule_GetPointer",
    "PyErr_NoMemory",
    "PyWeakref_GetObject",
)

# What the builtins return beside gossl.h's statuses (python.h).
TIMED_OUT = -1000
SOCKET_CLOSED = -1001

Argument = object  # a connection or a queue as the functions on the path of data take it: argument_of makes it
Owner = object  # what owns a connection or a queue: a Handle, or a capsule of the builtins


class _Functions(dict[str, Callable[..., int]]):
    """The library's functions by name, each bound when it is first used: to bind all takes a millisecond."""

    def __init__(self, path: str, released: Any) -> None:
        self._path, self._released, self._held = path, released, ctypes.PyDLL(path)

    def of_data(self, name: str) -> tuple[Callable[..., int], Callable[..., int]]:
        """One that moves data, twice: keeping the interpreter's lock, for short work, and letting other threads run."""
        both = getattr(self._held, name), getattr(self._released, name)
        for function in both:
            function.restype = _Count
        return both

    def __missing__(self, name: str) -> Callable[..., int]:
        moves_data = name in _DATA
        result, arguments = (_Count, None) if moves_data else _TYPED[name]
        try:
            function = getattr(self._released if moves_data or name in _LONG else self._held, name)
        except AttributeError:
            raise ImportError(f"{self._path} has no {name}", name="gossl") from None
        function.restype = result
        if arguments is not None:
            function.argtypes = arguments
        self[name] = function
        return self[name]


class Library:
    """The loaded library: its functions by name, and those that move data by attribute.

    conn_new(config, side, name, descriptor, incoming, outgoing, session, wants) and bio_new give an owner, or a
    negative status. A connection is over a descriptor, or, where that is -1, over two queues; session is 0 for none;
    wants is a tuple of what a read and a handshake raise for want of input (owner.h).
    read(handle, most) and bio_read give bytes or a negative status, all others a count or a negative status.
    write(handle, data, offset) and bio_write take any contiguous buffer.
    The last two arguments of calls that may have to wait are a socket and a deadline (of time.monotonic(), None for
    none): the builtins wait by themselves unless the socket is None, the functions of ctypes never do.
    """

    handshake: Callable[[Argument, Any, float | None], int]
    shutdown: Callable[[Argument, Any, float | None], int]
    pending: Callable[[Argument], int]
    get_int: Callable[[Argument, int], int]
    conn_new: Callable[[int, int, bytes | None, int, Argument | None, Argument | None, int, tuple[Any, ...]], Owner]
    bio_new: Callable[[], Owner]
    number: Callable[[Owner], int]
    read: Callable[[Argument, int, Any, float | None], bytes | int]
    read_into: Callable[[Argument, Any, int, Any, float | None], int]
    write: Callable[[Argument, Any, int, Any, float | None], int]
    bio_pending: Callable[[Argument], int]
    bio_read: Callable[[Argument, int], bytes | int]
    bio_write: Callable[[Argument, Any, int], int]
    # By config, the calls that made it what it is: where a forked child needs a copy of the library (_copy).
    made: dict[int, list[tuple[str, tuple[object, ...]]]] | None

    def __init__(self, path: str, meanwhile: Callable[[], object]) -> None:
        self.path = path
        self._cdll = _open(path)
        self._launch()
        meanwhile()
        self._check_version()  # waits for the runtime
        self.functions = _Functions(path, self._cdll)
        restarts = self._cdll.gossl_python_restarts(os.environ.get("GOSSL_FORK") == "copy")
        self.made = None if restarts or not hasattr(os, "fork") else {}
        self.abandon: Callable[[], object] = self._cdll.gossl_python_abandon
        self.builtins = os.environ.get("GOSSL_BINDING") != "ctypes" and self._bind_builtins()
        if not self.builtins:
            self._bind_plain()

    def _check_version(self) -> None:
        found = self._cdll.gossl_abi_version()
        if found != _codes.ABI_VERSION:
            raise ImportError(
                f"{self.path} has ABI version {found}, this gossl needs {_codes.ABI_VERSION}", name="gossl"
            )

    def _launch(self) -> None:
        """Lets the engine's runtime start, in threads of its own. It needs address space and threads."""
        try:
            problem = self._cdll.gossl_python_launch()
        except AttributeError:
            raise ImportError(f"{self.path} is not libgossl", name="gossl", path=self.path) from None
        if problem == ENOMEM:
            raise no_address_space()
        if problem:
            raise ImportError(
                f"gossl needs {THREADS} threads, more than the limits of this process leave", name="gossl"
            )

    def _bind_builtins(self) -> bool:
        """Makes builtins of the library's functions for Python; False where the interpreter does not allow it."""
        if sys.implementation.name != "cpython":
            return False
        api = ctypes.pythonapi
        try:
            table = [ctypes.cast(getattr(api, name), c_void_p).value for name in _PYTHON_API]
            new = ctypes.PYFUNCTYPE(ctypes.py_object, c_void_p, c_void_p, c_void_p)(("PyCFunction_NewEx", api))
            initialize, methods = self._cdll.gossl_python_init, self._cdll.gossl_python_methods
        except AttributeError:
            return False
        initialize.restype = None
        initialize((c_void_p * len(table))(*table))
        methods.restype = POINTER(_Method)
        for method in methods():
            if method.name is None:
                break
            setattr(self, method.name.decode(), new(ctypes.addressof(method), None, None))
        return True

    def method(self, owner: type, index: int) -> Any:
        """A method of a class, made of one of the table of those."""
        new = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object, c_void_p)(("PyDescr_NewMethod", ctypes.pythonapi))
        table = self._cdll.gossl_python_class_methods
        table.restype = c_void_p
        return new(owner, table() + index * ctypes.sizeof(_Method))

    def place(self, function: str, *offsets: int) -> None:
        """Tells the builtins where in an object the slots are that they use."""
        place = getattr(self._cdll, function)
        place.restype, place.argtypes = None, [ctypes.c_ssize_t] * len(offsets)
        place(*offsets)

    def leave_wants(self) -> None:
        """From now on the builtins leave it to the functions of Python to raise for want of input."""
        self._cdll.gossl_python_leave_wants()

    def _bind_plain(self) -> None:
        f = self.functions
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
        f, out = self.functions, c_uint64()
        status = f["gossl_conn_new"](config, side, name, len(name or b""), byref(out), None)
        if status < 0:
            return status
        made = Handle(out.value, f["gossl_conn_free"])
        if incoming is None:
            status = f["gossl_conn_set_fd"](out, descriptor, None)
        else:
            status = self._set_bio(argument_of(made), incoming, outgoing, None)
        if status == _codes.OK and session:
            status = f["gossl_conn_set_session"](out, session, None)
        return made if status == _codes.OK else status

    def _new_queue(self) -> Owner:
        out = c_uint64()
        status = self.functions["gossl_bio_new"](byref(out), None)
        return status if status < 0 else Handle(out.value, self.functions["gossl_bio_free"])


class _Method(ctypes.Structure):
    """PyMethodDef, of which the library has a table."""

    _fields_ = [("name", c_char_p), ("function", c_void_p), ("flags", ctypes.c_int), ("doc", c_char_p)]


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
        if count <= COPIED:
            return write(handle, bytes(view.cast("B")[offset : offset + count]), count)
        with pinned(data) as at:
            return write(handle, at(offset), count)

    return write_from


# ---- Loading ---------------------------------------------------------------------------------------------------------

_lock = threading.Lock()
_library: Library | None = None


def library(meanwhile: Callable[[], object] = lambda: None) -> Library:
    """The library; loads it the first time, and does something while its runtime starts, which takes 2 ms of other
    threads. Raises ImportError where it cannot be loaded.
    """
    if _library is None:
        return _load(meanwhile)
    return _library


_waiting: list[Callable[[Library], None]] = []


def when_loaded(use: Callable[[Library], None]) -> None:
    """Calls something with the library as soon as there is one."""
    with _lock:
        if _library is None:
            _waiting.append(use)
            return
    use(_library)


def slot_offset(instance: object, name: str) -> int | None:
    """Where in an object, in bytes, a slot is: where what is put there is found. None if that is not one place."""
    mark = object()
    setattr(instance, name, mark)
    words = type(instance).__basicsize__ // ctypes.sizeof(c_void_p)
    found = [i for i, word in enumerate((c_void_p * words).from_address(id(instance))) if word == id(mark)]
    return found[0] * ctypes.sizeof(c_void_p) if len(found) == 1 else None


def loaded() -> Library | None:
    """The library if it has been loaded."""
    return _library


def path() -> str:
    """The file that is, or would be, loaded."""
    suffix = {"darwin": "dylib", "win32": "dll"}.get(sys.platform, "so")
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"libgossl.{suffix}")
    return os.environ.get("GOSSL_LIBRARY") or beside


def _load(meanwhile: Callable[[], object]) -> Library:
    global _library
    with _lock:
        if _library is None:
            _musl.refuse()
            with _copy.file(path()) as file, _guarded():
                loaded = Library(file, meanwhile)
            for use in _waiting:
                use(loaded)
            _library = loaded
        return _library


def _in_child() -> None:
    """A child of fork() may need a copy of the library; and another thread may have been loading at that moment."""
    global _library, _lock
    _lock = threading.Lock()
    if _library is not None and _library.made is not None:
        _library.abandon()
        _library = None
        _copy.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)


def _guarded() -> AbstractContextManager[None]:
    """What the loading of a library needs around it that starts Go, and not at the first call."""
    if sys.platform == "linux" and os.uname().machine == "x86_64":
        return nullcontext()
    from . import _guard

    return _guard.around()


def no_address_space() -> ImportError:
    text = f"gossl needs {ADDRESS_SPACE} bytes of address space, more than RLIMIT_AS leaves"
    return ImportError(text, name="gossl")


def _open(file: str) -> Any:
    try:
        return ctypes.CDLL(file)
    except OSError as e:
        raise ImportError(f"gossl cannot load its library: {e}", name="gossl", path=file) from None


# ---- Calls off the path of data --------------------------------------------------------------------------------------


class Handle:
    """Owns one object of the library and frees it in the end.

    value is its number. In a forked child that has a copy of the library, value makes a config anew, and raises
    SSLError for anything else.
    """

    __slots__ = ("_free", "_library", "_value")

    def __init__(self, value: int, free: Callable[..., object]) -> None:
        self._value = value
        self._free = free
        self._library = _library

    @property
    def value(self) -> int:
        if self._library is not _library:
            self._renew()
        return self._value

    def _renew(self) -> None:
        current = library()
        with _copy.renewing:
            if self._library is not current:
                made = _copy.config(self._library, self._value)
                self._value, self._free, self._library = made.release()

    def release(self) -> tuple[int, Callable[..., object], Library | None]:
        """Gives what it owns to another one."""
        owned = self._value, self._free, self._library
        self._library = None
        return owned

    def __del__(self) -> None:
        if self._library is _library and self._library is not None:
            if self._library.made is not None:
                self._library.made.pop(self._value, None)
            self._free(self._value)


def argument_of(owner: Owner) -> Argument:
    """What an object is given as to the functions on the path of data.

    ctypes takes an argument object made once: a bare int would go as a C int, and a typed one is what costs.
    """
    return c_uint64.from_param(owner.value) if isinstance(owner, Handle) else owner


def number_of(owner: Owner) -> int:
    """The number of an object, for the calls by name; SSLError in a forked child that has a copy of the library."""
    if isinstance(owner, Handle):
        return owner.value
    number = library().number(owner)
    return number if number >= 0 else _copy.refuse()


def call(name: str, *arguments: object) -> Failure | None:
    """Calls a function that gives a status and fills in an error."""
    error, loaded = Error(), library()
    status = loaded.functions[name](*arguments, byref(error))
    if status != _codes.OK:
        return _failure(status, error)
    if loaded.made is not None:
        _copy.record(loaded.made, name, arguments)
    return None


def make(name: str, free: str, *arguments: object) -> Handle | Failure | None:
    """Calls a function that gives a new handle; None if it gave none."""
    out, error = c_uint64(), Error()
    loaded = library()
    status = loaded.functions[name](*arguments, byref(out), byref(error))
    if status != _codes.OK:
        return _failure(status, error)
    if loaded.made is not None and name == "gossl_config_new":
        loaded.made[out.value] = [(name, arguments)]
    return Handle(out.value, loaded.functions[free]) if out.value else None


def get_int(name: str, *arguments: object) -> int:
    """Calls a getter that returns a number, or a negative status."""
    return library().functions[name](*arguments)


def get_config_int(config: int, setting: int) -> int | Failure:
    out, error = c_int64(), Error()
    status = library().functions["gossl_config_get_int"](config, setting, byref(out), byref(error))
    return out.value if status == _codes.OK else _failure(status, error)


def get(name: str, *arguments: object) -> bytes | int:
    """Calls a getter of bytes; a negative status if it refuses."""
    function = library().functions[name]
    room = 2048
    while True:
        buffer: Any = (c_char * room)()
        count = function(*arguments, buffer, room)
        if count <= room:
            return buffer[:count] if count >= 0 else count
        room = count


def get_certificate(data: bytes, what: int) -> bytes | Failure:
    """A fact about a certificate."""
    return _get_with_error("gossl_cert_get", data, len(data), what)


def make_certificate(names: str, not_before: int, not_after: int) -> bytes | Failure:
    """A self-signed certificate and its key, in PEM. names: comma separated; times: seconds since 1970."""
    text = names.encode("utf-8")
    return _get_with_error("gossl_cert_make", text, len(text), not_before, not_after)


def _get_with_error(name: str, *arguments: object) -> bytes | Failure:
    function, error, room = library().functions[name], Error(), 4096
    while True:
        buffer: Any = (c_char * room)()
        count = function(*arguments, buffer, room, byref(error))
        if count <= room:
            return buffer[:count] if count >= 0 else _failure(count, error)
        room = count


def take(name: str, connection: int) -> bytes:
    """Takes all that a connection has kept for gossl_conn_take_…."""
    function = library().functions[name]
    taken: list[bytes] = []
    room = 4096
    while True:
        buffer: Any = (c_char * room)()
        count = function(connection, buffer, room)
        if count > room:
            room = count
        elif count > 0:
            taken.append(buffer[:count])
        else:
            return b"".join(taken)


def connection_error(connection: int) -> Failure:
    """Why the last call on the connection failed."""
    error = Error()
    status = library().functions["gossl_conn_error"](connection, byref(error))
    return _failure(error.status or status, error)


def new_block(size: int) -> tuple[Any, object]:
    """Memory, a slice of which is bytes, and the argument by which a function finds it."""
    block = (c_char * size)()
    return block, byref(block)


# ---- Callers' buffers ------------------------------------------------------------------------------------------------


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


def view_of(data: object) -> memoryview:
    """The bytes of a contiguous buffer; refuses anything else in CPython's words."""
    try:
        view = memoryview(data)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"a bytes-like object is required, not {type(data).__name__!r}") from None
    if not view.c_contiguous:
        raise BufferError("memoryview: underlying buffer is not C-contiguous")
    return view


def copied(data: object) -> bytes:
    """The bytes of a contiguous buffer as an object of their own."""
    return bytes(view_of(data))


def size_of(data: object) -> int:
    """How many bytes a contiguous buffer has."""
    return len(data) if type(data) is bytes else view_of(data).nbytes


@contextmanager
def pinned(data: object) -> Iterator[Callable[[int], object]]:
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
