"""What the scripts of this directory have in common.

Each script shows one library: how its user serves a line of text over TLS, how he fetches it, or both. It is started in
one of these ways, always in a process of its own:

    client          on gossl: fetches from a server on the interpreter's own ssl, which is one of the following
    server          on gossl: serves to a client on the interpreter's own ssl
    serve           what the first one needs as its peer
    fetch PORT [certificate]
                    what the second one needs

There are three servers: "good" has a certificate for localhost by the authority that the clients trust, "bad" has one
by another authority, and "mutual" is as good, and wants a certificate of its client. What is served is the version of
TLS and the client's name.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import shutil
import ssl
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

KINDS = ("good", "bad", "mutual")
CERTS = Path(os.environ.get("REAL_CERTS", "."))
CA = str(CERTS / "ca.pem")
CERT, KEY = str(CERTS / "localhost.pem"), str(CERTS / "localhost.key")
CLIENT = str(CERTS / "client.pem"), str(CERTS / "client.key")
BAD = str(CERTS / "other" / "localhost.pem"), str(CERTS / "other" / "localhost.key")
STRANGER = str(CERTS / "other" / "client.pem"), str(CERTS / "other" / "client.key")
HOST = "localhost"
PATIENCE = 40.0  # seconds for one step
NOT_THERE = 77  # the exit status of a row that lacks something which could be installed
NOT_HERE = 78  # and of one that this machine or user cannot have
TIMEOUT = 240  # seconds for a row
NAME = "client"  # in the certificate CLIENT

Pair = tuple[str, str]


class Skip(Exception):
    """A row that cannot be had, and why."""


class Files(NamedTuple):
    """What a server needs."""

    cert: str
    key: str
    clients: str | None  # the authority of the clients it wants a certificate of


FILES = {"good": Files(CERT, KEY, None), "bad": Files(*BAD, None), "mutual": Files(CERT, KEY, CA)}


def client_context(certificate: Pair | None = None, **more: Any) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=CA, **more)
    if certificate:
        context.load_cert_chain(*certificate)
    return context


def server_context(kind: str) -> ssl.SSLContext:
    files = FILES[kind]
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=files.clients)
    context.load_cert_chain(files.cert, files.key)
    if files.clients:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def describe(connection: Any) -> str:
    """What is served, of an SSLSocket or SSLObject."""
    certificate = connection.getpeercert()
    return f"{connection.version()} {name_of(certificate)}"


def name_of(certificate: Any) -> str:
    subject = dict(pair for entry in (certificate or {}).get("subject", ()) for pair in entry)
    return str(subject.get("commonName", "-"))


# ---- The two sides ---------------------------------------------------------------------------------------------------

Serve = Callable[[Callable[[Mapping[str, int]], None]], None]  # gives its ports by kind, and serves
Fetch = Callable[[int, "Pair | None"], str]


def main(serve: Serve | None, fetch: Fetch | None, strangers: bool = True) -> NoReturn:
    """Does what the command line says, and prints the row as JSON.

    strangers: what is shown to be refused in a server's row is a client's certificate; else it is the server's.
    """
    what, *rest = sys.argv[1:]
    if what == "serve":
        if os.environ["GOSSL"] == "1":
            require_gossl()
        (serve or serve_https)(lambda ports: print(json.dumps(dict(ports)), flush=True))
    elif what == "fetch":
        certificate = (rest[1], rest[2]) if len(rest) > 1 else None
        print((fetch or fetch_https)(int(rest[0]), certificate))
    elif what == "client":
        require_gossl()
        with Child(sys.argv[0], "serve", gossl=False) as child:
            report(check(child.ports(), fetch or fetch_https, verification_failed))
    else:
        with Child(sys.argv[0], "serve", gossl=True) as child:
            report(check(child.ports(), by_another_process, any_refusal, strangers))
    sys.stdout.flush()
    os._exit(0)


def check(
    ports: Mapping[str, int],
    fetch: Fetch,
    refused: Callable[[BaseException], bool],
    strangers: bool = False,
) -> dict[str, str]:
    """The three cells of a row."""
    row = {"verified": attempt(lambda: expect(fetch(ports["good"], None), "TLSv1"))}
    if strangers and "mutual" in ports:
        row["refused"] = attempt(lambda: expect_refusal(lambda: fetch(ports["mutual"], STRANGER), refused))
    elif "bad" in ports:
        row["refused"] = attempt(lambda: expect_refusal(lambda: fetch(ports["bad"], None), refused))
    if "mutual" in ports:
        row["client"] = attempt(lambda: expect(fetch(ports["mutual"], CLIENT), NAME))
    return row


def attempt(step: Callable[[], None]) -> str:
    try:
        step()
    except Skip as e:
        return f"- ({e})"
    except BaseException as e:
        traceback.print_exc()
        return f"no: {type(e).__name__}: {e}"[:200]
    return "yes"


def expect(answer: str, part: str) -> None:
    if part not in answer:
        raise AssertionError(f"{answer!r} does not have {part!r}")


def expect_refusal(step: Callable[[], object], refused: Callable[[BaseException], bool]) -> None:
    try:
        answer = step()
    except Skip:
        raise
    except BaseException as e:
        if not refused(e):
            raise
        return
    raise AssertionError(f"not refused: {answer!r}")


def verification_failed(error: BaseException) -> bool:
    """Whether it was the server's certificate that the client did not take."""
    seen: list[BaseException] = []
    waiting: list[Any] = [error]
    while waiting:
        e = waiting.pop()
        if not isinstance(e, BaseException) or e in seen:
            continue
        seen.append(e)
        if isinstance(e, ssl.SSLCertVerificationError) or "certificate verify failed" in str(e).lower():
            return True
        waiting += [e.__cause__, e.__context__, *e.args, *getattr(e, "exceptions", ()), getattr(e, "reason", None)]
    return False


def any_refusal(error: BaseException) -> bool:
    """Whether a client, which is another process, was refused."""
    return isinstance(error, subprocess.CalledProcessError)


def by_another_process(port: int, certificate: Pair | None) -> str:
    """Fetches by this script in a process on the interpreter's own ssl."""
    command = [sys.executable, sys.argv[0], "fetch", str(port), *(certificate or ())]
    done = subprocess.run(
        command, env=environment(gossl=False), capture_output=True, text=True, timeout=2 * PATIENCE, check=False
    )
    if done.returncode:
        sys.stderr.write(done.stderr)
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
    return done.stdout


def report(row: Mapping[str, str]) -> None:
    print(json.dumps(dict(row)), flush=True)


def require_gossl() -> None:
    if "gossl" not in ssl.OPENSSL_VERSION:
        raise SystemExit("this is to be run with gossl")


# ---- Processes -------------------------------------------------------------------------------------------------------


def environment(gossl: bool) -> dict[str, str]:
    """GOSSL=1 is what the start-up hook of `python -m gossl` looks at."""
    return {**os.environ, "GOSSL": "1" if gossl else "0"}


class Child:
    """A process that serves, and is ended by leaving the block."""

    def __init__(self, *command: str, gossl: bool, python: bool = True, **more: Any) -> None:
        line = [*([sys.executable] if python else []), *command]
        self.process: subprocess.Popen[str] = subprocess.Popen(
            line, env=environment(gossl), stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True, **more
        )

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()

    def ports(self) -> dict[str, int]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("the server has ended")
        found: dict[str, int] = json.loads(line)
        return found


def run_servers(commands: Mapping[str, Sequence[str]], ports: Mapping[str, int], ready: Any, **more: Any) -> None:
    """Starts commands, waits until each has its port, and then for ever."""
    running = [subprocess.Popen(command, stdout=sys.stderr, **more) for command in commands.values()]
    for port in set(ports.values()):
        wait_for(port, running)
    ready(ports)
    for process in running:
        process.wait()


def require(*programs: str) -> None:
    """Ends with NOT_THERE if one of the programs is not installed."""
    for program in programs:
        if shutil.which(program) is None:
            print(f"{program} is not installed")
            sys.stdout.flush()
            os._exit(NOT_THERE)


def free_port() -> int:
    import socket

    with socket.create_server((HOST, 0)) as s:
        port: int = s.getsockname()[1]
        return port


def two_free_ports() -> int:
    """The first of two ports in a row."""
    import socket

    while True:
        port = free_port()
        with contextlib.suppress(OSError):
            socket.create_server((HOST, port + 1)).close()
            return port


def wait_for(port: int, running: Sequence[subprocess.Popen[bytes]] = ()) -> None:
    """Until something listens there; not if one of the processes has ended."""
    import socket

    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection((HOST, port), timeout=5).close()
            return
        except OSError:
            if time.monotonic() > deadline or any(process.poll() is not None for process in running):
                raise
            time.sleep(0.05)


# ---- HTTPS by the standard library -----------------------------------------------------------------------------------


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = describe(self.connection).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class _Server(http.server.ThreadingHTTPServer):
    context: ssl.SSLContext

    def finish_request(self, request: Any, client_address: Any) -> None:
        request.settimeout(PATIENCE)
        with self.context.wrap_socket(request, server_side=True) as connection:
            super().finish_request(connection, client_address)

    def handle_error(self, *_: object) -> None:
        pass


def serve_https(ready: Callable[[Mapping[str, int]], None]) -> None:
    servers = {}
    for kind in KINDS:
        servers[kind] = _Server((HOST, 0), _Handler)
        servers[kind].context = server_context(kind)
        threading.Thread(target=servers[kind].serve_forever, daemon=True).start()
    ready({kind: server.server_port for kind, server in servers.items()})
    threading.Event().wait()


def fetch_https(port: int, certificate: Pair | None) -> str:
    from urllib.request import urlopen

    with urlopen(url(port), context=client_context(certificate), timeout=PATIENCE) as answer:
        return str(answer.read().decode())


def fetch_served(port: int, certificate: Pair | None) -> str:
    """From a server that says "served" to all, since its applications do not learn of TLS."""
    from http.client import HTTPSConnection

    connection = HTTPSConnection(HOST, port, context=client_context(certificate), timeout=PATIENCE)
    connection.connect()
    version = connection.sock.version()  # type: ignore[attr-defined]
    connection.request("GET", "/")
    expect(connection.getresponse().read().decode(), "served")
    connection.close()
    return f"{version} {NAME if certificate else '-'}"


def url(port: int, scheme: str = "https") -> str:
    return f"{scheme}://{HOST}:{port}/"
