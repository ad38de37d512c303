"""gossl connect: a TLS connection, and what there is to know of it."""

from __future__ import annotations

import argparse
from typing import Any

from gossl import _advice

from . import certificates, pipe, recorder, target
from .dial import Dialled, dial, exit_code
from .hints import failure_text, way_out
from .terminal import Terminal

SUMMARY = "connect to a server and show version, cipher, times and certificates"
EXAMPLES = """\
  gossl connect example.org                          port 443
  gossl connect --starttls smtp mail.example.org
  gossl connect --cafile ca.pem --name app.internal 10.0.0.7:8443
  gossl connect --cert me.pem --key me.key example.org
  gossl connect --json example.org | jq .tls.group
  printf 'HEAD / HTTP/1.0\\r\\n\\r\\n' | gossl connect --pipe example.org
"""
SCHEMA = "gossl.connect/1"

_TRUST_IT = "--cafile FILE, or the variable SSL_CERT_FILE"
_COLUMN = 12
_LACK_ISSUER = (2, 20)  # X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT and ..._LOCALLY


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", metavar="HOST[:PORT]", help="or [ADDRESS]:PORT, or an https URL")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help=f"as JSON (schema {SCHEMA})")
    form.add_argument("--pipe", action="store_true", help="then send standard input and print what comes")
    target.add_options(parser)


def run(options: argparse.Namespace, terminal: Terminal) -> int:
    where = target.parse(options.target, options.name, options.starttls)
    dialled = dial(where, options, terminal)
    try:
        if options.json:
            terminal.print_json(report(dialled))
        elif options.pipe:
            # What comes from the server is alone on standard output.
            show(dialled, Terminal(terminal.err, terminal.err, options.color))
            if dialled.error is None:
                dialled.recorder.stop()
                pipe.run(dialled, options.timeout)
        else:
            show(dialled, terminal)
        return exit_code(dialled)
    finally:
        dialled.close()


# ---- For programs ----------------------------------------------------------------------------------------------------


def report(dialled: Dialled) -> dict[str, Any]:
    """The whole report for programs: keys may become more, never others."""
    return {
        "schema": SCHEMA,
        "ok": dialled.error is None,
        "host": dialled.target.host,
        "port": dialled.target.port,
        "name": dialled.target.name,
        "address": dialled.address,
        "starttls": dialled.starttls,
        "times_ms": {step: round(seconds * 1000, 3) for step, seconds in dialled.times.items()},
        "tls": _tls(dialled),
        "verified": dialled.verifies and dialled.error is None,
        "error": _error(dialled),
        "chain": [certificates.describe(der) for der in dialled.built_chain()],
        "sent": [certificates.describe(der) for der in dialled.peer_chain()],
    }


_IANA = {"x25519": "X25519", "x448": "X448"}  # where OpenSSL writes a group's name in its own way


def _tls(dialled: Dialled) -> dict[str, Any]:
    """What was agreed on; None for what the handshake did not come to."""
    connection = dialled.connection
    name, _, bits = connection.cipher() or (None, None, None)
    return {
        "version": dialled.version(),
        "cipher": name,
        "bits": bits,
        "group": _IANA.get(group := connection.group(), group),
        "signature": connection.server_sigalg(),
        "alpn": connection.selected_alpn_protocol(),
        "client_certificate": _client_certificate(dialled),
    }


def _client_certificate(dialled: Dialled) -> str:
    if not dialled.recorder.received(recorder.CERTIFICATE_REQUEST):
        return "not asked for"
    return "shown" if dialled.connection.client_sigalg() else "asked for, none shown"


def _error(dialled: Dialled) -> dict[str, Any] | None:
    if dialled.error is None:
        return None
    refusal, advice = dialled.refusal(), _advice_on(dialled)
    return {
        "type": type(dialled.error).__name__,
        "text": failure_text(dialled),
        "reason": getattr(dialled.error, "reason", None),
        "verify_code": refusal.code if refusal else None,
        "verify_message": getattr(dialled.error, "verify_message", None),
        "depth": refusal.depth if refusal else None,
        "certificate": advice.certificate or None,
        "rule": advice.rule or None,
        "way_out": advice.way_out or None,
    }


def _advice_on(dialled: Dialled) -> _advice.Advice:
    if refusal := dialled.refusal():
        return _advice.advise(refusal, _TRUST_IT)
    return _advice.Advice(way_out=way_out(dialled) if dialled.error else "")


# ---- For people ------------------------------------------------------------------------------------------------------


def show(dialled: Dialled, terminal: Terminal) -> None:
    tls = _tls(dialled)
    terminal.print(f"{terminal.paint(str(dialled.target), 'bold')}  {_verdict(dialled, tls, terminal)}")
    rows = [
        ("address", dialled.address),
        ("cipher", f"{tls['cipher']}, {tls['bits']} bits" if tls["cipher"] else ""),
        ("group", tls["group"] or ""),
        ("signature", tls["signature"] or ""),
        ("ALPN", _advice.printable(tls["alpn"] or "")),
        ("client cert", "" if tls["client_certificate"] == "not asked for" else tls["client_certificate"]),
        ("time", ", ".join(f"{step} {seconds * 1000:.1f} ms" for step, seconds in dialled.times.items())),
    ]
    for label, text in rows:
        if text:
            terminal.print_row(label, text, _COLUMN)
    refusal = dialled.refusal()
    verdict = None
    if refusal:
        text = str(getattr(dialled.error, "verify_message", ""))
        verdict = certificates.Verdict(refusal.depth, text, refusal.code in _LACK_ISSUER)
    lines = certificates.tree(dialled.built_chain(), dialled.peer_chain(), terminal, verdict)
    for number, line in enumerate(lines):
        terminal.print(f"  {'chain' if number == 0 else '':<{_COLUMN}}{line}")
    for label, text in _advice_on(dialled).labelled():
        terminal.print_row(label, text, _COLUMN, "yellow")


def _verdict(dialled: Dialled, tls: dict[str, Any], terminal: Terminal) -> str:
    if dialled.error is not None:
        return terminal.paint(f"✗ {failure_text(dialled)}", "red")
    if not dialled.verifies:
        return terminal.paint(f"{tls['version']}, not verified (--insecure)", "yellow")
    return terminal.paint(f"✓ {tls['version']}, verified", "green")
