"""Numbers as pictures: rings, age bars, score bars, the spinner. QProgressBar gives role and value."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, QVariantAnimation
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import QProgressBar, QSizePolicy, QWidget

from credguard.gui.theme import theme
from credguard.gui.widgets.text import draw

_CENTRE = Qt.AlignmentFlag.AlignHCenter


def arc(painter: QPainter, rect: QRectF, width: float, color: str, part: float, start: float = 90) -> None:
    """A part of a ring, clockwise from `start` degrees (90 = twelve o'clock), with round ends."""
    pen = QPen(theme().color(color), width)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    inner = rect.adjusted(width / 2, width / 2, -width / 2, -width / 2)
    if part >= 1:
        painter.drawEllipse(inner)
    elif part > 0:
        painter.drawArc(inner, round(start * 16), round(-part * 360 * 16))


def bar(painter: QPainter, rect: QRectF, part: float, color: str, track: str = "border") -> None:
    """A track with its filled part; never so short that its round ends would break."""
    radius = rect.height() / 2
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme().color(track))
    painter.drawRoundedRect(rect, radius, radius)
    if part > 0:
        painter.setBrush(theme().color(color))
        width = max(rect.height(), rect.width() * min(part, 1.0))
        painter.drawRoundedRect(QRectF(rect.left(), rect.top(), width, rect.height()), radius, radius)


def score_color(score: int) -> str:
    """80–100 good, 40–79 fair, below at risk."""
    return "ok_g" if score >= 80 else "warn_g" if score >= 40 else "danger_f"


def score_word(score: int) -> str:
    return "Good" if score >= 80 else "Fair" if score >= 40 else "At risk"


class Gauge(QProgressBar):
    """What all of them share: a size by the text scale, a name that is a sentence, no focus."""

    def __init__(self, width: int, height: int) -> None:
        super().__init__()
        self._wide, self._high = width, height
        self.setTextVisible(False)
        self.measure()

    def measure(self) -> None:
        """0 = as wide as the layout allows."""
        if self._wide:
            self.setFixedSize(theme().u(self._wide), theme().u(self._high))
        else:
            self.setFixedHeight(theme().u(self._high))
            self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(theme().u(self._wide or 120), theme().u(self._high))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().u(self._wide or 24), theme().u(self._high))


class ScoreRing(Gauge):
    """A score of 100; None = not checked yet (grey). A new value moves there in 240 ms."""

    def __init__(self, score: int | None, size: int = 112, thick: float = 8) -> None:
        super().__init__(size, size)
        self._score, self._thick, self._part = score, thick, (score or 0) / 100
        self.setRange(0, 100)
        self._move = QVariantAnimation(self)
        self._move.setDuration(240)
        self._move.valueChanged.connect(self._moved)
        self._say()

    def set_score(self, score: int | None) -> None:
        """A new score."""
        before, self._score = self._part, score
        self._say()
        end = (score or 0) / 100
        if theme().reduced_motion or not self.isVisible():
            self._moved(end)
            return
        self._move.stop()
        self._move.setStartValue(before)
        self._move.setEndValue(end)
        self._move.start()

    def _moved(self, part: float) -> None:
        self._part = float(part)
        self.update()

    def _say(self) -> None:
        self.setValue(self._score or 0)
        self.setAccessibleName(
            "Health not checked yet"
            if self._score is None
            else f"Health {self._score} of 100, {score_word(self._score).lower()}"
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect, thick = QRectF(self.rect()), self._thick * theme().scale
        arc(painter, rect, thick, "border", 1)
        if self._score is not None:
            arc(painter, rect, thick, score_color(self._score), self._part)
        font = theme().font("score")
        font.setPixelSize(max(theme().u(18), round(self.height() * 0.30)))
        painter.setFont(font)
        painter.setPen(theme().color("text" if self._score is not None else "text2"))
        big = self._wide >= 100
        lift = self.height() * 0.075 if big else 0
        words = "–" if self._score is None else str(self._score)
        painter.drawText(rect.adjusted(0, -lift, 0, -lift), Qt.AlignmentFlag.AlignCenter, words)
        if big:
            below = QRectF(0, self.height() * 0.66 - theme().u(8), self.width(), theme().u(16))
            word = "Not checked" if self._score is None else score_word(self._score)
            draw(painter, below, word, "caption", "text2", _CENTRE)


class TimeRing(Gauge):
    """Seconds left of a period; empties clockwise, brown in the last five."""

    def __init__(self, size: int = 36) -> None:
        super().__init__(size, size)
        self._left, self._period = 0, 30
        self.setAccessibleName("Seconds left")

    def show_time(self, left: int, period: int) -> None:
        self._left, self._period = left, max(period, 1)
        self.setRange(0, self._period)
        self.setValue(left)
        self.setAccessibleName(f"{left} seconds left")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect, thick = QRectF(self.rect()), 2.5 * theme().scale
        soon = self._left <= 5
        arc(painter, rect, thick, "border2", 1)
        part = self._left / self._period
        # The empty part grows clockwise from twelve o'clock.
        arc(painter, rect, thick, "warn" if soon else "accent", part, 90 - (1 - part) * 360)
        role = "ring" if self._wide >= 36 else "ring28"
        draw(painter, rect, str(self._left), role, "warn" if soon else "text", _CENTRE)


class AgeBar(Gauge):
    """A key's age on a scale of 0–120 days with a mark where it is due; root: full and red."""

    def __init__(
        self,
        age_days: int | None,
        due_days: int = 90,
        soon_days: int = 15,
        root: bool = False,
        back: str = "card",
    ) -> None:
        """`back` is the token of what lies behind the bar: the gap around the mark shows it."""
        super().__init__(0, 12)
        self._age, self._due, self._soon, self._root, self._back = age_days, due_days, soon_days, root, back
        self.setRange(0, 120)
        self.setValue(min(120, age_days or 0))
        self.setAccessibleName(
            "root key" if root else "age unknown" if age_days is None else f"{age_days} of {due_days} days"
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        c, high = theme().color, theme().u(6)
        top = (self.height() - high) / 2
        scale = self._due * 4 / 3
        age = self._age or 0
        part = 1.0 if self._root else min(1.0, age / scale)
        color = "danger_f" if self._root else "warn_g" if age >= self._due - self._soon else "ok_g"
        bar(painter, QRectF(0, top, self.width(), high), part, color)
        if not self._root:
            # On whole pixels, so that the mark stays sharp.
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            x = round(self.width() * self._due / scale)
            thin = theme().u(2)
            painter.fillRect(QRectF(x - thin, top, 3 * thin, high), c(self._back))
            painter.fillRect(QRectF(x, 0, thin, self.height()), c("text2"))


class ScoreBar(Gauge):
    """A small bar beside a number; None draws the track alone."""

    def __init__(self, score: int | None) -> None:
        super().__init__(44, 6)
        self._score = score
        self.setRange(0, 100)
        self.setValue(score or 0)
        self.setAccessibleName("not checked" if score is None else f"{score} of 100")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        score = self._score
        bar(painter, QRectF(self.rect()), (score or 0) / 100, score_color(score or 0))


class ProgressBar(Gauge):
    """Countable work, 6 high, in the accent."""

    def __init__(self, part: float = 0.0, name: str = "Progress") -> None:
        super().__init__(0, 6)
        self._part = part
        self.setRange(0, 1000)
        self.setAccessibleName(name)

    def set_part(self, part: float) -> None:
        """0 to 1."""
        self._part = max(0.0, min(1.0, part))
        self.setValue(round(self._part * 1000))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        bar(painter, QRectF(self.rect()), self._part, "accent")


def paint_working(painter: QPainter, rect: QRectF, angle: int, thick: float = 3, part: float = 0.62) -> None:
    """One picture of a spinner; with reduced motion `angle` counts the three dots instead."""
    if theme().reduced_motion:
        painter.setPen(Qt.PenStyle.NoPen)
        side = rect.width() / 5
        for number in range(3):
            painter.setBrush(theme().color("accent" if number == angle % 3 else "border2"))
            x = rect.left() + number * side * 2
            painter.drawEllipse(QRectF(x, rect.center().y() - side / 2, side, side))
        return
    arc(painter, rect, thick, "accent_bg", 1)
    arc(painter, rect, thick, "accent", part, 90 - angle)


class Turning(QTimer):
    """The clock of a spinner: 900 ms a turn, or a step a second with reduced motion."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget, self.angle = widget, 0
        self.timeout.connect(self._turn)

    def go(self, on: bool) -> None:
        if not on:
            self.stop()
        elif not self.isActive():
            self.setInterval(1000 if theme().reduced_motion else 30)
            self.start()

    def _turn(self) -> None:
        self.angle = (self.angle + (1 if theme().reduced_motion else 12)) % 360
        self._widget.update()


class Spinner(Gauge):
    """Work that goes on; turns only while it can be seen."""

    def __init__(self, size: int = 20, name: str = "working") -> None:
        super().__init__(size, size)
        self.setRange(0, 0)
        self.setAccessibleName(name)
        self._turning = Turning(self)

    def showEvent(self, event: QShowEvent) -> None:
        self._turning.go(True)

    def hideEvent(self, event: QHideEvent) -> None:
        self._turning.go(False)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(self.rect())
        paint_working(painter, rect, self._turning.angle, 3 if self._wide >= 20 else 2)
