"""What the tests of the commands have in common: servers of every kind, and running a command as a person would."""

from __future__ import annotations

import contextlib
import io
import os
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from gossl import _lib, ssl
from gossl.cli import main
from support import AUTHORITY, LEAF

CA = str(AUTHORITY.cert)
Preface = Callable[[socket.socket], None]


class Ran(NamedTuple):
    code: int
    out: str
    err: str


def run(*arguments: str, stdin: bytes = b"") -> Ran:
    """A command in this process."""
    out, err = io.StringIO(), io.StringIO()
    stdin_file = io.TextIOWrapper(io.BytesIO(stdin))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), mock.patch("sys.stdin", stdin_file):
        try:
            code = main(list(arguments))
        except SystemExit as e:
            code = e.code if isinstance(e.code, int) else 1
    return Ran(code, out.getvalue(), err.getvalue())


def start(*arguments: str, **keywords: Any) -> subprocess.Popen[bytes]:
    """A command in a process of its own, with pipes."""
    command = [sys.executable, "-m", "gossl", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, **keywords)


def certificate(names: str = "localhost,127.0.0.1", start: int = -3600, end: int = 86400) -> bytes:
    """A self-signed certificate and its key; times are seconds from now."""
    now = int(time.time())
    made = _lib.make_certificate(names, now + start, now + end)
    assert isinstance(made, bytes)
    return made


def certificate_file(test: Any, pem: bytes) -> str:
    """The certificate alone in a file, for a client to trust."""
    folder = tempfile.TemporaryDirectory()
    test.addCleanup(folder.cleanup)
    path = Path(folder.name) / "cert.pem"
    path.write_bytes(pem[: pem.index(b"-----BEGIN PRIVATE")])
    return str(path)


def server_context(pem: bytes | None = None) -> Any:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if pem is None:
        context.load_cert_chain(LEAF.cert, LEAF.key)
    else:
        context.load_cert_chain(pem)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


@contextlib.contextmanager
def serving(context: Any, preface: Preface | None = None, behave: Callable[[Any], None] | None = None) -> Iterator[int]:
    """A server on loopback, for one connection after another; gives its port.

    preface speaks plain text first; behave gets the SSLSocket, and waits for its end by default. Without a context
    the server listens, and says nothing.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    awake, ending = socket.socketpair()

    def serve() -> None:
        while awake not in select.select([listener, awake], [], [])[0]:
            raw, _ = listener.accept()
            raw.settimeout(20)
            with raw, contextlib.suppress(OSError):
                if preface:
                    preface(raw)
                if context is None:
                    while raw.recv(65536):
                        pass
                    continue
                with context.wrap_socket(raw, server_side=True) as sock:
                    (behave or (lambda s: s.recv(1)))(sock)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        ending.close()
        thread.join(30)
        awake.close()
        listener.close()


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


def environment(**more: str) -> dict[str, str]:
    """This process's environment without what says how to colour, and with more."""
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM")}
    return {**kept, **more}
