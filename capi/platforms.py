"""What the library is built for: this machine, or the platform of a wheel that GOSSL_PLATFORM names."""

from __future__ import annotations

import os
import platform as machines
import shutil
import sys
from typing import NamedTuple


class Platform(NamedTuple):
    """One that a library can be built for."""

    system: str  # GOOS
    processor: str = ""  # GOARCH
    zig: str = ""  # the target as zig names it; "": the machine's own compiler
    machine: str = ""  # as uname names it

    @property
    def library(self) -> str:
        """The name of the library's file, which pyshim/_lib.py looks for."""
        return "libgossl." + {"darwin": "dylib", "windows": "dll"}.get(self.system, "so")

    @property
    def runs_here(self) -> bool:
        """Whether what is built can be tried."""
        return not self.zig or (self.system == _system() and self.machine == machines.machine())

    def environment(self) -> dict[str, str]:
        """What Go needs to know."""
        if not self.zig:
            return {}
        return {"GOOS": self.system, "GOARCH": self.processor, "CC": f"{_zig()} cc -target {self.zig}"}


# By the tag of the wheel. glibc 2.17 is of 2012. Those of macOS and Windows are compiled and never tried.
PLATFORMS = {
    "manylinux_2_17_x86_64": Platform("linux", "amd64", "x86_64-linux-gnu.2.17", "x86_64"),
    "manylinux_2_17_aarch64": Platform("linux", "arm64", "aarch64-linux-gnu.2.17", "aarch64"),
    "macosx_12_0_x86_64": Platform("darwin", "amd64", "x86_64-macos.12.0", "x86_64"),
    "macosx_12_0_arm64": Platform("darwin", "arm64", "aarch64-macos.12.0", "arm64"),
    "win_amd64": Platform("windows", "amd64", "x86_64-windows-gnu", "AMD64"),
}


def tag() -> str:
    """The platform tag that is asked for; "" for this machine."""
    return os.environ.get("GOSSL_PLATFORM", "")


def platform() -> Platform:
    """What to build for; ends with one sentence if that is not known."""
    if not tag():
        return Platform(_system())
    if tag() not in PLATFORMS:
        raise SystemExit(f"gossl: GOSSL_PLATFORM is {tag()!r}, and should be one of {', '.join(PLATFORMS)}")
    return PLATFORMS[tag()]


def _system() -> str:
    return {"darwin": "darwin", "win32": "windows"}.get(sys.platform, "linux")


def _zig() -> str:
    """A command that Go may split at spaces: the package ziglang of this interpreter, or zig on PATH."""
    import importlib.util

    if importlib.util.find_spec("ziglang"):
        return f'"{sys.executable}" -m ziglang'
    if shutil.which("zig"):
        return "zig"
    raise SystemExit("gossl: GOSSL_PLATFORM needs zig; pip install ziglang (and use --no-build-isolation)")
