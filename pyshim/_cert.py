"""Certificates as Python sees them: the dicts of getpeercert(), and the Certificate objects of chains."""

from __future__ import annotations

import base64
from operator import index

from . import _codes, _errors, _lib
from ._consts import ENCODING_DER, ENCODING_PEM
from ._immutable import Final, Immutable, Uncreatable, Unpicklable


class Certificate(Final, Uncreatable, Unpicklable, metaclass=Immutable):
    """A certificate of a chain."""

    __slots__ = ("_der",)
    __module__ = "_ssl"
    _frozen_ = True

    _der: bytes

    def public_bytes(self, format: int = ENCODING_PEM) -> str | bytes:
        """The certificate as PEM text or as DER."""
        form = index(format)
        if form == ENCODING_PEM:
            return _pem(self._der)
        if form == ENCODING_DER:
            return self._der
        raise ValueError("Unsupported format")

    def get_info(self) -> dict[str, object]:
        """The certificate as a dict."""
        return decode(self._der)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Certificate):
            return NotImplemented
        return self._der == other._der

    def __hash__(self) -> int:
        return hash(_subject(self._der))

    def __repr__(self) -> str:
        return f"<_ssl.Certificate {_subject(self._der)!r}>"


def new_certificate(der: bytes) -> Certificate:
    certificate = object.__new__(Certificate)
    certificate._der = der
    return certificate


def decode(data: bytes) -> dict[str, object]:
    """The dict that getpeercert() gives for a certificate, DER or PEM."""
    import json  # only here: `import ssl` is to stay short

    found = json.loads(_fact(data, _codes.CERT_JSON))
    return {key: _tuples(value) for key, value in found.items()}


def entries(data: bytes) -> list[bytes]:
    """The entries of a list of the library: each after its length as 4 bytes."""
    found, at = [], 0
    while at + 4 <= len(data):
        start = at + 4
        at = start + int.from_bytes(data[at:start], "big")
        found.append(data[start:at])
    return found


def _tuples(value: object) -> object:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _subject(der: bytes) -> str:
    return _fact(der, _codes.CERT_SUBJECT).decode("utf-8", "replace")


def _fact(data: bytes, what: int) -> bytes:
    found = _lib.get_certificate(data, what)
    if isinstance(found, _lib.Failure):
        raise _errors.of_input(found, _errors.IN_LISTS)
    return found


def _pem(der: bytes) -> str:
    text = base64.b64encode(der).decode("ascii")
    lines = [text[i : i + 64] for i in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])
