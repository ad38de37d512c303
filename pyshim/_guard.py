"""Around the loading of a library that starts Go at once: not on x86-64 with glibc, where fork.c starts it.

Of those for aarch64 both kinds are built, and only loading tells which one it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from . import _lib


@contextmanager
def around() -> Iterator[None]:
    """Refuses where Go would end the process, and undoes what it changes."""
    _check_address_space()
    with _signals_blocked(), _descriptor_limit_kept():
        yield


def _check_address_space() -> None:
    """Refuses where a limit of the address space would make the Go runtime end the process."""
    try:
        import resource
    except ImportError:
        return
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and limit - _address_space_used() < _lib.ADDRESS_SPACE:
        raise _lib.no_address_space()


def _address_space_used() -> int:
    try:
        with open("/proc/self/statm", "rb") as f:
            return int(f.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """The runtime's threads inherit a full mask, so that no signal meant for the program goes to them."""
    # Not signal's functions, which make an enum of each number: half a millisecond, and as much for their import.
    import _signal  # type: ignore[import-not-found]

    if not hasattr(_signal, "pthread_sigmask"):
        yield
        return
    before = _signal.pthread_sigmask(_signal.SIG_BLOCK, _signal.valid_signals())
    try:
        yield
    finally:
        _signal.pthread_sigmask(_signal.SIG_SETMASK, before)


@contextmanager
def _descriptor_limit_kept() -> Iterator[None]:
    """A starting Go runtime raises the soft limit of descriptors, which breaks select() in the program."""
    try:
        import resource
    except ImportError:
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        yield
    finally:
        if resource.getrlimit(resource.RLIMIT_NOFILE) != before:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
