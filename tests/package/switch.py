"""gossl[auto], and an interpreter without OpenSSL: installed from wheel files, and switched on as users do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
REAL = HERE.parent / "real"
sys.path.insert(0, str(HERE.parent))
from certs import Authority  # noqa: E402

Run = Callable[..., str]
Check = Callable[[bool, str], None]

NAME = "import ssl; print('gossl' in ssl.OPENSSL_VERSION)"
CHILD = f"import subprocess, sys; print(subprocess.check_output([sys.executable, '-c', {NAME!r}], text=True))"
# What an interpreter without OpenSSL is like: neither module can be imported.
WITHOUT = 'import sys; sys.modules["_ssl"] = sys.modules["_hashlib"] = None\n'
SESSION = "import hashlib, ssl; hashlib.sha256(); ssl.create_default_context(); print(ssl._ssl.__gossl__)"


def auto(inside: Path, wheels: Path, scratch: Path, run: Run, check: Check) -> None:
    """The hook of gossl[auto]: nothing without GOSSL=1, and with it gossl in every process."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "GOSSL_LIBRARY", "GOSSL")}
    pip = (inside, "-m", "pip", "-q", "--disable-pip-version-check")

    def say(code: str, *flags: str, **more: str) -> str:
        return run(inside, *flags, "-c", code, cwd=scratch, env={**environment, **more}).strip()

    check(say(NAME, GOSSL="1") == "False", "without the extra there is no hook")
    run(*pip, "install", "--no-index", "--find-links", wheels, "gossl[auto]", env=environment)
    modules = "import sys; print('gossl' in sys.modules, 'ssl' in sys.modules)"
    check(say(modules) == "False False" and say(NAME) == "False", "the hook imports nothing where GOSSL is not set")
    check(say(NAME, GOSSL="0") == "False", "GOSSL=0 is not GOSSL=1")
    check(say(NAME, GOSSL="1") == "True", "GOSSL=1 switches a program")
    check(say(NAME, "-I", GOSSL="1") == "True", "GOSSL=1 switches an isolated program")
    check(say(CHILD, GOSSL="1") == "True", "GOSSL=1 switches the processes that it starts")
    check(say(CHILD, "-m", "gossl") == "True", "python -m gossl goes on working beside it")
    run(*pip, "uninstall", "-y", "gossl-auto", env=environment)
    check(say(NAME, GOSSL="1") == "False", "the hook goes with the extra")


def without_openssl(inside: Path, wheel: Path, scratch: Path, run: Run, check: Check) -> None:
    """On an interpreter without _ssl and _hashlib pip installs the wheel, and then downloads over TLS."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "GOSSL_LIBRARY", "GOSSL")}
    environment = {k: v for k, v in environment.items() if not k.startswith("PIP_") and not k.endswith("_CA_BUNDLE")}
    where = run(inside, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    (Path(where) / "a_without_openssl.pth").write_text(WITHOUT)
    broken = subprocess.run([inside, "-c", "import ssl"], env=environment, capture_output=True, text=True, check=False)
    check("ModuleNotFoundError" in broken.stderr or "ImportError" in broken.stderr, "this interpreter has no ssl")
    pip = ("-m", "pip", "-q", "--disable-pip-version-check")
    run(inside, *pip, "uninstall", "-y", "gossl", env=environment)
    run(inside, *pip, "install", "--no-index", wheel, env=environment)
    check(run(inside, "-m", "gossl", "-c", SESSION, cwd=scratch, env=environment).strip() == "True", "ssl is gossl's")
    with index() as (url, authority):
        download = ("download", "--no-deps", "--no-cache-dir", "--index-url", url, "-d", scratch)
        good = ("--cert", authority, "--retries", "0", "thing")
        run(inside, "-m", "gossl", *pip, *download, *good, cwd=scratch, env=environment)
        check((scratch / "thing-1.0-py3-none-any.whl").exists(), "pip has downloaded a wheel over TLS")
        (scratch / "thing-1.0-py3-none-any.whl").unlink()
        bad = subprocess.run(
            [inside, "-m", "gossl", "-m", "pip", *download, "--retries", "0", "--timeout", "5", "thing"],
            env=environment, cwd=scratch, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        check("certificate verify failed" in bad.stderr + bad.stdout, "pip refuses an authority that it does not know")


@contextmanager
def index() -> Iterator[tuple[str, Path]]:
    """A package index over TLS, on the interpreter's own ssl: its address, and the authority of its certificate."""
    with tempfile.TemporaryDirectory() as directory:
        authority = Authority(Path(directory))
        authority.issue("localhost", "ecdsa")
        other = Authority(Path(directory) / "other")
        other.issue("localhost", "ecdsa")
        environment = {**os.environ, "REAL_CERTS": directory, "GOSSL": "0"}
        command = [sys.executable, str(REAL / "use_pip.py"), "serve"]
        server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            yield f"https://localhost:{json.loads(server.stdout.readline())['good']}/simple/", authority.cert
        finally:
            server.terminate()
            server.communicate()
