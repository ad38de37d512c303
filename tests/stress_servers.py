"""Servers of others on gossl under load, for stress.py: gunicorn, socketserver with forks, gevent, eventlet."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
Result = tuple[int, int, str]

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


def gunicorn(worker: str, total: int) -> Result:
    from support import AUTHORITY, LEAF

    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "app.py").write_text(SERVER)
        port = free_port()
        threads = "2" if worker == "gthread" else "1"
        arguments = ["-w", "3", "-k", worker, "--threads", threads, "-b", f"127.0.0.1:{port}"]
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


def forking(total: int) -> Result:
    """An HTTPS server that forks for each connection, with the context of the parent."""
    from support import AUTHORITY, LEAF

    server = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", FORKING, str(LEAF.cert), str(LEAF.key)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        command = [sys.executable, "-c", LOAD, port, str(AUTHORITY.cert), str(total)]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        found = Path(f"/proc/{server.pid}")
        left = len(os.listdir(found / "fd")), len(os.listdir(found / "task"))
    finally:
        server.kill()
        server.wait(30)
    if ran.returncode:
        print(ran.stderr, file=sys.stderr)
    return total, total - int(ran.stdout or 0), f"a fork for each; {left[0]} descriptors and {left[1]} threads left"


FORKING = """
import http.server, socketserver, sys
from gossl import ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")
    def log_message(self, *_):
        pass
class Server(socketserver.ForkingMixIn, http.server.HTTPServer):
    request_queue_size = 64
    def finish_request(self, request, address):
        with context.wrap_socket(request, server_side=True) as tls:
            self.RequestHandlerClass(tls, address, self)
    def handle_error(self, request, address):
        pass
with Server(("127.0.0.1", 0), Handler) as server:
    print(server.server_port, flush=True)
    server.serve_forever()
"""


def free_port() -> int:
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


def green(name: str, total: int) -> Result:
    from support import AUTHORITY, LEAF

    files = [str(f) for f in (LEAF.cert, LEAF.key, AUTHORITY.cert)]
    command = [sys.executable, "-W", "ignore", "-c", GREEN.format(**GREENS[name]), *files, str(total)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if ran.returncode:
        print(ran.stderr, file=sys.stderr)
    return total, total - int(ran.stdout.split()[-1] if ran.stdout.split() else 0), "50 at a time"
