"""Throw-away certificates for tests, demo and benchmarks, by the openssl command."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

DAYS = "30"


class Leaf(NamedTuple):
    """A certificate and its key, as PEM files."""

    cert: Path
    key: Path


KEYS = {
    "rsa": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "ecdsa": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "ed25519": ["-algorithm", "ED25519"],
    "ed448": ["-algorithm", "ED448"],
    "p384": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "p521": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
    "rsa-pss": ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"],
}


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def make_key(path: Path, kind: str) -> None:
    _openssl("genpkey", *KEYS[kind], "-out", str(path))


class Authority:
    """A certificate authority in a directory of its own."""

    def __init__(self, directory: Path, name: str = "gossl test authority", kind: str = "ecdsa") -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.cert, self.key = directory / "ca.pem", directory / "ca.key"
        make_key(self.key, kind)
        _openssl(
            "req", "-x509", "-new", "-key", str(self.key), "-out", str(self.cert), "-days", DAYS,
            "-subj", f"/CN={name}",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        )  # fmt: skip

    def issue(self, name: str, kind: str, names: str = "DNS:localhost,IP:127.0.0.1") -> Leaf:
        """A leaf; names are its subject alternative names."""
        leaf = Leaf(self.directory / f"{name}.pem", self.directory / f"{name}.key")
        make_key(leaf.key, kind)
        request, extensions = self.directory / f"{name}.csr", self.directory / f"{name}.ext"
        _openssl("req", "-new", "-key", str(leaf.key), "-out", str(request), "-subj", f"/CN={name}")
        extensions.write_text(
            f"subjectAltName={names}\nbasicConstraints=CA:FALSE\nkeyUsage=digitalSignature,keyEncipherment\n"
            "extendedKeyUsage=serverAuth,clientAuth\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
        )
        _openssl(
            "x509", "-req", "-in", str(request), "-CA", str(self.cert), "-CAkey", str(self.key), "-CAcreateserial",
            "-out", str(leaf.cert), "-days", DAYS, "-extfile", str(extensions),
        )  # fmt: skip
        return leaf
