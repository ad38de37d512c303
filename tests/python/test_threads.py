"""Objects that several threads use at once: on a free-threaded interpreter nothing of Python's keeps them apart."""

from __future__ import annotations

import collections
import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gossl import _errors, _keylog, _lib, ssl
from support import AUTHORITY, Pair, connected, contexts

FREE = not getattr(sys, "_is_gil_enabled", lambda: True)()
TIMES = 400


def together(*steps: Callable[[], object]) -> list[BaseException]:
    """Runs each in a thread of its own, all at once; gives what they raised."""
    start, raised = threading.Barrier(len(steps)), []

    def run(step: Callable[[], object]) -> None:
        start.wait()
        try:
            step()
        except BaseException as e:
            raised.append(e)

    threads = [threading.Thread(target=run, args=(step,)) for step in steps]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    return raised


class TestQueues(unittest.TestCase):
    def test_what_threads_write_is_what_threads_read(self) -> None:
        queue, found = ssl.MemoryBIO(), collections.Counter[int]()
        writing = threading.Semaphore(0)
        lock = threading.Lock()

        def write(letter: bytes) -> None:
            for i in range(TIMES):
                queue.write(letter * (1 + i % 50))
            writing.release()

        def read() -> None:
            own = collections.Counter[int]()
            for i in range(4 * TIMES):
                own.update(queue.read(i % 100))
                self.assertGreaterEqual(queue.pending, 0)
            with lock:
                found.update(own)

        letters = [b"a", b"b", b"c"]
        raised = together(*(lambda letter=letter: write(letter) for letter in letters), read, read)
        self.assertEqual(raised, [])
        found.update(queue.read())
        each = sum(1 + i % 50 for i in range(TIMES))
        self.assertEqual(found, {letter[0]: each for letter in letters})

    def test_the_end_may_come_while_others_write_and_read(self) -> None:
        for _ in range(TIMES // 4):
            queue, written, read = ssl.MemoryBIO(), [], []

            def write(queue: Any = queue, written: list[int] = written) -> None:
                try:
                    while True:
                        written.append(queue.write(b"x" * 100))
                except ssl.SSLError:
                    pass

            def take(queue: Any = queue, read: list[bytes] = read) -> None:
                while not queue.eof:
                    read.append(queue.read(1000))

            self.assertEqual(together(write, write, take, queue.write_eof), [])
            read.append(queue.read())
            self.assertEqual(sum(map(len, read)), sum(written))

    def test_what_a_method_works_on_stays_though_its_slot_changes(self) -> None:
        queue, library = ssl.MemoryBIO(), _lib.library()

        def change() -> None:
            for _ in range(20 * TIMES):
                queue._about = library.bio_new() if library.builtins else None  # the last one's only reference

        def use() -> None:
            for _ in range(20 * TIMES):
                queue.write(b"x" * 600)
                queue.read(100)

        self.assertEqual(together(change, change, use, use), [])


class TestConnections(unittest.TestCase):
    def test_a_context_may_come_while_another_thread_reads_and_writes(self) -> None:
        client, server = contexts()
        pair = connected(client, server)
        watching, seen = contexts()[1], []
        watching._msg_callback = lambda *a: seen.append(a)

        def change() -> None:
            for _ in range(TIMES // 4):
                pair.server.context = server
                pair.server.context = watching

        def exchange() -> None:
            for i in range(TIMES):
                pair.client.write(b"%04d" % i)
                self.assertEqual(pair.server.read(4), b"%04d" % i)

        self.assertEqual(together(change, exchange), [])

    def test_two_threads_get_what_a_callback_raises_and_nothing_else(self) -> None:
        class Raised(Exception):
            pass

        def callback(*_arguments: object) -> None:
            raise Raised

        client, server = contexts()
        pair = connected(client, server)
        watching = contexts()[1]
        watching._msg_callback = callback
        pair.server.context = watching

        def use(step: Callable[[], object]) -> None:
            for _ in range(TIMES):
                with contextlib.suppress(Raised, ssl.SSLWantReadError):
                    step()

        def send() -> None:
            pair.client.write(b"x")

        writer, reader = lambda: pair.server.write(b"x"), lambda: pair.server.read(1)
        self.assertEqual(together(*(lambda s=s: use(s) for s in (writer, writer, reader, reader, send))), [])

    def test_the_last_reference_may_go_while_others_work(self) -> None:
        client, server = contexts()
        for _ in range(TIMES // 20):
            pairs = [Pair(client, server) for _ in range(4)]

            def shake(pairs: list[Pair] = pairs) -> None:
                while pairs:
                    with contextlib.suppress(ssl.SSLWantReadError, IndexError):
                        pairs[-1].client.do_handshake()

            self.assertEqual(together(shake, shake, lambda pairs=pairs: [pairs.pop() for _ in range(4)]), [])


class TestContexts(unittest.TestCase):
    def test_the_key_log_may_change_while_others_shake_hands(self) -> None:
        client, server = contexts()
        with tempfile.TemporaryDirectory() as directory:
            names = [str(Path(directory) / name) for name in "ab"]
            stop = threading.Event()

            def change(name: str) -> None:
                while not stop.is_set():
                    client.keylog_filename = name
                    self.assertIn(client.keylog_filename, [*names, None])
                    client.keylog_filename = None

            def shake() -> None:
                try:
                    for _ in range(30):
                        connected(client, server)
                finally:
                    stop.set()

            self.assertEqual(together(shake, shake, *(lambda n=n: change(n) for n in names)), [])
            client.keylog_filename = names[0]
            connected(client, server)
            self.assertIn("CLIENT_RANDOM" if client.maximum_version == 0x303 else "_SECRET", Path(names[0]).read_text())
            client.keylog_filename = None

    def test_a_line_for_a_file_that_is_closed_is_dropped(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            log = _keylog.KeyLog(os.path.join(directory, "log"))
            log.close()
            log.write(b"line\n")
            self.assertNotIn("line", Path(log.filename).read_text())

    def test_all_threads_raise_one_class(self) -> None:
        made: list[type] = []
        kinds = [_errors.SSLError] * TIMES
        self.assertEqual(together(*[lambda: made.extend(map(_errors.known, kinds))] * 4), [])
        self.assertEqual(len(set(made)), 1)


CHANGES = """
import types, threading
from gossl import _front, ssl
from test_process import sockets
cls, done = ssl.SSLSocket, threading.Event()
def another(f):
    return types.FunctionType(f.__code__, f.__globals__, f.__name__, f.__defaults__, f.__closure__)
with sockets() as (client, server):
    failed = []
    def use(one, other):
        try:
            while not done.is_set():
                one.sendall(b"x" * 100)
                got = 0
                while got < 100:
                    got += len(other.recv(100))
        except BaseException as e:
            failed.append(e)
    threads = [threading.Thread(target=use, args=ends) for ends in ((client, server), (server, client))]
    for thread in threads: thread.start()
    for _ in range(60):
        _front.put_back()
        cls.recv = another(cls.recv)
        _front.change(client, type(client._sslobj))
    done.set()
    for thread in threads: thread.join()
    assert not failed, failed
print("changed" if _front.MARK in vars(cls) else "left")
"""

FIRST = """
import sys, threading
from gossl import _lib, ssl
enabled = getattr(sys, "_is_gil_enabled", lambda: True)
before, start, found, failed = enabled(), threading.Barrier(16), [], []
def use():
    try:
        start.wait()
        client = ssl.create_default_context(cafile=sys.argv[1])
        client.cert_store_stats()
        queue = ssl.MemoryBIO()
        queue.write(b"x" * 100)
        assert queue.read() == b"x" * 100
        connection = client.wrap_bio(queue, ssl.MemoryBIO(), server_hostname="localhost")
        try:
            connection.do_handshake()
        except ssl.SSLWantReadError:
            found.append(_lib.library())
    except BaseException as e:
        failed.append(e)
threads = [threading.Thread(target=use) for _ in range(16)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert not failed, failed
assert len(found) == 16 and len(set(map(id, found))) == 1, found
assert enabled() == before, "the lock of the interpreter was switched on"
library = _lib.library()
print(library.builtins)
if not library.builtins:  # no function is of all threads before it has its types: ctypes would keep it by its name
    held = {name for of in (library.raw._held, library.raw._released) for name in vars(of)}
    assert not [name for name in held if name.startswith(("gossl_conn", "gossl_config", "gossl_bio"))], held
"""


class TestClasses(unittest.TestCase):
    def test_the_class_of_sockets_may_change_while_others_call_its_methods(self) -> None:
        command = [sys.executable, "-c", CHANGES]
        where = Path(__file__).parent
        ran = subprocess.run(command, cwd=where, capture_output=True, text=True, timeout=100, check=False)
        self.assertEqual((ran.returncode, ran.stdout.strip()), (0, "changed"), ran.stderr)


class TestFirstUse(unittest.TestCase):
    def first(self, **environment: str) -> str:
        command = [sys.executable, "-c", FIRST, str(AUTHORITY.cert)]
        ran = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return ran.stdout.strip()

    def test_threads_that_come_first_at_once_load_one_library(self) -> None:
        for _ in range(3):
            self.assertEqual(self.first(), str(_lib.library().builtins))

    def test_so_it_is_by_ctypes(self) -> None:
        for _ in range(3):
            self.assertEqual(self.first(GOSSL_BINDING="ctypes"), "False")

    @unittest.skipUnless(FREE, "there is a lock of the interpreter")
    def test_the_lock_of_the_interpreter_stays_off(self) -> None:
        self.assertFalse(sys._is_gil_enabled())  # type: ignore[attr-defined]
        if sys.implementation.name == "cpython" and "GOSSL_BINDING" not in os.environ:
            self.assertTrue(_lib.library().builtins)


if __name__ == "__main__":
    unittest.main()
