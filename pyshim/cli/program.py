"""The command line: one parser, a module for each command, and what an end means.

Each command is a module with SUMMARY, EXAMPLES, configure(parser) and run(options, terminal).
"""

from __future__ import annotations

import argparse
import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING

from . import COMMANDS
from .ends import Ended, Exit
from .terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterable

EPILOG = """\
exit codes:
  0    done, and all is well
  1    the network, a file or the other side's protocol failed; for doctor, something is wrong
  2    the command line is wrong
  3    the peer's certificate was refused
  4    the TLS handshake failed for another reason
  130  interrupted

Colours are for terminals only; NO_COLOR=1 or --color never switches them off.
"""


def main(arguments: list[str] | None, name: str) -> int:
    options = _parser(name).parse_args(arguments)
    terminal = Terminal(sys.stdout, sys.stderr, options.color)
    try:
        code: int = options.run(options, terminal)
        sys.stdout.flush()
    except Ended as e:
        terminal.complain(f"gossl {options.command}: {e}")
        return e.code
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough. The interpreter must not fail once more when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FAILED
    return code


def _parser(name: str) -> argparse.ArgumentParser:
    from gossl import __version__

    parser = argparse.ArgumentParser(
        prog=name,
        description="TLS at a terminal, by the engine that gossl gives Python.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-V", "--version", action="version", version=f"gossl {__version__}")
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)
    for command, module in _modules():
        sub = commands.add_parser(
            command,
            help=module.SUMMARY,
            description=module.SUMMARY[0].upper() + module.SUMMARY[1:] + ".",
            epilog=f"examples:\n{module.EXAMPLES}\n{EPILOG}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colours (default: auto)")
        module.configure(sub)
        sub.set_defaults(run=module.run)
    return parser


def _modules() -> Iterable[tuple[str, ModuleType]]:
    from . import cert, connect, doctor, serve, trace

    found = {"cert": cert, "connect": connect, "doctor": doctor, "serve": serve, "trace": trace}
    return [(command, found[command]) for command in COMMANDS]
