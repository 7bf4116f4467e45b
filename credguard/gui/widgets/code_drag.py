"""Dragging a code's card to another place among the cards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, QRect, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget

from credguard.gui.theme import theme

if TYPE_CHECKING:
    from credguard.gui.widgets.code import CodeCard
    from credguard.gui.widgets.code_grid import CodeGrid

#: So near to the edge the cards scroll while one is dragged (pixels).
_EDGE = 40


class _Mark(QWidget):
    """A line where the card would stand."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("drop-mark")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), theme().color("accent"))


class CardDrag:
    """The mouse goes down on a card, moves further than a click does, and comes up elsewhere."""

    def __init__(self, grid: CodeGrid) -> None:
        self._grid = grid
        self._mark = _Mark(grid.viewport())
        self._from: QPoint | None = None
        self._card: CodeCard | None = None
        self._to: int | None = None

    def mouse(self, card: CodeCard, event: QMouseEvent) -> bool:
        """Whether the event is part of dragging, and none of the card's."""
        kind, at = event.type(), event.position().toPoint()
        if kind == QEvent.Type.MouseButtonPress and event.button() == Qt.MouseButton.LeftButton:
            self._from = at
        elif kind == QEvent.Type.MouseMove and self._from is not None:
            far = (at - self._from).manhattanLength() >= QApplication.startDragDistance()
            if self._card is None and far:
                self._card = card
                card.setDown(False)
                card.setCursor(Qt.CursorShape.ClosedHandCursor)
            if self._card is not None:
                self._over(card.mapTo(self._grid.viewport(), at))
                return True
        elif kind == QEvent.Type.MouseButtonRelease and self._from is not None:
            self._from = None
            if self._card is not None:
                self._drop()
                return True
        return False

    def cancel(self) -> bool:
        """Leave it where it was; whether one was dragged."""
        dragged = self._card is not None
        if self._card is not None:
            self._card.setCursor(Qt.CursorShape.PointingHandCursor)
        self._card, self._to, self._from = None, None, None
        self._mark.hide()
        return dragged

    def _over(self, at: QPoint) -> None:
        """The mark between the two cards that are nearest."""
        grid, bar = self._grid, self._grid.verticalScrollBar()
        if at.y() < _EDGE or at.y() > grid.viewport().height() - _EDGE:
            bar.setValue(bar.value() + (-_EDGE if at.y() < _EDGE else _EDGE) // 2)
        sizes, offset = grid.sizes(), bar.value()
        line = max(0, (at.y() + offset - sizes.top) // (sizes.height + 16))
        if sizes.columns == 1:
            inside = (at.y() + offset - sizes.top) % (sizes.height + 16)
            place = line + (inside > sizes.height / 2)
        else:
            column = round((at.x() - sizes.left) / (sizes.width + 16))
            place = line * sizes.columns + max(0, min(sizes.columns, column))
        self._to = max(0, min(len(grid.rows), place))
        # Behind the last of a line rather than before the first of the next.
        behind = self._to > 0 and (self._to == len(grid.rows) or self._to == (line + 1) * sizes.columns)
        box = sizes.box(self._to - 1 if behind else self._to).translated(0, -offset)
        if sizes.columns == 1:
            y = box.bottom() + 8 if behind else box.top() - 9
            self._mark.setGeometry(QRect(box.left(), y, box.width(), 3))
        else:
            x = box.right() + 7 if behind else box.left() - 9
            self._mark.setGeometry(QRect(x, box.top(), 3, box.height()))
        self._mark.show()
        self._mark.raise_()

    def _drop(self) -> None:
        card, to, rows = self._card, self._to, self._grid.rows
        self.cancel()
        at = self._grid.place_of(card) if card is not None else None
        if card is None or to is None or at is None or to in {at, at + 1}:
            return
        self._grid.moved.emit(card.code.entry_id, rows[to].entry_id if to < len(rows) else "")
