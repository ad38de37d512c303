"""Contexts and pairs of connections to measure with."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any

from bench.figures import FOLDER

AUTHORITY = FOLDER / "ca" / "ca.pem"


def contexts(ssl: Any, key: str = "ecdsa", version: str = "1.3", groups: str = "X25519:P-256") -> tuple[Any, Any]:
    """A client's and a server's, that agree on one version. groups are for gossl, whose defaults are others."""
    client, server = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    client.load_verify_locations(AUTHORITY)
    server.load_cert_chain(FOLDER / "ca" / f"{key}.pem", FOLDER / "ca" / f"{key}.key")
    client.minimum_version = client.maximum_version = getattr(ssl.TLSVersion, "TLSv" + version.replace(".", "_"))
    if hasattr(client, "set_groups"):
        client.set_groups(groups)
        server.set_groups(groups)
    return client, server


def pair(ssl: Any, client: Any, server: Any, session: Any = None) -> tuple[Any, Any]:
    """Connected in memory."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    c = client.wrap_bio(back, there, server_hostname="localhost", session=session)
    s = server.wrap_bio(there, back, server_side=True)
    for _ in range(3):
        for side in (c, s):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
    return c, s


def joined() -> tuple[socket.socket, socket.socket]:
    """Two ends of a TCP connection."""
    listener, b = socket.create_server(("127.0.0.1", 0)), socket.socket()
    b.connect(listener.getsockname())
    a, _ = listener.accept()
    listener.close()
    for s in (a, b):
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return a, b


def sockets(client: Any, server: Any) -> tuple[Any, Any]:
    """Connected over TCP."""
    a, b = joined()
    result: list[Any] = []
    thread = threading.Thread(target=lambda: result.append(server.wrap_socket(a, server_side=True)))
    thread.start()
    c = client.wrap_socket(b, server_hostname="localhost")
    thread.join()
    return c, result[0]
