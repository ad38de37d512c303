"""Writes pyshim/_codes.py from capi/gossl.h, so that a number is written by hand in one place only."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
HEADER = ROOT / "capi" / "gossl.h"
TARGET = ROOT / "pyshim" / "_codes.py"

HEAD = '''"""The numbers of gossl.h. Made by tests/generate_codes.py; do not edit."""

'''


def defines(text: str) -> dict[str, int]:
    """The integer #defines of the header, without the GOSSL_ prefix, in order."""
    found = re.findall(r"^#define GOSSL_(\w+) \(?(-?\d+)\)?", text, re.MULTILINE)
    return {name: int(value) for name, value in found}


def generate() -> str:
    lines = [f"{name} = {value}" for name, value in defines(HEADER.read_text()).items()]
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    TARGET.write_text(generate())
