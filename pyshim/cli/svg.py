"""The ladder as a picture: SVG that stands alone, without script, font or other file."""

from __future__ import annotations

import textwrap
from xml.sax.saxutils import escape

from .ladder import Rung

_LEFT, _RIGHT = 120, 470  # the lifelines
_NOTES = 490
_WIDTH = 1000
_TOP = 70
_LINE = 17
_STEP = 28  # from one arrow to the next
_COLUMNS = 78  # of a note
_LONGEST_NAME = 64

_CLEAR, _ENCRYPTED, _BAD, _INK, _FAINT = "#b45309", "#15803d", "#b91c1c", "#1f2937", "#6b7280"

_STYLE = (
    "text{font-family:ui-sans-serif,system-ui,Helvetica,Arial,sans-serif;font-size:13px;fill:" + _INK + "}"
    ".head{font-size:15px;font-weight:bold}.note{font-size:12px}.faint{font-size:12px;fill:" + _FAINT + "}"
)


def picture(ladder: list[Rung], client: str, server: str, title: str) -> str:
    """An SVG document."""
    body: list[str] = []
    y = _TOP
    for rung in ladder:
        y = _rung(body, rung, y)
    height = y + 46
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}">',
        f"<title>{escape(title)}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(_LEFT, 34, client, "head", "middle"),
        _text(_RIGHT, 34, server[:_LONGEST_NAME], "head", "middle"),
        *(
            f'<line x1="{x}" y1="46" x2="{x}" y2="{height - 36}" stroke="{_FAINT}" stroke-width="1.5"/>'
            for x in (_LEFT, _RIGHT)
        ),
        *body,
        *_legend(height - 14),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _rung(body: list[str], rung: Rung, y: int) -> int:
    """Draws a record with its messages; gives where the next one begins."""
    color = _BAD if rung.is_bad else _ENCRYPTED if rung.encrypted else _CLEAR
    body.append(_text(_LEFT - 12, y + 4, f"{rung.seconds * 1000:.1f} ms", "faint", "end"))
    body.append(_text(_NOTES, y + 4, rung.size, "faint"))
    for number, message in enumerate(rung.messages):
        body += _arrow(message.name, rung.sent, color, y, rung.encrypted)
        # Beside the first message stands the record's size.
        below = y + _LINE if number == 0 else y
        for detail in message.details:
            for note in textwrap.wrap(detail, _COLUMNS, subsequent_indent="\u2003"):
                body.append(_text(_NOTES, below + 4, note, "note"))
                below += _LINE
        y = max(y + _STEP, below + 4)
    return y + 12


def _arrow(label: str, sent: bool, color: str, y: int, encrypted: bool) -> list[str]:
    start, end, back = (_LEFT, _RIGHT, -9) if sent else (_RIGHT, _LEFT, 9)
    dashes = ' stroke-dasharray="5 3"' if encrypted else ""
    return [
        f'<line x1="{start}" y1="{y}" x2="{end + back}" y2="{y}" stroke="{color}" stroke-width="1.6"{dashes}/>',
        f'<path d="M{end} {y} l{back} -5 v10 z" fill="{color}"/>',
        _text((_LEFT + _RIGHT) // 2, y - 5, label, "", "middle"),
    ]


def _legend(y: int) -> list[str]:
    parts = []
    for x, color, dashes, text in (
        (_LEFT, _CLEAR, "", "in the clear"),
        (_LEFT + 150, _ENCRYPTED, ' stroke-dasharray="5 3"', "encrypted"),
    ):
        parts.append(
            f'<line x1="{x}" y1="{y - 4}" x2="{x + 34}" y2="{y - 4}" stroke="{color}" stroke-width="1.6"{dashes}/>'
        )
        parts.append(_text(x + 42, y, text, "faint"))
    return parts


def _text(x: int, y: int, text: str, kind: str, anchor: str = "") -> str:
    style = (f' class="{kind}"' if kind else "") + (f' text-anchor="{anchor}"' if anchor else "")
    return f'<text x="{x}" y="{y}"{style}>{escape(text)}</text>'
