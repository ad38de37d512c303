"""Where a command connects to: host, port, and the options that say how."""

from __future__ import annotations

import argparse
import ipaddress
from typing import NamedTuple

from .ends import Ended, Exit
from .starttls import PORTS

HTTPS = 443
VERSIONS = {"1.0": 0x0301, "1.1": 0x0302, "1.2": 0x0303, "1.3": 0x0304}


class Target(NamedTuple):
    """A host as a person writes it, and the name that its certificate must have."""

    host: str
    port: int
    name: str

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse(text: str, name: str | None = None, starttls: str | None = None) -> Target:
    """Reads host, host:port, [address]:port, an address, or the front of an https URL."""
    rest = text.split("://", 1)[1].split("/", 1)[0] if "://" in text else text
    port: str | None = None
    if rest.startswith("["):
        host, bracket, behind = rest[1:].partition("]")
        if not bracket or (behind and not behind.startswith(":")):
            raise Ended(f"{text!r} is not [address]:port", Exit.USAGE)
        port = behind[1:] or None
    elif rest.count(":") > 1:
        host = rest
    else:
        host, colon, behind = rest.partition(":")
        port = behind if colon else None
    if not host or any(c.isspace() or c == "/" for c in host):
        raise Ended(f"{text!r} names no host", Exit.USAGE)
    if ":" in host or rest.startswith("["):
        try:
            ipaddress.IPv6Address(host.partition("%")[0])
        except ValueError:
            raise Ended(f"{text!r} is neither host:port nor an address", Exit.USAGE) from None
    return Target(host, _port(port, text, starttls), name or host.partition("%")[0])


def _port(text: str | None, whole: str, starttls: str | None) -> int:
    if text is None:
        return PORTS[starttls] if starttls else HTTPS
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise Ended(f"{whole!r} has no port from 1 to 65535", Exit.USAGE)
    return int(text)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of every command that connects."""
    parser.add_argument("--name", help="the name to ask for and to verify, if it is not the host's")
    parser.add_argument(
        "--starttls", choices=sorted(PORTS), metavar="PROTOCOL", help=f"begin in plain text: {', '.join(sorted(PORTS))}"
    )
    parser.add_argument("--timeout", type=_seconds, default=10.0, metavar="SECONDS", help="for each step (default: 10)")
    family = parser.add_mutually_exclusive_group()
    family.add_argument("-4", dest="family", action="store_const", const=4, help="IPv4 only")
    family.add_argument("-6", dest="family", action="store_const", const=6, help="IPv6 only")
    tls = parser.add_argument_group("TLS")
    tls.add_argument("--tls", choices=sorted(VERSIONS), help="this version only; 1.0 and 1.1 are not safe")
    tls.add_argument("--ciphers", metavar="LIST", help="cipher string for TLS 1.2, as OpenSSL has them")
    tls.add_argument("--groups", metavar="LIST", help="named groups, colon separated")
    tls.add_argument("--alpn", metavar="LIST", help="application protocols, comma separated, such as h2,http/1.1")
    trust = parser.add_argument_group("trust")
    trust.add_argument("--cafile", metavar="FILE", help="trust the CAs of this PEM file instead of the system's")
    trust.add_argument("--capath", metavar="DIR", help="trust the CAs of this directory instead of the system's")
    trust.add_argument("--insecure", action="store_true", help="go on whatever the certificate is")
    client = parser.add_argument_group("client certificate")
    client.add_argument("--cert", metavar="FILE", help="certificate chain to show, PEM, DER or PKCS #12")
    client.add_argument("--key", metavar="FILE", help="its key, if it is not in the same file")
    parser.add_argument("--keylog", metavar="FILE", help="append the secrets of the connection, for Wireshark")


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < 86400:
        raise argparse.ArgumentTypeError("a number of seconds between 0 and 86400")
    return value
