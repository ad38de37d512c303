"""Another copy of the library, for forked children in which its runtime cannot be restarted.

Where fork.c's conditions do not hold (another processor or C library), or with GOSSL_FORK=copy, for tests, a child
loads the library once more, from a copy of its file, with a runtime of its own. Configs are made anew there by the
calls that made them, which the parent keeps: keys and certificates too. Sessions and connections cannot go on.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from . import _codes

if TYPE_CHECKING:
    from ._lib import Handle, Library

Calls = list[tuple[str, tuple[object, ...]]]

renewing = threading.RLock()
_generation = 0


def forked() -> None:
    """In a child, before it uses the library."""
    global _generation, renewing
    _generation += 1
    renewing = threading.RLock()


@contextmanager
def file(original: str) -> Iterator[str]:
    """The file to load. The dynamic linker tells libraries apart by name and by file, so that a copy has its own of
    both, and another name in each generation."""
    if _generation == 0:
        yield original
        return
    try:
        copy = os.memfd_create("libgossl")
        with open(original, "rb") as f:
            while data := f.read(1 << 20):
                os.write(copy, data)
    except (AttributeError, OSError) as e:
        raise ImportError(f"gossl cannot copy its library, which this forked process needs: {e}", name="gossl") from e
    try:
        yield "/proc/self/" + "./" * _generation + f"fd/{copy}"
    finally:
        os.close(copy)


def record(made: dict[int, Calls], name: str, arguments: tuple[object, ...]) -> None:
    """Keeps a call that has changed a config."""
    if name.startswith("gossl_config_"):
        config = arguments[0]
        assert isinstance(config, int)
        made[config].append((name, arguments[1:]))


def refuse() -> NoReturn:
    """Raises SSLError for what cannot go on in the child."""
    from . import _consts, _errors

    text = "this was made before the process was forked, and cannot go on in the child on this platform"
    raise _errors.error(text, _errors.IN_LISTS, _consts.SSL_ERROR_SSL)


def config(library: Library | None, number: int) -> Handle:
    """Makes a config of the parent's library anew; SSLError for what is none."""
    from . import _errors, _lib

    calls = library.made.get(number) if library is not None and library.made is not None else None
    if calls is None:
        refuse()
    made = _lib.make(calls[0][0], "gossl_config_free", *calls[0][1])
    if not isinstance(made, _lib.Handle):
        raise _errors.of_input(made or _lib.Failure(_codes.E_PANIC), _errors.IN_LISTS)
    for name, arguments in calls[1:]:
        _errors.check(_lib.call(name, made.value, *arguments))
    return made
