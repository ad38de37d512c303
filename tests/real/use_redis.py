"""redis-py, by threads and by asyncio, with redis-server."""

import asyncio

from support import CA, FILES, HOST, KINDS, NAME, expect, free_port, main, require, run_servers

require("redis-server")


def serve(ready):
    commands, ports = {}, {}
    for kind in KINDS:
        files, ports[kind] = FILES[kind], free_port()
        commands[kind] = [
            "redis-server", "--port", "0", "--tls-port", str(ports[kind]), "--bind", "127.0.0.1", "--save", "",
            "--tls-cert-file", files.cert, "--tls-key-file", files.key, "--tls-ca-cert-file", CA,
            "--tls-auth-clients", "yes" if files.clients else "no",
        ]  # fmt: skip
    run_servers(commands, ports, ready)


def fetch(port, certificate):
    import redis
    import redis.asyncio

    cert, key = certificate or (None, None)
    how = {"host": HOST, "port": port, "ssl": True, "ssl_ca_certs": CA, "ssl_certfile": cert, "ssl_keyfile": key}
    with redis.Redis(**how) as client:
        client.set("key", NAME * 10000)
        expect(str(client.get("key") == (NAME * 10000).encode()), "True")

    async def run():
        async with redis.asyncio.Redis(**how) as client:
            return await client.get("key")

    expect(asyncio.run(run()).decode(), NAME)
    return f"TLSv1 {NAME if certificate else '-'}"


main(serve, fetch)
