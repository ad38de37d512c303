"""asyncio: streams, client and server in one loop."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from bench.connections import contexts
from bench.figures import SECONDS, Case, Row

Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]

LARGE = 1 << 20


async def served(ssl: Any, measure: Callable[[Connect], Awaitable[float]]) -> tuple[float]:
    client, server = contexts(ssl)

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
            writer.close()

    listening = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=server)
    port = listening.sockets[0].getsockname()[1]
    result = await measure(lambda: asyncio.open_connection("127.0.0.1", port, ssl=client, server_hostname="localhost"))
    listening.close()
    return (result,)


async def echoes(connect: Connect, size: int) -> float:
    reader, writer = await connect()
    data, count, start = bytes(size), -1, 0.0
    while (spent := time.perf_counter() - start) < SECONDS or count < 0:
        if (count := count + 1) == 0:
            start = time.perf_counter()
        writer.write(data)
        await reader.readexactly(size)
    writer.close()
    return count / spent


async def connections(connect: Connect) -> float:
    count, start = 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < SECONDS:
        reader, writer = await connect()
        writer.write(b"x")
        await reader.readexactly(1)
        writer.close()
        await writer.wait_closed()
        count += 1
    return count / spent


def run(ssl: Any, measure: Callable[[Connect], Awaitable[float]]) -> tuple[float]:
    return asyncio.run(served(ssl, measure))


async def large(connect: Connect) -> float:
    return await echoes(connect, LARGE) * LARGE / 1e6


CASES = (
    Case(partial(run, measure=partial(echoes, size=100)), (Row("100 bytes there and back, asyncio", "/s", 1.05),)),
    Case(partial(run, measure=large), (Row("1 MiB there and back, asyncio", "MB/s", 1.0),)),
    Case(partial(run, measure=connections), (Row("short connections, asyncio", "/s", 1.5),)),
)
