"""The methods on the path of data as builtins of CPython (capi/python.c), in place of those of Python.

A call of the interpreter's into the library, without a frame of Python's between. The methods of Python stay behind
them, for what does not happen usually, and instead of them where the interpreter is another one.
"""

from __future__ import annotations

from . import _lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The builtin methods of a class, in the order of the library's table.
_METHODS = {"conn": ("read", "write", "do_handshake"), "bio": ("read", "write")}


def offer(cls: type, kind: str, *slots: str) -> None:
    """Replaces methods of a class, "conn" or "bio", once the library is loaded and if it can be.

    The first slot is for the owner, or None where the methods of Python are to do all.
    """
    _lib.when_loaded(lambda library: _replace(library, cls, kind, slots))


def _replace(library: _lib.Library, cls: type, kind: str, slots: tuple[str, ...]) -> None:
    if not isinstance(library, _lib.Module):
        if kind == "conn":
            from . import _plain, _typed

            assert isinstance(library, _typed.Typed)
            type.__setattr__(cls, "read", _plain.connection_reader(library))
            type.__setattr__(cls, "write", _plain.connection_writer(library))
        return
    instance: Any = object.__new__(cls)
    offsets = [library.slot_offset(instance, slot) for slot in slots]
    known = [offset for offset in offsets if offset is not None]
    if len(known) < len(slots):
        return
    getattr(library, f"place_{kind}")(*known)
    first = 0 if kind == "conn" else len(_METHODS["conn"])
    for i, name in enumerate(_METHODS[kind], first):
        type.__setattr__(cls, name, library.method(cls, i))


def leave_wants() -> None:
    """Has the exceptions for want of input, of connections that exist too, made by the functions of Python: what class
    they are of has changed.
    """
    library = _lib.loaded()
    if isinstance(library, _lib.Module):
        library.leave_wants()
