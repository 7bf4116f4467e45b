"""A scroll area that paints nothing of its own; its scroll bar is the only style sheet there is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from credguard.gui.theme import theme


class ScrollArea(QScrollArea):
    """Only the content scrolls; rail, header and dialog foot stay."""

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        self.setWidget(content)
        content.setAutoFillBackground(False)  # setWidget turns it on: a dialog would show the page's colour
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._style()
        theme().changed.connect(self._style)

    def _style(self) -> None:
        handle = theme().color("border2").name()
        self.verticalScrollBar().setStyleSheet(
            "QScrollBar:vertical { background: transparent; width: 12px; margin: 0; }"
            f"QScrollBar::handle:vertical {{ background: {handle}; border-radius: 4px; min-height: 32px;"
            " margin: 2px; }"
            "QScrollBar::add-line, QScrollBar::sub-line { height: 0; }"
            "QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }"
        )
