"""What a command writes to: colours, signs and progress, each only where it can be shown."""

from __future__ import annotations

import json
import os
import shutil
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

# An operation shorter than this, in seconds, passes without a word.
PATIENCE = 2.0

_NARROWEST = 40

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_ASCII = {
    "└": "`", "├": "|", "│": "|", "─": "-", "▶": ">", "◀": "<", "·": "-", "✓": "ok", "✗": "!!", "…": "...", "→": "->",
    "←": "<-",
}  # fmt: skip


class Terminal:
    """Standard output and standard error, and what they can show."""

    def __init__(self, out: TextIO, err: TextIO, color: str = "auto") -> None:
        self.out, self.err = out, err
        self.colours = color == "always" or (color == "auto" and _shows_colours(out))
        self._signs = _encodes(out, "".join(_ASCII))

    def paint(self, text: str, *styles: str) -> str:
        """The text in styles: bold, dim, red, green, yellow, cyan."""
        if not self.colours or not styles:
            return text
        return f"\x1b[{';'.join(_STYLES[s] for s in styles)}m{text}\x1b[0m"

    def signs(self, text: str) -> str:
        """The text with signs that the output can encode; nothing that it cannot is left."""
        if self._signs:
            return text
        plain = "".join(_ASCII.get(c, c) for c in text)
        encoding = getattr(self.out, "encoding", None) or "utf-8"
        return plain.encode(encoding, "backslashreplace").decode(encoding)

    def print(self, text: str = "") -> None:
        print(self.signs(text), file=self.out)

    def print_row(self, label: str, text: str, column: int, *styles: str) -> None:
        """A label and a text beside it, folded where the terminal ends, unless it is painted."""
        room = max(self.width - column - 2, _NARROWEST)
        lines = [text] if "\x1b" in text else textwrap.wrap(text, room, break_on_hyphens=False, break_long_words=False)
        for number, line in enumerate(lines):
            name = f"{'' if number else label:<{column}}"
            self.print(f"  {self.paint(name, *styles)}{line}")

    def print_json(self, value: Any) -> None:
        print(json.dumps(value, indent=2), file=self.out)

    def complain(self, text: str) -> None:
        print(text.encode("ascii", "backslashreplace").decode("ascii"), file=self.err, flush=True)

    @property
    def width(self) -> int:
        return shutil.get_terminal_size((100, 24)).columns if self.out.isatty() else 100

    @contextmanager
    def working(self, what: str) -> Iterator[None]:
        """Says on standard error what takes long: on a terminal with the seconds, which then vanish; else once."""
        ended = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(what, ended), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            ended.set()
            watcher.join()

    def _watch(self, what: str, ended: threading.Event) -> None:
        started = time.monotonic()
        if ended.wait(PATIENCE):
            return
        if not self.err.isatty():
            self.complain(f"gossl: still {what} ...")
            return
        while True:
            print(f"\r{what} ... {time.monotonic() - started:.0f} s", end="", file=self.err, flush=True)
            if ended.wait(1.0):
                print("\r\x1b[K", end="", file=self.err, flush=True)
                return


def _shows_colours(out: TextIO) -> bool:
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _encodes(out: TextIO, text: str) -> bool:
    try:
        text.encode(getattr(out, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True
