"""Runs every fuzz target of the Go packages for a short time: python tests/fuzz.py 5s"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def targets() -> list[tuple[str, str]]:
    """Every (package directory, target)."""
    found = []
    for file in sorted((ROOT / "core").rglob("*_test.go")):
        for name in re.findall(r"^func (Fuzz\w+)\(", file.read_text(), re.MULTILINE):
            found.append((f"./{file.parent.relative_to(ROOT)}", name))
    return found


def fuzz(package: str, name: str, seconds: str) -> subprocess.CompletedProcess[str]:
    command = [
        "go",
        "test",
        package,
        "-run",
        "^$",
        "-fuzz",
        f"^{name}$",
        "-fuzztime",
        seconds,
        "-fuzzminimizetime",
        "10x",
    ]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def main() -> int:
    seconds = sys.argv[1] if len(sys.argv) > 1 else "5s"
    failed = []
    for package, name in targets():
        done = fuzz(package, name, seconds)
        if done.returncode and "context deadline exceeded" in done.stdout and "Failing input" not in done.stdout:
            done = fuzz(package, name, seconds)  # the fuzzer's own end came late; a finding would have an input
        ok = done.returncode == 0
        print(f"{package:32} {name:24} {'ok' if ok else 'FAILED'}", flush=True)
        if not ok:
            print(done.stdout + done.stderr)
            failed.append(name)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
