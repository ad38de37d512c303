"""Python's integers as the C types that CPython's module takes them for, with its refusals."""

from __future__ import annotations

import sys
from operator import index

_LONG = sys.maxsize  # C long is as wide as ssize_t where gossl runs


def as_int(value: object) -> int:
    number = as_long(value)
    if number > 0x7FFFFFFF:
        raise OverflowError("signed integer is greater than maximum")
    if number < -0x80000000:
        raise OverflowError("signed integer is less than minimum")
    return number


def as_long(value: object) -> int:
    number = index(value)  # type: ignore[arg-type]
    if not -_LONG - 1 <= number <= _LONG:
        raise OverflowError("Python int too large to convert to C long")
    return number


def as_unsigned_int(value: object) -> int:
    return index(value) & 0xFFFFFFFF  # type: ignore[arg-type]


def as_unsigned_long(value: object) -> int:
    """Any integer, modulo the width."""
    if not isinstance(value, int):
        raise TypeError(f"argument must be int, not {_type_name(value)}")
    return value & (2 * _LONG + 1)


def as_options(value: object) -> int:
    """The bits of SSLContext.options: since 3.12 an unsigned 64-bit number, before that a C long."""
    if sys.version_info < (3, 12):
        return as_long(value) & (2 * _LONG + 1)
    if not isinstance(value, int):
        raise TypeError(f"argument must be int, not {_type_name(value)}")
    if value < 0:
        if sys.version_info >= (3, 14):
            raise ValueError("Cannot convert negative int")
        raise OverflowError("can't convert negative int to unsigned")
    if value >= 1 << 64:
        raise OverflowError("int too big to convert")
    return value


def _type_name(value: object) -> str:
    return "None" if value is None else type(value).__name__
