"""What crosses a fork, in which ways processes are forked, and where the limits are."""

from __future__ import annotations

import concurrent.futures
import contextlib
import ctypes
import encodings.idna
import http.server
import multiprocessing
import os
import platform
import pty
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request
from pathlib import Path
from typing import Any

from forking import few_threads, finish, in_child, start
from gossl import _lib, _socket, ssl
from support import AUTHORITY, CLIENT, DIRECTORY, LEAF, Pair, connected, contexts

CAPI = Path(__file__).resolve().parent.parent.parent / "capi"
CLIENT_CONTEXT, SERVER_CONTEXT = contexts()
beside_busy_threads = unittest.skipIf(
    not getattr(sys, "_is_gil_enabled", lambda: True)(),
    "a dict that other threads use stays locked in a child of a free-threaded interpreter, without ssl too",
)
# What the first connection imports: a fork while another thread does would leave it locked in the child.
IMPORTED = encodings.idna, _socket


def works(client: Any = None, server: Any = None) -> str:
    pair = connected(client or CLIENT_CONTEXT, server or SERVER_CONTEXT)
    pair.pass_data()
    version: str = pair.client.version()
    return version


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


class TestWhatCrosses(unittest.TestCase):
    def test_contexts(self) -> None:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            client, server = contexts()
            client.maximum_version = client.minimum_version = version
            client.load_cert_chain(CLIENT.cert, CLIENT.key)
            server.load_verify_locations(AUTHORITY.cert)
            server.verify_mode = ssl.CERT_REQUIRED
            server.set_alpn_protocols(["h2", "http/1.1"])
            client.set_alpn_protocols(["http/1.1"])
            server.set_ciphers("ECDHE+AESGCM")

            def child(client: Any = client, server: Any = server) -> Any:
                pair = connected(client, server)
                pair.pass_data()
                self.assertEqual(pair.server.getpeercert()["subject"], ((("commonName", "client"),),))
                self.assertEqual(
                    next(c["name"][:5] for c in server.get_ciphers() if c["protocol"] == "TLSv1.2"), "ECDHE"
                )
                self.assertEqual(len(client.get_ca_certs()), 1)
                return pair.server.selected_alpn_protocol()

            with self.subTest(version):
                self.assertEqual(in_child(child), "http/1.1")
                self.assertEqual(child(), "http/1.1")

    def test_every_kind_of_key(self) -> None:
        for kind in ("rsa", "ecdsa", "ed25519"):
            server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            leaf = AUTHORITY.issue(f"fork-{kind}", kind, "DNS:localhost")
            server.load_cert_chain(leaf.cert, leaf.key)
            for version in ("TLSv1.2", "TLSv1.3"):
                client, _ = contexts()
                client.maximum_version = getattr(ssl.TLSVersion, version.replace(".", "_"))
                with self.subTest(kind=kind, version=version):
                    self.assertEqual(in_child(lambda c=client, s=server: works(c, s)), version)

    def test_a_child_can_change_what_the_parent_made(self) -> None:
        client, server = contexts()

        def child() -> str:
            client.maximum_version = ssl.TLSVersion.TLSv1_2
            return works(client, server)

        self.assertEqual(in_child(child), "TLSv1.2")
        self.assertEqual(works(client, server), "TLSv1.3")

    def test_files_deleted_since(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            for file in (AUTHORITY.cert, LEAF.cert, LEAF.key):
                shutil.copy(file, name)
            client = ssl.create_default_context(cafile=f"{name}/{AUTHORITY.cert.name}")
            server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            server.load_cert_chain(f"{name}/{LEAF.cert.name}", f"{name}/{LEAF.key.name}")
        self.assertEqual(in_child(lambda: works(client, server)), "TLSv1.3")

    def test_established_connections(self) -> None:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for ciphers in ("AES128-GCM-SHA256:ECDHE+AESGCM", "ECDHE+CHACHA20", "ECDHE+AES256:!AESGCM"):
                client, server = contexts()
                client.maximum_version = version
                client.set_ciphers(ciphers)
                pair = connected(client, server)
                pair.client.write(b"before")
                self.assertEqual(pair.server.read(3), b"bef")
                facts = (pair.client.cipher(), pair.client.getpeercert(True))
                binding = pair.client.get_channel_binding("tls-unique")

                def child(pair: Pair = pair, facts: Any = facts, binding: Any = binding) -> str:
                    self.assertEqual(pair.server.pending(), 3)
                    self.assertEqual(pair.server.read(10), b"ore")
                    pair.pass_data()
                    self.assertEqual((pair.client.cipher(), pair.client.getpeercert(True)), facts)
                    self.assertEqual(pair.client.get_channel_binding("tls-unique"), binding)
                    return "went on"

                with self.subTest(version=version, ciphers=ciphers):
                    self.assertEqual(in_child(child), "went on")
                    self.assertEqual(child(), "went on")

    def test_a_handshake_at_each_of_its_steps(self) -> None:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for steps in range(5):
                client, server = contexts()
                client.maximum_version = version
                pair = Pair(client, server)
                for i in range(steps):
                    with contextlib.suppress(ssl.SSLWantReadError):
                        (pair.client, pair.server)[i % 2].do_handshake()

                def child(pair: Pair = pair) -> None:
                    pair.shake()
                    pair.pass_data()

                with self.subTest(version=version, steps=steps):
                    in_child(child)
                    child()

    def test_sessions_and_ticket_keys(self) -> None:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            client, server = contexts()
            client.maximum_version = version
            pair = connected(client, server)
            pair.pass_data()
            session = pair.client.session

            def child(client: Any = client, server: Any = server, session: Any = session) -> bool:
                again = Pair(client, server, session=session)
                again.shake()
                again.pass_data()
                reused: bool = again.client.session_reused
                return reused

            with self.subTest(version):
                self.assertEqual(in_child(child), "True")
                self.assertTrue(child())

    def test_accepted_in_the_parent_and_served_in_the_child(self) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            done: list[Any] = []

            def client() -> None:
                done.append(CLIENT_CONTEXT.wrap_socket(theirs, server_hostname="localhost"))

            thread = threading.Thread(target=client)
            thread.start()
            server = SERVER_CONTEXT.wrap_socket(ours, server_side=True)
            thread.join()
            pid, reader = start(lambda: server.sendall(server.recv(10)))
            done[0].sendall(b"to a child")
            self.assertEqual(done[0].recv(100), b"to a child")
            finish(pid, reader)
            os.close(server.detach())
            done[0].close()

    def test_a_process_that_only_imported_it(self) -> None:
        code = (
            "import os, gossl; gossl.install(); import ssl\n"
            "threads = len(os.listdir('/proc/self/task'))\n"
            "pid = os.fork()\n"
            "if pid == 0:\n"
            "    ssl.create_default_context()\n"
            "    os._exit(0)\n"
            "assert os.waitpid(pid, 0)[1] == 0 and not gossl.status().loaded and threads == 1"
        )
        subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)


class TestWaysToFork(unittest.TestCase):
    def test_generations(self) -> None:
        pair = connected(CLIENT_CONTEXT, SERVER_CONTEXT)

        def generation(n: int) -> str:
            pair.pass_data()
            works()
            return in_child(lambda: generation(n - 1), 5.0 * n + 20) if n else f"{descriptors()}"

        first = int(in_child(lambda: generation(0)))
        self.assertLessEqual(int(in_child(lambda: generation(20), 120)) - first, 20)  # the pipes of the test

    def test_a_child_without_tls_is_not_slowed_down(self) -> None:
        self.assertEqual(in_child(lambda: len(os.listdir("/proc/self/task"))), "1")

    def test_process_pools(self) -> None:
        context = multiprocessing.get_context("fork")
        with context.Pool(3, maxtasksperchild=4) as pool:
            self.assertEqual(set(pool.map(_task, range(30), chunksize=1)), {"TLSv1.3"})
        with concurrent.futures.ProcessPoolExecutor(3, mp_context=context) as executor:
            self.assertEqual(set(executor.map(_task, range(30))), {"TLSv1.3"})
        process = context.Process(target=_task, args=(0,))
        process.start()
        process.join()
        self.assertEqual(process.exitcode, 0)

    def test_a_forking_https_server(self) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"%d" % os.getpid())

            def log_message(self, *_: object) -> None:
                pass

        class Server(socketserver.ForkingMixIn, http.server.HTTPServer):
            max_children = 8
            request_queue_size = 64

            def finish_request(self, request: Any, address: Any) -> None:
                with SERVER_CONTEXT.wrap_socket(request, server_side=True) as tls:
                    self.RequestHandlerClass(tls, address, self)

        with Server(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.02,))
            thread.start()
            opener = urllib.request.build_opener(
                urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=CLIENT_CONTEXT)
            )

            def fetch(_: int) -> int:
                with opener.open(f"https://localhost:{server.server_port}/", timeout=60) as answer:
                    return int(answer.read())

            try:
                with concurrent.futures.ThreadPoolExecutor(4) as threads:
                    served = list(threads.map(fetch, range(40)))
            finally:
                server.shutdown()
                thread.join()
        self.assertEqual(len(set(served)), 40)
        self.assertNotIn(os.getpid(), served)

    def test_pty(self) -> None:
        terminals: list[int] = []

        def fork() -> int:
            pid, terminal = pty.fork()
            terminals.append(terminal)
            return pid

        self.assertEqual(finish(*start(works, fork)), "TLSv1.3")
        os.close(terminals[0])

    def test_a_daemon(self) -> None:
        reader, writer = os.pipe()

        def daemonise() -> None:
            os.setsid()
            if os.fork() == 0:
                os.write(writer, works().encode())
                os._exit(0)

        in_child(daemonise)
        os.close(writer)
        self.assertEqual(os.read(reader, 100), b"TLSv1.3")
        os.close(reader)

    def test_a_fork_without_any_hook(self) -> None:
        call = {"x86_64": (57,), "aarch64": (220, signal.SIGCHLD, 0, 0, 0, 0)}.get(platform.machine())  # fork, clone
        if call is None:
            self.skipTest("no system call is known")
        libc = ctypes.CDLL(None)
        pid = libc.syscall(*call)
        if pid == 0:  # pragma: no cover
            try:
                os._exit(0 if works() == "TLSv1.3" else 1)
            finally:
                os._exit(2)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)

    def test_preexec_fn(self) -> None:
        subprocess.run(["true"], preexec_fn=works, check=True, timeout=60)

    def test_sys_exit(self) -> None:
        code = "import sys, os, test_fork as t; p = os.fork(); t.works(); p and sys.exit(os.waitpid(p, 0)[1])"
        where = str(Path(__file__).parent)
        environment = {**os.environ, "PYTHONPATH": os.environ.get("PYTHONPATH", "") + ":" + where}
        subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=60, env=environment)


def _task(_: int) -> str:
    return works()


class TestThreads(unittest.TestCase):
    def test_the_first_call_from_another_thread(self) -> None:
        def child() -> str:
            said: list[str] = []
            thread = threading.Thread(target=lambda: said.append(works()))
            thread.start()
            thread.join()
            return said[0] + works()

        for _ in range(5):
            self.assertEqual(in_child(child), "TLSv1.3TLSv1.3")

    def test_many_threads_make_the_first_call(self) -> None:
        def child() -> int:
            barrier, done = threading.Barrier(8), []

            def first() -> None:
                barrier.wait()
                done.append(works())

            threads = [threading.Thread(target=first) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return len(done)

        for _ in range(10):
            self.assertEqual(in_child(child), "8")

    @beside_busy_threads
    def test_a_fork_in_the_middle_of_the_restart(self) -> None:
        def child(delay: float) -> str:
            threads = [threading.Thread(target=works) for _ in range(3)]
            for thread in threads:
                thread.start()
            time.sleep(delay)
            said = in_child(works)
            for thread in threads:
                thread.join()
            return said + works()

        for i in range(12):
            self.assertEqual(in_child(lambda i=i: child(i * 0.0003)), "TLSv1.3TLSv1.3")

    def test_busy_objects_refuse_and_nothing_else_does(self) -> None:
        stop = threading.Event()
        pairs = [connected(CLIENT_CONTEXT, SERVER_CONTEXT) for _ in range(2)]
        idle = connected(CLIENT_CONTEXT, SERVER_CONTEXT)

        def busy(pair: Pair) -> None:
            data = bytes(60000)
            while not stop.is_set():
                pair.client.write(data)
                while len(pair.server.read(16384)) == 16384:
                    pass

        def shake() -> None:
            while not stop.is_set():
                connected(CLIENT_CONTEXT, SERVER_CONTEXT)

        threads = [threading.Thread(target=busy, args=(pair,)) for pair in pairs]
        threads += [threading.Thread(target=shake) for _ in range(2)]
        for thread in threads:
            thread.start()

        def child() -> str:
            idle.pass_data()
            refused = 0
            for pair in pairs:
                try:
                    pair.client.write(b"x")
                except ssl.SSLError as e:
                    if "another thread was using this object when the process was forked" not in str(e):
                        raise
                    refused += 1
            works()
            return str(refused)

        try:
            refused = sum(int(in_child(child)) for _ in range(40))
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertGreater(refused, 0)


class TestLimits(unittest.TestCase):
    def test_a_fork_before_the_runtime_has_started(self) -> None:
        code = (
            "import ctypes, os, sys\n"
            "library = ctypes.CDLL(sys.argv[1])\n"
            "pid = os.fork()\n"
            "handle = ctypes.c_uint64()\n"
            "status = library.gossl_config_new(17, ctypes.byref(handle), None)\n"
            "os._exit(status & 127) if pid == 0 else sys.exit(status or os.waitpid(pid, 0)[1])"
        )
        for _ in range(5):
            subprocess.run([sys.executable, "-c", code, _lib.path()], check=True, timeout=60)

    def test_a_fork_in_a_callback(self) -> None:
        client, server = contexts()
        said: list[str] = []
        server.sni_callback = lambda *_: said.append(in_child(works))
        connected(client, server).pass_data()
        self.assertEqual(said, ["TLSv1.3"])

    def test_no_descriptor_is_left_in_a_child(self) -> None:
        """But for the poller's two, which the parent's runtime may not have opened yet."""

        def others() -> list[str]:
            links = [Path("/proc/self/fd", fd) for fd in os.listdir("/proc/self/fd")]  # one was that of listdir
            found = [os.readlink(link) for link in links if link.is_symlink()]
            self.assertLessEqual(found.count("anon_inode:[eventpoll]"), 1)
            return [name for name in found if name not in ("anon_inode:[eventpoll]", "anon_inode:[eventfd]")]

        before = len(others())
        self.assertEqual(int(in_child(lambda: (works(), len(others()))[1])), before + 1)  # the test's pipe

    def test_without_address_space_a_child_is_told(self) -> None:
        import resource

        def child() -> str:
            hard = resource.getrlimit(resource.RLIMIT_AS)[1]
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            resource.setrlimit(resource.RLIMIT_AS, (pages * 4096 + (100 << 20), hard))
            try:
                return works()
            except ssl.SSLError as e:
                return str(e)

        self.assertIn("forked", in_child(child))

    def test_without_threads_a_child_is_told(self) -> None:
        def child() -> str:
            with few_threads():
                try:
                    return works()
                except ssl.SSLError as e:
                    said = str(e)
            return said + works()

        self.assertRegex(in_child(child), "too little address space or threads.*TLSv1.3")

    def test_a_thread_that_forks_and_returns_in_the_child(self) -> None:
        """The one limit: where Python would end with the last of its threads, the runtime's keep the process alive."""
        children: dict[str, int] = {}

        def fork(use: bool) -> None:
            pid = os.fork()
            if pid:
                children["with TLS" if use else "without"] = pid
            elif use:
                works()

        for use in (False, True):
            thread = threading.Thread(target=fork, args=(use,))
            thread.start()
            thread.join()
        self.assertEqual(os.waitpid(children["without"], 0)[1], 0)
        time.sleep(0.5)
        self.assertEqual(os.waitpid(children["with TLS"], os.WNOHANG), (0, 0))
        os.kill(children["with TLS"], signal.SIGKILL)
        os.waitpid(children["with TLS"], 0)

    def test_all_data_of_c_is_kept(self) -> None:
        """What is neither Go's nor marked KEPT would be lost in a child."""
        if not (CAPI / "fork.c").exists() or not shutil.which("objdump") or not shutil.which("gcc"):
            self.skipTest("no sources or no compiler")
        (DIRECTORY / "_cgo_export.h").write_text("")
        for source in CAPI.glob("*.c"):
            if source.stem.endswith("_windows") or source.read_text().startswith("//go:build !linux"):
                continue
            made = DIRECTORY / f"{source.stem}.o"
            flags = ["-std=gnu11", "-w", "-fPIC", "-O2", "-DGOSSL_SHARED", "-I", str(DIRECTORY), "-I", str(CAPI)]
            subprocess.run(["gcc", *flags, "-c", str(source), "-o", str(made)], check=True)
            listed = subprocess.run(["objdump", "-h", str(made)], capture_output=True, text=True, check=True).stdout
            sections = [line.split() for line in listed.splitlines() if line[:3].strip().isdigit()]
            lost = [
                s[1] for s in sections if s[1].startswith((".data", ".bss")) and "rel.ro" not in s[1] and int(s[2], 16)
            ]
            self.assertEqual(lost, [], source.name)


class TestCopies(unittest.TestCase):
    """Where the runtime cannot be restarted, which GOSSL_FORK=copy makes any platform."""

    def run_with_copies(self, code: str) -> None:
        before = """
import contextlib, os, shutil, sys, tempfile
sys.path.insert(0, sys.argv[1])
import test_fork as t
from forking import in_child
from gossl import _lib, ssl
from support import AUTHORITY, LEAF, Pair, connected, contexts
assert _lib.library().made is not None
"""
        environment = {**os.environ, "GOSSL_FORK": "copy"}
        command = [sys.executable, "-W", "ignore", "-c", before + code, str(Path(__file__).parent)]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))

    def test_contexts_are_made_anew(self) -> None:
        code = """
with tempfile.TemporaryDirectory() as name:
    for file in (LEAF.cert, LEAF.key):
        shutil.copy(file, name)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(f"{name}/{LEAF.cert.name}", f"{name}/{LEAF.key.name}")
server.set_alpn_protocols(["b"])
client = ssl.create_default_context(cadata=AUTHORITY.cert.read_text())
client.set_alpn_protocols(["a", "b"])
client.maximum_version = ssl.TLSVersion.TLSv1_2
asked = []
server.sni_callback = lambda connection, name, context: asked.append(name)
def generation(n):
    asked.clear()
    pair = connected(client, server)
    pair.pass_data()
    assert pair.client.version() == "TLSv1.2" and pair.server.selected_alpn_protocol() == "b" and asked == ["localhost"]
    server.set_ciphers("ECDHE+CHACHA20") if n == 3 else None
    assert n >= 3 or "CHACHA20" in pair.server.cipher()[0]
    t.works()
    return in_child(lambda: generation(n - 1)) if n else "done"
connected(client, server).pass_data()
for _ in range(3):
    assert in_child(lambda: generation(5)) == "done"
connected(client, server).pass_data()
"""
        self.run_with_copies(code)

    def test_what_cannot_go_on_says_so(self) -> None:
        code = """
client, server = contexts()
pair = connected(client, server)
pair.pass_data()
session = pair.client.session
pair.client.write(b"x")
def child():
    def refused(step):
        try:
            step()
        except ssl.SSLError as e:
            assert "before the process was forked" in str(e) or "when the process was forked" in str(e), e
            return True
    steps = (
        lambda: pair.client.write(b"y"), lambda: pair.server.read(1), lambda: pair.client.version(),
        lambda: pair.client.pending(), lambda: pair.client.unwrap(), lambda: session.id,
        lambda: Pair(client, server, session=session),
        lambda: client.wrap_bio(pair.to_client, pair.to_server, server_hostname="localhost"),
    )
    said = [refused(step) for step in steps]
    t.works()
    return said
assert in_child(child) == str([True] * 8), in_child(child)
assert pair.server.read(1) == b"x"
pair.pass_data()
"""
        self.run_with_copies(code)

    @beside_busy_threads
    def test_busy_parents_and_pools(self) -> None:
        code = """
import concurrent.futures, multiprocessing, threading
stop = threading.Event()
def busy():
    while not stop.is_set():
        t.works()
t.works()  # first uses import modules, whose locks a fork in another thread leaves locked: CPython's own
threads = [threading.Thread(target=busy, daemon=True) for _ in range(2)]
for thread in threads: thread.start()
for _ in range(8):
    assert in_child(t.works) == "TLSv1.3"
stop.set()
for thread in threads: thread.join()
with concurrent.futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as executor:
    assert set(executor.map(t._task, range(10))) == {"TLSv1.3"}
"""
        self.run_with_copies(code)


if __name__ == "__main__":
    unittest.main()
