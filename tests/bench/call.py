"""What a call costs: one look-up in OpenSSL's object table by ctypes, by a gopy extension and by CPython's C extension.

    python tests/bench/call.py [DIRECTORY-OF-THE-GOPY-EXTENSION]

The look-up itself is in it: Go searches a text, OpenSSL a hash table.
"""

from __future__ import annotations

import _ssl  # type: ignore[import-not-found]
import ctypes
import importlib
import sys
import timeit
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CALLS = 20_000


def nanoseconds(call: Callable[[], object]) -> float:
    return min(timeit.repeat(call, number=CALLS, repeat=5)) / CALLS * 1e9


def main() -> int:
    library = ctypes.CDLL(str(ROOT / "build" / "libgossl.so"))
    library.gossl_abi_version()
    buffer = ctypes.create_string_buffer(200)
    text = b"1.2.840.113549"
    rows = [
        ("ctypes, nothing to do", lambda: library.gossl_abi_version()),
        ("ctypes, look-up", lambda: library.gossl_object_find(text, len(text), 0, buffer, len(buffer))),
    ]
    if len(sys.argv) > 1:
        sys.path.insert(0, str(Path(sys.argv[1]).resolve().parent))
        pure = importlib.import_module(Path(sys.argv[1]).name + ".pure")
        rows.append(("gopy, look-up", lambda: pure.Object("1.2.840.113549", False)))
    rows.append(("C extension (_ssl), look-up", lambda: _ssl.txt2obj("1.2.840.113549", name=False)))
    print(f"{'a call by':30}{'ns':>10}")
    for name, call in rows:
        print(f"{name:30}{nanoseconds(call):10,.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
