"""Text: one line that elides, or several with our own line height (QLabel ignores it in plain text)."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QResizeEvent, QTextLayout, QTextOption
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from credguard.gui.theme import LINE, theme

_LEFT = Qt.AlignmentFlag.AlignLeft
_RIGHT = Qt.AlignmentFlag.AlignRight
_CENTRE = Qt.AlignmentFlag.AlignHCenter


class Text(QLabel):
    """Plain text in a type role and a colour token. `wrap` lets it take several lines.

    A single line gives way down to 40 px and shows what was cut in its tooltip. `QLabel` gives the
    role and the name that a screen reader needs; only the painting is ours.
    """

    def __init__(
        self,
        text: str = "",
        role: str = "body",
        color: str = "text",
        wrap: bool = False,
        parent: QWidget | None = None,
        elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
        right: bool = False,
        center: bool = False,
    ) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.role, self.token, self.wraps, self._elide = role, color, wrap, elide
        self._given = 0
        self._align = _RIGHT if right else _CENTRE if center else _LEFT
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(wrap)
        self.setSizePolicy(policy)
        self.measure()
        self.setText(text)

    def measure(self) -> None:
        """Take the role's font at the present text size."""
        self.setFont(theme().font(self.role))

    def set_color(self, token: str) -> None:
        self.token = token
        self.update()

    def set_role(self, role: str) -> None:
        self.role = role
        self.measure()
        self.updateGeometry()

    def set_wrap(self, wraps: bool) -> None:
        """Several lines, or one that elides."""
        self.wraps = wraps
        policy = self.sizePolicy()
        policy.setHeightForWidth(wraps)
        self.setSizePolicy(policy)
        self._hint()
        self.updateGeometry()

    def setText(self, text: str) -> None:
        super().setText(text)
        self._hint()
        self.updateGeometry()

    def line_height(self) -> int:
        return theme().u(LINE.get(self.role, 20))

    def _metrics(self) -> QFontMetricsF:
        return QFontMetricsF(theme().font(self.role))

    def sizeHint(self) -> QSize:
        width = math.ceil(
            max((self._metrics().horizontalAdvance(p) for p in self.text().split("\n")), default=0)
        )
        if not self.wraps:
            return QSize(width, self.line_height())
        # A comfortable measure, not the whole paragraph in one line.
        width = min(width, theme().u(440))
        # As high as the width needs that it was given: a fixed policy would cut it at the hint.
        return QSize(width, self.heightForWidth(self._given or width))

    def minimumSizeHint(self) -> QSize:
        return QSize(min(40, self.sizeHint().width()), self.line_height())

    def hasHeightForWidth(self) -> bool:
        return self.wraps

    def heightForWidth(self, width: int) -> int:
        if not self.wraps:
            return self.line_height()
        return self.line_height() * max(1, len(self._lines(max(width, 40))))

    def _lines(self, width: float) -> list[str]:
        return wrapped(self.text(), self.role, width)

    def _hint(self) -> None:
        if self.wraps:
            return
        cut = self._metrics().horizontalAdvance(self.text()) > self.width() + 0.5
        tip = self.text() if cut else ""
        if tip != self.toolTip():
            self.setToolTip(tip)

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self.wraps and self._given != event.size().width():
            self._given = event.size().width()
            self.updateGeometry()
        self._hint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        color, height = self.token if self.isEnabled() else "disabled", self.line_height()
        lines = self._lines(self.width()) if self.wraps else [self.text()]
        top = 0.0 if self.wraps else (self.height() - height) / 2
        for number, line in enumerate(lines):
            rect = QRectF(0, top + number * height, self.width(), height)
            draw(painter, rect, line, self.role, color, self._align, None if self.wraps else self._elide)


def wrapped(text: str, role: str, width: float) -> list[str]:
    """`text` in lines of at most `width`; its own line breaks stay."""
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    found = []
    for paragraph in text.split("\n"):
        layout = QTextLayout(paragraph, theme().font(role))
        layout.setTextOption(option)
        layout.beginLayout()
        while (line := layout.createLine()).isValid():
            line.setLineWidth(width)
            found.append(paragraph[line.textStart() : line.textStart() + line.textLength()].rstrip())
        layout.endLayout()
    return found


def draw(
    painter: QPainter,
    rect: QRectF,
    text: str,
    role: str,
    color: str,
    align: Qt.AlignmentFlag = _LEFT,
    elide: Qt.TextElideMode | None = Qt.TextElideMode.ElideRight,
) -> float:
    """Draw one line, centred in height, elided where it does not fit; returns its width."""
    font = theme().font(role)
    painter.setFont(font)
    painter.setPen(theme().color(color))
    metrics = QFontMetricsF(font)
    # Half a pixel of room: a width that was rounded for the layout must not cut its own text.
    shown = text if elide is None else metrics.elidedText(text, elide, rect.width() + 0.5)
    width = metrics.horizontalAdvance(shown)
    x = rect.left()
    if align == _RIGHT:
        x = rect.right() - width
    elif align == _CENTRE:
        x = rect.center().x() - width / 2
    y = rect.top() + (rect.height() - metrics.height()) / 2 + metrics.ascent()
    painter.drawText(QPointF(x, y), shown)
    return width


def width_of(text: str, role: str) -> float:
    """How wide `text` is in a role."""
    return QFontMetricsF(theme().font(role)).horizontalAdvance(text)
