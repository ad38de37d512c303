"""What a figure is, and the measures of time that they share."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

SECONDS = float(os.environ.get("BENCH_SECONDS", "0.5"))
FOLDER = Path(os.environ.get("BENCH_FOLDER", "."))


class Row(NamedTuple):
    """A line of the table."""

    name: str
    unit: str
    target: float | None = None  # the least ratio wanted
    less: bool = False  # less is better: the ratio is that of Python's own ssl to gossl
    own: bool = False  # the value of gossl is the ratio


class Case(NamedTuple):
    """A measurement, in a process of its own: of an ssl module, a value for each row."""

    measure: Callable[[Any], tuple[float, ...]]
    rows: tuple[Row, ...]
    environment: Mapping[str, str] = {}


PLAIN = {"GOSSL_BINDING": "ctypes"}


# A figure is measured in this many parts, of which the best counts: what else the machine does disturbs the others.
PARTS = 10


def paced(what: Callable[[], Any], seconds: float = SECONDS) -> tuple[float, float]:
    """How often what can be done in a second, and in a second of the processor's."""
    what()
    found = [_part(what, seconds / PARTS) for _ in range(PARTS)]
    return max(wall for wall, _ in found), max(cpu for _, cpu in found)


def _part(what: Callable[[], Any], seconds: float) -> tuple[float, float]:
    count, start, cpu = 0, time.perf_counter(), time.process_time()
    while (spent := time.perf_counter() - start) < seconds:
        what()
        count += 1
    return count / spent, count / (time.process_time() - cpu)


def rate(what: Callable[[], Any], seconds: float = SECONDS) -> float:
    """How often a second what can be done."""
    return paced(what, seconds)[0]


def resident() -> int:
    """Kilobytes of private memory."""
    with open("/proc/self/smaps_rollup") as f:
        return sum(int(line.split()[1]) for line in f if line.startswith(("Private_Dirty", "Private_Clean")))
