"""Data and short connections over TCP on the loopback interface."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from typing import Any

from bench.connections import contexts, sockets
from bench.figures import PARTS, PLAIN, Case, Row, paced

SIZE = 65536
PART = 400  # times that


def bulk(ssl: Any) -> tuple[float, float]:
    """One thread sends, another one receives."""
    c, s = sockets(*contexts(ssl))
    data, count = bytes(SIZE), PARTS * PART

    def send() -> None:
        for _ in range(count):
            c.sendall(data)

    thread = threading.Thread(target=send)
    thread.start()
    buffer = bytearray(SIZE)
    found = [received(s, buffer) for _ in range(PARTS)]
    thread.join()
    c.close(), s.close()
    return max(wall for wall, _ in found), max(cpu for _, cpu in found)


def received(s: Any, buffer: bytearray) -> tuple[float, float]:
    """Megabytes a second, and in a second of the processor's, of one part."""
    start, cpu, left = time.perf_counter(), time.process_time(), PART * SIZE
    while left > 0:
        left -= s.recv_into(buffer, min(left, SIZE))
    megabytes = PART * SIZE / 1e6
    return megabytes / (time.perf_counter() - start), megabytes / (time.process_time() - cpu)


def echo(ssl: Any) -> tuple[float, float]:
    """Both ends in one thread, so that the scheduler has no part in it."""
    c, s = sockets(*contexts(ssl))
    data = bytes(100)

    def once() -> None:
        c.sendall(data)
        s.sendall(s.recv(1000))
        c.recv(1000)

    result = paced(once)
    c.close(), s.close()
    return result


def threads_echo(ssl: Any) -> tuple[float, float]:
    """Each end in a thread of its own."""
    c, s = sockets(*contexts(ssl))
    data = bytes(100)

    def answer() -> None:
        while got := s.recv(1000):
            s.sendall(got)
        s.unwrap()

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()

    def once() -> None:
        c.sendall(data)
        c.recv(1000)

    result = paced(once)
    c.unwrap().close()
    thread.join()
    s.close()
    return result


SERVER = """
import socket, ssl, sys
from bench.connections import contexts
server = contexts(ssl)[1]
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    raw, _ = listener.accept()
    with server.wrap_socket(raw, server_side=True) as s:
        s.sendall(s.recv(1000))
"""


def short(ssl: Any) -> tuple[float, float]:
    """Connect, handshake, a byte there and back, close. The server is another process, on the same module:
    `python -m gossl` is inherited.
    """
    client, _ = contexts(ssl)
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        address = "127.0.0.1", json.loads(server.stdout.readline())

        def once() -> None:
            with socket.create_connection(address) as raw:
                with client.wrap_socket(raw, server_hostname="localhost") as s:
                    s.sendall(b"x")
                    s.recv(10)

        result = paced(once)
        server.kill()
    return result


CASES = (
    Case(bulk, (Row("bulk over a socket", "MB/s", 1.1), Row("bulk over a socket, CPU", "MB/CPU s", 1.1))),
    Case(
        echo,
        (
            Row("100 bytes there and back, socket", "/s", 1.1),
            Row("100 bytes there and back, socket, CPU", "/CPU s", 1.4),
        ),
    ),
    Case(
        echo,
        (
            Row("100 bytes there and back, socket, plain ctypes", "/s", 0.95),
            Row("100 bytes there and back, socket, plain ctypes, CPU", "/CPU s", 1.0),
        ),
        PLAIN,
    ),
    Case(
        threads_echo,
        (Row("the same, two threads", "/s"), Row("the same, two threads, CPU", "/CPU s")),
    ),
    Case(short, (Row("short connections, client", "/s", 1.5), Row("short connections, client, CPU", "/CPU s", 1.5))),
)
