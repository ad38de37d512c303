"""Text stubs of the libraries of macOS that Go's standard library links, for a build without Apple's SDK.

Their symbols are those that Go's own sources name, and nothing else.
"""

from __future__ import annotations

import re
from pathlib import Path

# Where Go's sources say what they take from which library.
_SOURCES = ("crypto/x509/internal/macos", "internal/syscall/unix", "net")
_IMPORT = re.compile(r"^//go:cgo_import_dynamic \S+ (\w+) \"(/\S+)\"", re.MULTILINE)


def write(directory: Path, goroot: Path) -> str:
    """Makes the stubs in a directory, and returns the options by which the linker finds them."""
    symbols: dict[str, set[str]] = {}
    for package in _SOURCES:
        for file in (goroot / "src" / package).glob("*.go"):
            for symbol, library in _IMPORT.findall(file.read_text()):
                symbols.setdefault(library, set()).add(f"_{symbol}")
    for library, names in symbols.items():
        path = _place(directory, library)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_stub(library, names))
    return f"-L{directory} -F{directory}"


def _place(directory: Path, library: str) -> Path | None:
    """Where the linker looks for a library; None for those that come with the compiler."""
    name = library.rpartition("/")[2]
    if ".framework/" in library:
        return directory / f"{name}.framework" / f"{name}.tbd"
    if name.startswith("libSystem"):
        return None
    return directory / f"{name.partition('.')[0]}.tbd"


def _stub(library: str, names: set[str]) -> str:
    targets = "[ x86_64-macos, arm64-macos ]"
    listed = ", ".join(sorted(names))
    return (
        f"--- !tapi-tbd\ntbd-version: 4\ntargets: {targets}\ninstall-name: '{library}'\n"
        f"exports:\n  - targets: {targets}\n    symbols: [ {listed} ]\n...\n"
    )
