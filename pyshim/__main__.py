"""python -m gossl [-m module | -c code | script | -] [argument ...]: runs a program with gossl in the place of ssl.
`python -m gossl connect ...` and the like are the commands of gossl.cli.

The program finds itself as if the interpreter had started it: sys.argv, sys.path[0] and the module __main__ are what
they would be. Python processes that it starts use gossl too (see _inherit/sitecustomize.py).
"""

from __future__ import annotations

import os
import runpy
import sys
from importlib.machinery import BuiltinImporter, SourceFileLoader
from importlib.util import MAGIC_NUMBER
from types import ModuleType
from typing import NoReturn

USAGE = """\
usage: python -m gossl [-m module | -c code | script | -] [argument ...]
       python -m gossl {cert,connect,doctor,serve,trace} ...

The first runs a program with gossl in the place of ssl. The second is one of the commands of `gossl`, where there is no
file of that name (./connect means the file); `python -m gossl connect --help` and the like say more.
"""


def main(arguments: list[str]) -> None:
    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE, end="")
        return
    if arguments[0] in ("-V", "--version"):
        import gossl

        print(gossl.version())
        return
    from gossl.cli import COMMANDS
    from gossl.cli import main as command

    if arguments[0] in COMMANDS and not os.path.lexists(arguments[0]):
        raise SystemExit(command(arguments, "python -m gossl"))
    from gossl import install

    install()
    inherit()
    run(arguments)


def run(arguments: list[str]) -> None:
    """Runs the program that the command line names, as __main__."""
    first, rest = arguments[0], arguments[1:]
    if first in ("-m", "-c"):
        if not rest:
            _refuse(f"argument expected for the {first} option")
        if first == "-m":
            _run_module(rest[0], rest[1:])
        else:
            _run_code(rest[0], ["-c", *rest[1:]])
    elif first == "-":
        _run_code(sys.stdin.read(), ["-", *rest], "<stdin>")
    elif first.startswith("-"):
        _refuse(f"unknown option {first}")
    else:
        _run_file(first, [first, *rest])


def inherit() -> None:
    """Makes the Python processes that this one starts use gossl too."""
    os.environ["GOSSL"] = "1"
    directory = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_inherit")
    paths = os.environ.get("PYTHONPATH", "")
    if directory not in paths.split(os.pathsep):
        os.environ["PYTHONPATH"] = directory + (os.pathsep + paths if paths else "")


def _run_module(name: str, arguments: list[str]) -> None:
    _clean_main()
    # The interpreter's own way to run -m, which sets sys.argv[0] and __main__.
    sys.argv = ["-m", *arguments]
    runpy._run_module_as_main(name)  # type: ignore[attr-defined]


def _run_code(code: str, argv: list[str], filename: str = "<string>") -> None:
    main_module = _clean_main()
    main_module.__loader__ = BuiltinImporter
    sys.argv = argv
    _set_path("")
    exec(compile(code, filename, "exec"), main_module.__dict__)


def _run_file(path: str, argv: list[str]) -> None:
    if os.path.isdir(path) or _is_zip(path):
        _clean_main()
        sys.argv = argv
        _set_path(os.path.abspath(path))
        runpy._run_module_as_main("__main__", False)  # type: ignore[attr-defined]
        return
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as e:
        _refuse(f"can't open file {os.path.abspath(path)!r}: [Errno {e.errno}] {e.strerror}")
    main_module = _clean_main()
    path = os.path.join(os.getcwd(), path)
    main_module.__file__ = path
    if sys.version_info < (3, 15):
        main_module.__dict__["__cached__"] = None
    main_module.__loader__ = SourceFileLoader("__main__", path)
    sys.argv = argv
    _set_path(os.path.dirname(os.path.realpath(path)))
    if data.startswith(MAGIC_NUMBER):
        import marshal

        code = marshal.loads(data[16:])
    else:
        code = compile(data, path, "exec")
    exec(code, main_module.__dict__)


def _clean_main() -> ModuleType:
    """__main__ as it is in a new interpreter."""
    module = sys.modules["__main__"]
    builtins = module.__dict__["__builtins__"]
    module.__dict__.clear()
    module.__dict__.update(__name__="__main__", __doc__=None, __package__=None, __loader__=None, __spec__=None)
    if sys.version_info < (3, 14):  # since then they are made when they are asked for (PEP 649)
        module.__dict__["__annotations__"] = {}
    module.__dict__["__builtins__"] = builtins
    return module


def _set_path(first: str) -> None:
    """`python -m gossl` has put the working directory at the front, unless it was told not to."""
    if not sys.flags.isolated and not getattr(sys.flags, "safe_path", False):
        sys.path[0] = first


def _is_zip(path: str) -> bool:
    import zipfile

    return not path.endswith((".py", ".pyc")) and zipfile.is_zipfile(path)


def _refuse(text: str) -> NoReturn:
    print(f"python -m gossl: {text}", file=sys.stderr)
    raise SystemExit(2)


if __name__ == "__main__":
    # Under its own name, so that __main__ is free for the program.
    from gossl.__main__ import main as _main

    _main(sys.argv[1:])
