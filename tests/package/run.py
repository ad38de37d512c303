"""Packs and installs as users do: sdist, the wheel from the unpacked sdist, that wheel on every interpreter found.

With a platform tag (capi/platforms.py) the wheel is for that one, else for this machine. Each step has a check that
can fail: what is in the sdist and the wheel, the wheel's size (setup.py), auditwheel's verdict, and on each interpreter
some of tests/python, run from an installation that has nothing but the wheel. `python run.py [PLATFORM-TAG]`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent))
import switch  # noqa: E402
from interpreters import interpreters  # noqa: E402

# Those tests that need nothing of the tree but themselves.
TESTS = ("test_install", "test_from_memory", "test_sockets")
FILES = (".py", ".pyi")


def run(*command: str | Path, **keywords: object) -> str:
    """Runs a command; shows what it said only if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False, **keywords)  # type: ignore[call-overload]
    if done.returncode:
        print(*command, done.stdout, done.stderr, sep="\n")
        raise SystemExit(f"{Path(str(command[0])).name} failed")
    return str(done.stdout)


def check(ok: bool, what: str) -> None:
    if not ok:
        raise SystemExit(f"not so: {what}")


def make_sdist(scratch: Path) -> Path:
    """The source distribution, unpacked where nothing of the tree is near."""
    run(sys.executable, "-m", "build", "--sdist", "--no-isolation", "-o", scratch, ROOT)
    (archive,) = scratch.glob("gossl-*.tar.gz")
    with tarfile.open(archive) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}
        tar.extractall(scratch, filter="data") if hasattr(tarfile, "data_filter") else tar.extractall(scratch)
    tracked = set(run("git", "ls-files", cwd=ROOT).split("\n")) if (ROOT / ".git").exists() else set()
    missing = {t for t in tracked if t and t not in names and not t.startswith(".git")}
    check(not missing, f"the sdist has all files of the tree; without {sorted(missing)[:5]}")
    built = [n for n in names if n.endswith((".so", ".pyc")) or n.startswith("build/")]
    check(not built, f"the sdist has sources only: {built[:5]}")
    (directory,) = (p for p in scratch.glob("gossl-*") if p.is_dir())
    return directory


def make_wheel(sources: Path, scratch: Path, platform: str) -> Path:
    environment = {**os.environ, "GOSSL_PLATFORM": platform}
    options = ["--no-build-isolation"] if platform else []
    wheels = scratch / "wheels"
    run(sys.executable, "-m", "pip", "-q", "wheel", "--no-deps", *options, "-w", wheels, sources, env=environment)
    (wheel,) = wheels.glob("*.whl")
    check(wheel.name.startswith("gossl-") and "-py3-none-" in wheel.name, f"{wheel.name} is for every Python")
    with zipfile.ZipFile(wheel) as z:
        names = z.namelist()
        package = {f"gossl/{p.relative_to(ROOT / 'pyshim')}" for p in (ROOT / "pyshim").rglob("*") if p.suffix in FILES}
        check(package <= set(names), f"the wheel has the package: {sorted(package - set(names))}")
        check("gossl/py.typed" in names, "the wheel says that it is typed")
        check(sum(n.startswith("gossl/libgossl.") for n in names) == 1, "the wheel has one library")
        size = sum(i.file_size for i in z.infolist())
    print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB, unpacked {size / 1e6:.1f} MB")
    return wheel


def make_hook(sources: Path, wheels: Path) -> None:
    """The wheel of gossl-auto."""
    run(
        sys.executable, "-m", "pip", "-q", "wheel", "--no-deps", "--no-build-isolation", "-w", wheels,
        sources / "pyshim" / "auto",
    )  # fmt: skip


def audit(wheel: Path, platform: str) -> None:
    """auditwheel agrees that the wheel runs where its name says."""
    said = run(sys.executable, "-m", "auditwheel", "show", wheel)
    found = re.search(r'tag:\s+"([^"]+)"', said.replace("\n", " "))
    check(found is not None and found[1] == platform, f"auditwheel says {platform}: {said}")
    print(f"auditwheel: {platform}")


def use(wheel: Path, python: str, scratch: Path) -> None:
    """Installs the wheel and runs tests on it, outside of the tree."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "GOSSL_LIBRARY")}
    run(python, "-m", "venv", "--clear", scratch)
    inside = scratch / "bin" / "python"
    run(inside, "-m", "pip", "-q", "--disable-pip-version-check", "install", "--no-index", wheel, env=environment)
    where = run(inside, "-c", "import gossl; print(gossl.status().library)", cwd=scratch, env=environment).strip()
    check(str(scratch) in where, f"the installed package is used, not {where}")
    loaded = "import sys; old = set(sys.modules); import gossl; print(*sorted(set(sys.modules) - old))"
    heavy = {"ssl", "_ssl", "ctypes", "_ctypes", "socket", "asyncio"} & set(
        run(inside, "-c", loaded, cwd=scratch, env=environment).split()
    )
    check(not heavy, f"importing gossl imports nothing heavy: {heavy}")
    maps = "import gossl; print('libgossl' in open('/proc/self/maps').read())"
    check(run(inside, "-c", maps, cwd=scratch, env=environment).strip() == "False", "importing gossl loads no library")
    tests = [str(ROOT / "tests" / "python" / f"{name}.py") for name in TESTS]
    for test in tests:
        run(inside, test, cwd=scratch, env=environment)


def check_editable(python: str, scratch: Path, sources: Path) -> None:
    """An editable installation uses the sources where they are."""
    run(python, "-m", "venv", "--clear", scratch)
    inside = scratch / "bin" / "python"
    run(inside, "-m", "pip", "-q", "--disable-pip-version-check", "install", "-e", sources)
    code = "import gossl; print(gossl.__file__); print(gossl.version())"
    where, version = run(inside, "-c", code, cwd=scratch).strip().split("\n")
    check(Path(where).is_relative_to(sources / "pyshim"), f"{where} is in the sources")
    check(version.startswith(f"gossl {declared()} (library: gossl {declared()} ("), f"one version: {version}")


def declared() -> str:
    found = re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    check(found is not None, "pyproject.toml names a version")
    return found[1] if found else ""


def main() -> int:
    platform = sys.argv[1] if len(sys.argv) > 1 else ""
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        sources = make_sdist(scratch)
        wheel = make_wheel(sources, scratch, platform)
        if platform.startswith("manylinux"):
            audit(wheel, platform)
        make_hook(sources, wheel.parent)
        found = interpreters()
        for version, python in found.items():
            use(wheel, python, scratch / "venv")
            if version in (min(found), max(found)):
                inside = scratch / "venv" / "bin" / "python"
                switch.auto(inside, wheel.parent, scratch, run, check)
                switch.without_openssl(inside, wheel, scratch, run, check)
            print(f"installed and tested on {version}")
        check_editable(list(found.values())[-1], scratch / "venv", sources)
        print("editable installation: works")
    return 0


if __name__ == "__main__":
    sys.exit(main())
