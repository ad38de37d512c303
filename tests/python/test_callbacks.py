"""What a connection asks and tells the program: server names, pre-shared keys, messages, the key log."""

import os
import sys
import unittest
from typing import Any

from gossl import ssl
from support import CLIENT, DIRECTORY, Pair, connected, contexts


class TestServerName(unittest.TestCase):
    def test_it_chooses_the_context(self) -> None:
        client, server = contexts()
        other = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        other.load_cert_chain(CLIENT.cert, CLIENT.key)
        seen = []

        def choose(connection: Any, name: str, context: Any) -> None:
            seen.append((connection, name, context))
            if name == "client":
                connection.context = other

        server.sni_callback = choose
        pair = Pair(client, server, "client")
        pair.shake()
        self.assertEqual(seen, [(pair.server, "client", server)])
        self.assertIs(pair.server.context, other)
        self.assertIs(connected(client, server).server.context, server)

    def test_it_refuses_with_an_alert(self) -> None:
        client, server = contexts()
        for answer, reason in (
            (ssl.ALERT_DESCRIPTION_ACCESS_DENIED, "TLSV1_ALERT_ACCESS_DENIED"),
            (ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME, "TLSV1_UNRECOGNIZED_NAME"),
        ):
            server.sni_callback = lambda *_, answer=answer: answer
            self.assertEqual(self.refusal(client, server), ("CALLBACK_FAILED", reason))

    def test_an_exception_is_reported_and_ends_the_handshake(self) -> None:
        client, server = contexts()
        for answer, kind, reason in (
            (lambda *_: 1 // 0, ZeroDivisionError, "SSLV3_ALERT_HANDSHAKE_FAILURE"),
            (lambda *_: "text", TypeError, "TLSV1_ALERT_INTERNAL_ERROR"),
        ):
            server.sni_callback = answer
            with Unraisable() as caught:
                self.assertEqual(self.refusal(client, server), ("CALLBACK_FAILED", reason))
            self.assertEqual(caught.kinds, [kind])

    def refusal(self, client: Any, server: Any) -> tuple[str, str]:
        pair, reasons = Pair(client, server), []
        with self.assertRaises(ssl.SSLWantReadError):
            pair.client.do_handshake()
        for side in (pair.server, pair.client):
            with self.assertRaises(ssl.SSLError) as caught:
                side.do_handshake()
            reasons.append(caught.exception.reason)
        return reasons[0], reasons[1]


class Unraisable:
    """Collects what is reported as unraisable."""

    def __enter__(self) -> "Unraisable":
        self.kinds: list[type] = []
        self.before, sys.unraisablehook = sys.unraisablehook, lambda args: self.kinds.append(args.exc_type)
        return self

    def __exit__(self, *_: object) -> None:
        sys.unraisablehook = self.before


class TestSharedKeys(unittest.TestCase):
    def setUp(self) -> None:
        self.client, self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.client.check_hostname = False
        self.client.verify_mode = ssl.CERT_NONE
        for context in (self.client, self.server):
            context.set_ciphers("PSK")

    def test_both_versions_use_them(self) -> None:
        for version, hint in ((ssl.TLSVersion.TLSv1_2, "hint é"), (ssl.TLSVersion.TLSv1_3, None)):
            seen: list[Any] = []
            self.client.minimum_version = self.client.maximum_version = version
            self.client.set_psk_client_callback(lambda h, seen=seen: (seen.append(h), ("name é", b"key"))[1])
            self.server.set_psk_server_callback(lambda i, seen=seen: (seen.append(i), b"key")[1], "hint é")
            pair = connected(self.client, self.server)
            self.assertEqual(seen, [hint, "name é"])
            # OpenSSL calls every PSK of TLS 1.3 a session.
            reused = version == ssl.TLSVersion.TLSv1_3
            self.assertEqual((pair.client.session_reused, pair.server.session_reused), (reused, reused))

    def test_a_wrong_or_missing_key_ends_the_handshake(self) -> None:
        self.client.set_psk_client_callback(lambda hint: ("name", b"key"))
        for answer in (b"other", b""):
            self.server.set_psk_server_callback(lambda identity, answer=answer: answer)
            with self.assertRaises(ssl.SSLError):
                Pair(self.client, self.server).shake()

    def test_an_exception_is_reported(self) -> None:
        self.client.set_psk_client_callback(lambda hint: ("name", b"key"))
        self.server.set_psk_server_callback(lambda identity: 1 // 0)
        with Unraisable() as caught, self.assertRaises(ssl.SSLError):
            Pair(self.client, self.server).shake()
        self.assertEqual(caught.kinds, [ZeroDivisionError])


class TestReports(unittest.TestCase):
    def test_messages_are_told_in_order(self) -> None:
        client, server = contexts()
        client.maximum_version = ssl.TLSVersion.TLSv1_2
        seen: list[Any] = []
        client._msg_callback = lambda *event: seen.append(event)
        pair = connected(client, server)
        handshake = [(e[1], e[4].name) for e in seen if e[3] == ssl._TLSContentType.HANDSHAKE]
        self.assertEqual(handshake[:3], [("write", "CLIENT_HELLO"), ("read", "SERVER_HELLO"), ("read", "CERTIFICATE")])
        self.assertEqual({e[0] for e in seen}, {pair.client})
        self.assertTrue(all(isinstance(e[5], bytes) for e in seen))

    def test_an_exception_in_the_message_callback_is_raised(self) -> None:
        client, server = contexts()
        client._msg_callback = lambda *_: 1 // 0
        with self.assertRaises(ssl.SSLWantReadError) as caught:
            Pair(client, server).client.do_handshake()
        self.assertIsInstance(caught.exception.__context__, ZeroDivisionError)

    def test_the_key_log_has_all_secrets_and_one_header(self) -> None:
        path = str(DIRECTORY / "keys.log")
        for _ in range(2):
            client, server = contexts()
            client.keylog_filename = path
            self.assertEqual(client.keylog_filename, path)
            connected(client, server)
        with open(path) as f:
            labels = [line.split()[0] for line in f]
        self.assertEqual(labels.count("#"), 1)
        self.assertEqual(labels.count("EXPORTER_SECRET"), 2)
        self.assertEqual(len(labels), 11)
        size = os.path.getsize(path)
        client.keylog_filename = None
        connected(client, server)
        self.assertEqual(os.path.getsize(path), size)

    def test_a_password_callback_is_asked_only_for_an_encrypted_key(self) -> None:
        _, server = contexts()
        asked: list[int] = []
        server.load_cert_chain(CLIENT.cert, CLIENT.key, password=lambda: asked.append(1))
        self.assertEqual(asked, [])
        for bad in (True, 9):
            with self.assertRaisesRegex(TypeError, "password should be a string or callable"):
                server.load_cert_chain(CLIENT.cert, CLIENT.key, password=bad)
        with self.assertRaisesRegex(ValueError, "password cannot be longer than 1024 bytes"):
            server.load_cert_chain(CLIENT.cert, CLIENT.key, password=bytes(1025))


if __name__ == "__main__":
    unittest.main()
