"""--starttls against small servers of every protocol: those that consent, those that refuse, those that cheat."""

import json
import socket
import unittest

from cli_support import CA, Preface, run, server_context, serving
from gossl.cli import starttls

# What a server says and must hear, in turn: bytes are sent, tuples are what must come.
Script = list["bytes | tuple[bytes]"]

_LDAP_OK = bytes.fromhex("300c02010178070a010004000400")
_XMPP_FEATURES = (
    b"<?xml version='1.0'?><stream:stream from='localhost' id='x' version='1.0' xmlns='jabber:client' "
    b"xmlns:stream='http://etherx.jabber.org/streams'><stream:features>"
    b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>"
)
_MYSQL = b"\x0a8.0.1\x00" + bytes(4) + b"challeng" + b"\x00" + b"\xff\xff" + bytes(40)
_MYSQL_REQUEST = b"\x20\x00\x00\x01\x00\x8a\x00\x00\x00\x00\x00\x01\x2d" + bytes(23)


def packet(body: bytes) -> bytes:
    return len(body).to_bytes(3, "little") + b"\0" + body


GOOD: dict[str, Script] = {
    "smtp": [
        b"220-mail\r\n220 ready\r\n", (b"EHLO localhost\r\n",), b"250-mail\r\n250-SIZE 1\r\n250 StartTLS\r\n",
        (b"STARTTLS\r\n",), b"220 go ahead\r\n",
    ],
    "lmtp": [
        b"220 ready\r\n", (b"LHLO localhost\r\n",), b"250-a\r\n250-STARTTLS\r\n250 b\r\n", (b"STARTTLS\r\n",),
        b"220 go\r\n",
    ],
    "imap": [b"* OK [CAPABILITY STARTTLS] hello\r\n", (b"a1 STARTTLS\r\n",), b"* X\r\na1 OK begin\r\n"],
    "pop3": [b"+OK hello\r\n", (b"STLS\r\n",), b"+OK begin\r\n"],
    "nntp": [b"200 hello\r\n", (b"STARTTLS\r\n",), b"382 begin\r\n"],
    "ftp": [b"220-hello\r\n all\r\n220 ready\r\n", (b"AUTH TLS\r\n",), b"234 begin\r\n"],
    "sieve": [b'"STARTTLS"\r\nOK "hello"\r\n', (b"STARTTLS\r\n",), b'OK "begin"\r\n'],
    "postgres": [(b"\x00\x00\x00\x08\x04\xd2\x16\x2f",), b"S"],
    "mysql": [packet(_MYSQL), (_MYSQL_REQUEST,)],
    "ldap": [(b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037",), _LDAP_OK],
    "xmpp": [
        (b"<?xml version='1.0'?><stream:stream to=\"localhost\" version='1.0' xmlns='jabber:client' "
         b"xmlns:stream='http://etherx.jabber.org/streams'>",),
        _XMPP_FEATURES, (b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",),
        b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
    ],
    "xmpp-server": [
        (b"<?xml version='1.0'?><stream:stream to=\"localhost\" version='1.0' xmlns='jabber:server' "
         b"xmlns:stream='http://etherx.jabber.org/streams'>",),
        _XMPP_FEATURES, (b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",),
        b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'></proceed>",
    ],
}  # fmt: skip

REFUSALS: list[tuple[str, Script, str]] = [
    ("smtp", [b"554 no\r\n"], "refused: '554 no'"),
    ("smtp", [b"220 a\r\n", (b"EHLO localhost\r\n",), b"250 a\r\n"], "does not offer STARTTLS"),
    ("imap", [b"* BYE\r\n"], "refused: '* BYE'"),
    ("imap", [b"* OK\r\n", (b"a1 STARTTLS\r\n",), b"a1 BAD what?\r\n"], "refused: 'a1 BAD what?'"),
    ("pop3", [b"+OK\r\n", (b"STLS\r\n",), b"-ERR\r\n"], "refused"),
    ("nntp", [b"200 a\r\n", (b"STARTTLS\r\n",), b"580 no\r\n"], "refused"),
    ("ftp", [b"220 a\r\n", (b"AUTH TLS\r\n",), b"502 no\x1b[2J\r\n"], r"refused: '502 no\x1b[2J'"),
    ("sieve", [b"NO\r\n"], "refused"),
    ("postgres", [GOOD["postgres"][0], b"N"], "has no TLS"),
    ("postgres", [GOOD["postgres"][0], b"E"], "answered: 'E'"),
    ("mysql", [packet(_MYSQL.replace(b"\xff\xff", b"\x00\x00"))], "does not offer TLS"),
    ("mysql", [packet(b"\xff\x10\x04Too many connections")], "sent no handshake"),
    ("mysql", [packet(b"\x0a8")], "sent no handshake"),
    ("ldap", [GOOD["ldap"][0], b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x34\x04\x00\x04\x00"], "refused"),
    ("ldap", [GOOD["ldap"][0], b"HTTP/1.1 400\r\n"], "did not answer with an LDAPMessage"),
    ("ldap", [GOOD["ldap"][0], b"\x30\x84\x7f\xff\xff\xff"], "too long"),
    ("xmpp", [GOOD["xmpp"][0], b"<stream:stream><stream:features></stream:features>"], "does not offer STARTTLS"),
    ("xmpp", [*GOOD["xmpp"][:3], b"<failure/>"], "refused"),
    # Without end.
    ("smtp", [b"x" * 20000], "a line without end"),
    ("smtp", [b"220-a\r\n" * 1000], "a reply without end"),
    ("imap", [b"* X\r\n" * 1000], "an answer without end"),
    ("xmpp", [GOOD["xmpp"][0], b"<x>" * 30000], "sent no end"),
    # What is behind the consent could be anybody's.
    *[
        (protocol, [*GOOD[protocol][:-1], last + b"EVIL\r\n"], "sent data in plain text behind its consent")
        for protocol in GOOD
        if isinstance(last := GOOD[protocol][-1], bytes)
    ],
]


def playing(script: Script) -> Preface:
    def play(sock: socket.socket) -> None:
        for step in script:
            if isinstance(step, bytes):
                sock.sendall(step)
                continue
            heard = b""
            while len(heard) < len(step[0]):
                data = sock.recv(len(step[0]) - len(heard))
                if not data:
                    return
                heard += data
            if heard != step[0]:
                raise ConnectionAbortedError(f"heard {heard!r}")

    return play


class TestStartTLS(unittest.TestCase):
    def test_every_protocol(self) -> None:
        self.assertEqual(set(GOOD), set(starttls.PORTS))
        for protocol, script in GOOD.items():
            with self.subTest(protocol), serving(server_context(), playing(script)) as port:
                ran = run("connect", "--json", "--starttls", protocol, f"localhost:{port}", "--cafile", CA)
                self.assertEqual((ran.code, ran.err), (0, ""))
                report = json.loads(ran.out)
                self.assertEqual((report["starttls"], report["verified"]), (protocol, True))
                self.assertEqual(list(report["times_ms"]), ["resolve", "connect", "starttls", "handshake"])

    def test_refusals(self) -> None:
        for protocol, script, words in REFUSALS:
            with self.subTest(protocol, words=words), serving(None, playing(script)) as port:
                ran = run("connect", "--starttls", protocol, f"localhost:{port}", "--timeout", "20")
                self.assertEqual((ran.code, ran.out), (1, ""))
                self.assertIn(f"gossl connect: the {protocol} server ", ran.err)
                self.assertIn(words, ran.err)
                self.assertTrue(ran.err.isascii() and "\x1b" not in ran.err)

    def test_servers_that_end_or_are_silent(self) -> None:
        for protocol, script in GOOD.items():
            for count in range(len(script)):
                half = [*script[:count], *([s[: len(s) // 2]] if isinstance(s := script[count], bytes) else [])]

                def play(sock: socket.socket, half: Script = half) -> None:
                    playing(half)(sock)
                    sock.shutdown(socket.SHUT_RDWR)

                with self.subTest(protocol, count=count), serving(None, play) as port:
                    ran = run("connect", "--starttls", protocol, f"localhost:{port}", "--timeout", "20")
                    self.assertIn(ran.code, (1, 4))
        with serving(None) as port:
            ran = run("connect", "--starttls", "smtp", f"localhost:{port}", "--timeout", "0.2")
        self.assertEqual((ran.code, ran.err), (1, "gossl connect: the smtp server failed: timed out\n"))


if __name__ == "__main__":
    unittest.main()
