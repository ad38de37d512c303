"""Windows' certificate stores: enum_certificates() and enum_crls(), which ssl.py loads default contexts with there.

They give what CPython's C module gives, but for one thing: what is no certificate is left out, and listed by
trust_store(), where CPython's default contexts end in an exception.

The functions are crypt32's, and so are the names of the constants (wincrypt.h).
"""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from collections.abc import Callable
from ctypes import POINTER, c_char_p, c_int32, c_uint32, c_void_p, c_wchar_p
from typing import Any, TypeVar

from . import _codes, _lib, _paths

_DWORD, _BOOL, _HANDLE = c_uint32, c_int32, c_void_p

_CERT_STORE_PROV_SYSTEM_W, _CERT_STORE_PROV_COLLECTION = 10, 11
_CERT_STORE_READONLY_FLAG = 0x8000
_CERT_PHYSICAL_STORE_ADD_ENABLE_FLAG = 1
_CERT_CLOSE_STORE_FORCE_FLAG = 1
_PROPERTY_ONLY, _EXTENSION_ONLY = 4, 2  # CERT_FIND_PROP_ONLY_, CERT_FIND_EXT_ONLY_ENHKEY_USAGE_FLAG
_CRYPT_E_NOT_FOUND = 0x80092004
_ENCODINGS = {1: "x509_asn", 0x10000: "pkcs_7_asn"}
# CERT_SYSTEM_STORE_*: the machine's, its enterprise's, its policy's, the user's, by policy, services', all users'.
_LOCATIONS = (2 << 16, 9 << 16, 8 << 16, 1 << 16, 7 << 16, 5 << 16, 6 << 16)

# What ssl.py loads into default contexts.
STORES = ("CA", "ROOT")
_SERVER_AUTH = "1.3.6.1.5.5.7.3.1"

Made = TypeVar("Made")
Entry = tuple[bytes, "str | int", "frozenset[str] | bool"]


class Context(ctypes.Structure):
    """The beginning of CERT_CONTEXT, and of CRL_CONTEXT."""

    _fields_ = [("encoding", _DWORD), ("data", c_void_p), ("size", _DWORD)]


class Usage(ctypes.Structure):
    """CERT_ENHKEY_USAGE."""

    _fields_ = [("count", _DWORD), ("oids", POINTER(c_char_p))]


PROTOTYPES: dict[str, tuple[Any, list[Any]]] = {
    "CertOpenStore": (_HANDLE, [c_void_p, _DWORD, c_void_p, _DWORD, c_wchar_p]),
    "CertAddStoreToCollection": (_BOOL, [_HANDLE, _HANDLE, _DWORD, _DWORD]),
    "CertCloseStore": (_BOOL, [_HANDLE, _DWORD]),
    "CertEnumCertificatesInStore": (c_void_p, [_HANDLE, c_void_p]),
    "CertEnumCRLsInStore": (c_void_p, [_HANDLE, c_void_p]),
    "CertFreeCertificateContext": (_BOOL, [c_void_p]),
    "CertFreeCRLContext": (_BOOL, [c_void_p]),
    "CertGetEnhancedKeyUsage": (_BOOL, [c_void_p, _DWORD, c_void_p, POINTER(_DWORD)]),
}


class Crypt32:
    """The functions of a library, and its last error."""

    def __init__(self, library: Any, last_error: Callable[[], int]) -> None:
        for name, (result, arguments) in PROTOTYPES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
            setattr(self, name, function)
        self.last_error = last_error

    def __getattr__(self, name: str) -> Any:  # for type checkers: all are there
        raise AttributeError(name)

    def refusal(self, code: int, what: str) -> OSError:
        """PermissionError where access is denied: ssl.py passes over such a store, with a warning."""
        if sys.platform == "win32":
            return OSError(0, ctypes.FormatError(code), None, code)
        return (PermissionError if code == 5 else OSError)(code, f"{what} failed: {code:#x}")


@functools.cache
def crypt32() -> Crypt32:
    if sys.platform == "win32":
        library = ctypes.WinDLL("crypt32", use_last_error=True, winmode=0x800)  # of Windows' own directory
        return Crypt32(library, ctypes.get_last_error)
    raise OSError("there is no crypt32 on this system")


def enum_certificates(store_name: str) -> list[Entry]:
    """Retrieve certificates from Windows' cert store.

    store_name may be one of 'CA', 'ROOT' or 'MY'.  The system may provide
    more cert storages, too.  The function returns a list of (bytes,
    encoding_type, trust) tuples.  The encoding_type flag can be interpreted
    with X509_ASN_ENCODING or PKCS_7_ASN_ENCODING. The trust setting is either
    a set of OIDs or the boolean True.

    With GOSSL_TRUST=mozilla there are none: default contexts have Mozilla's instead.
    """
    if os.environ.get(_paths.STORE_VARIABLE) == _paths.MOZILLA:
        return []
    return [entry for entry in _certificates(store_name) if entry[1] != "x509_asn" or _fault(entry[0]) is None]


def enum_crls(store_name: str) -> list[tuple[bytes, str | int]]:
    """Retrieve CRLs from Windows' cert store.

    store_name may be one of 'CA', 'ROOT' or 'MY'.  The system may provide
    more cert storages, too.  The function returns a list of (bytes,
    encoding_type) tuples.  The encoding_type flag can be interpreted with
    X509_ASN_ENCODING or PKCS_7_ASN_ENCODING.
    """
    library = crypt32()

    def entry(_: int, context: Context) -> tuple[bytes, str | int]:
        return _bytes(context), _encoding(context)

    return _each(library, store_name, library.CertEnumCRLsInStore, library.CertFreeCRLContext, entry)


def anchors() -> tuple[int, list[str]]:
    """How many certificates a default context for servers takes, and what is wrong with others and with stores."""
    good, skipped = set(), []
    for store in STORES:
        try:
            entries = _certificates(store)
        except OSError as e:
            skipped.append(f"store {store}: {e.strerror}")
            continue
        for number, (der, encoding, trust) in enumerate(entries):
            if encoding != "x509_asn" or (isinstance(trust, frozenset) and _SERVER_AUTH not in trust):
                continue
            why = _fault(der)
            if why is None:
                good.add(der)
            else:
                skipped.append(f"store {store}, entry {number}: {why}")
    return len(good), skipped


def _fault(der: bytes) -> str | None:
    found = _lib.get_certificate(der, _codes.CERT_SUBJECT)
    return None if isinstance(found, bytes) else found.message


def _certificates(store_name: str) -> list[Entry]:
    library = crypt32()

    def entry(address: int, context: Context) -> Entry:
        trust = _usages(library, address, _PROPERTY_ONLY)
        if trust is True:
            trust = _usages(library, address, _EXTENSION_ONLY)
        return _bytes(context), _encoding(context), trust

    return _each(library, store_name, library.CertEnumCertificatesInStore, library.CertFreeCertificateContext, entry)


def _each(
    library: Crypt32, store_name: str, following: Any, free: Any, make: Callable[[int, Context], Made]
) -> list[Made]:
    """What make() makes of each context of a store; of equal ones the first."""
    if not isinstance(store_name, str):
        raise TypeError(f"argument 'store_name' must be str, not {type(store_name).__name__}")
    if "\0" in store_name:
        raise ValueError("embedded null character")
    collection = _collect(library, store_name)
    made: dict[Made, None] = {}
    address = None
    try:
        while address := following(collection, address):  # which frees the one before
            made[make(address, Context.from_address(address))] = None
    finally:
        if address:
            free(address)
        closed = library.CertCloseStore(collection, _CERT_CLOSE_STORE_FORCE_FLAG)
    if not closed:
        raise library.refusal(library.last_error(), "CertCloseStore")
    return list(made)


def _collect(library: Crypt32, store_name: str) -> int:
    """One store of what all locations have under that name. OSError: none of them can be read."""
    collection = library.CertOpenStore(_CERT_STORE_PROV_COLLECTION, 0, None, 0, None)
    if not collection:
        raise library.refusal(library.last_error(), "CertOpenStore")
    added, code = 0, 0
    for location in _LOCATIONS:
        flags = _CERT_STORE_READONLY_FLAG | location
        store = library.CertOpenStore(_CERT_STORE_PROV_SYSTEM_W, 0, None, flags, store_name)
        if not store:
            code = code or library.last_error()
            continue
        if library.CertAddStoreToCollection(collection, store, _CERT_PHYSICAL_STORE_ADD_ENABLE_FLAG, 0):
            added += 1
        else:
            code = code or library.last_error()
        library.CertCloseStore(store, 0)
    if not added:
        library.CertCloseStore(collection, _CERT_CLOSE_STORE_FORCE_FLAG)
        raise library.refusal(code, "CertOpenStore")
    return int(collection)


def _bytes(context: Context) -> bytes:
    return ctypes.string_at(context.data, context.size)


def _encoding(context: Context) -> str | int:
    number: int = context.encoding
    return _ENCODINGS.get(number, number)


def _usages(library: Crypt32, address: int, which: int) -> frozenset[str] | bool:
    """The extended key usages that a certificate is limited to; True: to none."""
    size = _DWORD()
    buffer = None
    for _ in range(2):  # for the size, then for the usages
        if not library.CertGetEnhancedKeyUsage(address, which, buffer, ctypes.byref(size)):
            code = library.last_error() & 0xFFFFFFFF
            if code == _CRYPT_E_NOT_FOUND:
                return True
            raise library.refusal(code, "CertGetEnhancedKeyUsage")
        if buffer is None:
            buffer = ctypes.create_string_buffer(max(size.value, ctypes.sizeof(Usage)))
    assert buffer is not None
    usage = Usage.from_buffer(buffer)
    return frozenset(oid.decode() for oid in usage.oids[: usage.count] if oid) if usage.count else frozenset()
