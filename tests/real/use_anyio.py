"""anyio's TLSStream, on asyncio."""

from support import HOST, KINDS, client_context, main, name_of, server_context


def serve(ready):
    import anyio
    from anyio.streams.tls import TLSAttribute, TLSListener

    async def answer(stream):
        async with stream:
            version = stream.extra(TLSAttribute.tls_version)
            name = name_of(stream.extra(TLSAttribute.peer_certificate, None))
            await stream.send(f"{version} {name}".encode())

    async def run():
        async with anyio.create_task_group() as group:
            ports = {}
            for kind in KINDS:
                plain = await anyio.create_tcp_listener(local_host="127.0.0.1")
                ports[kind] = plain.extra(anyio.abc.SocketAttribute.local_port)
                group.start_soon(TLSListener(plain, server_context(kind)).serve, answer)
            ready(ports)

    anyio.run(run)


def fetch(port, certificate):
    import anyio

    async def run():
        stream = await anyio.connect_tcp(HOST, port, ssl_context=client_context(certificate))
        async with stream:
            return (await stream.receive()).decode()

    return anyio.run(run)


main(serve, fetch)
