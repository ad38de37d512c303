"""Builds libgossl with Go and packs it into one wheel for every Python: py3-none-<platform>.

GOSSL_PLATFORM=manylinux_2_17_aarch64 and the like (capi/platforms.py) builds for another platform.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:  # setuptools before 70.1
    from wheel.bdist_wheel import bdist_wheel

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "capi"))

from build_library import build_library  # noqa: E402
from platforms import platform, tag  # noqa: E402

LARGEST_WHEEL = 6_000_000

# What a source distribution has: all that builds, tests and explains.
SOURCES = [
    ".ci", "CHANGELOG.md", "LICENSE", "Makefile", "README.md", "capi", "core", "docs", "go.mod", "go.sum",
    "pyproject.toml", "pyshim", "setup.py", "testdata", "tests",
]  # fmt: skip
BUILT = (".so", ".dylib", ".dll", ".pyc", ".test")


class BuildPackage(build_py):
    """The Python files, and the library beside them."""

    def run(self) -> None:
        directory = ROOT / "pyshim" if self.editable_mode else Path(self.build_lib) / "gossl"
        if not self.editable_mode:
            shutil.rmtree(directory, ignore_errors=True)  # what an earlier build left would go into the wheel
        super().run()
        build_library(directory / platform().library)


class Wheel(bdist_wheel):
    """The library makes the wheel one of a platform, but not of an interpreter."""

    def get_tag(self) -> tuple[str, str, str]:
        _, _, machine = super().get_tag()
        return "py3", "none", tag() or machine

    def run(self) -> None:
        super().run()
        for _, _, file in self.distribution.dist_files:
            if os.path.getsize(file) > LARGEST_WHEEL:
                raise SystemExit(f"gossl: {file} has more than {LARGEST_WHEEL:,} bytes")


class Sources(sdist):
    """The whole tree: setuptools would take the Python files only."""

    def make_distribution(self) -> None:
        self.filelist.extend(sources())
        self.filelist.remove_duplicates()
        super().make_distribution()


def sources() -> Iterator[str]:
    """The files of the tree, without what was built in it."""
    for top in SOURCES:
        if (ROOT / top).is_file():
            yield top
        for directory, inner, files in os.walk(ROOT / top):
            inner[:] = [d for d in inner if d != "__pycache__"]
            here = os.path.relpath(directory, ROOT)
            yield from (os.path.join(here, f) for f in files if not f.endswith(BUILT))


class PlatformDistribution(Distribution):
    """A distribution that is not pure, although setuptools builds no extension."""

    def has_ext_modules(self) -> bool:
        return True


commands: dict[str, Any] = {"build_py": BuildPackage, "bdist_wheel": Wheel, "sdist": Sources}
setup(cmdclass=commands, distclass=PlatformDistribution)
