"""Standard input to the server, and what the server sends to standard output."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

from .dial import Dialled

_CHUNK = 16384


def run(dialled: Dialled, patience: float) -> None:
    """Goes on until the server closes, or, once standard input has ended, until it is silent for so many seconds.

    The end of standard input is not told to the server: many would not answer any more.
    """
    output, sock = sys.stdout.buffer, dialled.sock
    sock.settimeout(patience)
    output.write(dialled.early)
    # A thread of its own: neither direction ever waits for the other.
    sender = threading.Thread(target=_send, args=(sock, sys.stdin.fileno()), daemon=True)
    sender.start()
    while True:
        output.flush()
        try:
            data = sock.recv(_CHUNK)
        except TimeoutError:
            if sender.is_alive():
                continue
            return
        except OSError as e:
            dialled.error = e
            return
        if not data:
            return
        output.write(data)


def _send(sock: Any, source: int) -> None:
    try:
        while data := os.read(source, _CHUNK):
            sock.sendall(data)
    except OSError:
        pass  # the reading side hears of it too, and says so
