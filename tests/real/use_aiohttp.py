"""aiohttp, client and server."""

import asyncio

from support import HOST, KINDS, PATIENCE, client_context, describe, main, server_context, url


def serve(ready):
    from aiohttp import web

    async def answer(request):
        return web.Response(text=describe(request.transport.get_extra_info("ssl_object")))

    async def run():
        app = web.Application()
        app.router.add_get("/", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        ports = {}
        for kind in KINDS:
            site = web.TCPSite(runner, HOST, 0, ssl_context=server_context(kind))
            await site.start()
            ports[kind] = site._server.sockets[0].getsockname()[1]
        ready(ports)
        await asyncio.Event().wait()

    asyncio.run(run())


def fetch(port, certificate):
    import aiohttp

    async def run():
        timeout = aiohttp.ClientTimeout(PATIENCE)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            async with session.get(url(port), ssl=client_context(certificate)) as answer:
                return await answer.text()

    return asyncio.run(run())


main(serve, fetch)
