"""Contexts of `from gossl import ssl` in libraries that use the interpreter's own ssl module."""

import asyncio
import os
import ssl as stock
import sys

import clients
import support
from gossl import ssl

if sys.argv[1] != "beside":
    support.main(None, None)

WAYS = [
    clients.by_urllib,
    clients.by_urllib3,
    clients.by_requests,
    clients.by_httpx,
    clients.by_aiohttp,
    clients.by_aiohttp_on_uvloop,
    clients.by_trio,
]


def context(*certificate):
    made = ssl.create_default_context(cafile=support.CA)
    if certificate:
        made.load_cert_chain(*certificate)
    return made


def verified(ports):
    for way in WAYS:
        support.expect(way(ports["good"], context()), "TLSv1.3 ")
        support.expect(way(ports["good"], stock.create_default_context(cafile=support.CA)), "TLSv1.3 ")
    asyncio.run(serve())


async def serve():
    """asyncio's server with such a context."""

    async def answer(_, writer):
        writer.write(b"served")
        writer.close()

    side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    side.load_cert_chain(support.CERT, support.KEY)
    server = await asyncio.start_server(answer, support.HOST, 0, ssl=side)
    port = server.sockets[0].getsockname()[1]
    reader, _ = await asyncio.open_connection(support.HOST, port, ssl=stock.create_default_context(cafile=support.CA))
    support.expect((await reader.read()).decode(), "served")


def refused(ports):
    for way in WAYS:
        support.expect_refusal(lambda way=way: way(ports["bad"], context()), support.verification_failed)


def client(ports):
    for way in WAYS:
        support.expect(way(ports["mutual"], context(*support.CLIENT)), support.NAME)


if "gossl" in stock.OPENSSL_VERSION or "gossl" not in ssl.OPENSSL_VERSION:
    raise SystemExit("the wrong ssl")
with support.Child(sys.argv[0], "serve", gossl=False) as child:
    ports = child.ports()
    row = {
        "verified": support.attempt(lambda: verified(ports)),
        "refused": support.attempt(lambda: refused(ports)),
        "client": support.attempt(lambda: client(ports)),
    }
support.report(row)
sys.stdout.flush()
os._exit(0)
