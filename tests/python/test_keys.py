"""Every kind of key, as an authority's and a server's, and every form of password."""

from __future__ import annotations

import subprocess
import unittest
from typing import Any

from gossl import ssl
from support import AUTHORITY, DIRECTORY, LEAF, Authority, connected

try:
    import _ssl as stock
except ImportError:
    stock = None  # type: ignore[assignment]
STOCK = stock is not None and not hasattr(stock, "__gossl__")
KINDS = ("rsa", "rsa-pss", "ecdsa", "p384", "p521", "ed25519", "ed448")


def openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class Kinds(unittest.TestCase):
    issued: dict[str, tuple[Authority, Any]]

    @classmethod
    def setUpClass(cls) -> None:
        authorities = {kind: Authority(DIRECTORY / kind, kind, kind) for kind in KINDS}
        cls.issued = {kind: (a, a.issue("leaf", kind)) for kind, a in authorities.items()}

    def test_each_serves_and_verifies(self) -> None:
        for kind, (authority, leaf) in self.issued.items():
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                with self.subTest(kind, version=version):
                    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                    server.load_cert_chain(leaf.cert, leaf.key)
                    client = ssl.create_default_context(cafile=str(authority.cert))
                    client.maximum_version = client.minimum_version = version
                    connected(client, server).pass_data()
                    stranger = ssl.create_default_context(cafile=str(AUTHORITY.cert))
                    with self.assertRaises(ssl.SSLCertVerificationError):
                        connected(stranger, server)

    def test_each_in_pkcs12_and_der(self) -> None:
        for kind, (authority, leaf) in self.issued.items():
            with self.subTest(kind):
                packed, der = DIRECTORY / "leaf.p12", DIRECTORY / "leaf.der"
                openssl("pkcs12", "-export", "-in", str(leaf.cert), "-inkey", str(leaf.key), "-out", str(packed),
                        "-passout", "pass:secret")  # fmt: skip
                openssl("pkey", "-in", str(leaf.key), "-outform", "DER", "-out", str(der))
                for arguments in ((packed.read_bytes(), None, "secret"), (leaf.cert, der.read_bytes())):
                    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                    server.load_cert_chain(*arguments)
                    connected(ssl.create_default_context(cafile=str(authority.cert)), server)


class Passwords(unittest.TestCase):
    FORMS = {
        "DEK-Info": ("ec", "-aes256"),
        "PBES1": ("pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES"),
        "PBES1 with two keys": ("pkcs8", "-topk8", "-v1", "PBE-SHA1-2DES"),
        "PBES2": ("pkcs8", "-topk8", "-v2", "aes-256-cbc"),
        "PBES2 with SHA-512": ("pkcs8", "-topk8", "-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA512"),
        "scrypt": ("pkcs8", "-topk8", "-scrypt"),
    }

    def given(self, word: str) -> list[Any]:
        raw = word.encode()
        values = [word, raw, bytearray(raw)]
        return [*values, *(lambda value=value: value for value in values)]

    def loads(self, *arguments: Any) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*arguments)
        connected(ssl.create_default_context(cafile=str(AUTHORITY.cert)), context)

    def test_of_every_type_for_every_form(self) -> None:
        for word in ("secret", "gehëim"):
            made: dict[str, tuple[Any, ...]] = {}
            for form, command in self.FORMS.items():
                path = DIRECTORY / f"{len(made)}-{len(word)}.key"
                openssl(*command, "-in", str(LEAF.key), "-out", str(path), "-passout", f"pass:{word}")
                made[form] = (LEAF.cert, path)
            path = DIRECTORY / f"{len(word)}.p12"
            openssl("pkcs12", "-export", "-in", str(LEAF.cert), "-inkey", str(LEAF.key), "-out", str(path),
                    "-passout", f"pass:{word}")  # fmt: skip
            made["PKCS #12"] = (path, None)
            for form, (cert, key) in made.items():
                for password in self.given(word):
                    with self.subTest(form, password=password):
                        self.loads(cert, key, password)
                        if STOCK and form != "PKCS #12":
                            stock._SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password)
                for password in (*self.given("wrong"), *self.given("")):
                    with self.subTest(form, password=password), self.assertRaises(ssl.SSLError):
                        self.loads(cert, key, password)
                for wrong, error in ((1, TypeError), (lambda: 1, TypeError), ("x" * 1025, ValueError)):
                    with self.subTest(form, wrong=wrong), self.assertRaises(error):
                        self.loads(cert, key, wrong)

    def test_an_exception_of_the_callable_is_the_callers(self) -> None:
        path = DIRECTORY / "callable.key"
        openssl(*self.FORMS["PBES2"], "-in", str(LEAF.key), "-out", str(path), "-passout", "pass:secret")

        def ask() -> str:
            raise LookupError("no password today")

        with self.assertRaisesRegex(LookupError, "today"):
            self.loads(LEAF.cert, path, ask)
        self.loads(LEAF.cert, LEAF.key, ask)


if __name__ == "__main__":
    unittest.main()
