"""Installs the C library into a directory and builds a program outside the tree against it, shared and static."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def check(scratch: Path) -> None:
    prefix = scratch / "usr"
    subprocess.run(["make", "-s", "install", f"PREFIX={prefix}"], cwd=ROOT, check=True)
    source = scratch / "outside.c"
    shutil.copy(HERE / "outside.c", source)
    environment = {**os.environ, "PKG_CONFIG_PATH": str(prefix / "lib/pkgconfig")}

    def flags(*more: str) -> list[str]:
        asked = ["pkg-config", *more, "--cflags", "--libs", "gossl"]
        return subprocess.run(asked, env=environment, capture_output=True, text=True, check=True).stdout.split()

    shared, static = scratch / "shared", scratch / "static"
    subprocess.run(["gcc", source, "-o", shared, *flags(), f"-Wl,-rpath,{prefix}/lib"], check=True)
    archive = [f for f in flags("--static") if f != "-lgossl"]
    subprocess.run(["gcc", source, "-o", static, "-l:libgossl.a", *archive, "-l:libgossl.a", *archive], check=True)
    asked = ["pkg-config", "--modversion", "gossl"]
    version = subprocess.run(asked, env=environment, capture_output=True, text=True, check=True).stdout.strip()
    for program in (shared, static):
        said = subprocess.run([program], check=True, timeout=20, capture_output=True, text=True).stdout
        print(said, end="")
        if f"gossl {version} (" not in said:
            raise SystemExit(f"pkg-config says {version}, the library {said}")
