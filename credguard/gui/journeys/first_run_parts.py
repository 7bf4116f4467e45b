"""What the screens of the first run are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from credguard.domain.accounts import grouped, next_color
from credguard.gui.icons import paint_icon
from credguard.gui.theme import theme
from credguard.gui.translate import harmless, words
from credguard.gui.widgets.cards import row
from credguard.gui.widgets.field import CheckBox
from credguard.gui.widgets.surface import Card, Dot, Icon, IconTile, Pill, Separator, _Square
from credguard.gui.widgets.text import Text

if TYPE_CHECKING:
    from credguard.workflows.intake import FoundKey

#: What a step is called on one line: to do, running, done.
SHORT = {
    "store": ("Store", "Storing it", "Stored, read back"),
    "identify": ("Ask AWS", "Asking AWS who it is", "Known to AWS"),
    "seal": ("Copy", "Keeping a sealed copy", "Copied"),
    "switch": ("Replace", "Replacing", "Replaced"),
    "prove": ("Test", "Testing", "Tested"),
}
_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


def number(count: int) -> str:
    """`Four`; digits from ten on."""
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)


def keys(count: int) -> str:
    return f"{count} key{'' if count == 1 else 's'}"


class AppMark(_Square):
    """The application's mark in colour, 64."""

    def __init__(self, size: int = 64) -> None:
        super().__init__(size)

    def paintEvent(self, event: QPaintEvent) -> None:
        paint_icon(QPainter(self), "credguard", QRectF(self.rect()), theme().color("accent"))


class BigTile(_Square):
    """A tinted tile of 64 with radius 18."""

    def __init__(self, icon: str, tint: str = "ok") -> None:
        self._icon, self._tint = icon, tint
        super().__init__(64)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme().color(f"{self._tint}_bg"))
        painter.setBrush(theme().color(f"{self._tint}_bg"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 18, 18)
        side = theme().u(32)
        box = QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)
        paint_icon(painter, self._icon, box, theme().color(self._tint), 1.75)


def centred(widget: QWidget) -> QHBoxLayout:
    line = QHBoxLayout()
    line.setContentsMargins(0, 0, 0, 0)
    line.addStretch(1)
    line.addWidget(widget)
    line.addStretch(1)
    return line


def hint(icon: str, sentence: str, tone: str = "text2") -> QHBoxLayout:
    """A line that may take several, its icon beside the first."""
    side = QVBoxLayout()
    side.setContentsMargins(0, 2, 0, 0)
    side.addWidget(Icon(icon, 16, tone))
    side.addStretch(1)
    line = QHBoxLayout()
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(8)
    line.addLayout(side)
    line.addWidget(Text(sentence, color=tone, wrap=True), 1)
    return line


class Points(Card):
    """What will happen: a tile, a title, a line."""

    def __init__(self, points: Sequence[tuple[str, str, str]]) -> None:
        super().__init__(name="what will happen")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.setSpacing(20)
        for at, (icon, title, line) in enumerate(points):
            text = QVBoxLayout()
            text.setSpacing(2)
            text.addWidget(Text(title, "name", wrap=True))
            text.addWidget(Text(line, color="text2", wrap=True))
            side = QVBoxLayout()
            side.setContentsMargins(0, 0, 0, 0)
            side.addWidget(IconTile(icon, "accent" if at == 0 else "neutral", 40, 20))
            side.addStretch(1)
            whole = QHBoxLayout()
            whole.setSpacing(16)
            whole.addLayout(side)
            whole.addLayout(text, 1)
            layout.addLayout(whole)


class FoundList(Card):
    """Each key with the account that its id names; `changed` gives how many are chosen."""

    changed = Signal(int)

    def __init__(self, found: Sequence[FoundKey], colors: Sequence[str]) -> None:
        super().__init__(name="keys found")
        self._found = found
        self._checks: list[CheckBox] = []
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 3, 1, 4)
        layout.setSpacing(0)
        for at, key in enumerate(found):
            if at:
                layout.addWidget(Separator(34))
            layout.addLayout(self._row(key, colors[at]))

    def _row(self, key: FoundKey, color: str) -> QHBoxLayout:
        check = CheckBox(name=f"Move {harmless(key.name)}", checked=True)
        check.toggled.connect(lambda _: self.changed.emit(len(self.chosen())))
        self._checks.append(check)
        account = grouped(key.account_id) if key.account_id else "account not known yet"
        text = QVBoxLayout()
        text.setSpacing(0)
        name = Text(harmless(key.name), "card")
        text.addLayout(row(Dot(color), name, 4, Text(account, "digits", "text2"), None))
        text.addWidget(Text(harmless(_where(key)), color="text2"))
        if key.note is not None:
            text.addWidget(Text(words(key.note), color="text2", wrap=True))
        line = QHBoxLayout()
        line.setContentsMargins(0, 12, 19, 12)
        line.setSpacing(16)
        line.addWidget(check)
        line.addLayout(text, 1)
        if key.may_be_root:
            line.addWidget(Pill("may be root", "root"))
        return line

    def chosen(self) -> tuple[FoundKey, ...]:
        return tuple(k for k, c in zip(self._found, self._checks, strict=True) if c.isChecked())


def _where(key: FoundKey) -> str:
    if key.found.source == "env":
        return f"{key.where} in the environment"
    return key.where


def colors_for(found: Sequence[FoundKey], taken: Sequence[str]) -> list[str]:
    """The colour each key's account will get: keys of one account share it."""
    given: dict[str, str] = {}
    used = list(taken)
    result = []
    for key in found:
        mark = key.account_id or key.access_key_id
        if mark not in given:
            given[mark] = next_color(used)
            used.append(given[mark])
        result.append(given[mark])
    return result


class Results(Card):
    """What was done, and what was not: (icon, token, title, line)."""

    def __init__(self, rows: Sequence[tuple[str, str, str, str]]) -> None:
        super().__init__(name="what was done")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 18)
        layout.setSpacing(16)
        for icon, tone, title, detail in rows:
            text = QVBoxLayout()
            text.setSpacing(0)
            text.addWidget(Text(title, "row", wrap=True))
            text.addWidget(Text(detail, color="text2", wrap=True))
            side = QVBoxLayout()
            side.setContentsMargins(0, 0, 0, 0)
            side.addWidget(Icon(icon, 18, tone, 2.25 if icon == "check" else None))
            side.addStretch(1)
            whole = QHBoxLayout()
            whole.setSpacing(12)
            whole.addLayout(side)
            whole.addLayout(text, 1)
            layout.addLayout(whole)
