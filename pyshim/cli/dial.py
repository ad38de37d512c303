"""Making a connection step by step, and remembering how each step went."""

from __future__ import annotations

import argparse
import errno
import os
import select
import socket
import time
import warnings
from dataclasses import dataclass, field
from typing import Any

from gossl import _advice, _codes, _lib, _socket, ssl
from gossl._cert import entries

from . import recorder, starttls
from .ends import Ended, Exit
from .target import VERSIONS, Target
from .terminal import Terminal

# For how long, in seconds, a TLS 1.3 server that asked for a certificate may take to refuse it.
SECOND_THOUGHTS = 1.0

_FAMILIES = {None: socket.AF_UNSPEC, 4: socket.AF_INET, 6: socket.AF_INET6}


@dataclass
class Dialled:
    """A connection that is open, or why it is not."""

    target: Target
    starttls: str | None
    verifies: bool
    recorder: recorder.Recorder
    address: str = ""
    times: dict[str, float] = field(default_factory=dict)  # seconds of each step that was done
    error: OSError | None = None  # of the handshake
    sock: Any = None  # an SSLSocket
    early: bytes = b""  # what the server sent before it was asked

    @property
    def connection(self) -> Any:
        """The _SSLSocket, which still knows the certificates when the handshake has failed."""
        return self.sock._sslobj

    def close(self) -> None:
        """Says goodbye, without waiting for an answer."""
        if self.sock is None:
            return
        try:
            if self.error is None and self.connection is not None:
                self.sock.setblocking(False)
                self.connection.shutdown()
        except OSError:
            pass
        finally:
            self.sock.close()

    # ---- Facts, as far as the handshake came

    def version(self) -> str | None:
        number = _lib.get_int("gossl_conn_get_int", self._handle, _codes.CONN_CHOSEN_VERSION)
        return _socket._VERSION_NAMES.get(number)

    def peer_chain(self) -> list[bytes]:
        """What the server sent."""
        return self._list(_codes.CONN_PEER_CHAIN)

    def built_chain(self) -> list[bytes]:
        """What was built of it: to a trust anchor, or as far as it went."""
        return self._list(_codes.CONN_VERIFIED_CHAIN)

    def refusal(self) -> _advice.Refusal | None:
        """Why the certificate was refused, if it was."""
        if not isinstance(self.error, ssl.SSLCertVerificationError):
            return None
        depth = _lib.get_int("gossl_conn_get_int", self._handle, _codes.CONN_VERIFY_DEPTH)
        anchors = self.sock.context.cert_store_stats()["x509"]
        code = self.error.verify_code
        return _advice.Refusal(code, depth, self.built_chain(), self.target.name, False, anchors)

    @property
    def _handle(self) -> int:
        handle: int = _lib.number_of(self.connection._handle)
        return handle

    def _list(self, what: int) -> list[bytes]:
        found = _lib.get("gossl_conn_get", self._handle, what)
        return entries(found) if isinstance(found, bytes) else []


def context_of(options: argparse.Namespace) -> Any:
    """A client's context as the options want it; Ended for what does not work."""
    try:
        context: Any = ssl.create_default_context(cafile=options.cafile, capath=options.capath)
        if options.insecure:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if options.tls:
            _only(context, VERSIONS[options.tls])
        if options.ciphers:
            context.set_ciphers(options.ciphers)
        if options.groups:
            context.set_groups(options.groups)
        if options.alpn:
            context.set_alpn_protocols([p for p in options.alpn.split(",") if p])
        if options.cert:
            context.load_cert_chain(options.cert, options.key)
        if options.keylog:
            context.keylog_filename = options.keylog
    except (OSError, ValueError) as e:
        raise Ended(setting_failed(e), Exit.USAGE) from None
    if options.key and not options.cert:
        raise Ended("--key needs --cert", Exit.USAGE)
    return context


def _only(context: Any, version: int) -> None:
    """This TLS version alone; one that nobody should use any more must be asked for by name, which this was."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        if version < ssl.TLSVersion.TLSv1_2:
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion(version)


def setting_failed(error: Exception) -> str:
    """Why a setting does not work, with the file if it is about one."""
    text, file = str(error).splitlines()[0], getattr(error, "filename", None)
    return f"this does not work: {text}" + (f" ({file})" if file and str(file) not in text else "")


def dial(target: Target, options: argparse.Namespace, terminal: Terminal) -> Dialled:
    """Connects and shakes hands. What comes before the handshake ends the command if it fails; a failed handshake is
    told in the result."""
    context = context_of(options)
    dialled = Dialled(target, options.starttls, not options.insecure, recorder.Recorder(context))
    found = _resolve(dialled, options, terminal)
    raw = _connect(dialled, found, options, terminal)
    try:
        if options.starttls:
            _step(dialled, "starttls", terminal, lambda: starttls.negotiate(options.starttls, raw, target.name))
        dialled.recorder.began = time.perf_counter()
        # ssl's socket takes the descriptor over.
        dialled.sock = context.wrap_socket(raw, server_hostname=target.name, do_handshake_on_connect=False)
        if dialled.sock._sslobj is None:  # ssl finds no peer any more
            raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
        with terminal.working(f"shaking hands with {target}"):
            _shake(dialled)
    except ValueError as e:
        raise Ended(f"{target.name!r}: {e}", Exit.USAGE) from None
    except OSError as e:
        raise Ended(f"the connection to {target} ended: {e.strerror or e}") from None
    finally:
        if "handshake" not in dialled.times:
            raw.close()
            dialled.close()
    return dialled


def _resolve(dialled: Dialled, options: argparse.Namespace, terminal: Terminal) -> list[Any]:
    target = dialled.target
    try:
        found: list[Any] = _step(
            dialled, "resolve", terminal,
            lambda: socket.getaddrinfo(target.host, target.port, _FAMILIES[options.family], socket.SOCK_STREAM),
        )  # fmt: skip
    except (socket.gaierror, UnicodeError) as e:
        raise Ended(f"{target.host} has no address: {getattr(e, 'strerror', None) or e}") from None
    return found


def _connect(dialled: Dialled, found: list[Any], options: argparse.Namespace, terminal: Terminal) -> socket.socket:
    """Tries the addresses in turn."""
    failures = []
    for family, kind, protocol, _, address in found:
        dialled.address = address[0]
        raw = socket.socket(family, kind, protocol)
        raw.settimeout(options.timeout)
        try:
            _step(dialled, "connect", terminal, lambda raw=raw, address=address: raw.connect(address))
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as e:
            raw.close()
            failures.append(f"{address[0]}: {e.strerror or e}")
        except BaseException:
            raw.close()
            raise
        else:
            return raw
    raise Ended(f"cannot connect to {dialled.target}: {'; '.join(failures)}")


def _step(dialled: Dialled, name: str, terminal: Terminal, action: Any) -> Any:
    doing = {"resolve": "resolving", "connect": "connecting to", "starttls": "speaking plain text with"}[name]
    started = time.perf_counter()
    with terminal.working(f"{doing} {dialled.target}"):
        try:
            result = action()
        except (TimeoutError, ConnectionError) as e:
            if name != "starttls":
                raise
            raise Ended(f"the {dialled.starttls} server failed: {e}") from None
    dialled.times[name] = time.perf_counter() - started
    return result


def _shake(dialled: Dialled) -> None:
    started = time.perf_counter()
    try:
        try:
            dialled.sock.do_handshake()
        finally:
            dialled.times["handshake"] = time.perf_counter() - started
        if dialled.version() == "TLSv1.3" and dialled.recorder.received(recorder.CERTIFICATE_REQUEST):
            listen(dialled, SECOND_THOUGHTS)
    except OSError as e:
        dialled.error = e


def listen(dialled: Dialled, seconds: float) -> None:
    """Waits for what a TLS 1.3 server says after its handshake: tickets, which end the wait, or that it refuses."""
    sock, deadline = dialled.sock, time.monotonic() + seconds
    timeout = sock.gettimeout()
    sock.setblocking(False)
    try:
        while not dialled.early:
            try:
                dialled.early = sock.recv(16384)
                if not dialled.early:
                    return
            except ssl.SSLWantReadError:
                left = deadline - time.monotonic()
                if left <= 0 or dialled.recorder.received(recorder.NEW_SESSION_TICKET):
                    return
                select.select([sock], [], [], left)
    finally:
        sock.settimeout(timeout)


def exit_code(dialled: Dialled) -> Exit:
    if dialled.error is None:
        return Exit.OK
    if isinstance(dialled.error, ssl.SSLCertVerificationError):
        return Exit.UNVERIFIED
    return Exit.TLS if isinstance(dialled.error, ssl.SSLError) else Exit.FAILED
