"""gossl beside the interpreter's own ssl, in turn in one run: medians and ratios.

Above 1, gossl is faster or smaller.

    python tests/bench/run.py [--only WORDS] [--rounds 5] [--seconds 0.5] [--update]

Each figure is measured in processes of its own, A B A B, so that neither warms the other's caches. Ratios are compared
with those of floor.json, the best that have been kept so far; the exit status is 1 if one has fallen below its floor
by more than the noise of a machine. --update raises the floors.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from certs import Authority
from interpreters import package_path

from bench import data, defaults, handshakes, process, sockets, streams, trust
from bench.figures import Case, Row

CASES = (
    *handshakes.CASES,
    *data.CASES,
    *sockets.CASES,
    *streams.CASES,
    *defaults.CASES,
    *trust.CASES,
    *process.CASES,
)
FLOOR = Path(__file__).with_name("floor.json")
NOISE = 0.15  # of a ratio, from run to run

Floors = dict[str, float]


def one(module: str, index: int) -> tuple[float, ...]:
    """Measures in this process."""
    import ssl

    assert ("gossl" in ssl.OPENSSL_VERSION) == (module == "gossl")
    return CASES[index].measure(ssl)


def measure(module: str, index: int, environment: dict[str, str]) -> list[float]:
    prefix = [sys.executable, "-m", "gossl"] if module == "gossl" else [sys.executable]
    command = [*prefix, __file__, "--one", module, str(index)]
    environment = {**environment, **CASES[index].environment}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=300, check=False)
    if done.returncode:
        raise SystemExit(f"{CASES[index].rows[0].name}, {module}:\n{done.stderr.decode()}")
    return list(json.loads(done.stdout))


def ratio_of(row: Row, stock: float, ours: float) -> float:
    if row.own:
        return ours
    return stock / ours if row.less else ours / stock


def show(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def middle(values: list[float], row: Row, busy: bool) -> float:
    """What counts of several runs: the median, or the best one on a machine that others use too."""
    if busy:
        return min(values) if row.less else max(values)
    return statistics.median(values)


def report(case: Case, found: dict[str, list[list[float]]], busy: bool, floors: Floors, best: Floors) -> list[str]:
    """Prints the rows of a case; returns those that have fallen below their floor."""
    fallen = []
    for i, row in enumerate(case.rows):
        stock, ours = (middle([values[i] for values in found[m]], row, busy) for m in ("stock", "gossl"))
        best[row.name] = ratio = round(ratio_of(row, stock, ours), 2)
        target = f"{row.target:g}" if row.target else ""
        print(f"| {row.name} | {row.unit} | {show(stock)} | {show(ours)} | {ratio:.2f} | {target} |", flush=True)
        if ratio < floors.get(row.name, 0) * (1 - NOISE):
            fallen.append(f"{row.name}: {ratio:.2f}, was {floors[row.name]:.2f}")
    return fallen


def run(only: str, rounds: int, busy: bool, environment: dict[str, str], floors: Floors) -> tuple[Floors, list[str]]:
    print("| figure | unit | Python's own ssl | gossl | ratio | at least |\n|---|---|---:|---:|---:|---:|")
    best: Floors = {}
    fallen = []
    for index, case in enumerate(CASES):
        if not any(only in row.name for row in case.rows):
            continue
        found: dict[str, list[list[float]]] = {"stock": [], "gossl": []}
        for _ in range(rounds):
            for module, values in found.items():
                values.append(measure(module, index, environment))
        fallen += report(case, found, busy, floors, best)
    return best, fallen


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    options.add_argument("--one", nargs=2, metavar=("MODULE", "CASE"), help="measure in this process")
    options.add_argument("--only", default="", help="figures whose name has this in it")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", default="0.5")
    options.add_argument("--busy", action="store_true", help="the best run counts: others use this machine too")
    options.add_argument("--pause-seconds", default="3", help="how long pauses are looked for")
    options.add_argument("--update", action="store_true", help="raise the floors to the ratios of this run")
    arguments = options.parse_args()
    if arguments.one:
        print(json.dumps(one(arguments.one[0], int(arguments.one[1]))))
        return 0
    floors: Floors = json.loads(FLOOR.read_text()) if FLOOR.exists() else {}
    # As pip does: else each import of the tree's package would be a compilation where bytecode is not written.
    compileall.compile_dir(os.path.join(package_path(), "gossl"), quiet=1)
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder) / "ca")
        for kind in ("ecdsa", "rsa"):
            authority.issue(kind, kind)
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([package_path(), str(Path(__file__).resolve().parent.parent)]),
            "GOSSL_LIBRARY": os.environ["GOSSL_LIBRARY"],
            "BENCH_FOLDER": folder,
            "BENCH_SECONDS": arguments.seconds,
            "BENCH_PAUSE_SECONDS": arguments.pause_seconds,
        }
        best, fallen = run(arguments.only, arguments.rounds, arguments.busy, environment, floors)
    if arguments.update:
        kept = {name: max(ratio, floors.get(name, 0)) for name, ratio in best.items()}
        FLOOR.write_text(json.dumps({**floors, **kept}, indent=0, sort_keys=True) + "\n")
    for line in fallen:
        print("below its floor:", line)
    return 1 if fallen else 0


if __name__ == "__main__":
    sys.exit(main())
