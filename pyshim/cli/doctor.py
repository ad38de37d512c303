"""gossl doctor: what there is, and whether it works."""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import re
import sys
from typing import Any

import gossl
from gossl import _lib, _load, _paths, _stock
from gossl._advice import printable

from .ends import Exit
from .selftest import checks
from .terminal import Terminal

SUMMARY = "show versions, trust store and who uses OpenSSL, and test gossl here"
EXAMPLES = """\
  gossl doctor
  gossl doctor --import requests --import aiohttp    what of it would still use OpenSSL
  gossl doctor --json                                for a report
"""
SCHEMA = "gossl.doctor/1"

# Modules of the standard library that are bindings of OpenSSL.
_BINDINGS = ("_ssl", "_hashlib")
_VARIABLES = (_paths.FILE_VARIABLE, _paths.DIRECTORY_VARIABLE, _paths.STORE_VARIABLE)
_NO_TRUST: dict[str, Any] = {
    "source": None, "file": None, "directories": [], "anchors": None, "skipped": [], "variables": {},
}  # fmt: skip
_PLACES = {
    _paths.MOZILLA: "Mozilla's, built in",
    _paths.KEYCHAIN: "the keychain",
    _paths.WINDOWS: "Windows' stores CA and ROOT",
}
_LIBRARY = re.compile(r"/(lib(?:ssl|crypto)[^/]*)$")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help=f"as JSON (schema {SCHEMA})")
    parser.add_argument(
        "--import", action="append", default=[], dest="modules", metavar="MODULE", help="import it first, under gossl"
    )


def run(options: argparse.Namespace, terminal: Terminal) -> int:
    report = examine(options.modules, terminal)
    if options.json:
        terminal.print_json(report)
    else:
        _show(report, terminal)
    return Exit.OK if report["ok"] else Exit.FAILED


def examine(modules: list[str], terminal: Terminal) -> dict[str, Any]:
    """The report, for programs too: keys may become more, never others."""
    problems: list[str] = []
    gossl.install()
    imported = {}
    for name in modules:
        imported[name] = _import(name)
        if imported[name]:
            problems.append(f"{name} cannot be imported: {imported[name]}")
    try:
        library = _library()
    except ImportError as e:
        library = {"path": _lib.path(), "engine": None, "binding": None, "error": str(e)}
        problems.append(str(e))
    trust, tests = dict(_NO_TRUST), []
    if library["error"] is None:
        trust = _trust(problems)
        with terminal.working("testing"):
            tests = checks()
        problems += [f"{c.name}: {c.text}" for c in tests if c.holds is False]
    return {
        "schema": SCHEMA,
        "ok": not problems,
        "problems": problems,
        "python": {
            "implementation": platform.python_implementation(),
            "version": platform.python_version(),
            "executable": sys.executable,
            "platform": platform.platform(),
        },
        "gossl": {"version": gossl.__version__, "package": os.path.dirname(os.path.abspath(gossl.__file__))},
        "library": library,
        "openssl": _openssl(),
        "trust": trust,
        "checks": [{"name": c.name, "holds": c.holds, "text": c.text} for c in tests],
    }


def _import(name: str) -> str | None:
    try:
        importlib.import_module(name)
    except Exception as e:  # whatever a stranger's module raises
        return f"{type(e).__name__}: {e}"
    return None


def _library() -> dict[str, Any]:
    loaded = _lib.library()
    found = _lib.get("gossl_version")
    return {
        "path": loaded.path,
        "engine": found.decode("utf-8", "replace") if isinstance(found, bytes) else None,
        "binding": "builtins" if loaded.builtins else "ctypes",
        "error": None,
    }


def _trust(problems: list[str]) -> dict[str, Any]:
    try:
        store = _load.trust_store()
    except (OSError, ValueError) as e:
        problems.append(str(e))
        return dict(_NO_TRUST)
    directories = [d for d in store.directories if os.path.isdir(d)]
    if not store.certificates and not directories:
        problems.append("there are no trust anchors: no server's certificate would be accepted")
    return {
        "source": store.source,
        "file": store.file or None,
        "directories": directories,
        "anchors": store.certificates,
        "skipped": store.skipped,
        "variables": {v: os.environ[v] for v in _VARIABLES if v in os.environ},
    }


def _openssl() -> dict[str, Any]:
    """What there is of OpenSSL in this process, and who uses it."""
    stock = _stock.load()
    return {
        "interpreter": getattr(stock, "OPENSSL_VERSION", None),
        "modules": [name for name in _BINDINGS if _is_binding(name)],
        "libraries": _mapped(),
        "still_using": list(gossl.status().openssl),
    }


def _is_binding(name: str) -> bool:
    module = _stock.loaded() if name == "_ssl" else sys.modules.get(name)
    return module is not None and not hasattr(module, "__gossl__")


def _mapped() -> list[str]:
    """The OpenSSL libraries, and look-alikes, that this process has mapped."""
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:
            paths = {line.split(None, 5)[5].strip() for line in file if line.count("/")}
    except OSError:
        return []
    return sorted(p for p in paths if _LIBRARY.search(p))


# ---- For people ------------------------------------------------------------------------------------------------------


def _show(report: dict[str, Any], terminal: Terminal) -> None:
    python, library, openssl, trust = (report[k] for k in ("python", "library", "openssl", "trust"))
    rows = [
        ("Python", f"{python['implementation']} {python['version']}, {python['executable']}"),
        ("platform", python["platform"]),
        ("gossl", f"{report['gossl']['version']}, {report['gossl']['package']}"),
        ("engine", library["engine"] or terminal.paint(str(library["error"]), "red")),
        ("library", library["path"]),
        ("binding", _binding(library["binding"])),
        ("OpenSSL", openssl["interpreter"] or "none in this Python"),
        ("", f"modules {', '.join(openssl['modules'])}" if openssl["modules"] else ""),
        *(("", path) for path in openssl["libraries"]),
        ("still on it", ", ".join(openssl["still_using"]) or "nobody"),
        ("anchors", _anchors(trust)),
        *(("", terminal.paint(f"skipped {printable(entry)}", "yellow")) for entry in trust["skipped"]),
        ("", ", ".join(f"and {d}, looked into when needed" for d in trust["directories"])),
        ("", ", ".join(f"{name}={value}" for name, value in trust["variables"].items())),
    ]
    for label, text in rows:
        if text:
            terminal.print(f"{label:<13}{text}")
    for check in report["checks"]:
        sign, style = {True: ("✓", "green"), False: ("✗", "red"), None: ("-", "dim")}[check["holds"]]
        terminal.print(f"{terminal.paint(sign, style)} {check['name']:<24}{check['text']}")
    for problem in report["problems"]:
        terminal.print(terminal.paint(f"✗ {problem}", "red"))
    if report["ok"]:
        terminal.print(terminal.paint("✓ all is well", "green"))


def _anchors(trust: dict[str, Any]) -> str:
    if trust["source"] is None:
        return "unknown"
    place = _PLACES.get(trust["source"])
    where = ", ".join(filter(None, (place, trust["file"]))) or "no file"
    return f"{trust['anchors']} from {where}"


def _binding(name: str | None) -> str:
    """How Python reaches the engine."""
    return {"builtins": "builtins of the interpreter", "ctypes": "ctypes (slower)"}.get(name or "", "")
