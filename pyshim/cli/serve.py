"""gossl serve: a folder over HTTPS, for development, with a certificate that is made on the spot."""

from __future__ import annotations

import argparse
import ipaddress
import os
import socket
import time
from functools import partial
from typing import Any

from gossl._advice import printable

from .ends import Ended, Exit
from .terminal import Terminal

SUMMARY = "serve a folder over HTTPS, for development"
EXAMPLES = """\
  gossl serve                          this folder, https://localhost:8443/
  gossl serve --port 0 site            on a free port
  gossl serve --save-cert dev.pem .    then: curl --cacert dev.pem https://localhost:8443/
  gossl serve --bind 0.0.0.0 --name box.lan .
  gossl serve --cert mine.pem --key mine.key .
"""

_DAY = 86400
_IDLE = 60.0  # seconds that a connection may be silent


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", nargs="?", default=".", metavar="DIR", help="the folder (default: this one)")
    parser.add_argument("--port", type=_port, default=8443, help="0 takes a free one (default: 8443)")
    parser.add_argument("--bind", type=_address, default="127.0.0.1", metavar="ADDRESS", help="default: 127.0.0.1")
    parser.add_argument("--name", action="append", default=[], help="another name or address for the certificate")
    parser.add_argument("--days", type=int, default=7, help="how long the certificate is good (default: 7)")
    parser.add_argument("--save-cert", metavar="FILE", help="write the certificate, not its key, for clients to trust")
    parser.add_argument("--cert", metavar="FILE", help="use this certificate chain instead")
    parser.add_argument("--key", metavar="FILE", help="its key, if it is not in the same file")


def run(options: argparse.Namespace, terminal: Terminal) -> int:
    if not os.path.isdir(options.directory):
        raise Ended(f"{options.directory}: not a folder", Exit.USAGE)
    context, certificate = _context(options)
    with _listen(options, context, terminal) as server:
        try:
            _announce(server, certificate, options, terminal)
            server.serve_forever(poll_interval=0.1)
        except KeyboardInterrupt:
            terminal.print("stopped")
    return Exit.OK


def names_for(bind: str, more: list[str]) -> list[str]:
    """What the certificate is for: this machine by its usual names, and what was asked for."""
    names = ["localhost", "127.0.0.1", "::1"]
    address = ipaddress.ip_address(bind)
    if not address.is_loopback:
        names += [socket.gethostname()] + ([] if address.is_unspecified else [bind])
    return list(dict.fromkeys([*more, *names]))


def _context(options: argparse.Namespace) -> tuple[Any, bytes | None]:
    """The server's context, and the certificate if it was made here."""
    from gossl import _lib, ssl

    from .dial import setting_failed

    if options.key and not options.cert:
        raise Ended("--key needs --cert", Exit.USAGE)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    try:
        if options.cert:
            context.load_cert_chain(options.cert, options.key)
            return context, None
        now = int(time.time())
        names = ",".join(names_for(options.bind, options.name))
        # An hour back, for clocks that are not quite right.
        made = _lib.make_certificate(names, now - 3600, now + options.days * _DAY)
        if not isinstance(made, bytes):
            raise Ended(f"no certificate: {made.message}", Exit.USAGE)
        context.load_cert_chain(made)
    except (OSError, ValueError) as e:
        raise Ended(setting_failed(e), Exit.USAGE) from None
    return context, made[: made.index(b"-----BEGIN PRIVATE KEY")]


def _listen(options: argparse.Namespace, context: Any, terminal: Terminal) -> Any:
    # http.server imports ssl, by way of http.client.
    import gossl

    gossl.install()
    import http.server

    class Handler(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "gossl"
        timeout = _IDLE

        def log_message(self, form: str, *arguments: Any) -> None:
            terminal.complain(f"{self.client_address[0]} {printable(form % arguments)}")

    class Server(http.server.ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in options.bind else socket.AF_INET

        def server_bind(self) -> None:
            # HTTPServer's own looks its name up, which can take long and is of no use here.
            import socketserver

            socketserver.TCPServer.server_bind(self)
            self.server_name, self.server_port = options.bind, self.server_address[1]

        def finish_request(self, request: Any, client_address: Any) -> None:
            """In the connection's own thread: a client that is slow to shake hands keeps nobody waiting."""
            request.settimeout(_IDLE)
            try:
                secure = context.wrap_socket(request, server_side=True)
            except OSError as e:
                terminal.complain(f"{client_address[0]} no TLS: {str(e).splitlines()[0]}")
                return
            try:
                self.RequestHandlerClass(secure, client_address, self)  # type: ignore[arg-type]
                secure.settimeout(1.0)
                secure.unwrap()
            except OSError:
                pass  # the client is gone
            finally:
                secure.close()

    try:
        return Server((options.bind, options.port), partial(Handler, directory=options.directory))
    except OSError as e:
        raise Ended(f"cannot listen on {options.bind}:{options.port}: {e.strerror}") from None


def _announce(server: Any, certificate: bytes | None, options: argparse.Namespace, terminal: Terminal) -> None:
    if certificate is not None and options.save_cert:
        _save(options.save_cert, certificate)
    loopback = ipaddress.ip_address(options.bind).is_loopback and options.bind != "::1"
    host = "localhost" if loopback else f"[{options.bind}]" if ":" in options.bind else options.bind
    url = f"https://{host}:{server.server_address[1]}/"
    terminal.print(f"serving {os.path.abspath(options.directory)} at {terminal.paint(url, 'bold')} (Ctrl-C ends)")
    if certificate is not None:
        from gossl import _codes, _lib

        from .certificates import describe, names_text

        der = _lib.get_certificate(certificate, _codes.CERT_DER)
        facts = describe(der if isinstance(der, bytes) else b"")
        terminal.print(f"certificate for {names_text(facts, 100)}, self-signed, good for {options.days} days")
        terminal.print(f"SHA-256 {facts['sha256']}")
        if options.save_cert:
            terminal.print(f"for clients: {options.save_cert}, as in curl --cacert {options.save_cert} {url}")
        else:
            terminal.print("clients will refuse it unless they are told to trust it: --save-cert FILE writes it")
    terminal.out.flush()


def _save(path: str, certificate: bytes) -> None:
    try:
        with open(path, "wb") as file:
            file.write(certificate)
    except OSError as e:
        raise Ended(f"{path}: {e.strerror}") from None


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not an IP address") from None


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value < 65536:
        raise argparse.ArgumentTypeError("a port from 0 to 65535")
    return value
