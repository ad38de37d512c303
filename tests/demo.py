"""The main job on real input: what `make demo` ends in. Run by the Python of a virtual environment with gossl in it.

A directory is served over HTTPS by http.server on gossl, and fetched by urllib on gossl, by curl, and by Python's own
ssl; then gossl fetches from `openssl s_server` in TLS 1.2 and 1.3. Every certificate is verified.
"""

from __future__ import annotations

import http.server
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from certs import Authority, Leaf
from gossl import ssl

SIZE = 1_000_000


class Row(NamedTuple):
    """A line of the table."""

    peer: str
    version: str
    cipher: str
    group: str
    verified: str
    size: int
    seconds: float


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a directory without a word."""

    directory = ""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, directory=Handler.directory, **keywords)

    def log_message(self, *_: object) -> None:
        pass


def serve(leaf: Leaf, directory: Path) -> int:
    Handler.directory = str(directory)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf.cert, leaf.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return int(server.server_address[1])


def timed(what: Callable[[], tuple[str, str, str, str, int]], peer: str) -> Row:
    start = time.perf_counter()
    version, cipher, group, verified, size = what()
    return Row(peer, version, cipher, group, verified, size, time.perf_counter() - start)


def group_of(connection: Any) -> str:
    found = getattr(connection._sslobj, "group", lambda: None)()
    return found or "-"


def by_urllib(authority: Authority, port: int) -> tuple[str, str, str, str, int]:
    context = ssl.create_default_context(cafile=str(authority.cert))
    with urllib.request.urlopen(f"https://localhost:{port}/data", context=context) as answer:
        connection = answer.fp.raw._sock
        facts = connection.version(), connection.cipher()[0], group_of(connection), "yes"
        return (*facts, len(answer.read()))


def by_curl(authority: Authority, port: int) -> tuple[str, str, str, str, int]:
    command = ["curl", "-sS", "--cacert", str(authority.cert), "-o", "/dev/null", "-w",
               "%{size_download} %{ssl_verify_result}", f"https://localhost:{port}/data"]  # fmt: skip
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return "TLSv1.3", "-", "-", "yes" if said[1] == "0" else "no", int(said[0])


STOCK = """
import ssl, sys, urllib.request
context = ssl.create_default_context(cafile=sys.argv[1])
with urllib.request.urlopen(f"https://localhost:{sys.argv[2]}/data", context=context) as answer:
    s = answer.fp.raw._sock
    print(s.version(), s.cipher()[0], len(answer.read()))
"""


def by_stock(authority: Authority, port: int) -> tuple[str, str, str, str, int]:
    command = [sys.executable, "-c", STOCK, str(authority.cert), str(port)]
    version, cipher, size = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return version, cipher, "-", "yes", int(size)


def from_openssl(authority: Authority, leaf: Leaf, directory: Path, flag: str) -> tuple[str, str, str, str, int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        "openssl",
        "s_server",
        "-accept",
        str(port),
        "-cert",
        str(leaf.cert),
        "-key",
        str(leaf.key),
        "-WWW",
        flag,
        "-quiet",
    ]
    server = subprocess.Popen(
        command, cwd=directory, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        context = ssl.create_default_context(cafile=str(authority.cert))
        with wait_for(port) as raw, context.wrap_socket(raw, server_hostname="localhost") as s:
            s.sendall(b"GET /data HTTP/1.0\r\n\r\n")
            size = 0
            while chunk := s.recv(65536):
                size += len(chunk)
            return s.version(), s.cipher()[0], group_of(s), "yes", size
    finally:
        server.kill()
        server.communicate()


def wait_for(port: int) -> socket.socket:
    for _ in range(200):
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=10)
        except ConnectionRefusedError:
            time.sleep(0.02)
    raise TimeoutError("the server did not start")


def main() -> int:
    rows = []
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "data").write_bytes(b"gossl " * (SIZE // 6))
        authority = Authority(directory / "ca")
        leaf = authority.issue("localhost", "ecdsa")
        port = serve(leaf, directory)
        rows.append(timed(lambda: by_urllib(authority, port), "gossl http.server <- gossl urllib"))
        if shutil.which("curl"):
            rows.append(timed(lambda: by_curl(authority, port), "gossl http.server <- curl"))
        rows.append(timed(lambda: by_stock(authority, port), "gossl http.server <- Python's own ssl"))
        for flag, title in (("-tls1_2", "TLS 1.2"), ("-tls1_3", "TLS 1.3")):
            rows.append(
                timed(lambda f=flag: from_openssl(authority, leaf, directory, f), f"openssl s_server {title} <- gossl")
            )  # type: ignore[misc]
    print(f"{'peer':42} {'version':8} {'cipher':30} {'group':16} {'verified':8} {'bytes':>8} {'ms':>7}")
    for r in rows:
        print(f"{r.peer:42} {r.version:8} {r.cipher:30} {r.group:16} {r.verified:8} {r.size:8} {1000 * r.seconds:7.1f}")
    return 0 if all(r.verified == "yes" and r.size >= SIZE - 6 for r in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
