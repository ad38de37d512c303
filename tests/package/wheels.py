"""Builds the wheels of all platforms (capi/platforms.py) with zig, and tries those that can be tried.

auditwheel judges those of Linux. The one of this machine is installed and tested on every interpreter found; aarch64's
runs under qemu-user, with a Python that Debian has for it. Those of macOS and Windows are built, and not tried.

    python wheels.py DIRECTORY [PLATFORM-TAG ...]
"""

from __future__ import annotations

import os
import platform as machines
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from run import ROOT, audit, interpreters, make_wheel, run, use

sys.path.insert(0, str(ROOT / "capi"))
from platforms import PLATFORMS

APT = """
APT::Architecture "arm64";
APT::Architectures {{"arm64";}};
APT::Sandbox::User "root";
Dir::State "{0}/state";
Dir::State::status "{0}/status";
Dir::Cache "{0}/cache";
"""

# In a program of its own, under qemu: a handshake and data, then a child of fork(), which is refused and does not hang.
TRIED = """
import os, sys, unittest
sys.path.insert(0, sys.argv[1])
from support import contexts, connected
from gossl import ssl
client, server = contexts()
pair = connected(client, server)
pair.pass_data()
print(pair.client.version(), pair.client.cipher()[0])
pid = os.fork()
if pid == 0:
    try:
        connected(*contexts())
    except ssl.SSLError as e:
        os._exit(3 if "fork" in str(e) else 1)
    except BaseException:
        os._exit(1)
    os._exit(2)
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print({3: "a forked child is refused", 2: "a forked child goes on"}.get(code, "a forked child fails"))
"""


def emulated_python(directory: Path) -> list[str] | None:
    """The command of a Python for aarch64, unpacked below a directory; None where it cannot be had."""
    qemu = shutil.which("qemu-aarch64-static") or shutil.which("qemu-aarch64")
    if not qemu or not shutil.which("apt-get"):
        return None
    root = directory / "root"
    if not root.exists():
        for name in ("state/lists/partial", "cache/archives/partial"):
            (directory / name).mkdir(parents=True)
        (directory / "status").write_text("")
        (directory / "apt.conf").write_text(APT.format(directory))
        environment = {**os.environ, "APT_CONFIG": str(directory / "apt.conf")}
        run("apt-get", "-q", "update", env=environment)
        wanted = ["install", "-y", "-q", "--download-only", "--no-install-recommends", "python3", "openssl"]
        run("apt-get", *wanted, env=environment)
        for package in (directory / "cache" / "archives").glob("*.deb"):
            run("dpkg-deb", "-x", package, root)
    return [qemu, "-L", str(root), str(root / "usr" / "bin" / "python3")]


def emulate(wheel: Path, scratch: Path) -> None:
    """Uses the wheel for aarch64 from a directory into which it is unpacked."""
    python = emulated_python(ROOT / "build" / "arm64")
    if python is None:
        print(f"{wheel.name}: not tried; it needs qemu-user-static and apt-get")
        return
    site = scratch / "arm64"
    with zipfile.ZipFile(wheel) as z:
        z.extractall(site)
    environment = {**os.environ, "PYTHONPATH": str(site)}
    environment.pop("GOSSL_LIBRARY", None)
    command = [*python, "-c", TRIED, str(ROOT / "tests" / "python")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode or "fails" in done.stdout:
        raise SystemExit(f"{wheel.name} under qemu: {done.stdout}{done.stderr}")
    print(f"{wheel.name} under qemu: {', '.join(done.stdout.splitlines())}")


def main() -> int:
    directory, tags = Path(sys.argv[1]), sys.argv[2:] or list(PLATFORMS)
    directory.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        for tag in tags:
            wheel = make_wheel(ROOT, scratch / tag, tag)
            if tag.startswith("manylinux"):
                audit(wheel, tag)
            if PLATFORMS[tag].runs_here:
                for version, python in interpreters().items():
                    use(wheel, python, scratch / "venv")
                    print(f"installed and tested on {version}")
            elif tag == "manylinux_2_17_aarch64" and machines.system() == "Linux":
                emulate(wheel, scratch)
            else:
                print(f"{wheel.name}: not tried")
            shutil.copy(wheel, directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
