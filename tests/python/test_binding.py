"""The two ways to call the library on the path of data: builtins of the interpreter, and plain ctypes."""

import array
import os
import subprocess
import sys
import unittest
from pathlib import Path
from typing import Any

from gossl import _codes, _lib, ssl
from support import connected, contexts


@unittest.skipUnless(_lib.library().builtins, "no builtins here")
class TestBuiltins(unittest.TestCase):
    def setUp(self) -> None:
        pair = connected(*contexts())
        pair.client.write(b"one, two")
        self.io, self.pair = _lib.library(), pair
        self.handle: Any = pair.server._sslobj._argument

    def test_they_are_builtins(self) -> None:
        self.assertEqual(type(self.io.read), type(len))

    def test_wrong_arguments_are_exceptions(self) -> None:
        h, buffer = self.handle, bytearray(10)
        for call in (
            lambda: self.io.read(),
            lambda: self.io.read(h),
            lambda: self.io.read(h, 1),
            lambda: self.io.read(h, "1", None, None),
            lambda: self.io.read(h, -1, None, None),
            lambda: self.io.read("h", 1, None, None),
            lambda: self.io.read(h, 1, None, "now"),
            lambda: self.io.read(h, 1, None, None, 1),
            lambda: self.io.read_into(h, buffer, 1),
            lambda: self.io.write(h, b"x", 0),
            lambda: self.io.write(h, "x", 0, None, None),
            lambda: self.io.write(h, b"x", -1, None, None),
            lambda: self.io.handshake(h),
            lambda: self.io.pending(),
            lambda: self.io.bio_write(h, None, 0),
        ):
            with self.assertRaises((TypeError, OverflowError)):
                call()
        with self.assertRaises(BufferError):
            self.io.read_into(h, b"constant", 1, None, None)
        for foreign in (0, 1, h ^ 1 << 33, (1 << 64) - 1):
            self.assertEqual(self.io.read(foreign, 10, None, None), _codes.E_HANDLE)
            self.assertEqual(self.io.write(foreign, b"x", 0, None, None), _codes.E_HANDLE)
            self.assertEqual(self.io.bio_read(foreign, 10), _codes.E_HANDLE)
        with self.assertRaises(OverflowError):
            self.io.read(1 << 64, 10, None, None)
        self.assertEqual(self.pair.server.read(), b"one, two")

    def test_offsets_and_lengths_are_kept_to(self) -> None:
        self.assertEqual(self.io.read(self.handle, 0, None, None), b"")
        buffer = bytearray(b"....")
        self.assertEqual(self.io.read_into(self.handle, buffer, 100, None, None), 4)
        self.assertEqual(self.io.read(self.handle, 1 << 40, None, None), b" two"[-4:])
        client = self.pair.client._sslobj._argument
        self.assertEqual(self.io.write(client, array.array("H", [1, 2, 3]), 2, None, None), 4)
        self.assertEqual(self.io.read(self.handle, 100, None, None), array.array("H", [2, 3]).tobytes())

    def test_nothing_is_leaked(self) -> None:
        handle, empty = self.handle, ssl.MemoryBIO()
        self.pair.server.read()
        data = bytearray(100)
        view = memoryview(data)
        before = sys.getallocatedblocks()
        for _ in range(10_000):
            self.io.read(handle, 100, None, None)  # wants more
            self.io.read_into(handle, view, 100, None, None)
            self.io.bio_read(empty._argument, 10)
            self.io.bio_write(empty._argument, view, 50)
            self.io.bio_read(empty._argument, 1000)
        self.assertLess(sys.getallocatedblocks() - before, 200)
        view.release()
        data.append(1)


class TestPlain(unittest.TestCase):
    """Everything once more without the builtins, as on an interpreter that is no CPython."""

    def test_all_of_the_other_tests(self) -> None:
        environment = {**os.environ, "GOSSL_BINDING": "ctypes"}
        for name in ("test_sockets", "test_callbacks", "test_types", "test_refusals"):
            done = subprocess.run(
                [sys.executable, "-m", "unittest", name],
                cwd=Path(__file__).resolve().parent,
                env=environment,
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
