"""Runs CPython's own tests over gossl, on every interpreter found, and compares with the scoreboard.

    python tests/cpython/run.py [--modules test_ssl] [--all] [--update] [--stock] [--python 3.13]

The tests are the interpreter's, unmodified, in the interpreter's own Lib/test; `python -m gossl -m test` puts gossl in
the place of ssl. The scoreboard (scoreboard/<version>.txt) has the tests that pass: one that is in it and does not pass
any more fails the run. --update adds what passes now; nothing takes a line away.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from interpreters import VERSIONS, interpreters, package_path  # noqa: E402

TIMEOUT = 900  # seconds for one module on one interpreter

# Every module of Lib/test whose code reaches ssl.
MODULES = (
    "test_ssl",
    "test_asyncio.test_events",
    "test_asyncio.test_selector_events",
    "test_asyncio.test_sendfile",
    "test_asyncio.test_ssl",
    "test_asyncio.test_sslproto",
    "test_asyncio.test_streams",
    "test_asyncio.test_base_events",
    "test_asyncio.test_unix_events",
    "test_ftplib",
    "test_httplib",
    "test_imaplib",
    "test_logging",
    "test_nntplib",
    "test_poplib",
    "test_smtplib",
    "test_robotparser",
    "test_urllib",
    "test_urllib2",
    "test_urllib2_localnet",
    "test_xmlrpc",
    "test_venv",
    "test_ensurepip",
)

# Tests that an interpreter with a newer OpenSSL, or with OpenSSL's own list of cipher suites, runs and gossl skips: it
# has the version number of 3.0, and CPython's list.
SKIPPED = frozenset(
    f"test.test_ssl.{name}"
    for name in (
        "ContextTests.test_get_groups",  # asks for OpenSSL 3.5
        "ContextTests.test_get_sigalgs",  # 3.4
        "ContextTests.test_no_session_group_does_not_crash",  # 3.2
        "ThreadedTests.test_dh_params",  # DHE, or DHE-PSK, in the default list
    )
)


Job = tuple[str, str, bool]  # version, module, whether on the interpreter's own ssl


class Outcome(NamedTuple):
    """What a run of one module came to."""

    passed: frozenset[str]
    failed: frozenset[str]
    skipped: frozenset[str]
    finished: bool
    log: str

    @property
    def run(self) -> int:
        return len(self.passed) + len(self.failed) + len(self.skipped)


# The name of a test in unittest's verbose output, with its result, which may come many lines later.
_TEST = re.compile(r"^(test\w*) \(([\w.]+)\)")
_RESULT = re.compile(r"(?:^|\.\.\. )(ok|FAIL|ERROR|skipped .*|expected failure|unexpected success)$")


def parse(log: str, finished: bool) -> Outcome:
    """Reads unittest's verbose output."""
    results: dict[str, str] = {}
    current: str | None = None
    for line in log.splitlines():
        if named := _TEST.match(line):
            where, name = named[2], named[1]
            current = where if where.endswith("." + name) else f"{where}.{name}"
        if current and (result := _RESULT.search(line)):
            results.setdefault(current, result[1])
            current = None
    bad = set()
    for kind, name, where in re.findall(r"^(ERROR|FAIL): (\w+) \(([\w.]+)\)", log, re.MULTILINE):
        del kind
        bad.add(where if where.endswith("." + name) else f"{where}.{name}")
    passed = {n for n, r in results.items() if r in ("ok", "expected failure")} - bad
    skipped = {n for n, r in results.items() if r.startswith("skipped")} - bad
    failed = set(results) - passed - skipped | bad
    if current:
        failed.add(current)  # it never ended
    return Outcome(frozenset(passed), frozenset(failed), frozenset(skipped), finished, log)


def run(python: str, module: str, stock: bool) -> Outcome:
    """Runs a module of tests in an empty directory."""
    gossl = [] if stock else ["-m", "gossl"]
    resources = ["-u", "walltime"] if module == "test_ssl" and python_has_walltime(python) else []
    command = [python, *gossl, "-m", "test", "-v", *resources, module]
    with tempfile.TemporaryDirectory() as directory:
        environment = {**os.environ, "PYTHONPATH": package_path(), "PYTHONFAULTHANDLER": "1", "LC_ALL": "C.UTF-8"}
        try:
            done = subprocess.run(
                command, cwd=directory, env=environment, capture_output=True, timeout=TIMEOUT, check=False
            )
            output, finished = done.stdout + done.stderr, True
        except subprocess.TimeoutExpired as e:
            output, finished = (e.stdout or b"") + (e.stderr or b""), False
    log = output.decode("utf-8", "replace")
    return parse(log, finished)


def python_has_walltime(python: str) -> bool:
    code = "from test.libregrtest.cmdline import ALL_RESOURCES as a; import sys; sys.exit('walltime' not in a)"
    return subprocess.run([python, "-c", code], capture_output=True, check=False).returncode == 0


def scoreboard(version: str) -> Path:
    return HERE / "scoreboard" / f"{version}.txt"


def read_scores(version: str) -> set[str]:
    path = scoreboard(version)
    return set(path.read_text().split()) if path.exists() else set()


def judge(version: str, modules: list[str], outcomes: dict[str, Outcome], update: bool) -> list[str]:
    """Compares with the scoreboard; gives the complaints."""
    passed = {t for o in outcomes.values() for t in o.passed}
    known = read_scores(version)
    ours = {t for t in known if any(f"test.{m}." in f"{t}." for m in modules)}
    complaints = [f"{version}: {test} passed before and does not now" for test in sorted(ours - passed)]
    for module, outcome in outcomes.items():
        if not outcome.finished:
            complaints.append(f"{version}: {module} did not end within {TIMEOUT} s")
        complaints += [f"{version}: {test} fails" for test in sorted(outcome.failed - known) if "test_ssl." in test]
    if update and not complaints:
        scoreboard(version).parent.mkdir(exist_ok=True)
        scoreboard(version).write_text("\n".join(sorted(known | passed)) + "\n")
    return complaints


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    options.add_argument("--modules", nargs="*", default=["test_ssl"])
    options.add_argument("--all", action="store_true", help="every module that reaches ssl")
    options.add_argument("--update", action="store_true", help="add what passes to the scoreboard")
    options.add_argument("--stock", action="store_true", help="run the interpreter's own ssl beside it")
    options.add_argument("--python", choices=VERSIONS)
    options.add_argument("--jobs", type=int, default=4)
    arguments = options.parse_args()
    modules = list(MODULES) if arguments.all else arguments.modules
    pythons = interpreters(arguments.python, "test.test_ssl")
    if not pythons:
        print("no interpreter with Lib/test found", file=sys.stderr)
        return 1
    package_path()
    jobs = [
        (v, m, stock) for v in pythons for m in modules for stock in ([False, True] if arguments.stock else [False])
    ]
    with ThreadPoolExecutor(arguments.jobs) as pool:
        done = dict(zip(jobs, pool.map(lambda j: run(pythons[j[0]], j[1], j[2]), jobs), strict=True))
    print(
        f"{'module':36} {'python':6} {'run':>5} {'failed':>6} {'skipped':>7}" + ("   stock" if arguments.stock else "")
    )
    complaints = []
    for version in pythons:
        outcomes = {m: done[version, m, False] for m in modules if done[version, m, False].run}
        for module, o in outcomes.items():
            line = f"{module:36} {version:6} {o.run:5} {len(o.failed):6} {len(o.skipped):7}"
            if arguments.stock:
                s = done[version, module, True]
                line += f"   {s.run:5} {len(s.failed):6} {len(s.skipped):7}"
                worse = o.failed - s.failed
                complaints += [f"{version}: {t} fails, but not with the interpreter's own ssl" for t in sorted(worse)]
                complaints += [
                    f"{version}: {t} is skipped, but not with the interpreter's own ssl"
                    for t in sorted(o.skipped - s.skipped - SKIPPED)
                ]
            print(line)
        complaints += judge(version, modules, outcomes, arguments.update)
    for complaint in dict.fromkeys(complaints):
        print(complaint)
    if complaints:
        write_logs(done)
    return 1 if complaints else 0


def unlucky(jobs: list[Job], done: dict[Job, Outcome]) -> list[Job]:
    """What failed beside other modules and gets a second chance: tests of the standard library that depend on time.

    test_ssl is not among them: it has to pass the first time.
    """
    return [j for j in jobs if j[1] != "test_ssl" and (done[j].failed or not done[j].finished)]


def write_logs(done: dict[Job, Outcome]) -> None:
    """Keeps the output of what failed."""
    folder = ROOT / "build" / "cpython"
    folder.mkdir(parents=True, exist_ok=True)
    for (version, module, stock), outcome in done.items():
        if outcome.failed or not outcome.finished:
            (folder / f"{version}-{module}{'-stock' if stock else ''}.log").write_text(outcome.log)
    print(f"logs are in {folder.relative_to(ROOT)}")


if __name__ == "__main__":
    sys.exit(main())
