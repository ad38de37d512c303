"""Handshakes with other TLS implementations, both ways, verification on, as a table.

    python tests/interop/run.py [--stock]

Peers that are not installed are named and skipped, unless INTEROP_REQUIRED=1 says that all must be there. --stock runs
our side on the interpreter's own ssl, to tell a fault of the harness from one of ours.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from certs import Authority, Leaf  # noqa: E402
from interpreters import package_path  # noqa: E402

PEERS = Path(__file__).resolve().parent / "peers"
REQUEST = b"GET / HTTP/1.0\r\n\r\n"
ANSWER = b"HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\ngossl-ok\n"
SECONDS = 30


class Setting(NamedTuple):
    """What all peers work with."""

    ssl: Any
    directory: Path
    authority: Authority
    leaves: dict[str, Leaf]


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


# ---- Our side ------------------------------------------------------------------------------------------------------


def versions(ssl: Any, context: Any, version: str) -> None:
    context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, "TLSv" + version.replace(".", "_"))


def our_client(setting: Setting, port: int, version: str) -> None:
    """Fetches from a peer's server; it must be refused without the authority."""
    ssl = setting.ssl
    context = ssl.create_default_context(cafile=str(setting.authority.cert))
    versions(ssl, context, version)
    with connect(port) as raw, context.wrap_socket(raw, server_hostname="localhost") as s:
        if s.version() != "TLSv" + version:
            raise AssertionError(f"got {s.version()}")
        s.sendall(REQUEST)
        if not s.recv(1000):
            raise AssertionError("no answer")
    strangers = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    versions(ssl, strangers, version)
    try:
        with connect(port) as raw, strangers.wrap_socket(raw, server_hostname="localhost"):
            raise AssertionError("accepted a certificate of an unknown authority")
    except ssl.SSLCertVerificationError:
        pass


def connect(port: int) -> socket.socket:
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@contextlib.contextmanager
def our_server(setting: Setting, leaf: Leaf, version: str) -> Iterator[int]:
    """Answers one connection after the other."""
    ssl = setting.ssl
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf.cert, leaf.key)
    versions(ssl, context, version)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                raw, _ = listener.accept()
            except OSError:
                return
            raw.settimeout(SECONDS)
            with contextlib.suppress(OSError), context.wrap_socket(raw, server_side=True) as s:
                s.recv(1000)
                s.sendall(ANSWER)
                s.unwrap()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(SECONDS)


# ---- Peers ---------------------------------------------------------------------------------------------------------


class Peer(NamedTuple):
    """Commands of another implementation; {port}, {ca}, {cert}, {key}, {version}, {nss}, {name} are filled in."""

    needs: list[str]
    server: list[str]
    client: list[str]
    options: dict[str, list[str]]  # by version: what it cannot is not there
    prints_port: bool = False
    keys: tuple[str, ...] = ("rsa", "ecdsa")


BOTH = {v: [v] for v in ("1.2", "1.3")}
ALL_KEYS = ("rsa", "ecdsa", "ed25519")
GO = str(ROOT / "build" / "peers")
RUSTLS = str(ROOT / "build" / "rustls" / "release" / "rustls_peer")
JAVA = ["java", "-XX:TieredStopAtLevel=1", "-cp", str(ROOT / "build"), "TlsPeer"]
ERLANG = ["erl", "-noshell", "-pa", str(ROOT / "build"), "-run", "tls_peer", "main"]


# Debian's Rust is too old for rustls: a machine without another one goes without, as the table then says.
OPTIONAL = {"rustls"}


def compiled_peer(name: str, header: str, options: dict[str, list[str]]) -> Peer:
    """A C program of ours on another library, which needs its headers."""
    program = str(ROOT / "build" / name)
    return Peer([header], [program, "server", "{cert}", "{key}"], [program, "client", "{port}", "{ca}"], options, True)


def is_there(needed: str) -> bool:
    """A command, or a header of the C compiler."""
    if not needed.endswith(".h"):
        return shutil.which(needed) is not None
    return any((Path(place) / needed).exists() for place in ("/usr/include", "/usr/local/include"))


PEER = {
    "openssl": Peer(
        ["openssl"],
        ["openssl", "s_server", "-accept", "{port}", "-cert", "{cert}", "-key", "{key}", "-www", "-quiet"],
        ["openssl", "s_client", "-connect", "localhost:{port}", "-CAfile", "{ca}", "-verify_return_error",
         "-verify_hostname", "localhost", "-quiet", "-4"],
        {"1.2": ["-tls1_2"], "1.3": ["-tls1_3"]}, keys=ALL_KEYS,
    ),
    "gnutls": Peer(
        ["gnutls-cli", "gnutls-serv"],
        ["gnutls-serv", "--http", "--quiet", "--port", "{port}", "--x509certfile", "{cert}", "--x509keyfile", "{key}"],
        ["gnutls-cli", "--x509cafile", "{ca}", "--port", "{port}", "localhost", "--logfile", "/dev/null"],
        {v: ["--priority", f"NORMAL:-VERS-ALL:+VERS-TLS{v}"] for v in ("1.2", "1.3")}, keys=ALL_KEYS,
    ),
    "nss": Peer(
        ["selfserv", "tstclnt", "certutil", "pk12util"],
        ["selfserv", "-d", "{nss}", "-n", "{name}", "-p", "{port}", "-w", ""],
        ["tstclnt", "-d", "{nss}", "-h", "localhost", "-4", "-p", "{port}"],
        {v: ["-V", f"tls{v}:tls{v}"] for v in ("1.2", "1.3")},
    ),
    "go": Peer(["go"], [GO, "server", "{cert}", "{key}"], [GO, "client", "{port}", "{ca}"],
               BOTH, True, ALL_KEYS),
    "erlang": Peer(["erl", "erlc"], [*ERLANG, "server", "{cert}", "{key}"], [*ERLANG, "client", "{port}", "{ca}"],
                   BOTH, True),
    "java": Peer(["java", "javac"], [*JAVA, "server", "{p12}"], [*JAVA, "client", "{port}", "{ca}"],
                 BOTH, True, ALL_KEYS),
    "wolfssl": compiled_peer("wolf_peer", "wolfssl/ssl.h", BOTH),
    "mbedtls": compiled_peer("mbed_peer", "mbedtls/ssl.h", {"1.2": ["1.2"]}),
    "botan": Peer(
        ["botan"],
        ["botan", "tls_server", "{cert}", "{key}", "--port={port}"],
        ["botan", "tls_client", "localhost", "--port={port}", "--trusted-cas={ca}", "--skip-system-cert-store"],
        {"1.2": []},
    ),
    "rustls": Peer(["cargo"], [RUSTLS, "server", "{cert}", "{key}"], [RUSTLS, "client", "{port}", "{ca}"],
                   BOTH, True, ALL_KEYS),
    "curl": Peer(["curl"], [], ["curl", "-sS", "--cacert", "{ca}", "https://localhost:{port}/"],
                 {v: [f"--tlsv{v}", "--tls-max", v] for v in ("1.2", "1.3")}),
}  # fmt: skip


def prepare(peer: str, setting: Setting) -> None:
    """Builds what the peer needs."""
    if peer == "go":
        subprocess.run(["go", "build", "-o", GO, "./tests/interop/peers/go"], cwd=ROOT, check=True)
    if peer == "erlang":
        subprocess.run(["erlc", "-o", str(ROOT / "build"), str(PEERS / "tls_peer.erl")], check=True)
    if peer == "nss":
        nss_database(setting)
    if peer == "java":
        subprocess.run(["javac", "-d", str(ROOT / "build"), str(PEERS / "TlsPeer.java")], check=True)
        for name in setting.leaves:
            bundle(setting, name)
    if peer == "rustls":
        command = ["cargo", "build", "-q", "--release", "--locked", "--target-dir", str(ROOT / "build" / "rustls")]
        subprocess.run(command, cwd=PEERS / "rustls_peer", check=True)
    libraries = {"wolfssl": ["-lwolfssl"], "mbedtls": ["-lmbedtls", "-lmbedx509", "-lmbedcrypto"]}.get(peer)
    if libraries:
        name = "wolf_peer" if peer == "wolfssl" else "mbed_peer"
        output = str(ROOT / "build" / name)
        subprocess.run(
            ["gcc", "-Wall", "-Wextra", str(PEERS / "c" / f"{name}.c"), "-o", output, *libraries], check=True
        )


def bundle(setting: Setting, name: str) -> str:
    """A leaf and its key as PKCS #12."""
    leaf, path = setting.leaves[name], str(setting.directory / f"{name}.p12")
    command = ["openssl", "pkcs12", "-export", "-in", str(leaf.cert), "-inkey", str(leaf.key), "-out", path]
    subprocess.run([*command, "-passout", "pass:x", "-name", name], check=True, capture_output=True)
    return path


def nss_database(setting: Setting) -> None:
    database = setting.directory / "nss"
    database.mkdir()
    where = ["-d", str(database)]

    def quietly(*command: str) -> None:
        subprocess.run(command, check=True, capture_output=True)

    quietly("certutil", "-N", *where, "--empty-password")
    quietly("certutil", "-A", *where, "-n", "authority", "-t", "C,,", "-i", str(setting.authority.cert))
    for name in PEER["nss"].keys:
        quietly("pk12util", "-i", bundle(setting, name), *where, "-W", "x", "-K", "")


def fill(command: list[str], setting: Setting, name: str, port: int) -> list[str]:
    leaf = setting.leaves[name]
    values = {
        "port": str(port), "ca": str(setting.authority.cert), "cert": str(leaf.cert), "key": str(leaf.key),
        "nss": str(setting.directory / "nss"), "name": name,
        "p12": str(setting.directory / f"{name}.p12"),
    }  # fmt: skip
    return [part.format(**values) for part in command]


def their_server(peer: Peer, setting: Setting, name: str, version: str) -> None:
    port = free_port()
    command = [*fill(peer.server, setting, name, port), *peer.options[version]]
    log = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE if peer.prints_port else log, stderr=log
    )
    try:
        if peer.prints_port:
            assert process.stdout is not None
            port = int(process.stdout.readline())
        our_client(setting, port, version)
    finally:
        process.kill()
        process.communicate()
        log.close()


def their_client(peer: Peer, setting: Setting, name: str, version: str) -> None:
    with our_server(setting, setting.leaves[name], version) as port:
        command = [*fill(peer.client, setting, name, port), *peer.options[version]]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdin is not None and process.stdout is not None
        killer = threading.Timer(SECONDS, process.kill)
        killer.start()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(REQUEST)
            process.stdin.flush()
        said = b""
        while b"gossl-ok" not in said and (chunk := process.stdout.read1(1000)):  # type: ignore[attr-defined]
            said += chunk
        killer.cancel()
        process.kill()
        _, errors = process.communicate()
        if b"gossl-ok" not in said:
            raise AssertionError((said + errors).decode("utf-8", "replace")[-400:])


def attempt(what: Callable[[], None]) -> str:
    try:
        what()
    except Exception as e:
        return f"{type(e).__name__}: {e}"
    return "ok"


def features() -> int:
    """The features that are tried with the openssl command alone, by a program in Go. Returns 1 if one failed."""
    command = [os.environ.get("GO", "go"), "test", "-v", "-count=1", "./tests/interop/features"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    print(*(line for line in done.stdout.splitlines() if line.startswith("openssl")), sep="\n")
    if done.returncode:
        print(done.stdout + done.stderr)
    return int(done.returncode != 0)


def main() -> int:
    if "--stock" in sys.argv:
        import ssl
    else:
        sys.path.insert(0, package_path())
        from gossl import ssl  # type: ignore[no-redef]
    required = os.environ.get("INTEROP_REQUIRED") == "1"
    failures = 0
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        authority = Authority(directory / "ca")
        leaves = {kind: authority.issue(kind, kind) for kind in ALL_KEYS}
        setting = Setting(ssl, directory, authority, leaves)
        print(f"{'peer':10}{'our side':10}{'version':9}{'key':8}result")
        for peer_name, peer in PEER.items():
            missing = [c for c in peer.needs if not is_there(c)]
            if missing:
                print(f"{peer_name:10}skipped: {', '.join(missing)} not installed")
                failures += required and peer_name not in OPTIONAL
                continue
            prepare(peer_name, setting)
            for version in peer.options:
                for key in peer.keys:
                    sides = {"client": their_server} if peer.server else {}
                    sides["server"] = their_client
                    for side, test in sides.items():
                        result = attempt(lambda t=test, v=version, k=key, p=peer: t(p, setting, k, v))  # type: ignore[misc]
                        failures += result != "ok"
                        print(f"{peer_name:10}{side:10}{version:9}{key:8}{result}", flush=True)
    failures += features()
    print(f"{failures} failed" if failures else "all ok")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
