"""Builds the wheels of all platforms (capi/platforms.py) with zig, and tries those that can be tried.

auditwheel judges those of Linux. The one of this machine is installed and tested on every interpreter found; aarch64's
runs under qemu-user, with a Python that Debian has for it. Those of macOS and Windows are built, and not tried.

    python wheels.py DIRECTORY [PLATFORM-TAG ...]
"""

from __future__ import annotations

import os
import platform as machines
import shlex
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from run import ROOT, audit, interpreters, make_wheel, use

sys.path.insert(0, str(ROOT / "capi"))
sys.path.insert(0, str(ROOT / "tests"))
import emulated
from platforms import PLATFORMS

EMULATED = "manylinux_2_17_aarch64"

# In a program of its own, under qemu: a handshake and data, then a child of fork(), in which the same goes on.
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
        pair.pass_data()
        connected(client, server).pass_data()
    except BaseException as e:
        print(e, file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print("a forked child fails" if code else "a forked child goes on")
"""


def emulate(wheel: Path, scratch: Path) -> None:
    """Uses the wheel for aarch64 from a directory into which it is unpacked."""
    python = emulated.python()
    if not python:
        print(f"{wheel.name}: not tried; it needs qemu-user-static and apt-get. There a forked child has a copy")
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
            if tag == EMULATED and machines.system() == "Linux" and not PLATFORMS[tag].runs_here:
                os.environ["GOSSL_EMULATOR"] = shlex.join(emulated.python())  # the build proves restarts by it
            wheel = make_wheel(ROOT, scratch / tag, tag)
            if tag.startswith("manylinux"):
                audit(wheel, tag)
            if PLATFORMS[tag].runs_here:
                for version, python in interpreters().items():
                    use(wheel, python, scratch / "venv")
                    print(f"installed and tested on {version}")
            elif tag == EMULATED and machines.system() == "Linux" and not PLATFORMS[tag].runs_here:
                emulate(wheel, scratch)
            else:
                print(f"{wheel.name}: not tried")
            shutil.copy(wheel, directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
