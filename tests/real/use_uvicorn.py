"""uvicorn by its command line: --ssl-keyfile, --ssl-certfile, --ssl-ca-certs, --ssl-cert-reqs."""

import sys
from pathlib import Path

from support import FILES, HOST, fetch_served, free_port, main, run_servers


def serve(ready):
    commands, ports = {}, {}
    for kind in ("good", "mutual"):
        files, ports[kind] = FILES[kind], free_port()
        commands[kind] = [
            sys.executable, "-m", "uvicorn", "applications:asgi", "--app-dir", str(Path(__file__).parent),
            "--host", HOST, "--port", str(ports[kind]), "--ssl-keyfile", files.key, "--ssl-certfile", files.cert,
        ]  # fmt: skip
        if files.clients:
            commands[kind] += ["--ssl-ca-certs", files.clients, "--ssl-cert-reqs", "2"]
    run_servers(commands, ports, ready)


main(serve, fetch_served)
