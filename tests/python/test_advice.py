"""SSLCertVerificationError says which certificate, which rule and the way out, behind OpenSSL's words."""

import pickle
import sys
import time
import unittest
from typing import Any

from gossl import _advice, _lib, ssl
from support import AUTHORITY, CLIENT, Pair, contexts


def refused(client: Any, server: Any, name: str = "localhost") -> ssl.SSLCertVerificationError:
    try:
        Pair(client, server, name).shake()
    except ssl.SSLCertVerificationError as e:
        return e
    raise AssertionError("the certificate was not refused")


def advice(error: ssl.SSLCertVerificationError) -> list[str]:
    """The three lines, from where this version has them."""
    if sys.version_info >= (3, 11):
        return error.__notes__
    return str(error).splitlines()[1:]


def self_signed(names: str, start: int, end: int) -> bytes:
    made = _lib.make_certificate(names, start, end)
    assert isinstance(made, bytes)
    return made


class TestAdvice(unittest.TestCase):
    def server(self, pem: bytes) -> Any:
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(pem)
        return server

    def check(self, error: ssl.SSLCertVerificationError, words: str, code: int, *parts: str) -> None:
        """OpenSSL's words come first and are unchanged; behind them are three lines with these parts."""
        text = f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {words} (_ssl.c:1020)"
        self.assertEqual(str(error).splitlines()[0], text)
        if sys.version_info >= (3, 11):
            self.assertEqual(str(error), text)
        self.assertEqual((error.verify_code, error.verify_message), (code, words))
        self.assertEqual((error.library, error.reason, error.errno), ("SSL", "CERTIFICATE_VERIFY_FAILED", 1))
        self.assertEqual(error.args, (1, str(error)))
        self.assertEqual(str(pickle.loads(pickle.dumps(error))), str(error))
        lines = advice(error)
        self.assertEqual([line.partition(":")[0] for line in lines], ["certificate", "rule", "way out"])
        for part in parts:
            self.assertIn(part, "\n".join(lines))

    def test_unknown_issuer(self) -> None:
        _, server = contexts()
        error = refused(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), server)
        self.check(
            error, "unable to get local issuer certificate", 20,
            "'CN=localhost' (the server's own), issued by 'CN=gossl test authority'", "RFC 5280 section 6.1.1 (d)",
            "load_verify_locations", "no trust anchors were loaded",
        )  # fmt: skip

    def test_another_name(self) -> None:
        error = refused(*contexts(), "wrong.test")
        words = "Hostname mismatch, certificate is not valid for 'wrong.test'."
        self.check(error, words, 62, "RFC 9525 section 6.3", "it is valid for localhost, 127.0.0.1", "for wrong.test")

    def test_another_address(self) -> None:
        error = refused(*contexts(), "10.0.0.1")
        words = "IP address mismatch, certificate is not valid for '10.0.0.1'."
        self.check(error, words, 64, "RFC 9525 section 6.4", "it is valid for localhost, 127.0.0.1")

    def test_self_signed(self) -> None:
        now = int(time.time())
        client, _ = contexts()
        error = refused(client, self.server(self_signed("localhost", now - 60, now + 3600)))
        self.check(error, "self-signed certificate", 18, "issued by itself", "trust it: SSLContext")
        self.assertNotIn("no trust anchors", "".join(advice(error)))

    def test_expired_and_not_yet_valid(self) -> None:
        now = int(time.time())
        for start, end, words, code, part in (
            (0, 86400, "certificate has expired", 10, "valid 1970-01-01 to 1970-01-02"),
            (now + 864000, now + 1728000, "certificate is not yet valid", 9, "wait, or set this machine's clock"),
        ):
            pem = self_signed("localhost", start, end)
            client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            client.load_verify_locations(cadata=pem[: pem.index(b"-----BEGIN PRIVATE")].decode())
            self.check(refused(client, self.server(pem)), words, code, "RFC 5280 section 6.1.3 (a) (2)", part)

    def test_a_server_speaks_of_the_client(self) -> None:
        client, server = contexts()
        client.load_cert_chain(CLIENT.cert, CLIENT.key)
        server.verify_mode = ssl.CERT_REQUIRED
        server.load_verify_locations(cadata=ssl.DER_cert_to_PEM_cert(ssl.PEM_cert_to_DER_cert(pem_of_another())))
        self.check(
            refused(client, server), "self-signed certificate in certificate chain", 19,
            "'CN=gossl test authority' (number 1 above the client's own), issued by itself", "load_verify_locations",
        )  # fmt: skip

    def test_every_code_has_words(self) -> None:
        chain = [ssl.PEM_cert_to_DER_cert(AUTHORITY.cert.read_text())]
        for code in [*_advice._RULES, 1, 4711]:
            for depth in (0, 1, -5):
                refusal = _advice.Refusal(code, depth, chain, None, False, 1)
                found = _advice.advise(refusal)
                self.assertEqual(bool(found.certificate), depth == 0)
                self.assertNotRegex(" ".join(found), r"[{}]")
                self.assertGreater(len(found.rule), 20)
                self.assertGreater(len(found.way_out), 20)

    def test_a_peers_words_cannot_write_to_a_terminal(self) -> None:
        self.assertEqual(_advice.printable("a\x1b[31m\r\nb\u202e"), "a\\x1b[31m\\x0d\\x0ab\\x202e")
        self.assertEqual(len(_advice.printable("x" * 100000)), 201)


def pem_of_another() -> str:
    pem = self_signed("other", 0, 1 << 32).decode()
    return pem[: pem.index("-----BEGIN PRIVATE")]


if __name__ == "__main__":
    unittest.main()
