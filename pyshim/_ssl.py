"""What CPython's ssl.py imports as `_ssl`: the names of the C module, and no others that it would turn into enums.

Importing this does not load the library: a program that never makes a connection pays nothing.
"""

from __future__ import annotations

import os as _os
import sys as _sys
import warnings as _warnings

from . import _cert, _codes, _consts, _errors, _lib, _paths, _stock
from ._bio import MemoryBIO
from ._cert import Certificate
from ._context import _SSLContext, get_sigalgs
from ._errors import (
    SSLCertVerificationError,
    SSLEOFError,
    SSLError,
    SSLSyscallError,
    SSLWantReadError,
    SSLWantWriteError,
    SSLZeroReturnError,
)
from ._session import SSLSession

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any as _Any

    from ._socket import _SSLSocket

__all__ = [
    "Certificate",
    "MemoryBIO",
    "RAND_add",
    "RAND_bytes",
    "RAND_status",
    "SSLCertVerificationError",
    "SSLEOFError",
    "SSLError",
    "SSLSession",
    "SSLSyscallError",
    "SSLWantReadError",
    "SSLWantWriteError",
    "SSLZeroReturnError",
    "_SSLContext",
    "_SSLSocket",
    "_test_decode_cert",
    "get_default_verify_paths",
    "get_sigalgs",
    "nid2obj",
    "txt2obj",
]
__gossl__ = True

globals().update(_consts.exported(_sys.version_info[:2]))

_Object = tuple[int, str, str, "str | None"]

# ssl.py asks for these two while it is imported.
_PURPOSES: dict[str, _Object] = {
    "1.3.6.1.5.5.7.3.1": (129, "serverAuth", "TLS Web Server Authentication", "1.3.6.1.5.5.7.3.1"),
    "1.3.6.1.5.5.7.3.2": (130, "clientAuth", "TLS Web Client Authentication", "1.3.6.1.5.5.7.3.2"),
}


def txt2obj(txt: str, name: bool = False) -> _Object:
    """Lookup NID, short name, long name and OID of an ASN1_OBJECT.

    By default objects are looked up by OID. With name=True short and
    long name are also matched.
    """
    if txt in _PURPOSES:
        return _PURPOSES[txt]
    if not isinstance(txt, str):
        raise TypeError(f"txt2obj() argument 'txt' must be str, not {type(txt).__name__}")
    text = txt.encode("utf-8")
    found = _lib.get("gossl_object_find", text, len(text), int(bool(name)))
    if isinstance(found, int):
        if txt[:1].isdigit() and txt.replace(".", "").isdigit():
            raise ValueError("Unknown object")
        raise ValueError(f"unknown object '{txt[:100]}'")
    return _object(found)


def nid2obj(nid: int, /) -> _Object:
    """Lookup NID, short name, long name and OID of an ASN1_OBJECT by NID."""
    if nid < 0:
        raise ValueError("NID must be positive.")
    if nid == 0:
        raise ValueError("Unknown object")
    found = _lib.get("gossl_object_by_nid", nid) if nid <= 0x7FFFFFFF else -1
    if isinstance(found, int):
        raise ValueError(f"unknown NID {nid}")
    return _object(found)


def _object(text: bytes) -> _Object:
    nid, short_name, long_name, oid = text.decode("ascii").split("\n")
    return int(nid), short_name, long_name, oid or None


def RAND_status() -> bool:
    """Returns True if the OpenSSL PRNG has been seeded with enough data and False if not.

    It is the operating system's generator here, which always has.
    """
    return True


def RAND_add(string: _Any, entropy: float, /) -> None:
    """Mix string into the OpenSSL PRNG state.

    entropy (a float) is a lower bound on the entropy contained in
    string.  See RFC 4086. The operating system's generator needs none.
    """
    float(entropy)
    if not isinstance(string, str):
        _lib.view_of(string)


def RAND_bytes(n: int, /) -> bytes:
    """Generate n cryptographically strong pseudo-random bytes."""
    if n < 0:
        raise ValueError("num must be positive")
    return _os.urandom(n)


if _sys.version_info < (3, 12):

    def RAND_pseudo_bytes(n: int, /) -> tuple[bytes, bool]:
        """Generate n pseudo-random bytes.

        Return a pair (bytes, is_cryptographic).  is_cryptographic is True
        if the bytes generated are cryptographically strong.
        """
        _warnings.warn("ssl.RAND_pseudo_bytes() is deprecated", DeprecationWarning, stacklevel=2)
        return RAND_bytes(n), True

    __all__ += ["RAND_pseudo_bytes"]


def __getattr__(name: str) -> _Any:
    if name == "_SSLSocket":  # not before there are connections: `import ssl` is to stay short
        from ._socket import _SSLSocket

        return _SSLSocket
    if name in ("err_codes_to_names", "err_names_to_codes", "lib_codes_to_names") and _sys.version_info < (3, 12):
        return getattr(_stock.load(), name, {})  # OpenSSL's tables of error names
    raise AttributeError(f"module '_ssl' has no attribute {name!r}")


if _sys.platform == "win32":
    from ._windows import enum_certificates, enum_crls

    __all__ += ["enum_certificates", "enum_crls"]


def get_default_verify_paths() -> tuple[str, str, str, str]:
    """Return search paths and environment vars that are used by SSLContext's set_default_verify_paths() to load
    default CAs.

    The values are 'cert_file_env', 'cert_file', 'cert_dir_env', 'cert_dir'.
    """
    file, directory = _paths.default_locations()
    return _paths.FILE_VARIABLE, file, _paths.DIRECTORY_VARIABLE, directory


def _test_decode_cert(path: _Any, /) -> dict[str, object]:
    name = _os.fsencode(path)
    try:
        with open(name, "rb") as file:
            data = file.read()
    except OSError:
        data = None
    if data is None:
        raise _errors.plain("Can't open file")
    der = _lib.get_certificate(data, _codes.CERT_DER) if b"-----BEGIN" in data else None
    if isinstance(der, bytes):
        try:
            return _cert.decode(der)
        except SSLError:
            der = None
    raise _errors.plain("Error decoding PEM-encoded file")
