"""Choices: check box, switch, segmented control, radio rows. Qt's own buttons, our painting."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, QVariantAnimation, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QCheckBox,
    QHBoxLayout,
    QRadioButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from credguard.gui.icons import paint_icon
from credguard.gui.theme import theme
from credguard.gui.widgets.button import object_name
from credguard.gui.widgets.text import draw, width_of, wrapped

_FIXED = QSizePolicy.Policy.Fixed


class CheckBox(QCheckBox):
    """18, radius 5."""

    def __init__(self, text: str = "", name: str = "", checked: bool = False) -> None:
        super().__init__()
        self._words = text
        self.setChecked(checked)
        self.setAccessibleName(name or text)
        self.setObjectName(object_name(name or text))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Preferred if text else _FIXED, _FIXED)
        self.focus_radius = 5

    def text(self) -> str:
        return self._words

    def measure(self) -> None:
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        side = theme().u(18)
        if not self._words:
            return QSize(side, side)
        return QSize(side + theme().u(9) + round(width_of(self._words, "body")) + 2, theme().u(20))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().u(18), self.sizeHint().height())

    def hitButton(self, pos: QPoint) -> bool:
        return self.rect().contains(pos)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        side, on = theme().u(18), self.isEnabled()
        box = QRectF(0, (self.height() - side) / 2, side, side)
        if self.isChecked():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme().color("accent" if on else "disabled"))
            painter.drawRoundedRect(box, 5, 5)
            inset = side * 2 / 18
            mark = box.adjusted(inset, inset, -inset, -inset)
            paint_icon(painter, "check", mark, theme().color("on"), 3.4)
        else:
            painter.setPen(QPen(theme().color("field" if on else "border"), 1.5))
            painter.setBrush(theme().color("card"))
            painter.drawRoundedRect(box.adjusted(0.75, 0.75, -0.75, -0.75), 4.5, 4.5)
        if self._words:
            rect = QRectF(side + theme().u(9), 0, self.width() - side - theme().u(9), self.height())
            draw(painter, rect, self._words, "body", "text" if on else "disabled")


class Switch(QCheckBox):
    """36 × 20, knob 16; changes apply at once."""

    def __init__(self, name: str, checked: bool = False) -> None:
        super().__init__()
        self.setChecked(checked)
        self.setAccessibleName(name)
        self.setObjectName(object_name(name))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(_FIXED, _FIXED)
        self.focus_radius = 10
        self._part = 1.0 if checked else 0.0
        self._move = QVariantAnimation(self)
        self._move.setDuration(120)
        self._move.valueChanged.connect(self._moved)
        self.toggled.connect(self._go)

    def measure(self) -> None:
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(theme().u(36), theme().u(20))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def hitButton(self, pos: QPoint) -> bool:
        return self.rect().contains(pos)

    def _go(self, on: bool) -> None:
        end = 1.0 if on else 0.0
        if theme().reduced_motion or not self.isVisible():
            self._moved(end)
            return
        self._move.stop()
        self._move.setStartValue(self._part)
        self._move.setEndValue(end)
        self._move.start()

    def _moved(self, value: float) -> None:
        self._part = float(value)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        token = "disabled" if not self.isEnabled() else "accent" if self.isChecked() else "field"
        painter.setBrush(theme().color(token))
        rect = QRectF(self.rect())
        painter.drawRoundedRect(rect, rect.height() / 2, rect.height() / 2)
        painter.setBrush(theme().color("on"))
        side = theme().u(16)
        gap = (rect.height() - side) / 2
        x = gap + self._part * (rect.width() - side - 2 * gap)
        painter.drawEllipse(QRectF(x, gap, side, side))


class _Segment(QAbstractButton):
    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words
        self.setCheckable(True)
        self.setAccessibleName(words)
        self.setObjectName(f"segment-{object_name(words)}")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(_FIXED, _FIXED)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.focus_radius = 6

    def sizeHint(self) -> QSize:
        u = theme().u
        return QSize(round(width_of(self.words, "button")) + 2 * u(14), u(26))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.isChecked():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme().color("chosen"))
            painter.drawRoundedRect(QRectF(self.rect()), 6, 6)
        bright = self.isChecked() or self.underMouse()
        ink = "disabled" if not self.isEnabled() else "text" if bright else "text2"
        draw(painter, QRectF(self.rect()), self.words, "button", ink, Qt.AlignmentFlag.AlignHCenter)


class Segmented(QWidget):
    """One of a few; `chosen` gives the key. Arrow keys move, as in a group of radio buttons."""

    chosen = Signal(str)

    def __init__(self, items: Sequence[tuple[str, str]], at: str = "", name: str = "") -> None:
        """`items`: (key, words)."""
        super().__init__()
        self.setObjectName("segmented")
        self.setAccessibleName(name)
        self.setSizePolicy(_FIXED, _FIXED)
        self._group = QButtonGroup(self)
        self._keys: dict[str, _Segment] = {}
        layout = QHBoxLayout(self)
        layout.setContentsMargins(3, 3, 3, 3)
        layout.setSpacing(0)
        for key, words in items:
            part = _Segment(words)
            part.clicked.connect(lambda _=False, k=key: self.chosen.emit(k))
            self._group.addButton(part)
            self._keys[key] = part
            layout.addWidget(part)
        self.select(at or (items[0][0] if items else ""))

    def select(self, key: str) -> None:
        """Show `key` as chosen, without a signal."""
        if key in self._keys:
            self._keys[key].setChecked(True)

    def current(self) -> str:
        return next((key for key, part in self._keys.items() if part.isChecked()), "")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1}.get(Qt.Key(event.key()))
        keys = list(self._keys)
        if step is None or not keys:
            super().keyPressEvent(event)
            return
        at = (keys.index(self.current()) + step) % len(keys)
        self._keys[keys[at]].setFocus(Qt.FocusReason.TabFocusReason)
        self._keys[keys[at]].click()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color("segment"))
        painter.drawRoundedRect(QRectF(self.rect()), 8, 8)


class Choice(QRadioButton):
    """A radio button 18 with a title and its consequence under it."""

    def __init__(self, title: str, detail: str = "", checked: bool = False) -> None:
        super().__init__()
        self._title, self._detail = title, detail
        self.setChecked(checked)
        self.setAccessibleName(title)
        self.setAccessibleDescription(detail)
        self.setObjectName(object_name(title))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, _FIXED)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.focus_radius = 8

    def text(self) -> str:
        return self._title

    def measure(self) -> None:
        self.updateGeometry()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        lines = len(wrapped(self._detail, "body", width - theme().u(30))) if self._detail else 0
        return theme().u(20) * (1 + lines)

    def sizeHint(self) -> QSize:
        return QSize(theme().u(300), self.heightForWidth(max(self.width(), theme().u(300))))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().u(120), theme().u(20))

    def hitButton(self, pos: QPoint) -> bool:
        return self.rect().contains(pos)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        u, c, on = theme().u, theme().color, self.isEnabled()
        box = QRectF(0, 1, u(18), u(18))
        if self.isChecked():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(c("accent" if on else "disabled"))
            painter.drawEllipse(box)
            inset = u(6)
            painter.setBrush(c("on"))
            painter.drawEllipse(box.adjusted(inset, inset, -inset, -inset))
        else:
            painter.setPen(QPen(c("field" if on else "border"), 1.5))
            painter.setBrush(c("card"))
            painter.drawEllipse(box.adjusted(0.75, 0.75, -0.75, -0.75))
        left = u(30)
        room = self.width() - left
        draw(painter, QRectF(left, 0, room, u(20)), self._title, "row", "text" if on else "disabled")
        lines = wrapped(self._detail, "body", room) if self._detail else []
        for number, line in enumerate(lines, 1):
            rect = QRectF(left, u(20) * number, room, u(20))
            draw(painter, rect, line, "body", "text2" if on else "disabled")


class Choices(QWidget):
    """Several `Choice` of which one is chosen; `chosen` gives the key."""

    chosen = Signal(str)

    def __init__(self, items: Sequence[tuple[str, str, str]], at: str = "", spacing: int = 16) -> None:
        """`items`: (key, title, detail)."""
        super().__init__()
        self._group = QButtonGroup(self)
        self._keys: dict[str, Choice] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(spacing)
        for key, title, detail in items:
            choice = Choice(title, detail, key == at)
            choice.clicked.connect(lambda _=False, k=key: self.chosen.emit(k))
            self._group.addButton(choice)
            self._keys[key] = choice
            layout.addWidget(choice)

    def current(self) -> str:
        return next((key for key, choice in self._keys.items() if choice.isChecked()), "")
