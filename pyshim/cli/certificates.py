"""Certificates for people and for programs: one description, as an object for JSON, as lines, and as a tree."""

from __future__ import annotations

import base64
import ipaddress
import json
import time
from datetime import datetime, timezone
from typing import Any, NamedTuple

from gossl import _codes, _lib
from gossl._advice import printable

from .ends import Ended
from .terminal import Terminal

DAY = 86400
SOON = 14  # days before its end at which a certificate is worth a warning

_SHOWN_NAMES = 3


def describe(der: bytes) -> dict[str, Any]:
    """What a certificate says. The keys are those of the JSON reports: they may become more, never others."""
    found = {what: _lib.get_certificate(der, what) for what in (_codes.CERT_JSON, _codes.CERT_DETAILS)}
    basic, more = found[_codes.CERT_JSON], found[_codes.CERT_DETAILS]
    if not isinstance(basic, bytes) or not isinstance(more, bytes):
        raise Ended("this is not a certificate: its DER is malformed")
    known, details = json.loads(basic), json.loads(more)
    return {
        "subject": details["subject"],
        "issuer": details["issuer"],
        "serial": known["serialNumber"],
        "version": known["version"],
        "not_before": iso(details["notBefore"]),
        "not_after": iso(details["notAfter"]),
        "names": [f"{kind}:{_flat(value)}" for kind, value in known.get("subjectAltName", [])],
        "key": {"type": details["key"]["type"], "bits": details["key"]["bits"], "curve": details["key"].get("curve")},
        "signature_algorithm": details["signatureAlgorithm"],
        "is_ca": details["isCA"],
        "path_length": details["pathLength"],
        "self_signed": details["selfSigned"],
        "key_usage": details["keyUsage"],
        "extended_key_usage": details["extendedKeyUsage"],
        "subject_key_identifier": details["subjectKeyIdentifier"] or None,
        "authority_key_identifier": details["authorityKeyIdentifier"] or None,
        "ocsp": known.get("OCSP", []),
        "ca_issuers": known.get("caIssuers", []),
        "crls": known.get("crlDistributionPoints", []),
        "extensions": details["extensions"],
        "sha256": details["sha256"],
        "key_sha256": details["keySHA256"],
    }


def pem(der: bytes) -> str:
    body = base64.encodebytes(der).decode("ascii").replace("\n", "")
    lines = [body[i : i + 64] for i in range(0, len(body), 64)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----"])


def iso(seconds: int | None) -> str | None:
    """A time as in RFC 3339, or None if the certificate's is malformed."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).replace(tzinfo=None).isoformat() + "Z"
    except (OverflowError, OSError, ValueError):
        return None


def _flat(value: Any) -> str:
    """A directory name of subjectAltName in a line."""
    if isinstance(value, str):
        return value
    return ",".join(f"{name}={text}" for part in value for name, text in part)


# ---- For people ------------------------------------------------------------------------------------------------------


def short_name(facts: dict[str, Any], whose: str = "subject") -> str:
    """The common name, else the whole subject, else the first alternative name."""
    text: str = facts[whose]
    first = next((p[3:] for p in text.split(",") if p.startswith("CN=")), None)
    return printable(first or text or (facts["names"] or ["(no name)"])[0])


def key_text(facts: dict[str, Any]) -> str:
    key = facts["key"]
    size = key["curve"] or (f"{key['bits']} bits" if key["bits"] else "of unknown size")
    return str(key["type"]) if key["type"] in ("Ed25519", "Ed448") else f"{key['type']} {size}"


def dates_text(facts: dict[str, Any], terminal: Terminal, now: float | None = None) -> str:
    """From when to when, and what matters of it now."""
    start, end = facts["not_before"], facts["not_after"]
    span = f"{(start or '?')[:10]} to {(end or '?')[:10]}"
    if start is None or end is None:
        return terminal.paint(f"{span} (malformed)", "red")
    moment = time.time() if now is None else now
    left = (_seconds(end) - moment) / DAY
    if moment < _seconds(start):
        return terminal.paint(f"{span} (not valid yet)", "red")
    if left < 0:
        return terminal.paint(f"{span} (expired {_days(-left)} ago)", "red")
    return terminal.paint(f"{span} ({_days(left)} left)", *(["yellow"] if left < SOON else []))


def _days(days: float) -> str:
    return f"{days:.0f} days" if days >= 2 else f"{days * 24:.0f} hours"


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text[:-1]).replace(tzinfo=timezone.utc).timestamp()


def names_text(facts: dict[str, Any], most: int = _SHOWN_NAMES) -> str:
    names = [_plain(n) for n in facts["names"]]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _plain(name: str) -> str:
    """A host name or an address as people write them; another kind of name with its kind."""
    kind, _, value = name.partition(":")
    if kind == "IP Address":
        try:
            return str(ipaddress.ip_address(value))
        except ValueError:
            return printable(value)
    return printable(value if kind == "DNS" else name)


class Verdict(NamedTuple):
    """Why a chain was refused."""

    depth: int  # of the certificate that it is about
    text: str
    lacks_issuer: bool  # nothing was found above the last certificate


def tree(built: list[bytes], sent: list[bytes], terminal: Terminal, refused: Verdict | None) -> list[str]:
    """The chain as a tree that grows from its trust anchor, or from what is missing, down to the server's own."""
    chain = built or sent
    facts = [describe(der) for der in chain]
    lines: list[str] = []
    if facts and refused and refused.lacks_issuer:
        missing = f"? {short_name(facts[-1], 'issuer')}  not found"
        lines.append(terminal.paint(missing, "yellow"))
    indent = len(lines)
    for place, (der, fact) in enumerate(zip(reversed(chain), reversed(facts), strict=True)):
        depth = len(chain) - 1 - place
        margin = "   " * (place + indent - 1) + "└─ " if place + indent else ""
        below = "   " * (place + indent)
        is_anchor = bool(built) and depth == len(chain) - 1 and not (refused and refused.lacks_issuer)
        lines.append(margin + terminal.paint(short_name(fact), "bold") + _role(der in sent, is_anchor, refused))
        lines.append(f"{below}   {terminal.paint(key_text(fact), 'dim')} · {dates_text(fact, terminal)}")
        if depth == 0 and fact["names"]:
            lines.append(f"{below}   for {names_text(fact)}")
        if refused and refused.depth == depth:
            lines.append(f"{below}   " + terminal.paint(f"✗ {refused.text}", "red"))
    unused = [der for der in sent if der not in chain]
    if unused:
        lines.append(f"also sent, not used: {', '.join(short_name(describe(der)) for der in unused)}")
    return lines


def _role(was_sent: bool, is_anchor: bool, refused: Verdict | None) -> str:
    """Where a certificate of a chain comes from."""
    if was_sent:
        # The last of a refused chain may be trusted or not.
        return "  (trust anchor, sent too)" if is_anchor and not refused else ""
    return "  (trust anchor)" if is_anchor else "  (from the trust store)"
