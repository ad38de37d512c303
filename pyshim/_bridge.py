"""A connection over MemoryBIOs of the interpreter's own: asyncio and uvloop make these for any context.

It works on two queues of ours. Before each step what has come in is moved there; what goes out is moved on after it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from . import _errors, _lib
from ._bio import MemoryBIO

_Result = TypeVar("_Result")

# The interpreter's own class, where it has one.
_stock: Any = vars(_errors)["stock"]
FOREIGN: tuple[type, ...] = () if _stock is None else (_stock.MemoryBIO,)


class Bridge:
    """The functions of a Library that work on one connection, for a connection whose queues are not ours."""

    __slots__ = ("_library", "_lock", "_source", "_target", "incoming", "outgoing")

    def __init__(self, library: _lib.Library, incoming: Any, outgoing: Any) -> None:
        self._library = library
        self._source, self._target = incoming, outgoing
        self.incoming = MemoryBIO() if isinstance(incoming, FOREIGN) else incoming
        self.outgoing = MemoryBIO() if isinstance(outgoing, FOREIGN) else outgoing
        self._lock = threading.Lock()  # two threads must not swap what they move

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

    def get_int(self, number: int, what: int) -> int:
        return self._library.get_int(number, what)

    def _step(self, function: Callable[..., _Result], arguments: tuple[Any, ...]) -> _Result:
        source, target = self._source, self._target
        if source is not self.incoming and (source.pending or source.eof):
            with self._lock:
                if source.pending:
                    self.incoming.write(source.read())
                if source.eof and not self.incoming._ended:
                    self.incoming.write_eof()
        try:
            return function(*arguments)
        finally:
            if target is not self.outgoing and self.outgoing.pending:
                with self._lock:
                    target.write(self.outgoing.read())


def over(library: _lib.Library, incoming: Any, outgoing: Any) -> Bridge | None:
    """A bridge if one of the queues is not ours."""
    if isinstance(incoming, FOREIGN) or isinstance(outgoing, FOREIGN):
        return Bridge(library, incoming, outgoing)
    return None
