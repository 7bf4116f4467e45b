"""One key on its way into the store: a card with its steps in one line, used by first run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import QLabel, QSizePolicy

from credguard.domain.machine import Step
from credguard.gui.icons import paint_icon
from credguard.gui.theme import theme
from credguard.gui.translate import words
from credguard.gui.widgets.gauges import Turning, paint_working
from credguard.gui.widgets.say import announce
from credguard.gui.widgets.steps import paint_dot
from credguard.gui.widgets.surface import paint_card
from credguard.gui.widgets.text import draw, width_of


class MovingCard(QLabel):
    """72 high: waits, then its steps, then what came of it. A label, so that a screen reader has it all."""

    def __init__(
        self,
        name: str,
        color: str = "",
        waits: str = "Waiting",
        short: Mapping[str, tuple[str, str, str]] | None = None,
    ) -> None:
        """`short`: a step's id → what stands in the line while it is to do, runs, is done."""
        super().__init__()
        self._short = dict(short or {})
        self._name, self._color, self._sentence = name, color, waits
        self._state, self._right = "todo", ""
        self._steps: tuple[Step, ...] = ()
        self.setObjectName(f"moving {name}")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._turning = Turning(self)
        self._say()
        self.measure()

    def measure(self) -> None:
        self.setFixedHeight(theme().u(72))

    def sizeHint(self) -> QSize:
        return QSize(theme().u(600), theme().u(72))

    def show_steps(self, steps: Sequence[Step]) -> None:
        """It is being moved."""
        self._steps, self._state = tuple(steps), "running"
        self._turning.go(self.isVisible())
        self._say()

    def show_end(self, state: str, sentence: str, time: str = "") -> None:
        """`done`, `failed` (kept as it was) or `skipped`, with a sentence and how long it took."""
        self._state, self._sentence, self._right, self._steps = state, sentence, time, ()
        self._turning.go(False)
        self._say()
        announce(self, f"{self._name}: {sentence}")

    def _say(self) -> None:
        running = next((words(s.title) for s in self._steps if s.state == "running"), self._sentence)
        self.setAccessibleName(f"{self._name}: {running}")
        self.update()

    def showEvent(self, event: QShowEvent) -> None:
        self._turning.go(self._state == "running")

    def hideEvent(self, event: QHideEvent) -> None:
        self._turning.go(False)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_card(painter, QRectF(self.rect()))
        u, c = theme().u, theme().color
        if self._state == "running":
            paint_working(painter, QRectF(u(20), u(14), u(24), u(24)), self._turning.angle)
        else:
            side = u(18) if self._state in {"todo", "skipped"} else u(20)
            corner = u(22) + (u(20) - side) / 2
            paint_dot(painter, QRectF(corner, u(26) - side / 2, side, side), self._state)
        left = float(u(60))
        if self._color:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(c(f"account:{self._color}"))
            painter.drawEllipse(QRectF(left, u(20), u(8), u(8)))
        start = left + (u(16) if self._color else 0)
        aside = width_of(self._right, "body") + u(12) if self._right else 0
        head = QRectF(start, u(14), self.width() - start - u(20) - aside, u(20))
        draw(painter, head, self._name, "card", "text")
        if self._right:
            right = QRectF(self.width() - u(20) - aside, u(14), aside, u(20))
            draw(painter, right.adjusted(u(12), 0, 0, 0), self._right, "body", "text2")
        room = QRectF(left, u(38), self.width() - left - u(20), u(20))
        if self._state == "running" and self._steps:
            self._line(painter, room)
        else:
            draw(painter, room, self._sentence, "body", "warn" if self._state == "failed" else "text2")

    def _words(self, step: Step) -> str:
        todo, running, done = self._short.get(step.id, (words(step.title),) * 3)
        return {"done": done, "running": running}.get(step.state, todo)

    def _line(self, painter: QPainter, room: QRectF) -> None:
        """All steps side by side; where they do not fit, the running one alone."""
        u = theme().u
        gap, mark = u(16), u(14)
        steps = tuple(s for s in self._steps if s.state != "skipped")
        widths = [mark + u(6) + width_of(self._words(s), _role(s)) for s in steps]
        if sum(widths) + gap * (len(widths) - 1) > room.width():
            steps = tuple(s for s in steps if s.state in {"running", "failed"}) or steps[-1:]
        x = room.left()
        for step in steps:
            _paint_mark(painter, QRectF(x, room.center().y() - mark / 2, mark, mark), step.state)
            x += mark + u(6)
            ink = "text" if step.state == "running" else "text2"
            rest = QRectF(x, room.top(), room.right() - x, room.height())
            x += draw(painter, rest, self._words(step), _role(step), ink) + gap


def _role(step: Step) -> str:
    return "button" if step.state == "running" else "body"


def _paint_mark(painter: QPainter, box: QRectF, state: str) -> None:
    c = theme().color
    if state == "done":
        paint_icon(painter, "check", box, c("ok"), 2.25)
        return
    if state == "failed":
        paint_icon(painter, "triangle-alert", box, c("warn"))
        return
    painter.setBrush(c("card"))
    painter.setPen(QPen(c("accent_t" if state == "running" else "field"), 1.5 if state == "running" else 1.2))
    painter.drawEllipse(box.adjusted(1, 1, -1, -1))
    if state == "running":
        painter.setBrush(c("accent_t"))
        painter.drawEllipse(QRectF(box.center().x() - 0.75, box.center().y() - 0.75, 1.5, 1.5))


class StepDots(QLabel):
    """Where one is in a journey: small dots, the present one long."""

    def __init__(self, count: int = 4) -> None:
        super().__init__()
        self._count, self.at = count, 0
        self.setFixedSize(8 * count + 8 * (count - 1) + 12, 8)
        self.show_at(0)

    def show_at(self, at: int) -> None:
        self.at = at
        self.setAccessibleName(f"Step {at + 1} of {self._count}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        x = 0.0
        for number in range(self._count):
            on = number == self.at
            painter.setBrush(theme().color("accent" if on else "border2"))
            painter.drawRoundedRect(QRectF(x, 0, 20 if on else 8, 8), 4, 4)
            x += 28 if on else 16
