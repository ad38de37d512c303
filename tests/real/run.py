"""Real clients and servers on gossl: libraries from PyPI and servers from Debian, as their users run them.

    python tests/real/run.py [word ...] [--update] [--verbose]

Each row is a process of its own, two at a time; words choose those whose names have one of them. Everything is on the
loopback. What peers use is the interpreter's own ssl, or what the peer was built with. A cell is "yes", "no: ...", or
"- (why)" where it cannot be had. results.txt has the cells that are "yes": one that is not any more fails the run;
--update adds those that are new. With REAL_REQUIRED=1 a row may not be missing because something is not installed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from certs import Authority  # noqa: E402
from interpreters import package_path  # noqa: E402
from support import NOT_HERE, NOT_THERE, TIMEOUT  # noqa: E402

VENV = ROOT / "build" / "real"
RESULTS = HERE / "results.txt"
REQUIREMENTS = HERE / "requirements.txt"
PARALLEL = 2
CELLS = ("verified", "refused", "client")
HIDDEN = ("uninstalled",)  # not in the table, but in results.txt

# Packages that cannot be in one environment with the others: the directory, and what is in it.
APART = {
    "urllib3-1.26": ["urllib3==1.26.20"],
    "urllib3-future": ["urllib3-future==2.25.904", "jh2==5.0.15", "qh3==2.1.0"],
}


class Row(NamedTuple):
    """A row of the table."""

    name: str
    script: str
    role: str
    package: str = ""  # whose version is shown
    apart: str = ""  # a key of APART
    option: str = ""  # REAL_OPTION of the script
    debian: str = ""  # the package of the other side, whose version is shown too


MANY = "asyncio requests urllib3 aiohttp httpx trio uvloop truststore boto3"
# For use_late.py.
ORDERS = {
    "after nine libraries": f"{MANY} install",
    "after nine libraries, backwards": f"{' '.join(reversed(MANY.split()))} install",
    "before them": f"install {MANY}",
    "after truststore": f"{MANY} truststore! install",
    "before truststore": f"{MANY} install truststore!",
    "after gevent": "gevent! requests httpx boto3 install",
    "before gevent": "ssl install gevent! requests httpx boto3",
    "first, then gevent": "install gevent! requests httpx boto3",
}


def rows() -> list[Row]:
    return [
        Row("standard library, client", "stdlib", "client"),
        Row("standard library, server", "stdlib", "server"),
        Row("urllib3 1.26", "urllib3", "client", "urllib3", "urllib3-1.26"),
        Row("urllib3 2", "urllib3", "client", "urllib3"),
        Row("requests", "requests", "client", "requests"),
        Row("httpx, HTTP/1.1", "httpx", "client", "httpx"),
        Row("aiohttp, client", "aiohttp", "client", "aiohttp"),
        Row("aiohttp, server", "aiohttp", "server", "aiohttp"),
        Row("websockets, client", "websockets", "client", "websockets"),
        Row("websockets, server", "websockets", "server", "websockets"),
        Row("asyncio, client", "asyncio", "client"),
        Row("asyncio, server", "asyncio", "server"),
        Row("uvloop, client", "uvloop", "client", "uvloop"),
        Row("uvloop, server", "uvloop", "server", "uvloop"),
        Row("trio, client", "trio", "client", "trio"),
        Row("trio, server", "trio", "server", "trio"),
        Row("anyio, client", "anyio", "client", "anyio"),
        Row("anyio, server", "anyio", "server", "anyio"),
        Row("tornado, client", "tornado", "client", "tornado"),
        Row("tornado, server", "tornado", "server", "tornado"),
        Row("httpx, HTTP/2", "hypercorn", "client", "httpx"),
        Row("hypercorn, HTTP/2", "hypercorn", "server", "hypercorn"),
        Row("uvicorn", "uvicorn", "server", "uvicorn"),
        Row("gunicorn, sync", "gunicorn", "server", "gunicorn", option="sync"),
        Row("gunicorn, gthread", "gunicorn", "server", "gunicorn", option="gthread"),
        Row("gunicorn, gevent", "gunicorn", "server", "gunicorn", option="gevent"),
        Row("cheroot", "cheroot", "server", "cheroot"),
        Row("Flask, development server", "flask", "server", "flask"),
        Row("Django, runserver_plus", "django", "server", "django"),
        Row("urllib3-future by anytls", "anytls", "client", "urllib3-future", "urllib3-future"),
        Row("pip", "pip", "client"),
        Row("boto3 with moto", "boto3", "client", "boto3"),
        Row("smtplib with aiosmtpd", "smtplib", "client", "aiosmtpd"),
        Row("aiosmtpd", "smtplib", "server", "aiosmtpd"),
        Row("smtplib with postfix", "postfix", "client", debian="postfix"),
        Row("imaplib with dovecot", "imaplib", "client", debian="dovecot-core"),
        Row("ftplib with pyftpdlib", "ftplib", "client", "pyftpdlib"),
        Row("paho-mqtt with mosquitto", "mqtt", "client", "paho-mqtt", debian="mosquitto"),
        Row("redis-py with redis-server", "redis", "client", "redis", debian="redis-server"),
        Row("asyncpg with PostgreSQL", "postgresql", "client", "asyncpg", option="asyncpg", debian="postgresql-15"),
        Row("pg8000 with PostgreSQL", "postgresql", "client", "pg8000", option="pg8000", debian="postgresql-15"),
        Row("PyMySQL with MariaDB", "mariadb", "client", "pymysql", debian="mariadb-server-core"),
        Row("pymongo with a stand-in", "pymongo", "client", "pymongo"),
        Row("curl", "command", "server", option="curl", debian="curl"),
        Row("wget", "command", "server", option="wget", debian="wget"),
        Row("Chromium", "browser", "server", option="chromium", debian="chromium"),
        Row("Firefox", "browser", "server", option="firefox-esr", debian="firefox-esr"),
        Row("gossl.ssl beside ssl", "beside", "beside"),
        Row("install() late, test_ssl", "test_ssl", "late"),
        *(Row(f"install() {name}", "late", "late", option=order) for name, order in ORDERS.items()),
    ]


class Outcome(NamedTuple):
    """What became of a row."""

    row: Row
    cells: dict[str, str]
    said: str
    seconds: float
    missing: bool  # because something is not installed, which could be
    impossible: bool  # here, for this user or interpreter


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("words", nargs="*", help="run the rows whose names have one of them")
    parser.add_argument("--update", action="store_true", help="add what is new to results.txt")
    parser.add_argument("--verbose", action="store_true", help="print what the rows said")
    options = parser.parse_args()
    began = time.monotonic()
    install()
    print(f"installed in {time.monotonic() - began:.0f} s", flush=True)
    chosen = [r for r in rows() if not options.words or any(w in r.name for w in options.words)]
    with tempfile.TemporaryDirectory(prefix="real") as directory:
        make_certificates(Path(directory))
        with ThreadPoolExecutor(PARALLEL) as pool:
            outcomes = list(pool.map(lambda row: run(row, Path(directory), options.verbose), chosen))
    print_table(outcomes, time.monotonic() - began)
    return judge(outcomes, options.update)


def install() -> None:
    """The virtual environment, and the directories of APART."""
    stamp, wanted = VENV / "installed", REQUIREMENTS.read_text() + json.dumps(APART) + sys.version
    if stamp.exists() and stamp.read_text() == wanted:
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "-r", str(REQUIREMENTS)], check=True)
    for name, packages in APART.items():
        subprocess.run([*pip, "--target", str(VENV / name), *packages], check=True)
    stamp.write_text(wanted)


def make_certificates(directory: Path) -> None:
    good, other = Authority(directory), Authority(directory / "other", "another authority")
    for authority in (good, other):
        authority.issue("localhost", "ecdsa")
        authority.issue("client", "ecdsa", "DNS:client")


def run(row: Row, certs: Path, verbose: bool) -> Outcome:
    site = package_path()
    paths = [*([str(VENV / row.apart)] if row.apart else []), str(ROOT / "pyshim" / "_inherit"), site]
    environment = {
        **os.environ,
        "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}:/usr/sbin",
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONWARNINGS": "default",
        "REAL_CERTS": str(certs),
        "REAL_OPTION": row.option,
        "GOSSL": "0",
        "HOME": str(certs),
        "SSL_CERT_FILE": str(certs / "ca.pem"),
    }
    for name in list(environment):
        if name.upper().endswith(("_PROXY", "_CA_BUNDLE")) or name.startswith("PIP_"):
            del environment[name]
    script = str(HERE / f"use_{row.script}.py")
    # These install gossl themselves, or do without.
    launcher = [] if row.role in ("late", "beside") else ["-m", "gossl"]
    command = [str(VENV / "bin" / "python"), *launcher, script, row.role]
    began = time.monotonic()
    # A file and not a pipe: a daemon that outlives the row would keep a pipe open.
    with tempfile.TemporaryFile("w+", dir=certs, errors="replace") as output:
        process = subprocess.Popen(
            command, env=environment, cwd=certs, stdout=output, stderr=output, start_new_session=True
        )
        try:
            process.wait(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            print("no answer in time", file=output, flush=True)
        finally:
            kill_group(process)
        seconds = time.monotonic() - began
        output.seek(0)
        said = output.read()
    cells: dict[str, str] = {}
    for line in said.splitlines():
        if line.startswith('{"') and "verified" in line:
            cells = json.loads(line)
    missing, impossible = process.returncode == NOT_THERE, process.returncode == NOT_HERE
    if not cells:
        cells = {"verified": f"no: {said.strip().splitlines()[-1] if said.strip() else 'it said nothing'}"[:200]}
    if verbose or (any(c.startswith("no") for c in cells.values()) and not missing and not impossible):
        print(f"---- {row.name}\n{said}", flush=True)
    return Outcome(row, cells, said, seconds, missing, impossible)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Ends what a row has left behind."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def versions() -> dict[str, str]:
    found = {}
    for line in [*REQUIREMENTS.read_text().splitlines(), *(p for packages in APART.values() for p in packages)]:
        name, _, version = line.partition("==")
        found.setdefault(name.lower(), version)
    return found


def debian_version(package: str) -> str:
    """Without epoch and Debian's own part."""
    if not package or not shutil.which("dpkg-query"):
        return ""
    command = ["dpkg-query", "-W", "-f", "${Version}", package]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return re.sub(r"^\d+:|[-+~].*$", "", said)


def print_table(outcomes: list[Outcome], seconds: float) -> None:
    known = versions()
    print("\n| what | version | verified | refused | client certificate | s |\n|---|---|---|---|---|---:|")
    for o in outcomes:
        version = known.get(o.row.package.lower(), "")
        if o.row.apart:
            version = next(p for p in APART[o.row.apart] if p.startswith(o.row.package)).partition("==")[2]
        version = ", ".join(filter(None, (version, debian_version(o.row.debian))))
        cells = " | ".join(o.cells.get(c, "-") for c in CELLS)
        print(f"| {o.row.name} | {version} | {cells} | {o.seconds:.1f} |")
    print(f"\n{len(outcomes)} rows in {seconds:.0f} s, with what was installed", flush=True)


def judge(outcomes: list[Outcome], update: bool) -> int:
    """Compares with results.txt."""
    old = set(RESULTS.read_text().splitlines()) if RESULTS.exists() else set()
    now = {f"{o.row.name}: {cell}" for o in outcomes for cell in (*CELLS, *HIDDEN) if o.cells.get(cell) == "yes"}
    run_here = {o.row.name for o in outcomes}
    required = os.environ.get("REAL_REQUIRED") == "1"
    absent = {o.row.name for o in outcomes if o.missing}
    excused = {o.row.name for o in outcomes if o.impossible} | (set() if required else absent)
    lost = sorted(line for line in old - now if line.rsplit(": ", 1)[0] in run_here - excused)
    for line in lost:
        print(f"lost: {line}")
    for o in outcomes:
        if o.missing or o.impossible:
            print(f"not there: {o.row.name}: {o.said.strip()}")
    if update:
        order = {row.name: i for i, row in enumerate(rows())}
        merged = sorted(old | now, key=lambda line: (order.get(line.rsplit(": ", 1)[0], 999), line))
        RESULTS.write_text("".join(f"{line}\n" for line in merged))
    elif now - old:
        print(f"{len(now - old)} cells are new; --update adds them")
    return 1 if lost or (required and absent) else 0


if __name__ == "__main__":
    sys.exit(main())
