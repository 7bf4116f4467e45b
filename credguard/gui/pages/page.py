"""What every page has: the header with its title and sub line, the scrolling content, a reload."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLayout, QVBoxLayout, QWidget

from credguard.gui.widgets.button import Button
from credguard.gui.widgets.scroll import ScrollArea
from credguard.gui.widgets.text import Text

if TYPE_CHECKING:
    from credguard.gui.window import Window


def clear(layout: QLayout) -> None:
    """Take everything out of a layout."""
    while (item := layout.takeAt(0)) is not None:
        widget, inner = item.widget(), item.layout()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
        elif inner is not None:
            clear(inner)


class Page(QWidget):
    """Title at y 24, sub line under it, actions right; the content column is 960 wide at most."""

    widest = 960

    def __init__(self, window: Window, title: str, sub: str = "", back: str = "") -> None:
        super().__init__()
        self.window_ = window
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        self._column = QWidget()
        column = QVBoxLayout(self._column)
        column.setContentsMargins(32, 24, 32, 0)
        column.setSpacing(0)
        self.title, self.sub = Text(title, "title"), Text(sub, color="text2")
        if back:
            link = Button(back, "quiet", "arrow-left", 28, name=f"Back to {back}")
            link.clicked.connect(window.back)
            holder = QHBoxLayout()
            holder.setContentsMargins(0, 0, 0, 0)
            link.setContentsMargins(0, 0, 0, 0)
            holder.addWidget(link)
            holder.addStretch(1)
            column.setContentsMargins(32, 16, 32, 0)
            holder.setContentsMargins(-10, 0, 0, 0)
            column.addLayout(holder)
            column.addSpacing(4)
        self.head = QHBoxLayout()
        self.head.setSpacing(8)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.title)
        words.addWidget(self.sub)
        self.head.addLayout(words, 1)
        if title or not back:
            column.addLayout(self.head)
            column.addSpacing(20)
        content = QWidget()
        self.content = QVBoxLayout(content)
        self.content.setContentsMargins(32, 0, 32, 24)
        self.content.setSpacing(16)
        self._scroll = ScrollArea(content)
        for part in (self._column, content):
            part.setMaximumWidth(self.widest)
        top = QHBoxLayout()
        top.setContentsMargins(0, 0, 0, 0)
        top.addStretch(1)
        top.addWidget(self._column, 1000)
        top.addStretch(1)
        outer.addLayout(top)
        self._scroll.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        outer.addWidget(self._scroll, 1)

    def reload(self) -> None:
        """Read again what is shown; called when the page becomes visible and after changes."""

    def search(self) -> None:
        """Ctrl F and /."""
