"""Puts gossl in the place of the interpreter's `_ssl`, and takes it out again.

CPython's Lib/ssl.py is the Python layer, but for some methods (_front.py). In a program that has not imported ssl yet
it is executed over gossl's `_ssl`, and that is all there is to it. An ssl module that is in use already is switched by
_late.py. And beside either, ssl.py can be executed once more, as the module gossl.ssl.
"""

from __future__ import annotations

import builtins
import os
import sys
import threading
from types import ModuleType

from . import _stock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._late import Switch

_lock = threading.RLock()
_ours: ModuleType | None = None  # ssl over gossl
_mode = ""  # how it is installed: "", "start" or "late"
_before: dict[str, ModuleType | None] = {}
_switch: Switch | None = None


def install() -> None:
    """Makes `import ssl` give gossl, from now on and in all modules that have imported ssl already.

    What they make from then on runs on gossl, also by names that they took out of ssl before, and by classes that they
    derived from ssl.SSLContext. The contexts and connections that exist go on with OpenSSL; status() lists them.
    """
    global _mode, _switch
    with _lock:
        if _mode:
            return
        stock = sys.modules.get("ssl")
        if stock is None or hasattr(getattr(stock, "_ssl", None), "__gossl__"):
            _stock.spare()
            from . import _ssl

            _before.update({name: sys.modules.get(name) for name in ("_ssl", "ssl")})
            sys.modules["_ssl"] = _ssl
            if _ours is not None:
                sys.modules["ssl"] = _ours
            _mode = "start"
            return
        from . import _defaults
        from ._late import Switch

        if _switch is None or _switch.module is not stock:
            _switch = Switch(stock)
        _switch.on()
        _mode = "late"
        _defaults.renew()


def uninstall() -> None:
    """Undoes install(). What was made with gossl goes on working, and on gossl."""
    global _mode, _ours
    from . import _front, _native

    with _lock:
        mode, _mode = _mode, ""
        if mode == "late" and _switch is not None:
            from . import _defaults

            _switch.off()
            _front.put_back(foreign_only=True)
            _defaults.put_back()
        if mode != "start":
            return
        ours = sys.modules.get("ssl")
        if ours is not None:
            _ours = ours
        for name, old in _before.items():
            if old is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = old
        _stock.put_back()
        _native.leave_wants()
        if ours is not None and ours is not _before["ssl"]:
            _rebind(ours)


def mode() -> str:
    """How gossl is installed: "start" if before ssl was imported, "late" if after, "" if it is not."""
    return _mode


def switched() -> Switch | None:
    """The ssl module that was in use when gossl was installed, or is being used still after that."""
    return _switch


def module() -> ModuleType:
    """The interpreter's ssl module over gossl, installed or not."""
    global _ours
    with _lock:
        if _ours is None and _mode == "start":
            import ssl

            return ssl
        if _ours is None:
            _ours = _make()
        return _ours


def _make() -> ModuleType:
    """Executes Lib/ssl.py once more, with an import statement that finds our `_ssl`.

    sys.modules["_ssl"] stays as it is meanwhile, so that another thread sees no half of a switch.
    """
    import importlib.util

    from . import _ssl

    # ssl.py adds its enums to sys.modules[__name__].
    name = f"{__package__}.ssl"
    path = os.path.join(os.path.dirname(os.__file__), "ssl.py")
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
    made.SSLContext.sslsocket_class = _known_as(made.SSLSocket)
    made.SSLContext.sslobject_class = _known_as(made.SSLObject)
    return made


def _known_as(cls: Any) -> Any:
    """The class derived so that isinstance() also finds the other ssl module's class of that name."""
    from . import _beside

    def known(self: Any) -> type:
        return _beside.also(type(self), cls.__name__, cls)

    names = {"__class__": property(known), "__module__": cls.__module__, "__doc__": cls.__doc__}
    return type(cls.__name__, (cls,), names)


def _rebind(old: ModuleType) -> None:
    """Gives the modules that refer to the old ssl module, or to exceptions of it, those of now."""
    import ssl

    from . import _errors

    new = {id(old): ssl, **{id(ours): theirs for ours, theirs in _errors.replaced()}}
    for name, other in list(sys.modules.items()):
        if isinstance(other, ModuleType) and name.split(".")[0] != __package__:
            for attribute, value in list(vars(other).items()):
                if id(value) in new:
                    setattr(other, attribute, new[id(value)])
                elif type(value) is tuple and any(id(v) in new for v in value):  # asyncio has such, of exceptions
                    setattr(other, attribute, tuple(new.get(id(v), v) for v in value))
