"""capi/elf_file.c tells what functions of a library return, and nothing of what is not there or is damaged."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LIBRARY = """
const char variable[] = "/a/variable";
const char *place(void) { return "/a/place"; }
const char *other(int n) { return n ? "/a/place" : "/another"; }
int number(void) { return 1; }
static const char *own(void) { return "/its own"; }
const char *through(void) { const char *(*volatile f)(void) = own; return f(); }
const char *elsewhere(void);
const char *theirs(void) { return elsewhere(); }
"""
ASKED = {"place": "/a/place"} | dict.fromkeys(
    ("other", "number", "own", "through", "elsewhere", "theirs", "variable", "missing"), "-"
)


def check(directory: Path) -> None:
    if platform.machine() != "x86_64":
        return
    program, source = directory / "elf", directory / "constants.c"
    flags = ["-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-g", "-fsanitize=address,undefined"]
    sources = [str(ROOT / "tests/c/elf.c"), str(ROOT / "capi/elf_file.c")]
    subprocess.run(["gcc", *flags, "-I", str(ROOT / "capi"), *sources, "-o", str(program)], check=True)
    source.write_text(LIBRARY)
    for option in ("-fcf-protection=none", "-fcf-protection=full", "-Wl,--hash-style=gnu"):
        made = directory / "constants.so"
        subprocess.run(["gcc", "-O2", "-fPIC", "-shared", option, str(source), "-o", str(made)], check=True)
        told = {name: _told(program, name, made) for name in ASKED}
        if told != ASKED:
            raise AssertionError(told)
        said = _told(program, "place", made, "cut")
        if said != "0 wrong, told by the whole: 1, by some damaged: 1":
            raise AssertionError(said)
    for option in ("-O0", "-Wl,--hash-style=sysv"):  # another code, another table
        subprocess.run(["gcc", "-O2", "-fPIC", "-shared", option, str(source), "-o", str(made)], check=True)
        if _told(program, "place", made) != "-":
            raise AssertionError(option)
    for path in (directory, directory / "missing", source, Path("/dev/null")):
        if _told(program, "place", path) != "-":
            raise AssertionError(path)


def _told(program: Path, *arguments: object) -> str:
    done = subprocess.run([program, *map(str, arguments)], stdout=subprocess.PIPE, text=True, check=True, timeout=120)
    return done.stdout.strip()
