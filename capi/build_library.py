"""Builds the library. `python capi/build_library.py [FILE]`; setup.py calls it too. A FILE that ends in .a is static.

Needs Go and a C compiler, and says in one sentence which of them is missing. With GOSSL_PLATFORM, the platform tag of a
wheel (platforms.py), it builds for that one, with zig for a C compiler.
"""

from __future__ import annotations

import os
import platform as platforms
import re
import shlex
import shutil
import struct
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "capi"))

import apple_stubs  # noqa: E402
from platforms import Platform, platform  # noqa: E402

# The Go versions whose runtime can be restarted in a forked child (fork.c says what that relies on). To add one, build
# with it, which forks (prove_restart), and run tests/python/test_fork.py and `make stress`; see also that has_turns.
PROVEN = ("1.26", "1.27")

# What turn_linux.go takes for granted, in files of the runtime.
TURNS = (
    ("runtime2.go", r"_Pidle = iota"),
    ("runtime2.go", r"type p struct {\s+id +int32\s+status +uint32.*\s+link +puintptr\s+schedtick +uint32"),
    ("runtime2.go", r"\s+schedtick +uint32.*\s+syscalltick +uint32.*\s+sysmontick +sysmontick"),
    ("proc.go", r"type sysmontick struct {\s+schedtick +uint32"),
)

# ELF: the segment, and the entry in it, that say where the initialisers are (gABI, "Dynamic Section").
PT_DYNAMIC = 2
DT_INIT_ARRAYSZ = 27


def needed_go() -> tuple[int, ...]:
    """The Go version that go.mod asks for."""
    found = re.search(r"^go (\d+)\.(\d+)", (ROOT / "go.mod").read_text(), re.MULTILINE)
    if found is None:
        raise SystemExit("gossl: go.mod names no Go version")
    return tuple(map(int, found.groups()))


def version() -> str:
    """The version of the project, which pyproject.toml says."""
    found = re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    if found is None:
        raise SystemExit("gossl: pyproject.toml names no version")
    return found[1]


def check_tools(target: Platform) -> str:
    """Returns the Go command; ends with one sentence that says what is missing."""
    want = ".".join(map(str, needed_go()))
    go = shutil.which(os.environ.get("GO", "go"))
    if go is None:
        raise SystemExit(f"gossl: Go is not installed; install Go {want} or newer from https://go.dev/dl/")
    said = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, cwd=ROOT, check=False)
    found = re.match(r"go(\d+)\.(\d+)", said.stdout.strip())
    if found is None or tuple(map(int, found.groups())) < needed_go():
        version = said.stdout.strip() or said.stderr.strip()
        raise SystemExit(f"gossl: Go {want} or newer is needed, but {go} is {version}; see https://go.dev/dl/")
    if ".".join(found.groups()) not in PROVEN:
        proven = ", ".join(PROVEN)
        raise SystemExit(
            f"gossl: its runtime is known to survive fork() with Go {proven}, not with {said.stdout.strip()}; "
            f"set GOTOOLCHAIN=go{PROVEN[-1]}.0 or newer, and Go fetches that one"
        )
    compiler = os.environ.get("CC", "gcc").split()[0]
    if not target.zig and not shutil.which(compiler) and not shutil.which("cc"):
        raise SystemExit("gossl: no C compiler is installed; install gcc (on Debian: apt install gcc libc6-dev)")
    return go


def build_library(target: Path, tags: str = "") -> None:
    """Builds the shared library, or the static one if the target's name ends in .a. tags are Go build tags more,
    for a library to look into: it keeps its symbols.
    """
    machine = platform()
    go = check_tools(machine)
    target.parent.mkdir(parents=True, exist_ok=True)
    mode = "c-archive" if target.suffix == ".a" else "c-shared"
    linker = f"-X main.version={version()}" + ("" if tags else " -s -w")
    if mode == "c-shared":
        linker += f" -checklinkname=0 -extldflags '{linker_options(machine, go)}'"
        tags += ",gossl_shared" + (",gossl_turns" if has_turns(go) else "")
    restarts = mode == "c-shared" and can_restart(machine)
    if restarts:
        tags += ",gossl_deferred"
    target.unlink(missing_ok=True)  # else Go may leave it as it is, and what is done to it below be done twice
    command = [go, "build", f"-buildmode={mode}", "-trimpath", "-buildvcs=false", f"-tags=netgo,osusergo,{tags}"]
    built = subprocess.run(
        [*command, f"-ldflags={linker}", "-o", str(target.resolve()), "./capi"],
        cwd=ROOT,
        env={**os.environ, "CGO_ENABLED": "1", **machine.environment(), **compiler_flags(machine)},
        check=False,
    )
    if machine.zig:
        (ROOT / "-.o").unlink(missing_ok=True)  # left by zig, of which Go asks what it would do
    if built.returncode:
        raise SystemExit("gossl: building the library failed; see the messages above")
    if restarts:
        defer_start(target)
    target.with_suffix(".h").unlink(missing_ok=True)  # cgo's own; the header is capi/gossl.h
    if mode == "c-shared" and "valgrind" not in tags and python_of(machine) and (restarts or machine.runs_here):
        prove_restart(target.resolve(), python_of(machine), restarts)


def go_root(go: str) -> Path:
    """Where the Go command has its source and its files."""
    said = subprocess.run([go, "env", "GOROOT"], capture_output=True, text=True, cwd=ROOT, check=True)
    return Path(said.stdout.strip())


def has_turns(go: str) -> bool:
    """Whether the runtime is as turn_linux.go takes it to be."""
    runtime = go_root(go) / "src" / "runtime"
    return all(re.search(wanted, (runtime / file).read_text()) for file, wanted in TURNS)


def linker_options(machine: Platform, go: str) -> str:
    """Options of the linker: on Linux only the functions of gossl.h can be seen from outside."""
    if machine.system == "linux":
        return f"-Wl,--version-script={ROOT / 'capi' / 'gossl.map'} -Wl,-soname,{machine.library}.1"
    if machine.system == "darwin" and machine.zig:
        return apple_stubs.write(ROOT / "build" / "apple", go_root(go))
    return ""


def processor_of(machine: Platform) -> str:
    """The processor as uname names it, if the library is for Linux with glibc; else ""."""
    if machine.zig:
        return machine.machine if "-linux-gnu" in machine.zig else ""
    return platforms.machine() if machine.system == "linux" and platforms.libc_ver()[0] == "glibc" else ""


def can_restart(machine: Platform) -> bool:
    """Where fork.c starts the runtime by itself, and once more in a child. On aarch64 only where that can be proven."""
    processor = processor_of(machine)
    return processor == "x86_64" or (processor == "aarch64" and bool(python_of(machine)))


def python_of(machine: Platform) -> list[str]:
    """The command of a Python that can load the library; [] if there is none.

    For another machine GOSSL_EMULATOR says it: "qemu-aarch64-static -L ROOT ROOT/usr/bin/python3" and the like.
    """
    return [sys.executable] if machine.runs_here else shlex.split(os.environ.get("GOSSL_EMULATOR", ""))


def compiler_flags(machine: Platform) -> dict[str, str]:
    """On aarch64 the compiler's own code to find out what atomics the processor has would be initialised after Go."""
    if processor_of(machine) != "aarch64":
        return {}
    return {"CGO_CFLAGS": f"{os.environ.get('CGO_CFLAGS', '-O2 -g')} -mno-outline-atomics"}


def defer_start(library: Path) -> None:
    """Takes the last of the functions that the dynamic linker calls when it loads a library out of their list.

    That one starts Go. fork.c calls it at the first call into the library, where it can find out first whether the
    process may have what Go needs, and can tell if not: Go ends the process.
    """
    data = bytearray(library.read_bytes())
    header = struct.unpack_from("<16sHHIQQQIHHHHHH", data)
    place, size, count = header[5], header[9], header[10]
    segments = [struct.unpack_from("<IIQQQQQQ", data, place + i * size) for i in range(count)]
    start, length = next((s[2], s[5]) for s in segments if s[0] == PT_DYNAMIC)
    for at in range(start, start + length, 16):
        tag, value = struct.unpack_from("<QQ", data, at)
        if tag == DT_INIT_ARRAYSZ:
            struct.pack_into("<Q", data, at + 8, value - 8)
            library.write_bytes(data)
            return
    raise SystemExit("gossl: the library that was built has no initialisers")


def prove_restart(library: Path, python: list[str], restarts: bool) -> None:
    """Forks, in a process of its own, and uses the library in the children and theirs."""
    command = [*python, str(ROOT / "capi" / "prove_restart.py"), str(library), *([] if restarts else ["refused"])]
    try:
        proof = subprocess.run(command, timeout=120 if python == [sys.executable] else 600, check=False)
    except subprocess.TimeoutExpired:
        raise SystemExit("gossl: the library that was built hangs in a forked child") from None
    if proof.returncode:
        raise SystemExit("gossl: the library that was built does not work in a forked child; see the messages above")


if __name__ == "__main__":
    build_library(Path(sys.argv[1] if len(sys.argv) > 1 else f"build/{platform().library}"))
