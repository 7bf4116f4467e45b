"""What Settings and its sub pages are made of: groups as cards, rows, and a change that applies at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from credguard.domain.errors import CredGuardError
from credguard.gui.pages.page import Page
from credguard.gui.theme import LARGE, theme
from credguard.gui.translate import words
from credguard.gui.widgets.rows import RowList
from credguard.gui.widgets.surface import Card, ClickCard, Icon
from credguard.gui.widgets.text import Text

if TYPE_CHECKING:
    from credguard.gui.window import Window


class SettingPage(Page):
    """A page of settings. `change` writes them; where that fails the page jumps back and says why."""

    gap = 16

    def __init__(self, window: Window, title: str, sub: str, back: str = "") -> None:
        super().__init__(window, title, sub, back)
        self._wanted: list[tuple[str, str]] = []
        self._writing = False

    def group(self, title: str, rows: Sequence[QWidget], aside: str = "") -> None:
        """A card of rows under its title; `aside` stands beside the title."""
        group = QVBoxLayout()
        group.setSpacing(8)
        head: QVBoxLayout | QHBoxLayout = QVBoxLayout() if theme().scale >= LARGE else QHBoxLayout()
        head.setSpacing(10 if isinstance(head, QHBoxLayout) else 0)
        head.addWidget(Text(title, "strong", "text2"))
        if aside:
            head.addWidget(Text(aside, color="text2", wrap=theme().scale >= LARGE), 1)
        group.addLayout(head)
        card = Card(name=title)
        listed = RowList(card, indent=20)
        listed.setContentsMargins(0, 0, 0, 0)
        for row in rows:
            listed.add(row)
        group.addWidget(card)
        self.content.addLayout(group)

    def change(self, *changes: tuple[str, str]) -> None:
        """Set (name, word) one after the other, then show what is so."""
        # Never two at once: a person who holds an arrow key asks for many, and the last one counts.
        self._wanted.extend(changes)
        if not self._writing:
            self._write()

    def _write(self) -> None:
        services, changes = self.window_.services, list(self._wanted)
        self._wanted.clear()
        self._writing = True

        def write() -> None:
            for name, word in changes:
                services.change_setting(name, word)

        def ended() -> None:
            self._writing = False
            if self._wanted:
                self._write()
            else:
                self.reload()

        def done(_: object) -> None:
            for name, word in changes:
                if name == "theme":
                    theme().set_mode(word)  # type: ignore[arg-type]
                elif name == "reduced_motion":
                    theme().reduced_motion = word == "on"
                elif name == "tray" and self.window_.tray is not None:
                    self.window_.tray.follow()
                elif name == "hide_from_sharing":
                    self.window_.follow_sharing()
            ended()

        def failed(error: CredGuardError) -> None:
            self.window_.toast.say(words(error.what), icon="triangle-alert")
            ended()  # it jumps back

        self.window_.tasks.run(lambda tell: write(), done, failed, quick=True)


class OpenRow(ClickCard):
    """A row that opens a page of its own: its present state as second line, and a chevron."""

    focus_radius = 8

    def __init__(self, title: str, line: str) -> None:
        super().__init__(name=title)
        self.setObjectName(title.lower().replace(" ", "-"))
        self.setAccessibleDescription(line)
        large = theme().scale >= LARGE
        layout = QHBoxLayout(self)
        layout.setContentsMargins(20, 9, 16, 9)
        layout.setSpacing(12)
        text = QVBoxLayout()
        text.setSpacing(0)
        text.addWidget(Text(title, "row", wrap=large))
        text.addWidget(Text(line, color="text2", wrap=large))
        layout.addLayout(text, 1)
        layout.addWidget(Icon("chevron-right", 16))

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self.underMouse():
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme().color("hover"))
        painter.setBrush(theme().color("hover"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(2, 2, -2, -2), 8, 8)


def setting_row(title: str, line: str, *controls: QWidget) -> QWidget:
    """Title over its line, the controls right; with large text below them."""
    holder = QWidget()
    large = theme().scale >= LARGE
    text = QVBoxLayout()
    text.setSpacing(0)
    text.addWidget(Text(title, "row", wrap=large))
    if line:
        text.addWidget(Text(line, color="text2", wrap=large))
    layout = QVBoxLayout(holder) if large else QHBoxLayout(holder)
    layout.setContentsMargins(20, 9, 16, 9)
    layout.setSpacing(12 if large else 8)
    if isinstance(layout, QHBoxLayout):
        layout.addLayout(text, 1)
        for control in controls:
            layout.addWidget(control)
        return holder
    layout.addLayout(text)
    if controls:
        below = QHBoxLayout()
        for control in controls:
            below.addWidget(control)
        below.addStretch(1)
        layout.addLayout(below)
    return holder


def duration(minutes: int) -> str:
    """`15 minutes`, `8 hours`."""
    count, unit = (minutes // 60, "hour") if minutes % 60 == 0 else (minutes, "minute")
    return f"{count} {unit}{'' if count == 1 else 's'}"
