"""Runs a function in a forked child, which may not hang."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import select
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator

LIMIT = 30.0


def in_child(function: Callable[[], object], limit: float = LIMIT) -> str:
    """What the function returned, as text; AssertionError if it failed, or if the child is not done in time."""
    pid, reader = start(function)
    return finish(pid, reader, limit)


def start(function: Callable[[], object], fork: Callable[[], int] = os.fork) -> tuple[int, int]:
    """Forks; gives the child's process and where its result comes."""
    sys.stdout.flush()
    sys.stderr.flush()
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12: "multi-threaded, use of fork()"
        pid = fork()
    if pid == 0:
        code = 1
        try:
            os.close(reader)
            os.write(writer, str(function()).encode())
            code = 0
        except BaseException:
            os.write(writer, traceback.format_exc().encode())
        finally:
            os._exit(code)
    os.close(writer)
    return pid, reader


def finish(pid: int, reader: int, limit: float = LIMIT) -> str:
    end = time.monotonic() + limit
    said = b""
    try:
        while select.select([reader], [], [], max(0, end - time.monotonic()))[0]:
            part = os.read(reader, 65536)
            said += part
            if not part:
                break
        else:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise AssertionError(f"the child hangs; it said {said.decode()!r}")
    finally:
        os.close(reader)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code:
        raise AssertionError(f"the child ended with {code}: {said.decode()}")
    return said.decode()


@contextlib.contextmanager
def few_threads() -> Iterator[None]:
    """Lets the process start no more than two threads. As root it becomes, for good, a user without processes."""
    if os.getuid() == 0:  # whom no such limit concerns, nor whoever has one of two capabilities
        libc, sets = ctypes.CDLL(None), (ctypes.c_uint32 * 6)()
        os.setresuid(65533, 0, 0)
        header = (ctypes.c_uint32 * 2)(0x20080522, 0)
        assert libc.capget(header, sets) == 0
        sets[0] &= ~(1 << 21 | 1 << 24)  # CAP_SYS_ADMIN, CAP_SYS_RESOURCE
        assert libc.capset(header, sets) == 0
    limits = resource.getrlimit(resource.RLIMIT_NPROC)
    resource.setrlimit(resource.RLIMIT_NPROC, (3, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NPROC, limits)
