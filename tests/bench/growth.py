"""Time and memory against the number of connections, bytes, anchors and threads, of gossl and of Python's own ssl.

    python tests/bench/growth.py FILE       measures, and writes what was found as JSON

plot.py draws it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from certs import Authority
from interpreters import package_path

from bench.connections import AUTHORITY, contexts, pair
from bench.figures import resident

Found = tuple[float, float]  # seconds, kilobytes


def connections(ssl: Any, count: int) -> Found:
    """Opens that many, in memory, and keeps them."""
    made = contexts(ssl)
    pair(ssl, *made)
    before, start = resident(), time.perf_counter()
    kept = [pair(ssl, *made) for _ in range(count)]
    result = time.perf_counter() - start, resident() - before
    del kept
    return result


def transfer(ssl: Any, count: int) -> Found:
    """Sends that many bytes from one end of a pair in memory to the other."""
    c, s = pair(ssl, *contexts(ssl))
    data = memoryview(bytes(min(count, 65536)))
    before, start, got = resident(), time.perf_counter(), 0
    while got < count:
        sent = c.write(data[: min(len(data), count - got)])
        while sent:
            sent -= (n := len(s.read(65536)))
            got += n
    return time.perf_counter() - start, resident() - before


def anchors(ssl: Any, count: int) -> Found:
    """Loads that many into a context. They differ in their names: nobody looks at their signatures."""
    der = ssl.PEM_cert_to_DER_cert(AUTHORITY.read_text())
    name = b"gossl test authority"
    all_of_them = b"".join(der.replace(name, b"%020d" % i) for i in range(count))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    before, start = resident(), time.perf_counter()
    context.load_verify_locations(cadata=all_of_them)
    return time.perf_counter() - start, resident() - before


def threads(ssl: Any, count: int) -> Found:
    """256 handshakes, by that many threads."""
    made = contexts(ssl)
    pair(ssl, *made)

    def some() -> None:
        for _ in range(256 // count):
            pair(ssl, *made)

    all_of_them = [threading.Thread(target=some) for _ in range(count)]
    before, start = resident(), time.perf_counter()
    for thread in all_of_them:
        thread.start()
    for thread in all_of_them:
        thread.join()
    return time.perf_counter() - start, resident() - before


SUBJECTS: dict[str, tuple[Callable[[Any, int], Found], list[int]]] = {
    "connections": (connections, [1, 10, 100, 1000, 10_000]),
    "bytes": (transfer, [10**i for i in range(10)]),
    "anchors": (anchors, [1, 10, 100, 1000, 10_000]),
    "threads": (threads, [1, 2, 4, 8, 16, 32, 64]),
}


def one(subject: str, count: str) -> int:
    import ssl

    print(json.dumps(SUBJECTS[subject][0](ssl, int(count))))
    return 0


def measure(module: str, subject: str, count: int, environment: dict[str, str]) -> Found:
    prefix = [sys.executable, "-m", "gossl"] if module == "gossl" else [sys.executable]
    command = [*prefix, __file__, "--one", subject, str(count)]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, timeout=300)
    seconds, kilobytes = json.loads(done.stdout)
    return seconds, kilobytes


def main() -> int:
    if sys.argv[1] == "--one":
        return one(*sys.argv[2:4])
    found: dict[str, dict[str, list[tuple[int, float, float]]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        Authority(Path(folder) / "ca").issue("ecdsa", "ecdsa")
        path = os.pathsep.join([package_path(), str(Path(__file__).resolve().parent.parent)])
        environment = {**os.environ, "PYTHONPATH": path, "BENCH_FOLDER": folder}
        for subject, (_, counts) in SUBJECTS.items():
            found[subject] = {
                module: [(n, *measure(module, subject, n, environment)) for n in counts] for module in ("ssl", "gossl")
            }
    Path(sys.argv[1]).write_text(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
