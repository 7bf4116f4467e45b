"""What the command line prints, and how: colour, symbols, harmless names, tables, steps.

Rules of the design, section 12: results on stdout, the rest on stderr; eight colours and bold;
colour only repeats what a word says; names that come from others are made harmless here.
"""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from credguard.domain.text import Text

_CODES = {"bold": "1", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_ASCII = {"✓": "+", "○": "o", "–": "-", "━": "#", "─": "-", "…": "...", "·": "-", "⠹": "*"}
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
WIDTH = 80


def harmless(value: str) -> str:
    r"""Control, bidi and other invisible characters shown as `\u202e`, never sent to a terminal."""
    return "".join(
        f"\\u{ord(c):04x}" if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} else c
        for c in value
    )


def cell_width(value: str) -> int:
    """Terminal columns that `value` takes."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in value
    )


def pad(value: str, width: int, right: bool = False) -> str:
    space = " " * max(0, width - cell_width(value))
    return space + value if right else value + space


def elided(value: str, width: int, dots: str = "…") -> str:
    """Cut at the right to `width` columns."""
    if cell_width(value) <= width:
        return value
    kept = ""
    for c in value:
        if cell_width(kept + c) > width - cell_width(dots):
            break
        kept += c
    return kept + dots


@dataclass(frozen=True, slots=True)
class Style:
    """What one stream can carry."""

    color: bool
    ascii: bool
    live: bool  # a terminal: lines may be redrawn


def style_of(stream: TextIO, environ: dict[str, str] | None = None) -> Style:
    """Colour off with NO_COLOR, TERM=dumb or no terminal; CLICOLOR_FORCE=1 turns it on."""
    env = dict(os.environ) if environ is None else environ
    terminal = stream.isatty()
    term = env.get("TERM", "")
    color = terminal and not env.get("NO_COLOR") and term != "dumb"
    if env.get("CLICOLOR_FORCE") == "1" and not env.get("NO_COLOR"):
        color = True
    encoding = (getattr(stream, "encoding", None) or "ascii").lower()
    try:
        "✓━…".encode(encoding)
        plain = term in {"linux", "dumb"} and terminal
    except (UnicodeEncodeError, LookupError):
        plain = True
    return Style(color=color, ascii=plain, live=terminal and term != "dumb")


class Output:
    """The two streams of one command. `as_json` keeps stdout for one document alone."""

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None, as_json: bool = False) -> None:
        self.stdout = sys.stdout if out is None else out
        self.stderr = sys.stderr if err is None else err
        self.as_json = as_json
        self.out_style = style_of(self.stdout)
        self.err_style = style_of(self.stderr)

    # ── words ────────────────────────────────────────────────────────────────────────────────────
    @staticmethod
    def words(value: Text | str) -> str:
        """A finished sentence; values in it are made harmless."""
        return value.render(escape=harmless) if isinstance(value, Text) else value

    def _dress(self, line: str, style: Style) -> str:
        if style.ascii:
            line = "".join(_ASCII.get(c, c) for c in line)
        return line

    def paint(self, value: str, *names: str, err: bool = False) -> str:
        """`value` in colour where the stream carries it."""
        style = self.err_style if err else self.out_style
        if not style.color or not names:
            return value
        return f"\x1b[{';'.join(_CODES[name] for name in names)}m{value}\x1b[0m"

    # ── lines ────────────────────────────────────────────────────────────────────────────────────
    def line(self, value: Text | str = "") -> None:
        """A result, on stdout; nothing with `--json`."""
        if not self.as_json:
            self._write(self.stdout, self._dress(self.words(value), self.out_style))

    def note(self, value: Text | str = "") -> None:
        """Progress, prompts and errors, on stderr."""
        self._write(self.stderr, self._dress(self.words(value), self.err_style))

    def dressed(self, value: str) -> str:
        """A line as stderr can carry it: symbols in ASCII where it has to be."""
        return self._dress(value, self.err_style)

    def document(self, value: Any) -> None:
        """The one JSON document of `--json`."""
        self._write(self.stdout, json.dumps(value, ensure_ascii=False, indent=2))

    @staticmethod
    def _write(stream: TextIO, line: str) -> None:
        encoding = getattr(stream, "encoding", None) or "utf-8"
        stream.write(line.encode(encoding, "replace").decode(encoding) + "\n")
        stream.flush()

    def table(self, rows: Sequence[Sequence[str]], right: Sequence[int] = (), indent: int = 2) -> None:
        """Two columns of space between columns; names left, numbers right; the last one is not padded."""
        if not rows:
            return
        columns = max(len(row) for row in rows)
        widths = [
            max((cell_width(row[i]) for row in rows if i < len(row)), default=0) for i in range(columns)
        ]
        for row in rows:
            cells = [
                pad(cell, widths[i], right=i in right) if i < columns - 1 or i in right else cell
                for i, cell in enumerate(row)
            ]
            self.line((" " * indent + "  ".join(cells)).rstrip())

    def two_sided(self, left: str, right: str, width: int = 76) -> str:
        """`left` and, at its end, `right`; below 60 columns the right part goes below."""
        import shutil

        columns = min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns)
        if columns <= 60:
            return f"{left}\n    {right}" if right else left
        room = max(1, min(width, columns) - cell_width(left) - cell_width(right))
        return f"{left}{' ' * room}{right}" if right else left


def bar(part: float, width: int = 10) -> str:
    """`━━━━────`, `part` from 0 to 1."""
    full = max(0, min(width, round(part * width)))
    return "━" * full + "─" * (width - full)


def day(at: float, now: float) -> str:
    """`31 Dec`, or `31 Dec 2028` when the year is another one. Local time, as a person reads it."""
    import datetime

    then, today = (datetime.datetime.fromtimestamp(t).astimezone() for t in (at, now))
    short = f"{then.day} {_MONTHS[then.month - 1]}"
    near = then.year == today.year or abs(at - now) < 200 * 86_400
    return short if near else f"{short} {then.year}"


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def iso(at: float | None) -> str | None:
    """ISO 8601 in UTC with Z, as every JSON document of ours has it."""
    import datetime

    if at is None:
        return None
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
