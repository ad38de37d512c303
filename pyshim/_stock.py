"""The interpreter's own `_ssl`, where it has one: OpenSSL, which takes 2.5 ms and a megabyte to load.

A program that runs on gossl from its start may never need it: who needs it asks here.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

    from ._lib import Library

_NAME = "_ssl"
_aside: dict[str, ModuleType | None] = {}  # loaded while ours was in its place
_places: tuple[str, str] | None = None
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


def places() -> tuple[str, str]:
    """The file and the directory where OpenSSL looks for trust anchors; "" for both if the interpreter has none."""
    if _places is None and loaded() is None:
        from . import _lib

        library = _lib.loaded()
        if library is not None:
            learn_places(library, load=True)
    if _places is not None:
        return _places
    stock: Any = load()
    if stock is None:
        return "", ""
    _, file, _, directory = stock.get_default_verify_paths()
    return file, directory


def learn_places(library: Library, load: bool = False) -> None:
    """Reads OpenSSL's places in its file, where that goes, or else loads it if told to, but never the module."""
    global _places
    spec = None if loaded() is not None or _forbidden or _places is not None else _find()
    ask = getattr(library, "openssl_places", None)
    if ask is not None and spec is not None and spec.has_location and spec.origin:
        found = ask(os.fsencode(spec.origin), load)
        if found is not None:
            _places = os.fsdecode(found[0]), os.fsdecode(found[1])


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


def _find() -> ModuleSpec | None:
    from _frozen_importlib import BuiltinImporter  # as in _lib
    from _frozen_importlib_external import PathFinder

    return BuiltinImporter.find_spec(_NAME) or PathFinder.find_spec(_NAME)


def _load() -> ModuleType | None:
    from importlib.util import module_from_spec

    spec = _find()
    if spec is None or spec.loader is None:
        return None
    try:
        made = module_from_spec(spec)
        spec.loader.exec_module(made)
    except ImportError:
        return None
    return made
