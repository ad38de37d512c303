"""gossl for people at a terminal: `gossl connect`, `trace`, `doctor`, `cert` and `serve`.

`import gossl` imports nothing of this, and this nothing outside the standard library.
"""

from __future__ import annotations

# The words that name a command. `python -m gossl WORD` means one of these only where no file is called WORD.
COMMANDS = ("cert", "connect", "doctor", "serve", "trace")


def main(arguments: list[str] | None = None, name: str = "gossl") -> int:
    """Runs a command line without the program's name, sys.argv's by default; returns the exit code."""
    from .program import main as run

    return run(arguments, name)
