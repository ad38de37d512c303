"""Answers to what a connection asks of the program: the server name callback, the pre-shared key callbacks; and the
reports to it: key log lines and the message callback.

The library stops and says what it wants, so all of this runs in the thread and in the call that the program made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _codes, _consts, _errors, _lib

if TYPE_CHECKING:
    from ._socket import _SSLSocket

# TLS numbers of record content, as OpenSSL reports them to a message callback.
_CHANGE_CIPHER_SPEC = 20
_ALERT = 21
_HEADER = 256
_CHANGE_CIPHER_SPEC_MESSAGE = 0x101

# gossl_conn_take_trace: direction, version, content type, length.
_EVENT = (1, 2, 2, 4)
_EVENT_HEAD = sum(_EVENT)

_GO_ON = -1


def answer(connection: _SSLSocket, status: int) -> bool:
    """Answers the connection's question; False if the status is none."""
    if status == _codes.WANT_SNI:
        alert = _server_name(connection)
        _errors.check(_lib.call("gossl_conn_answer_sni", _lib.number_of(connection._handle), alert))
    elif status == _codes.WANT_PSK_CLIENT:
        _answer_key(connection, _psk_client(connection))
    elif status == _codes.WANT_PSK_SERVER:
        _answer_key(connection, (b"", _psk_server(connection)))
    else:
        return False
    return True


def observe(connection: _SSLSocket) -> None:
    """Writes key log lines to the context's file and gives events to its message callback."""
    number, context = _lib.number_of(connection._handle), connection._context
    lines = _lib.take("gossl_conn_take_keylog", number)
    events = _lib.take("gossl_conn_take_trace", number)
    keylog = context._keylog  # once: another thread may be changing it
    try:
        if lines and keylog is not None:
            keylog.write(lines)
    finally:
        if events:
            _report(connection, events)


def _subject(connection: _SSLSocket) -> Any:
    """What callbacks get as the connection: its owner, or else its socket, or else itself."""
    for reference in (connection._owner, connection._sock):
        if reference is not None:
            return reference()
    return connection


# ---- Server name -----------------------------------------------------------------------------------------------------


def _server_name(connection: _SSLSocket) -> int:
    """Calls the context's sni_callback; gives the alert to refuse with, or that the handshake goes on."""
    context = connection._context
    callback = context._sni
    if callback is None:
        return _GO_ON
    subject = _subject(connection)
    if subject is None:
        return _consts.ALERT_DESCRIPTION_INTERNAL_ERROR
    name = None
    if _lib.get_int("gossl_conn_get_int", _lib.number_of(connection._handle), _codes.CONN_HAS_SNI) == 1:
        raw = _lib.get("gossl_conn_get", _lib.number_of(connection._handle), _codes.CONN_SNI)
        try:
            name = raw.decode("ascii") if isinstance(raw, bytes) else None
        except UnicodeDecodeError as e:
            _errors.unraisable(e, raw)
            return _consts.ALERT_DESCRIPTION_INTERNAL_ERROR
    try:
        result = callback(subject, name, context)
    except BaseException as e:
        _errors.unraisable(e, callback)
        return _consts.ALERT_DESCRIPTION_HANDSHAKE_FAILURE
    return _alert(result)


def _alert(result: object) -> int:
    if result is None:
        return _GO_ON
    try:
        if not isinstance(result, int):
            raise TypeError(f"{type(result).__name__!r} object cannot be interpreted as an integer")
    except TypeError as e:
        _errors.unraisable(e, result)
        return _consts.ALERT_DESCRIPTION_INTERNAL_ERROR
    return int(result) & 0xFF


# ---- Pre-shared keys -------------------------------------------------------------------------------------------------


def _answer_key(connection: _SSLSocket, found: tuple[bytes, bytes | None]) -> None:
    identity, key = found
    number = _lib.number_of(connection._handle)
    _errors.check(_lib.call("gossl_conn_answer_psk", number, identity, len(identity), key, len(key or b"")))


def _psk_client(connection: _SSLSocket) -> tuple[bytes, bytes | None]:
    """Calls the client's callback with the server's hint: the identity and key, or no key."""
    callback = connection._context._psk_client
    if callback is None:
        return b"", None
    try:
        identity, key = callback(_psk_text(connection, _codes.CONN_PSK_HINT))
        if identity is not None and not isinstance(identity, str):
            raise TypeError(f"identity must be str or None, not {type(identity).__name__}")
        return (identity or "").encode("utf-8"), _lib.copied(key)
    except BaseException as e:
        _errors.unraisable(e, callback)
        return b"", None


def _psk_server(connection: _SSLSocket) -> bytes | None:
    """Calls the server's callback with the client's identity: the key, or none."""
    callback = connection._context._psk_server
    if callback is None:
        return None
    try:
        return _lib.copied(callback(_psk_text(connection, _codes.CONN_PSK_IDENTITY)))
    except BaseException as e:
        _errors.unraisable(e, callback)
        return None


def _psk_text(connection: _SSLSocket, what: int) -> str | None:
    raw = _lib.get("gossl_conn_get", _lib.number_of(connection._handle), what)
    return raw.decode("utf-8") if isinstance(raw, bytes) and raw else None


# ---- Messages --------------------------------------------------------------------------------------------------------


def _report(connection: _SSLSocket, events: bytes) -> None:
    callback, subject = connection._context._message, _subject(connection)
    at = 0
    while callback is not None and at + _EVENT_HEAD <= len(events):
        fields = []
        for width in _EVENT:
            fields.append(int.from_bytes(events[at : at + width], "big"))
            at += width
        direction, version, content, length = fields
        data = events[at : at + length]
        at += length
        if content == _HEADER:
            version = int.from_bytes(data[1:3], "big")
        callback(subject, "write" if direction else "read", version, content, _message_type(content, data), data)


def _message_type(content: int, data: bytes) -> int:
    """The third of OpenSSL's numbers: a handshake message's type, an alert's description, a header's content type."""
    if content == _CHANGE_CIPHER_SPEC:
        return _CHANGE_CIPHER_SPEC_MESSAGE
    if content == _ALERT:
        return data[1] if len(data) > 1 else -1
    return data[0] if data else -1
