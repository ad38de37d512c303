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


def socket_methods(
    library: _typed.Typed,
    cls: Any,
    connections: Any,
    check: Any,
    originals: dict[str, Any],
    steps: tuple[Callable[..., Any], Callable[..., Any]],
) -> dict[str, Callable[..., Any]]:
    """recv and sendall of ssl.py's SSLSocket (_front.py), each in one frame."""
    read_held, _ = library.raw.of_data("gossl_python_read")
    write_held, _ = library.raw.of_data("gossl_conn_write")
    blocks: list[tuple[Any, Any]] = []
    take, put = blocks.pop, blocks.append
    ssl_recv, ssl_read, ssl_send, ssl_sendall = (originals[name] for name in ("recv", "read", "send", "sendall"))
    read_on, sendall_on = steps
    find, none = cls.__getattribute__, 0

    def recv(self: Any, buflen: Any = 1024, flags: Any = 0) -> Any:
        its, own = type(self), self.__dict__
        if (
            its.read is not ssl_read or its._checkClosed is not check or its.__getattribute__ is not find
            or "read" in own or "_checkClosed" in own
            or type(buflen) is not int or not 0 < buflen <= _LONG_WORK or flags is not none
        ):  # fmt: skip
            return ssl_recv(self, buflen, flags)
        connection = own.get("_sslobj")
        if type(connection) is not connections or connection._about is not library:
            return ssl_recv(self, buflen)
        if connection._sock is None or connection._sock() is not self:
            return ssl_recv(self, buflen)
        try:
            block = take()
        except IndexError:
            block = _typed.new_block(_LONG_WORK)
        found = read_held(connection._argument, block[1], buflen)
        data = block[0][:found] if found > 0 else None
        put(block)
        return read_on(self, connection, found, buflen) if data is None else data

    def sendall(self: Any, data: Any, flags: Any = 0) -> Any:
        its, own = type(self), self.__dict__
        if (
            its.send is not ssl_send or its._checkClosed is not check or its.__getattribute__ is not find
            or "send" in own or "_checkClosed" in own
            or type(data) is not bytes or not 0 < len(data) <= _LONG_WORK or flags is not none
        ):  # fmt: skip
            return ssl_sendall(self, data, flags)
        connection = own.get("_sslobj")
        if type(connection) is not connections or connection._about is not library:
            return ssl_sendall(self, data)
        if connection._sock is None or connection._sock() is not self:
            return ssl_sendall(self, data)
        found = write_held(connection._argument, data, len(data))
        return None if found == len(data) else sendall_on(self, connection, found, data, 0)

    made: dict[str, Callable[..., Any]] = {"recv": recv, "sendall": sendall}
    for name, method in made.items():
        for fact in ("__module__", "__qualname__", "__doc__", "__annotations__"):
            setattr(method, fact, getattr(originals[name], fact))
    return made
