"""Django's development server with TLS: runserver_plus of django-extensions, which takes no authority for clients."""

import sys
from pathlib import Path

from support import FILES, HOST, fetch_served, free_port, main, run_servers


def serve(ready):
    commands, ports = {}, {}
    for kind in ("good", "bad"):
        files, ports[kind] = FILES[kind], free_port()
        commands[kind] = [
            sys.executable, "-m", "django", "runserver_plus", "--settings", "django_site", "--nopin",
            "--cert-file", files.cert, "--key-file", files.key, f"{HOST}:{ports[kind]}",
        ]  # fmt: skip
    run_servers(commands, ports, ready, cwd=Path(__file__).parent)


main(serve, fetch_served)
