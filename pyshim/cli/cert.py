"""gossl cert: what is in a certificate."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from gossl import _codes, _lib
from gossl._advice import printable

from . import certificates, target
from .dial import dial
from .ends import Ended, Exit
from .hints import failure_text
from .terminal import Terminal

SUMMARY = "decode certificates of a file, of standard input or of a server"
EXAMPLES = """\
  gossl cert server.pem                all certificates of the file
  gossl cert example.org               what the server sends, good or bad
  gossl cert --pem example.org >x.pem  as PEM
  gossl cert --json - <server.der      for a program; - is standard input
"""
SCHEMA = "gossl.cert/1"

_LONGEST_FILE = 64 << 20


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="FILE|HOST[:PORT]|-", help="a file, PEM or DER, or else a server")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help=f"as JSON (schema {SCHEMA})")
    form.add_argument("--pem", action="store_true", help="as PEM")
    target.add_options(parser)


def run(options: argparse.Namespace, terminal: Terminal) -> int:
    ders = _ders(options, terminal)
    if options.pem:
        terminal.print("\n".join(map(certificates.pem, ders)))
        return Exit.OK
    found = [certificates.describe(der) for der in ders]
    if options.json:
        terminal.print_json({"schema": SCHEMA, "source": options.source, "certificates": found})
        return Exit.OK
    for number, facts in enumerate(found):
        if number:
            terminal.print()
        _show(facts, terminal)
    return Exit.OK


def _ders(options: argparse.Namespace, terminal: Terminal) -> list[bytes]:
    source = options.source
    if source == "-":
        return _parse(sys.stdin.buffer.read(_LONGEST_FILE), "standard input")
    if os.path.exists(source):
        try:
            with open(source, "rb") as file:
                return _parse(file.read(_LONGEST_FILE), source)
        except OSError as e:
            raise Ended(f"{source}: {e.strerror}") from None
    # What a server sends is shown whether it is good or not.
    options.insecure = True
    try:
        dialled = dial(target.parse(source, options.name, options.starttls), options, terminal)
    except Ended as e:
        raise Ended(f"{source} is no file; and as a server: {e}", e.code) from None
    try:
        ders = dialled.peer_chain()
        if not ders:
            raise Ended(f"{source}: {failure_text(dialled) if dialled.error else 'no certificate'}", Exit.TLS)
        return ders
    finally:
        dialled.close()


def _parse(data: bytes, source: str) -> list[bytes]:
    begin, end = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
    blocks = [begin + part.partition(end)[0] + end + b"\n" for part in data.split(begin)[1:]]
    found = [_lib.get_certificate(block, _codes.CERT_DER) for block in blocks or [data]]
    if not all(isinstance(der, bytes) for der in found):
        raise Ended(f"{source}: not a certificate in PEM or DER")
    return [der for der in found if isinstance(der, bytes)]


_LABELS = (
    ("signature", "signature_algorithm"),
    ("key id", "subject_key_identifier"),
    ("issuer key id", "authority_key_identifier"),
)


def _show(facts: dict[str, Any], terminal: Terminal) -> None:
    rows = [
        ("issuer", "itself" if facts["self_signed"] else printable(facts["issuer"])),
        ("valid", certificates.dates_text(facts, terminal)),
        ("key", certificates.key_text(facts)),
        ("names", certificates.names_text(facts, 1000)),
        ("CA", _ca(facts)),
        ("usage", ", ".join([*(facts["key_usage"] or []), *(facts["extended_key_usage"] or [])])),
        ("serial", facts["serial"]),
        *((label, facts[key] or "") for label, key in _LABELS),
        ("OCSP", " ".join(map(printable, facts["ocsp"]))),
        ("CA issuers", " ".join(map(printable, facts["ca_issuers"]))),
        ("CRLs", " ".join(map(printable, facts["crls"]))),
        ("extensions", ", ".join(_extension(e) for e in facts["extensions"])),
        ("SHA-256", facts["sha256"]),
        ("key SHA-256", facts["key_sha256"]),
    ]
    terminal.print(terminal.paint(printable(facts["subject"]) or "(no subject)", "bold"))
    for label, text in rows:
        if text:
            terminal.print_row(label, text, 14)


def _ca(facts: dict[str, Any]) -> str:
    if not facts["is_ca"]:
        return "no"
    below = facts["path_length"]
    return "yes" if below is None else f"yes, with {f'at most {below}' if below else 'no'} CAs below"


def _extension(extension: dict[str, Any]) -> str:
    return printable(extension["name"]).removeprefix("X509v3 ") + (" (critical)" if extension["critical"] else "")
