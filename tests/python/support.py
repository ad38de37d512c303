"""What the tests have in common: certificates, and a pair of connections in memory."""

from __future__ import annotations

import atexit
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from gossl import ssl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from certs import Authority, make_key

__all__ = ["AUTHORITY", "CLIENT", "DIRECTORY", "LEAF", "Authority", "Pair", "connected", "contexts", "make_key"]

DIRECTORY = Path(tempfile.mkdtemp())
atexit.register(shutil.rmtree, DIRECTORY, ignore_errors=True)
AUTHORITY = Authority(DIRECTORY / "ca")
LEAF = AUTHORITY.issue("localhost", "ecdsa")
CLIENT = AUTHORITY.issue("client", "rsa", "DNS:client")


def contexts() -> tuple[Any, Any]:
    client = ssl.create_default_context(cafile=str(AUTHORITY.cert))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(LEAF.cert, LEAF.key)
    return client, server


class Pair:
    """A client and a server, joined by two memory queues."""

    def __init__(self, client: Any, server: Any, name: str = "localhost", session: Any = None) -> None:
        self.to_server, self.to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = client.wrap_bio(self.to_client, self.to_server, server_hostname=name, session=session)
        self.server = server.wrap_bio(self.to_server, self.to_client, server_side=True)

    def shake(self) -> None:
        done = set()
        for _ in range(20):
            for side in (self.client, self.server):
                try:
                    side.do_handshake()
                    done.add(side)
                except ssl.SSLWantReadError:
                    pass
            if len(done) == 2:
                return
        raise AssertionError("the handshake does not end")

    def pass_data(self) -> None:
        """A megabyte each way."""
        data = bytes(range(256)) * 4096
        for source, target in ((self.client, self.server), (self.server, self.client)):
            rest, got = memoryview(data), bytearray()
            while len(got) < len(data):
                if rest:
                    rest = rest[source.write(rest) :]
                got += target.read(65536)
            assert got == data


def connected(client: Any, server: Any) -> Pair:
    pair = Pair(client, server)
    pair.shake()
    return pair
