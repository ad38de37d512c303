"""websockets, client and server."""

import asyncio

from support import HOST, KINDS, PATIENCE, client_context, describe, main, server_context, url


def serve(ready):
    from websockets.asyncio.server import serve as listen

    async def answer(connection):
        await connection.send(describe(connection.transport.get_extra_info("ssl_object")))

    async def run():
        servers = {kind: await listen(answer, HOST, 0, ssl=server_context(kind)) for kind in KINDS}
        ready({kind: server.sockets[0].getsockname()[1] for kind, server in servers.items()})
        await asyncio.Event().wait()

    asyncio.run(run())


def fetch(port, certificate):
    """By asyncio and by threads."""
    from websockets.asyncio.client import connect
    from websockets.sync.client import connect as connect_in_thread

    async def run():
        context = client_context(certificate)
        async with connect(url(port, "wss"), ssl=context, open_timeout=PATIENCE, proxy=None) as connection:
            return await connection.recv()

    first = asyncio.run(run())
    context = client_context(certificate)
    with connect_in_thread(url(port, "wss"), ssl=context, open_timeout=PATIENCE, proxy=None) as connection:
        return f"{first} {connection.recv(PATIENCE)}"


main(serve, fetch)
