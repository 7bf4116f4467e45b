"""Small marks beside words: pills, counts, severities, keys to press."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLabel, QSizePolicy

from credguard.gui.icons import paint_icon
from credguard.gui.theme import theme
from credguard.gui.widgets.text import draw, width_of

_CENTRE = Qt.AlignmentFlag.AlignHCenter


class Mark(QLabel):
    """Plain text that sizes itself by its words."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def measure(self) -> None:
        self.updateGeometry()

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()


class Pill(Mark):
    """20 high: solid (ROOT), root, warn, ok, neutral, accent (New); quiet is a tick and a word."""

    _KINDS: ClassVar[dict[str, tuple[str, str, str]]] = {
        "solid": ("danger_f", "danger_f", "on"), "root": ("danger_bg", "danger_bd", "danger"),
        "warn": ("warn_bg", "warn_bd", "warn"), "ok": ("ok_bg", "ok_bd", "ok"),
        "neutral": ("sunken", "border", "text2"), "accent": ("accent_bg", "accent_bg", "accent_t"),
        "quiet": ("", "", "text2"),
    }  # fmt: skip

    def __init__(self, text: str, kind: str = "neutral", icon: str = "", role: str = "") -> None:
        self._kind, self._icon = kind, icon
        self._role_name = role or ("badge" if kind == "solid" else "pill")
        super().__init__(text)

    def _icon_size(self) -> int:
        return theme().u(14 if self._kind == "quiet" else 12)

    def _gap(self) -> int:
        return theme().u(4)

    def sizeHint(self) -> QSize:
        u = theme().u
        width = width_of(self.text(), self._role_name) + (u(2) if self._kind == "quiet" else u(16))
        if self._icon:
            width += self._icon_size() + self._gap() - (0 if self._kind == "quiet" else u(2))
        return QSize(round(width), u(20))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        fill, border, ink = self._KINDS[self._kind]
        if fill:
            painter.setPen(QPen(theme().color(border), 1))
            painter.setBrush(theme().color(fill))
            rect = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
            painter.drawRoundedRect(rect, rect.height() / 2, rect.height() / 2)
        quiet = self._kind == "quiet"
        x = 0.0 if quiet else float(theme().u(6 if self._icon else 8))
        if self._icon:
            size = self._icon_size()
            tone = theme().color("ok" if quiet else ink)
            box = QRectF(x, (self.height() - size) / 2, size, size)
            paint_icon(painter, self._icon, box, tone, 2.25)
            x += size + self._gap()
        draw(painter, QRectF(x, 0, self.width() - x, self.height()), self.text(), self._role_name, ink)


class Badge(Mark):
    """A count of 20 px: danger, warn or neutral."""

    def __init__(self, text: str, kind: str = "neutral") -> None:
        self._kind = kind
        super().__init__(text)

    def sizeHint(self) -> QSize:
        return QSize(round(badge_width(self.text())), theme().u(20))

    def paintEvent(self, event: QPaintEvent) -> None:
        paint_badge(QPainter(self), QRectF(self.rect()), self.text(), self._kind)


def badge_width(text: str) -> float:
    """How wide a badge is: a circle for one digit."""
    return max(theme().u(20), width_of(text, "badge") + theme().u(11))


def paint_badge(painter: QPainter, box: QRectF, text: str, kind: str) -> None:
    """Draw a badge into `box`."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    fill, border, ink = {
        "danger": ("danger_f", "danger_f", "on"), "warn": ("warn_bg", "warn_bd", "warn"),
    }.get(kind, ("railhover", "railhover", "text2"))  # fmt: skip
    painter.setPen(QPen(theme().color(border), 1))
    painter.setBrush(theme().color(fill))
    inner = box.adjusted(0.5, 0.5, -0.5, -0.5)
    painter.drawRoundedRect(inner, inner.height() / 2, inner.height() / 2)
    draw(painter, box, text, "badge", ink, _CENTRE)


_SEVERITIES = {"critical": 3, "high": 3, "medium": 2, "low": 1, "info": 0}


class SeverityGlyph(QLabel):
    """A severity without colour alone: "!" in a square, or 3, 2, 1, 0 of three rising bars."""

    def __init__(self, severity: str) -> None:
        super().__init__()
        self._severity = severity
        self.setAccessibleName(severity)
        self.measure()

    def measure(self) -> None:
        self.setFixedSize(theme().u(20), theme().u(20))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        scale = self.width() / 20
        painter.scale(scale, scale)
        painter.setPen(Qt.PenStyle.NoPen)
        c = theme().color
        if self._severity == "critical":
            painter.setBrush(c("danger_f"))
            painter.drawRoundedRect(QRectF(2, 2, 16, 16), 4, 4)
            painter.setBrush(c("on"))
            painter.drawRoundedRect(QRectF(9, 5, 2, 6.5), 0.5, 0.5)
            painter.drawEllipse(QRectF(8.9, 12.8, 2.2, 2.2))
            return
        tone = {"high": "high", "medium": "warn_g"}.get(self._severity, "text2")
        for number, height in enumerate((5, 9, 13)):
            painter.setBrush(c(tone if number < _SEVERITIES.get(self._severity, 0) else "border2"))
            painter.drawRoundedRect(QRectF(3 + number * 5, 17 - height, 3.5, height), 1, 1)


class KeyHint(Mark):
    """A key to press, as it is written on it."""

    def sizeHint(self) -> QSize:
        u = theme().u
        return QSize(max(u(20), round(width_of(self.text(), "key")) + u(10)), u(20))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme().color("border2"), 1))
        painter.setBrush(theme().color("card"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        draw(painter, QRectF(self.rect()), self.text(), "key", "text2", _CENTRE)
