"""A scroll area that paints nothing of its own; its scroll bar is the only style sheet there is."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from credguard.gui.theme import theme


class ScrollArea(QScrollArea):
    """Only the content scrolls; rail, header and dialog foot stay.

    The content gets the height that its text needs at this width. (Qt's own resizing takes the smallest
    size instead, in which wrapped text is narrow and very high.)
    """

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        self.setWidget(content)
        content.setAutoFillBackground(False)  # setWidget turns it on: a dialog would show the page's colour
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._style()
        theme().changed.connect(self._style)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()
        super().resizeEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest and watched is self.widget():
            self._fit()
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        content = self.widget()
        if content is None:
            return
        room = self.maximumViewportSize()
        width = min(room.width(), content.maximumWidth())
        if _needed(content, width) > room.height():
            width = min(room.width() - self.verticalScrollBar().sizeHint().width(), content.maximumWidth())
        content.resize(width, max(room.height(), _needed(content, width)))

    def _style(self) -> None:
        handle = theme().color("border2").name()
        self.verticalScrollBar().setStyleSheet(
            "QScrollBar:vertical { background: transparent; width: 12px; margin: 0; }"
            f"QScrollBar::handle:vertical {{ background: {handle}; border-radius: 4px; min-height: 32px;"
            " margin: 2px; }"
            "QScrollBar::add-line, QScrollBar::sub-line { height: 0; }"
            "QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }"
        )


def _needed(content: QWidget, width: int) -> int:
    """How high `content` has to be at this width."""
    layout = content.layout()
    if layout is None:
        return content.sizeHint().height()
    if layout.hasHeightForWidth():
        return layout.totalHeightForWidth(width)
    return layout.totalSizeHint().height()
