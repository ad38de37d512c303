"""pip: downloads a wheel from an index that is served over TLS."""

import http.server
import os
import subprocess
import sys
import tempfile
import threading
import zipfile
from pathlib import Path

import support
from support import CA, KINDS, NAME, PATIENCE, main, server_context

WHEEL = "thing-1.0-py3-none-any.whl"


def serve(ready):
    folder = Path(tempfile.mkdtemp())
    (folder / "simple" / "thing").mkdir(parents=True)
    with zipfile.ZipFile(folder / "simple" / "thing" / WHEEL, "w") as wheel:
        wheel.writestr("thing.py", "")
        wheel.writestr("thing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
        wheel.writestr("thing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("thing-1.0.dist-info/RECORD", "")

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(folder))

        def log_message(self, *_):
            pass

    ports = {}
    for kind in KINDS:
        server = support._Server(("localhost", 0), Handler)
        server.context = server_context(kind)
        ports[kind] = server.server_port
        threading.Thread(target=server.serve_forever, daemon=True).start()
    ready(ports)
    threading.Event().wait()


def fetch(port, certificate):
    folder = Path(tempfile.mkdtemp())
    command = [
        sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", "download", "-d", str(folder),
        "--no-deps", "--no-cache-dir", "--retries", "0", "--cert", CA, "--index-url", f"https://localhost:{port}/simple/",
    ]  # fmt: skip
    if certificate:
        (folder / "both.pem").write_text("".join(Path(part).read_text() for part in certificate))
        command += ["--client-cert", str(folder / "both.pem")]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PIP_")}
    done = subprocess.run(
        [*command, "thing"], env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    if done.returncode:
        raise OSError(done.stdout + done.stderr)
    if not (folder / WHEEL).exists():
        raise AssertionError(done.stdout)
    return f"TLSv1 {NAME if certificate else '-'}"


main(serve, fetch)
