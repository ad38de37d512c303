"""The methods of ssl.py's SSLSocket that move data, as builtins (capi/front.c), or by plain ctypes.

Above a small record ssl.py's frames are what costs most. What its methods usually do is done in one step instead; they
themselves stay, and are called for everything else. The class is changed when its first connection is made, and only if
its methods are those that the steps were written after.
"""

from __future__ import annotations

import os
import threading
import weakref
from types import FunctionType

from . import _install, _lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What the methods of ssl.py look up, in every version, in the order of the library's table. With other names they may
# do something else.
_LOOKED_UP = {
    "recv": "_checkClosed _sslobj ValueError __class__ read super recv",
    "recv_into": "_checkClosed _sslobj ValueError __class__ read super recv_into",
    "send": "_checkClosed _sslobj ValueError __class__ write super send",
    "sendall": "_checkClosed _sslobj ValueError __class__ memoryview cast len send super sendall",
    "read": "_checkClosed _sslobj ValueError read SSLError args SSL_ERROR_EOF suppress_ragged_eofs",
    "write": "_checkClosed _sslobj ValueError write",
    "_checkClosed": "",
}
_LENGTHS = ({"len"}, {"memoryview", "nbytes"})  # of recv_into's buffer: two versions

# In a class that has been changed: what its methods were, what they are, and what the builtins need for them.
MARK = "__gossl__"

_lock = threading.Lock()
_changed: weakref.WeakSet[Any] = weakref.WeakSet()
# What classes that are put back had there: for calls that another thread is in, and for bound methods.
_kept: dict[type, tuple[Any, ...]] = {}


def change(sock: object, connections: type) -> None:
    """Changes the class SSLSocket of ssl.py that a socket with a new connection is of, unless that has been done."""
    if getattr(type(sock), MARK, None) is None:
        library = _lib.library()
        for cls in type(sock).__mro__:
            if cls.__name__ == "SSLSocket":
                with _lock:
                    _change(cls, connections, library)


def _change(cls: Any, connections: type, library: _lib.Library) -> None:
    originals = {name: vars(cls).get(name) for name in _LOOKED_UP}
    if MARK in vars(cls) or not all(_is_known(originals[name], names) for name, names in _LOOKED_UP.items()):
        return
    space = originals["read"].__globals__
    # An ssl module over the interpreter's own _ssl is changed for as long as gossl is installed in it.
    if not hasattr(space.get("_ssl"), "__gossl__") and _install.mode() != "late":
        return
    check = originals.pop("_checkClosed")
    what = _kept.pop(cls, None)
    if what is None or what[0] != originals or what[-1] is not library:
        make = _builtins if isinstance(library, _lib.Module) else _functions
        made, *more = make(library, cls, connections, check, originals, _steps(space))
        if not made:
            return
        what = originals, made, *more, what, library  # what there was before, too: another thread may be using it
    setattr(cls, MARK, what)
    for name, method in what[1].items():
        setattr(cls, name, method)
    _changed.add(cls)


def _builtins(
    library: Any, cls: type, connections: type, check: Any, originals: dict[str, Any], steps: tuple[Any, Any]
) -> tuple[Any, ...]:
    made = {name: library.front_method(cls, i) for i, name in enumerate(originals)}
    found = check, "_checkClosed", made["read"], "read", made["send"], "send"
    parts = (connections, "_sslobj", 1024, 0, *found, *steps, *originals.values())
    place = library.front_place(cls, parts)
    return {} if place is None else made, parts, place


def _functions(library: Any, cls: type, *what: Any) -> tuple[Any, ...]:
    from . import _plain

    return (_plain.socket_methods(library, cls, *what),)


def _is_known(function: Any, names: str) -> bool:
    if type(function) is not FunctionType or function.__globals__.get("__name__") not in ("ssl", f"{__package__}.ssl"):
        return False
    found, known = set(function.__code__.co_names), set(names.split())
    return found == known or (function.__name__ == "recv_into" and any(found == known | more for more in _LENGTHS))


def put_back(foreign_only: bool = False) -> None:
    """Gives the classes the methods of ssl.py again; or only those that are not of an ssl module of ours."""
    with _lock:
        for cls in list(_changed):
            what = vars(cls)[MARK]
            originals, made = what[:2]
            if foreign_only and hasattr(originals["read"].__globals__.get("_ssl"), "__gossl__"):
                continue
            _changed.remove(cls)
            _kept[cls] = what
            for name, method in made.items():
                if vars(cls).get(name) is method:
                    setattr(cls, name, originals[name])
            # What else is there now may put ours back some time, as unittest.mock does: they go on working.
            if all(vars(cls).get(name) is original for name, original in originals.items()):
                delattr(cls, MARK)


def _steps(space: dict[str, Any]) -> tuple[Any, Any]:
    """What SSLSocket's builtins call when the library has not done it all, in the ssl module with these names."""

    def read_on(self: Any, connection: Any, found: int | None, size: Any, *buffer: Any) -> Any:
        try:
            return connection._read_on(found, size, *buffer)
        except space["SSLError"] as x:
            if x.args[0] == space["SSL_ERROR_EOF"] and self.suppress_ragged_eofs:
                return 0 if buffer else b""
            raise

    def sendall_on(self: Any, connection: Any, found: int, data: Any, done: int) -> None:
        count = connection._write_on(found, data, done)
        with memoryview(data) as view, view.cast("B") as byte_view:
            amount = len(byte_view)
            while count < amount:
                count += self.send(byte_view[count:])

    return read_on, sendall_on


def _in_child() -> None:
    global _lock
    _lock = threading.Lock()  # another thread may have held it


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
