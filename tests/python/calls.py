"""Which system calls about descriptors a piece of a program makes, in order.

The kernel tells it of the main thread of a child (ptrace); pieces begin and end with a getppid(), which nothing else
asks for.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import struct
import subprocess
import sys

# The calls that are counted, and the mark. That on memory, of threads and of the clock is left out: when there is any
# depends on what else the process does.
NUMBERS = {
    "x86_64": {
        0: "read", 1: "write", 5: "fstat", 7: "poll", 16: "ioctl", 19: "readv", 20: "writev", 23: "select",
        44: "sendto", 45: "recvfrom", 46: "sendmsg", 47: "recvmsg", 48: "shutdown", 54: "setsockopt",
        55: "getsockopt", 72: "fcntl", 232: "epoll_wait", 262: "fstat", 270: "select", 271: "poll",
        110: "mark",
    },
    "aarch64": {
        25: "fcntl", 29: "ioctl", 63: "read", 64: "write", 65: "readv", 66: "writev", 72: "select", 73: "poll",
        79: "fstat", 80: "fstat", 206: "sendto", 207: "recvfrom", 208: "setsockopt", 209: "getsockopt",
        210: "shutdown", 211: "sendmsg", 212: "recvmsg", 22: "epoll_wait",
        173: "mark",
    },
}.get(platform.machine(), {})  # fmt: skip

PTRACE_CONT, PTRACE_SYSCALL, PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_GET_SYSCALL_INFO = 7, 24, 0x4206, 0x4207, 0x420E
TRACESYSGOOD = 1
SYSCALL_STOP = signal.SIGTRAP | 0x80
ENTRY = 1
INFO = struct.Struct("=B3xIQQQ")  # of ptrace_syscall_info: op, arch, instruction and stack pointer, number

PREFIX = """
import os, sys
from contextlib import contextmanager
@contextmanager
def counted():
    os.getppid()
    try:
        yield
    finally:
        os.getppid()
def begin():
    print("ready", flush=True)
    sys.stdin.readline()
"""


class Refused(Exception):
    """The system does not let this process watch its child."""


def _ptrace(request: int, pid: int, address: int = 0, data: object = None) -> int:
    call = ctypes.CDLL(None, use_errno=True).ptrace
    call.restype = ctypes.c_long
    result = call(ctypes.c_long(request), ctypes.c_long(pid), ctypes.c_void_p(address), data)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(result)


def of(program: str, environment: dict[str, str]) -> list[list[str]]:
    """The calls of each `with counted():` after begin(). What the program writes to its standard error is shown."""
    command = [sys.executable, "-c", PREFIX + program]
    child = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin is not None and child.stdout is not None
    with child.stdin, child.stdout:
        try:
            if child.stdout.readline() != b"ready\n":
                raise AssertionError("the program ended too early")
            _seize(child.pid)
            child.stdin.write(b"\n")
            child.stdin.flush()
            found, child.returncode = _watch(child.pid)
        finally:
            if child.returncode is None:
                child.kill()
                child.wait()
    if child.returncode:
        raise AssertionError(f"the program ended with {child.returncode}")
    return found


def _seize(pid: int) -> None:
    try:
        _ptrace(PTRACE_SEIZE, pid, 0, ctypes.c_void_p(TRACESYSGOOD))
    except OSError as e:
        raise Refused(str(e)) from None
    _ptrace(PTRACE_INTERRUPT, pid)


def _watch(pid: int) -> tuple[list[list[str]], int]:
    """Until it ends: the calls between marks, and how it ended."""
    found: list[list[str]] = []
    counting = False
    info = ctypes.create_string_buffer(128)
    while True:
        _, status = os.waitpid(pid, 0)
        if not os.WIFSTOPPED(status):
            return found, os.waitstatus_to_exitcode(status)
        passed = 0
        if os.WSTOPSIG(status) == SYSCALL_STOP:
            _ptrace(PTRACE_GET_SYSCALL_INFO, pid, len(info), info)
            op, _, _, _, number = INFO.unpack_from(info)
            name = NUMBERS.get(number) if op == ENTRY else None
            if name == "mark":
                counting = not counting
                if counting:
                    found.append([])
            elif name and counting:
                found[-1].append(name)
        elif status >> 16 == 0:  # a signal of its own
            passed = os.WSTOPSIG(status)
        _ptrace(PTRACE_SYSCALL, pid, 0, ctypes.c_void_p(passed))
