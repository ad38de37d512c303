"""Full and resumed handshakes, both sides, in memory, verified."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

from bench.connections import contexts, pair
from bench.figures import SECONDS, Case, Row, rate


def handshakes(ssl: Any, key: str, version: str, groups: str = "X25519:P-256") -> tuple[float]:
    made = contexts(ssl, key, version, groups)

    def once() -> None:
        assert pair(ssl, *made)[0].version()

    return (rate(once),)


def resumed(ssl: Any, version: str) -> tuple[float]:
    client, server = contexts(ssl, "ecdsa", version)
    c, s = pair(ssl, client, server)
    s.write(b"x")
    c.read()
    session = c.session

    def once() -> None:
        assert pair(ssl, client, server, session)[0].session_reused

    return (rate(once),)


def scaling(ssl: Any) -> tuple[float]:
    """How many times as many handshakes two threads do as one."""
    made = contexts(ssl)

    def once() -> None:
        pair(ssl, *made)

    alone = rate(once)
    found: list[float] = []
    threads = [threading.Thread(target=lambda: found.append(rate(once, 2 * SECONDS))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return (sum(found) / alone,)


CASES = (
    *(
        Case(
            partial(handshakes, key=key, version=version),
            (Row(f"full handshake, TLS {version}, {name}", "/s", target),),
        )
        for key, name, target in (("ecdsa", "ECDSA P-256", 2.2), ("rsa", "RSA-2048", 1.0))
        for version in ("1.3", "1.2")
    ),
    Case(partial(resumed, version="1.3"), (Row("resumed handshake, TLS 1.3", "/s", 3.0),)),
    Case(partial(resumed, version="1.2"), (Row("resumed handshake, TLS 1.2", "/s", 6.0),)),
    Case(
        partial(handshakes, key="ecdsa", version="1.3", groups="X25519MLKEM768"),
        (Row("full handshake, X25519MLKEM768 beside X25519", "/s", 1.5),),
    ),
    Case(scaling, (Row("handshakes, two threads against one", "times", 1.8, own=True),)),
)
