"""The types of gossl: stubtest, names on every interpreter, and what mypy --strict makes of sample.py.

Run by a Python that has mypy (make types), with MYPYPATH where the package is found.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import mypy

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent))
from interpreters import interpreters, package_path  # noqa: E402

TYPESHED = Path(mypy.__file__).parent / "typeshed" / "stdlib" / "ssl.pyi"
# Names that are there for type checkers only, and protocols that no OpenSSL has any more.
TYPES_ONLY = {
    "_ASN1ObjectBase", "_PCTRTT", "_PCTRTTT", "_Cipher", "_PasswordType", "_PeerCertRetDictType", "_PeerCertRetType",
    "_SrvnmeCbType",
}  # fmt: skip
GONE = {"PROTOCOL_SSLv2", "PROTOCOL_SSLv3"}


def stubbed(file: Path, version: tuple[int, int]) -> set[str]:
    """The names that a stub gives a version of Python on Linux."""
    system = type("system", (), {"version_info": version, "platform": "linux"})
    names: set[str] = set()

    def holds(test: ast.expr) -> Any:
        return eval(compile(ast.Expression(test), str(file), "eval"), {"sys": system})

    def walk(body: list[ast.stmt]) -> None:
        for s in body:
            if isinstance(s, ast.If):
                walk(s.body if holds(s.test) else s.orelse)
            elif isinstance(s, (ast.FunctionDef, ast.ClassDef)):
                names.add(s.name)
            elif isinstance(s, ast.ImportFrom):
                names.update(a.asname for a in s.names if a.asname)
            elif isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name):
                names.add(s.target.id)
            elif isinstance(s, ast.Assign):
                names.update(t.id for t in s.targets if isinstance(t, ast.Name))

    walk(ast.parse(file.read_text()).body)
    return names


def check_names() -> list[str]:
    """gossl.ssl has typeshed's names, in its stub and on each interpreter, and there those of the interpreter's ssl."""
    wrong = []
    for version, python in interpreters(needs="ssl").items():
        major, minor = map(int, version.rstrip("t").split("."))
        theirs = stubbed(TYPESHED, (major, minor)) - TYPES_ONLY
        ours = stubbed(ROOT / "pyshim" / "ssl.pyi", (major, minor))
        wrong += [f"{version}: {n} is not in ssl.pyi" for n in theirs - ours]
        code = "import ssl, gossl.ssl; print(*dir(gossl.ssl)); print(*dir(ssl))"
        environment = {**os.environ, "PYTHONPATH": package_path()}
        said = subprocess.run([python, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout
        running, stock = (set(line.split()) for line in said.splitlines())
        wrong += [f"{version}: gossl.ssl has no {n}" for n in theirs - running - GONE]
        wrong += [f"{version}: gossl.ssl has no {n}, ssl has" for n in stock - running]
        wrong += [f"{version}: gossl.ssl has {n}, ssl has not" for n in running - stock]
    return wrong


def check_stubs() -> list[str]:
    """What stubtest finds and allowed.txt does not allow, or no longer needs to."""
    command = [sys.executable, "-m", "mypy.stubtest", "gossl.ssl", "--concise", "--allowlist", HERE / "allowed.txt"]
    environment = {**os.environ, "PYTHONPATH": package_path(), "MYPYPATH": package_path()}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=package_path())
    return [] if done.returncode == 0 else (done.stdout + done.stderr).splitlines()


def check_sample(version: str) -> list[str]:
    """mypy finds each error that sample.py marks, and no other."""
    sample = HERE / "sample.py"
    lines = sample.read_text().splitlines()
    wanted = {f"{n}: {m[1]}" for n, line in enumerate(lines, 1) if (m := re.search(r"# refused: ([a-z-]+)", line))}
    command = [sys.executable, "-m", "mypy", "--strict", "--python-version", version, "--no-pretty", sample]
    environment = {**os.environ, "MYPYPATH": package_path()}
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=ROOT).stdout
    found = {f"{m[1]}: {m[2]}" for m in re.finditer(r"sample\.py:(\d+): error: .*\[([\w-]+)\]", said)}
    elsewhere = [line for line in said.splitlines() if "error:" in line and "sample.py" not in line]
    return [f"{version}: sample.py, line {w}" for w in sorted(wanted ^ found)] + elsewhere


def main() -> int:
    wrong = check_names() + check_stubs()
    for version in ("3.10", "3.13"):
        wrong += check_sample(version)
    print("\n".join(wrong) if wrong else "types: agree with typeshed's ssl")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
