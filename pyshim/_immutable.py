"""Classes that behave as the types of a C extension: closed to assignment, subclassing, pickling and free creation.

Programs and CPython's tests look at this; a plain Python class would give in silently.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn, TypeVar

    _Class = TypeVar("_Class", bound=type)


class Immutable(type):
    """The metaclass: refuses to change the classes that say `_frozen_`, not what is derived from them."""

    def __setattr__(cls, name: str, value: object) -> None:
        cls.__refuse(name)
        super().__setattr__(name, value)

    def __delattr__(cls, name: str) -> None:
        cls.__refuse(name)
        super().__delattr__(name)

    def __refuse(cls, name: str) -> None:
        if "_frozen_" in cls.__dict__:
            where = f"{cls.__module__}.{cls.__qualname__}"
            raise TypeError(f"cannot set {name!r} attribute of immutable type '{where}'")


class Unpicklable:
    """Refuses pickle and copy: the state is in the library."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: object, /) -> NoReturn:
        raise TypeError(f"cannot pickle '{_type_name(self)}' object")


def _type_name(instance: object) -> str:
    cls = type(instance)
    return f"_ssl.{cls.__name__}" if "_frozen_" in cls.__dict__ else cls.__name__


def undeletable(cls: _Class) -> _Class:
    """The class, with properties that can be set but not deleted (which ends older CPythons' processes)."""
    for name, found in list(vars(cls).items()):
        if type(found) is property and found.fset is not None and name != "__class__":
            type.__setattr__(cls, name, found.deleter(_refusal(name)))
    return cls


def _refusal(name: str) -> Callable[[object], None]:
    def refuse(self: object) -> None:
        raise AttributeError(f"attribute {name!r} of {_type_name(self)!r} objects cannot be deleted")

    return refuse


class Final:
    """Refuses to be a base class, but of the one class that names it first."""

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        for base in cls.__bases__:
            if "_frozen_" in base.__dict__:
                raise TypeError(f"type '_ssl.{base.__name__}' is not an acceptable base type")


class Uncreatable:
    """Refuses to be created by calling the class; the module makes instances with `object.__new__`."""

    __slots__ = ()

    if not TYPE_CHECKING:

        def __new__(cls, *_arguments, **_keywords):
            raise TypeError(f"cannot create '_ssl.{cls.__name__}' instances")
