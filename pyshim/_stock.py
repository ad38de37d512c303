"""The interpreter's own `_ssl`, where it has one: OpenSSL, which takes 2.5 ms and a megabyte to load.

A program that runs on gossl from its start may never need it: who needs it asks here.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

_NAME = "_ssl"
_aside: dict[str, ModuleType | None] = {}  # loaded while ours was in its place
_spared = _forbidden = False


def in_place() -> ModuleType | None:
    """The module, if it is what `import _ssl` gives to everybody."""
    found = sys.modules.get(_NAME)
    return None if found is None or hasattr(found, "__gossl__") else found


def loaded() -> ModuleType | None:
    """The module, if this process has loaded it."""
    return in_place() or _aside.get(_NAME)


def load() -> ModuleType | None:
    """The module; None if the interpreter has none. While ours is in its place it is loaded aside."""
    if loaded() is None and not _forbidden:
        if sys.modules.get(_NAME) is None:
            _import()
        elif _NAME not in _aside:
            _aside.setdefault(_NAME, _load())  # without a lock, which a forked child could find taken
    return loaded()


def spare() -> None:
    """From now on gossl is in its place: its exceptions need not be those of a module that nobody has."""
    global _spared, _forbidden
    _spared = True
    _forbidden = _NAME in sys.modules and sys.modules[_NAME] is None


def of_exceptions() -> ModuleType | None:
    """The module whose exceptions are to be ours: beside it, an `except` written against either shall catch both."""
    return loaded() if _spared else load()


def put_back() -> None:
    """What was loaded aside is what imports find from now on: a second one would have classes of its own."""
    made = _aside.get(_NAME)
    if made is not None:
        sys.modules.setdefault(_NAME, made)


def _import() -> None:
    try:
        __import__(_NAME)
    except ImportError:
        return  # it was built without


def _load() -> ModuleType | None:
    from importlib.machinery import BuiltinImporter, PathFinder
    from importlib.util import module_from_spec

    spec = BuiltinImporter.find_spec(_NAME) or PathFinder.find_spec(_NAME)
    if spec is None or spec.loader is None:
        return None
    try:
        made = module_from_spec(spec)
        spec.loader.exec_module(made)
    except ImportError:
        return None
    return made
