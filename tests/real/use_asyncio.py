"""asyncio's streams."""

import asyncio

from support import HOST, KINDS, client_context, describe, main, server_context


def serve(ready):
    async def answer(_, writer):
        writer.write(describe(writer.get_extra_info("ssl_object")).encode())
        await writer.drain()
        writer.close()

    async def run():
        servers = {kind: await asyncio.start_server(answer, HOST, 0, ssl=server_context(kind)) for kind in KINDS}
        ready({kind: server.sockets[0].getsockname()[1] for kind, server in servers.items()})
        await asyncio.Event().wait()

    asyncio.run(run())


def fetch(port, certificate):
    async def run():
        reader, writer = await asyncio.open_connection(HOST, port, ssl=client_context(certificate))
        answer = await reader.read()
        writer.close()
        if not answer:
            # asyncio's server sends no alert when a handshake fails.
            raise ConnectionError("the server has closed the connection")
        return answer.decode()

    return asyncio.run(run())


if __name__ == "__main__":
    main(serve, fetch)
