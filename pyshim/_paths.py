"""Where the system keeps its trust anchors."""

from __future__ import annotations

import os
from collections.abc import Iterable

from . import _errors

FILE_VARIABLE = "SSL_CERT_FILE"
DIRECTORY_VARIABLE = "SSL_CERT_DIR"

# Where an OpenSSL of the distribution looks; then where other distributions keep their bundle and directory.
_FILES = (
    "/usr/lib/ssl/cert.pem",  # Debian, Ubuntu
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Gentoo, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # Alpine, macOS, the BSDs
    "/usr/local/etc/ssl/cert.pem",  # FreeBSD
)
_DIRECTORIES = (
    "/usr/lib/ssl/certs",
    "/etc/ssl/certs",
    "/etc/pki/tls/certs",
    "/usr/local/etc/ssl/certs",
)


def default_locations() -> tuple[str, str]:
    """The file and the directory of trust anchors.

    First those of the OpenSSL that the interpreter was built with, if it has one and they exist: a distribution of
    Python that brings its own anchors means them to be used.
    """
    file, directory = "", ""
    stock = _errors.__dict__["stock"]
    if stock is not None:
        _, file, _, directory = stock.get_default_verify_paths()
    return _existing((file, *_FILES), _FILES[0]), _existing((directory, *_DIRECTORIES), _DIRECTORIES[0])


def chosen_locations() -> tuple[str, list[str]]:
    """The file and the directories to load now. The environment is read at each call."""
    file, directory = default_locations()
    file = os.environ.get(FILE_VARIABLE, file)
    directories = os.environ.get(DIRECTORY_VARIABLE, directory)
    return file, [d for d in directories.split(os.pathsep) if d]


def _existing(candidates: Iterable[str], default: str) -> str:
    return next((c for c in candidates if c and os.path.exists(c)), default)
