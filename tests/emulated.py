"""A Python for aarch64 on another Linux machine: Debian's, unpacked, under qemu-user."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIRECTORY = ROOT / "build" / "arm64"

PACKAGES = ("python3", r"^libpython3\.[0-9]+-testsuite$", "openssl")
APT = """
APT::Architecture "arm64";
APT::Architectures {{"arm64";}};
APT::Sandbox::User "root";
Dir::State "{0}/state";
Dir::State::status "{0}/status";
Dir::Cache "{0}/cache";
"""


def python() -> list[str]:
    """The command; [] where it cannot be had: it needs qemu-user and apt-get."""
    qemu = shutil.which("qemu-aarch64-static") or shutil.which("qemu-aarch64")
    if not qemu or not shutil.which("apt-get"):
        return []
    root = DIRECTORY / "root"
    if not root.exists():
        _unpack(root)
    return [qemu, "-L", str(root), str(root / "usr" / "bin" / "python3")]


def environment() -> dict[str, str]:
    """With which the kernel runs the Python by itself, and what it starts, where qemu-user is registered with it."""
    return {"QEMU_LD_PREFIX": str(DIRECTORY / "root")}


def _unpack(root: Path) -> None:
    for name in ("state/lists/partial", "cache/archives/partial"):
        (DIRECTORY / name).mkdir(parents=True, exist_ok=True)
    (DIRECTORY / "status").write_text("")
    (DIRECTORY / "apt.conf").write_text(APT.format(DIRECTORY))
    environment = {**os.environ, "APT_CONFIG": str(DIRECTORY / "apt.conf")}
    get = ["apt-get", "-q"]
    subprocess.run([*get, "update"], env=environment, check=True)
    wanted = ["install", "-y", "--download-only", "--no-install-recommends", *PACKAGES]
    subprocess.run([*get, *wanted], env=environment, check=True)
    unpacked = root.with_name("unpacked")
    for package in (DIRECTORY / "cache" / "archives").glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", package, unpacked], check=True)
    unpacked.rename(root)
