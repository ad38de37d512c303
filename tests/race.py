"""Runs threads of Python on the library under Go's race detector: `python tests/race.py [PYTHON]`.

64 threads on one context that another one changes; readers and writers of one connection, and a third thread that
closes it; sessions that are shared. A data race ends it with the detector's report.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
HOST = ROOT / "build" / "race-host"
SCENES = ("one context, 64 threads, one changes it", "one connection, read, written and closed by threads")


def build() -> None:
    """The library as a program that runs Python: host.go says why."""
    go = os.environ.get("GO", "go")
    command = [go, "build", "-race", "-tags=netgo,osusergo,gossl_host", "-o", str(HOST), "./capi"]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "CGO_ENABLED": "1"}, check=True)


def libpython(python: str) -> str:
    code = "import sysconfig as s; print(s.get_config_var('LIBDIR'), s.get_config_var('INSTSONAME'))"
    directory, name = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    return str(Path(directory) / name)


def inside(scene: str) -> None:
    """In the host: its own symbols are the library, and so the module."""
    import ctypes
    from importlib.machinery import ModuleSpec

    import gossl._lib

    def module_of(_: str) -> Any:
        init, api = ctypes.PyDLL(None).PyInit__engine, ctypes.pythonapi
        init.restype = ctypes.c_void_p
        create, version = api.PyModule_FromDefAndSpec2, 1013
        create.restype, create.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.py_object, ctypes.c_int]
        definition = init()
        made = create(definition, ModuleSpec("_engine", None), version)
        api.PyModule_ExecDef(ctypes.py_object(made), ctypes.c_void_p(definition))
        return made

    gossl._lib._module_of = module_of
    import stress

    stress.CI = True
    raise SystemExit(stress.run(scene))


def main() -> int:
    if sys.argv[1:2] == ["--inside"]:
        inside(sys.argv[2])
    from interpreters import interpreters, package_path

    python = sys.argv[1] if len(sys.argv) > 1 else next(iter(interpreters().values()), sys.executable)
    library = libpython(python)
    if not Path(library).exists():
        print(f"{python} has no shared library: nothing is run under the race detector")
        return 1 if os.environ.get("INTEROP_REQUIRED") else 0
    build()
    environment = {**os.environ, "PYTHONPATH": package_path(), "GORACE": "halt_on_error=1"}
    for scene in SCENES:
        command = [str(HOST), library, python, "-W", "ignore", __file__, "--inside", scene]
        ran = subprocess.run(command, env=environment, timeout=600, stdout=subprocess.PIPE, text=True, check=False)
        row = ran.stdout.strip()
        if ran.returncode or row.split("|")[1:2] != [" 0 "]:
            print(f"{scene}, under the race detector: exit {ran.returncode}, {row}")
            return 1
        print(f"{scene}, under the race detector: {row.split('|')[0].strip()} times")
    return 0


if __name__ == "__main__":
    sys.exit(main())
