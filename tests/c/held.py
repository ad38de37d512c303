"""Holds a thousand connections to tests/c/server.c open at once, and uses each of them twice."""

from __future__ import annotations

import asyncio
import resource
import ssl
import subprocess
from pathlib import Path

CONNECTIONS = 1000
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def raise_descriptor_limit() -> None:
    """A connection takes a descriptor, here and (inherited) in the server."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))


async def ask(stream: Stream) -> None:
    reader, writer = stream
    writer.write(REQUEST)
    head = await reader.readuntil(b"\r\n\r\n")
    body = await reader.readexactly(6)
    if not head.startswith(b"HTTP/1.1 200") or body != b"held\r\n":
        raise AssertionError((head, body))


async def hold(port: int, context: ssl.SSLContext) -> None:
    few = asyncio.Semaphore(100)  # handshakes at a time

    async def dial() -> Stream:
        async with few:
            return await asyncio.open_connection("localhost", port, ssl=context, family=2)

    streams = await asyncio.gather(*(dial() for _ in range(CONNECTIONS)))
    for _ in range(2):
        await asyncio.gather(*(ask(stream) for stream in streams))
    for _, writer in streams:
        writer.close()


def check(server: str, certificate: Path, key: Path, authority: Path) -> None:
    """Runs the server and its thousand clients, on the interpreter's own ssl."""
    raise_descriptor_limit()
    running = subprocess.Popen([server, certificate, key], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert running.stdin is not None and running.stdout is not None
    try:
        port = int(running.stdout.readline())
        asyncio.run(asyncio.wait_for(hold(port, ssl.create_default_context(cafile=str(authority))), 120))
        if running.poll() is not None:
            raise AssertionError("the server has ended")
        running.stdin.close()
        if running.wait(20) != 0:
            raise AssertionError("the server did not end well")
    finally:
        running.kill()
    print(f"server: ok, {CONNECTIONS} connections at once")
