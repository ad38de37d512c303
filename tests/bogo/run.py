"""Score the engine by BoGo, the tests of BoringSSL's protocol test runner.

    BOGO_RUNNER=<directory of the runner's sources> make bogo

The runner drives ``tests/bogo/shim`` over sockets, always strictly: a refusal counts only with the expected reason and
alert. ``errors.json`` says which of our reasons are equivalent to the runner's. Nothing is disabled: a test that the
shim has no flag for counts as not passed. ``results.txt`` has the verdict of the last committed run for every test over
a stream, with its tier: ``core``, ``extended`` (standard features beyond the engine's scope) and ``out`` (other
transports' and one library's own features). A test that has passed there must pass again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RESULTS = HERE / "results.txt"
TIERS = ("core", "extended", "out")
SKIP = "*DTLS*;*QUIC*"


def read_results() -> dict[str, tuple[str, str]]:
    """Return {test: (tier, verdict)} of the committed run."""
    results = {}
    for line in RESULTS.read_text().splitlines():
        if line and not line.startswith("#"):
            tier, verdict, name = line.split(" ", 2)
            results[name] = (tier, verdict)
    return results


def run_tests(sources: Path, scratch: Path) -> dict[str, str]:
    """Run every test over a stream; return {test: PASS, FAIL or SKIP}."""
    shim = scratch / "shim"
    output = scratch / "output.json"
    subprocess.run([os.environ.get("GO", "go"), "build", "-o", shim, "./tests/bogo/shim"], cwd=ROOT, check=True)
    runner = scratch / "runner"
    subprocess.run([os.environ.get("GO", "go"), "test", "-c", "-o", runner, "."], cwd=sources, check=True)
    command = [
        str(runner), "-test.run", "TestAll", "-test.timeout", "9m50s", "-shim-path", str(shim),
        "-shim-config", str(HERE / "errors.json"), "-allow-unimplemented", "-pipe", "-json-output", str(output),
        "-num-workers", "8", "-idle-timeout", "5s", "-skip", SKIP,
    ]  # fmt: skip
    with open(scratch / "log", "wb") as log:
        subprocess.run(command, cwd=sources, stdout=log, stderr=subprocess.STDOUT, timeout=600, check=False)
    tests = json.loads(output.read_text())["tests"]
    return {name: result["actual"] for name, result in tests.items()}


def report(before: dict[str, tuple[str, str]], now: dict[str, str]) -> bool:
    """Print scores and differences; return whether nothing that passed is lost."""
    lost = []
    for name, verdict in sorted(now.items()):
        tier, was = before.get(name, ("out", "NEW"))
        if verdict != was:
            print(f"{tier}: {name}: {was} -> {verdict}")
    for name, (tier, was) in before.items():
        if was == "PASS" and now.get(name) != "PASS":
            lost.append(f"{tier}: {name}")
    totals = Counter(tier for tier, _ in before.values())
    passed = Counter(before.get(name, ("out", ""))[0] for name, verdict in now.items() if verdict == "PASS")
    for tier in TIERS[:2]:
        print(f"{tier:9}{passed[tier]:6} of {totals[tier]}")
    print(f"raw      {sum(passed.values()):6} of {sum(totals.values())}")
    for line in lost:
        print(f"lost: {line}")
    return not lost


def write_results(before: dict[str, tuple[str, str]], now: dict[str, str]) -> None:
    lines = ["# tier, verdict and name of every BoGo test over a stream; written by tests/bogo/run.py --write"]
    for name, (tier, _) in sorted(before.items()):
        lines.append(f"{tier} {now.get(name, 'SKIP')} {name}")
    RESULTS.write_text("\n".join(lines) + "\n")


def main() -> int:
    place = os.environ.get("BOGO_RUNNER", "")
    sources = Path(place)
    if not place or not (sources / "runner.go").exists():
        print("BOGO_RUNNER is not set to the directory of BoringSSL's ssl/test/runner: nothing was run")
        return 2
    before = read_results()
    with tempfile.TemporaryDirectory() as scratch:
        now = run_tests(sources.resolve(), Path(scratch))
    good = report(before, now)
    if "--write" in sys.argv:
        write_results(before, now)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
