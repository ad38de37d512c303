"""Runs the Python tests on every interpreter found."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from interpreters import interpreters, package_path


def main() -> int:
    path = package_path()
    failed = []
    for version, python in interpreters().items():
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONFAULTHANDLER": "1"}
        where = str(Path(__file__).resolve().parent / "python")
        command = [python, "-W", "error::ResourceWarning", "-m", "unittest", "discover", "-s", where, *sys.argv[1:]]
        print(f"python {version}", flush=True)
        if subprocess.run(command, env=environment, timeout=600, check=False).returncode:
            failed.append(version)
    if failed:
        print(f"failed on {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
