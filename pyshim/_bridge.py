"""A connection over MemoryBIOs of the interpreter's own: asyncio and uvloop make these for any context.

It works on two queues of ours. What goes out is moved on after each step. What has come in is moved there when the
connection wants it, a record at a time: uvloop looks at how much is left, to know whether there is more to read.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from . import _codes, _lib, _stock
from ._bio import MemoryBIO

_HEADER = 5
_Result = TypeVar("_Result")


def is_foreign(queue: object) -> bool:
    """Whether it is of the interpreter's own class: nobody has one if that module has not been loaded."""
    stock: Any = _stock.loaded()
    return stock is not None and isinstance(queue, stock.MemoryBIO)


class Bridge:
    """The functions of a Library that work on one connection, for a connection whose queues are not ours."""

    __slots__ = ("_head", "_library", "_lock", "_missing", "_source", "_target", "incoming", "outgoing")

    def __init__(self, library: _lib.Library, incoming: Any, outgoing: Any) -> None:
        self._library = library
        self._source, self._target = incoming, outgoing
        self.incoming = MemoryBIO() if is_foreign(incoming) else incoming
        self.outgoing = MemoryBIO() if is_foreign(outgoing) else outgoing
        self._lock = threading.Lock()  # two threads must not swap what they move
        self._head = b""  # of the record that is being moved, as far as it has been
        self._missing = 0  # how many bytes of its fragment have not been moved

    def handshake(self, *arguments: Any) -> int:
        return self._step(self._library.handshake, arguments)

    def read(self, *arguments: Any) -> bytes | int:
        return self._step(self._library.read, arguments)

    def read_into(self, *arguments: Any) -> int:
        return self._step(self._library.read_into, arguments)

    def write(self, *arguments: Any) -> int:
        return self._step(self._library.write, arguments)

    def shutdown(self, *arguments: Any) -> int:
        return self._step(self._library.shutdown, arguments)

    def pending(self, argument: _lib.Argument) -> int:
        return self._library.pending(argument)

    def get_int(self, argument: _lib.Argument, what: int) -> int:
        return self._library.get_int(argument, what)

    def _step(self, function: Callable[..., _Result], arguments: tuple[Any, ...]) -> _Result:
        while True:
            try:
                result = function(*arguments)
            finally:
                self._move_out()
            if result != _codes.E_WANT_READ or not self._move_in():
                return result

    def _move_out(self) -> None:
        if self._target is not self.outgoing and self.outgoing.pending:
            with self._lock:
                self._target.write(self.outgoing.read())

    def _move_in(self) -> bool:
        """Moves a record, or what there is of it; whether there was anything."""
        source = self._source
        if source is self.incoming:
            return False
        with self._lock:
            moved = False
            while source.pending and not (moved and self._between()):
                self.incoming.write(self._next(source))
                moved = True
            if not moved and source.eof and not self.incoming._ended:
                self.incoming.write_eof()
                moved = True
            return moved

    def _between(self) -> bool:
        return not self._missing and not self._head

    def _next(self, source: Any) -> bytes:
        """More of a record (RFC 9846, section 5.1): its fragment's length is at the end of its five bytes of header."""
        data: bytes
        if self._missing:
            data = source.read(self._missing)
            self._missing -= len(data)
            return data
        data = source.read(_HEADER - len(self._head))
        self._head += data
        if len(self._head) == _HEADER:
            self._missing = int.from_bytes(self._head[3:], "big")
            self._head = b""
        return data


def over(library: _lib.Library, incoming: Any, outgoing: Any) -> Bridge | None:
    """A bridge if one of the queues is not ours."""
    if is_foreign(incoming) or is_foreign(outgoing):
        return Bridge(library, incoming, outgoing)
    return None
