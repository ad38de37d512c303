"""Stress: forks, threads, signals, exits and servers of others, many times over. Prints a table.

    python tests/stress.py [--ci]

--ci is a selection of some minutes. Each row says what was done how often, how often it failed, and the peak memory of
the process that did it. gunicorn, gevent and eventlet come from PyPI, into build/stress.
"""

from __future__ import annotations

import collections
import concurrent.futures
import functools
import hashlib
import multiprocessing
import os
import random
import resource
import socket
import statistics
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "python")]

import stress_servers  # noqa: E402

PACKAGES = ["gunicorn==27.0.1", "gevent==26.9.0", "eventlet==0.41.3"]
CI = "--ci" in sys.argv
FEW = 3600.0
CHILDREN = 8  # at once: one after the other, most of the time would be spent waiting for the interpreter's lock


def times(full: int, ci: int) -> int:
    return ci if CI else full


# ---- Each runs in a process of its own, and returns how often it did it, how often that failed, and a remark ---------

Result = tuple[int, int, str]


def forks() -> Result:
    """Children of a parent with 8 threads busy in handshakes, bulk transfers and collections."""
    from forking import finish, start
    from support import connected, contexts

    client, server = contexts()
    idle, stop = connected(client, server), threading.Event()

    def shake() -> None:
        while not stop.is_set():
            connected(client, server)

    def transfer() -> None:
        pair = connected(client, server)
        while not stop.is_set():
            pair.pass_data()

    def child() -> None:
        idle.pass_data()
        connected(client, server).pass_data()

    threads = [threading.Thread(target=t, daemon=True) for t in (shake, transfer) * 4]
    for thread in threads:
        thread.start()
    failed, total = 0, times(10_000, 200)
    children: collections.deque[tuple[int, int]] = collections.deque()
    for i in range(total + CHILDREN):
        if i < total:
            children.append(start(child))
        if i >= CHILDREN:
            try:
                finish(*children.popleft(), 60)
            except AssertionError as e:
                failed += 1
                print(e, file=sys.stderr, flush=True)
    stop.set()
    return total, failed, f"{CHILDREN} children at once"


def generations() -> Result:
    from forking import in_child
    from support import connected, contexts

    client, server = contexts()
    pair, failed, total = connected(client, server), 0, times(50, 2)

    def generation(n: int) -> None:
        pair.pass_data()
        connected(client, server)
        if n:
            in_child(lambda: generation(n - 1), 10.0 * n)

    for _ in range(total):
        try:
            in_child(lambda: generation(20), 240)
        except AssertionError as e:
            failed += 1
            print(e, file=sys.stderr, flush=True)
    return total, failed, "20 deep"


def threads_on_one_context() -> Result:
    from gossl import ssl
    from support import AUTHORITY, LEAF, Pair, contexts

    client, server = contexts()
    stop, failed, done = threading.Event(), [], []

    def change() -> None:
        while not stop.is_set():
            server.load_cert_chain(LEAF.cert, LEAF.key)
            server.load_verify_locations(AUTHORITY.cert)
            server.set_alpn_protocols(["a"])
            server.set_ciphers("ECDHE+AESGCM")
            client.load_verify_locations(AUTHORITY.cert)
            client.maximum_version = random.choice([ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])

    def use() -> None:
        session = None
        try:
            for _ in range(times(200, 10)):
                pair = Pair(client, server, session=session)
                pair.shake()
                pair.client.write(b"x")
                assert pair.server.read(1) == b"x"
                session = pair.client.session
                done.append(1)
        except Exception as e:
            failed.append(e)

    changer = threading.Thread(target=change)
    users = [threading.Thread(target=use) for _ in range(64)]
    for thread in [changer, *users]:
        thread.start()
    for thread in users:
        thread.join()
    stop.set()
    changer.join()
    return len(done), len(failed), "64 threads"


def threads_on_one_connection() -> Result:
    """Both ends are read and written at once, each by a thread of its own, while keys change and certificates are asked
    for, until a third one closes one end."""
    from support import AUTHORITY, CLIENT, contexts
    from test_process import exchange_and_meddle, sockets

    total, failed, data = times(60, 4), [], bytes(1 << 20)
    client_context, server_context = contexts()
    client_context.post_handshake_auth = server_context.post_handshake_auth = True
    client_context.load_cert_chain(CLIENT.cert, CLIENT.key)
    server_context.verify_mode = 1  # CERT_OPTIONAL
    server_context.load_verify_locations(AUTHORITY.cert)

    def until_closed(step: Callable[[], object]) -> None:
        try:
            while step() != b"":
                pass
        except OSError:
            pass
        except Exception as e:
            failed.append(e)

    for _ in range(total):
        with sockets(client_context, server_context) as (client, server):
            try:
                exchange_and_meddle(client, server, len(data))
            except Exception as e:
                failed.append(e)
            steps = (lambda c=client: c.recv(10), lambda c=client: c.send(data))
            threads = [threading.Thread(target=until_closed, args=(step,), daemon=True) for step in steps]
            for thread in threads:
                thread.start()
            time.sleep(0.01)
            client.close()
            for thread in threads:
                thread.join(30)
                if thread.is_alive():
                    failed.append(TimeoutError("a thread hangs"))
    for e in failed:
        print(repr(e), file=sys.stderr, flush=True)
    return total, len(failed), "a megabyte each way, while keys change, then closed"


def scaling() -> Result:
    """Full handshakes of two threads beside one. SHA-256 of the same processors says what they had to give."""
    from support import connected, contexts

    client, server = contexts()
    server.num_tickets = 0
    each = times(1500, 300)
    block = bytes(200_000)

    def gain(step: Callable[[], object], each: int) -> float:
        def work() -> None:
            for _ in range(each):
                step()

        def rate(count: int) -> float:
            workers = [threading.Thread(target=work) for _ in range(count)]
            start = time.perf_counter()
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
            return count / (time.perf_counter() - start)

        return rate(2) / rate(1)

    shakes, hashes = [], []
    for _ in range(5):
        shakes.append(gain(lambda: connected(client, server), each))
        hashes.append(gain(lambda: hashlib.sha256(block).digest(), 2 * each))
    remark = f"two threads x{statistics.median(shakes):.2f}, where hashing gained x{statistics.median(hashes):.2f}"
    return 15 * each, 0, remark


def pools() -> Result:
    """Tasks in processes that are forked, and renewed, by multiprocessing and concurrent.futures."""
    from test_fork import _task as task

    total, fork = times(2000, 60), multiprocessing.get_context("fork")
    with fork.Pool(4, maxtasksperchild=10) as pool:
        done = sum(version == "TLSv1.3" for version in pool.imap_unordered(task, range(total)))
    with concurrent.futures.ProcessPoolExecutor(4, mp_context=fork) as executor:
        done += sum(version == "TLSv1.3" for version in executor.map(task, range(total)))
    return 2 * total, 2 * total - done, "handshakes and 2 MB in each"


def drops() -> Result:
    """Connections opened and dropped without a close."""
    from support import Pair, connected, contexts

    client, server = contexts()
    total, sizes = times(1_000_000, 40_000), []
    for i in range(total // 2):
        if i % 50 == 0:
            connected(client, server)
        Pair(client, server)
        if i % (total // 20) == total // 20 - 1:
            sizes.append(int(Path("/proc/self/statm").read_text().split()[1]) * 4 / 1024)
    grown = sizes[-1] - sizes[len(sizes) // 2]
    return total, int(grown > 8), "MB: " + " ".join(f"{s:.0f}" for s in sizes)


def exits() -> Result:
    """Interpreters that end with connections open, threads in a read, half a handshake, in atexit and in __del__."""
    from test_process import SETUP, TestExit

    each = times(1000, 12)
    codes = list(TestExit.ENDINGS.values())

    def one(code: str) -> int:
        command = [sys.executable, "-W", "ignore", "-c", ENDINGS, str(each), SETUP + textwrap.dedent(code)]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=FEW, check=False)
        if ran.returncode or ran.stderr:
            print(code, ran.returncode, ran.stderr[:2000], file=sys.stderr, flush=True)
        return each - int(ran.stdout or 0)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return each * len(codes), sum(pool.map(one, codes)), f"{each:,} of each of {len(codes)} kinds"


# Forks interpreters that have imported everything and used nothing, each of which runs the code and ends by itself.
ENDINGS = """
import os, select, signal, socket, sys, threading, time
from gossl import ssl
good = 0
for _ in range(int(sys.argv[1])):
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(writer, 1); os.dup2(writer, 2); os.close(reader); os.close(writer)
        break
    os.close(writer)
    said = b""
    while select.select([reader], [], [], 60)[0]:
        part = os.read(reader, 4096)
        said += part
        if not part:
            break
    else:
        said += b"hangs"
        os.kill(pid, signal.SIGABRT)
    os.close(reader)
    status = os.waitpid(pid, 0)[1]
    good += status == 0 and not said
    if status or said:
        print(status, said.decode(), file=sys.stderr)
else:
    print(good)
    sys.exit()
exec(sys.argv[2])
"""


def interrupts() -> Result:
    """Ctrl-C in each thing that waits, after which the connection, if there is one, goes on."""
    from test_process import python

    code = """
    worst, done, again = 0.0, 0, 0
    def interrupted(wait):
        global worst, done, again
        at, over = [], threading.Event()
        def interrupt():
            while not over.wait(0.5 if at else 0.05):  # again, should Python have dropped it, as it does in a __del__
                at.append(time.monotonic())
                os.kill(os.getpid(), signal.SIGINT)
        thread = threading.Thread(target=interrupt)
        try:
            thread.start()
            wait()
        except KeyboardInterrupt:
            worst, done, again = max(worst, time.monotonic() - at[-1]), done + 1, again + (len(at) > 1)
        over.set()
        thread.join()
    full = socket.create_server(("127.0.0.1", 0), backlog=0)
    waiting = [socket.socket() for _ in range(2)]  # they fill the queue of a server that accepts nobody
    for s in waiting:
        s.setblocking(False); s.connect_ex(full.getsockname())
    def connecting():
        with client_context.wrap_socket(socket.socket(), server_hostname="localhost") as s:
            s.connect(full.getsockname())
    def shaking():
        a, b = socket.socketpair()
        with b, client_context.wrap_socket(a, server_hostname="localhost", do_handshake_on_connect=False) as s:
            s.do_handshake()
    client, server = connect()
    def reading(): client.recv(1)
    for _ in range(int({each})):
        for wait in (connecting, shaking, reading):
            interrupted(wait)
        server.sendall(b"on"); assert client.recv(2) == b"on"
    data = bytes(50_000_000)
    def sending():
        while True: client.send(data)
    for _ in range(int({each})):
        client, server = connect()
        interrupted(sending)
        server.sendall(b"on"); assert client.recv(2) == b"on"
        client.close(); server.close()
    print(f"{{done}} {{again}} {{worst * 1000:.1f}}")
    """
    each = times(25, 5)
    ran = python(code.format(each=each))
    if ran.stderr:
        print(ran.stderr, file=sys.stderr, flush=True)
    done, again, worst = ran.stdout.split() if ran.stdout else ("0", "0", "inf")
    late = float(worst) > 100
    remark = f"connect, handshake, read, write; at most {worst} ms; {again} sent twice"
    return 4 * each, 4 * each - int(done) + late, remark


def timeouts() -> Result:
    """Reads, writes and handshakes that nobody answers."""
    from test_process import CLIENT_CONTEXT, sockets

    offs, failed, total = [], 0, times(100, 10)

    def late(sock: Any, wait: Callable[[], object]) -> None:
        nonlocal failed
        start = time.monotonic()
        try:
            wait()
        except TimeoutError:
            offs.append(time.monotonic() - start - sock.gettimeout())
        else:
            failed += 1

    for i in range(total):
        wanted = 0.02 + i % 5 * 0.01
        with sockets() as (client, _server):
            client.settimeout(wanted)
            late(client, functools.partial(client.recv, 1))
            late(client, functools.partial(client.sendall, bytes(5_000_000)))
        a, b = socket.socketpair()
        with b, CLIENT_CONTEXT.wrap_socket(a, server_hostname="localhost", do_handshake_on_connect=False) as tls:
            tls.settimeout(wanted)
            late(tls, tls.do_handshake)
    failed += sum(off < -0.001 for off in offs)
    offs.sort()
    remark = (
        f"median {statistics.median(offs) * 1000:.1f}, 99 of 100 within {offs[len(offs) * 99 // 100] * 1000:.1f} ms"
    )
    return 3 * total, failed, f"handshake, read, write; {remark}"


# ---- The run ---------------------------------------------------------------------------------------------------------

SCENES: dict[str, Callable[[], Result]] = {
    "forks with 8 busy threads": forks,
    "generations of forks": generations,
    "gunicorn, requests": lambda: stress_servers.gunicorn("sync", times(3000, 150)),
    "gunicorn with threads, requests": lambda: stress_servers.gunicorn("gthread", times(3000, 150)),
    "a ForkingMixIn server, requests": lambda: stress_servers.forking(times(3000, 100)),
    "multiprocessing.Pool, ProcessPoolExecutor": pools,
    "one context, 64 threads, one changes it": threads_on_one_context,
    "one connection, read, written and closed by threads": threads_on_one_connection,
    "full handshakes": scaling,
    "connections dropped without close": drops,
    "interpreter exits": exits,
    "Ctrl-C": interrupts,
    "timeouts": timeouts,
    "gevent, connections": lambda: stress_servers.green("gevent", times(2000, 100)),
    "eventlet, connections": lambda: stress_servers.green("eventlet", times(2000, 100)),
}


def stress_python() -> str:
    """An interpreter with the packages of others, and gossl of this tree."""
    from interpreters import interpreters

    home = ROOT / "build" / "stress"
    python = home / "bin" / "python"
    done = home / "installed"
    wanted = "\n".join(PACKAGES)
    if not done.exists() or done.read_text() != wanted:
        base = interpreters().get("3.12") or sys.executable
        subprocess.run([base, "-m", "venv", "--clear", str(home)], check=True)
        pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *PACKAGES]
        subprocess.run(pip, check=True)
        done.write_text(wanted)
    return str(python)


def run(name: str) -> int:
    count, failed, remark = SCENES[name]()
    who = resource.RUSAGE_SELF
    peak = max(resource.getrusage(w).ru_maxrss for w in (who, resource.RUSAGE_CHILDREN)) / 1024
    print(f"{count:,} | {failed:,} | {peak:.0f} | {remark}")
    return 0


def main() -> int:
    if len(sys.argv) > 2 and sys.argv[1] == "--scene":
        return run(sys.argv[2])
    from interpreters import package_path

    python, failures = stress_python(), 0
    environment = {**os.environ, "PYTHONPATH": package_path(), "PYTHONFAULTHANDLER": "1"}
    environment["GOSSL_LIBRARY"] = os.environ["GOSSL_LIBRARY"]
    only = [a for a in sys.argv[1:] if a != "--ci"]
    print("| what | times | failures | peak MB | | s |\n|---|---:|---:|---:|---|---:|", flush=True)
    for name in SCENES:
        if only and name not in only:
            continue
        command = [python, "-W", "ignore", __file__, "--scene", name, *(["--ci"] if CI else [])]
        start = time.monotonic()
        try:
            ran = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, timeout=FEW, check=False)
            row = ran.stdout.strip().splitlines()[-1] if ran.returncode == 0 else f"- | 1 | - | exit {ran.returncode}"
        except subprocess.TimeoutExpired:
            row = "- | 1 | - | hangs"
        failures += row.split("|")[1].strip() != "0"
        print(f"| {name} | {row} | {time.monotonic() - start:.0f} |", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
