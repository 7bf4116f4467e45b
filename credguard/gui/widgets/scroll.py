"""A scroll area that paints nothing of its own; its scroll bar is the only style sheet there is."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QApplication,
    QFrame,
    QScrollArea,
    QScrollBar,
    QWidget,
)

from credguard.gui.theme import theme

_ARROWS = {Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down}


class OverBar(QScrollBar):
    """A bar that lies over the right padding of `area`'s content, so that nothing moves when it appears."""

    def __init__(self, area: QAbstractScrollArea) -> None:
        super().__init__(Qt.Orientation.Vertical, area)
        self._area = area
        self.setAccessibleName("Scroll")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()
        area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inner = area.verticalScrollBar()
        inner.rangeChanged.connect(self.follow)
        inner.valueChanged.connect(self.setValue)
        self.valueChanged.connect(inner.setValue)

    def follow(self) -> None:
        """The area or its content changed in size."""
        inner, wide = self._area.verticalScrollBar(), self.sizeHint().width()
        self.setRange(inner.minimum(), inner.maximum())
        self.setPageStep(inner.pageStep())
        self.setSingleStep(inner.singleStep())
        self.setGeometry(self._area.width() - wide, 0, wide, self._area.height())
        self.setVisible(inner.maximum() > 0)


def bar_style() -> str:
    """The style sheet of every scroll bar, in the colours of now."""
    handle = theme().color("border2").name()
    return (
        "QScrollBar:vertical { background: transparent; width: 12px; margin: 0; }"
        f"QScrollBar::handle:vertical {{ background: {handle}; border-radius: 4px; min-height: 32px;"
        " margin: 2px; }"
        "QScrollBar::add-line, QScrollBar::sub-line { height: 0; }"
        "QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }"
    )


class ScrollArea(QScrollArea):
    """Only the content scrolls; rail, header and dialog foot stay.

    The content gets the height that its text needs at this width. (Qt's own resizing takes the smallest
    size instead, in which wrapped text is narrow and very high.)

    `over`: the bar lies over the content's right padding, so that nothing moves when it appears.
    """

    def __init__(self, content: QWidget, over: bool = False) -> None:
        super().__init__()
        self._over = OverBar(self) if over else None
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
        self._follow()

    def _follow(self) -> None:
        if self._over is not None:
            self._over.follow()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows walk from card to card: the page's affair. Elsewhere they scroll."""
        if isinstance(QApplication.focusWidget(), QAbstractButton) and event.key() in _ARROWS:
            event.ignore()
            return
        super().keyPressEvent(event)

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
        if self._over is None and _needed(content, width) > room.height():
            width = min(room.width() - self.verticalScrollBar().sizeHint().width(), content.maximumWidth())
        content.resize(width, max(room.height(), _needed(content, width)))

    def _style(self) -> None:
        (self._over or self.verticalScrollBar()).setStyleSheet(bar_style())


def _needed(content: QWidget, width: int) -> int:
    """How high `content` has to be at this width."""
    layout = content.layout()
    if layout is None:
        return content.sizeHint().height()
    if layout.hasHeightForWidth():
        return layout.totalHeightForWidth(width)
    return layout.totalSizeHint().height()
