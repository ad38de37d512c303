"""The methods on the path of data as builtins of CPython (capi/python.c), in place of those of Python.

A call of the interpreter's into the library, without a frame of Python's between. The methods of Python stay behind
them, for what does not happen usually, and instead of them where the interpreter is another one.
"""

from __future__ import annotations

import struct
from typing import Any

from . import _lib

_LAYOUT = struct.Struct("=QQQQQQQ")  # python_object in python.h
_NAMES = ("library", "reason")  # of an SSLError's attributes


def offer(cls: type, kind: str, *slots: str) -> None:
    """Replaces read and write of a class, "conn" or "queue", once the library is loaded and if it can be.

    The first slot is for what about_… makes.
    """
    _lib.when_loaded(lambda library: _replace(library, cls, kind, slots))


def _replace(library: _lib.Library, cls: type, kind: str, slots: tuple[str, ...]) -> None:
    if not library.builtins:
        return
    instance: Any = object.__new__(cls)
    offsets = [_lib.slot_offset(instance, slot) for slot in slots]
    known = [offset for offset in offsets if offset is not None]
    if len(known) < len(slots):
        return
    library.place("gossl_python_place_" + ("conn" if kind == "conn" else "bio"), *known)
    for i, name in enumerate(("read", "write")):
        type.__setattr__(cls, name, library.method(cls, i + (0 if kind == "conn" else 2)))


def about_connection(handle: int, incoming: int | None, want: tuple[type, Any]) -> bytes | None:
    """What the methods of a connection know: its number, its incoming queue unless it is over a socket, and the type
    and arguments, which have to stay, of what it raises for want of input.
    """
    library = _lib.library()
    if not library.builtins:
        return None
    queue = 0 if incoming is None else library.queue_of(incoming)
    return _LAYOUT.pack(handle, queue, incoming is None, id(want[0]), id(want[1]), id(_NAMES[0]), id(_NAMES[1]))


def about_queue(handle: int) -> bytes | None:
    """What the methods of a queue know."""
    library = _lib.library()
    return _LAYOUT.pack(0, library.queue_of(handle), 0, 0, 0, 0, 0) if library.builtins else None
