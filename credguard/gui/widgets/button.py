"""Buttons: QPushButton with our painting, so keyboard and accessibility come free."""

from __future__ import annotations

import math
from typing import Literal

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from credguard.gui.icons import paint_icon
from credguard.gui.theme import theme
from credguard.gui.widgets.text import draw, width_of

Kind = Literal["primary", "secondary", "quiet", "danger", "danger2", "warn", "red"]
_PADDING = {20: 3, 28: 10, 32: 12, 40: 16}


def object_name(words: str) -> str:
    """The name that tests and tools find a control by."""
    return words.lower().replace(" ", "-")


class Button(QPushButton):
    """`kind` and `height` (28, 32, 40) as the design names them; `warn` and `red` are quiet ones in a colour.

    `trailing` puts the icon behind the words, `key` shows a key's name small after them. Without words it
    is square and `name` is its tooltip. A "&" is a letter: names of accounts may have one. A quiet button
    at a left edge stands in `outdented(button)`, so that its icon meets that edge.
    """

    def __init__(
        self,
        text: str,
        kind: Kind = "secondary",
        icon: str = "",
        height: int = 32,
        trailing: bool = False,
        name: str = "",
        parent: QWidget | None = None,
        key: str = "",
    ) -> None:
        super().__init__(parent)
        self.kind: Kind = kind
        self.icon_name, self._height, self._trailing = icon, height, trailing
        self._words, self._name, self._key, self._compact = "", name, key, False
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAutoDefault(True)  # Enter presses it, as everywhere but in Qt's own dialogs
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setObjectName(object_name(name or text))
        self.setText(text)

    def setText(self, text: str) -> None:
        """New words; the accessible name follows unless one was given."""
        self._words = text
        super().setText(text.replace("&", "&&"))
        self.setAccessibleName(self._name or text)
        if not text:
            self.setToolTip(self._name)
        self.updateGeometry()

    def text(self) -> str:
        return self._words

    def set_compact(self, compact: bool) -> None:
        """The icon alone, with the name as tooltip: where there is no room for the words."""
        if compact == self._compact or not self.icon_name:
            return
        self._compact = compact
        self.setToolTip(self.accessibleName() if compact else "")
        self.updateGeometry()
        self.update()

    def full_width(self) -> int:
        """How wide it is with its words."""
        return math.ceil(self._content() + 2 * self.padding())

    def _alone(self) -> bool:
        return self._compact or not self._words

    def _role(self) -> str:
        return "button40" if self._height == 40 else "button"

    def _icon_size(self) -> int:
        return theme().u(14 if self._height == 20 else 16)

    def padding(self) -> int:
        return theme().u(_PADDING[self._height])

    def _content(self) -> float:
        width = width_of(self._words, self._role())
        if self.icon_name:
            width += self._icon_size() + theme().u(6)
        if self._key:
            width += theme().u(10) + width_of(self._key, "pill")
        return width

    def sizeHint(self) -> QSize:
        high = theme().u(self._height)
        return QSize(high if self._alone() else self.full_width(), high)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def _colors(self) -> tuple[QColor | None, QColor | None, str]:
        """Fill, border, and the token of words and icon."""
        c = theme().color
        if not self.isEnabled():
            if self.kind in {"primary", "danger"}:
                return c("hover"), None, "disabled"
            border = {"secondary": c("border"), "danger2": c("danger_bd")}.get(self.kind)
            return (c("card") if border else None), border, "disabled"
        hover, down = self.underMouse(), self.isDown()
        state = "_p" if down else "_h" if hover else ""
        if self.kind == "primary":
            return c("accent" + state), None, "on"
        if self.kind == "danger":
            return c("danger" + (state or "_f")), None, "on"
        if self.kind == "danger2":
            return c("danger_bg") if hover or down else c("card"), c("danger_bd"), "danger"
        fill = c("pressed") if down else c("hover") if hover else None
        if self.kind == "secondary":
            return fill or c("card"), c("border2"), "text"
        words = {"warn": "warn", "red": "danger"}.get(self.kind, "text" if hover or down else "text2")
        return fill, None, words

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        u = theme().u
        fill, border, words = self._colors()
        rect = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5) if border else QRectF(self.rect())
        if fill is not None or border is not None:
            painter.setPen(QPen(border, 1) if border else Qt.PenStyle.NoPen)
            painter.setBrush(fill if fill is not None else Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(rect, u(8), u(8))
        color = theme().color(words)
        if self._alone():
            side = self._icon_size() if self._height < 40 else u(18)
            box = QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)
            paint_icon(painter, self.icon_name, box, color)
            return
        size = self._icon_size()
        # A button that a layout has stretched keeps its words in the middle.
        spare = self.width() - self.sizeHint().width()
        x = self.padding() + max(0.0, spare / 2)
        top = (self.height() - size) / 2
        if self.icon_name and not self._trailing:
            paint_icon(painter, self.icon_name, QRectF(x, top, size, size), color)
            x += size + u(6)
        room = QRectF(x, 0, self.width() - x, self.height())
        x += draw(painter, room, self._words, self._role(), words)
        if self._key:
            painter.setOpacity(0.8)
            rest = QRectF(x + u(10), 0, self.width() - x, self.height())
            draw(painter, rest, self._key, "pill", words)
            painter.setOpacity(1.0)
        if self.icon_name and self._trailing:
            paint_icon(painter, self.icon_name, QRectF(x + u(6), top, size, size), color)


def outdented(button: Button, *others: QWidget | None) -> QHBoxLayout:
    """A row that starts with a quiet button whose icon meets the left edge; None is the stretch."""
    layout = QHBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(8)
    # Not a negative margin: a layout takes that for "as the style likes it".
    layout.addSpacing(-button.padding())
    layout.addWidget(button)
    for other in others or (None,):
        if other is None:
            layout.addStretch(1)
        else:
            layout.addWidget(other)
    return layout


class Link(Button):
    """A word that does something: no padding, accent colour."""

    def __init__(self, text: str, name: str = "", color: str = "accent_t", role: str = "strong") -> None:
        self._color, self._link_role = color, role
        super().__init__(text, "quiet", height=28, name=name)

    def sizeHint(self) -> QSize:
        return QSize(math.ceil(width_of(self.text(), self._link_role)), theme().u(20))

    def paintEvent(self, event: QPaintEvent) -> None:
        color = self._color if self.isEnabled() else "disabled"
        painter = QPainter(self)
        if self.underMouse() and self.isEnabled():
            width = width_of(self.text(), self._link_role)
            painter.fillRect(QRectF(0, self.height() - 2, width, 1), theme().color(color))
        draw(painter, QRectF(self.rect()), self.text(), self._link_role, color)
