"""asyncio: streams, client and server in one loop."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from bench.connections import contexts
from bench.figures import PARTS, SECONDS, Case, Row

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
    await asyncio.sleep(0.05)  # for the server's tasks to end
    return (result,)


async def paced(once: Callable[[], Awaitable[None]]) -> float:
    """How often a second, in the best of some parts of the time."""
    await once()
    best = 0.0
    for _ in range(PARTS):
        count, start = 0, time.perf_counter()
        while (spent := time.perf_counter() - start) < SECONDS / PARTS:
            await once()
            count += 1
        best = max(best, count / spent)
    return best


async def echoes(connect: Connect, size: int) -> float:
    reader, writer = await connect()
    data = bytes(size)

    async def once() -> None:
        writer.write(data)
        await reader.readexactly(size)

    result = await paced(once)
    writer.close()
    return result


async def connections(connect: Connect) -> float:
    async def once() -> None:
        reader, writer = await connect()
        writer.write(b"x")
        await reader.readexactly(1)
        writer.close()
        await writer.wait_closed()

    return await paced(once)


def run(ssl: Any, measure: Callable[[Connect], Awaitable[float]]) -> tuple[float]:
    return asyncio.run(served(ssl, measure))


async def large(connect: Connect) -> float:
    return await echoes(connect, LARGE) * LARGE / 1e6


CASES = (
    Case(partial(run, measure=partial(echoes, size=100)), (Row("100 bytes there and back, asyncio", "/s", 1.05),)),
    Case(partial(run, measure=large), (Row("1 MiB there and back, asyncio", "MB/s", 1.0),)),
    Case(partial(run, measure=connections), (Row("short connections, asyncio", "/s", 1.5),)),
)
