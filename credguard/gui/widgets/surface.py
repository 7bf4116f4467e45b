"""Surfaces: cards, separators, icon tiles, dots, banners, notes."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from credguard.gui.icons import paint_icon
from credguard.gui.theme import LARGE, theme
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.marks import Pill
from credguard.gui.widgets.text import Text

__all__ = [
    "Banner",
    "Card",
    "ClickCard",
    "Dot",
    "Icon",
    "IconTile",
    "Note",
    "Pill",
    "Separator",
    "paint_card",
]


def paint_card(
    painter: QPainter,
    rect: QRectF,
    fill: str = "card",
    border: str = "border",
    bar: str = "",
    radius: float = 12,
    pen: float = 1,
) -> None:
    """A rounded surface; `bar` is a colour token, 5 px wide and clipped to the corner."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    inner = rect.adjusted(pen / 2, pen / 2, -pen / 2, -pen / 2)
    path = QPainterPath()
    path.addRoundedRect(inner, radius, radius)
    painter.fillPath(path, theme().color(fill))
    if bar:
        painter.save()
        painter.setClipPath(path)
        painter.fillRect(QRectF(rect.left(), rect.top(), 5, rect.height()), theme().color(bar))
        painter.restore()
    painter.setPen(QPen(theme().color(border), pen))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(path)


class Card(QWidget):
    """A card: border, radius 12, no shadow; `bar` is the name of an account's colour."""

    def __init__(
        self,
        bar: str = "",
        fill: str = "card",
        border: str = "border",
        name: str = "",
        parent: QWidget | None = None,
        radius: float = 12,
    ) -> None:
        super().__init__(parent)
        self.bar, self._fill, self._border, self._radius = bar, fill, border, radius
        self.setObjectName(name or "card")
        self.setAccessibleName(name)

    def paintEvent(self, event: QPaintEvent) -> None:
        bar = f"account:{self.bar}" if self.bar else ""
        paint_card(QPainter(self), QRectF(self.rect()), self._fill, self._border, bar, self._radius)


class ClickCard(QAbstractButton):
    """A card that opens something: it is one button, whole, for mouse, keyboard and screen reader."""

    activated = Signal()
    focus_radius = 12

    def __init__(self, bar: str = "", name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bar = bar
        self.setObjectName(name or "card")
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        # A button would rather not be smaller than its hint; a card gives way to the window.
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.clicked.connect(lambda: self.activated.emit())

    def sizeHint(self) -> QSize:
        layout = self.layout()
        return layout.sizeHint() if layout is not None else QSize(400, theme().u(100))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.click()
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        border = "border2" if self.underMouse() else "border"
        bar = f"account:{self.bar}" if self.bar else ""
        paint_card(QPainter(self), QRectF(self.rect()), border=border, bar=bar)


class Separator(QWidget):
    """A line, from `left` to the card's right edge."""

    def __init__(self, left: int = 0) -> None:
        super().__init__()
        self._left = left
        self.setFixedHeight(1)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(QRectF(self._left, 0, self.width() - self._left, 1), theme().color("border"))


class _Square(QLabel):
    """A picture without words of a fixed size; silent for screen readers unless it has a name."""

    def __init__(self, width: int, height: int = 0) -> None:
        super().__init__()
        self._wide, self._high = width, height or width
        self.measure()

    def measure(self) -> None:
        self.setFixedSize(theme().u(self._wide), theme().u(self._high))


class IconTile(_Square):
    """An icon on a tinted tile: neutral, warn, danger, card, warn_card or danger_solid."""

    _TINTS: ClassVar[dict[str, tuple[str, str]]] = {
        "neutral": ("sunken", "text2"), "warn": ("warn_bg", "warn"), "danger": ("danger_bg", "danger"),
        "card": ("card", "text2"), "warn_card": ("card", "warn"), "danger_solid": ("danger_f", "on"),
        "accent": ("accent_bg", "accent_t"), "ok": ("ok_bg", "ok"),
    }  # fmt: skip

    def __init__(self, icon: str, tint: str = "neutral", size: int = 36, icon_size: int = 18) -> None:
        self._icon, self._tint, self._icon_side = icon, tint, icon_size
        super().__init__(size)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        fill, ink = self._TINTS[self._tint]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color(fill))
        radius = 9 if self._wide < 40 else 10 if self._wide < 48 else 12
        painter.drawRoundedRect(QRectF(self.rect()), radius, radius)
        side = theme().u(self._icon_side)
        box = QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)
        paint_icon(painter, self._icon, box, theme().color(ink))


class Icon(_Square):
    """One icon in a colour token."""

    def __init__(self, name: str, size: int = 18, color: str = "text2", stroke: float | None = None) -> None:
        self._name, self._color, self._stroke = name, color, stroke
        super().__init__(size)

    def set_icon(self, name: str, color: str = "") -> None:
        self._name, self._color = name, color or self._color
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        color = theme().color(self._color)
        paint_icon(QPainter(self), self._name, QRectF(self.rect()), color, self._stroke)


class Dot(_Square):
    """An account's 8-px dot; the name always stands beside it."""

    def __init__(self, color: str, size: int = 8) -> None:
        self._color = color
        super().__init__(size)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color(f"account:{self._color}"))
        painter.drawEllipse(QRectF(self.rect()))


class Banner(Card):
    """danger (root, leak), warn (a thing refused), neutral (offline): one line and one button."""

    pressed = Signal()

    def __init__(self, kind: str, icon: str, title: str, line: str, action: str = "") -> None:
        fill, border, tint = {
            "danger": ("danger_bg", "danger_bd", "danger_solid"),
            "warn": ("warn_bg", "warn_bd", "warn_card"),
            "neutral": ("sunken", "border", "card"),
        }[kind]
        super().__init__(fill=fill, border=border, name="banner")
        self.setAccessibleName(f"{title}. {line}")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(16)
        tile = QVBoxLayout()
        tile.addWidget(IconTile(icon, tint, 40, 22))
        tile.addStretch(1)
        layout.addLayout(tile)
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(Text(title, "name", "danger" if kind == "danger" else "text", wrap=True))
        words.addWidget(Text(line, wrap=True))
        layout.addLayout(words, 1)
        self.button: Button | None = None
        if action:
            self.button = Button(action, "danger" if kind == "danger" else "secondary", name=action)
            self.button.clicked.connect(self.pressed)
            if theme().scale < LARGE:
                layout.addWidget(self.button)
            else:
                below = QHBoxLayout()
                below.setContentsMargins(0, 8, 0, 0)
                below.addWidget(self.button)
                below.addStretch(1)
                words.addLayout(below)


class Note(Card):
    """What stays true (an honest limit), never a warning: sunken, at most two lines."""

    def __init__(self, words: str, icon: str = "info") -> None:
        super().__init__(fill="sunken", name="note", radius=8)
        self.setAccessibleName(words)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 10)
        layout.setSpacing(12)
        side = QVBoxLayout()
        side.setContentsMargins(0, 2, 0, 0)
        side.addWidget(Icon(icon, 16))
        side.addStretch(1)
        layout.addLayout(side)
        layout.addWidget(Text(words, color="text2", wrap=True), 1)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
