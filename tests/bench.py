"""gossl beside the interpreter's own ssl, in turn in one run: medians and ratios.

Above 1, gossl is faster or smaller.

    python tests/bench.py [--rounds 5] [--seconds 0.5]

Each figure is measured in a process of its own, A B A B, so that neither warms the other's caches.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from certs import Authority
from interpreters import package_path

SECONDS = float(os.environ.get("BENCH_SECONDS", "0.5"))
FOLDER = Path(os.environ.get("BENCH_FOLDER", "."))


def rate(what: Callable[[], Any]) -> float:
    """How often a second what can be done."""
    what()
    count, start = 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < SECONDS:
        what()
        count += 1
    return count / spent


class Bench:
    """The figures, on one ssl module."""

    def __init__(self, ssl: Any) -> None:
        self.ssl = ssl

    def contexts(self, key: str = "ecdsa", version: str = "1.3") -> tuple[Any, Any]:
        ssl = self.ssl
        client, server = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        client.load_verify_locations(FOLDER / "ca" / "ca.pem")
        server.load_cert_chain(FOLDER / "ca" / f"{key}.pem", FOLDER / "ca" / f"{key}.key")
        client.minimum_version = client.maximum_version = getattr(ssl.TLSVersion, "TLSv" + version.replace(".", "_"))
        if hasattr(client, "set_groups"):
            client.set_groups("X25519:P-256")
            server.set_groups("X25519:P-256")
        return client, server

    def pair(self, client: Any, server: Any, session: Any = None) -> tuple[Any, Any]:
        ssl = self.ssl
        there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
        c = client.wrap_bio(back, there, server_hostname="localhost", session=session)
        s = server.wrap_bio(there, back, server_side=True)
        for _ in range(3):
            for side in (c, s):
                with contextlib.suppress(ssl.SSLWantReadError):
                    side.do_handshake()
        return c, s

    def handshakes(self, key: str, version: str, resume: bool = False) -> float:
        client, server = self.contexts(key, version)
        session = None
        if resume:
            c, s = self.pair(client, server)
            s.write(b"x")
            c.read()
            session = c.session

        def once() -> None:
            c, _ = self.pair(client, server, session)
            assert c.version() and bool(c.session_reused) == resume

        return rate(once)

    def memory_bulk(self, cipher: str) -> float:
        client, server = self.contexts(version="1.2" if cipher else "1.3")
        if cipher:
            client.set_ciphers(cipher)
        c, s = self.pair(client, server)
        data = bytes(65536)

        def once() -> None:
            view, left = memoryview(data), len(data)
            while left or view:
                if view:
                    view = view[c.write(view) :]
                left -= len(s.read(65536))

        return rate(once) * len(data) / 1e6

    def memory_echo(self) -> float:
        c, s = self.pair(*self.contexts())
        data = bytes(100)

        def once() -> None:
            c.write(data)
            s.write(s.read(100))
            c.read(100)

        c.write(data), s.read(100)
        s.write(data), c.read(100)
        return rate(once)

    def sockets(self, client: Any, server: Any) -> tuple[Any, Any]:
        a, b = socket.create_server(("127.0.0.1", 0)), socket.socket()
        b.connect(a.getsockname())
        accepted, _ = a.accept()
        a.close()
        for s in (accepted, b):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        result: list[Any] = []
        thread = threading.Thread(target=lambda: result.append(server.wrap_socket(accepted, server_side=True)))
        thread.start()
        c = client.wrap_socket(b, server_hostname="localhost")
        thread.join()
        return c, result[0]

    def socket_bulk(self) -> float:
        c, s = self.sockets(*self.contexts())
        data, count = bytes(65536), 2000

        def send() -> None:
            for _ in range(count):
                c.sendall(data)

        thread = threading.Thread(target=send)
        start = time.perf_counter()
        thread.start()
        left, buffer = count * len(data), bytearray(65536)
        while left:
            left -= s.recv_into(buffer)
        thread.join()
        spent = time.perf_counter() - start
        c.close(), s.close()
        return count * len(data) / 1e6 / spent

    def socket_echo(self) -> float:
        c, s = self.sockets(*self.contexts())
        data = bytes(100)

        def echo() -> None:
            while got := s.recv(1000):
                s.sendall(got)
            s.unwrap()

        thread = threading.Thread(target=echo, daemon=True)
        thread.start()

        def once() -> None:
            c.sendall(data)
            c.recv(1000)

        result = rate(once)
        c.unwrap().close()
        thread.join()
        s.close()
        return result

    def short_connections(self) -> float:
        client, server = self.contexts()
        listener = socket.create_server(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                try:
                    raw, _ = listener.accept()
                except OSError:
                    return
                with server.wrap_socket(raw, server_side=True) as s:
                    s.sendall(s.recv(1000))

        threading.Thread(target=serve, daemon=True).start()

        def once() -> None:
            with socket.create_connection(listener.getsockname()) as raw:
                with client.wrap_socket(raw, server_hostname="localhost") as s:
                    s.sendall(b"x")
                    s.recv(10)

        result = rate(once)
        listener.close()
        return result

    def first_context(self) -> float:
        start = time.perf_counter()
        self.ssl.create_default_context()
        return 1 / (time.perf_counter() - start)

    def next_context(self) -> float:
        return rate(self.ssl.create_default_context)

    def memory(self, make: Callable[[], Any], count: int) -> float:
        """How many kilobytes each takes, as a rate: more is better."""
        kept = [make() for _ in range(3)]
        gc.collect()
        before = resident()
        kept += [make() for _ in range(count)]
        gc.collect()
        return count / max(resident() - before, 1) * 1000

    def context_memory(self) -> float:
        return self.memory(self.ssl.create_default_context, 50)

    def connection_memory(self) -> float:
        contexts = self.contexts()
        return self.memory(lambda: self.pair(*contexts), 500)

    def asyncio_echo(self) -> float:
        return asyncio.run(self.asyncio_rate())

    async def asyncio_rate(self) -> float:
        client, server = self.contexts()

        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while data := await reader.read(1000):
                writer.write(data)
            writer.close()

        listening = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=server)
        port = listening.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client, server_hostname="localhost")
        data, count, start = bytes(100), 0, time.perf_counter()
        while (spent := time.perf_counter() - start) < SECONDS:
            writer.write(data)
            await reader.readexactly(100)
            count += 1
        writer.close()
        listening.close()
        return count / spent


def resident() -> int:
    """Kilobytes of private memory."""
    with open("/proc/self/smaps_rollup") as f:
        return sum(int(line.split()[1]) for line in f if line.startswith(("Private_Dirty", "Private_Clean")))


FIGURES: dict[str, tuple[str, Callable[[Bench], float]]] = {
    "full handshake, TLS 1.3, ECDSA P-256": ("per s", lambda b: b.handshakes("ecdsa", "1.3")),
    "full handshake, TLS 1.2, ECDSA P-256": ("per s", lambda b: b.handshakes("ecdsa", "1.2")),
    "full handshake, TLS 1.3, RSA-2048": ("per s", lambda b: b.handshakes("rsa", "1.3")),
    "full handshake, TLS 1.2, RSA-2048": ("per s", lambda b: b.handshakes("rsa", "1.2")),
    "resumed handshake, TLS 1.3": ("per s", lambda b: b.handshakes("ecdsa", "1.3", True)),
    "resumed handshake, TLS 1.2": ("per s", lambda b: b.handshakes("ecdsa", "1.2", True)),
    "bulk in memory, AES-256-GCM": ("MB/s", lambda b: b.memory_bulk("")),
    "bulk in memory, ChaCha20-Poly1305": ("MB/s", lambda b: b.memory_bulk("CHACHA20")),
    "bulk over a socket": ("MB/s", lambda b: b.socket_bulk()),
    "100 bytes there and back, in memory": ("per s", lambda b: b.memory_echo()),
    "100 bytes there and back, socket": ("per s", lambda b: b.socket_echo()),
    "100 bytes there and back, asyncio": ("per s", lambda b: b.asyncio_echo()),
    "short connections": ("per s", lambda b: b.short_connections()),
    "create_default_context(), first": ("per s", lambda b: b.first_context()),
    "create_default_context(), again": ("per s", lambda b: b.next_context()),
    "default contexts in a megabyte": ("count", lambda b: b.context_memory()),
    "idle pairs of connections in a megabyte": ("count", lambda b: b.connection_memory()),
}


def one(module: str, name: str) -> float:
    """Measures in this process."""
    import ssl

    assert ("gossl" in ssl.OPENSSL_VERSION) == (module == "gossl")
    return FIGURES[name][1](Bench(ssl))


def measure(module: str, name: str, environment: dict[str, str]) -> float:
    prefix = [sys.executable, "-m", "gossl"] if module == "gossl" else [sys.executable]
    command = [*prefix, __file__, "--one", module, name]
    return float(
        json.loads(subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120).stdout)
    )


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    options.add_argument("--one", nargs=2)
    options.add_argument("--only", default="", help="figures whose name has this in it")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", default="0.5")
    arguments = options.parse_args()
    if arguments.one:
        print(json.dumps(one(*arguments.one)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder) / "ca")
        for kind in ("ecdsa", "rsa"):
            authority.issue(kind, kind)
        path = os.pathsep.join([package_path(), str(Path(__file__).resolve().parent)])
        environment = {
            **os.environ,
            "PYTHONPATH": path,
            "BENCH_FOLDER": folder,
            "BENCH_SECONDS": arguments.seconds,
        }
        print("| figure | unit | Python's own ssl | gossl | ratio |\n|---|---|---:|---:|---:|")
        for name, (unit, _) in FIGURES.items():
            if arguments.only not in name:
                continue
            found: dict[str, list[float]] = {"stock": [], "gossl": []}
            for _ in range(arguments.rounds):
                for module, figures in found.items():
                    figures.append(measure(module, name, environment))
            stock, ours = (statistics.median(found[m]) for m in ("stock", "gossl"))
            print(f"| {name} | {unit} | {stock:,.0f} | {ours:,.0f} | {ours / stock:.2f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
