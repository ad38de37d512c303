"""Stress: forks, threads, signals, exits and servers of others, many times over. Prints a table.

    python tests/stress.py [--ci]

--ci is a selection of some minutes. Each row says what was done how often, how often it failed, and the peak memory of
the process that did it. gunicorn, gevent and eventlet come from PyPI, into build/stress.
"""

from __future__ import annotations

import concurrent.futures
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "python")]
PACKAGES = ["gunicorn==27.0.1", "gevent==26.9.0", "eventlet==0.41.3"]
CI = "--ci" in sys.argv
FEW = 3600.0


def times(full: int, ci: int) -> int:
    return ci if CI else full


# ---- Each runs in a process of its own, and returns how often it did it, how often that failed, and a remark ---------

Result = tuple[int, int, str]


def forks() -> Result:
    """Children of a parent with 8 threads busy in handshakes, bulk transfers and collections."""
    from forking import in_child
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
    slots = concurrent.futures.ThreadPoolExecutor(1)
    for _ in range(total):
        try:
            in_child(child, 60)
        except AssertionError as e:
            failed += 1
            print(e, file=sys.stderr, flush=True)
    stop.set()
    slots.shutdown()
    return total, failed, ""


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
    from support import LEAF, connected, contexts

    client, server = contexts()
    stop, failed, done = threading.Event(), [], []

    def change() -> None:
        while not stop.is_set():
            server.load_cert_chain(LEAF.cert, LEAF.key)
            server.set_alpn_protocols(["a"])
            server.set_ciphers("ECDHE+AESGCM")

    def use() -> None:
        try:
            for _ in range(times(200, 10)):
                pair = connected(client, server)
                pair.client.write(b"x")
                assert pair.server.read(1) == b"x"
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


def scaling() -> Result:
    """Full handshakes of two threads beside one."""
    from support import connected, contexts

    client, server = contexts()
    server.num_tickets = 0
    each = times(1500, 300)

    def shake() -> None:
        for _ in range(each):
            connected(client, server)

    def measured(count: int) -> float:
        workers = [threading.Thread(target=shake) for _ in range(count)]
        start = time.perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return count * each / (time.perf_counter() - start)

    ratios = sorted(measured(2) / measured(1) for _ in range(3))
    return 9 * each, 0, f"two threads x{ratios[1]:.2f}"


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
    from test_process import TestExit, python

    codes = list(TestExit.ENDINGS.values())
    quiet = "import warnings; warnings.simplefilter('ignore')"

    def one(i: int) -> bool:
        ran = python(codes[i % len(codes)], quiet)
        if ran.returncode or ran.stderr:
            print(codes[i % len(codes)], ran, file=sys.stderr, flush=True)
        return bool(ran.returncode or ran.stderr)

    total = times(1000, 42)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        return total, sum(pool.map(one, range(total))), ""


def ctrl_c() -> Result:
    from test_process import python

    code = """
    client, server = connect()
    worst = 0
    for i in range(20):
        at = []
        threading.Timer(0.05, lambda: (at.append(time.monotonic()), os.kill(os.getpid(), signal.SIGINT))).start()
        try:
            client.recv(1)
        except KeyboardInterrupt:
            worst = max(worst, time.monotonic() - at[0])
    server.sendall(b"on"); assert client.recv(2) == b"on"
    print(f"{worst * 1000:.1f}")
    """
    ran = python(code)
    worst = float(ran.stdout or "inf")
    return 20, int(worst > 100), f"at most {worst:.1f} ms"


def timeouts() -> Result:
    from test_process import sockets

    worst, total = 0.0, times(200, 20)
    with sockets() as (client, _server):
        for i in range(total):
            client.settimeout(0.02 + i % 5 * 0.01)
            start = time.monotonic()
            try:
                client.recv(1)
            except TimeoutError:
                worst = max(worst, abs(time.monotonic() - start - client.gettimeout()))
    return total, 0, f"at most {worst * 1000:.1f} ms off"


SERVER = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]
"""
LOAD = """
import concurrent.futures, sys, time, urllib.request
from gossl import ssl
context = ssl.create_default_context(cafile=sys.argv[2])
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
def fetch(_):
    with opener.open("https://localhost:%s/" % sys.argv[1], timeout=60) as answer:
        return answer.read() == b"hello"
for _ in range(200):
    try:
        fetch(0)
        break
    except OSError:
        time.sleep(0.05)
with concurrent.futures.ThreadPoolExecutor(6) as pool:
    print(sum(pool.map(fetch, range(int(sys.argv[3])))))
"""


def gunicorn(worker: str) -> Result:
    from support import AUTHORITY, LEAF

    total = times(3000, 150)
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "app.py").write_text(SERVER)
        port = free_port()
        arguments = [
            "-w",
            "3",
            "-k",
            worker,
            "--threads",
            "2" if worker == "gthread" else "1",
            "-b",
            f"127.0.0.1:{port}",
        ]
        arguments += ["--certfile", str(LEAF.cert), "--keyfile", str(LEAF.key), "--log-level", "error"]
        arguments += ["--preload", "--max-requests", str(total // 10), "app:app"]
        with open(ROOT / "build" / f"gunicorn-{worker}.log", "w") as log:
            command = [sys.executable, "-m", "gossl", "-m", "gunicorn", *arguments]
            server = subprocess.Popen(command, cwd=name, stdout=log, stderr=log)
            try:
                command = [sys.executable, "-c", LOAD, str(port), str(AUTHORITY.cert), str(total)]
                ran = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
            finally:
                server.terminate()
                server.wait(30)
    if ran.returncode:
        print(ran.stderr, file=sys.stderr)
    return total, total - int(ran.stdout or 0), f"{worker} workers, renewed"


def free_port() -> int:
    import socket

    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port: int = s.getsockname()[1]
        return port


GREEN = """
import gossl; gossl.install()
import {patch}
import socket, ssl, sys
server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server_context.load_cert_chain(sys.argv[1], sys.argv[2])
client_context = ssl.create_default_context(cafile=sys.argv[3])
listener = socket.create_server(("127.0.0.1", 0), backlog=200)
def serve(raw):
    with server_context.wrap_socket(raw, server_side=True) as s:
        while data := s.recv(65536):
            s.sendall(data)
def accept():
    while True:
        {spawn}(serve, listener.accept()[0])
def fetch(i):
    with client_context.wrap_socket(socket.create_connection(listener.getsockname()), server_hostname="localhost") as s:
        data = b"%d" % i * 20000
        s.sendall(data)
        got = b""
        while len(got) < len(data):
            got += s.recv(65536)
        return got == data
{spawn}(accept)
{run}
print(sum(results))
"""
GREENS = {
    "gevent": {
        "patch": "gevent.monkey; gevent.monkey.patch_all(); import gevent, gevent.pool",
        "spawn": "gevent.spawn",
        "run": "results = gevent.pool.Pool(50).map(fetch, range(int(sys.argv[4])))",
    },
    "eventlet": {
        "patch": "eventlet; eventlet.monkey_patch()",
        "spawn": "eventlet.spawn",
        "run": "results = list(eventlet.GreenPool(50).imap(fetch, range(int(sys.argv[4]))))",
    },
}


def green(name: str) -> Result:
    from support import AUTHORITY, LEAF

    total = times(2000, 100)
    files = [str(f) for f in (LEAF.cert, LEAF.key, AUTHORITY.cert)]
    command = [sys.executable, "-W", "ignore", "-c", GREEN.format(**GREENS[name]), *files, str(total)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if ran.returncode:
        print(ran.stderr, file=sys.stderr)
    return total, total - int(ran.stdout.split()[-1] if ran.stdout.split() else 0), "50 at a time"


# ---- The run ---------------------------------------------------------------------------------------------------------

SCENES: dict[str, Callable[[], Result]] = {
    "forks with 8 busy threads": forks,
    "generations of forks": generations,
    "gunicorn, requests": lambda: gunicorn("sync"),
    "gunicorn with threads, requests": lambda: gunicorn("gthread"),
    "one context, 64 threads, one changes it": threads_on_one_context,
    "full handshakes": scaling,
    "connections dropped without close": drops,
    "interpreter exits": exits,
    "Ctrl-C in a read": ctrl_c,
    "timeouts": timeouts,
    "gevent, connections": lambda: green("gevent"),
    "eventlet, connections": lambda: green("eventlet"),
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
