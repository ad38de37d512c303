"""Builds the library for aarch64 and runs the Python tests on it, under qemu-user, on another Linux machine.

    python tests/aarch64.py [--cpython] [NAME ...]

NAME is a module, class or test of tests/python, as unittest takes it. --cpython: CPython's own test_ssl, too. It needs
qemu-user, registered with the kernel (binfmt_misc), apt-get, for a Python, and zig; .ci/run installs none of them.
"""

from __future__ import annotations

import mmap
import os
import platform
import shlex
import subprocess
import sys
import unittest
from collections.abc import Iterator
from pathlib import Path

import emulated

ROOT = Path(__file__).resolve().parent.parent
TAG = "manylinux_2_17_aarch64"
MADV_WIPEONFORK = 18
LIBRARY = emulated.DIRECTORY / "libgossl.so"

# What qemu-user does not do as a kernel does, by the last part of a test's name.
OWN_THREAD = "each process has a thread of the emulator's"
NO_LIMIT = "limits of address space are not heeded"
NOT_EMULATED = {
    "test_a_process_that_only_imported_it": OWN_THREAD,
    "test_a_child_without_tls_is_not_slowed_down": OWN_THREAD,
    "test_without_address_space_a_child_is_told": NO_LIMIT,
    "test_too_little_address_space": NO_LIMIT,
    "test_too_little_address_space_is_an_import_error_and_does_not_end_the_process": NO_LIMIT,
    "test_too_few_threads": OWN_THREAD,
}
# What Debian 12's Python 3.11.2 does, and later ones of 3.11 do in another way, as gossl does: in test_ssl.
OLDER = ("test_options", "test_bio_handshake")
AGE = "import sys; print((3, 11) <= sys.version_info < (3, 11, 4))"


def main() -> int:
    python = emulated.python()
    if not python:
        raise SystemExit("gossl: no qemu-user or no apt-get here (on Debian: apt install qemu-user-static)")
    cpython = "--cpython" in sys.argv
    names = [n for n in sys.argv[1:] if n != "--cpython"]
    build(python)
    environment = {**os.environ, **emulated.environment(), "PYTHONPATH": site(), "GOSSL_LIBRARY": str(LIBRARY)}
    try:
        asked = subprocess.run([python[-1], "-c", AGE], env=environment, stdout=subprocess.PIPE, text=True, check=True)
    except OSError:
        text = "gossl: the kernel does not run programs for aarch64 (on Debian: apt install binfmt-support)"
        raise SystemExit(text) from None
    command = [python[-1], "-W", "error::ResourceWarning", str(Path(__file__).resolve()), *names]
    failed = subprocess.run(command, cwd=ROOT / "tests" / "python", env=environment, check=False).returncode
    if cpython:
        older = [word for test in OLDER for word in ("-i", test)] if asked.stdout == "True\n" else []
        command = [python[-1], "-m", "gossl", "-m", "test", "-v", *older, "test_ssl"]
        failed |= subprocess.run(command, cwd=emulated.DIRECTORY, env=environment, check=False).returncode
    return failed


def build(python: list[str]) -> None:
    environment = {**os.environ, "GOSSL_PLATFORM": TAG, "GOSSL_EMULATOR": shlex.join(python)}
    command = [sys.executable, str(ROOT / "capi" / "build_library.py"), str(LIBRARY)]
    subprocess.run(command, env=environment, check=True)


def site() -> str:
    """A directory in which the package of this tree is found as gossl."""
    directory = emulated.DIRECTORY / "site"
    directory.mkdir(exist_ok=True)
    if not (directory / "gossl").exists():
        (directory / "gossl").symlink_to(ROOT / "pyshim")
    return str(directory)


# ---- Under qemu-user -------------------------------------------------------------------------------------------------


def tests_in(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    for one in suite:
        if isinstance(one, unittest.TestSuite):
            yield from tests_in(one)
        else:
            yield one


def wipes_on_fork() -> bool:
    """MADV_WIPEONFORK is said to be done, and is not, before qemu 8."""
    page = mmap.mmap(-1, mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    page.madvise(MADV_WIPEONFORK)
    page[0] = 1
    pid = os.fork()
    if pid == 0:
        os._exit(page[0])
    return os.waitpid(pid, 0)[1] == 0


def inside() -> int:
    sys.path.insert(0, os.getcwd())
    if not wipes_on_fork():
        NOT_EMULATED["test_a_fork_without_any_hook"] = "before qemu 8, no MADV_WIPEONFORK"
    loader = unittest.defaultTestLoader
    suite = loader.loadTestsFromNames(sys.argv[1:]) if sys.argv[1:] else loader.discover(".")
    for test in tests_in(suite):
        name = test.id().rpartition(".")[2]
        if name in NOT_EMULATED:
            setattr(test, name, unittest.skip(f"qemu-user: {NOT_EMULATED[name]}")(lambda: None))
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(inside() if platform.machine() == "aarch64" else main())
