"""Where the trust anchors of default contexts are: the system's, or Mozilla's, which are built in."""

from __future__ import annotations

import os
import sys

from . import _stock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

FILE_VARIABLE = "SSL_CERT_FILE"
DIRECTORY_VARIABLE = "SSL_CERT_DIR"
# "system"; "mozilla" for the anchors that are built in; on macOS "keychain".
STORE_VARIABLE = "GOSSL_TRUST"

ENVIRONMENT, SYSTEM, MOZILLA, KEYCHAIN, WINDOWS = "environment", "system", "mozilla", "keychain", "windows"

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


class Choice:
    """The anchors of a default context."""

    __slots__ = ("asked", "directories", "file", "source")

    def __init__(self, source: str, file: str, directories: list[str], asked: bool = False) -> None:
        self.source = source  # ENVIRONMENT, SYSTEM, MOZILLA, KEYCHAIN, or WINDOWS, whose store the others are added to
        self.file = file  # "" if there is none
        self.directories = directories
        self.asked = asked  # GOSSL_TRUST names the source


def default_locations() -> tuple[str, str]:
    """The file and the directory of trust anchors.

    First those of the OpenSSL that the interpreter was built with, if it has one and they exist: a distribution of
    Python that brings its own anchors means them to be used.
    """
    file, directory = _stock.places()
    if sys.platform == "win32":  # the other paths would be below its root, where anybody may write
        return file, directory
    return _existing((file, *_FILES), _FILES[0]), _existing((directory, *_DIRECTORIES), _DIRECTORIES[0])


def choice(keychain: bool = True) -> Choice:
    """What to load now. The environment is read at each call. Without keychain, it is as if there were none.

    ValueError: GOSSL_TRUST names a store that there is not.
    """
    asked = os.environ.get(STORE_VARIABLE, SYSTEM)
    if asked == MOZILLA:
        return Choice(MOZILLA, "", [], True)
    if asked == KEYCHAIN and sys.platform == "darwin":
        return Choice(KEYCHAIN, "", [], True)
    if asked != SYSTEM:
        raise ValueError(f"{STORE_VARIABLE} is {asked!r}, which is neither {SYSTEM!r} nor {MOZILLA!r}")
    file, directory = default_locations()
    directories = [d for d in os.environ.get(DIRECTORY_VARIABLE, directory).split(os.pathsep) if d]
    if sys.platform == "win32":  # ssl.py itself loads Windows' store, whatever else there is
        return Choice(WINDOWS, os.environ.get(FILE_VARIABLE, file), directories)
    if FILE_VARIABLE in os.environ or DIRECTORY_VARIABLE in os.environ:
        return Choice(ENVIRONMENT, os.environ.get(FILE_VARIABLE, file), directories)
    if keychain and sys.platform == "darwin" and not os.path.exists(_stock.places()[0]):
        return Choice(KEYCHAIN, "", [])
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
