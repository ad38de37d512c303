"""How a command ends."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes, as every --help documents them."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNVERIFIED = 3
    TLS = 4
    INTERRUPTED = 130


class Ended(Exception):
    """A command cannot go on; the text is for the person at the terminal."""

    def __init__(self, text: str, code: Exit = Exit.FAILED) -> None:
        super().__init__(text)
        self.code = code
