"""HTTP/2 between httpx and hypercorn, which is started by its command line."""

import sys
from pathlib import Path

from support import CA, FILES, HOST, KINDS, NAME, PATIENCE, client_context, expect, free_port, main, run_servers, url


def serve(ready):
    commands, ports = {}, {}
    for kind in KINDS:
        files, ports[kind] = FILES[kind], free_port()
        commands[kind] = [
            sys.executable, "-m", "hypercorn", "applications:asgi", "-b", f"{HOST}:{ports[kind]}",
            "--keyfile", files.key, "--certfile", files.cert,
        ]  # fmt: skip
        if files.clients:
            commands[kind] += ["--ca-certs", CA, "--verify-mode", "CERT_REQUIRED"]
    run_servers(commands, ports, ready, cwd=Path(__file__).parent)


def fetch(port, certificate):
    import httpx

    with httpx.Client(http2=True, verify=client_context(certificate), timeout=PATIENCE, trust_env=False) as client:
        answer = client.get(url(port))
        expect(answer.text, "served")
        expect(answer.http_version, "HTTP/2")
        connection = answer.extensions["network_stream"].get_extra_info("ssl_object")
        return f"{connection.version()} {NAME if certificate else '-'}"


main(serve, fetch)
