"""A choice from a list that opens: QComboBox with the look of a field, a colour dot and a chevron."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QComboBox, QSizePolicy, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from credguard.gui.icons import paint_icon
from credguard.gui.theme import theme
from credguard.gui.widgets.button import object_name
from credguard.gui.widgets.text import draw

_COLOR = Qt.ItemDataRole.UserRole + 1


def _paint(painter: QPainter, rect: QRectF, words: str, color: str, ink: str) -> None:
    u, x = theme().u, rect.left()
    if color:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color(f"account:{color}"))
        painter.drawEllipse(QRectF(x, rect.center().y() - u(4), u(8), u(8)))
        x += u(16)
    draw(painter, QRectF(x, rect.top(), rect.right() - x, rect.height()), words, "body", ink)


class _Row(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(theme().u(120), theme().u(32))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        rect = QRectF(option.rect)
        on = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.fillRect(rect, theme().color("hover" if on else "card"))
        words, color = str(index.data() or ""), str(index.data(_COLOR) or "")
        _paint(painter, rect.adjusted(theme().u(12), 0, -theme().u(12), 0), words, color, "text")
        painter.restore()


class Select(QComboBox):
    """`chosen` gives the key of an item when a person picks it."""

    chosen = Signal(str)

    def __init__(
        self, items: Sequence[tuple[str, str, str]], name: str, at: str = "", height: int = 32
    ) -> None:
        """`items`: (key, words, account colour or ""). `name` is what a screen reader says."""
        super().__init__()
        self._height = height
        self.setAccessibleName(name)
        self.setObjectName(object_name(name))
        self.setItemDelegate(_Row(self))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        for key, words, color in items:
            self.addItem(words, key)
            self.setItemData(self.count() - 1, color, _COLOR)
        if at:
            self.select(at)
        self.activated.connect(lambda _: self.chosen.emit(self.current()))
        self.measure()

    def measure(self) -> None:
        self.setFont(theme().font("body"))
        self.setFixedHeight(theme().u(self._height))

    def select(self, key: str) -> None:
        """Show `key`, without a signal."""
        at = self.findData(key)
        if at >= 0:
            self.setCurrentIndex(at)

    def current(self) -> str:
        return str(self.currentData() or "")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.showPopup()
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        u, on = theme().u, self.isEnabled()
        painter.setPen(QPen(theme().color("field" if on else "border"), 1))
        painter.setBrush(theme().color("card" if on else "sunken"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        room = QRectF(u(12), 0, self.width() - u(44), self.height())
        color = str(self.itemData(self.currentIndex(), _COLOR) or "")
        _paint(painter, room, self.currentText(), color, "text" if on else "disabled")
        box = QRectF(self.width() - u(27), (self.height() - u(16)) / 2, u(16), u(16))
        paint_icon(painter, "chevron-down", box, theme().color("text2" if on else "disabled"))
