"""Flask's development server: by its command line, and with a context that wants client certificates."""

import sys
import threading
from pathlib import Path

from support import FILES, HOST, fetch_served, free_port, main, run_servers, server_context, wait_for


def serve(ready):
    from applications import flask_application

    ports = {"good": free_port(), "mutual": free_port()}
    # Werkzeug greets on standard output, which is for the ports.
    sys.stdout, out = sys.stderr, sys.stdout
    own = {"host": HOST, "port": ports["mutual"], "ssl_context": server_context("mutual")}
    threading.Thread(target=flask_application().run, kwargs=own, daemon=True).start()
    wait_for(ports["mutual"])
    sys.stdout = out
    command = [
        sys.executable, "-m", "flask", "--app", "applications:flask_application", "run", "--host", HOST,
        "--port", str(ports["good"]), "--cert", FILES["good"].cert, "--key", FILES["good"].key,
    ]  # fmt: skip
    run_servers({"good": command}, ports, ready, cwd=Path(__file__).parent)


main(serve, fetch_served)
