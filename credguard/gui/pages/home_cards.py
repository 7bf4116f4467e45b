"""The cards of Home: health, what can wait, what happened lately, the timeline, codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QBoxLayout, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from credguard.domain.otp import grouped as grouped_code
from credguard.gui import moments
from credguard.gui.live import LiveCodes
from credguard.gui.theme import LARGE, theme
from credguard.gui.translate import harmless, words
from credguard.gui.widgets.button import Button, outdented
from credguard.gui.widgets.cards import row
from credguard.gui.widgets.gauges import ScoreBar, ScoreRing, TimeRing
from credguard.gui.widgets.surface import Card, Dot, Icon, IconTile, Separator
from credguard.gui.widgets.text import Text
from credguard.gui.widgets.timeline import Timeline
from credguard.queries.activity import ActivityLine
from credguard.queries.codes import CodeRow
from credguard.queries.home import HomeView, Waiting

if TYPE_CHECKING:
    from credguard.gui.window import Window

_ICONS = {
    "plaintext": ("file-search", "warn"), "late": ("calendar-clock", "warn"), "resume": ("rotate-cw", "warn"),
    "import": ("lock", "warn"), "move": ("lock", "warn"), "mfa": ("smartphone", "warn"),
    "soon": ("calendar-clock", "neutral"), "no-mfa": ("smartphone", "neutral"),
}  # fmt: skip
#: What was changed, by the first word of its sentence.
_CHANGES = {
    "copied": "timer", "opened": "globe", "rotated": "rotate-cw", "moved": "lock", "removed": "trash",
    "put": "undo-2", "found": "octagon-alert",
}  # fmt: skip


def line_icon(line: ActivityLine) -> str:
    """The icon of a line of activity."""
    first = words(line.action).split(" ", 1)[0]
    if line.kind == "refused":
        return "ban"
    return _CHANGES.get(first) or ("terminal" if line.kind == "use" else "shield-check")


def actor(line: ActivityLine) -> str:
    """`You`, or the program's name."""
    return "You" if line.actor == "you" else harmless(line.actor)


class HealthCard(Card):
    """Ring and accounts; grey where nothing was checked yet."""

    def __init__(self, window: Window, view: HomeView) -> None:
        super().__init__(name="health")
        large = theme().scale >= LARGE
        if not large:
            self.setMinimumHeight(theme().u(252))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 16)
        layout.setSpacing(0)
        layout.addWidget(Text("Health", "card"))
        layout.addStretch(1)
        middle = QBoxLayout(QBoxLayout.Direction.TopToBottom if large else QBoxLayout.Direction.LeftToRight)
        middle.setSpacing(24)
        middle.addLayout(row(ScoreRing(view.score), None) if large else row(ScoreRing(view.score)))
        names = QGridLayout()
        names.setHorizontalSpacing(8)
        names.setVerticalSpacing(6)
        worst = sorted(view.accounts, key=lambda a: (a.score is None, a.score or 0))
        for number, account in enumerate(worst[:7]):
            score = account.score
            names.addWidget(Dot(account.account.color), number, 0)
            names.addWidget(Text(account.account.name), number, 1)
            names.addWidget(ScoreBar(score), number, 2)
            shown = Text("–" if score is None else str(score), "digits500", right=True)
            shown.set_color("text2" if score is None else "text")
            names.addWidget(shown, number, 3)
        names.setColumnStretch(1, 1)
        names.setColumnMinimumWidth(3, theme().u(28))
        middle.addLayout(names, 1)
        layout.addLayout(middle)
        if len(worst) > 7:
            layout.addSpacing(6)
            layout.addWidget(Text(f"{len(worst) - 7} more", color="text2"))
        layout.addStretch(1)


class WaitingCard(Card):
    """At most three things, each with its one button."""

    def __init__(self, window: Window, rows: Sequence[Waiting]) -> None:
        super().__init__(name="can wait")
        self.first: Button | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 0, 8)
        layout.setSpacing(0)
        layout.addWidget(Text("Can wait", "card"))
        layout.addSpacing(6)
        for number, waiting in enumerate(rows):
            if number:
                layout.addWidget(Separator(48))
            layout.addLayout(self._row(window, waiting))
        layout.addStretch(1)

    def _row(self, window: Window, waiting: Waiting) -> QBoxLayout:
        icon, tint = _ICONS[waiting.kind]
        text = QVBoxLayout()
        text.setSpacing(0)
        text.addWidget(Text(words(waiting.title), "row"))
        text.addWidget(Text(words(waiting.detail), color="text2"))
        button = Button(words(waiting.action), name=f"{words(waiting.action)}: {words(waiting.title)}")
        button.clicked.connect(lambda: window.do_waiting(waiting))
        self.first = self.first or button
        line = QHBoxLayout()
        line.setSpacing(12)
        line.addWidget(IconTile(icon, tint))
        line.addLayout(text, 1)
        if theme().scale < LARGE:
            line.setContentsMargins(0, 12, 20, 12)
            line.addWidget(button)
            return line
        both = QVBoxLayout()
        both.setContentsMargins(0, 12, 20, 12)
        both.setSpacing(8)
        both.addLayout(line)
        both.addLayout(row(theme().u(36) + 4, button, None))
        return both


class LatelyCard(Card):
    """What happened last; in the second column of a wide window with a link to the rest."""

    def __init__(self, window: Window, lines: Sequence[ActivityLine], now: float, more: bool = False) -> None:
        super().__init__(name="lately")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 0, 8)
        layout.setSpacing(0)
        layout.addWidget(Text("Lately", "card"))
        layout.addSpacing(6)
        if not lines:
            empty = Text("Nothing yet. Programs that use a key will show up here.", color="text2", wrap=True)
            layout.addWidget(empty)
        pad = 9 if more else 12
        for number, line in enumerate(lines):
            if number:
                layout.addWidget(Separator(30))
            text = QVBoxLayout()
            text.setSpacing(0)
            calls = f", {line.calls} times" if line.calls > 1 else ""
            text.addWidget(Text(f"{actor(line)} {words(line.action)}{calls}", "row"))
            where = f"{line.account}, " if line.account else ""
            when = f"{where}{moments.spoken(line.at, now)}"
            text.addWidget(Text(when[:1].upper() + when[1:], color="text2"))
            each = QHBoxLayout()
            each.setContentsMargins(0, pad, 20, pad)
            each.setSpacing(12)
            each.addWidget(Icon(line_icon(line)))
            each.addLayout(text, 1)
            layout.addLayout(each)
        layout.addStretch(1)
        if more:
            rest = Button("All activity", "quiet", "arrow-right", 28)
            rest.clicked.connect(lambda: window.show_page("activity"))
            layout.addLayout(outdented(rest))


class TimelineCard(Card):
    """Two weeks back, three months ahead."""

    def __init__(self, window: Window, view: HomeView, now: float) -> None:
        super().__init__(name="keys due for rotation")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 8)
        layout.setSpacing(0)
        days = window.services.settings.get("due_days")
        every = Text(f"every {days} days", color="text2")
        layout.addLayout(row(Text("Keys due for rotation", "card"), None, every))
        layout.addSpacing(20)
        line = Timeline(view.timeline, now)
        line.chosen.connect(window.show_account)
        layout.addWidget(line)


class _Stripe(QWidget):
    """An account's colour, 4 × 32, beside its name."""

    def __init__(self, color: str | None) -> None:
        super().__init__()
        self._color = color
        self.setFixedSize(4, theme().u(32))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color(f"account:{self._color}" if self._color else "border2"))
        painter.drawRoundedRect(QRectF(self.rect()), 2, 2)


class CodesCard(Card):
    """The codes on Home of a wide window: five at most, one ring for all."""

    MOST = 5

    def __init__(self, window: Window, codes: Sequence[CodeRow], count: int) -> None:
        super().__init__(name="codes")
        self._window, self._shown = window, codes[: self.MOST]
        self._ring = TimeRing(28)
        self._digits: dict[str, Text] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 12, 16, 10)
        layout.setSpacing(0)
        layout.addLayout(row(Text("Codes", "card"), None, self._ring))
        layout.addSpacing(6)
        for code in self._shown:
            layout.addLayout(self._row(code))
        rest = Button(f"All {count} codes" if count > 1 else "Codes", "quiet", "arrow-right", 28)
        rest.clicked.connect(lambda: window.show_page("codes"))
        layout.addSpacing(2)
        layout.addLayout(outdented(rest))
        self._live = LiveCodes(window, self, [code.entry_id for code in self._shown])
        self._live.changed.connect(self._tell)
        self._live.gone.connect(lambda entry: self._digits[entry].setText("… …"))

    def _row(self, code: CodeRow) -> QHBoxLayout:
        text = QVBoxLayout()
        text.setSpacing(0)
        text.addWidget(Text(code.title or code.name, "strong"))
        text.addWidget(Text(code.user, "caption", "text2"))
        digits = self._digits[code.entry_id] = Text("… …", "next")
        copy = Button("", "quiet", "copy", 28, name=f"Copy the code of {code.title or code.name}")
        copy.clicked.connect(lambda: self._window.copy_code(code.entry_id, code.title or code.name))
        line = row(_Stripe(code.color), 4, spacing=8)
        line.setContentsMargins(0, 8, 0, 8)
        line.addLayout(text, 1)
        line.addWidget(digits)
        line.addWidget(copy)
        return line

    def _tell(self, entry: str) -> None:
        now = self._live.now[entry]
        self._digits[entry].setText(grouped_code(now.code))
        self._ring.show_time(now.valid_for, now.period)
