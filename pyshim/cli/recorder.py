"""The records and messages of a connection, as the engine's message callback tells them, with their times."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from gossl import _ssl

# Pseudo content types: a record's header, and the inner content type of TLS 1.3.
HEADER, INNER_TYPE = 256, 257
CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA = 20, 21, 22, 23
SERVER_HELLO, NEW_SESSION_TICKET, CERTIFICATE_REQUEST = 2, 4, 13
TLS13 = 0x0304


class Message(NamedTuple):
    """A handshake message, an alert or a ChangeCipherSpec."""

    content: int
    data: bytes


class Record:
    """One record and the messages that end in it."""

    def __init__(self, seconds: float, sent: bool, content: int, length: int) -> None:
        self.seconds = seconds  # since the recorder began
        self.sent = sent
        self.content = content  # TLS 1.3: the inner one, once it is known
        self.length = length  # of what is behind the header
        self.encrypted = False
        self.messages: list[Message] = []


class Recorder:
    """Keeps what a context's connections send and receive. It makes them slower, and holds plain text of handshakes."""

    def __init__(self, context: Any) -> None:
        self.records: list[Record] = []
        self.began = time.perf_counter()
        self._context = context
        self._changed = {True: False, False: False}  # by direction: a ChangeCipherSpec has passed
        self._is_tls13 = False
        # Below ssl.py's property, which knows fewer numbers than may come.
        _ssl._SSLContext._msg_callback.__set__(context, self._note)  # type: ignore[attr-defined]

    def stop(self) -> None:
        """Keeps no more: a connection may go on for long."""
        _ssl._SSLContext._msg_callback.__set__(self._context, None)  # type: ignore[attr-defined]

    def messages(self, sent: bool) -> list[Message]:
        return [m for r in self.records if r.sent == sent for m in r.messages]

    def received(self, kind: int) -> bool:
        """Whether the peer has sent a handshake message of that type."""
        return any(m.content == HANDSHAKE and m.data[:1] == bytes([kind]) for m in self.messages(False))

    def _note(self, _subject: Any, direction: str, version: int, content: int, _kind: int, data: bytes) -> None:
        sent = direction == "write"
        if content == HEADER:
            record = Record(time.perf_counter() - self.began, sent, data[0], int.from_bytes(data[3:5], "big"))
            # Before TLS 1.3, whatever follows a ChangeCipherSpec is encrypted (RFC 5246 section 7.1); there it means
            # nothing (RFC 9846 section 5).
            record.encrypted = self._changed[sent] and not self._is_tls13
            self._changed[sent] = self._changed[sent] or record.content == CHANGE_CIPHER_SPEC
            self.records.append(record)
        elif self.records:
            record = self.records[-1]
            if content == INNER_TYPE:
                record.encrypted = record.content == APPLICATION_DATA
                record.content = data[0] if record.encrypted else record.content
            else:
                if content == HANDSHAKE and data[:1] == bytes([SERVER_HELLO]):
                    self._is_tls13 = version == TLS13
                record.messages.append(Message(content, data))
