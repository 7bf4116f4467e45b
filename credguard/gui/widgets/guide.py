"""A guide that the person walks through: 28-px numbers, what happens left, what stays possible right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from credguard.gui.icons import paint_icon
from credguard.gui.theme import LARGE, theme
from credguard.gui.widgets.surface import Card, Icon, Separator
from credguard.gui.widgets.text import Text, draw

State = Literal["done", "current", "later"]


@dataclass(frozen=True, slots=True)
class GuideStep:
    """`aside` says what stays possible; `final` that it cannot be undone."""

    title: str
    what: str
    aside: str
    state: State = "later"
    final: bool = False


class Number(QLabel):
    """28 px: the current step accent, a done one a tick, a later one sunken."""

    def __init__(self, number: int, state: State) -> None:
        super().__init__()
        self._number, self._state = number, state
        self.setAccessibleName(f"Step {number}, {state}")
        self.measure()

    def measure(self) -> None:
        self.setFixedSize(theme().u(28), theme().u(28))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        c, rect = theme().color, QRectF(self.rect())
        if self._state == "later":
            painter.setPen(QPen(c("border2"), 1))
            painter.setBrush(c("sunken"))
            rect = rect.adjusted(0.5, 0.5, -0.5, -0.5)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(c("accent" if self._state == "current" else "ok_g"))
        painter.drawEllipse(rect)
        if self._state == "done":
            inset = self.width() * 0.2
            paint_icon(painter, "check", rect.adjusted(inset, inset, -inset, -inset), c("on"), 2.25)
            return
        ink = "on" if self._state == "current" else "text2"
        draw(painter, QRectF(self.rect()), str(self._number), "strong", ink, Qt.AlignmentFlag.AlignHCenter)


class GuideList(Card):
    """The steps as rows of one card. `aside_width` is the right column."""

    def __init__(self, steps: Sequence[GuideStep], name: str = "guide", aside_width: int = 244) -> None:
        super().__init__(name=name)
        self._asides: list[QWidget] = []
        self._lines: list[QBoxLayout] = []
        self._aside_width = aside_width
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 4, 0, 3)
        layout.setSpacing(0)
        for number, step in enumerate(steps, 1):
            if number > 1:
                layout.addWidget(Separator(44))
            layout.addLayout(self._row(number, step))
        self.measure()

    def measure(self) -> None:
        large = theme().scale >= LARGE  # then what stays possible stands under what happens
        for line in self._lines:
            way = QBoxLayout.Direction
            line.setDirection(way.TopToBottom if large else way.LeftToRight)
            line.setSpacing(4 if large else 16)
        for aside in self._asides:
            aside.setMinimumWidth(0 if large else theme().u(self._aside_width))
            aside.setMaximumWidth(16_777_215 if large else theme().u(self._aside_width))

    def _row(self, number: int, step: GuideStep) -> QHBoxLayout:
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(Text(step.title, "card" if step.state == "current" else "row"))
        words.addWidget(Text(step.what, color="text2", wrap=True))
        aside = QWidget()
        side = QHBoxLayout(aside)
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(8)
        color = "warn" if step.final else "text2"
        side.addWidget(Icon("triangle-alert" if step.final else "shield-check", 14, color))
        side.addWidget(Text(step.aside, color=color, wrap=True), 1)
        self._asides.append(aside)
        line = QHBoxLayout()
        line.setContentsMargins(0, 8, 0, 8)
        line.setSpacing(16)
        line.addWidget(Number(number, step.state))
        both = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        both.setSpacing(16)
        both.addLayout(words, 1)
        both.addWidget(aside)
        self._lines.append(both)
        line.addLayout(both, 1)
        return line
