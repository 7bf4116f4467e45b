"""The frame of a journey without the rail: a column of 600, a foot, dots; Enter goes on, Esc goes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout, QWidget

from credguard.domain.errors import CredGuardError
from credguard.gui.journeys.first_run_parts import centred
from credguard.gui.pages.page import clear
from credguard.gui.theme import theme
from credguard.gui.translate import words
from credguard.gui.widgets.button import Button, Link
from credguard.gui.widgets.moving import StepDots
from credguard.gui.widgets.scroll import ScrollArea
from credguard.gui.widgets.steps import SafeBox
from credguard.gui.widgets.text import Text

if TYPE_CHECKING:
    from credguard.gui.window import Window

WELCOME, FOUND, MOVING, DONE = range(4)


class Journey(QWidget):
    """What every screen shares."""

    def __init__(self, window: Window) -> None:
        super().__init__()
        self.window_ = window
        self._go: Button | None = None
        self._outdent = False
        self._back: Callable[[], None] = window.leave_journey
        self._column = QWidget()
        self._body = QVBoxLayout(self._column)
        self._body.setContentsMargins(0, 0, 0, 0)
        self._body.setSpacing(0)
        content = QWidget()
        self._centre = QHBoxLayout(content)
        self._centre.setSpacing(0)
        self._centre.addStretch(1)
        self._centre.addWidget(self._column)
        self._centre.addStretch(1)
        self._foot_holder = QWidget()
        self._foot = QBoxLayout(QBoxLayout.Direction.LeftToRight, self._foot_holder)
        self._foot.setSpacing(8)
        self._dots = StepDots()
        outer = QVBoxLayout(self)
        outer.setSpacing(0)
        outer.addWidget(ScrollArea(content, over=True), 1)
        outer.addSpacing(16)
        outer.addLayout(centred(self._foot_holder))
        outer.addSpacing(28)
        outer.addLayout(centred(self._dots))
        self.measure()

    # ── the frame ────────────────────────────────────────────────────────────────────────────────
    def measure(self) -> None:
        """The column is 600 wide, less in a narrow window; a low window has less air."""
        wide = min(theme().u(600), max(320, self.width() - 64))
        self._column.setFixedWidth(wide)
        # A quiet button begins before the column, so that its icon meets the column's edge.
        self._foot_holder.setFixedWidth(wide + 2 * theme().u(16))
        self._foot.setContentsMargins(0 if self._outdent else theme().u(16), 0, theme().u(16), 0)
        low = self.height() < 700
        self._centre.setContentsMargins(0, 32 if low else 96, 0, 0)
        layout = self.layout()
        if layout is not None:
            layout.setContentsMargins(0, 0, 0, 20 if low else 32)
        large, way = theme().scale >= 1.5, QBoxLayout.Direction
        self._foot.setDirection(way.BottomToTop if large else way.LeftToRight)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.measure()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._dots.at != MOVING:
            self._back()
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            if self._go is not None and self._go.isEnabled():
                self._go.click()
        else:
            super().keyPressEvent(event)

    def _screen(self, at: int, title: str, sentence: str, mark: QWidget | None = None, gap: int = 0) -> None:
        clear(self._body)
        clear(self._foot)
        self._go = None
        self._dots.show_at(at)
        self.setAccessibleName(title)
        middle = mark is not None
        if mark is not None:
            self._body.addLayout(centred(mark))
            self._body.addSpacing(20)
        self._body.addWidget(Text(title, "hero", wrap=True, center=middle))
        self._body.addSpacing(5 if middle else 3)
        self._body.addWidget(Text(sentence, "body14", "text2", wrap=True, center=middle))
        self._body.addSpacing(gap or (31 if at == WELCOME and middle else 27 if middle else 23))

    def _feet(self, left: Button | None, go: Button | None, note: str = "") -> None:
        """Back left, on right; the primary one has the focus."""
        self._body.addStretch(1)
        self._outdent = left is not None and not isinstance(left, Link)
        self.measure()
        if left is not None:
            line = QHBoxLayout()
            line.addWidget(left)
            line.addStretch(1)
            self._foot.addLayout(line, 1)
        else:
            self._foot.addStretch(1)
        if note:
            self._foot.addWidget(Text(note, color="text2", wrap=True))
        if go is not None:
            self._go = go
            end = QHBoxLayout()
            end.addStretch(1)
            end.addWidget(go)
            self._foot.addLayout(end)
            go.setFocus()
        else:
            self.setFocus()

    def _problem(self, at: int, error: CredGuardError, again: Callable[[], None]) -> None:
        """What did not work, what is safe, what to do."""
        self._screen(at, "This did not work", words(error.what))
        kept = words(error.kept) if error.kept is not None else "Your files are as they were."
        self._body.addWidget(SafeBox([kept], [words(error.next)]))
        self._back = self.window_.leave_journey
        back = Button("Leave", "quiet", "x", 40)
        back.clicked.connect(self.window_.leave_journey)
        go = Button("Try again", "primary", "", 40)
        go.clicked.connect(again)
        self._feet(back, go)
