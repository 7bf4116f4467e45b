"""Keys due for rotation: 14 days back to 91 ahead on one line."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QToolTip

from credguard.gui.theme import theme
from credguard.gui.widgets.say import announce
from credguard.gui.widgets.text import draw, width_of
from credguard.queries.home import Due

DAY = 86_400.0
BACK, AHEAD, MOST = 14, 91, 5
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CENTRE = Qt.AlignmentFlag.AlignHCenter
_ALONE = -1


def day_words(at: float) -> str:
    """`31 Dec`, in local time."""
    then = datetime.datetime.fromtimestamp(at).astimezone()
    return f"{then.day} {_MONTHS[then.month - 1]}"


@dataclass(frozen=True, slots=True)
class _Place:
    due: Due
    x: float
    left: float
    width: float
    level: int


class Timeline(QAbstractButton):
    """Arrow keys walk the dots; Enter or a click on one emits `chosen` with the account id."""

    chosen = Signal(str)
    focus_radius = 8

    def __init__(self, dues: tuple[Due, ...], now: float) -> None:
        super().__init__()
        self._dues, self._now, self._at = dues[:MOST], now, -1
        self._more = max(0, len(dues) - MOST)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setObjectName("timeline")
        self.setAccessibleName("Keys due for rotation")
        self.setAccessibleDescription(". ".join(f"{d.name}, {_when(d)}" for d in dues))
        self.measure()

    def measure(self) -> None:
        rows = 2 if any(p.level == 1 for p in self._places()) else 1
        self.setFixedHeight(theme().u(132 + 38 * (rows - 1)))

    def sizeHint(self) -> QSize:
        return QSize(600, self.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        if event.oldSize().width() != event.size().width():
            self.measure()

    # ── keyboard and mouse ───────────────────────────────────────────────────────────────────────
    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1}.get(Qt.Key(event.key()))
        if step is not None and self._dues:
            self._at = max(0, min(len(self._dues) - 1, self._at + step))
            due = self._dues[self._at]
            announce(self, f"{due.name}, {_when(due)}")
            self.update()
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space}:
            if 0 <= self._at < len(self._dues):
                self.chosen.emit(self._dues[self._at].account_id)
        else:
            super().keyPressEvent(event)

    def _under(self, x: float, y: float) -> Due | None:
        axis = self._axis()
        for place in self._places():
            dot = abs(x - place.x) <= 12 and abs(y - axis) <= 12
            top = axis - theme().u(85 + 38 * place.level)
            label = (
                place.level != _ALONE
                and place.left <= x <= place.left + place.width
                and top <= y <= top + theme().u(38)
            )
            if dot or label:
                return place.due
        return None

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        due = self._under(event.position().x(), event.position().y())
        if due is not None and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(due.account_id)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            due = self._under(event.pos().x(), event.pos().y())
            if due is not None:
                QToolTip.showText(event.globalPos(), f"{due.name}, {_when(due)}", self)
            return True
        return super().event(event)

    # ── where things stand ───────────────────────────────────────────────────────────────────────
    def _x(self, at: float) -> float:
        part = ((at - self._now) / DAY + BACK) / (BACK + AHEAD)
        return 8 + max(0.0, min(1.0, part)) * (self.width() - 16)

    def _axis(self) -> float:
        return float(self.height() - theme().u(44))

    def _places(self) -> list[_Place]:
        ends = [-100.0, -100.0]
        places = []
        for due in self._dues:
            x = self._x(due.due)
            width = max(width_of(due.name, "button"), width_of(_when(due), "digits12"))
            left = max(0.0, min(x - 8, self.width() - width))
            # Two rows of labels; where both are taken the dot stands alone and its tooltip has the words.
            level = next((row for row in (0, 1) if left - ends[row] >= 8), _ALONE)
            if level != _ALONE:
                ends[level] = left + width
            places.append(_Place(due, x, left, width, level))
        return places

    # ── painting ─────────────────────────────────────────────────────────────────────────────────
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        u, c, axis = theme().u, theme().color, self._axis()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(c("border"))
        painter.drawRoundedRect(QRectF(0, axis - 3, self.width(), 6), 3, 3)
        today = self._x(self._now)
        if any(due.late_days > 0 for due in self._dues):
            painter.setBrush(c("warn_bd"))
            painter.setClipRect(QRectF(0, 0, today, self.height()))
            painter.drawRoundedRect(QRectF(0, axis - 3, today + 6, 6), 3, 3)
            painter.setClipping(False)
        self._months(painter, axis, today)
        painter.fillRect(QRectF(today - 1, axis - 10, 2, 20), c("text"))
        label = QRectF(today - u(40), axis + u(15), u(80), u(16))
        draw(painter, label, "Today", "badge", "text", _CENTRE)
        places = self._places()
        for place in sorted(places, key=lambda p: -p.level):  # the upper row's stems run behind the lower
            if place.level != _ALONE:
                self._label(painter, axis, place)
        for number, place in enumerate(places):
            self._dot(painter, axis, place, number == self._at and self.hasFocus())
        if self._more:
            rect = QRectF(0, axis + u(15), self.width(), u(16))
            draw(painter, rect, f"+{self._more} more", "caption", "text2", Qt.AlignmentFlag.AlignRight)

    def _months(self, painter: QPainter, axis: float, today: float) -> None:
        u = theme().u
        then = datetime.datetime.fromtimestamp(self._now).astimezone()
        for _ in range(4):
            # The first of the next month, at midnight of this computer's time zone.
            day = (then.replace(day=1) + datetime.timedelta(days=32)).date().replace(day=1)
            then = datetime.datetime.combine(day, datetime.time()).astimezone()
            if (then.timestamp() - self._now) / DAY > AHEAD:
                break
            x = self._x(then.timestamp())
            painter.fillRect(QRectF(x - 0.5, axis - 6, 1, 12), theme().color("field"))
            if abs(x - today) < u(44):
                continue
            rect = QRectF(x - u(30), axis + u(15), u(60), u(16))
            draw(painter, rect, _MONTHS[then.month - 1], "caption", "text2", _CENTRE)

    def _dot(self, painter: QPainter, axis: float, place: _Place, chosen: bool) -> None:
        c = theme().color
        painter.setPen(QPen(c("card"), 3))
        painter.setBrush(c(f"account:{place.due.color}"))
        painter.drawEllipse(QPointF(place.x, axis), 8, 8)
        if chosen:
            painter.setPen(QPen(c("focus"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QPointF(place.x, axis), 11, 11)

    def _label(self, painter: QPainter, axis: float, place: _Place) -> None:
        u, c = theme().u, theme().color
        top = axis - u(85 + 38 * place.level)
        painter.fillRect(QRectF(place.x - 0.5, top + u(40), 1, axis - 9 - top - u(40)), c("border2"))
        painter.fillRect(QRectF(place.left - 4, top, place.width + 8, u(37)), c("card"))
        draw(painter, QRectF(place.left, top, place.width + 2, u(20)), place.due.name, "button", "text")
        tone = "warn" if place.due.late_days > 0 else "text2"
        words = QRectF(place.left, top + u(20), place.width + 2, u(16))
        draw(painter, words, _when(place.due), "digits12", tone)


def _when(due: Due) -> str:
    if due.late_days > 0:
        return f"{due.late_days} day{'' if due.late_days == 1 else 's'} late"
    return day_words(due.due)
