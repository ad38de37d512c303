"""What a handshake message says, in a line or two for people.

These read messages that the engine has taken or sent. They are for showing only: what they do not understand, they
leave out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import NamedTuple

from gossl import _codes, _lib
from gossl._advice import printable

from . import names
from .recorder import ALERT, CHANGE_CIPHER_SPEC, HANDSHAKE, Message

# RFC 9846 section 4.1.3: a ServerHello with this random is a HelloRetryRequest.
_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")


class Summary(NamedTuple):
    name: str
    details: list[str]


class _Short(Exception):
    """A message ends before it should."""


class _Reader:
    """Bytes from the front."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def take(self, count: int) -> bytes:
        if count > len(self._data) - self._at:
            raise _Short
        self._at += count
        return self._data[self._at - count : self._at]

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width), "big")

    def vector(self, width: int) -> _Reader:
        return _Reader(self.take(self.number(width)))

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._at)

    def numbers(self, width: int) -> Iterator[int]:
        while self:
            yield self.number(width)


def summarize(message: Message, suites: dict[int, str], is_tls13: bool) -> Summary:
    """The name of a message and what matters of it. suites has the names of cipher suites by number."""
    content, data = message
    if content == CHANGE_CIPHER_SPEC:
        return Summary("ChangeCipherSpec", [])
    if content == ALERT:
        return Summary("Alert", [_alert(data)])
    if content != HANDSHAKE or len(data) < 4:
        return Summary(names.of(names.RECORDS, content), [])
    name = names.of(names.HANDSHAKES, data[0])
    if data[0] == _SERVER_HELLO and data[6:38] == _RETRY:
        name = "HelloRetryRequest"
    describe = _DESCRIBE.get(data[0])
    try:
        return Summary(name, describe(_Reader(data[4:]), suites, is_tls13) if describe else [])
    except _Short:
        return Summary(name, ["(cut short)"])


def _alert(data: bytes) -> str:
    if len(data) < 2:
        return "(cut short)"
    return f"{'fatal' if data[0] == 2 else 'warning'}: {names.of(names.ALERTS, data[1])}"


def _extensions(reader: _Reader) -> dict[int, _Reader]:
    found: dict[int, _Reader] = {}
    if reader:
        body = reader.vector(2)
        while body:
            kind = body.number(2)
            found[kind] = body.vector(2)
    return found


def _joined(numbers: Iterator[int], table: dict[int, str]) -> str:
    """The names of numbers; those that stand for nothing (RFC 8701) are left out."""
    return ", ".join(names.of(table, n) for n in numbers if not (n & 0x0F0F == 0x0A0A and n >> 8 == n & 0xFF))


def _client_hello(reader: _Reader, suites: dict[int, str], _: bool) -> list[str]:
    version = reader.number(2)
    reader.take(32)
    session = reader.vector(1).rest()
    offered = list(reader.vector(2).numbers(2))
    reader.vector(1)
    extensions = _extensions(reader)
    versions = extensions.get(names.SUPPORTED_VERSIONS)
    lines = [_joined(versions.vector(1).numbers(2), names.VERSIONS) if versions else names.of(names.VERSIONS, version)]
    if names.SERVER_NAME in extensions:
        listed = extensions[names.SERVER_NAME].vector(2)
        listed.take(1)
        lines.append(f"for {printable(listed.vector(2).rest().decode('ascii', 'replace'))}")
    lines.append(f"{len(offered)} cipher suites, first {suites.get(offered[0]) or hex(offered[0])}" if offered else "")
    if names.SUPPORTED_GROUPS in extensions:
        lines.append(f"groups {_joined(extensions[names.SUPPORTED_GROUPS].vector(2).numbers(2), names.GROUPS)}")
    if names.KEY_SHARE in extensions:
        shares, groups = extensions[names.KEY_SHARE].vector(2), []
        while shares:
            groups.append(shares.number(2))
            shares.vector(2)
        lines.append(f"key shares {_joined(iter(groups), names.GROUPS)}")
    if names.ALPN in extensions:
        lines.append(f"ALPN {_protocols(extensions[names.ALPN])}")
    if names.PRE_SHARED_KEY in extensions or (session and names.SUPPORTED_VERSIONS not in extensions):
        lines.append("offers to resume")
    return [line for line in lines if line]


def _server_hello(reader: _Reader, suites: dict[int, str], _: bool) -> list[str]:
    version = reader.number(2)
    reader.take(32)
    reader.vector(1)
    suite = reader.number(2)
    reader.take(1)
    extensions = _extensions(reader)
    if names.SUPPORTED_VERSIONS in extensions:
        version = extensions[names.SUPPORTED_VERSIONS].number(2)
    lines = [f"{names.of(names.VERSIONS, version)}, {suites.get(suite) or hex(suite)}"]
    if names.KEY_SHARE in extensions:
        lines.append(f"key share {names.of(names.GROUPS, extensions[names.KEY_SHARE].number(2))}")
    if names.PRE_SHARED_KEY in extensions:
        lines.append("resumes")
    if names.ALPN in extensions:
        lines.append(f"ALPN {_protocols(extensions[names.ALPN])}")
    return lines


def _protocols(extension: _Reader) -> str:
    listed, found = extension.vector(2), []
    while listed:
        found.append(printable(listed.vector(1).rest().decode("ascii", "replace")))
    return ", ".join(found)


def _encrypted_extensions(reader: _Reader, _suites: dict[int, str], _: bool) -> list[str]:
    extensions = _extensions(reader)
    if names.ALPN in extensions:
        return [f"ALPN {_protocols(extensions[names.ALPN])}"]
    return [", ".join(names.of(names.EXTENSIONS, kind) for kind in extensions)] if extensions else []


def _certificate(reader: _Reader, _: dict[int, str], is_tls13: bool) -> list[str]:
    if is_tls13:
        reader.vector(1)
    listed, lines = reader.vector(3), []
    while listed:
        lines.append(_subject(listed.vector(3).rest()))
        if is_tls13:
            listed.vector(2)
    return lines or ["none"]


def _subject(der: bytes) -> str:
    found = _lib.get_certificate(der, _codes.CERT_DETAILS)
    if not isinstance(found, bytes):
        return "(malformed)"
    details = json.loads(found)
    key = details["key"]
    return f"{printable(details['subject'])}, {key['type']} {key.get('curve') or key['bits']}"


def _certificate_verify(reader: _Reader, _: dict[int, str], _is_tls13: bool) -> list[str]:
    return [names.of(names.SCHEMES, reader.number(2))]


_CURVES = {0x0017: "P-256", 0x0018: "P-384", 0x0019: "P-521", 0x001D: "X25519", 0x001E: "X448"}


def _server_key_exchange(reader: _Reader, _: dict[int, str], _is_tls13: bool) -> list[str]:
    """Of ECDHE (RFC 8422 section 5.4); what another key exchange sends is not told apart without the suite."""
    if reader.number(1) != 3:
        return []
    group = _CURVES.get(reader.number(2))
    return [f"key share {group}"] if group else []


def _new_session_ticket(reader: _Reader, _: dict[int, str], _is_tls13: bool) -> list[str]:
    return [f"for {reader.number(4)} s"]


def _key_update(reader: _Reader, _: dict[int, str], _is_tls13: bool) -> list[str]:
    return ["and asks for ours"] if reader.number(1) else []


_SERVER_HELLO = 2
_DESCRIBE: dict[int, Callable[[_Reader, dict[int, str], bool], list[str]]] = {
    1: _client_hello,
    _SERVER_HELLO: _server_hello,
    4: _new_session_ticket,
    8: _encrypted_extensions,
    11: _certificate,
    12: _server_key_exchange,
    15: _certificate_verify,
    24: _key_update,
}
