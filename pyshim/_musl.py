"""Why gossl cannot run on musl, and how it is told."""

from __future__ import annotations

import sys

REASON = (
    "gossl cannot run on musl (Alpine Linux and the like): a Go library needs thread-local storage from the time that "
    "a program starts, and musl gives none to a library that is loaded later. Use a Python for glibc"
)


def refuse() -> None:
    """Raises ImportError in an interpreter that was built for musl."""
    if is_musl():
        raise ImportError(REASON, name="gossl")


def is_musl() -> bool:
    """Whether the interpreter says that it was built for musl. Cheap where it says so itself."""
    multiarch = getattr(sys.implementation, "_multiarch", "")
    if multiarch or not sys.platform.startswith("linux"):
        return "musl" in multiarch
    import sysconfig

    return any("musl" in str(sysconfig.get_config_var(name)) for name in ("HOST_GNU_TYPE", "SOABI"))
