"""Living in a process that is not ours: threads, signals, time, limits, exit."""

from __future__ import annotations

import ctypes
import gc
import os
import platform
import resource
import select
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
import unittest
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from gossl import _codes, _lib, ssl
from programs import SETUP, python
from support import AUTHORITY, CLIENT, DIRECTORY, LEAF, Pair, connected, contexts

# The standard library's own way to make them, which has had a name of its own in each version.
INTERPRETERS: dict[str, Callable[[], Any]] = {}
try:
    if sys.version_info >= (3, 13):
        import _interpreters as SUBINTERPRETERS

        INTERPRETERS["own lock"] = lambda: SUBINTERPRETERS.create("isolated")
        INTERPRETERS["common lock"] = lambda: SUBINTERPRETERS.create("legacy")
    else:
        import _xxsubinterpreters as SUBINTERPRETERS

        if sys.version_info >= (3, 12):
            INTERPRETERS["own lock"] = lambda: SUBINTERPRETERS.create(isolated=True)
        INTERPRETERS["common lock"] = lambda: SUBINTERPRETERS.create(isolated=False)
except ImportError:
    pass

CLIENT_CONTEXT, SERVER_CONTEXT = contexts()


@contextmanager
def sockets(client_context: Any = CLIENT_CONTEXT, server_context: Any = SERVER_CONTEXT) -> Iterator[tuple[Any, Any]]:
    """Both ends of a connection over a socket pair."""
    a, b = socket.socketpair()
    made: list[Any] = []
    thread = threading.Thread(target=lambda: made.append(server_context.wrap_socket(b, server_side=True)))
    thread.start()
    client = client_context.wrap_socket(a, server_hostname="localhost")
    thread.join()
    with client, made[0]:
        yield client, made[0]


@contextmanager
def alarm(seconds: float, handler: Callable[..., object]) -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def exchange_and_meddle(client: Any, server: Any, size: int = 1 << 23) -> tuple[set[str], int]:
    """Both ends are read and written by threads while this one changes what reading and writing have in common. Returns
    whom the server has got to know, and how often it asked."""
    data, failed = os.urandom(1 << 16) * (size >> 16), []

    def read(end: Any) -> None:
        got = bytearray()
        while len(got) < len(data):
            got += end.recv(65536) or _raise(EOFError())
        if got != data:
            _raise(ValueError("other data"))

    def guarded(step: Callable[[Any], object], end: Any) -> None:
        try:
            step(end)
        except Exception as e:
            failed.append(e)

    steps = (read, lambda end: end.sendall(data))
    threads = [threading.Thread(target=guarded, args=(step, end)) for step in steps for end in (client, server)]

    def ask() -> int:
        try:
            server.verify_client_post_handshake()
        except ssl.SSLError as e:
            if e.reason not in ("REQUEST_PENDING", "REQUEST_SENT"):
                failed.append(e)
            return 0
        return 1

    asked = ask()
    for thread in threads:
        thread.start()
    while all(thread.is_alive() for thread in threads):
        for end in (client, server):
            _lib.call("gossl_conn_key_update", _lib.number_of(end._sslobj._handle), 1)
            end.pending(), end.version(), client.session.has_ticket
        asked += ask()
        time.sleep(0.001)
    for thread in threads:
        thread.join(60)
    if failed:
        raise failed[0]
    for source, target in ((server, client), (client, server)):  # an answer may have come behind all that was read
        source.sendall(b".")
        target.recv(1)
    certificate = server.getpeercert() or {"subject": ()}
    return {value for names in certificate["subject"] for _, value in names}, asked


class Interrupt(Exception):
    pass


class TestProcess(unittest.TestCase):
    def ends_well(self, ran: subprocess.CompletedProcess[str], said: str = "") -> None:
        self.assertEqual((ran.returncode, ran.stderr, ran.stdout.strip()), (0, "", said))


class TestThreads(unittest.TestCase):
    def test_one_context_in_many_threads_while_another_changes_it(self) -> None:
        client, server = contexts()
        stop, seen, failed = threading.Event(), set(), []

        def change() -> None:
            while not stop.is_set():
                for version, protocols in ((ssl.TLSVersion.TLSv1_2, ["a"]), (ssl.TLSVersion.TLSv1_3, ["b"])):
                    server.maximum_version = version
                    server.set_alpn_protocols(protocols)
                    server.load_cert_chain(LEAF.cert, LEAF.key)
                    server.load_verify_locations(AUTHORITY.cert)

        def use() -> None:
            try:
                for _ in range(6):
                    pair = connected(client, server)
                    pair.client.write(b"x")
                    pair.server.read(1)
                    seen.add(pair.client.version())
            except Exception as e:
                failed.append(e)

        client.set_alpn_protocols(["a", "b"])
        changer = threading.Thread(target=change)
        threads = [threading.Thread(target=use) for _ in range(64)]
        for thread in [changer, *threads]:
            thread.start()
        for thread in threads:
            thread.join()
        stop.set()
        changer.join()
        self.assertEqual(failed, [])
        self.assertLessEqual(seen, {"TLSv1.2", "TLSv1.3"})

    def test_one_thread_reads_and_one_writes_at_both_ends(self) -> None:
        data = bytes(range(256)) * 8192
        with sockets() as (client, server):
            got: dict[str, bytes] = {}

            def read(name: str, end: Any) -> None:
                parts = bytearray()
                while len(parts) < len(data):
                    parts += end.recv(65536)
                got[name] = bytes(parts)

            threads = [threading.Thread(target=read, args=(n, e)) for n, e in (("c", client), ("s", server))]
            threads += [threading.Thread(target=e.sendall, args=(data,)) for e in (client, server)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
            self.assertEqual(got, {"c": data, "s": data})

    def test_keys_change_and_a_certificate_is_asked_for_while_both_ends_are_read_and_written(self) -> None:
        client_context, server_context = contexts()
        client_context.post_handshake_auth = server_context.post_handshake_auth = True
        client_context.load_cert_chain(CLIENT.cert, CLIENT.key)
        server_context.verify_mode = ssl.CERT_OPTIONAL
        server_context.load_verify_locations(AUTHORITY.cert)
        with sockets(client_context, server_context) as (client, server):
            self.assertIsNone(server.getpeercert())
            subjects, asked = exchange_and_meddle(client, server)
            self.assertEqual(subjects, {"client"})
            self.assertGreater(asked, 0)

    def test_a_third_thread_closes(self) -> None:
        with sockets() as (client, _server):
            ended: list[BaseException] = []

            def until_error(step: Callable[[], object]) -> None:
                try:
                    while True:
                        step()
                except Exception as e:
                    ended.append(e)

            threads = [
                threading.Thread(target=until_error, args=(lambda: client.recv(10) or _raise(EOFError()),)),
                threading.Thread(target=until_error, args=(lambda: client.send(bytes(65536)),)),
            ]
            for thread in threads:
                thread.start()
            time.sleep(0.2)
            client.close()
            for thread in threads:
                thread.join(5)
            self.assertEqual(len(ended), 2)

    def test_a_reused_descriptor_is_not_written_to(self) -> None:
        a, b = socket.socketpair()
        with a, b, sockets() as (client, _server):
            client.settimeout(5)
            failed = []

            def write() -> None:
                try:
                    while True:
                        client.send(bytes(65536))
                except OSError as e:
                    failed.append(e)

            thread = threading.Thread(target=write)
            thread.start()
            time.sleep(0.2)
            number = client.fileno()
            client.close()
            os.dup2(a.fileno(), number)
            try:
                thread.join(10)
                self.assertEqual(len(failed), 1)
                self.assertEqual(select.select([b], [], [], 0)[0], [])
            finally:
                os.close(number)

    @unittest.skipUnless(INTERPRETERS, "no interpreters within this one")
    def test_interpreters_within_this_one(self) -> None:
        """Four at once, each in a thread, of each kind: with a lock of their own, and with the common one."""
        code = SETUP + textwrap.dedent("""
        for _ in range(5):
            client, server = connect()
            client.sendall(b"x" * 20000)
            assert server.recv(1) == b"x"
            client.close(); server.close()
        """)
        for kind, create in INTERPRETERS.items():
            problems: list[str] = []

            def run(create: Any = create, problems: list[str] = problems) -> None:
                interpreter = create()
                try:
                    for _ in range(2):
                        problem = SUBINTERPRETERS.run_string(interpreter, code)
                        problems.append(str(problem.formatted) if problem else "")
                except getattr(SUBINTERPRETERS, "RunFailedError", NotImplementedError) as e:
                    problems.append(str(e))
                finally:
                    SUBINTERPRETERS.destroy(interpreter)

            threads = [threading.Thread(target=run) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            with self.subTest(kind):
                self.assertEqual(problems, [""] * 8)


def _raise(e: BaseException) -> None:
    raise e


class TestTime(unittest.TestCase):
    def test_timeouts_of_the_whole_operation(self) -> None:
        for wanted in (0.05, 0.2):
            with sockets() as (client, _server):
                client.settimeout(wanted)
                for operation in (lambda c=client: c.recv(1), lambda c=client: c.sendall(bytes(50_000_000))):
                    start = time.monotonic()
                    with self.assertRaises(TimeoutError):
                        operation()
                    self.assertGreaterEqual(time.monotonic() - start, wanted - 0.001)

    def test_a_slow_reader_does_not_extend_a_write(self) -> None:
        with sockets() as (client, server):
            client.settimeout(0.4)
            stop = threading.Event()

            def trickle() -> None:
                while not stop.wait(0.05):
                    server.recv(16384)

            thread = threading.Thread(target=trickle)
            thread.start()
            start = time.monotonic()
            try:
                with self.assertRaises(TimeoutError):
                    client.send(bytes(50_000_000))
            finally:
                stop.set()
                thread.join()
            self.assertLess(time.monotonic() - start, 2)

    def test_a_mute_peer_in_the_handshake(self) -> None:
        a, b = socket.socketpair()
        with a, b:
            a.settimeout(0.1)
            with self.assertRaises(TimeoutError):
                CLIENT_CONTEXT.wrap_socket(a, server_hostname="localhost")


class TestSignals(TestProcess):
    def test_an_exception_of_a_handler_interrupts_and_the_connection_goes_on(self) -> None:
        def handler(*_: object) -> None:
            raise Interrupt

        with sockets() as (client, server):
            with self.assertRaises(Interrupt), alarm(0.1, handler):
                client.recv(1)
            server.sendall(b"x")
            self.assertEqual(client.recv(1), b"x")
            data = bytes(5_000_000)
            with self.assertRaises(Interrupt), alarm(0.1, handler):
                client.sendall(data)
        a, b = socket.socketpair()
        with a, b:
            tls = CLIENT_CONTEXT.wrap_socket(a, server_hostname="localhost", do_handshake_on_connect=False)
            with tls, self.assertRaises(Interrupt), alarm(0.1, handler):
                tls.do_handshake()

    def test_handlers_that_return_run_and_the_operation_goes_on(self) -> None:
        runs: list[object] = []
        with sockets() as (client, server), alarm(0.02, lambda *_: runs.append(0)):
            timer = threading.Timer(0.3, server.sendall, (b"late",))
            timer.start()
            self.assertEqual(client.recv(10), b"late")
            timer.join()
        self.assertGreater(len(runs), 5)

    def test_a_storm_of_signals_with_traffic(self) -> None:
        runs = dict.fromkeys((signal.SIGALRM, signal.SIGPROF, signal.SIGVTALRM, signal.SIGCHLD, signal.SIGURG), 0)

        def count(number: int, _: object) -> None:
            runs[signal.Signals(number)] += 1

        before = {s: signal.signal(s, count) for s in runs}
        timers = (signal.ITIMER_REAL, signal.ITIMER_PROF, signal.ITIMER_VIRTUAL)
        for timer in timers:
            signal.setitimer(timer, 0.001, 0.001)
        try:
            for _ in range(3):
                subprocess.run(["true"], check=True)
                signal.raise_signal(signal.SIGURG)
            end = time.monotonic() + 30
            while (not all(runs.values()) and time.monotonic() < end) or sum(runs.values()) < 100:
                connected(CLIENT_CONTEXT, SERVER_CONTEXT).pass_data()
        finally:
            for timer in timers:
                signal.setitimer(timer, 0)
            for s, handler in before.items():
                signal.signal(s, handler)
        self.assertGreaterEqual(runs[signal.SIGURG], 3)  # Go preempts by it, and a handler of the program sees that
        self.assertTrue(all(runs.values()), runs)

    def test_ctrl_c(self) -> None:
        code = """
        client, server = connect()
        threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        start = time.monotonic()
        try:
            client.recv(1)
        except KeyboardInterrupt:
            print(time.monotonic() - start < 1.3)
        server.sendall(b"on"); assert client.recv(2) == b"on"
        """
        self.ends_well(python(code), "True")

    def test_no_sigpipe(self) -> None:
        code = """
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        client, server = connect()
        server.close()
        try:
            while True: client.send(bytes(65536))
        except OSError: print("told")
        """
        self.ends_well(python(code), "told")

    def test_sigwait(self) -> None:
        code = """
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
        connect()
        if len(sys.argv) == 1:
            pid = os.fork()
            connect() if pid == 0 else None
            os.kill(os.getpid(), signal.SIGUSR1)
            assert signal.sigwait({signal.SIGUSR1}) == signal.SIGUSR1
            os._exit(0) if pid == 0 else print(os.waitpid(pid, 0)[1])
        """
        self.ends_well(python(code, "import warnings; warnings.simplefilter('ignore')"), "0")


class TestGuest(TestProcess):
    def test_nothing_in_the_process_changes(self) -> None:
        code = """
        def state():
            handlers = [signal.getsignal(s) for s in sorted(signal.valid_signals())]
            return resource.getrlimit(resource.RLIMIT_NOFILE), handlers, signal.pthread_sigmask(signal.SIG_BLOCK, [])
        client, server = connect(); client.close(); server.close()
        with open("/proc/self/status") as f:
            ignored = [int(line.split()[1], 16) & 0x7FFFFFFF for line in f if line.startswith("SigIgn")]
        print(state() == before, ignored == ignored_before, sorted(set(names()) - set(fds) - poller))
        """
        before = """
        import os, resource, signal, socket, threading, ctypes, random, json
        resource.setrlimit(resource.RLIMIT_NOFILE, (1000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        handlers = [signal.getsignal(s) for s in sorted(signal.valid_signals())]
        before = resource.getrlimit(resource.RLIMIT_NOFILE), handlers, signal.pthread_sigmask(signal.SIG_BLOCK, [])
        with open("/proc/self/status") as f:
            ignored_before = [int(line.split()[1], 16) & 0x7FFFFFFF for line in f if line.startswith("SigIgn")]
        def names():
            paths = [f"/proc/self/fd/{f}" for f in os.listdir("/proc/self/fd")]
            return sorted(os.readlink(p) for p in paths if os.path.islink(p))
        fds = names()
        poller = {"anon_inode:[eventpoll]", "anon_inode:[eventfd]"}  # of Go's timers, once its collector has run
        """
        self.ends_well(python(code, before), "True True []")

    @unittest.skipUnless(platform.libc_ver()[0] == "glibc", "another malloc has other habits")
    def test_buffers_of_a_connection_are_not_faulted_in_for_each(self) -> None:
        done = python("""
            import resource
            def connection():
                buffers = [bytearray(1 << 18), bytearray(1 << 18)] # as asyncio has them
                there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
                client_context.wrap_bio(back, there, server_hostname="localhost")
                server_context.wrap_bio(there, back, server_side=True)
            for _ in range(20):
                connection()
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            for _ in range(50):
                connection()
            print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
        """)
        self.assertEqual("", done.stderr)
        self.assertLess(int(done.stdout), 50 * 64)  # half of the pages of one of them

    @unittest.skipUnless(hasattr(ctypes.CDLL(None), "mallinfo2"), "the C library does not say what is free")
    def test_what_stays_free_in_the_heaps_of_threads_is_bounded(self) -> None:
        done = python("""
            import ctypes
            names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()
            class Heaps(ctypes.Structure):
                _fields_ = [(name, ctypes.c_size_t) for name in names]
            heaps = ctypes.CDLL(None).mallinfo2
            heaps.restype = Heaps
            ssl.MemoryBIO()
            all_of_them = threading.Barrier(8)
            def use():
                all_of_them.wait()  # each has a heap now, and what the next wait needs is not above the blocks
                blocks = [bytearray(1 << 18) for _ in range(26)]
                all_of_them.wait()
                del blocks
                all_of_them.wait()
            before = heaps().fordblks
            threads = [threading.Thread(target=use) for _ in range(8)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            print((heaps().fordblks - before) >> 20)
        """)
        self.assertEqual("", done.stderr)
        self.assertLess(int(done.stdout), 8 * 5)  # where 6.5 MB were used by each

    def test_too_little_address_space(self) -> None:
        code = """
        import resource
        # A free-threaded interpreter has reserved more than a gigabyte for itself.
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + (680 << 20), resource.RLIM_INFINITY))
        import gossl
        from gossl import ssl
        try: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        except ImportError as e: print("RLIMIT_AS" in str(e))
        """
        ran = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60, check=False
        )
        self.ends_well(ran, "True")

    @unittest.skipUnless(sys.platform == "linux", "limits of threads are Linux's")
    def test_too_few_threads(self) -> None:
        code = """
        import os, sys
        sys.path.insert(0, sys.argv[1])
        from forking import few_threads
        from gossl import ssl
        with few_threads():
            try: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            except ImportError as e: print("threads" in str(e), len(os.listdir("/proc/self/task")))
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        """
        command = [sys.executable, "-c", textwrap.dedent(code), os.path.dirname(__file__)]
        self.ends_well(subprocess.run(command, capture_output=True, text=True, timeout=60, check=False), "True 1")

    def test_what_the_environment_says_to_go(self) -> None:
        for environment in (
            {"GOGC": "off", "GOMEMLIMIT": "1MiB"},
            {"GOMAXPROCS": "1"},
            {"GODEBUG": "asyncpreemptoff=1,madvdontneed=1", "GOTRACEBACK": "crash"},
        ):
            with self.subTest(environment):
                self.ends_well(python("c, s = connect(); c.sendall(b'x'); print(s.recv(1))", **environment), "b'x'")

    def test_no_descriptor_can_be_had(self) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        unread = DIRECTORY / "unread.pem"
        unread.write_bytes(AUTHORITY.cert.read_bytes())
        lowest_free = os.dup(0)
        os.close(lowest_free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
        try:
            with self.assertRaises(OSError) as caught:
                context.load_verify_locations(unread)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        self.assertEqual(caught.exception.errno, 24)
        context.load_verify_locations(unread)


class TestErrors(unittest.TestCase):
    def test_a_panic_is_an_error_that_asks_for_a_report(self) -> None:
        client, server = contexts()
        for how in (1, 2):  # 2: a nil pointer
            failure = _lib.call("gossl_config_set_int", client._handle.value, _codes.CONFIG_TEST_PANIC, how)
            self.assertIsNone(failure)
            pair = Pair(client, server)
            for _ in range(2):
                with self.assertRaisesRegex(ssl.SSLError, "a defect in gossl; please report it"):
                    pair.client.do_handshake()
        self.assertIsNone(_lib.call("gossl_config_set_int", client._handle.value, _codes.CONFIG_TEST_PANIC, 0))
        connected(client, server).pass_data()

    def test_cycles_are_collected(self) -> None:
        import weakref

        def make() -> weakref.ref[Any]:
            client, server = contexts()
            pair = Pair(client, server)

            def callback(*_: object, pair: Pair = pair, server: Any = server) -> None:
                assert pair and server

            server.sni_callback = callback
            client._msg_callback = lambda *_, p=pair: None
            pair.shake()
            return weakref.ref(client)

        reference = make()
        gc.collect()
        self.assertIsNone(reference())


class TestExit(TestProcess):
    ENDINGS = {
        "open connections": "kept = [connect() for _ in range(3)]",
        "a daemon thread in a read": """
            c, s = connect()
            threading.Thread(target=c.recv, args=(1,), daemon=True).start()
        """,
        "daemon threads at work": """
            def work():
                while True: connect()
            for _ in range(3): threading.Thread(target=work, daemon=True).start()
            time.sleep(0.05)
        """,
        "half a handshake": """
            a, b = socket.socketpair(); a.setblocking(False)
            c = client_context.wrap_socket(a, server_hostname="localhost", do_handshake_on_connect=False)
            try: c.do_handshake()
            except ssl.SSLWantReadError: pass
        """,
        "atexit": """
            import atexit
            c, s = connect()
            atexit.register(lambda: (client_context.load_default_certs(), c.send(b"x"), s.recv(1)))
        """,
        "__del__": """
            class Late:
                def __del__(self, SSLError=ssl.SSLError):  # names of the module may be gone
                    try: self.c.send(b"x")
                    except SSLError as e: assert "connection gone" in str(e)  # so says CPython's own
                    self.c.close(); self.s.close()
            late = Late(); late.c, late.s = connect()
        """,
        "sys.exit in a thread": "c, s = connect(); threading.Thread(target=sys.exit).start()",
    }

    def test_endings(self) -> None:
        for name, code in self.ENDINGS.items():
            with self.subTest(name):
                self.ends_well(python(code, "import warnings; warnings.simplefilter('ignore')"))


if __name__ == "__main__":
    unittest.main()
