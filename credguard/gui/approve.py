"""The prompt: a program asks to use an account, in a window of its own that takes no keyboard.

Bottom right of the screen, above everything, in no task bar. No answer is a no. Several questions queue.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from credguard.domain.text import Text as Words
from credguard.gui.icons import paint_icon
from credguard.gui.theme import theme
from credguard.gui.translate import words
from credguard.gui.widgets.button import Button, outdented
from credguard.gui.widgets.controls import Segmented
from credguard.gui.widgets.gauges import TimeRing
from credguard.gui.widgets.surface import Separator, paint_card
from credguard.gui.widgets.text import Text

_WIDE, _EDGE = 384, 24
#: A click that was meant for something else does not land here (seconds).
DEAF = 0.7
_HOW = (("once", "Once"), ("hour", "For 1 hour"), ("always", "Always"))
_ALLOW = {"once": "Allow once", "hour": "Allow for 1 hour", "always": "Always allow"}
_NOTE = "For this program file and this account only. Shown in Activity."
_NOTE_ONCE = "This program does not say which script it runs, so it can be allowed only once."


class _Mark(QWidget):
    """The program's own mark."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(theme().u(18), theme().u(18))

    def paintEvent(self, event: QPaintEvent) -> None:
        paint_icon(QPainter(self), "credguard", QRectF(self.rect()), theme().color("accent"))


class _Bar(QWidget):
    """The account's colour beside the question."""

    def __init__(self) -> None:
        super().__init__()
        self.color = "blue"
        self.setFixedWidth(4)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color(f"account:{self.color}"))
        painter.drawRoundedRect(QRectF(self.rect()), 2, 2)


class Prompt(QWidget):
    """`answered` gives the question's id and `deny`, `once`, `hour` or `always`."""

    answered = Signal(str, str)

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(
            None,
            Qt.WindowType.Tool | Qt.WindowType.FramelessWindowHint | Qt.WindowType.WindowStaysOnTopHint,
        )
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)
        self.setWindowTitle("CredGuard")
        self.setObjectName("approve")
        self._now = now
        self._queue: list[tuple[dict[str, Any], float]] = []
        self._shown_at = 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(250)
        self._timer.timeout.connect(self.tick)
        self._build()

    # ── drawing ──────────────────────────────────────────────────────────────────────────────────
    def _build(self) -> None:
        u = theme().u
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        top = QVBoxLayout()
        top.setContentsMargins(20, 12, 16, 20)
        top.setSpacing(0)
        head = QHBoxLayout()
        head.setSpacing(8)
        self._count = Text("no answer is a no", "caption", "text2")
        self.ring = TimeRing(28)
        head.addWidget(_Mark())
        head.addWidget(Text("CredGuard", "caption", "text2"))
        head.addStretch(1)
        head.addWidget(self._count)
        head.addWidget(self.ring)
        top.addLayout(head)
        top.addSpacing(10)
        question = QHBoxLayout()
        question.setSpacing(14)
        self._bar = _Bar()
        self.question = Text("", "dialog", wrap=True)
        question.addWidget(self._bar)
        question.addWidget(self.question, 1)
        top.addLayout(question)
        top.addSpacing(12)
        facts = QGridLayout()
        facts.setVerticalSpacing(8)
        facts.setHorizontalSpacing(0)
        facts.setColumnMinimumWidth(0, u(84))
        facts.setColumnStretch(1, 1)
        self.facts: dict[str, Text] = {}
        for row, label in enumerate(("Program", "Started by", "Wants", "Before")):
            middle = Qt.TextElideMode.ElideMiddle
            role = "mono12" if label == "Program" else "body"
            self.facts[label] = Text("", role, elide=middle)
            facts.addWidget(Text(label, "body", "text2"), row, 0)
            facts.addWidget(self.facts[label], row, 1)
        top.addLayout(facts)
        outer.addLayout(top)
        outer.addWidget(Separator())
        outer.addLayout(self._choice())
        outer.addWidget(Separator())
        foot = QVBoxLayout()
        foot.setContentsMargins(20, 12, 16, 11)
        self.deny = Button("Deny", "quiet", "ban", 32, key="Esc")
        self.allow = Button("Allow for 1 hour", "primary", "", 32)
        self.deny.clicked.connect(lambda: self._answer("deny"))
        self.allow.clicked.connect(lambda: self._answer(self.how.current()))
        foot.addLayout(outdented(self.deny, None, self.allow))
        outer.addLayout(foot)

    def _choice(self) -> QVBoxLayout:
        layout = QVBoxLayout()
        layout.setContentsMargins(20, 12, 16, 12)
        layout.setSpacing(8)
        row = QHBoxLayout()
        self.how = Segmented(_HOW, "hour", "How long")
        self.how.chosen.connect(self._chosen)
        row.addWidget(Text("How long", "body", "text2"))
        row.addStretch(1)
        row.addWidget(self.how)
        self.note = Text(_NOTE, "caption", "text2", wrap=True)
        layout.addLayout(row)
        layout.addWidget(self.note)
        return layout

    def paintEvent(self, event: QPaintEvent) -> None:
        paint_card(QPainter(self), QRectF(self.rect()), "card", "border2", radius=14)

    def sizeHint(self) -> QSize:
        width = theme().u(_WIDE)
        layout = self.layout()
        return QSize(width, layout.heightForWidth(width) if layout is not None else 0)

    def place(self) -> None:
        """Bottom right of the screen that has the pointer's window."""
        self.resize(self.sizeHint())
        screen = QGuiApplication.primaryScreen()
        if screen is not None:
            free = screen.availableGeometry()
            self.move(free.right() - self.width() - _EDGE + 1, free.bottom() - self.height() - _EDGE + 1)

    # ── questions ────────────────────────────────────────────────────────────────────────────────
    def ask(self, question: dict[str, Any]) -> None:
        """One more question; it is shown when those before it are answered."""
        if any(known["id"] == question["id"] for known, _ in self._queue):
            return
        self._queue.append((question, self._now() + float(question["seconds"])))
        if len(self._queue) == 1:
            self._show_first()
        else:
            self._counted()

    def withdraw(self, number: str) -> None:
        """Nobody waits for this answer any more."""
        self._drop(lambda question, _: question["id"] == number)

    def withdraw_all(self) -> None:
        self._drop(lambda *_: True)

    def tick(self) -> None:
        """Count down; a question whose time is over goes."""
        now = self._now()
        self._drop(lambda _, until: until <= now)
        if self._queue:
            question, until = self._queue[0]
            self.ring.show_time(max(1, round(until - now)), int(question["seconds"]))

    def take_keyboard(self) -> None:
        """Ctrl Shift Y: bring it up and give it the keys."""
        if self._queue:
            self.raise_()
            self.activateWindow()
            self.allow.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _drop(self, gone: Callable[[dict[str, Any], float], bool]) -> None:
        first = self._queue[0] if self._queue else None
        self._queue = [one for one in self._queue if not gone(*one)]
        if first is None or (self._queue and self._queue[0] is first):
            self._counted()
        else:
            self._show_first()

    def _show_first(self) -> None:
        if not self._queue:
            self._timer.stop()
            self.hide()
            return
        question = self._queue[0][0]
        self._bar.color = str(question["color"])
        program, account = str(question["program"]), str(question["account"])
        self.question.setText(f"Allow {program} to use {account}?")
        above = " in ".join(str(name) for name in question["started_by"][:2])
        self.facts["Program"].setText(str(question["file"]) or "unknown")
        self.facts["Started by"].setText(f"{above or 'unknown'}, process {question['pid']}")
        self.facts["Wants"].setText(words(Words.from_json(question["wants"])))
        self.facts["Before"].setText(_before(question["before"]))
        only_once = question["once_only"] is True
        self.how.select("once" if only_once else "hour")
        self.how.setEnabled(not only_once)
        self.note.setText(_NOTE_ONCE if only_once else _NOTE)
        self._chosen(self.how.current())
        self._counted()
        self._shown_at = self._now()
        self.setAccessibleName(self.question.text())
        self.tick()
        self.place()
        self.show()
        self.raise_()
        self._timer.start()

    def _counted(self) -> None:
        several = len(self._queue) > 1
        self._count.setText(f"1 of {len(self._queue)}" if several else "no answer is a no")

    def _chosen(self, how: str) -> None:
        self.allow.setText(_ALLOW[how])

    def _answer(self, decision: str) -> None:
        if not self._queue or self._now() - self._shown_at < DEAF:
            return
        question, _ = self._queue.pop(0)
        self.answered.emit(str(question["id"]), decision)
        self._show_first()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._answer("deny")
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self._answer(self.how.current())
        else:
            super().keyPressEvent(event)


def _before(at: float | None) -> str:
    if at is None:
        return "never allowed until now"
    return f"allowed on {datetime.datetime.fromtimestamp(at).astimezone():%d %b, %H:%M}"
