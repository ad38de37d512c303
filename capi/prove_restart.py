"""Proves that a library that was just built works in forked children: `python prove_restart.py libgossl.so [refused]`.

Each generation forks the next. All use a config of the first one, make their own, fill the heap until the collector
runs (which needs the runtime's threads), and call from a second thread. "refused": the platform has no restart, and the
proof is that a child is told so.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time

GENERATIONS = 3
CHILDREN = 4
LIMIT = 20.0
METHOD_SERVER = 17
CONFIG_CIPHERS = 100
E_FORKED = -11


class Library:
    def __init__(self, path: str) -> None:
        self.lib = ctypes.CDLL(path)
        self.lib.gossl_abi_version()
        self.lib.gossl_config_get.restype = ctypes.c_int64
        self.config = self.new()

    def new(self) -> ctypes.c_uint64:
        handle = ctypes.c_uint64()
        status = self.lib.gossl_config_new(METHOD_SERVER, ctypes.byref(handle), None)
        if status:
            raise SystemExit(E_FORKED if status == E_FORKED else f"gossl_config_new: {status}")
        return handle

    def use(self) -> None:
        """Makes garbage of some ten megabytes; a collection begins at four."""
        for _ in range(150):
            self.lib.gossl_config_free(self.new())
        rule = b"ALL:@SECLEVEL=0"
        for _ in range(100):
            status = self.lib.gossl_config_set(self.config, CONFIG_CIPHERS, rule, ctypes.c_size_t(len(rule)), None)
            if status:
                raise SystemExit(f"gossl_config_set: {status}")

    def use_in_thread(self) -> None:
        thread = threading.Thread(target=self.use)
        thread.start()
        thread.join()


def child(library: Library, generation: int) -> int:
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            library.use()
            library.use_in_thread()
            code = 0 if generation == 0 else child(library, generation - 1)
        except SystemExit as e:
            print(f"generation {GENERATIONS - generation}: {e}", file=sys.stderr)
        finally:
            sys.stderr.flush()
            os._exit(code)
    return wait(pid, LIMIT * (generation + 1))


def refused(library: Library) -> int:
    """Where there is no restart: a child is told so, and does not hang."""
    pid = os.fork()
    if pid == 0:
        status = library.lib.gossl_config_new(METHOD_SERVER, ctypes.byref(ctypes.c_uint64()), None)
        os._exit(0 if status == E_FORKED else 1)
    if code := wait(pid, LIMIT):
        print("a forked child is not told that it cannot go on", file=sys.stderr)
    return abs(code)


def wait(pid: int, limit: float) -> int:
    end = time.monotonic() + limit
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    print("a forked child hangs", file=sys.stderr)
    return 1


def main() -> int:
    if not hasattr(os, "fork"):
        return 0
    library = Library(sys.argv[1])
    if sys.argv[2:] == ["refused"]:
        return refused(library)
    library.use()
    return max(abs(child(library, GENERATIONS)) for _ in range(CHILDREN))


if __name__ == "__main__":
    sys.exit(main())
