"""What a person needs to know of a refused certificate: which one it is, which rule it breaks, and the way out.

Loaded only when a certificate has been refused. Names in certificates are the peer's words: they are shown without
control characters, and cut.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any, NamedTuple

from . import _codes, _lib

_LONGEST = 200
_MOST_NAMES = 6


class Advice(NamedTuple):
    """Three sentences about a refused certificate; empty is what is not known."""

    certificate: str = ""
    rule: str = ""
    way_out: str = ""

    def labelled(self) -> list[tuple[str, str]]:
        """The sentences that there are, with what each is about."""
        labels = ("certificate", "rule", "way out")
        return [(label, text) for label, text in zip(labels, self, strict=True) if text]


class Refusal(NamedTuple):
    """What the engine knows of a refused chain."""

    code: int  # X509_V_ERR_*
    depth: int  # of the certificate in chain
    chain: list[bytes]  # DER, as far as it was built, leaf first
    hostname: str | None
    by_server: bool  # a server refused its client's certificate
    anchors: int  # how many trust anchors were loaded


def annotate(error: BaseException, refusal: Refusal) -> None:
    """Adds the advice to an exception: as notes, or, before Python 3.11, behind its text."""
    lines = [f"{label}: {text}" for label, text in advise(refusal).labelled()]
    if sys.version_info >= (3, 11):
        for line in lines:
            error.add_note(line)
    elif isinstance(error, OSError):
        text = "\n".join([str(error.strerror), *lines])
        error.strerror = text
        error.args = (error.errno, text)


def advise(refusal: Refusal, load: str = "") -> Advice:
    """The advice; load says how to trust a CA, if it is not a program that is spoken to."""
    rule, way_out = _RULES.get(refusal.code, _UNKNOWN)
    peer = "client" if refusal.by_server else "server"
    details = _details(refusal)
    facts = {
        "host": printable(refusal.hostname or "that name"),
        "peer": peer,
        "issuer": printable(details.get("issuer") or "its issuer"),
        "names": _names(refusal) if refusal.code in (_HOSTNAME, _ADDRESS) else "",
        "now": _date(time.time()),
        "load": load or (_CLIENT_CAS if refusal.by_server else _SERVER_CAS),
    }
    way_out = way_out.format_map(facts)
    if refusal.code in _ABOUT_TRUST and not refusal.anchors:
        way_out += "; no trust anchors were loaded from a file at all"
    return Advice(_certificate(refusal, details, peer), rule.format_map(facts), way_out)


def printable(text: str) -> str:
    """A peer's words for a terminal or a log: nothing that moves a cursor, and not too long."""
    shown = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text[:_LONGEST])
    return shown + "…" if len(text) > _LONGEST else shown


def _details(refusal: Refusal) -> dict[str, Any]:
    """The facts about the refused certificate; empty if the chain does not have it."""
    if not 0 <= refusal.depth < len(refusal.chain):
        return {}
    found = _lib.get_certificate(refusal.chain[refusal.depth], _codes.CERT_DETAILS)
    details: dict[str, Any] = json.loads(found) if isinstance(found, bytes) else {}
    return details


def _certificate(refusal: Refusal, details: dict[str, Any], peer: str) -> str:
    if not details:
        return ""
    place = f"the {peer}'s own" if refusal.depth == 0 else f"number {refusal.depth} above the {peer}'s own"
    subject, issuer = printable(details["subject"] or "(no name)"), printable(details["issuer"] or "(no name)")
    by = "itself" if details["selfSigned"] else f"'{issuer}'"
    dates = f"valid {_date(details['notBefore'])} to {_date(details['notAfter'])}"
    return f"'{subject}' ({place}), issued by {by}, {dates}"


def _names(refusal: Refusal) -> str:
    """What the leaf is valid for."""
    found = _lib.get_certificate(refusal.chain[0], _codes.CERT_JSON) if refusal.chain else b""
    names = json.loads(found).get("subjectAltName", []) if isinstance(found, bytes) and found else []
    wanted = [printable(value) for kind, value in names if kind in ("DNS", "IP Address")]
    if not wanted:
        return "no name or address at all"
    more = f" and {len(wanted) - _MOST_NAMES} more" if len(wanted) > _MOST_NAMES else ""
    return ", ".join(wanted[:_MOST_NAMES]) + more


def _date(seconds: float | None) -> str:
    if seconds is None:
        return "(malformed)"
    try:
        return time.strftime("%Y-%m-%d", time.gmtime(seconds))
    except (OverflowError, OSError, ValueError):
        return "(out of range)"


# ---- What the codes mean ---------------------------------------------------------------------------------------------

_HOSTNAME, _ADDRESS = 62, 64
_ABOUT_TRUST = (2, 18, 19, 20)

_SERVER_CAS = "SSLContext.load_verify_locations(cafile=...), or the variable SSL_CERT_FILE"
_CLIENT_CAS = "SSLContext.load_verify_locations(cafile=...)"

_UNKNOWN = (
    "RFC 5280 section 6: every certificate of the path must be valid",
    "have the certificate looked at by whoever issued it",
)
_REISSUE = "have the certificate issued anew by a CA that keeps to the rule"
_REVOCATION = (
    "RFC 5280 section 6.3.3: a current CRL of its issuer must be there when CRLs are checked",
    "load a current CRL by SSLContext.load_verify_locations, or do not ask for CRLs in SSLContext.verify_flags",
)
_CA = (
    "RFC 5280 section 6.1.4 (k): whoever issues certificates must be a CA by its basicConstraints",
    "the {peer} must use a certificate that a CA has issued; one for servers cannot issue others",
)
_TRUST = "RFC 5280 section 6.1.1 (d): a chain must begin at a trust anchor"
_SETTINGS = (
    "trust settings of the file of anchors (OpenSSL's X509_check_trust): this CA is not for this purpose",
    "use a file of anchors that trusts '{issuer}' for it, if you do",
)
_PROXY = ("RFC 3820 section 4: what a proxy certificate must be", "the {peer} needs another proxy certificate")
_CONSTRAINTS = ("RFC 5280 section 4.2.1.10: constraints that cannot be applied to the names refuse them", _REISSUE)
_MALFORMED = ("RFC 5280 section 4.1: keys, signatures and times must be well-formed", _REISSUE)
_LEVEL = (
    "security level of the context (OpenSSL's SSL_CTX_set_security_level, after NIST SP 800-57 part 1)",
    "have the certificate issued anew with a stronger key and SHA-256 or better",
)


def _strict(section: str) -> tuple[str, str]:
    return (
        f"RFC 5280 section {section}, which SSLContext.verify_flags asks for by VERIFY_X509_STRICT",
        f"{_REISSUE}; a program that must do without the rule can clear VERIFY_X509_STRICT",
    )


# X509_V_ERR_*: the rule, and the way out.
_RULES: dict[int, tuple[str, str]] = {
    1: (
        "a limit on the work that one chain may cause; no RFC sets one",
        "the {peer} must use a chain with fewer names and constraints",
    ),
    2: (_TRUST, "add the CA '{issuer}' to the trust store: {load}"),
    3: _REVOCATION,
    4: _MALFORMED,
    6: _MALFORMED,
    7: (
        "RFC 5280 section 6.1.3 (a) (1): the signature must verify with the issuer's key",
        "the {peer} sends a certificate that was changed, or that another CA of the same name has issued",
    ),
    8: _REVOCATION,
    9: (
        "RFC 5280 section 6.1.3 (a) (2): the time must be within the certificate's validity period",
        "wait, or set this machine's clock, which says {now}",
    ),
    10: (
        "RFC 5280 section 6.1.3 (a) (2): the time must be within the certificate's validity period",
        "renew the certificate on the {peer}; if this machine's clock, which says {now}, is wrong, set it",
    ),
    11: _REVOCATION,
    12: _REVOCATION,
    13: _MALFORMED,
    14: _MALFORMED,
    18: (
        f"{_TRUST}; this certificate is self-signed and not among them",
        "if it is the one that you expect, trust it: {load}; else the {peer} needs one from a CA",
    ),
    19: (
        f"{_TRUST}; the chain ends in a root that is not among them",
        "if '{issuer}' is the CA that you expect, add its root to the trust store: {load}",
    ),
    20: (
        f"{_TRUST}; and RFC 9846 section 4.4.2: the {{peer}} sends what leads there",
        "the issuer '{issuer}' was not found: if it is an intermediate CA, the {peer} must send its certificate too; "
        "if it is a root that you expect, add it to the trust store: {load}",
    ),
    22: (
        "SSL_CTX_set_verify_depth: no more intermediates than the context allows",
        "the {peer} must use a shorter chain",
    ),
    23: (
        "RFC 5280 section 6.3.3: the certificate must not be on its issuer's CRL",
        "the CA has revoked the certificate: the {peer} needs another one, with another key",
    ),
    25: (
        "RFC 5280 section 6.1.4 (m): no more CAs below one than its pathLenConstraint allows",
        "the {peer} needs a certificate from a CA that may issue it",
    ),
    26: (
        "RFC 5280 section 4.2.1.12: the extended key usage must allow what the certificate is used for",
        "the {peer} needs a certificate with the usage TLS Web {peer} authentication",
    ),
    32: (
        "RFC 5280 section 6.1.4 (n): the issuer's key usage must have keyCertSign",
        "the {peer} needs a certificate from a CA that may issue it",
    ),
    34: (
        "RFC 5280 section 4.2: a critical extension that is not understood refuses the certificate",
        "the {peer} needs a certificate without it",
    ),
    27: _SETTINGS,
    28: _SETTINGS,
    33: _REVOCATION,
    35: _REVOCATION,
    36: _REVOCATION,
    38: _PROXY,
    39: _PROXY,
    40: (
        "RFC 3820: proxy certificates are accepted only where VERIFY_ALLOW_PROXY_CERTS is set",
        "the {peer} needs a certificate of its own",
    ),
    41: ("RFC 5280 section 4.2: extensions must be well-formed, and each at most once", _REISSUE),
    47: ("RFC 5280 section 4.2.1.10: names must be within what each CA above permits", _REISSUE),
    48: ("RFC 5280 section 4.2.1.10: names must not be among what a CA above excludes", _REISSUE),
    44: _REVOCATION,
    49: _CONSTRAINTS,
    51: _CONSTRAINTS,
    53: _CONSTRAINTS,
    _HOSTNAME: (
        "RFC 9525 section 6.3: one of the certificate's DNS names must match the name that is connected to",
        "it is valid for {names}: connect to one of these, or get a certificate for {host} on the server",
    ),
    _ADDRESS: (
        "RFC 9525 section 6.4: one of the certificate's IP addresses must be the one that is connected to",
        "it is valid for {names}: connect by one of these, or get a certificate for {host} on the server",
    ),
    66: _LEVEL,
    67: _LEVEL,
    68: _LEVEL,
    72: _PROXY,
    78: ("RFC 5280 section 4.1.1.2: both places name the same signature algorithm", _REISSUE),
    79: _CA,
    80: _strict("4.2.1.9"),
    81: _strict("4.2.1.9"),
    82: _strict("4.2.1.3"),
    83: _strict("4.1.2.4"),
    84: _strict("4.1.2.6"),
    85: _strict("4.2.1.1"),
    86: _strict("4.2.1.2"),
    87: _strict("4.2.1.6"),
    88: _strict("4.2.1.6"),
    89: _strict("4.2.1.9"),
    90: _strict("4.2.1.1"),
    91: _strict("4.2.1.2"),
    92: _strict("4.2.1.3"),
    93: _strict("4.1.2.1"),
    94: ("RFC 5480 section 2.1.1: curves are named, not described, when VERIFY_X509_STRICT is set", _REISSUE),
}
