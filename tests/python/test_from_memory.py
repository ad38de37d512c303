"""load_cert_chain from memory: bytes, file objects, pairs, DER and PKCS #12."""

from __future__ import annotations

import io
import subprocess
import unittest
from pathlib import Path
from typing import Any

from gossl import ssl
from support import AUTHORITY, CLIENT, DIRECTORY, LEAF, connected


def openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def der(source: Path, kind: str) -> bytes:
    target = DIRECTORY / f"{source.name}.{kind}.der"
    openssl(kind, "-in", str(source), "-outform", "DER", "-out", str(target))
    return target.read_bytes()


def pkcs12(password: str, *more: str) -> bytes:
    target = DIRECTORY / "leaf.p12"
    openssl("pkcs12", "-export", "-in", str(LEAF.cert), "-inkey", str(LEAF.key), "-certfile", str(AUTHORITY.cert),
            "-out", str(target), "-passout", f"pass:{password}", *more)  # fmt: skip
    return target.read_bytes()


SECRET = "secret"
FOLDER = Path(__file__).resolve().parents[2] / "testdata" / "certs"
CERT, KEY = LEAF.cert.read_bytes(), LEAF.key.read_bytes()


class FromMemory(unittest.TestCase):
    def serves(self, certfile: Any, keyfile: Any = None, password: Any = None) -> None:
        """The context that is made so serves a client that verifies."""
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(certfile, keyfile, password)
        connected(ssl.create_default_context(cafile=str(AUTHORITY.cert)), server).pass_data()

    def test_paths_stay_paths(self) -> None:
        self.serves(str(LEAF.cert), str(LEAF.key))
        self.serves(LEAF.cert, LEAF.key)
        self.serves(str(LEAF.cert).encode(), str(LEAF.key).encode())
        for missing in ("nowhere.pem", b"nowhere.pem"):
            with self.assertRaises(FileNotFoundError):
                self.serves(missing)

    def test_text_is_a_path_even_if_it_is_pem(self) -> None:
        with self.assertRaises(OSError):
            self.serves(CERT.decode(), KEY.decode())

    def test_pem(self) -> None:
        self.serves(CERT, KEY)
        self.serves(CERT + KEY)
        self.serves(bytearray(CERT), memoryview(KEY))
        self.serves((CERT, KEY))
        self.serves((LEAF.cert, KEY))

    def test_file_objects(self) -> None:
        self.serves(io.BytesIO(CERT), io.BytesIO(KEY))
        self.serves(io.StringIO(CERT.decode() + KEY.decode()))
        with open(LEAF.cert, "rb") as cert, open(LEAF.key) as key:
            self.serves(cert, key)

    def test_der(self) -> None:
        self.serves(der(LEAF.cert, "x509"), der(LEAF.key, "pkey"))
        self.serves((der(LEAF.cert, "x509"), KEY))

    def test_pkcs12(self) -> None:
        self.serves(pkcs12("secret"), password=SECRET)
        self.serves(io.BytesIO(pkcs12("secret")), password=lambda: b"secret")
        self.serves(pkcs12(""))
        self.serves(pkcs12("secret"), password=bytearray(b"secret"))

    def test_pkcs12_of_every_kind_that_openssl_writes(self) -> None:
        for cipher in ("NONE", "AES-128-CBC", "AES-192-CBC", "AES-256-CBC", "PBE-SHA1-3DES", "PBE-SHA1-2DES"):
            for mac in (["-macalg", "sha1"], ["-macalg", "sha384"], ["-macalg", "sha512"], ["-nomac"]):
                with self.subTest(cipher=cipher, mac=mac):
                    data = pkcs12("secret", "-certpbe", cipher, "-keypbe", cipher, *mac)
                    self.serves(data, password=SECRET)
                    if cipher != "NONE" or mac != ["-nomac"]:
                        with self.assertRaises(ssl.SSLError):
                            self.serves(data, None, "wrong")

    def test_the_leaf_of_a_pkcs12_is_the_keys_wherever_it_stands(self) -> None:
        for name in ("nss", "java", "rc2-40", "mac-sha384"):
            with self.subTest(name):
                server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                password = "secret1" if name == "java" else "secret"
                server.load_cert_chain((FOLDER / f"p12-{name}.p12").read_bytes(), password=password)

    def test_a_pkcs12_that_wants_too_many_iterations(self) -> None:
        count = b"\x02\x03\x01\x11\x70"
        with_mac, without = pkcs12("secret", "-iter", "70000"), pkcs12("secret", "-iter", "70000", "-nomac")
        for data, at in ((with_mac, with_mac.rindex(count)), (without, without.index(count))):
            self.refuses("decode error", data[:at] + b"\x02\x03\x7f\xff\xff" + data[at + 5 :], None, "secret")

    def test_encrypted_der(self) -> None:
        target = DIRECTORY / "encrypted.der"
        openssl(
            "pkcs8", "-topk8", "-in", str(LEAF.key), "-outform", "DER", "-out", str(target), "-passout", "pass:secret"
        )
        key = target.read_bytes()
        for password in ("secret", b"secret", bytearray(b"secret"), lambda: "secret", lambda: bytearray(b"secret")):
            self.serves(CERT, key, password)
        self.refuses("PEM lib", CERT, key, "wrong")
        self.refuses("PEM lib", CERT, key, "")

    def test_pkcs12_in_a_file(self) -> None:
        path = DIRECTORY / "file.p12"
        path.write_bytes(pkcs12("secret"))
        self.serves(path, password=SECRET)

    def refuses(self, reason: str, certfile: Any, keyfile: Any = None, password: Any = None) -> None:
        """What is refused leaves nothing in the context: its handshakes fail for want of a certificate."""
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with self.assertRaises(ssl.SSLError) as caught:
            server.load_cert_chain(certfile, keyfile, password)
        self.assertIn(reason, str(caught.exception))
        with self.assertRaises(ssl.SSLError):
            connected(ssl.create_default_context(cafile=str(AUTHORITY.cert)), server)

    def test_refusals(self) -> None:
        self.refuses("KEY_VALUES_MISMATCH", CERT, AUTHORITY.key.read_bytes())
        self.refuses("NO_CERTIFICATE_ASSIGNED", CERT, CLIENT.key.read_bytes())
        self.refuses("PEM lib", CERT)
        self.refuses("mac verify failure", pkcs12("secret"), None, "wrong")
        good = pkcs12("secret")
        for cut in range(100, len(good), 97):
            self.refuses("", good[:cut] if cut < 130 else good[:-cut] + b"x" * cut, None, "secret")

    def test_types(self) -> None:
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        for wrong in (1, (CERT,), (CERT, KEY, None)):
            with self.assertRaises(TypeError):
                server.load_cert_chain(wrong)
        with self.assertRaises(TypeError):
            server.load_cert_chain((CERT, KEY), KEY)

        class Odd:
            def read(self) -> int:
                return 1

        with self.assertRaises(TypeError):
            server.load_cert_chain(Odd())


if __name__ == "__main__":
    unittest.main()
