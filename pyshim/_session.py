"""SSLSession: what lets a later connection resume an earlier one. Bound to the context that it was made with."""

from __future__ import annotations

from . import _codes, _errors, _lib
from ._immutable import Final, Immutable, Uncreatable, Unpicklable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._context import _SSLContext


class SSLSession(Final, Uncreatable, Unpicklable, metaclass=Immutable):
    """A session of a connection."""

    __slots__ = ("_context", "_handle")
    __module__ = "_ssl"
    __hash__ = None  # type: ignore[assignment]
    _frozen_ = True

    _context: _SSLContext
    _handle: _lib.Handle

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SSLSession):
            return NotImplemented
        return self is other or self.id == other.id

    @property
    def id(self) -> bytes:
        """Session ID."""
        return _bytes(self, _codes.SESSION_ID)

    @property
    def time(self) -> int:
        """Session creation time (seconds since epoch)."""
        return _int(self, _codes.SESSION_TIME)

    @property
    def timeout(self) -> int:
        """Session timeout (delta in seconds)."""
        return _int(self, _codes.SESSION_TIMEOUT)

    @property
    def ticket_lifetime_hint(self) -> int:
        """Ticket life time hint."""
        return _int(self, _codes.SESSION_TICKET_LIFETIME_HINT)

    @property
    def has_ticket(self) -> bool:
        """Does the session contain a ticket?"""
        return _int(self, _codes.SESSION_HAS_TICKET) == 1


def new_session(handle: _lib.Handle, context: _SSLContext) -> SSLSession:
    session = object.__new__(SSLSession)
    session._handle = handle
    session._context = context
    return session


def session_parts(session: SSLSession) -> tuple[_lib.Handle, _SSLContext]:
    """The library's session, and the context that it belongs to."""
    return session._handle, session._context


def _int(session: SSLSession, what: int) -> int:
    value = _lib.get_int("gossl_session_get_int", session._handle.value, what)
    if value < 0:
        raise _errors.of_status(value)
    return value


def _bytes(session: SSLSession, what: int) -> bytes:
    value = _lib.get("gossl_session_get", session._handle.value, what)
    if isinstance(value, int):
        raise _errors.of_status(value)
    return value
