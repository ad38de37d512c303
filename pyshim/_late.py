"""Switches an ssl module that is in use already.

Its class SSLContext is edited where it is, never replaced: so whoever took it out of the module before (`from ssl
import SSLContext`), or derived a class from it, is switched too, and isinstance() holds for old and new contexts. What
is made from now on has a context of ours behind it, which gets certificates, keys, trust anchors and lists, and makes
the connections. Simple settings stay on the context itself, and are read when a connection is made: gevent and
truststore set them on the C class, past everything that could be put in between.

A context made before has nothing behind it, and stays with OpenSSL.
"""

from __future__ import annotations

import functools
import sys
import threading
import types
import warnings
import weakref
from collections.abc import Callable
from types import ModuleType
from typing import Any

from . import _codes, _consts, _context, _socket
from ._beside import BEHIND
from ._context import _SSLContext, new_context

_ABSENT: Any = object()
_RANGE = {_consts.PROTOCOL_TLS, _consts.PROTOCOL_TLS_CLIENT, _consts.PROTOCOL_TLS_SERVER}

# What is read from the context itself, and the number of our setting.
_NUMBERS = {
    "options": _codes.CONFIG_OPTIONS,
    "verify_flags": _codes.CONFIG_VERIFY_FLAGS,
    "verify_mode": _codes.CONFIG_VERIFY_MODE,
    "check_hostname": _codes.CONFIG_CHECK_HOSTNAME,
    "_host_flags": _codes.CONFIG_HOST_FLAGS,
    "minimum_version": _codes.CONFIG_MIN_VERSION,
    "maximum_version": _codes.CONFIG_MAX_VERSION,
    "post_handshake_auth": _codes.CONFIG_POST_HANDSHAKE_AUTH,
    "num_tickets": _codes.CONFIG_NUM_TICKETS,
}
_OBJECTS = ("keylog_filename", "sni_callback", "_msg_callback")
_NOT_SWITCHED = {*_NUMBERS, *_OBJECTS, "protocol"}
# Only some protocols have these.
_BOUNDS = ("minimum_version", "maximum_version")


class Behind:
    """What is behind a context: nothing until it is needed, then a context of ours."""

    __slots__ = ("_base", "_config", "_lock", "_seen")

    def __init__(self, base: Any) -> None:
        self._base = base
        self._config: _SSLContext | None = None
        self._lock = threading.Lock()
        self._seen: dict[str, Any] = {}

    def config(self, front: Any) -> _SSLContext:
        """Our context, with the simple settings of the one in front. Raises what refuses one of them."""
        with self._lock:
            config = self._config
            if config is None:
                config = self._config = new_context(int(self._base.protocol.__get__(front)))
            for name in (*_NUMBERS, *_OBJECTS):
                descriptor = getattr(self._base, name, None)
                value = None if descriptor is None else descriptor.__get__(front)
                if descriptor is not None and value != self._seen.get(name, _ABSENT):
                    self._copy(config, name, value, front)
                    self._seen[name] = value
        return config

    def _copy(self, config: _SSLContext, name: str, value: Any, front: Any) -> None:
        if name in _NUMBERS:
            if name in _BOUNDS and config.protocol not in _RANGE:
                return
            if name == "num_tickets" and config.protocol != _consts.PROTOCOL_TLS_SERVER:
                return
            _context._set_int(config, _NUMBERS[name], int(value))
        elif name != "sni_callback":
            setattr(config, name, value)
        elif value is not None or name in self._seen:
            config.sni_callback = None if value is None else _shown_as(weakref.ref(front), value)


def _shown_as(front: weakref.ref[Any], callback: Callable[..., Any]) -> Callable[..., Any]:
    return lambda connection, name, _config: callback(connection, name, front())


class Switch:
    """An ssl module that is switched, and what it was before."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self._lock = threading.RLock()
        self._on = False
        self._alive: dict[int, weakref.ref[Any]] = {}
        # What truststore or gevent may have put into the module is derived from the class that counts.
        self.target, self._base = _class_of(module)
        self._edited: list[tuple[Any, str, Any]] = []
        self._pins: list[tuple[Any, str, Any]] = []

    def on(self) -> None:
        with self._lock:
            if self._on:
                return
            self._on = True
            if not self._edited:
                self._edit_members()
            if not self._pins:
                self._pin()
            self._edit(self.target, "__new__", staticmethod(self._constructor()))
            for name, value in _consts.exported(sys.version_info[:2]).items():
                if name.startswith(("OPENSSL_VERSION", "HAS_")) and hasattr(self.module, name):
                    self._edit(self.module, name, value)

    def off(self) -> None:
        """Contexts are made as before. What ours need stays until the last of them is gone."""
        with self._lock:
            self._on = False
            self._restore()

    def old(self) -> list[Any]:
        """The contexts in use that OpenSSL serves."""
        import gc

        found = [o for o in gc.get_objects() if _is(o, self._base)]
        return [o for o in found if BEHIND not in getattr(o, "__dict__", {})]

    def _edit(self, where: Any, name: str, value: Any) -> None:
        self._edited.append((where, name, vars(where).get(name, _ABSENT)))
        setattr(where, name, value)

    def _restore(self) -> None:
        needed = bool(self._alive)
        kept = [e for e in self._edited if needed and e[0] is self.target and e[1] != "__new__"]
        undone = [e for e in self._edited if e not in kept]
        self._edited = kept
        if not needed and self.module.SSLContext is self.target:
            undone += self._pins
            self._pins = []
        for where, name, value in reversed(undone):
            if value is _ABSENT:
                delattr(where, name)
            else:
                setattr(where, name, value)

    def _edit_members(self) -> None:
        for name, value in vars(_SSLContext).items():
            if name in _NOT_SWITCHED or name in vars(self.target) or name.startswith("__"):
                continue
            original = getattr(self._base, name, None)
            if isinstance(value, property):
                self._edit(self.target, name, _property(name, original))
            elif name in ("_wrap_socket", "_wrap_bio"):
                self._edit(self.target, name, _connecting(value, original))
            elif callable(value):
                self._edit(self.target, name, _method(value, original))

    def _pin(self) -> None:
        for name, value in list(vars(self.target).items()):
            if isinstance(value, property) and name in _NOT_SWITCHED:
                self._pins.append((self.target, name, value))
                setattr(self.target, name, self._pinned(value))

    def _pinned(self, value: property) -> property:
        """The property with the name SSLContext in its code meaning this class, whatever the module's name means.

        ssl.py says super(SSLContext, SSLContext).options.__set__(self, value): once truststore or gevent have given
        that name to a class of their own, it finds itself for ever, in contexts of whoever took the class before, also
        where gossl is not. A program that has come to work by this must not break with uninstall(): so the properties
        stay until the name means this class again.
        """
        names = {**vars(self.module), "SSLContext": self.target}

        def pin(function: Any) -> Any:
            if not isinstance(function, types.FunctionType) or "SSLContext" not in function.__code__.co_names:
                return function
            return types.FunctionType(
                function.__code__, names, function.__name__, function.__defaults__, function.__closure__
            )

        return property(pin(value.fget), pin(value.fset), pin(value.fdel), value.__doc__)

    def _constructor(self) -> Callable[..., Any]:
        base, default = self._base, self.module.PROTOCOL_TLS
        attach = self._attach

        # As in ssl.py, also in how deep the stack is when a warning is given.
        def __new__(cls: Any, protocol: Any = None, *_arguments: Any, **_keywords: Any) -> Any:
            if protocol is None:
                text = "ssl.SSLContext() without protocol argument is deprecated."
                warnings.warn(text, category=DeprecationWarning, stacklevel=2)
                protocol = default
            made = base.__new__(cls, protocol)
            attach(made)
            return made

        return __new__

    def _attach(self, front: Any) -> None:
        key, lock = id(front), self._lock

        def gone(_: object) -> None:
            with lock:
                self._alive.pop(key, None)
                if not self._on and not self._alive:
                    self._restore()

        front.__dict__[BEHIND] = Behind(self._base)
        self._alive[key] = weakref.ref(front, gone)


def _method(ours: Any, original: Any) -> Any:
    @functools.wraps(ours)
    def method(self: Any, *arguments: Any, **keywords: Any) -> Any:
        behind = self.__dict__.get(BEHIND)
        if behind is None:
            return _of(original, ours.__name__)(self, *arguments, **keywords)
        return ours(behind.config(self), *arguments, **keywords)

    return method


def _connecting(ours: Any, original: Any) -> Any:
    """_wrap_socket and _wrap_bio: the connection shows the context in front."""

    @functools.wraps(ours)
    def method(self: Any, *arguments: Any, **keywords: Any) -> Any:
        behind = self.__dict__.get(BEHIND)
        if behind is None:
            return original(self, *arguments, **keywords)
        made = ours(behind.config(self), *arguments, **keywords)
        _socket.show(made, self)
        return made

    return method


def _property(name: str, original: Any) -> property:
    def find(self: Any) -> Any:
        behind = self.__dict__.get(BEHIND)
        if behind is None:
            return _of(original, name).__get__(self)
        return getattr(behind.config(self), name)

    def change(self: Any, value: Any) -> None:
        behind = self.__dict__.get(BEHIND)
        if behind is None:
            _of(original, name).__set__(self, value)
        else:
            setattr(behind.config(self), name, value)

    return property(find, change)


def _of(original: Any, name: str) -> Any:
    if original is None:
        raise AttributeError(f"a context of the interpreter's own OpenSSL has no {name}")
    return original


def _is(thing: object, base: type) -> bool:
    # Not isinstance(), which would run what proxies do when they are asked for their class.
    return base in type(thing).__mro__


def _class_of(module: ModuleType) -> tuple[Any, Any]:
    """The class of ssl.py that is to be edited, and the class of C below it."""
    line = module.SSLContext.__mro__
    base = next(i for i, cls in enumerate(line) if cls.__module__ == "_ssl")
    return line[base - 1], line[base]
