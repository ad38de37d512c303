"""The two ways to call the library on the path of data: builtins of the interpreter, and plain ctypes."""

import array
import contextlib
import datetime
import os
import subprocess
import sys
import threading
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
        for foreign in (0, None, self.io.number(h), datetime.datetime_CAPI):  # type: ignore[attr-defined]
            for use in (self.io.pending, self.io.bio_pending):
                with self.assertRaises(TypeError):
                    use(foreign)
            self.assertEqual(self.io.number(foreign), _codes.E_FORKED)
        queue = self.io.bio_new()
        self.assertEqual(self.io.read(queue, 10, None, None), _codes.E_HANDLE)
        self.assertEqual(self.io.write(queue, b"x", 0, None, None), _codes.E_HANDLE)
        self.assertEqual(self.io.bio_read(h, 10), _codes.E_HANDLE)
        self.assertEqual(self.pair.server.read(), b"one, two")

    def test_wrong_parts_make_no_connection(self) -> None:
        client, _ = contexts()
        config, queue, wants = client._handle.value, self.io.bio_new(), ()
        for status, *parts in (
            (_codes.E_HANDLE, config ^ 1 << 33, _codes.CLIENT, None, -1, queue, queue, 0),
            (_codes.E_ARGUMENT, config, 7, None, -1, queue, queue, 0),
            (_codes.E_HANDLE, config, _codes.CLIENT, None, -1, queue, self.handle, 0),
            (_codes.E_HANDLE, config, _codes.CLIENT, None, -1, queue, queue, config),
            (_codes.E_FORKED, config, _codes.CLIENT, None, -1, datetime.datetime_CAPI, queue, 0),  # type: ignore[attr-defined]
        ):
            self.assertEqual(self.io.conn_new(*parts, wants), status)
        for parts in (
            [config, _codes.CLIENT, None, -1, queue, queue, 0],
            [None, _codes.CLIENT, None, -1, queue, queue, 0, wants],
            [config, _codes.CLIENT, "localhost", -1, queue, queue, 0, wants],
            [config, "client", None, -1, queue, queue, 0, wants],
        ):
            with self.assertRaises(TypeError):
                self.io.conn_new(*parts)

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


@unittest.skipUnless(_lib.library().builtins, "no builtins here")
class TestMethods(unittest.TestCase):
    """read and write of connections and queues are methods of C's; what is unusual goes to those of Python."""

    def setUp(self) -> None:
        self.pair = connected(*contexts())

    def test_they_are_methods_of_c(self) -> None:
        for cls in (type(self.pair.client._sslobj), ssl.MemoryBIO):
            for name in ("read", "write"):
                method = cls.__dict__[name]
                self.assertEqual(type(method), type(bytes.join), name)
                self.assertTrue(method.__doc__)
                with self.assertRaises(TypeError):
                    method(object(), 1)

    def test_one_read_gives_all_records_that_have_come(self) -> None:
        data = bytes(range(256)) * 512
        sent = 0
        while sent < len(data):
            sent += self.pair.client.write(memoryview(data)[sent:])
        self.assertEqual(self.pair.server.read(1 << 20), data)
        self.pair.client.write(b"a" * 20_000)
        buffer = bytearray(30_000)
        self.assertEqual(self.pair.server.read(-1, buffer), 20_000)
        self.assertEqual(buffer, b"a" * 20_000 + bytes(10_000))

    def test_a_read_of_less_than_a_record_leaves_the_rest(self) -> None:
        data = bytes(range(256)) * 64
        self.pair.client.write(data)
        self.assertEqual(self.pair.server.read(100), data[:100])
        self.assertEqual(self.pair.server.pending(), len(data) - 100)
        self.assertEqual(self.pair.server.read(len(data)), data[100:])

    def test_want_of_input_is_an_exception_with_all_its_attributes(self) -> None:
        for call in (lambda: self.pair.server.read(10), lambda: self.pair.server.read(10, bytearray(10))):
            with self.assertRaises(ssl.SSLWantReadError) as raised:
                call()
            e: Any = raised.exception
            self.assertEqual((e.errno, e.library, e.reason), (ssl.SSL_ERROR_WANT_READ, None, None))
            self.assertRegex(str(e), r"The operation did not complete \(read\) \(_ssl\.c:\d+\)")

    def test_after_the_end_of_a_queue_nothing_can_be_written(self) -> None:
        queue = ssl.MemoryBIO()
        queue.write(b"data")
        queue.write_eof()
        with self.assertRaises(ssl.SSLError):
            queue.write(b"x")
        self.assertFalse(queue.eof)
        self.assertEqual((queue.read(1), queue.read()), (b"d", b"ata"))
        self.assertTrue(queue.eof)

    def test_a_queue_takes_any_size(self) -> None:
        queue, data = ssl.MemoryBIO(), bytes(range(256)) * 4096
        for size in (1, 2047, 2048, 2049, 100_000, len(data)):
            self.assertEqual(queue.write(data[:size]), size)
            self.assertEqual(queue.write(memoryview(data)[:size]), size)
            self.assertEqual(queue.read(size - 1), data[: size - 1])
            self.assertEqual(queue.pending, size + 1)
            self.assertEqual(queue.read(), data[size - 1 : size] + data[:size])
        self.assertEqual(queue.read(0), b"")
        for bad in (None, "1", 1.5):
            with self.assertRaises(TypeError):
                queue.read(bad)
            with self.assertRaises(TypeError):
                queue.write(bad)
        with self.assertRaises(TypeError):
            queue.read(1, 2)

    def test_a_watched_connection_reports_each_step(self) -> None:
        client, server = contexts()
        seen: list[Any] = []
        client._msg_callback = lambda *event: seen.append(event)
        pair = connected(client, server)
        del seen[:]
        pair.server.write(b"data")
        self.assertEqual(pair.client.read(10), b"data")
        self.assertTrue(seen)

    def test_nothing_is_leaked(self) -> None:
        client, server, queue = self.pair.client._sslobj, self.pair.server._sslobj, ssl.MemoryBIO()
        data, into = bytes(100), bytearray(100)

        def rounds(count: int) -> None:
            for _ in range(count):
                client.write(data)
                server.read(50)
                server.read(50, into)
                for call in (lambda: server.read(10), lambda: client.write(None), lambda: server.read("1")):
                    with contextlib.suppress(ssl.SSLWantReadError, TypeError):
                        call()
                queue.write(data)
                queue.read()

        rounds(1_000)  # the interpreter's own free lists and caches fill
        before = sys.getallocatedblocks()
        rounds(5_000)
        self.assertLess(sys.getallocatedblocks() - before, 300)

    def test_the_two_ends_in_two_threads(self) -> None:
        data = bytes(range(256)) * 256

        def send() -> None:
            for _ in range(50):
                rest = memoryview(data)
                while rest:
                    rest = rest[self.pair.client.write(rest) :]

        thread = threading.Thread(target=send)
        thread.start()
        left = 50 * len(data)
        while left:
            with contextlib.suppress(ssl.SSLWantReadError):
                left -= len(self.pair.server.read(100_000))
        thread.join()


class TestPlain(unittest.TestCase):
    """Everything once more without the builtins, as on an interpreter that is no CPython."""

    def test_a_read_and_a_write_are_one_crossing_each(self) -> None:
        code = """if True:
            import unittest.mock
            from gossl import _typed, ssl
            from support import connected, contexts
            functions, crossings = _typed._Functions.of_data, []

            def counted(self, name):
                def count(function):
                    return lambda *arguments: (crossings.append(name), function(*arguments))[1]
                return tuple(count(function) for function in functions(self, name))

            with unittest.mock.patch.object(_typed._Functions, "of_data", counted):
                pair = connected(*contexts())
            for data in (b"bytes", memoryview(b"view"), memoryview(bytes(50_000)).cast("B"), bytearray(b"array")):
                pair.client.write(data)
                assert pair.server.read(70_000) == data, data
            print(*crossings)
        """
        # A large view, and what is neither bytes nor a view, are pinned elsewhere.
        done = self.run_plain("-c", code)
        self.assertEqual(done.stdout.split(), [
            "gossl_conn_write", "gossl_python_read", "gossl_conn_write", "gossl_python_read",
            "gossl_python_read", "gossl_python_read"], done.stderr)  # fmt: skip

    def test_what_is_unusual_is_as_with_the_builtins(self) -> None:
        done = self.run_plain(
            "-c",
            """if True:
            from gossl import ssl
            from support import connected, contexts
            pair = connected(*contexts())
            for call, error in (
                (lambda: pair.client.write(memoryview(b"abcdef")[::2]), BufferError),
                (lambda: pair.client.write("text"), TypeError),
                (lambda: pair.client.read(-1), ValueError),
                (lambda: pair.client.read("1"), TypeError),
                (lambda: pair.client.read(10), ssl.SSLWantReadError),
            ):
                try:
                    call()
                except error as e:
                    assert type(e) is error, e
                else:
                    raise AssertionError(error)
            assert pair.client.write(b"") == pair.client.write(memoryview(b"")) == 0
            assert pair.client.read(0) == b""
            pair.client.write(memoryview(bytes(range(8))).cast("I"))
            assert pair.server.read(True) == bytes([0])
            assert pair.server.read() == bytes(range(1, 8))
            del pair.client, pair.server
            print("as it should be")
        """,
        )
        self.assertEqual(done.stdout, "as it should be\n", done.stderr)

    def test_all_of_the_other_tests(self) -> None:
        for name in ("test_sockets", "test_callbacks", "test_types", "test_refusals"):
            done = self.run_plain("-m", "unittest", name)
            self.assertEqual(done.returncode, 0, done.stderr)

    def run_plain(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=Path(__file__).resolve().parent,
            env={**os.environ, "GOSSL_BINDING": "ctypes"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


if __name__ == "__main__":
    unittest.main()
