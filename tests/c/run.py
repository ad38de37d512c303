"""Compiles and runs the C programs: as C99, as C++, with AddressSanitizer and under valgrind."""

from __future__ import annotations

import http.server
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = ROOT / "build"
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "capi"))
import elf  # noqa: E402
import held  # noqa: E402
import hostile  # noqa: E402
import installed  # noqa: E402
import statuses  # noqa: E402
from build_library import build_library  # noqa: E402
from certs import Authority, Leaf  # noqa: E402

STRICT = ["-Wall", "-Wextra", "-Werror", "-I", str(ROOT / "capi")]
LINK = ["-L", str(BUILD), "-l:libgossl.so", f"-Wl,-rpath,{BUILD}", "-lpthread"]
ASAN = ["-g", "-fsanitize=address"]
C_INITIALIZERS = "-Wno-missing-field-initializers"  # C's idiom, which g++'s -Wextra does not like
LONGEST = 150


def name_library() -> None:
    """The linker finds the library by its soname at run time."""
    link = BUILD / "libgossl.so.1"
    if not link.is_symlink():
        link.symlink_to("libgossl.so")


def compiled(name: str, *flags: str, compiler: str = "gcc", suffix: str = "", source: Path | None = None) -> str:
    output = str(BUILD / f"{name}{suffix}")
    source = source or HERE / f"{name}.c"
    subprocess.run([compiler, *STRICT, *flags, str(source), "-o", output, *LINK], check=True)
    return output


def no_leaks() -> dict[str, str]:
    """Go's memory is its own: leaks are looked for by valgrind, in C memory."""
    return {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}


def run_hostile() -> None:
    """Every function with wrong arguments, alone and under AddressSanitizer."""
    source = BUILD / "hostile.c"
    count = hostile.write(ROOT / "capi/gossl.h", source)
    declared = (ROOT / "capi/gossl.h").read_text().count("gossl_error *err);")
    if count < 40 or count < declared:
        raise AssertionError(f"hostile.py found only {count} functions in gossl.h")
    for flags, suffix in (("-std=c99",), ""), (("-std=c99", *ASAN), "-asan"):
        program = compiled("hostile", *flags, suffix=suffix, source=source)
        subprocess.run([program], check=True, timeout=300, env=no_leaks())


def under_valgrind(program: str, *files: str) -> None:
    """With a library that tells valgrind what Go does with its memory (Go's build tag valgrind)."""
    library = BUILD / "valgrind" / "libgossl.so.1"
    sources = [ROOT / "go.mod", *(ROOT / "capi").iterdir(), *(ROOT / "core").rglob("*.go")]
    if not library.exists() or library.stat().st_mtime < max(s.stat().st_mtime for s in sources):
        build_library(library, "valgrind")
    command = ["valgrind", "-q", "--error-exitcode=9", "--leak-check=full", "--show-leak-kinds=definite"]
    command += ["--errors-for-leak-kinds=definite", "--num-callers=60", f"--suppressions={HERE / 'go.supp'}"]
    environment = {**os.environ, "LD_LIBRARY_PATH": str(library.parent)}
    subprocess.run([*command, program, *files], check=True, timeout=300, env=environment)
    print("valgrind: ok")


def serve(leaf: Leaf, directory: Path) -> int:
    """A real HTTPS server on the interpreter's own ssl."""
    (directory / "index.html").write_text("fetched\n")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *a: object) -> None:
            super().__init__(*a, directory=str(directory))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf.cert, leaf.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return int(server.server_address[1])


def main() -> int:
    if not shutil.which("gcc"):
        print("tests/c: gcc is not installed", file=sys.stderr)
        return 1
    name_library()
    subprocess.run(
        ["gcc", "-std=c99", "-pedantic", *STRICT, "-fsyntax-only", "-x", "c", str(ROOT / "capi/gossl.h")], check=True
    )
    if len((HERE / "fetch.c").read_text().splitlines()) >= LONGEST:
        print(f"tests/c: fetch.c has {LONGEST} lines or more", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        authority = Authority(directory / "ca")
        leaf = authority.issue("localhost", "ecdsa")
        files = [str(leaf.cert), str(leaf.key), str(authority.cert)]
        statuses.check(ROOT / "capi/gossl.h")
        programs = [compiled(name, "-std=c99") for name in ("smoke", "threads")]
        programs.append(compiled("leak", "-std=gnu99"))
        programs += [compiled(name, "-std=gnu99", *ASAN, suffix="-asan") for name in ("smoke", "threads")]
        if shutil.which("g++"):
            programs.append(compiled("smoke", "-x", "c++", compiler="g++", suffix="-cxx"))
            for name in ("threads", "leak", "fetch", "server", "outside"):
                compiled(name, "-x", "c++", C_INITIALIZERS, compiler="g++", suffix="-cxx")
        for program in programs:
            subprocess.run([program, *files], check=True, timeout=120, env=no_leaks())
        elf.check(directory)
        run_hostile()
        if shutil.which("valgrind"):
            under_valgrind(compiled("smoke", "-std=c99"), *files)
        elif os.environ.get("CI_VALGRIND"):
            raise AssertionError("valgrind is not installed")
        for flags, suffix in ((), ""), (ASAN, "-asan"):
            server = compiled("server", "-std=gnu99", *flags, suffix=suffix)
            held.check(server, leaf.cert, leaf.key, authority.cert)
        installed.check(directory)
        fetch, port = compiled("fetch", "-std=c99"), str(serve(leaf, directory))
        for program in (fetch, compiled("fetch", "-std=c99", *ASAN, suffix="-asan")):
            command = [program, "localhost", port, str(authority.cert)]
            page = subprocess.run(command, capture_output=True, text=True, check=True, env=no_leaks())
            if "fetched" not in page.stdout or "0x0304" not in page.stderr:
                print(page.stdout, page.stderr)
                return 1
        if shutil.which("valgrind"):
            under_valgrind(fetch, "localhost", port, str(authority.cert))
        stranger = Authority(directory / "other", "another authority")
        refused = subprocess.run(
            [fetch, "localhost", port, str(stranger.cert)], capture_output=True, text=True, check=False
        )
        if refused.returncode == 0 or "local issuer" not in refused.stderr:
            print("fetch accepted an unknown authority:", refused.stderr)
            return 1
    print("tests/c: ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
