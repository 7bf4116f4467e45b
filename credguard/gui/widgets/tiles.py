"""Ways to choose from, code pairs, skeletons while something loads."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QBoxLayout,
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QWidget,
)

from credguard.domain.otp import grouped
from credguard.gui.icons import paint_icon
from credguard.gui.theme import LARGE, theme
from credguard.gui.widgets.button import Button, object_name
from credguard.gui.widgets.gauges import TimeRing, bar
from credguard.gui.widgets.surface import paint_card
from credguard.gui.widgets.text import draw


class WayTile(QAbstractButton):
    """One of several ways: icon, title, hint; 92 high."""

    focus_radius = 10

    def __init__(self, icon: str, title: str, hint: str) -> None:
        super().__init__()
        self._icon, self._title, self._hint_words = icon, title, hint
        self.setCheckable(True)
        self.setAccessibleName(title)
        self.setAccessibleDescription(hint)
        self.setObjectName(f"way-{object_name(title)}")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_hint(self, hint: str) -> None:
        """`one QR code found`."""
        self._hint_words = hint
        self.setAccessibleDescription(hint)
        self.update()

    def measure(self) -> None:
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(theme().u(152), theme().u(92))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().u(100), theme().u(92))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        u, on, enabled = theme().u, self.isChecked(), self.isEnabled()
        fill = "sel" if on else "hover" if self.underMouse() and enabled else "card"
        border = "accent" if on else "border2"
        paint_card(painter, QRectF(self.rect()), fill, border, radius=10, pen=1.5 if on else 1)
        ink = "accent_t" if on else "text2" if enabled else "disabled"
        paint_icon(painter, self._icon, QRectF(u(14), u(14), u(20), u(20)), theme().color(ink))
        room = self.width() - u(20)
        title = QRectF(u(14), u(43), room, u(20))
        draw(painter, title, self._title, "strong" if on else "button", "text" if enabled else "disabled")
        hint = QRectF(u(14), u(63), room, u(16))
        draw(painter, hint, self._hint_words, "caption", "text2" if enabled else "disabled")


class Ways(QWidget):
    """Tiles in equal columns, one chosen; `chosen` gives the key, arrow keys move."""

    chosen = Signal(str)

    def __init__(self, items: Sequence[tuple[str, str, str, str]], at: str = "") -> None:
        """`items`: (key, icon, title, hint)."""
        super().__init__()
        self.tiles: dict[str, WayTile] = {}
        self._group = QButtonGroup(self)
        layout = self._line = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        self.measure()
        for key, icon, title, hint in items:
            tile = WayTile(icon, title, hint)
            tile.setChecked(key == at)
            tile.clicked.connect(lambda _=False, k=key: self.chosen.emit(k))
            self._group.addButton(tile)
            self.tiles[key] = tile
            layout.addWidget(tile, 1)

    def measure(self) -> None:
        """With large text one stands under the other."""
        way = QBoxLayout.Direction
        self._line.setDirection(way.TopToBottom if theme().scale >= LARGE else way.LeftToRight)

    def current(self) -> str:
        return next((key for key, tile in self.tiles.items() if tile.isChecked()), "")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1}.get(Qt.Key(event.key()))
        keys = list(self.tiles)
        if step is None or not keys:
            super().keyPressEvent(event)
            return
        now = self.current()
        at = (keys.index(now) + step) % len(keys) if now else 0
        self.tiles[keys[at]].setFocus(Qt.FocusReason.TabFocusReason)
        self.tiles[keys[at]].click()


class _CodeBox(QWidget):
    def __init__(self, label: str) -> None:
        super().__init__()
        self.label, self.code = label, ""
        self.copy = Button("", "quiet", "copy", 28, name=f"Copy {label}")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 0, 8, 0)
        layout.addStretch(1)
        layout.addWidget(self.copy)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.measure()

    def measure(self) -> None:
        self.setFixedHeight(theme().u(55))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, u = QPainter(self), theme().u
        paint_card(painter, QRectF(self.rect()), "card", "border2", radius=8)
        draw(painter, QRectF(u(12), u(7), self.width() - u(48), u(16)), self.label, "caption", "text2")
        rect = QRectF(u(12), u(23), self.width() - u(48), u(24))
        draw(painter, rect, grouped(self.code) if self.code else "… …", "next", "text")


class CodePair(QWidget):
    """Two codes in a row, named as AWS names them; `copied` gives 0 or 1."""

    copied = Signal(int)

    def __init__(self, first: str = "MFA code 1", second: str = "MFA code 2") -> None:
        super().__init__()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        self._boxes = (_CodeBox(first), _CodeBox(second))
        for number, box in enumerate(self._boxes):
            box.copy.clicked.connect(lambda _=False, n=number: self.copied.emit(n))
            layout.addWidget(box, 1)
        self._ring = TimeRing()
        layout.addSpacing(12)
        layout.addWidget(self._ring)

    def show_codes(self, first: str, second: str, left: int, period: int) -> None:
        """The two codes and how long the second one lasts (seconds)."""
        for box, code in zip(self._boxes, (first, second), strict=True):
            box.code = code
            box.setAccessibleName(f"{box.label}: {grouped(code)}")
            box.update()
        self._ring.show_time(left, period)


class SkeletonCard(QLabel):
    """The shape of a card while it loads: nothing for 300 ms, then shapes; no shimmer."""

    def __init__(self, height: int = 86, delay: int = 300) -> None:
        super().__init__()
        self._high, self._shown = height, delay <= 0
        self.setAccessibleName("Loading")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.measure()
        if delay > 0:
            QTimer.singleShot(delay, self, self._show)

    def measure(self) -> None:
        self.setFixedHeight(theme().u(self._high))

    def _show(self) -> None:
        self._shown = True
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._shown:
            return
        painter = QPainter(self)
        paint_card(painter, QRectF(self.rect()), bar="border2")
        u, width = theme().u, self.width()
        for top, high, most in ((16, 12, 120), (38, 10, 200), (64, 6, 320)):
            if u(top + high) < self.height():
                bar(painter, QRectF(u(20), u(top), min(u(most), width - u(40)), u(high)), 0, "", "border")
