"""Copies the comments of gossl.h and of the Go packages below the mark in docs/c.md and docs/go.md.

`python generate_docs.py --check` (make lint) only says whether they are up to date.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MARK = "<!-- From here on written by tests/generate_docs.py -->\n"
PACKAGES = ("core", "core/netconn")


def c_reference() -> str:
    """gossl.h by its sections; the conventions at its top come first."""
    header = (ROOT / "capi" / "gossl.h").read_text()
    top = header[: header.index("*/")]
    conventions = top[top.index("Conventions") :].split("\n", 2)[2]
    lines = [re.sub(r"^ \* ?", "", line) for line in conventions.rstrip().split("\n")]
    parts = ["## Conventions\n\n```\n" + "\n".join(lines).rstrip() + "\n```\n"]
    for section in re.split(r"^/\* -{4} ", header, flags=re.MULTILINE)[1:]:
        title, body = section.split("\n", 1)
        title = re.sub(r" -+ \*/$", "", title).rstrip(".")
        body = body.split("#ifdef __cplusplus")[0].strip()
        parts.append(f"## {title}\n\n```c\n{body}\n```\n")
    return "\n".join(parts)


def go_reference() -> str:
    """What `go doc -all` says."""
    parts = []
    for package in PACKAGES:
        command = [os.environ.get("GO", "go"), "doc", "-all", f"./{package}"]
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        said = said.split("\n", 2)[2]  # the first line is the import path
        text, *sections = re.split(r"^(CONSTANTS|VARIABLES|FUNCTIONS|TYPES)\n", said, flags=re.MULTILINE)
        parts.append(f"## Package {package}\n\n```\n{text.strip()}\n```\n")
        for title, body in zip(sections[::2], sections[1::2]):  # noqa: B905
            parts.append(f"### {title.capitalize()} of {package}\n\n```go\n{body.strip()}\n```\n")
    return "\n".join(parts)


def main() -> int:
    outdated = []
    for name, reference in (("c.md", c_reference()), ("go.md", go_reference())):
        file = ROOT / "docs" / name
        now = file.read_text()
        wanted = now[: now.index(MARK) + len(MARK)] + "\n" + reference
        if now != wanted:
            outdated.append(f"docs/{name}")
            if "--check" not in sys.argv:
                file.write_text(wanted)
    if outdated and "--check" in sys.argv:
        print(f"{', '.join(outdated)}: run tests/generate_docs.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
