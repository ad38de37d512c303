"""gunicorn by its command line; the kind of its workers is in REAL_OPTION."""

import os
import sys
from pathlib import Path

from support import FILES, HOST, fetch_served, free_port, main, run_servers


def serve(ready):
    commands, ports = {}, {}
    for kind in ("good", "mutual"):
        files, ports[kind] = FILES[kind], free_port()
        commands[kind] = [
            sys.executable, "-m", "gunicorn", "applications:wsgi", "--chdir", str(Path(__file__).parent),
            "-k", os.environ["REAL_OPTION"], "--workers", "2", "--threads", "2", "--log-level", "error",
            "-b", f"{HOST}:{ports[kind]}", "--keyfile", files.key, "--certfile", files.cert,
        ]  # fmt: skip
        if files.clients:
            commands[kind] += ["--ca-certs", files.clients, "--cert-reqs", "2"]
    run_servers(commands, ports, ready)


main(serve, fetch_served)
