"""MemoryBIO: a queue of ciphertext between a connection and whoever moves it. The bytes are in the library."""

from __future__ import annotations

import sys
from operator import index

from . import _errors, _lib, _native
from ._immutable import Final, Immutable, Unpicklable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class MemoryBIO(Final, Unpicklable, metaclass=Immutable):
    """A memory buffer that can be used to pass data between Python and an SSL protocol instance."""

    __slots__ = ("_about", "_argument", "_ended", "_io", "_owner")
    __module__ = "_ssl"
    _frozen_ = True

    _about: _lib.Owner | None  # for the builtins; None once nothing can be written
    _argument: _lib.Argument
    _ended: bool
    _io: _lib.Library
    _owner: _lib.Owner

    def __new__(cls, *arguments: object, **keywords: object) -> MemoryBIO:
        if keywords:
            raise TypeError("MemoryBIO() takes no keyword arguments")
        if arguments:
            raise TypeError("MemoryBIO() takes no positional arguments")
        self = object.__new__(cls)
        self._io = io = _lib.library()
        made = io.bio_new()
        if type(made) is int:
            raise MemoryError("no memory BIO")
        self._owner = self._about = made
        self._argument = made if io.builtins else _lib.argument_of(made)
        self._ended = False
        return self

    def read(self, size: int = -1, /) -> bytes:
        """Read up to size bytes from the memory BIO.

        If size is not specified, read the entire buffer.
        If the return value is an empty bytes instance, this means either
        EOF or that no data is available. Use the "eof" property to
        distinguish between the two.
        """
        most = size if type(size) is int else index(size)
        if most < 0:
            most = sys.maxsize
        part = self._io.bio_read(self._argument, most)
        if isinstance(part, bytes) and len(part) < _lib.RECORD:
            return part
        parts: list[bytes] = []
        while isinstance(part, bytes):
            parts.append(part)
            most -= len(part)
            if len(part) < _lib.RECORD or most == 0:
                return b"".join(parts)
            part = self._io.bio_read(self._argument, most)
        raise _errors.of_status(part)

    def write(self, b: object, /) -> int:
        """Writes the bytes b into the memory BIO.

        Returns the number of bytes written.
        """
        size = len(b) if type(b) is bytes else _lib.size_of(b)
        if self._ended:
            raise _errors.plain("cannot write() after write_eof()")
        done = 0
        while done < size:
            count = self._io.bio_write(self._argument, b, done)
            if count < 0:
                raise _errors.of_status(count)
            done += count
        return done

    # What the builtins leave (capi/python.h).

    def _read_on(self, _found: None, size: Any = -1) -> bytes:
        return _read(self, size)

    def _write_on(self, _found: None, b: Any) -> int:
        return _write(self, b)

    def write_eof(self) -> None:
        """Write an EOF marker to the memory BIO.

        When all data has been read, the "eof" property will be True.
        """
        status = _lib.get_int("gossl_bio_write_eof", _lib.number_of(self._owner))
        if status < 0:
            raise _errors.of_status(status)
        self._ended = True
        self._about = None

    @property
    def pending(self) -> int:
        """The number of bytes pending in the memory BIO."""
        return self._io.bio_pending(self._argument)

    @property
    def eof(self) -> bool:
        """Whether the memory BIO is at EOF."""
        return self._ended and not self._io.bio_pending(self._argument)


_read, _write = MemoryBIO.read, MemoryBIO.write
_native.offer(MemoryBIO, "bio", "_about")
