"""Programs in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

from support import AUTHORITY, LEAF

SETUP = f"""
import os, signal, socket, sys, threading, time
from gossl import ssl
server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server_context.load_cert_chain({str(LEAF.cert)!r}, {str(LEAF.key)!r})
client_context = ssl.create_default_context(cafile={str(AUTHORITY.cert)!r})
def connect():
    a, b = socket.socketpair()
    made = []
    t = threading.Thread(target=lambda: made.append(server_context.wrap_socket(b, server_side=True)))
    t.start()
    client = client_context.wrap_socket(a, server_hostname="localhost")
    t.join()
    return client, made[0]
"""


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a program."""
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
        check=False,
    )


def python(code: str, before: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a program with a connect() that gives both ends of a connection."""
    return run(textwrap.dedent(before) + SETUP + textwrap.dedent(code), **environment)
