"""Builds libgossl with Go and packs it into one wheel for every Python: py3-none-<platform>."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:  # setuptools before 70.1
    from wheel.bdist_wheel import bdist_wheel

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "capi"))

from build_library import LIBRARY, build_library  # noqa: E402


class BuildPackage(build_py):
    """The Python files, and the library beside them."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            build_library(ROOT / "pyshim" / LIBRARY)
        else:
            build_library(Path(self.build_lib) / "gossl" / LIBRARY)


class Wheel(bdist_wheel):
    """The library makes the wheel one of a platform, but not of an interpreter."""

    def get_tag(self) -> tuple[str, str, str]:
        _, _, platform = super().get_tag()
        return "py3", "none", platform


class PlatformDistribution(Distribution):
    """A distribution that is not pure, although setuptools builds no extension."""

    def has_ext_modules(self) -> bool:
        return True


if sys.platform == "win32":
    raise SystemExit("gossl: Windows is not supported yet")

commands: dict[str, Any] = {"build_py": BuildPackage, "bdist_wheel": Wheel}
setup(cmdclass=commands, distclass=PlatformDistribution)
