"""What a process pays: the import, idle connections, pauses."""

from __future__ import annotations

import gc
import os
import socket
import statistics
import subprocess
import sys
import time
from typing import Any

from bench.connections import contexts, joined, pair
from bench.figures import Case, Row, resident

PAUSE_SECONDS = float(os.environ.get("BENCH_PAUSE_SECONDS", "3"))

IMPORT = """
import time
from bench.figures import resident
memory, start = resident(), time.perf_counter()
{}
spent = time.perf_counter() - start
print(spent * 1e3, resident() - memory)
"""


def imported(ssl: Any) -> tuple[float, float]:
    """In interpreters that have imported nothing of it yet."""
    statement = "import gossl; gossl.install(); import ssl" if "gossl" in ssl.OPENSSL_VERSION else "import ssl"
    environment = {k: v for k, v in os.environ.items() if k != "GOSSL"}  # `python -m gossl` would be inherited
    command = [sys.executable, "-c", IMPORT.format(statement)]
    found = []
    for _ in range(10):
        done = subprocess.run(command, env=environment, check=True, capture_output=True)
        found.append([float(n) for n in done.stdout.split()])
    return min(spent for spent, _ in found), statistics.median(memory for _, memory in found)


def idle(ssl: Any, count: int = 1000) -> tuple[float]:
    made = contexts(ssl)
    kept = [pair(ssl, *made) for _ in range(100)]
    gc.collect()
    before = resident()
    kept += [pair(ssl, *made) for _ in range(count)]
    gc.collect()
    return (max(resident() - before, 1) / count,)


def pauses(ssl: Any) -> tuple[float, float]:
    """A ping-pong of 100 bytes with another process: the middle and the longest round trip."""
    client, server = contexts(ssl)
    a, b = joined()
    child = os.fork()
    if child == 0:
        a.close()
        answer(server.wrap_socket(b, server_side=True))
        os._exit(0)
    b.close()
    c = client.wrap_socket(a, server_hostname="localhost")
    data, found = bytes(100), []
    end = time.perf_counter() + PAUSE_SECONDS
    while (start := time.perf_counter()) < end:
        c.sendall(data)
        c.recv(1000)
        found.append(time.perf_counter() - start)
    c.shutdown(socket.SHUT_RDWR)
    c.close()
    os.waitpid(child, 0)
    return statistics.median(found) * 1e6, max(found[100:]) * 1e6


def answer(s: Any) -> None:
    try:
        while got := s.recv(1000):
            s.sendall(got)
    except OSError:
        pass  # the other end has gone


CASES = (
    Case(imported, (Row("import, time", "ms", 1.0, less=True), Row("import, memory", "KB", 1.0, less=True))),
    Case(idle, (Row("memory of an idle pair of connections", "KB", 3.0, less=True),)),
    Case(
        pauses,
        (
            Row("100 bytes to another process and back, median", "us", less=True),
            Row("100 bytes to another process and back, longest", "us", less=True),
        ),
    ),
)
