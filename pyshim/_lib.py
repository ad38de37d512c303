"""The one door to libgossl: finds it, loads it at first use, calls it.

It knows the shapes of gossl.h and nothing of ssl: results go out as plain values, a refusal as a Failure. CPython loads
the library as a module of builtins (capi/module.c); any other interpreter by ctypes (_typed.py).
"""

from __future__ import annotations

import os
import sys
import threading
from errno import ENOMEM

from . import _codes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from ._copy import Calls

# The plain functions read at most one record into their own buffers, so that none need be larger than this.
RECORD = 16384
# How much one call is given to write or to copy: a bare int travels as a C int.
LARGEST = 1 << 30
# What a Go runtime reserves when it starts; with less, it ends the process instead of failing (fork.c).
ADDRESS_SPACE = 1_150_000_000
# As many threads as it starts with, and some for its collector.
THREADS = 8


class Failure:
    """A gossl_error as Python values."""

    __slots__ = (
        "status", "library", "reason", "alert", "verify", "sys_errno",
        "library_name", "name", "text", "verify_text", "message",
    )  # fmt: skip

    def __init__(
        self, status: int, library: int = 0, reason: int = 0, alert: int = -1, verify: int = 0, sys_errno: int = 0,
        library_name: bytes = b"", name: bytes = b"", text: bytes = b"", verify_text: bytes = b"", message: bytes = b"",
    ) -> None:  # fmt: skip
        self.status = status
        self.library = library
        self.reason = reason
        self.alert = alert
        self.verify = verify
        self.sys_errno = sys_errno
        self.library_name = library_name.decode("utf-8", "replace")
        self.name = name.decode("utf-8", "replace")
        self.text = text.decode("utf-8", "replace")
        self.verify_text = verify_text.decode("utf-8", "replace")
        self.message = message.decode("utf-8", "replace")


# What the builtins return beside gossl.h's statuses (python.h).
TIMED_OUT = -1000
SOCKET_CLOSED = -1001

Argument = object  # a connection or a queue as the functions on the path of data take it: argument_of makes it
Owner = object  # what owns a connection or a queue: a Handle, or a capsule of the builtins


class Library:
    """The loaded library: its functions by name, and those that move data by attribute.

    A function of gossl.h that gives a status and fills in an error returns None or a refusal, the arguments of a
    Failure. What it gives by an argument is what it returns instead, an int or bytes; it takes bytes, or None for NULL,
    and their number.

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
    functions: dict[str, Callable[..., Any]]
    abandon: Callable[[], object]
    # By config, the calls that made it what it is: where a forked child needs a copy of the library (_copy).
    made: dict[int, Calls] | None
    builtins: bool

    def __init__(self, path: str) -> None:
        self.path = path

    def start(
        self, launch: Callable[[], int], version: Callable[[], int], meanwhile: Callable[[Library], object]
    ) -> None:
        """Lets the runtime start, in threads of its own, does something, and waits for it."""
        problem = launch()
        if problem == ENOMEM:
            raise no_address_space()
        if problem:
            text = f"gossl needs {THREADS} threads, more than the limits of this process leave"
            raise ImportError(text, name="gossl")
        meanwhile(self)
        found = version()
        if found != _codes.ABI_VERSION:
            raise ImportError(
                f"{self.path} has ABI version {found}, this gossl needs {_codes.ABI_VERSION}", name="gossl"
            )

    def keep_calls(self, restarts: Callable[[bool], int]) -> None:
        """Where the runtime is not restarted in a child of fork()."""
        self.made = None if restarts(os.environ.get("GOSSL_FORK") == "copy") or not hasattr(os, "fork") else {}


_ON_DATA = (
    "handshake", "shutdown", "pending", "get_int", "conn_new", "bio_new", "number", "read", "read_into", "write",
    "bio_pending", "bio_read", "bio_write",
)  # fmt: skip
_OF_MODULE = (
    "abandon", "openssl_places", "method", "place_conn", "place_bio", "front_method", "front_place", "leave_wants",
)  # fmt: skip


class Module(Library):
    """The library as a module of builtins, which has a few more functions for what they need."""

    builtins = True

    def __init__(self, path: str, module: ModuleType, meanwhile: Callable[[Library], object]) -> None:
        super().__init__(path)
        self.functions = found = vars(module)
        for name in (*_OF_MODULE, *_ON_DATA):
            setattr(self, name, found[name])
        self.start(found["launch"], found["abi_version"], meanwhile)
        self.keep_calls(found["restarts"])

    openssl_places: Callable[[bytes, bool], tuple[bytes, bytes] | None]
    method: Callable[[type, int], Any]
    place_conn: Callable[[int, int], None]
    place_bio: Callable[[int], None]
    front_method: Callable[[type, int], Any]
    front_place: Callable[[type, tuple[Any, ...]], Any]
    leave_wants: Callable[[], None]

    def slot_offset(self, instance: object, name: str) -> int | None:
        """Where in an object, in bytes, a slot is: where what is put there is found. None if that is not one place."""
        mark = object()
        setattr(instance, name, mark)
        at: int = self.functions["find"](instance, type(instance).__basicsize__, mark)
        return at if at >= 0 else None


def _module_of(file: str) -> ModuleType | None:
    """The library as a module; None where the interpreter, or the file, is none for that."""
    if os.environ.get("GOSSL_BINDING") == "ctypes" or sys.implementation.name != "cpython":
        return None
    # What importlib.machinery has, whose import would be the longest part of this function but for the loading.
    from _frozen_importlib import ModuleSpec
    from _frozen_importlib_external import ExtensionFileLoader

    name = f"{__package__}._engine"
    loader = ExtensionFileLoader(name, file)
    try:
        made = loader.create_module(ModuleSpec(name, loader, origin=file))
        loader.exec_module(made)
    except (ImportError, SystemError):
        return None  # ctypes will find the same problem, or none
    return made


# ---- Loading ---------------------------------------------------------------------------------------------------------

_lock = threading.Lock()
_library: Library | None = None
_forked = False  # and the library is a copy


def library(meanwhile: Callable[[Library], object] = lambda _: None) -> Library:
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


def loaded() -> Library | None:
    """The library if it has been loaded."""
    return _library


def path() -> str:
    """The file that is, or would be, loaded."""
    suffix = {"darwin": "dylib", "win32": "dll"}.get(sys.platform, "so")
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"libgossl.{suffix}")
    return os.environ.get("GOSSL_LIBRARY") or beside


def _load(meanwhile: Callable[[Library], object]) -> Library:
    global _library
    with _lock:
        if _library is None:
            if not getattr(sys.implementation, "_multiarch", "").endswith("-gnu"):
                from . import _musl

                _musl.refuse()
            loaded = _open_copy(meanwhile) if _forked else _open(path(), meanwhile)
            for use in _waiting:
                use(loaded)
            _library = loaded
        return _library


def _in_child() -> None:
    """A child of fork() may need a copy of the library; and another thread may have been loading at that moment."""
    global _forked, _library, _lock
    _lock = threading.Lock()
    if _library is not None and _library.made is not None:
        _library.abandon()
        _library, _forked = None, True
        from . import _copy

        _copy.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)


def _open(file: str, meanwhile: Callable[[Library], object]) -> Library:
    if sys.platform == "linux" and os.uname().machine == "x86_64":
        return _bind(file, meanwhile)
    from . import _guard

    with _guard.around():
        return _bind(file, meanwhile)


def _open_copy(meanwhile: Callable[[Library], object]) -> Library:
    from . import _copy

    with _copy.file(path()) as file:
        return _open(file, meanwhile)


def _bind(file: str, meanwhile: Callable[[Library], object]) -> Library:
    module = _module_of(file)
    if module is not None:
        return Module(file, module, meanwhile)
    from . import _typed

    return _typed.Typed(file, meanwhile)


def no_address_space() -> ImportError:
    text = f"gossl needs {ADDRESS_SPACE} bytes of address space, more than RLIMIT_AS leaves"
    return ImportError(text, name="gossl")


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
        from . import _copy

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
    """What an object is given as to the functions on the path of data."""
    if not isinstance(owner, Handle):
        return owner
    from . import _typed

    return _typed.argument(owner.value)


def number_of(owner: Owner) -> int:
    """The number of an object, for the calls by name; SSLError in a forked child that has a copy of the library."""
    if isinstance(owner, Handle):
        return owner.value
    number = library().number(owner)
    if number >= 0:
        return number
    from . import _copy

    return _copy.refuse()


def call(name: str, *arguments: object) -> Failure | None:
    """Calls a function that gives a status and fills in an error."""
    loaded = library()
    refused = loaded.functions[name](*arguments)
    if refused is not None:
        return Failure(*refused)
    if loaded.made is not None:
        from . import _copy

        _copy.record(loaded.made, name, arguments)
    return None


def make(name: str, free: str, *arguments: object) -> Handle | Failure | None:
    """Calls a function that gives a new handle; None if it gave none."""
    loaded = library()
    made = loaded.functions[name](*arguments)
    if not isinstance(made, int):
        return Failure(*made)
    if loaded.made is not None and name == "gossl_config_new":
        loaded.made[made] = [(name, arguments)]
    return Handle(made, loaded.functions[free]) if made else None


def get_int(name: str, *arguments: object) -> int:
    """Calls a getter that returns a number, or a negative status."""
    found: int = library().functions[name](*arguments)
    return found


def get_config_int(config: int, setting: int) -> int | Failure:
    found = library().functions["gossl_config_get_int"](config, setting)
    return found if isinstance(found, int) else Failure(*found)


def get(name: str, *arguments: object) -> bytes | int:
    """Calls a getter of bytes; a negative status if it refuses."""
    found: bytes | int = library().functions[name](*arguments)
    return found


def get_certificate(data: bytes, what: int) -> bytes | Failure:
    """A fact about a certificate."""
    return _get_or_failure("gossl_cert_get", data, len(data), what)


def make_certificate(names: str, not_before: int, not_after: int) -> bytes | Failure:
    """A self-signed certificate and its key, in PEM. names: comma separated; times: seconds since 1970."""
    text = names.encode("utf-8")
    return _get_or_failure("gossl_cert_make", text, len(text), not_before, not_after)


def _get_or_failure(name: str, *arguments: object) -> bytes | Failure:
    found = library().functions[name](*arguments)
    return found if isinstance(found, bytes) else Failure(*found)


def take(name: str, connection: int) -> bytes:
    """Takes all that a connection has kept for gossl_conn_take_…."""
    function = library().functions[name]
    taken: list[bytes] = []
    while True:
        part = function(connection)
        if not isinstance(part, bytes) or not part:
            return b"".join(taken)
        taken.append(part)


def connection_error(connection: int) -> Failure:
    """Why the last call on the connection failed."""
    return Failure(*library().functions["gossl_conn_error"](connection))


# ---- Callers' buffers ------------------------------------------------------------------------------------------------


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
