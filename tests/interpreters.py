"""The interpreters that tests run on, and the package of this tree as they find it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14", "3.15", "3.13t", "3.14t", "3.15t")  # with t: free-threaded


def interpreters(wanted: str | None = None, needs: str = "sys") -> dict[str, str]:
    """The interpreters by version, on PATH or of pyenv, that have the module needs."""
    found: dict[str, str] = {}
    for version in VERSIONS:
        if wanted and version != wanted:
            continue
        pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
        pattern = f"{version.rstrip('t')}.*{'t' if version.endswith('t') else ''}"
        candidates = [f"python{version}", *(str(p / "bin" / "python") for p in sorted(pyenv.glob(pattern)))]
        for candidate in candidates:
            if _has(candidate, version, needs):
                found[version] = candidate
                break
    return found


def _has(python: str, version: str, needs: str) -> bool:
    code = f"import sys, {needs}; print('%d.%d' % sys.version_info[:2] + 't' * ('t' in sys.abiflags))"
    try:
        said = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    except OSError:
        return False
    return said.stdout.strip() == version


def package_path() -> str:
    """A directory in which the package of this tree is found as gossl, with the library that was built."""
    site = ROOT / "build" / "site"
    site.mkdir(parents=True, exist_ok=True)
    link = site / "gossl"
    if not link.exists():
        link.symlink_to(ROOT / "pyshim")
    os.environ["GOSSL_LIBRARY"] = str(ROOT / "build" / "libgossl.so")
    return str(site)


if __name__ == "__main__":
    package_path()
