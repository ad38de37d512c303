"""Where the trust anchors of default contexts are: the system's, or Mozilla's, which are built in."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, NamedTuple

from . import _stock

FILE_VARIABLE = "SSL_CERT_FILE"
DIRECTORY_VARIABLE = "SSL_CERT_DIR"
# "system", or "mozilla" for the anchors that are built in.
STORE_VARIABLE = "GOSSL_TRUST"

ENVIRONMENT, SYSTEM, MOZILLA = "environment", "system", "mozilla"

# Where an OpenSSL of the distribution looks; then where distributions keep bundle and directory. The first that is
# there counts.
_FILES = (
    "/usr/lib/ssl/cert.pem",  # Debian, Ubuntu
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Gentoo, Alpine, Void, NixOS
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL, CentOS, Rocky, Alma, Amazon, NixOS
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL 7 and later
    "/etc/ssl/ca-bundle.pem",  # openSUSE, SLES
    "/var/lib/ca-certificates/ca-bundle.pem",  # openSUSE, SLES
    "/etc/pki/tls/cacert.pem",  # OpenELEC
    "/etc/ssl/cert.pem",  # Alpine, macOS, OpenBSD
    "/etc/certs/ca-certificates.crt",  # Slackware's layout, Solaris
    "/usr/share/ssl/certs/ca-bundle.crt",  # old Red Hat
    "/etc/ca-certificates/extracted/tls-ca-bundle.pem",  # Arch
    "/usr/local/etc/ssl/cert.pem",  # FreeBSD
)
_DIRECTORIES = (
    "/usr/lib/ssl/certs",
    "/etc/ssl/certs",
    "/etc/pki/tls/certs",
    "/etc/pki/ca-trust/extracted/pem/directory-hash",  # Fedora 39 and later
    "/var/lib/ca-certificates/openssl",  # openSUSE, SLES
    "/etc/ca-certificates/extracted/cadir",  # Arch
    "/usr/local/etc/ssl/certs",
)


class Choice(NamedTuple):
    """The anchors of a default context."""

    source: str  # ENVIRONMENT, SYSTEM or MOZILLA
    file: str  # "" if there is none
    directories: list[str]


def default_locations() -> tuple[str, str]:
    """The file and the directory of trust anchors.

    First those of the OpenSSL that the interpreter was built with, if it has one and they exist: a distribution of
    Python that brings its own anchors means them to be used.
    """
    file, directory = "", ""
    stock: Any = _stock.load()
    if stock is not None:
        _, file, _, directory = stock.get_default_verify_paths()
    return _existing((file, *_FILES), _FILES[0]), _existing((directory, *_DIRECTORIES), _DIRECTORIES[0])


def choice() -> Choice:
    """What to load now. The environment is read at each call.

    ValueError: GOSSL_TRUST names a store that there is not.
    """
    asked = os.environ.get(STORE_VARIABLE, SYSTEM)
    if asked == MOZILLA:
        return Choice(MOZILLA, "", [])
    if asked != SYSTEM:
        raise ValueError(f"{STORE_VARIABLE} is {asked!r}, which is neither {SYSTEM!r} nor {MOZILLA!r}")
    file, directory = default_locations()
    directories = [d for d in os.environ.get(DIRECTORY_VARIABLE, directory).split(os.pathsep) if d]
    if FILE_VARIABLE in os.environ or DIRECTORY_VARIABLE in os.environ:
        return Choice(ENVIRONMENT, os.environ.get(FILE_VARIABLE, file), directories)
    if os.path.exists(file) or any(map(_has_files, directories)):
        return Choice(SYSTEM, file, directories)
    return Choice(MOZILLA, "", [])


def _has_files(directory: str) -> bool:
    try:
        with os.scandir(directory) as entries:
            return next(entries, None) is not None
    except OSError:
        return False


def _existing(candidates: Iterable[str], default: str) -> str:
    return next((c for c in candidates if c and os.path.exists(c)), default)
