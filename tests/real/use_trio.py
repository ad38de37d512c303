"""trio's SSLStream."""

from support import HOST, KINDS, PATIENCE, client_context, describe, main, server_context


def serve(ready):
    import trio

    async def answer(stream):
        try:
            await stream.do_handshake()
            await stream.send_all(describe(stream).encode())
            await stream.aclose()
        except trio.BrokenResourceError:
            pass

    async def run():
        async with trio.open_nursery() as nursery:
            ports = {}
            for kind in KINDS:
                listeners = await trio.open_ssl_over_tcp_listeners(0, server_context(kind), host="127.0.0.1")
                ports[kind] = listeners[0].transport_listener.socket.getsockname()[1]
                nursery.start_soon(trio.serve_listeners, answer, listeners)
            ready(ports)

    trio.run(run)


def fetch(port, certificate):
    import trio

    async def run():
        with trio.fail_after(PATIENCE):
            context = client_context(certificate)
            stream = await trio.open_ssl_over_tcp_stream(HOST, port, ssl_context=context)
            answer = bytearray()
            async for part in stream:
                answer += part
            await stream.aclose()
            return answer.decode()

    return trio.run(run)


main(serve, fetch)
