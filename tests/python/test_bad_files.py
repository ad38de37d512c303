"""Malformed certificates, lists, keys and PEM: OpenSSL's errors, the file named, nothing half-loaded.

Where the interpreter's own ssl is OpenSSL 3.0, each is asked of both.
"""

from __future__ import annotations

import base64
import re
import sys
import unittest
from collections.abc import Callable
from typing import Any

from gossl import ssl
from support import AUTHORITY, CLIENT, DIRECTORY, LEAF, Authority, connected, contexts, make_key

try:
    import _ssl as stock

    STOCK = stock.OPENSSL_VERSION_INFO[:2] == (3, 0) and not hasattr(stock, "__gossl__")
except ImportError:
    STOCK = False

CERT, KEY = LEAF.cert.read_text(), LEAF.key.read_text()
OTHER_KEY = DIRECTORY / "other.key"
make_key(OTHER_KEY, "ecdsa")
ED25519 = Authority(DIRECTORY / "ed25519", kind="ed25519")


def der(text: str) -> bytes:
    return base64.b64decode("".join(text.strip().split("\n")[1:-1]))


def pem(kind: str, data: bytes | str) -> str:
    body = data if isinstance(data, str) else base64.encodebytes(data).decode().strip()
    return f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n"


CUT = pem("CERTIFICATE", der(CERT)[:100])
BAD_LIST = pem("X509 CRL", b"\x30\x03\x02\x01\x01")
CERTIFICATES = {
    "empty": "",
    "text": "hello\n",
    "without its end": CERT[:-10],
    "with the wrong end": CERT.replace("END CERTIFICATE", "END CERTIFICATES"),
    "not base64": pem("CERTIFICATE", "!!!!"),
    "an empty block": pem("CERTIFICATE", ""),
    "cut": CUT,
    "of another tag": pem("CERTIFICATE", b"\x31" + der(CERT)[1:]),
    "of another tag inside": pem("CERTIFICATE", der(CERT)[:4] + b"\x31" + der(CERT)[5:]),
    "a null": pem("CERTIFICATE", b"\x05\x00"),
    "a key": KEY,
    "good, then cut": CERT + CUT,
    "good, then without its end": CERT + CERT[:-10],
    "good, then not base64": CERT + pem("CERTIFICATE", "!!!!"),
    "a bad list": BAD_LIST,
    "zeros": "\0" * 100,
}
KEYS = {
    "empty": "",
    "text": "hello\n",
    "a certificate": CERT,
    "without its end": KEY[:-10],
    "not base64": pem("PRIVATE KEY", "!!!!"),
    "cut": pem("PRIVATE KEY", der(KEY)[:50]),
    "a null": pem("PRIVATE KEY", b"\x05\x00"),
    "a null for RSA": pem("RSA PRIVATE KEY", b"\x05\x00"),
    "a null for EC": pem("EC PRIVATE KEY", b"\x05\x00"),
    "encrypted nothing": pem("ENCRYPTED PRIVATE KEY", b"\x30\x03\x02\x01\x01"),
    "encrypted by an unknown cipher": pem(
        "EC PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nDEK-Info: FOO-CBC,00\n\nMTIzNDU2Nzg="
    ),
    "encrypted with half an IV": pem(
        "EC PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nMTIzNDU2Nzg="
    ),
    "another one": OTHER_KEY.read_text(),
    "two, the wrong one first": OTHER_KEY.read_text() + KEY,
    "of another kind": CLIENT.key.read_text(),
    "of another kind of curve": ED25519.key.read_text(),
}


def write(name: str, text: str) -> str:
    path = DIRECTORY / name
    path.write_text(text)
    return str(path)


def said(call: Callable[[], object]) -> tuple[Any, ...]:
    """What an exception shows to programs, but for the line in CPython's source."""
    try:
        call()
    except (OSError, ValueError) as e:
        words = re.sub(r"\(_ssl\.c:\d+\)", "", str(e))
        arguments = [re.sub(r"\(_ssl\.c:\d+\)", "", str(a)) for a in e.args]
        return type(e).__name__, words, arguments, getattr(e, "library", None), getattr(e, "reason", None)
    return ()


class BadFiles(unittest.TestCase):
    def refused(self, server: bool, load: Callable[[Any], object]) -> ssl.SSLError:
        """gossl's error; the interpreter's own ssl gives the same. The context is as it was before."""
        protocol = ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT
        ours = ssl.SSLContext(protocol)
        if STOCK:
            self.assertEqual(said(lambda: load(stock._SSLContext(protocol))), said(lambda: load(ours)))
        with self.assertRaises(ssl.SSLError) as caught:
            load(ours)
        self.assertEqual({"x509": 0, "crl": 0, "x509_ca": 0}, ours.cert_store_stats())
        return caught.exception

    def test_anchors(self) -> None:
        for name, text in CERTIFICATES.items():
            with self.subTest(name):
                path = write("bad.pem", text)
                error = self.refused(False, lambda c, path=path: c.load_verify_locations(path))
                self.assertEqual(path, error.filename)

    def test_anchors_from_memory(self) -> None:
        for name, text in CERTIFICATES.items():
            if text:
                with self.subTest(name):
                    self.refused(False, lambda c, text=text: c.load_verify_locations(cadata=text))
        good = der(CERT)
        for data in (good[:50], good + good[:50], good + b"xx", b"\x31" + good[1:], good[:4] + b"\x31" + good[5:]):
            self.refused(False, lambda c, data=data: c.load_verify_locations(cadata=data))

    def test_chains(self) -> None:
        more = {
            "with something behind it": pem("CERTIFICATE", der(CERT) + b"\0\0"),
            "in the wrong order": AUTHORITY.cert.read_text() + CERT,
        }
        for name, text in {**CERTIFICATES, **more}.items():
            with self.subTest(name):
                path = write("bad.pem", text)
                error = self.refused(True, lambda c, path=path: c.load_cert_chain(path, LEAF.key))
                wrong_key = error.reason in ("KEY_VALUES_MISMATCH", "NO_CERTIFICATE_ASSIGNED")
                self.assertEqual(str(LEAF.key) if wrong_key else path, error.filename)

    def test_keys(self) -> None:
        for name, text in KEYS.items():
            with self.subTest(name):
                path = write("bad.key", text)
                error = self.refused(True, lambda c, path=path: c.load_cert_chain(LEAF.cert, path, "secret"))
                self.assertEqual(path, error.filename)

    def test_truncations_of_all(self) -> None:
        for text in (CERT, KEY):
            for n in range(len(text) - 1):
                with self.assertRaises(ssl.SSLError, msg=n):
                    cut = text[:n].encode() + b"\n"
                    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                    server.load_cert_chain(
                        *((cut + b"-----BEGIN ", KEY.encode()) if text is CERT else (LEAF.cert, cut + b"-----BEGIN "))
                    )

    @unittest.skipIf(sys.version_info < (3, 11), "exceptions have no notes")
    def test_the_note_says_which_file_and_why(self) -> None:
        path = write("bad.pem", CUT)
        error = self.refused(False, lambda c: c.load_verify_locations(path))
        self.assertEqual([f"{path}: certificate is not DER"], error.__notes__)
        with self.assertRaises(FileNotFoundError) as caught:
            ssl.create_default_context(cafile="/nowhere.pem")
        self.assertEqual("[Errno 2] No such file or directory", str(caught.exception))
        self.assertTrue(caught.exception.__notes__[0].startswith("/nowhere.pem: "))
        with self.assertRaises(ssl.SSLError) as from_memory:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(CERT.encode(), OTHER_KEY.read_bytes())
        self.assertIsNone(from_memory.exception.filename)
        self.assertEqual(["private key: is not the certificate's"], from_memory.exception.__notes__)

    def test_a_refused_chain_leaves_the_old_one(self) -> None:
        client, server = contexts()
        for name, text in KEYS.items():
            with self.subTest(name), self.assertRaises(ssl.SSLError):
                server.load_cert_chain(LEAF.cert, write("bad.key", text), "secret")
        connected(client, server).pass_data()

    def test_of_several_anchors_none_stay_if_one_is_refused(self) -> None:
        for name, text in CERTIFICATES.items():
            bad = write("bad.pem", text)
            with self.subTest(name):
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                for given in ({"cafile": bad, "cadata": CERT}, {"cafile": LEAF.cert, "cadata": text or "-"}):
                    with self.assertRaises(ssl.SSLError):
                        context.load_verify_locations(**given)
                    self.assertEqual({"x509": 0, "crl": 0, "x509_ca": 0}, context.cert_store_stats())
        for file in (DIRECTORY / "missing.pem", write("bad.pem", "")):  # as the interpreter's own says
            with self.assertRaisesRegex(ssl.SSLError, "no start line: cadata does not contain a certificate"):
                context.load_verify_locations(cafile=file, cadata="-")
        with self.assertRaises(FileNotFoundError):
            context.load_verify_locations(cafile=DIRECTORY / "missing.pem", cadata=CERT)
        self.assertEqual(0, context.cert_store_stats()["x509"])
        context.load_verify_locations(cafile=AUTHORITY.cert, cadata=CERT)
        self.assertEqual(2, context.cert_store_stats()["x509"])

    def test_refused_anchors_leave_the_old_ones(self) -> None:
        client, server = contexts()
        before = client.cert_store_stats()
        for name, text in CERTIFICATES.items():
            with self.subTest(name), self.assertRaises(ssl.SSLError):
                client.load_verify_locations(write("bad.pem", text))
        self.assertEqual(before, client.cert_store_stats())
        connected(client, server).pass_data()


if __name__ == "__main__":
    unittest.main()
