"""The status codes of gossl.h are never reused: statuses.txt has all that ever were."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
DEFINED = re.compile(r"^#define (GOSSL_OK|GOSSL_E_\w+|GOSSL_WANT_\w+) \(?(-?\d+)\)?", re.MULTILINE)


def check(header: Path) -> None:
    listed = dict(line.split() for line in (HERE / "statuses.txt").read_text().splitlines())
    defined = dict(DEFINED.findall(header.read_text()))
    if len(set(listed.values())) != len(listed):
        raise AssertionError("tests/c/statuses.txt: a number stands for two statuses")
    for name, number in defined.items():
        if listed.get(name) != number:
            raise AssertionError(f"{name} is {number} in gossl.h and {listed.get(name)} in tests/c/statuses.txt")
    for name in listed.keys() - defined.keys():
        if listed[name] in defined.values():
            raise AssertionError(f"the number of {name} was reused")
    print(f"statuses: ok, {len(defined)}")
