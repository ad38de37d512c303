"""What gossl tells of itself: its versions, and what in this process runs on it and what does not."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import NamedTuple

from . import _defaults, _install
from ._consts import VERSION

# Modules that bring a TLS library of their own, or OpenSSL's hashes, whatever ssl is.
_OWN_TLS = {
    "OpenSSL": "pyOpenSSL",
    "_hashlib": "hashlib, OpenSSL's hashes (no TLS)",
    "_mssql": "FreeTDS",
    "aiofastnet": "aiofastnet",
    "awscrt": "awscrt, s2n",
    "cryptography.hazmat.bindings._rust": "cryptography, OpenSSL's primitives",
    "grpc": "grpc, BoringSSL",
    "psycopg2": "psycopg2, libpq's OpenSSL",
    "psycopg": "psycopg, libpq's OpenSSL",
    "pycurl": "pycurl, libcurl's TLS",
    "rtls": "rtls, rustls",
    "utls": "utls, BoringSSL",
}


class Status(NamedTuple):
    """What status() gives."""

    installed: bool
    mode: str  # "start": before ssl was imported; "late": after; "": not installed
    library: str  # the file of the engine
    loaded: bool
    binding: str  # how the engine is called: "builtins" or "ctypes"; "" before it is loaded
    # Where a default context's trust anchors come from: "system", "environment", "mozilla", "keychain" or "windows".
    trust: str
    switched: list[str]  # what runs on gossl: modules, classes, and defaults of libraries that were made anew
    openssl: list[str]  # what does not: contexts made before a late install(), and modules with a TLS of their own


class TrustStore(NamedTuple):
    """What trust_store() gives."""

    # "environment" (SSL_CERT_FILE, SSL_CERT_DIR), "system", "keychain" (macOS's), "windows" (its stores CA and ROOT,
    # beside file and directories), or "mozilla", which is built in
    source: str
    file: str  # PEM; "" if there is none
    directories: list[str]  # looked into when a chain needs it
    certificates: int  # in file and store, or of Mozilla's
    # entries that are malformed: their numbers, and what is wrong with them; stores that cannot be read
    skipped: list[str]


def status() -> Status:
    """What in this process runs on gossl, and what goes on with OpenSSL or another library. Loads no library.

    ValueError: the environment variable GOSSL_TRUST names a store that there is not.
    """
    from . import _lib, _paths

    library = _lib.loaded()
    return Status(
        installed=bool(_install.mode()),
        mode=_install.mode(),
        library=library.path if library else _lib.path(),
        loaded=library is not None,
        binding="" if library is None else "builtins" if library.builtins else "ctypes",
        trust=_paths.choice().source,
        switched=_switched(),
        openssl=[*_old_contexts(), *(f"module {name}: {what}" for name, what in _OWN_TLS.items() if _used(name))],
    )


def version() -> str:
    """The versions of the package and of the engine. Loads the library."""
    from . import _lib

    found = _lib.get("gossl_version")
    engine = found.decode("utf-8") if isinstance(found, bytes) else "unknown"
    return f"gossl {VERSION} (library: {engine})"


def _switched() -> list[str]:
    if _install.mode() == "start":
        return ["module _ssl", "module ssl"]
    if _install.mode() == "late":
        return ["class ssl.SSLContext", *_defaults.renewed()]
    return []


def _old_contexts() -> list[str]:
    """Contexts that OpenSSL serves, by the modules that hold them, and how many more there are."""
    stock = sys.modules.get("ssl")
    if stock is None or hasattr(getattr(stock, "_ssl", None), "__gossl__"):
        return []
    from ._late import Switch

    old = (_install.switched() or Switch(stock)).old()
    holders: dict[int, str] = {}
    for module in list(sys.modules.values()):
        if isinstance(module, ModuleType):
            for name, value in list(vars(module).items()):
                holders.setdefault(id(value), f"{module.__name__}.{name}")
    named = sorted(f"context {holders[id(o)]}" for o in old if id(o) in holders)
    others = len(old) - len(named)
    return [*named, f"{others} more contexts"] if others else named


def _used(name: str) -> bool:
    return sys.modules.get(name) is not None
