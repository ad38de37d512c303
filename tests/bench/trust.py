"""Trust: loading the system's bundle, and clients that verify chains of three certificates."""

from __future__ import annotations

import statistics
import subprocess
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from certs import DAYS, Authority, make_key

from bench.figures import FOLDER, Case, Row, rate

ROUNDS = 150
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


def load(ssl: Any) -> tuple[float]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    file = ssl.get_default_verify_paths().cafile or BUNDLE
    return (1e3 / rate(lambda: context.load_verify_locations(file)),)


def chain(directory: Path, kind: str) -> tuple[Path, Path, Path]:
    """An anchor, and a leaf below an intermediate: the file of the anchor, of the chain that is sent, of its key."""
    root = Authority(directory / "root", "root", kind)
    middle = Authority(directory / "middle", "middle", kind)
    request, signed = directory / "middle.csr", directory / "middle.pem"
    extensions = directory / "middle.ext"
    extensions.write_text("basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n")
    make_key(middle.key, kind)
    for command in (
        ["req", "-new", "-key", str(middle.key), "-out", str(request), "-subj", "/CN=middle"],
        ["x509", "-req", "-in", str(request), "-CA", str(root.cert), "-CAkey", str(root.key), "-CAcreateserial",
         "-out", str(signed), "-days", DAYS, "-extfile", str(extensions)],
    ):  # fmt: skip
        subprocess.run(["openssl", *command], check=True, capture_output=True)
    middle.cert = signed
    leaf = middle.issue("localhost", kind)
    sent = directory / "sent.pem"
    sent.write_text(leaf.cert.read_text() + signed.read_text())
    return root.cert, sent, leaf.key


def verify(ssl: Any, kind: str) -> tuple[float]:
    """The client's part of a handshake with a chain of three certificates, in microseconds.

    That is more than verification; but OpenSSL verifies also where it is told not to, so that nothing can be taken off.
    """
    directory = FOLDER / f"three-{kind}"
    directory.mkdir(exist_ok=True)
    anchor, sent, key = chain(directory, kind)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(sent, key)
    client = ssl.create_default_context(cafile=str(anchor))
    return (statistics.median(client_time(ssl, client, server) for _ in range(ROUNDS)) * 1e6,)


def client_time(ssl: Any, client: Any, server: Any) -> float:
    """Seconds in which the client is at work in a handshake."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    c = client.wrap_bio(back, there, server_hostname="localhost")
    s = server.wrap_bio(there, back, server_side=True)
    total = 0.0
    for _ in range(4):
        start = time.perf_counter()
        try:
            c.do_handshake()
            return total + time.perf_counter() - start
        except ssl.SSLWantReadError:
            total += time.perf_counter() - start
        with suppress(ssl.SSLWantReadError):
            s.do_handshake()
    raise AssertionError("the handshake does not end")


CASES = (
    Case(load, (Row("load_verify_locations, system's bundle", "ms", 20.0, less=True),)),
    Case(partial(verify, kind="ecdsa"), (Row("client with three certificates, ECDSA", "us", 1.0, less=True),)),
    Case(partial(verify, kind="rsa"), (Row("client with three certificates, RSA", "us", 1.0, less=True),)),
)
