"""Contexts: what create_default_context() takes."""

from __future__ import annotations

import gc
import time
from typing import Any

from bench.figures import Case, Row, rate, resident


def first(ssl: Any) -> tuple[float]:
    start = time.perf_counter()
    ssl.create_default_context()
    return ((time.perf_counter() - start) * 1e3,)


def again(ssl: Any) -> tuple[float]:
    return (1e3 / rate(ssl.create_default_context),)


def memory(ssl: Any, count: int = 50) -> tuple[float]:
    kept = [ssl.create_default_context() for _ in range(3)]
    gc.collect()
    before = resident()
    kept += [ssl.create_default_context() for _ in range(count)]
    gc.collect()
    return (max(resident() - before, 1) / count,)


CASES = (
    Case(first, (Row("create_default_context(), first", "ms", 5.0, less=True),)),
    Case(again, (Row("create_default_context(), again", "ms", 100.0, less=True),)),
    Case(memory, (Row("memory of a default context", "KB", 30.0, less=True),)),
)
