"""The methods on the path of data by plain ctypes, where the interpreter can have no builtins: PyPy, say.

One frame of Python's, and one crossing with three arguments that ctypes has nothing to convert of. What does not happen
usually goes to the methods of the classes, as from the builtins (capi/python.c).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import _lib, _typed

# Up to this many bytes other threads of Python are not let run meanwhile: it would cost more than the work.
_LONG_WORK = 4096
# As much as is read at once: some records.
_BLOCK = 4 * _lib.RECORD
_NO_BUFFER: Any = object()


def connection_reader(library: _typed.Typed) -> Callable[..., Any]:
    """read of a connection."""
    read_held, read_released = library.raw.of_data("gossl_python_read")
    # Memory to read into: taken and put back, which are atomic, for each read.
    blocks: list[tuple[Any, Any]] = []
    take, put = blocks.pop, blocks.append

    def read(self: Any, size: Any, buffer: Any = _NO_BUFFER, /) -> Any:
        """read(size, [buffer])

        Read up to size bytes from the SSL socket.
        """
        if buffer is not _NO_BUFFER:
            return self._read_on(None, size, buffer)
        sock = self._sock
        if type(size) is not int or size <= 0 or self._about is not library or (sock is not None and sock() is None):
            return self._read_on(None, size)
        try:
            block = take()
        except IndexError:
            block = _typed.new_block(_BLOCK)
        if size <= _LONG_WORK:
            found = read_held(self._argument, block[1], size)
        else:
            found = read_released(self._argument, block[1], size if size < _BLOCK else _BLOCK)
        data = block[0][:found] if found > 0 else None
        put(block)
        return self._read_on(found, size) if data is None else data

    return read


def connection_writer(library: _typed.Typed) -> Callable[..., Any]:
    """write of a connection."""
    write_held, write_released = library.raw.of_data("gossl_conn_write")

    def write(self: Any, b: Any, /) -> Any:
        """Writes the bytes-like object b into the SSL object.

        Returns the number of bytes written.
        """
        if type(b) is bytes:
            data = b
        elif type(b) is memoryview and b.nbytes <= _LONG_WORK and b.c_contiguous:
            data = b.tobytes()
        else:
            return self._write_on(None, b)
        sock, size = self._sock, len(data)
        if not 0 < size <= _lib.LARGEST or self._about is not library or (sock is not None and sock() is None):
            return self._write_on(None, b)
        found = (write_held if size <= _LONG_WORK else write_released)(self._argument, data, size)
        return found if found == size else self._write_on(found, b)

    return write
