"""Bad input gets a clear error and loses nothing; a setting that is not honoured raises."""

import random
import socket
import threading
import unittest

from gossl import ssl
from support import AUTHORITY, CLIENT, DIRECTORY, LEAF, Pair, connected, contexts


class TestSettings(unittest.TestCase):
    def test_a_server_that_requires_a_certificate_refuses_a_client_without(self) -> None:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            client, server = contexts()
            server.verify_mode = ssl.CERT_REQUIRED
            server.load_verify_locations(str(AUTHORITY.cert))
            client.minimum_version = client.maximum_version = version
            with self.assertRaisesRegex(ssl.SSLError, "PEER_DID_NOT_RETURN_A_CERTIFICATE"):
                Pair(client, server).shake()
            client.load_cert_chain(CLIENT.cert, CLIENT.key)
            self.assertEqual(connected(client, server).server.getpeercert()["subject"], ((("commonName", "client"),),))

    def test_a_server_without_anchors_refuses_everyone(self) -> None:
        client, server = contexts()
        server.verify_mode = ssl.CERT_REQUIRED
        client.load_cert_chain(CLIENT.cert, CLIENT.key)
        with self.assertRaises(ssl.SSLCertVerificationError):
            Pair(client, server).shake()

    def test_the_wrong_name_is_refused(self) -> None:
        client, server = contexts()
        with self.assertRaises(ssl.SSLCertVerificationError) as caught:
            Pair(client, server, "example.org").shake()
        self.assertEqual(caught.exception.verify_code, 62)

    def test_nonsense_raises(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        for call in (
            lambda: context.set_ciphers("no such cipher"),
            lambda: context.set_ciphers("SUITEB128"),
            lambda: context.set_ecdh_curve("no such curve"),
            lambda: context.set_groups("X25519:nonsense"),
            lambda: context.set_ciphersuites("TLS_NONSENSE"),
            lambda: context.set_client_sigalgs("nonsense"),
            lambda: context.set_server_sigalgs("nonsense"),
        ):
            with self.assertRaises((ssl.SSLError, ValueError)):
                call()

    def test_newer_names_work_on_every_version(self) -> None:
        client, server = contexts()
        client.set_groups("X448:P-256")
        client.set_ciphersuites("TLS_AES_128_CCM_SHA256")
        server.set_ciphersuites("TLS_AES_256_GCM_SHA384:TLS_AES_128_CCM_SHA256")
        pair = connected(client, server)
        self.assertEqual(pair.client.cipher()[0], "TLS_AES_128_CCM_SHA256")
        self.assertEqual(pair.client._sslobj.group(), "x448")

    def test_groups_are_those_that_the_versions_can_use(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        curves = ["secp256r1", "secp384r1", "secp521r1", "x25519", "x448"]
        finite = ["ffdhe2048", "ffdhe3072", "ffdhe4096", "ffdhe6144", "ffdhe8192"]
        hybrids = ["SecP256r1MLKEM768", "X25519MLKEM768", "SecP384r1MLKEM1024"]
        context.set_groups("x448")  # what is set does not matter
        self.assertEqual(context.get_groups(), curves + finite + hybrids)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        self.assertEqual(context.get_groups(), curves)
        named = ["secp256r1", "P-256", "secp384r1", "P-384", "secp521r1", "P-521", "x25519", "x448"]
        self.assertEqual(context.get_groups(include_aliases=True), named)

    def test_ciphersuites_that_are_not_known_are_passed_over_beside_others(self) -> None:
        client, server = contexts()
        client.set_ciphersuites("TLS_NONE:TLS_AES_128_GCM_SHA256")
        self.assertEqual(connected(client, server).client.cipher()[0], "TLS_AES_128_GCM_SHA256")
        for names in ("TLS_NONE", "TLS_NONE:ECDHE-RSA-AES128-GCM-SHA256", ":"):
            with self.assertRaisesRegex(ssl.SSLError, r"^No cipher suite can be selected\. \(_ssl\.c:\d+\)$"):
                client.set_ciphersuites(names)
        self.assertEqual(connected(client, server).client.cipher()[0], "TLS_AES_128_GCM_SHA256")


class TestFiles(unittest.TestCase):
    def write(self, data: bytes) -> str:
        path = DIRECTORY / "broken.pem"
        path.write_bytes(data)
        return str(path)

    def test_truncated_certificates_and_keys(self) -> None:
        cert, key = LEAF.cert.read_bytes(), LEAF.key.read_bytes()
        for n in range(len(cert) - 1):
            with self.assertRaises(ssl.SSLError):
                ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.write(cert[:n]), LEAF.key)
            with self.assertRaises(ssl.SSLError):
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(self.write(cert[:n]))
        for n in range(len(key) - 1):
            with self.assertRaises(ssl.SSLError):
                ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(LEAF.cert, self.write(key[:n]))

    def test_random_bytes(self) -> None:
        source = random.Random(1)
        for _ in range(50):
            path = self.write(source.randbytes(source.randrange(300)))
            with self.assertRaises((ssl.SSLError, UnicodeDecodeError)):
                ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path)

    def test_a_refused_certificate_changes_nothing(self) -> None:
        client, server = contexts()
        with self.assertRaises(ssl.SSLError):
            server.load_cert_chain(LEAF.cert, CLIENT.key)
        connected(client, server)


class TestWire(unittest.TestCase):
    def test_random_bytes_end_a_handshake(self) -> None:
        source = random.Random(2)
        for _ in range(300):
            client, server = CONTEXTS
            pair = Pair(client, server)
            pair.to_server.write(source.randbytes(source.randrange(5, 200)))
            pair.to_server.write_eof()
            with self.assertRaises(ssl.SSLError):
                pair.server.do_handshake()

    def test_a_changed_byte_never_gives_other_data(self) -> None:
        source = random.Random(3)
        for _ in range(200):
            client, server = CONTEXTS
            pair = Pair(client, server)
            with self.assertRaises(ssl.SSLError):
                pair.client.do_handshake()
            hello = bytearray(pair.to_server.read())
            hello[source.randrange(len(hello))] ^= 1 << source.randrange(8)
            pair.to_server.write(bytes(hello))
            with self.assertRaises(ssl.SSLError):
                pair.shake()
                pair.client.write(b"secret")
                self.assertEqual(pair.server.read(), b"secret")
                raise ssl.SSLError("a change without effect")

    def test_the_transport_ends_too_early(self) -> None:
        pair = connected(*CONTEXTS)
        pair.to_client.write_eof()
        with self.assertRaises(ssl.SSLEOFError):
            while True:
                pair.client.read()

    def test_closed_sockets(self) -> None:
        client, server = CONTEXTS
        a, b = socket.socketpair()
        with a, b:
            thread = threading.Thread(target=serve, args=(server, b))
            thread.start()
            with client.wrap_socket(a, server_hostname="localhost") as s:
                s.sendall(b"x")
                self.assertEqual(s.recv(1), b"x")
            thread.join()
            with self.assertRaises(OSError):
                s.recv(1)
            with self.assertRaises(OSError):
                s.send(b"x")


def serve(server, raw) -> None:
    with server.wrap_socket(raw, server_side=True) as s:
        s.sendall(s.recv(1))


CONTEXTS = contexts()


class TestData(unittest.TestCase):
    def test_megabytes_both_ways(self) -> None:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            client, server = contexts()
            client.minimum_version = client.maximum_version = version
            connected(client, server).pass_data()


if __name__ == "__main__":
    unittest.main()
