"""A small window of its own, beside something on the screen; drawn by us, with its shadow."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QWidget

from credguard.gui.theme import theme
from credguard.gui.widgets.overlay import REACH, paint_shadow
from credguard.gui.widgets.surface import paint_card

#: From the edges of the screen and from what it stands beside.
_EDGE = 8


class Floating(QWidget):
    """`panel` is what is seen, and needs a layout. `near` is the point of the screen it stands beside;
    None: the bottom right. In no task bar, above the others, and no window that the program ends with."""

    def __init__(self, wide: int, radius: float) -> None:
        flags = Qt.WindowType
        super().__init__(
            None,
            flags.Tool
            | flags.FramelessWindowHint
            | flags.WindowStaysOnTopHint
            | flags.NoDropShadowWindowHint,
        )
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)
        self._wide, self._radius = wide, radius
        self.near: QPoint | None = None
        self._shadow: tuple[tuple[QSize, bool], QPixmap] | None = None
        # On X11 nobody says whether one can see through: there it has a line in place of the shadow.
        self.margin = 0 if QGuiApplication.platformName() == "xcb" else REACH
        self.panel = QWidget(self)

    def _free(self) -> QRect:
        screen = QGuiApplication.screenAt(self.near) if self.near is not None else None
        screen = screen or QGuiApplication.primaryScreen()
        return screen.availableGeometry() if screen is not None else self.rect()

    def _width(self) -> int:
        return min(theme().u(self._wide), self._free().width() - 2 * _EDGE)

    def needed(self) -> int:
        """How high everything in the panel is."""
        layout = self.panel.layout()
        if layout is None:
            return 0
        layout.activate()
        if layout.hasHeightForWidth():
            return layout.totalHeightForWidth(self._width())
        return layout.totalSizeHint().height()

    def room(self) -> int:
        """How high it can be on this screen."""
        return self._free().height() - 2 * _EDGE

    def measure(self) -> None:
        self.place()

    def place(self) -> None:
        """As high as it needs to be, beside `near`, inside what the screen leaves free."""
        wide, high, margin = self._width(), min(self.needed(), self.room()), self.margin
        self.panel.setGeometry(margin, margin, wide, high)
        self.resize(wide + 2 * margin, high + 2 * margin)
        self.move(self._corner(wide, high) - QPoint(margin, margin))
        self.update()

    def _corner(self, wide: int, high: int) -> QPoint:
        free = self._free()
        near = self.near if self.near is not None else free.bottomRight()
        x = min(max(near.x() - wide // 2, free.left() + _EDGE), free.right() - wide - _EDGE + 1)
        y = near.y() + _EDGE if near.y() < free.center().y() else near.y() - high - _EDGE
        return QPoint(x, min(max(y, free.top() + _EDGE), free.bottom() - high - _EDGE + 1))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self.margin:
            key = (self.panel.size(), theme().dark)
            if self._shadow is None or self._shadow[0] != key:
                size, ratio = self.panel.size(), self.devicePixelRatioF()
                self._shadow = key, paint_shadow(size.width(), size.height(), self._radius, ratio)
            painter.drawPixmap(QPoint(0, 0), self._shadow[1])
        border = "border" if self.margin else "border2"
        paint_card(painter, QRectF(self.panel.geometry()), "card", border, radius=self._radius)
