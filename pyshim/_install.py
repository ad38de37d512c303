"""Puts gossl in the place of the interpreter's `_ssl`, and takes it out again.

CPython's Lib/ssl.py is the Python layer, unmodified: it is executed over gossl's `_ssl`. In a program that has not
imported ssl yet, that is all there is to it. Where ssl has been imported, a second ssl module is made, and the modules
that refer to the first one by name are given the second; what they took out of it before stays what it was, and
status() tells.
"""

from __future__ import annotations

import builtins
import importlib.util
import os
import sys
import sysconfig
import threading
import warnings
from types import ModuleType
from typing import Any, NamedTuple

from . import _lib
from ._consts import VERSION

_lock = threading.RLock()
_ours: ModuleType | None = None  # ssl over gossl, when it was made beside another one
_installed = False
_before: dict[str, ModuleType | None] = {}


class Status(NamedTuple):
    """What status() gives."""

    installed: bool
    library: str
    loaded: bool
    stale: list[str]  # modules that hold classes or functions of another ssl


def install() -> None:
    """Makes `import ssl` give gossl, from now on and in all modules that have imported ssl already.

    Warns where a module has taken names out of the other ssl (`from ssl import SSLContext`): these stay.
    """
    global _installed
    with _lock:
        if _installed:
            return
        from . import _ssl

        _before.update({name: sys.modules.get(name) for name in ("_ssl", "ssl")})
        old = _before["ssl"]
        if old is None and _ours is None:
            sys.modules["_ssl"] = _ssl
        else:
            new = module()
            sys.modules["_ssl"], sys.modules["ssl"] = _ssl, new
            _rebind(old, new)
        _installed = True
    if stale := status().stale:
        text = f"gossl.install() came late: {', '.join(stale)} keep names of the other ssl module"
        warnings.warn(text, RuntimeWarning, stacklevel=2)


def uninstall() -> None:
    """Undoes install(). What was made with gossl goes on working."""
    global _installed, _ours
    with _lock:
        if not _installed:
            return
        _installed = False
        ours = sys.modules.get("ssl")
        if ours is not None:
            _ours = ours
        for name, old in _before.items():
            if old is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = old
        if ours is not None and ours is not _before["ssl"]:
            import ssl as theirs

            _rebind(ours, theirs)


def status() -> Status:
    """Whether gossl is installed, and what does not use it although it is."""
    library = _lib.loaded()
    stale = _stale() if _installed else []
    return Status(_installed, library.path if library else _lib.path(), library is not None, stale)


def version() -> str:
    """The versions of the package and of the engine. Loads the library."""
    found = _lib.get("gossl_version")
    engine = found.decode("utf-8") if isinstance(found, bytes) else "unknown"
    return f"gossl {VERSION} (library: {engine})"


def module() -> ModuleType:
    """The interpreter's ssl module over gossl, installed or not."""
    global _ours
    with _lock:
        if _installed and _ours is None:
            import ssl

            return ssl
        if _ours is None:
            _ours = _make()
        return _ours


def _make() -> ModuleType:
    """Executes Lib/ssl.py once more, with an import statement that finds our `_ssl`.

    sys.modules["_ssl"] stays as it is meanwhile, so that another thread sees no half of a switch.
    """
    from . import _ssl

    # ssl.py adds its enums to sys.modules[__name__].
    name = f"{__package__}.ssl"
    path = os.path.join(sysconfig.get_path("stdlib"), "ssl.py")
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError("the interpreter has no ssl.py", name="ssl")

    def find(wanted: str, *arguments: Any, **keywords: Any) -> ModuleType:
        return _ssl if wanted == "_ssl" else builtins.__import__(wanted, *arguments, **keywords)

    made = importlib.util.module_from_spec(spec)
    made.__dict__["__builtins__"] = {**vars(builtins), "__import__": find}
    sys.modules[name] = made
    try:
        spec.loader.exec_module(made)
    except BaseException:
        del sys.modules[name]
        raise
    return made


def _rebind(old: ModuleType | None, new: ModuleType) -> None:
    """Gives the modules that refer to the old ssl module the new one."""
    for other in _modules():
        for name, value in list(vars(other).items()):
            if value is old and old is not None:
                setattr(other, name, new)


def _stale() -> list[str]:
    """Modules that hold classes or functions which another ssl module defines."""
    old = _before.get("ssl")
    if old is None:
        return []
    shared = vars(_errors_module())
    kept = {
        id(value)
        for name, value in vars(old).items()
        if getattr(value, "__module__", None) == old.__name__ and value is not shared.get(name)
    }
    return sorted(
        other.__name__
        for other in _modules()
        if other is not old
        and other.__name__ != "_ssl"
        and not other.__name__.startswith(f"{__package__}.")
        and any(id(value) in kept for value in vars(other).values())
    )


def _errors_module() -> ModuleType:
    from . import _errors

    return _errors


def _modules() -> list[ModuleType]:
    """All modules but our own."""
    package = str(__package__)
    return [m for name, m in list(sys.modules.items()) if isinstance(m, ModuleType) and name.split(".")[0] != package]
