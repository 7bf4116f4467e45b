"""The table of an import: counts that are filters, and one row for each code, painted as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QSizePolicy

from credguard.gui.icons import paint_icon
from credguard.gui.theme import LARGE, theme
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.marks import Pill
from credguard.gui.widgets.text import draw, width_of

#: Where columns begin, in parts of the card's width (840 in the design).
_USER, _DIGITS = 250 / 840, 572 / 840
_RIGHT = Qt.AlignmentFlag.AlignRight


@dataclass(frozen=True, slots=True)
class ImportLine:
    """What one row shows. `state`: `new`, `counter`, `duplicate` or `skipped`; `why` stands at the right,
    for a skipped one in the middle. `typed`: it can be typed instead."""

    index: int
    state: str
    title: str
    user: str = ""
    color: str = ""
    root: bool = False
    shape: str = ""
    why: str = ""
    typed: bool = False

    @property
    def chooses(self) -> bool:
        """Whether a person may take it or leave it."""
        return self.state in {"new", "counter"}


class ImportRow(QCheckBox):
    """37 high; the whole row is the check box where there is something to choose."""

    def __init__(self, line: ImportLine, checked: bool) -> None:
        super().__init__()
        self.line = line
        self.setChecked(checked)
        self.setObjectName(f"row-{line.index}")
        self.setAccessibleName(f"{line.title}, {line.user}" if line.user else line.title)
        root = "root, " if line.root else ""
        self.setAccessibleDescription(f"{root}{line.shape}, {line.why}".strip(", "))
        self.setToolTip(line.why if line.state == "skipped" else "")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.focus_radius = 8
        self.focus_inset = True
        self._root: Pill | None = None
        if line.root:
            self._root = Pill("ROOT", "solid")
            self._root.setParent(self)
        self.type_it: Button | None = None
        if line.typed:
            self.type_it = Button("Type it", "secondary", height=28, name=f"Type it: {line.title}")
            self.type_it.setParent(self)
        if line.chooses:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        else:
            self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self.setCheckable(False)

    def text(self) -> str:
        return self.line.title

    def measure(self) -> None:
        self._place()
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        lines = 1 + bool(self.line.user or self.line.root) + 1 if theme().scale >= LARGE else 1
        more = theme().u(34) if self.type_it is not None and lines > 1 else 0
        return QSize(theme().u(500), theme().u(20) * lines + theme().u(16) + more)

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().u(200), self.sizeHint().height())

    def hitButton(self, pos: QPoint) -> bool:
        return self.rect().contains(pos)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place()

    def _place(self) -> None:
        u, large = theme().u, theme().scale >= LARGE
        if self._root is not None:
            size = self._root.sizeHint()
            x, y = (u(72), u(28)) if large else (self._user(), (self.height() - size.height()) // 2)
            self._root.setGeometry(x, y, size.width(), size.height())
        if self.type_it is not None:
            size = self.type_it.sizeHint()
            x, y = self.width() - u(16) - size.width(), (self.height() - size.height()) // 2
            if large:
                x, y = u(72), self.height() - size.height() - u(8)
            self.type_it.setGeometry(x, y, size.width(), size.height())

    def _user(self) -> int:
        return round(self.width() * _USER)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, u, c = QPainter(self), theme().u, theme().color
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line, large = self.line, theme().scale >= LARGE
        if line.chooses and self.underMouse():
            painter.fillRect(self.rect(), c("hover"))
        first = float(u(36) if large else self.height())
        self._lead(painter, first)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(c(f"account:{line.color}" if line.color else "border2"))
        painter.drawEllipse(QRectF(u(53), first / 2 - u(4), u(8), u(8)))
        here = line.state == "duplicate"
        ink, ink2 = "text2" if here else "text", "warn" if line.state == "skipped" else "text2"
        left, right = float(u(72)), float(self.width() - u(16))
        if large:
            draw(painter, QRectF(left, u(8), right - left, u(20)), line.title, "row", ink)
            y = u(28)
            if line.user or line.root:
                if not line.root:
                    draw(painter, QRectF(left, y, right - left, u(20)), line.user, "body", "text2")
                y += u(20)
            said = line.why if line.state == "skipped" else f"{line.shape}, {line.why}".strip(", ")
            draw(painter, QRectF(left, y, right - left, u(20)), said, "body", ink2)
            return
        at, shape = self._user(), round(self.width() * _DIGITS)
        room = QRectF(left, 0, at - left - u(12), self.height())
        draw(painter, room, line.title, "body" if here else "button", ink)
        if line.state == "skipped":
            aside = self.type_it.width() if self.type_it else width_of("left out", "body")
            draw(painter, QRectF(at, 0, right - aside - u(16) - at, self.height()), line.why, "body", "warn")
            if self.type_it is None:
                draw(painter, QRectF(at, 0, right - at, self.height()), "left out", "body", "text2", _RIGHT)
            return
        if not line.root:
            draw(painter, QRectF(at, 0, shape - at - u(12), self.height()), line.user, "body", "text2")
        box = QRectF(shape, 0, right - shape, self.height())
        used = draw(painter, box, line.shape, "digits", "text2")
        rest = QRectF(shape + used + u(12), 0, right - shape - used - u(12), self.height())
        new = line.state == "new"
        draw(painter, rest, line.why, "strong" if new else "body", "ok" if new else "text2", _RIGHT)

    def _lead(self, painter: QPainter, high: float) -> None:
        """The check box, or what stands in its place."""
        u, c = theme().u, theme().color
        side = u(18)
        box = QRectF(u(19), (high - side) / 2, side, side)
        if self.line.state == "skipped":
            paint_icon(painter, "triangle-alert", box, c("warn"))
        elif self.line.state == "duplicate":
            paint_icon(painter, "check", box, c("text2"))
        elif self.isChecked():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(c("accent"))
            painter.drawRoundedRect(box, 5, 5)
            inset = side * 2 / 18
            paint_icon(painter, "check", box.adjusted(inset, inset, -inset, -inset), c("on"), 3.4)
        else:
            painter.setPen(QPen(c("field"), 1.5))
            painter.setBrush(c("card"))
            painter.drawRoundedRect(box.adjusted(0.75, 0.75, -0.75, -0.75), 4.5, 4.5)


class CountFilter(QAbstractButton):
    """`✓ 9 new`: an icon, a number and a word; pressed, only those are shown."""

    def __init__(self, count: int, words: str, icon: str, color: str) -> None:
        super().__init__()
        self._count, self._said, self._icon, self._color = f"{count:,}", words, icon, color
        self.setCheckable(True)
        self.setText(f"{count:,} {words}")
        self.setAccessibleName(f"Show only {count} {words}")
        self.setObjectName(f"filter-{words.replace(' ', '-')}")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.focus_radius = 6

    def measure(self) -> None:
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        u = theme().u
        wide = width_of(self._count, "strong") + width_of(self._said, "body")
        return QSize(round(wide) + u(18 + 8 + 8 + 2), u(20))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, u = QPainter(self), theme().u
        paint_icon(painter, self._icon, QRectF(0, u(1), u(18), u(18)), theme().color(self._color))
        x = float(u(26))
        x += draw(painter, QRectF(x, 0, self.width(), self.height()), self._count, "strong", "text") + u(8)
        lit = self.isChecked() or self.underMouse()
        draw(painter, QRectF(x, 0, self.width() - x, self.height()), self._said, "body",
             "text" if lit else "text2")  # fmt: skip
        if self.isChecked():
            painter.fillRect(
                QRectF(u(26), self.height() - 2, self.width() - u(28), 2), theme().color("accent")
            )


def chosen(rows: Sequence[ImportRow]) -> list[int]:
    """The indexes of those that are ticked."""
    return [row.line.index for row in rows if row.line.chooses and row.isChecked()]
