"""A region of the screen, drawn with the mouse on a still picture of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, QPoint, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QScreen
from PySide6.QtWidgets import QWidget

from credguard.gui.theme import theme
from credguard.gui.widgets.text import draw

#: A region smaller than this is a click, and no region (pixels).
LEAST = 8
_SHADE = QColor(16, 17, 22, 110)


class RegionWindow(QWidget):
    """Covers one screen with its picture. `drawn` gives the part; Esc and the right button give up."""

    drawn = Signal(QImage)
    left = Signal()

    def __init__(self, shot: QImage, box: QRect) -> None:
        super().__init__(None, Qt.WindowType.FramelessWindowHint | Qt.WindowType.WindowStaysOnTopHint)
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)
        self.setObjectName("region")
        self.setAccessibleName("Draw a box around the QR code")
        self.setCursor(Qt.CursorShape.CrossCursor)
        self._shot = shot
        self._from: QPoint | None = None
        self._to = QPoint()
        self.setGeometry(box)

    def region(self) -> QRect:
        """What is drawn so far, in the window's pixels."""
        if self._from is None:
            return QRect()
        return QRect(self._from, self._to).normalized().intersected(self.rect())

    def part(self) -> QImage:
        """The part of the picture, in the screen's own pixels."""
        return self._shot.copy(self._source(self.region()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            self.left.emit()
            return
        self._from = self._to = event.position().toPoint()
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._to = event.position().toPoint()
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._from is None or event.button() != Qt.MouseButton.LeftButton:
            return
        self._to = event.position().toPoint()
        box = self.region()
        if box.width() < LEAST or box.height() < LEAST:
            self._from = None
            self.update()
            return
        self.drawn.emit(self.part())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, box = QPainter(self), self.region()
        painter.drawImage(self.rect(), self._shot)
        painter.fillRect(self.rect(), _SHADE)
        if box.isEmpty():
            wide, high = theme().u(420), theme().u(40)
            words = QRectF((self.width() - wide) / 2, theme().u(40), wide, high)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme().color("toast"))
            painter.drawRoundedRect(words, 10, 10)
            said = "Draw a box around the QR code. Esc goes back."
            draw(painter, words, said, "strong", "toast_text", Qt.AlignmentFlag.AlignHCenter)
            return
        painter.drawImage(QRectF(box), self._shot, QRectF(self._source(box)))
        painter.setPen(QPen(theme().color("accent"), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(box)

    def _source(self, box: QRect) -> QRect:
        across = self._shot.width() / max(1, self.width())
        down = self._shot.height() / max(1, self.height())
        return QRect(
            round(box.x() * across), round(box.y() * down),
            round(box.width() * across), round(box.height() * down),
        )  # fmt: skip


class Regions(QObject):
    """One window for each screen, until one of them is drawn on. `done` gets the part, or None."""

    def __init__(
        self,
        shots: Sequence[tuple[QScreen, QImage]],
        done: Callable[[QImage | None], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._done = done
        self.windows = [RegionWindow(shot, screen.geometry()) for screen, shot in shots]
        for window in self.windows:
            window.drawn.connect(self._end)
            window.left.connect(lambda: self._end(None))
            window.showFullScreen()
            window.raise_()
        if self.windows:
            self.windows[0].activateWindow()
            self.windows[0].setFocus()

    def _end(self, part: QImage | None) -> None:
        windows, self.windows = self.windows, []
        if not windows:
            return
        self._done(part)  # first: something of ours is on the screen before these go
        for window in windows:
            window.close()
            window.deleteLater()
        self.deleteLater()
