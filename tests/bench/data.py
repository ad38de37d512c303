"""Data between two memory BIOs."""

from __future__ import annotations

from functools import partial
from typing import Any

from bench.connections import contexts, pair
from bench.figures import PLAIN, Case, Row, rate

SIZE = 65536


def bulk(ssl: Any, cipher: str = "") -> tuple[float]:
    client, server = contexts(ssl, version="1.2" if cipher else "1.3")
    if cipher:
        client.set_ciphers(cipher)
    c, s = pair(ssl, client, server)
    data = bytes(SIZE)

    def once() -> None:
        view, left = memoryview(data), SIZE
        while left or view:
            if view:
                view = view[c.write(view) :]
            left -= len(s.read(SIZE))

    return (rate(once) * SIZE / 1e6,)


def echo(ssl: Any) -> tuple[float]:
    c, s = pair(ssl, *contexts(ssl))
    data = bytes(100)

    def once() -> None:
        c.write(data)
        s.write(s.read(100))
        c.read(100)

    return (rate(once),)


CASES = (
    Case(bulk, (Row("bulk in memory, AES-256-GCM", "MB/s", 1.2),)),
    Case(partial(bulk, cipher="CHACHA20"), (Row("bulk in memory, ChaCha20-Poly1305", "MB/s", 0.8),)),
    Case(echo, (Row("100 bytes there and back, in memory", "/s", 1.3),)),
    Case(echo, (Row("100 bytes there and back, in memory, plain ctypes", "/s", 0.6),), PLAIN),
)
