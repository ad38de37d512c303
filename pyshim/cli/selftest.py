"""Does gossl work in this process? A handshake in memory, one in a forked child, a signal during a read."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

from gossl import _lib, ssl

_NAME = "selftest.gossl.invalid"
_LONGEST = 10.0  # seconds that a child may take
_SIGNAL_AFTER = 0.05
_ROUNDS = 20
_KEY = b"-----BEGIN PRIVATE KEY"


class Check(NamedTuple):
    """What a check found: it holds, or not, or (None) could not be made here."""

    name: str
    holds: bool | None
    text: str


class _Failed(Exception):
    """A check does not hold; the text says why."""


def checks() -> list[Check]:
    """All checks, in order. None of them leaves anything behind."""
    return [
        _check("handshake, TLS 1.3", lambda: _handshake(ssl.TLSVersion.TLSv1_3)),
        _check("handshake, TLS 1.2", lambda: _handshake(ssl.TLSVersion.TLSv1_2)),
        _check("refusal of a stranger", _refusal),
        _check("fork", _fork),
        _check("signals", _signals),
    ]


def _check(name: str, action: Callable[[], str | None]) -> Check:
    try:
        text = action()
    except (_Failed, OSError, ValueError, ImportError) as e:
        return Check(name, False, str(e).splitlines()[0] if str(e) else type(e).__name__)
    return Check(name, True, text) if text is not None else Check(name, None, "not possible here")


class _Pair:
    """A client and a server in memory, with a certificate made on the spot."""

    def __init__(self, trusts: bool = True, version: Any = None) -> None:
        now = int(time.time())
        made = _lib.make_certificate(_NAME, now - 3600, now + 3600)
        if not isinstance(made, bytes):
            raise _Failed(f"no certificate could be made: {made.message}")
        self.client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if trusts:
            self.client_context.load_verify_locations(cadata=made[: made.index(_KEY)].decode("ascii"))
        if version:
            self.client_context.minimum_version = self.client_context.maximum_version = version
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(made)
        up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = self.client_context.wrap_bio(down, up, server_hostname=_NAME)
        self.server = server.wrap_bio(up, down, server_side=True)

    def shake(self) -> None:
        waiting = [self.client, self.server]
        for _ in range(_ROUNDS):
            for side in list(waiting):
                try:
                    side.do_handshake()
                    waiting.remove(side)
                except ssl.SSLWantReadError:
                    pass
            if not waiting:
                return
        raise _Failed("the handshake does not end")

    def echo(self) -> None:
        self.client.write(b"ping")
        if self.server.read(16) != b"ping":
            raise _Failed("what was sent is not what came")


def _handshake(version: Any) -> str:
    started = time.perf_counter()
    pair = _Pair(version=version)
    pair.shake()
    pair.echo()
    milliseconds = (time.perf_counter() - started) * 1000
    name = (pair.client.cipher() or ("no cipher",))[0]
    return f"{name}, {milliseconds:.1f} ms with a new certificate"


def _refusal() -> str:
    try:
        _Pair(trusts=False).shake()
    except ssl.SSLCertVerificationError as e:
        return f"{e.verify_message}, as it should be"
    raise _Failed("a certificate that nobody vouches for was accepted")


def _fork() -> str | None:
    """A connection from before the fork goes on in the child, and a new handshake works there."""
    if not hasattr(os, "fork"):
        return None
    pair = _Pair()
    pair.shake()
    sys.stdout.flush()
    started = time.monotonic()
    with warnings.catch_warnings():
        # Python 3.12 warns of threads that hold locks; the engine's hold none that matter.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        code = 1
        try:
            pair.echo()
            _Pair().shake()
            code = 0
        finally:
            os._exit(code)
    while time.monotonic() - started < _LONGEST:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            if status:
                raise _Failed(f"TLS failed in a forked child (status {status})")
            return f"a child goes on with a connection and makes one, {(time.monotonic() - started) * 1000:.0f} ms"
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    raise _Failed("a forked child hangs")


class _Interrupted(Exception):
    """What the handler of the check raises."""


def _signals() -> str | None:
    """A handler of Python's runs while a handshake waits for its peer, and its exception comes out."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        return None

    def interrupt(*_: object) -> None:
        raise _Interrupted

    ours, silent = socket.socketpair()
    ours.settimeout(_LONGEST)
    before = signal.signal(signal.SIGALRM, interrupt)
    started = time.monotonic()
    try:
        waiting = _Pair().client_context.wrap_socket(ours, server_hostname=_NAME, do_handshake_on_connect=False)
        signal.setitimer(signal.ITIMER_REAL, _SIGNAL_AFTER)
        with waiting:
            waiting.do_handshake()
    except _Interrupted:
        late = time.monotonic() - started - _SIGNAL_AFTER
        return f"a handler runs while a handshake waits, {max(late, 0) * 1000:.0f} ms late"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        ours.close()
        silent.close()
    raise _Failed("a handshake with a silent peer ended by itself")
