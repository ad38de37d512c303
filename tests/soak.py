"""Runs clients and servers on gossl for a long time, and counts what is lost and what is left behind.

    python tests/soak.py MINUTES [DIRECTORY]

Three servers (threads, asyncio, a fork for each connection) and a client of many threads live as long as the run does;
good clients must get every byte, bad ones (killed, resetting, slow, half-closed, mute, garbage) must harm nobody else.
Once a minute the memory, threads and descriptors of the four are sampled. The tables are in DIRECTORY/soak.md, written
anew at each sample.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import hashlib
import json
import os
import random
import socket
import socketserver
import struct
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import gossl

gossl.install()

import ssl  # noqa: E402

SAMPLE = 60.0
CLIENT_THREADS = 6
PAUSE = 0.4  # the longest between two exchanges of a thread
LARGEST = 2_000_000
PATIENCE = 60.0  # a good exchange that takes longer has hung
DEFECT = "a defect in a server"
LINGER_RESET = struct.pack("ii", 1, 0)


def pattern(seed: int, size: int) -> bytes:
    block = b"".join(hashlib.sha256(b"%d.%d" % (seed, i)).digest() for i in range(32))
    return (block * (size // len(block) + 1))[:size]


class Counts:
    """What happened how often, on disk every few seconds."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.Lock()
        self.good: collections.Counter[str] = collections.Counter()
        self.failed: collections.Counter[str] = collections.Counter()

    def add(self, name: str) -> None:
        with self.lock:
            self.good[name] += 1

    def fail(self, name: str) -> None:
        with self.lock:
            self.failed[name] += 1
        print(f"--- {time.strftime('%H:%M:%S')} {name}", file=sys.stderr)
        traceback.print_exc()
        sys.stderr.flush()

    def note(self, what: str) -> None:
        if what == DEFECT:
            self.fail(what)
        else:
            self.add(what)

    def keep_writing(self) -> None:
        while True:
            time.sleep(5)
            with self.lock:
                text = json.dumps({"good": self.good, "failed": self.failed})
            fresh = self.path.with_suffix(".new")
            fresh.write_text(text)
            fresh.replace(self.path)


# ---- Servers: "echo N" repeats lines, "get SEED SIZE" gives bytes, "put SIZE" gives the digest of what came ----------


def server_context(directory: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "server.pem", directory / "server.key")
    context.load_verify_locations(directory / "ca.pem")
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def is_defect(e: BaseException) -> bool:
    """Bad peers make OSErrors; anything else is a bug of ours, and so is what names itself one."""
    return not isinstance(e, OSError) or "defect" in str(e)


class Handler(socketserver.BaseRequestHandler):
    """One connection, from the handshake on."""

    context: ssl.SSLContext
    note: Callable[[str], None]  # what became of it

    def handle(self) -> None:
        self.request.settimeout(PATIENCE)
        try:
            with self.context.wrap_socket(self.request, server_side=True) as tls:
                self.serve(tls)
        except Exception as e:
            if is_defect(e):
                traceback.print_exc()
            type(self).note(DEFECT if is_defect(e) else "peers that failed")
        else:
            type(self).note("served to the end")

    def serve(self, tls: ssl.SSLSocket) -> None:
        with tls.makefile("rwb") as stream:
            for line in stream:
                verb, *numbers = line.split()
                if verb == b"get":
                    stream.write(pattern(*map(int, numbers)))
                elif verb == b"put":
                    stream.write(hashlib.sha256(stream.read(int(numbers[0]))).hexdigest().encode() + b"\n")
                else:
                    stream.write(line)
                stream.flush()


class ThreadingServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128


class ForkingServer(socketserver.ForkingMixIn, socketserver.TCPServer):
    allow_reuse_address = True
    request_queue_size = 128


def serve(server_class: type[socketserver.TCPServer], directory: Path, note: Callable[[str], None]) -> None:
    handler = type("Handler", (Handler,), {"context": server_context(directory), "note": staticmethod(note)})
    with server_class(("127.0.0.1", 0), handler) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


def serve_threads(directory: Path, counts: Counts) -> None:
    serve(ThreadingServer, directory, counts.note)


def serve_forks(directory: Path, counts: Counts) -> None:
    """Each connection is served by a child, while a thread of the parent has connections of its own."""
    reader, writer = os.pipe()  # what children have to tell: a line each, short enough to be written at once

    def listen() -> None:
        for line in os.fdopen(reader, "r"):
            counts.note(line.rstrip("\n"))

    def be_busy() -> None:
        server, client = server_context(directory), ssl.create_default_context(cafile=directory / "ca.pem")
        while True:
            try:
                to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
                ends = [
                    server.wrap_bio(to_server, to_client, server_side=True),
                    client.wrap_bio(to_client, to_server, server_hostname="localhost"),
                ]
                while any(end.version() is None for end in ends):
                    for end in ends:
                        with contextlib.suppress(ssl.SSLWantReadError):
                            end.do_handshake()
                ends[0].write(b"x" * 16000)
                assert ends[1].read(16000) == b"x" * 16000
                counts.add("connections in the parent")
            except Exception:
                counts.fail("a connection in the parent")
            time.sleep(0.05)

    threading.Thread(target=listen, daemon=True).start()
    threading.Thread(target=be_busy, daemon=True).start()
    serve(ForkingServer, directory, lambda what: (os.write(writer, what.encode() + b"\n"), None)[1])


def serve_async(directory: Path, counts: Counts) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                verb, *numbers = line.split()
                if verb == b"get":
                    writer.write(pattern(*map(int, numbers)))
                elif verb == b"put":
                    data = await reader.readexactly(int(numbers[0]))
                    writer.write(hashlib.sha256(data).hexdigest().encode() + b"\n")
                else:
                    writer.write(line)
                await writer.drain()
            counts.add("served to the end")
        except Exception as e:
            if is_defect(e) and not isinstance(e, (asyncio.IncompleteReadError, ValueError)):
                counts.fail(DEFECT)
            else:
                counts.add("peers that failed")
        finally:
            writer.close()

    async def run() -> None:
        context = server_context(directory)
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, what: None)  # bad peers; the handler above sees what matters
        server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context, ssl_handshake_timeout=PATIENCE)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()

    asyncio.run(run())


# ---- Clients ---------------------------------------------------------------------------------------------------------


class Clients:
    def __init__(self, directory: Path, ports: list[int]) -> None:
        self.ports = ports
        self.context = ssl.create_default_context(cafile=directory / "ca.pem")
        self.older = ssl.create_default_context(cafile=directory / "ca.pem")
        self.older.maximum_version = ssl.TLSVersion.TLSv1_2
        self.mutual = ssl.create_default_context(cafile=directory / "ca.pem")
        self.mutual.load_cert_chain(directory / "client.pem", directory / "client.key")
        self.sessions: dict[tuple[int, int], ssl.SSLSession] = {}

    def connect(self, resume: bool = True) -> ssl.SSLSocket:
        port = random.choice(self.ports)
        context = random.choice([self.context, self.context, self.older, self.mutual])
        key = (port, id(context))
        session = self.sessions.get(key) if resume else None
        sock = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        try:
            tls = context.wrap_socket(sock, server_hostname="localhost", session=session)
        except BaseException:
            sock.close()
            raise
        if tls.session is not None:
            self.sessions[key] = tls.session
        return tls

    # Good ones: whatever is not as it should be raises.

    def echo(self) -> None:
        with self.connect() as tls, tls.makefile("rwb") as stream:
            for i in range(random.randrange(1, 40)):
                line = b"echo %d %s\n" % (i, b"x" * random.randrange(0, 3000))
                stream.write(line)
                stream.flush()
                got = stream.readline()
                assert got == line, (len(got), len(line))

    def download(self) -> None:
        seed, size = random.randrange(1 << 20), random.randrange(LARGEST)
        with self.connect() as tls:
            tls.sendall(b"get %d %d\n" % (seed, size))
            self.expect(tls, seed, size)

    def expect(self, tls: ssl.SSLSocket, seed: int, size: int) -> None:
        got = bytearray()
        while len(got) < size:
            part = tls.recv(random.choice([1, 100, 4096, 65536]))
            assert part, f"ended after {len(got)} of {size}"
            got += part
        assert got == pattern(seed, size)

    def upload(self) -> None:
        data = pattern(random.randrange(1 << 20), random.randrange(LARGEST))
        with self.connect() as tls, tls.makefile("rwb") as stream:
            stream.write(b"put %d\n" % len(data) + data)
            stream.flush()
            assert stream.readline().decode().strip() == hashlib.sha256(data).hexdigest()

    def half_close(self) -> None:
        """Ends its sending with a FIN, and still gets the whole answer."""
        seed, size = random.randrange(1 << 20), random.randrange(LARGEST // 4)
        with self.connect() as tls:
            tls.sendall(b"get %d %d\n" % (seed, size))
            socket.socket.shutdown(tls, socket.SHUT_WR)
            self.expect(tls, seed, size)

    def close_notify(self) -> None:
        """Closes both directions in the protocol's own way."""
        with self.connect() as tls:
            tls.sendall(b"echo\n")
            assert tls.recv(100) == b"echo\n"
            with contextlib.suppress(OSError):
                tls.unwrap()

    def slow_reader(self) -> None:
        seed, size = random.randrange(1 << 20), random.randrange(200_000)
        with self.connect() as tls:
            tls.sendall(b"get %d %d\n" % (seed, size))
            got = bytearray()
            while len(got) < size:
                part = tls.recv(8192)
                assert part
                got += part
                time.sleep(0.01)
            assert got == pattern(seed, size)

    def slow_bytes(self) -> None:
        """A handshake and a request whose ciphertext arrives in crumbs."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.context.wrap_bio(incoming, outgoing, server_hostname="localhost")
        with socket.create_connection(("127.0.0.1", random.choice(self.ports)), timeout=PATIENCE) as sock:

            def until_done(step: Callable[[], object]) -> object:
                while True:
                    try:
                        result = step()
                    except ssl.SSLWantReadError:
                        result = None
                    data = outgoing.read()
                    while data:
                        n = random.randrange(1, 300)
                        sock.sendall(data[:n])
                        data = data[n:]
                        time.sleep(0.001)
                    if result is not None:
                        return result
                    incoming.write(sock.recv(random.randrange(1, 300)))

            until_done(lambda: (tls.do_handshake(), True))
            until_done(lambda: tls.write(b"echo slowly\n"))
            assert until_done(lambda: tls.read(100)) == b"echo slowly\n"

    def times_out(self) -> None:
        with socket.socket() as mute:
            mute.bind(("127.0.0.1", 0))
            mute.listen()
            with socket.create_connection(mute.getsockname(), timeout=0.05) as sock:
                start = time.monotonic()
                try:
                    self.context.wrap_socket(sock, server_hostname="localhost")
                except TimeoutError:
                    assert time.monotonic() - start >= 0.05
                else:
                    raise AssertionError("a mute server was talked to")

    def asyncio_echo(self) -> None:
        async def run() -> None:
            port = random.choice(self.ports)
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", port, ssl=self.context, server_hostname="localhost"
            )
            for i in range(random.randrange(1, 20)):
                writer.write(b"echo %d\n" % i)
                assert await reader.readline() == b"echo %d\n" % i
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

        asyncio.run(asyncio.wait_for(run(), PATIENCE))

    # Bad ones: nothing is expected of them but that they harm nobody.

    def reset(self) -> None:
        with self.connect() as tls:
            tls.sendall(b"get 1 %d\n" % LARGEST)
            tls.recv(random.randrange(1, 50_000))
            tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)

    def drop(self) -> None:
        """Forgets a connection without a close, in a cycle."""
        tls = self.connect(resume=False)
        tls.sendall(b"get 1 100000\n")
        tls.cycle = tls
        os.close(tls.detach())

    def garbage(self) -> None:
        with socket.create_connection(("127.0.0.1", random.choice(self.ports)), timeout=PATIENCE) as sock:
            sock.sendall(random.choice([b"", b"\x16\x03\x01"]) + random.randbytes(random.randrange(1, 3000)))
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_WR)
                while sock.recv(4096):
                    pass

    GOOD = (echo, download, upload, half_close, close_notify, slow_reader, slow_bytes, times_out, asyncio_echo)
    BAD = (reset, drop, garbage)


def run_clients(directory: Path, counts: Counts, ports: list[int]) -> None:
    clients = Clients(directory, ports)

    def loop() -> None:
        while True:
            bad = random.random() < 0.25
            exchange = random.choice(Clients.BAD if bad else Clients.GOOD)
            name = exchange.__name__.replace("_", " ")
            try:
                exchange(clients)
                counts.add(name)
            except Exception as e:
                if bad and not is_defect(e):
                    counts.add(name)
                else:
                    counts.fail(name)
            time.sleep(random.random() * PAUSE)

    for _ in range(CLIENT_THREADS - 1):
        threading.Thread(target=loop, daemon=True).start()
    loop()


def be_killed(directory: Path, ports: list[int]) -> None:
    """A client that transfers until somebody kills it."""
    clients = Clients(directory, ports)
    while True:
        clients.download()
        clients.upload()


# ---- The run ---------------------------------------------------------------------------------------------------------


def sample(pid: int) -> tuple[float, int, int]:
    """Resident megabytes, threads, descriptors."""
    status = Path(f"/proc/{pid}/status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines())
    memory = int(fields["VmRSS"].split()[0]) / 1024
    return memory, int(fields["Threads"]), len(os.listdir(f"/proc/{pid}/fd"))


class Run:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.processes: dict[str, subprocess.Popen[str]] = {}
        self.samples: list[tuple[float, dict[str, tuple[float, int, int]]]] = []
        self.kills = 0
        self.start = time.monotonic()

    def spawn(self, role: str, *arguments: str) -> subprocess.Popen[str]:
        with open(self.directory / f"{role}.log", "a") as log:
            command = [sys.executable, __file__, f"--{role}", str(self.directory), *arguments]
            return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)

    def go(self, minutes: float) -> int:
        ports = []
        for role in ("threads", "asyncio", "forks"):
            self.processes[role] = process = self.spawn(role)
            assert process.stdout is not None
            ports.append(process.stdout.readline().strip())
        self.processes["clients"] = self.spawn("clients", *ports)
        died: list[str] = []
        end, next_sample = self.start + minutes * 60, self.start + SAMPLE / 2
        while time.monotonic() < end:
            self.kill_one(ports)
            died = [role for role, process in self.processes.items() if process.poll() is not None]
            if died:
                print(f"died: {died}", file=sys.stderr)
                break
            if time.monotonic() >= next_sample:
                next_sample += SAMPLE
                minute = (time.monotonic() - self.start) / 60
                self.samples.append((minute, {role: sample(p.pid) for role, p in self.processes.items()}))
                (self.directory / "soak.md").write_text(self.report())
        print(self.report())
        for process in self.processes.values():
            process.kill()
            process.wait()
        return 1 if self.failures() or died else 0

    def kill_one(self, ports: list[str]) -> None:
        victim = self.spawn("victim", *ports)
        time.sleep(random.uniform(0.3, 4))
        victim.kill()
        victim.communicate()
        self.kills += 1

    def counts(self) -> tuple[collections.Counter[str], collections.Counter[str]]:
        good: collections.Counter[str] = collections.Counter()
        failed: collections.Counter[str] = collections.Counter()
        for role in self.processes:
            with contextlib.suppress(FileNotFoundError):
                found = json.loads((self.directory / f"{role}.json").read_text())
                good.update({name if role == "clients" else f"{name} ({role})": n for name, n in found["good"].items()})
                failed.update(found["failed"])
        return good, failed

    def failures(self) -> int:
        return sum(self.counts()[1].values())

    def report(self) -> str:
        good, failed = self.counts()
        minutes = (time.monotonic() - self.start) / 60
        lines = [f"{minutes:.0f} minutes on Python {sys.version.split()[0]}, {gossl.version()}", ""]
        lines += ["| what | times | failures |", "|---|---:|---:|"]
        lines += [f"| {name} | {good[name]:,} | {failed[name]:,} |" for name in sorted({*good, *failed})]
        lines += [f"| clients killed in a transfer | {self.kills:,} | 0 |", ""]
        lines += ["| minute | " + " | ".join(f"{role}: MB, threads, descriptors" for role in self.processes) + " |"]
        lines += ["|---:|" + "---:|" * len(self.processes)]
        step = max(1, len(self.samples) // 12)
        for minute, found in self.samples[::step]:
            cells = " | ".join(f"{memory:.1f}, {threads}, {fds}" for memory, threads, fds in found.values())
            lines.append(f"| {minute:.0f} | {cells} |")
        return "\n".join(lines) + "\n"


def main() -> int:
    if sys.argv[1].startswith("--"):
        role, directory, ports = sys.argv[1][2:], Path(sys.argv[2]), list(map(int, sys.argv[3:]))
        if role == "victim":
            be_killed(directory, ports)
        counts = Counts(directory / f"{role}.json")
        threading.Thread(target=counts.keep_writing, daemon=True).start()
        if role == "clients":
            run_clients(directory, counts, ports)
        {"threads": serve_threads, "asyncio": serve_async, "forks": serve_forks}[role](directory, counts)
        return 1
    from certs import Authority

    directory = Path(sys.argv[2] if len(sys.argv) > 2 else "build/soak").resolve()
    authority = Authority(directory)
    authority.issue("server", "ecdsa")
    authority.issue("client", "ecdsa")
    return Run(directory).go(float(sys.argv[1]))


if __name__ == "__main__":
    sys.exit(main())
