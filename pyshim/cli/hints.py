"""What a person may do about a handshake that failed for another reason than the server's certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gossl import ssl

from . import names
from .recorder import ALERT, CERTIFICATE_REQUEST, Message

if TYPE_CHECKING:
    from .dial import Dialled

_FATAL = 2

# By the alert that the server sent.
_ALERTS = {
    40: "server and client have nothing in common: try without --ciphers, --groups and --tls",
    70: "the server does not speak the TLS versions that were offered: try without --tls",
    71: "the server asks for stronger algorithms than were offered",
    112: "the server does not know this name: --name gives it another",
    116: "the server wants a client certificate: --cert FILE and --key FILE show one",
    120: "the server speaks none of the application protocols that were offered: try another --alpn",
}
_REFUSES_OURS = (
    "the server does not accept the client certificate: it must be from a CA that the server trusts, be valid now, and "
    "allow client authentication"
)
_ABOUT_CERTIFICATES = {42, 43, 44, 45, 46, 48, 49}

# By the reason of an error that came up here.
_REASONS = {
    "WRONG_VERSION_NUMBER": "the server does not answer with TLS: is it another port, or does it need --starttls?",
    "UNSUPPORTED_PROTOCOL": "the server chose a TLS version that was not offered; before 1.2 none is",
    "WRONG_SSL_VERSION": "the server chose a TLS version that was not offered; before 1.2 none is",
    "UNEXPECTED_EOF_WHILE_READING": "the server closed the connection without a word: does it speak TLS on this port?",
}


def failure_text(dialled: Dialled) -> str:
    """A failed handshake in a line."""
    error = dialled.error
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate refused: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "the server did not answer in time"
    if isinstance(error, ssl.SSLError):
        alert = _alert(dialled)
        if alert is not None:
            return f"the server refused: {names.of(names.ALERTS, alert).replace('_', ' ')} (alert {alert})"
        # "[SSL: REASON] words (_ssl.c:1)"
        return str(error).splitlines()[0].partition("] ")[2].rpartition(" (")[0] or str(error)
    return str(getattr(error, "strerror", None) or error)


def way_out(dialled: Dialled) -> str:
    """What to do; empty if nobody knows."""
    alert = _alert(dialled)
    if alert is None:
        return _REASONS.get(str(getattr(dialled.error, "reason", "")), "")
    if dialled.recorder.received(CERTIFICATE_REQUEST):
        if dialled.connection.client_sigalg():
            return _REFUSES_OURS if alert in _ABOUT_CERTIFICATES else _ALERTS.get(alert, "")
        # Before TLS 1.3 there is no alert that says so (RFC 5246 section 7.4.6).
        return _ALERTS[116]
    return _ALERTS.get(alert, "")


def _alert(dialled: Dialled) -> int | None:
    """The number of the fatal alert that the server sent."""
    return next(map(_fatal, filter(_fatal, dialled.recorder.messages(sent=False))), None)


def _fatal(message: Message) -> int | None:
    is_fatal = message.content == ALERT and len(message.data) == 2 and message.data[0] == _FATAL
    return message.data[1] if is_fatal else None
