"""The handshake as a ladder: rungs between a client and a server, and the ladder in text."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import NamedTuple

from . import names
from .messages import Summary
from .recorder import HANDSHAKE, Message, Record
from .terminal import Terminal

_ARROW = 34  # columns between the two lifelines
_MARGIN = 11  # for the time
_NARROWEST = 24  # columns that details need


class Rung(NamedTuple):
    """One record on its way."""

    seconds: float
    sent: bool
    length: int
    encrypted: bool
    messages: list[Summary]  # those that end in the record; there is always one
    is_bad: bool  # a fatal alert

    @property
    def size(self) -> str:
        unit = "byte" if self.length == 1 else "bytes"
        return f"record of {self.length} {unit}{', encrypted' if self.encrypted else ''}"


def rungs(records: list[Record], summarize: Callable[[Message], Summary]) -> list[Rung]:
    return [_rung(record, [summarize(m) for m in record.messages]) for record in records]


def _rung(record: Record, found: list[Summary]) -> Rung:
    if not found:
        kind = names.of(names.RECORDS, record.content)
        found = [Summary(f"{kind}, more follows" if record.content == HANDSHAKE else kind, [])]
    is_bad = any(d.startswith("fatal: ") for s in found for d in s.details)
    return Rung(record.seconds, record.sent, record.length, record.encrypted, found, is_bad)


def draw(ladder: list[Rung], client: str, server: str, terminal: Terminal) -> list[str]:
    """The ladder in lines of the terminal's width."""
    room = max(terminal.width - _MARGIN - _ARROW - 6, _NARROWEST)
    gap = max(_ARROW + 2 - len(client), 2)
    lines = [f"{'':{_MARGIN}}{terminal.paint(client, 'bold')}{'':{gap}}{terminal.paint(server, 'bold')}"]
    for rung in ladder:
        lines += _draw_rung(rung, room, terminal)
        lines.append(f"{'':{_MARGIN}}│{'':{_ARROW}}│")
    return lines[:-1]


def _draw_rung(rung: Rung, room: int, terminal: Terminal) -> list[str]:
    """Each message as an arrow with what it says beside and below it; the record's size beside the first."""
    lines: list[str] = []
    for message in rung.messages:
        notes = [n for d in message.details for n in textwrap.wrap(d, room, subsequent_indent="  ")]
        if not lines:
            notes.insert(0, terminal.paint(rung.size, "dim"))
        arrow = _arrow(message.name, rung, terminal)
        for number, note in enumerate(notes or [""]):
            time = f"{rung.seconds * 1000:8.1f} ms" if not lines else ""
            lines.append(f"{time:{_MARGIN}}│{arrow if number == 0 else ' ' * _ARROW}│  {note}".rstrip())
    return lines


def _arrow(label: str, rung: Rung, terminal: Terminal) -> str:
    """A message as an arrow: a whole line in the clear, a dotted one when it is encrypted."""
    text = f" {label[: _ARROW - 6]} "
    line = "·" if rung.encrypted else "─"
    left = (_ARROW - 2 - len(text)) // 2
    right = _ARROW - 2 - len(text) - left
    painted = terminal.paint(text, "red" if rung.is_bad else "green" if rung.encrypted else "yellow")
    if rung.sent:
        return f"{line * (left + 1)}{painted}{line * right}▶"
    return f"◀{line * left}{painted}{line * (right + 1)}"
