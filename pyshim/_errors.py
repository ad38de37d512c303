"""The exceptions, and the only place that turns a refusal of the library into one.

The words are OpenSSL's, in CPython's form: "[LIBRARY: REASON] text (_ssl.c:line)". The line is that of the place in
CPython's own module which would have raised: nobody can look it up, but programs match the form.
"""

from __future__ import annotations

import os
import sys

from . import _codes, _stock
from ._consts import SSL_ERROR_EOF, SSL_ERROR_SSL, SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE, SSL_ERROR_ZERO_RETURN
from ._immutable import Immutable
from ._lib import Failure

# Beside the interpreter's own _ssl its exception classes are used, so that an `except` written against either catches
# both.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import _ssl as stock
    from collections.abc import Callable
    from typing import Any
else:
    stock = _stock.of_exceptions()

if TYPE_CHECKING or stock is not None:
    SSLError = stock.SSLError
    SSLZeroReturnError = stock.SSLZeroReturnError
    SSLWantReadError = stock.SSLWantReadError
    SSLWantWriteError = stock.SSLWantWriteError
    SSLSyscallError = stock.SSLSyscallError
    SSLEOFError = stock.SSLEOFError
    SSLCertVerificationError = stock.SSLCertVerificationError
else:

    class SSLError(OSError, metaclass=Immutable):
        """An error occurred in the SSL implementation."""

        __module__ = "ssl"
        _frozen_ = True

        def __str__(self):
            return self.strerror if isinstance(self.strerror, str) else str(self.args)

    class SSLZeroReturnError(SSLError):
        """SSL/TLS session closed cleanly."""

        __module__ = "ssl"

    class SSLWantReadError(SSLError):
        """Non-blocking SSL socket needs to read more data before the requested operation can be completed."""

        __module__ = "ssl"

    class SSLWantWriteError(SSLError):
        """Non-blocking SSL socket needs to write more data before the requested operation can be completed."""

        __module__ = "ssl"

    class SSLSyscallError(SSLError):
        """System error when attempting SSL operation."""

        __module__ = "ssl"

    class SSLEOFError(SSLError):
        """SSL/TLS connection terminated abruptly."""

        __module__ = "ssl"

    class SSLCertVerificationError(SSLError, ValueError):
        """A certificate could not be verified."""

        __module__ = "ssl"


_KINDS = (
    SSLZeroReturnError,
    SSLWantReadError,
    SSLWantWriteError,
    SSLSyscallError,
    SSLEOFError,
    SSLCertVerificationError,
)
_both: dict[tuple[type, type], type[SSLError]] = {}


def known(kind: type[SSLError]) -> type[SSLError]:
    """The class to raise for one of those above.

    It is one derived from both where the interpreter's module has come after ours, which is so after uninstall(): an
    `except` that was written against either catches what we raise.
    """
    other = getattr(_stock.in_place(), kind.__name__, kind)
    if other is kind:
        return kind
    both = _both.get((kind, other))
    if both is None:
        names = {"__module__": kind.__module__, "__doc__": kind.__doc__, "__reduce__": _as(other)}
        made: Any = Immutable(kind.__name__, (kind, other), names)
        both = _both.setdefault((kind, other), made)  # of two threads the first one's
    return both


def replaced() -> list[tuple[type, type]]:
    """The classes above that are other ones than the interpreter's module has, and those."""
    other = _stock.in_place()
    pairs = [(kind, getattr(other, kind.__name__, kind)) for kind in (SSLError, *_KINDS)]
    return [(ours, theirs) for ours, theirs in pairs if ours is not theirs]


def _as(cls: type) -> Callable[[Any], Any]:
    """pickle finds classes by their names: there it is the interpreter's."""
    return lambda self: (cls, *OSError.__reduce__(self)[1:])


class Operation:
    """Something that is done on a connection, with what its errors say."""

    __slots__ = ("line", "timed_out")

    def __init__(self, line: int, timed_out: str) -> None:
        self.line = line
        self.timed_out = timed_out


HANDSHAKE = Operation(1020, "_ssl.c:1003: The handshake operation timed out")
READ = Operation(2580, "The read operation timed out")
WRITE = Operation(2427, "The write operation timed out")
SHUTDOWN = Operation(2706, "The read operation timed out")

# Lines of calls that are not operations.
IN_WRAP = 812
IN_LOAD_CERT_CHAIN = 3916
IN_LOAD_VERIFY_LOCATIONS = 4168
IN_CADATA = 4035
IN_LOAD_DH_PARAMS = 4216
IN_SET_ECDH_CURVE = 4397
IN_SET_SESSION = 2925
IN_POST_HANDSHAKE_AUTH = 2781
IN_PSK = 4799
IN_LISTS = 3500

# X509_V_ERR_*: the two whose words name what was asked for.
HOSTNAME_MISMATCH = 62
IP_ADDRESS_MISMATCH = 64

_EOF_WORDS = "EOF occurred in violation of protocol"


def error(
    text: str,
    line: int,
    errno: int = 0,
    kind: type[SSLError] = SSLError,
    library: str | None = None,
    reason: str | None = None,
) -> SSLError:
    """An SSLError with the attributes that CPython sets on those of its engine."""
    if library and reason:
        text = f"[{library}: {reason}] {text}"
    elif library:
        text = f"[{library}] {text}"
    e = known(kind)(errno, f"{text} (_ssl.c:{line})")
    e.library = library  # type: ignore[assignment]
    e.reason = reason  # type: ignore[assignment]
    return e


def plain(text: str) -> SSLError:
    """An SSLError that CPython's module raises by itself."""
    return known(SSLError)(text)


def want_read(operation: Operation) -> SSLError:
    return error("The operation did not complete (read)", operation.line, SSL_ERROR_WANT_READ, SSLWantReadError)


def want_write(operation: Operation) -> SSLError:
    return error("The operation did not complete (write)", operation.line, SSL_ERROR_WANT_WRITE, SSLWantWriteError)


def closed(operation: Operation) -> SSLError:
    """The peer closed the connection, and there is nothing to read."""
    text = "TLS/SSL connection has been closed (EOF)"
    return error(text, operation.line, SSL_ERROR_ZERO_RETURN, SSLZeroReturnError)


def unexpected_eof(operation: Operation) -> SSLError:
    """The transport ended without close_notify."""
    reason = "UNEXPECTED_EOF_WHILE_READING"
    return error(_EOF_WORDS, operation.line, SSL_ERROR_EOF, SSLEOFError, "SSL", reason)


def already_failed(operation: Operation) -> SSLError:
    """The connection failed in an earlier call, which said why."""
    return error(_EOF_WORDS, operation.line, SSL_ERROR_EOF, SSLEOFError)


def in_handshake(operation: Operation) -> SSLError:
    """A shutdown of a connection that is not open."""
    reason = "SHUTDOWN_WHILE_IN_INIT"
    return error("shutdown while in init", operation.line, SSL_ERROR_SSL, library="SSL", reason=reason)


def socket_gone(operation: Operation) -> SSLError:
    return error("Underlying socket connection gone", operation.line)


def of_operation(failure: Failure, operation: Operation, server_hostname: str | None) -> OSError:
    """What a failed read, write, handshake or shutdown raises."""
    if failure.status == _codes.E_EOF:
        return unexpected_eof(operation)
    if failure.status == _codes.E_VERIFY:
        return _unverified(failure, operation, server_hostname)
    if failure.status == _codes.E_SYSCALL:
        if failure.sys_errno:
            return OSError(failure.sys_errno, os.strerror(failure.sys_errno))
        return already_failed(operation)
    return _ssl_error(failure, operation.line, SSL_ERROR_SSL)


def of_input(failure: Failure, line: int) -> Exception:
    """What a refused setting, certificate or key raises: the errno of OpenSSL's errors is the reason's number."""
    if failure.status == _codes.E_SYSCALL and failure.sys_errno:
        return OSError(failure.sys_errno, os.strerror(failure.sys_errno))
    if failure.status == _codes.E_ARGUMENT and not failure.library:
        return ValueError(failure.message)
    return _ssl_error(failure, line, failure.reason)


def check(failure: Failure | None, line: int = IN_LISTS) -> None:
    """Raises what a refusal asks for."""
    if failure is not None:
        raise of_input(failure, line)


def of_status(status: int) -> Exception:
    """What a getter's negative status raises: nothing that a program can do about it."""
    if status == _codes.E_FORKED:
        text = "another thread was using this object when the process was forked; it cannot go on in the child"
        return error(text, IN_LISTS, SSL_ERROR_SSL)
    if status == _codes.E_PANIC:
        return error("a defect in gossl; please report it", IN_LISTS, SSL_ERROR_SSL)
    return error(f"gossl status {status}", IN_LISTS, SSL_ERROR_SSL)


def _ssl_error(failure: Failure, line: int, errno: int) -> SSLError:
    if not failure.library_name:
        return error(failure.message or failure.text or "unknown error", line, errno or SSL_ERROR_SSL)
    text = failure.text or "unknown error"
    return error(text, line, errno, SSLError, failure.library_name, failure.name or None)


def _unverified(failure: Failure, operation: Operation, server_hostname: str | None) -> SSLError:
    words = failure.verify_text
    if failure.verify == HOSTNAME_MISMATCH:
        words = f"Hostname mismatch, certificate is not valid for '{server_hostname}'."
    elif failure.verify == IP_ADDRESS_MISMATCH:
        words = f"IP address mismatch, certificate is not valid for '{server_hostname}'."
    e = error(
        f"certificate verify failed: {words}",
        operation.line,
        SSL_ERROR_SSL,
        SSLCertVerificationError,
        "SSL",
        "CERTIFICATE_VERIFY_FAILED",
    )
    e.verify_code = failure.verify  # type: ignore[attr-defined]
    e.verify_message = words  # type: ignore[attr-defined]
    return e


def unraisable(exception: BaseException, where: object) -> None:
    """Reports an exception that a callback raised where nobody can catch it."""
    arguments: Any = next((t for t in tuple.__subclasses__() if t.__name__ == "UnraisableHookArgs"), None)
    if arguments is None:
        sys.excepthook(type(exception), exception, exception.__traceback__)
        return
    fields = (type(exception), exception, exception.__traceback__, None, where)
    sys.unraisablehook(arguments(fields))
