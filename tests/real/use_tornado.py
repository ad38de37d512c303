"""tornado, client and server."""

import asyncio

from support import CA, KINDS, PATIENCE, describe, main, server_context, url


def serve(ready):
    from tornado.httpserver import HTTPServer
    from tornado.testing import bind_unused_port
    from tornado.web import Application, RequestHandler

    class Answer(RequestHandler):
        def get(self):
            self.write(describe(self.request.connection.stream.socket))

    async def run():
        ports = {}
        for kind in KINDS:
            sock, ports[kind] = bind_unused_port()
            HTTPServer(Application([("/", Answer)]), ssl_options=server_context(kind)).add_socket(sock)
        ready(ports)
        await asyncio.Event().wait()

    asyncio.run(run())


def fetch(port, certificate):
    from tornado.httpclient import AsyncHTTPClient

    cert, key = certificate or (None, None)

    async def run():
        client = AsyncHTTPClient()
        answer = await client.fetch(url(port), ca_certs=CA, client_cert=cert, client_key=key, request_timeout=PATIENCE)
        return answer.body.decode()

    return asyncio.run(run())


main(serve, fetch)
