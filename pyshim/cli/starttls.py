"""What is said in plain text before TLS: one function for each protocol.

Each ends when the server has consented. A server that has sent more by then is refused: what stands in plain text
behind the consent could have been put there by somebody between, and would be taken for what came protected.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import NoReturn

from .ends import Ended

_LONGEST_LINE = 8192
_MOST_LINES = 200
_MOST_BYTES = 65536
_SHOWN = 120

PORTS = {
    "ftp": 21, "imap": 143, "ldap": 389, "lmtp": 24, "mysql": 3306, "nntp": 119, "pop3": 110, "postgres": 5432,
    "sieve": 4190, "smtp": 25, "xmpp": 5222, "xmpp-server": 5269,
}  # fmt: skip


def negotiate(protocol: str, sock: socket.socket, host: str) -> None:
    """Speaks the protocol until TLS may begin. Raises Ended if the server does not want it, OSError if it fails."""
    talk = _Talk(protocol, sock)
    _PROTOCOLS[protocol](talk, host)
    if talk.rest:
        talk.refuse("sent data in plain text behind its consent to TLS")


class _Talk:
    """A conversation in lines or bytes, with limits."""

    def __init__(self, protocol: str, sock: socket.socket) -> None:
        self.protocol = protocol
        self.rest = b""
        self._sock = sock

    def say(self, data: bytes) -> None:
        self._sock.sendall(data)

    def refuse(self, what: str, heard: bytes = b"") -> NoReturn:
        shown = repr(heard[:_SHOWN].decode("ascii", "replace")) if heard else ""
        raise Ended(f"the {self.protocol} server {what}{': ' if shown else ''}{shown}")

    def line(self) -> bytes:
        """The next line, without its end."""
        while b"\n" not in self.rest:
            if len(self.rest) > _LONGEST_LINE:
                self.refuse("sent a line without end")
            self._more()
        line, _, self.rest = self.rest.partition(b"\n")
        return line.rstrip(b"\r")

    def exactly(self, count: int) -> bytes:
        while len(self.rest) < count:
            self._more()
        data, self.rest = self.rest[:count], self.rest[count:]
        return data

    def until(self, end: bytes) -> bytes:
        while end not in self.rest:
            if len(self.rest) > _MOST_BYTES:
                self.refuse("sent no end")
            self._more()
        at = self.rest.index(end) + len(end)
        data, self.rest = self.rest[:at], self.rest[at:]
        return data

    def reply(self, *wanted: bytes) -> list[bytes]:
        """A reply of lines that begin with a code: "250-" goes on, "250 " ends (RFC 5321 section 4.2, RFC 959)."""
        lines = []
        for _ in range(_MOST_LINES):
            lines.append(self.line())
            if lines[-1][3:4] != b"-" and (len(lines) == 1 or lines[-1][:3] == lines[0][:3]):
                if lines[-1][:3] not in wanted:
                    self.refuse("refused", lines[-1])
                return lines
        self.refuse("sent a reply without end")

    def answer(self, good: tuple[bytes, ...], bad: tuple[bytes, ...]) -> None:
        """Passes over lines up to one that begins with a good word; refuses at a bad one."""
        for _ in range(_MOST_LINES):
            line = self.line()
            if line.upper().startswith(good):
                return
            if line.upper().startswith(bad):
                self.refuse("refused", line)
        self.refuse("sent an answer without end")

    def _more(self) -> None:
        data = self._sock.recv(4096)
        if not data:
            self.refuse("closed the connection", self.rest)
        self.rest += data


def _smtp(talk: _Talk, host: str) -> None:
    """RFC 3207."""
    _mail(talk, b"EHLO")


def _lmtp(talk: _Talk, host: str) -> None:
    """RFC 2033 with RFC 3207."""
    _mail(talk, b"LHLO")


def _mail(talk: _Talk, hello: bytes) -> None:
    talk.reply(b"220")
    talk.say(hello + b" localhost\r\n")
    offered = [line[4:].strip().upper() for line in talk.reply(b"250")]
    if b"STARTTLS" not in offered:
        talk.refuse("does not offer STARTTLS")
    talk.say(b"STARTTLS\r\n")
    talk.reply(b"220")


def _imap(talk: _Talk, host: str) -> None:
    """RFC 9051 section 6.2.1."""
    talk.answer((b"* OK", b"* PREAUTH"), (b"* BYE",))
    talk.say(b"a1 STARTTLS\r\n")
    talk.answer((b"A1 OK",), (b"A1 NO", b"A1 BAD", b"* BYE"))


def _pop3(talk: _Talk, host: str) -> None:
    """RFC 2595 section 4."""
    talk.answer((b"+OK",), (b"-ERR",))
    talk.say(b"STLS\r\n")
    talk.answer((b"+OK",), (b"-ERR",))


def _nntp(talk: _Talk, host: str) -> None:
    """RFC 4642."""
    talk.reply(b"200", b"201")
    talk.say(b"STARTTLS\r\n")
    talk.reply(b"382")


def _ftp(talk: _Talk, host: str) -> None:
    """RFC 4217 section 4."""
    talk.reply(b"220")
    talk.say(b"AUTH TLS\r\n")
    talk.reply(b"234")


def _sieve(talk: _Talk, host: str) -> None:
    """RFC 5804 sections 1.2 and 2.2."""
    talk.answer((b"OK",), (b"NO", b"BYE"))
    talk.say(b"STARTTLS\r\n")
    talk.answer((b"OK",), (b"NO", b"BYE"))


def _postgres(talk: _Talk, host: str) -> None:
    """PostgreSQL's SSLRequest: its length, and 1234 5679 in place of a version."""
    talk.say(b"\x00\x00\x00\x08\x04\xd2\x16\x2f")
    answer = talk.exactly(1)
    if answer != b"S":
        talk.refuse("has no TLS" if answer == b"N" else "answered", b"" if answer == b"N" else answer)


_MYSQL_SSL = 0x0800
_MYSQL_PROTOCOL_41 = 0x0200
_MYSQL_SECURE = 0x8000


def _mysql(talk: _Talk, host: str) -> None:
    """MySQL's Protocol::SSLRequest, after its Protocol::HandshakeV10."""
    head = talk.exactly(4)
    greeting = talk.exactly(int.from_bytes(head[:3], "little"))
    # Protocol 10, the server's version, NUL, thread (4), challenge (8), filler (1), the low half of its capabilities.
    at = greeting.find(b"\0") + 14
    if greeting[:1] != b"\x0a" or len(greeting) < at + 2:
        talk.refuse("sent no handshake of version 10", greeting[3:] if greeting[:1] == b"\xff" else b"")
    if not int.from_bytes(greeting[at : at + 2], "little") & _MYSQL_SSL:
        talk.refuse("does not offer TLS")
    body = (_MYSQL_SSL | _MYSQL_PROTOCOL_41 | _MYSQL_SECURE).to_bytes(4, "little") + (1 << 24).to_bytes(4, "little")
    body += b"\x2d" + bytes(23)  # utf8mb4, and room for what is not used
    talk.say(len(body).to_bytes(3, "little") + b"\x01" + body)


_LDAP_OID = b"1.3.6.1.4.1.1466.20037"


def _ldap(talk: _Talk, host: str) -> None:
    """RFC 4511 sections 4.12 and 4.14: an ExtendedRequest with the name of StartTLS, message 1."""
    name = b"\x80" + bytes([len(_LDAP_OID)]) + _LDAP_OID
    request = b"\x02\x01\x01\x77" + bytes([len(name)]) + name
    talk.say(b"\x30" + bytes([len(request)]) + request)
    if talk.exactly(1) != b"\x30":
        talk.refuse("did not answer with an LDAPMessage")
    message = talk.exactly(_ber_length(talk))
    # messageID 1, ExtendedResponse (application 24), whose first element is the resultCode, ENUMERATED success (0).
    at = message.find(b"\x0a\x01")
    if message[:4] != b"\x02\x01\x01\x78" or at < 0 or message[at + 2 : at + 3] != b"\0":
        talk.refuse("refused", message[at + 3 :] if at >= 0 else b"")


def _ber_length(talk: _Talk) -> int:
    first = talk.exactly(1)[0]
    length = first if first < 0x80 else int.from_bytes(talk.exactly(min(first & 0x7F, 4)), "big")
    if length > _MOST_BYTES:
        talk.refuse("sent too long a message")
    return length


def _xmpp(talk: _Talk, host: str, namespace: str = "jabber:client") -> None:
    """RFC 6120 section 5.4."""
    from xml.sax.saxutils import quoteattr

    talk.say(
        f"<?xml version='1.0'?><stream:stream to={quoteattr(host)} version='1.0' xmlns='{namespace}' "
        "xmlns:stream='http://etherx.jabber.org/streams'>".encode()
    )
    features = talk.until(b"</stream:features>")
    if b"urn:ietf:params:xml:ns:xmpp-tls" not in features:
        talk.refuse("does not offer STARTTLS")
    talk.say(b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
    answer = talk.until(b">")
    if b"<proceed" not in answer:
        talk.refuse("refused", answer)
    if not answer.endswith(b"/>"):
        talk.until(b"</proceed>")


def _xmpp_server(talk: _Talk, host: str) -> None:
    _xmpp(talk, host, "jabber:server")


_PROTOCOLS: dict[str, Callable[[_Talk, str], None]] = {
    "ftp": _ftp, "imap": _imap, "ldap": _ldap, "lmtp": _lmtp, "mysql": _mysql, "nntp": _nntp, "pop3": _pop3,
    "postgres": _postgres, "sieve": _sieve, "smtp": _smtp, "xmpp": _xmpp, "xmpp-server": _xmpp_server,
}  # fmt: skip
