"""macOS's trust anchors: what Apple ships, and what administrators and users have added, or distrust, in the keychain.

They are read once in a process, and become PEM with OpenSSL's trust settings. The functions are Security's and
CoreFoundation's, and so are the names of the constants (SecTrustSettings.h, CFNumber.h).
"""

from __future__ import annotations

import base64
import ctypes
import functools
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import POINTER, c_bool, c_char_p, c_int32, c_long, c_uint32, c_void_p
from typing import Any, NamedTuple

_UTF8 = 0x08000100  # kCFStringEncodingUTF8
_SINT32 = 3  # kCFNumberSInt32Type
_NOTHING = (-25263, -25300)  # errSecNoTrustSettings, errSecItemNotFound
_USER, _ADMINISTRATOR = 0, 1  # kSecTrustSettingsDomain*; the user's settings come first
_TRUST_ROOT, _TRUST_AS_ROOT, _DENY, _UNSPECIFIED = 1, 2, 3, 4  # kSecTrustSettingsResult*
_SSL_POLICY = "1.2.840.113635.100.1.3"  # kSecPolicyAppleSSL

PROTOTYPES: dict[str, tuple[Any, list[Any]]] = {
    "SecTrustCopyAnchorCertificates": (c_int32, [POINTER(c_void_p)]),
    "SecTrustSettingsCopyCertificates": (c_int32, [c_uint32, POINTER(c_void_p)]),
    "SecTrustSettingsCopyTrustSettings": (c_int32, [c_void_p, c_uint32, POINTER(c_void_p)]),
    "SecCertificateCopyData": (c_void_p, [c_void_p]),
    "SecPolicyCopyProperties": (c_void_p, [c_void_p]),
    "CFArrayGetCount": (c_long, [c_void_p]),
    "CFArrayGetValueAtIndex": (c_void_p, [c_void_p, c_long]),
    "CFDataGetLength": (c_long, [c_void_p]),
    "CFDataGetBytePtr": (c_void_p, [c_void_p]),
    "CFDictionaryGetValue": (c_void_p, [c_void_p, c_void_p]),
    "CFEqual": (c_bool, [c_void_p, c_void_p]),
    "CFNumberGetValue": (c_bool, [c_void_p, c_long, c_void_p]),
    "CFRelease": (None, [c_void_p]),
    "CFStringCreateWithCString": (c_void_p, [c_void_p, c_char_p, c_uint32]),
}

# X509_CERT_AUX: trust and reject for servers and clients, of which the settings for SSL say no more.
_PURPOSES = bytes.fromhex("06082b06010505070301" + "06082b06010505070302")
_TRUSTED = b"\x30\x16\x30\x14" + _PURPOSES
_REJECTED = b"\x30\x16\xa0\x14" + _PURPOSES


class Frameworks:
    """The functions of both frameworks."""

    def __init__(self, security: Any, foundation: Any) -> None:
        for name, (result, arguments) in PROTOTYPES.items():
            function = getattr(foundation if name.startswith("CF") else security, name)
            function.restype, function.argtypes = result, arguments
            setattr(self, name, function)

    def __getattr__(self, name: str) -> Any:  # for type checkers: all are there
        raise AttributeError(name)


def frameworks() -> Frameworks:
    if sys.platform != "darwin":
        raise OSError("there is no keychain on this system")
    folder = "/System/Library/Frameworks/{0}.framework/{0}"
    return Frameworks(ctypes.CDLL(folder.format("Security")), ctypes.CDLL(folder.format("CoreFoundation")))


class Anchors(NamedTuple):
    """What the keychain says."""

    pem: bytes  # CERTIFICATE and TRUSTED CERTIFICATE
    trusted: list[bytes]  # DER
    failure: str  # why it cannot be read; "" if it can


@functools.cache
def anchors() -> Anchors:
    """The anchors for SSL, read at the first call."""
    try:
        return _read(frameworks())
    except (OSError, AttributeError) as e:
        return Anchors(b"", [], f"the keychain cannot be read: {e}")


def _read(f: Frameworks) -> Anchors:
    decisions: dict[bytes, int] = {}
    with _array(f, "SecTrustCopyAnchorCertificates") as shipped:
        if not shipped:
            raise OSError("it has no anchors")
        for certificate in shipped:
            decisions[_der(f, certificate)] = _TRUST_ROOT
    for domain in (_ADMINISTRATOR, _USER):
        with _array(f, "SecTrustSettingsCopyCertificates", domain) as certificates:
            for certificate in certificates or ():
                decision = _setting(f, certificate, domain)
                if decision != _UNSPECIFIED:
                    decisions[_der(f, certificate)] = decision
    blocks, trusted = [], []
    for der, decision in decisions.items():
        if decision == _TRUST_ROOT:  # an anchor only if it is self-signed, which the engine sees
            blocks.append(_pem("CERTIFICATE", der))
        else:
            blocks.append(_pem("TRUSTED CERTIFICATE", der + (_REJECTED if decision == _DENY else _TRUSTED)))
        if decision != _DENY:
            trusted.append(der)
    return Anchors(b"".join(blocks), trusted, "")


def _setting(f: Frameworks, certificate: int, domain: int) -> int:
    """What the settings of a domain say about a certificate for SSL.

    An empty list means that it is trusted, none at all nothing. Of several, the first that decides counts, but that a
    denial wins.
    """
    found = _UNSPECIFIED
    with _array(f, "SecTrustSettingsCopyTrustSettings", certificate, domain) as settings:
        if settings == []:
            return _TRUST_ROOT
        for setting in settings or ():
            decision = _decision(f, setting)
            if decision == _DENY:
                return _DENY
            if found == _UNSPECIFIED and decision in (_TRUST_ROOT, _TRUST_AS_ROOT):
                found = decision
    return found


def _decision(f: Frameworks, setting: int) -> int:
    policy = _value(f, setting, "kSecTrustSettingsPolicy")
    if policy and not _is_ssl(f, policy):
        return _UNSPECIFIED
    number = _value(f, setting, "kSecTrustSettingsResult")
    result = c_int32(_TRUST_ROOT)
    if number and not f.CFNumberGetValue(number, _SINT32, ctypes.byref(result)):
        raise OSError("CFNumberGetValue failed")
    limited = any(
        _value(f, setting, f"kSecTrustSettings{key}")
        for key in ("PolicyString", "Application", "KeyUsage", "AllowedError")
    )
    if limited and result.value != _DENY:  # to a host, a program or a use: more is not trusted than was said
        return _UNSPECIFIED
    return result.value


def _is_ssl(f: Frameworks, policy: int) -> bool:
    with _owned(f, f.SecPolicyCopyProperties(policy)) as properties:
        oid = _value(f, properties, "SecPolicyOid") if properties else None
        with _string(f, _SSL_POLICY) as ssl:
            return bool(oid and f.CFEqual(oid, ssl))


def _value(f: Frameworks, dictionary: int, key: str) -> int | None:
    with _string(f, key) as name:
        value: int | None = f.CFDictionaryGetValue(dictionary, name)
        return value


def _der(f: Frameworks, certificate: int) -> bytes:
    with _owned(f, f.SecCertificateCopyData(certificate)) as data:
        if not data:
            raise OSError("SecCertificateCopyData failed")
        return ctypes.string_at(f.CFDataGetBytePtr(data), f.CFDataGetLength(data))


@contextmanager
def _array(f: Frameworks, name: str, *arguments: int) -> Iterator[list[int] | None]:
    """The values of an array that a function of Security makes, None if it makes none. They live as long as it does."""
    made = c_void_p()
    status = getattr(f, name)(*arguments, ctypes.byref(made))
    if status not in (0, *_NOTHING):
        raise OSError(f"{name} gives {status}")
    with _owned(f, made.value if status == 0 else None) as array:
        yield [f.CFArrayGetValueAtIndex(array, i) for i in range(f.CFArrayGetCount(array))] if array else None


@contextmanager
def _string(f: Frameworks, text: str) -> Iterator[int]:
    with _owned(f, f.CFStringCreateWithCString(None, text.encode(), _UTF8)) as made:
        if not made:
            raise OSError("CFStringCreateWithCString failed")
        yield made


@contextmanager
def _owned(f: Frameworks, value: int | None) -> Iterator[int | None]:
    try:
        yield value
    finally:
        if value:
            f.CFRelease(value)


def _pem(kind: str, data: bytes) -> bytes:
    return f"-----BEGIN {kind}-----\n".encode() + base64.encodebytes(data) + f"-----END {kind}-----\n".encode()
