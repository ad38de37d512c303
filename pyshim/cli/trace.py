"""gossl trace: the handshake as a ladder of records and messages."""

from __future__ import annotations

import argparse
from typing import Any

from . import ladder, messages, svg, target
from .dial import Dialled, dial, exit_code, listen
from .ends import Ended
from .hints import failure_text
from .recorder import Message
from .terminal import Terminal

SUMMARY = "show the handshake as a ladder of records and messages"
EXAMPLES = """\
  gossl trace example.org
  gossl trace --svg handshake.svg example.org      a picture of it
  gossl trace --tls 1.2 --starttls imap mail.example.org
"""
SCHEMA = "gossl.trace/1"

# How long, in seconds, a TLS 1.3 server may take to send its first ticket.
_TICKETS = 0.5


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", metavar="HOST[:PORT]", help="or [ADDRESS]:PORT, or an https URL")
    parser.add_argument("--json", action="store_true", help=f"as JSON (schema {SCHEMA})")
    parser.add_argument("--svg", metavar="FILE", help="write a picture to this file, too")
    target.add_options(parser)


def run(options: argparse.Namespace, terminal: Terminal) -> int:
    where = target.parse(options.target, options.name, options.starttls)
    dialled = dial(where, options, terminal)
    try:
        if dialled.error is None:
            _finish(dialled)
        rungs = _rungs(dialled)
    finally:
        dialled.close()
    if options.svg:
        _write(options.svg, svg.picture(rungs, "client", str(where), f"TLS handshake with {where}"))
    if options.json:
        terminal.print_json(
            {"schema": SCHEMA, "target": str(where), "ok": dialled.error is None, "records": _json(rungs)}
        )
    else:
        for line in ladder.draw(rungs, "client", str(where), terminal):
            terminal.print(line)
        if dialled.error is not None:
            terminal.print(terminal.paint(f"✗ {failure_text(dialled)}", "red"))
    return exit_code(dialled)


def _finish(dialled: Dialled) -> None:
    """Waits for tickets, and says goodbye: both belong on the ladder."""
    try:
        if dialled.version() == "TLSv1.3":
            listen(dialled, _TICKETS)
        dialled.sock.setblocking(False)
        dialled.connection.shutdown()
    except OSError:
        pass  # the other side is gone, or says no goodbye; the ladder shows how far it went


def _rungs(dialled: Dialled) -> list[ladder.Rung]:
    suites = {c["id"] & 0xFFFF: c["name"] for c in dialled.sock.context.get_ciphers()}
    is_tls13 = dialled.version() == "TLSv1.3"

    def summarize(message: Message) -> messages.Summary:
        return messages.summarize(message, suites, is_tls13)

    return ladder.rungs(dialled.recorder.records, summarize)


def _json(rungs: list[ladder.Rung]) -> list[dict[str, Any]]:
    return [
        {
            "ms": round(rung.seconds * 1000, 3),
            "from": "client" if rung.sent else "server",
            "bytes": rung.length,
            "encrypted": rung.encrypted,
            "messages": [{"name": m.name, "details": m.details} for m in rung.messages],
        }
        for rung in rungs
    ]


def _write(path: str, text: str) -> None:
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as e:
        raise Ended(f"{path}: {e.strerror}") from None
