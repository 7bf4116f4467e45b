"""The lines of the tray: one code, and the alarm."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QEnterEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy

from credguard.gui.icons import paint_icon
from credguard.gui.theme import theme
from credguard.gui.translate import harmless
from credguard.gui.widgets.button import object_name
from credguard.gui.widgets.text import draw, width_of
from credguard.queries.find import Found


class TrayRow(QAbstractButton):
    """The account's colour, name and user, the code right. The field keeps the focus; `entered` by mouse."""

    entered = Signal()

    def __init__(self, found: Found) -> None:
        super().__init__()
        self.found, self.code, self.chosen, self._said = found, "", False, ""
        name = f"{found.title}, {found.user}" if found.user else found.title
        self.setAccessibleName(name)
        self.setObjectName(f"tray-{object_name(name)}")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_code(self, code: str) -> None:
        if code != self.code:
            self.code, self._said = code, ""
            self.setAccessibleDescription(f"code {code}")
            self.update()

    def say(self, words: str) -> None:
        """Why the code cannot be copied now, in its place until the next one comes."""
        self._said = words
        self.setAccessibleDescription(words)
        self.update()

    def set_chosen(self, chosen: bool) -> None:
        self.chosen = chosen
        self.update()

    def measure(self) -> None:
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(theme().u(300), theme().u(50))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().u(120), theme().u(50))

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.entered.emit()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip:
            self.setToolTip(self.accessibleName())
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, u, c = QPainter(self), theme().u, theme().color
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if self.chosen or self.underMouse():
            painter.setBrush(c("sel" if self.chosen else "hover"))
            painter.drawRoundedRect(QRectF(self.rect()), 8, 8)
        painter.setBrush(c(f"account:{self.found.color}" if self.found.color else "border2"))
        painter.drawRoundedRect(QRectF(u(10), (self.height() - u(32)) / 2, 4, u(32)), 2, 2)
        icon = u(16)
        right = self.width() - u(10) - icon
        if self.chosen:
            paint_icon(painter, "copy", QRectF(right, (self.height() - icon) / 2, icon, icon), c("accent_t"))
        right -= u(12)
        shown, role = (self._said, "caption") if self._said else (self.code or "", "next")
        wide = min(width_of(shown, role), self.width() / 2)
        box = QRectF(right - wide, 0, wide, self.height())
        draw(painter, box, shown, role, "text2" if self._said else "text", Qt.AlignmentFlag.AlignRight)
        left = u(26)
        room = max(0.0, box.left() - u(8) - left)
        middle = self.height() / 2
        name, user = harmless(self.found.title), harmless(self.found.user)
        if not user:
            draw(painter, QRectF(left, 0, room, self.height()), name, "strong", "text")
            return
        draw(painter, QRectF(left, middle - u(18), room, u(18)), name, "strong", "text")
        draw(painter, QRectF(left, middle, room, u(18)), user, "caption", "text2")


class AlarmLine(QAbstractButton):
    """A root key or a leak: red, and it opens the page with the way out."""

    focus_radius = 8

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("tray-alarm")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAutoRepeat(False)

    def say(self, words: str) -> None:
        self.setText(words.replace("&", "&&"))
        self.setAccessibleName(words)
        self.setToolTip(words)
        self.update()

    def measure(self) -> None:
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(theme().u(300), theme().u(38))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().u(120), theme().u(38))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, u, c = QPainter(self), theme().u, theme().color
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        on = self.hasFocus()
        painter.setPen(QPen(c("danger" if on else "danger_bd"), 2 if on else 1))
        painter.setBrush(c("danger_bg"))
        inset = 1 if on else 0.5
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), 8, 8)
        side = u(16)
        y = (self.height() - side) / 2
        paint_icon(painter, "octagon-alert", QRectF(u(12), y, side, side), c("danger"))
        end = QRectF(self.width() - u(10) - side, y, side, side)
        paint_icon(painter, "chevron-right", end, c("danger"))
        room = QRectF(u(38), 0, end.left() - u(46), self.height())
        draw(painter, room, self.accessibleName(), "link", "danger")
