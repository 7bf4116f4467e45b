"""The steps of work that runs: dots, a connector, what it waits for and why."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout

from credguard.domain.machine import Step
from credguard.gui.icons import paint_icon
from credguard.gui.theme import theme
from credguard.gui.translate import words
from credguard.gui.widgets.gauges import Turning, bar, paint_working
from credguard.gui.widgets.say import announce
from credguard.gui.widgets.surface import Icon, paint_card
from credguard.gui.widgets.text import Text, draw, width_of, wrapped

_LEFT = 36
_STATES = {
    "done": "done",
    "running": "running",
    "todo": "to do",
    "failed": "stopped here",
    "skipped": "not needed",
}


def paint_dot(painter: QPainter, box: QRectF, state: str, angle: int = 0) -> None:
    """A step's dot: tick, spinner, "!" or hollow."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    c = theme().color
    if state == "running":
        paint_working(painter, box, angle, part=0.42)
        return
    if state in {"todo", "skipped"}:
        painter.setPen(QPen(c("field"), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(box.adjusted(0.75, 0.75, -0.75, -0.75))
        return
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(c("ok_g" if state == "done" else "warn_g"))
    painter.drawEllipse(box)
    if state == "done":
        inset = box.width() * 0.2
        paint_icon(painter, "check", box.adjusted(inset, inset, -inset, -inset), c("on"), 3.0)
    else:
        draw(painter, box, "!", "strong", "on", Qt.AlignmentFlag.AlignHCenter)


class StepList(QLabel):
    """Draws the step list that the engine tells; `times` are when a step was done.

    Its dots stand on the left edge of the dialog's text. A label for screen readers: all steps as one
    sentence, and each finished step is said when it is finished.
    """

    def __init__(self) -> None:
        super().__init__()
        self.steps: tuple[Step, ...] = ()
        self.times: dict[str, str] = {}
        self.lead = ""  # how long the running step takes so far: bold, where its detail begins with it
        self._safe: tuple[str, ...] = ()
        self._todo: tuple[str, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Steps")
        self.setObjectName("steps")
        self._turning = Turning(self)

    def show_steps(self, steps: tuple[Step, ...], times: dict[str, str] | None = None) -> None:
        """The present list."""
        before = {s.id for s in self.steps if s.state == "done"}
        known = bool(self.steps)
        self.steps = steps
        self.times = times or self.times
        self._turning.go(self.isVisible() and self._running())
        self.setAccessibleDescription(". ".join(f"{words(s.title)}: {_STATES[s.state]}" for s in steps))
        self.measure()
        self.update()
        for step in steps:
            if known and step.state in {"done", "failed"} and step.id not in before:
                announce(self, words(step.title))

    def show_failure(self, safe: Sequence[str], todo: Sequence[str]) -> None:
        """Under the step that failed: what is safe, and what to do. Empty takes the box away."""
        self._safe, self._todo = tuple(safe), tuple(todo)
        self.measure()
        self.update()

    def measure(self) -> None:
        self.setFixedHeight(self.sizeHint().height())
        self.updateGeometry()

    def _running(self) -> bool:
        return any(step.state == "running" for step in self.steps)

    def showEvent(self, event: QShowEvent) -> None:
        self._turning.go(self._running())

    def hideEvent(self, event: QHideEvent) -> None:
        self._turning.go(False)

    def resizeEvent(self, event: object) -> None:
        self.measure()

    def _room(self) -> float:
        return max(self.width(), theme().u(300)) - theme().u(_LEFT)

    def _time(self, step: Step) -> str:
        return self.times.get(step.id, "") if step.state in {"done", "failed"} else ""

    def _titles(self, step: Step) -> list[str]:
        """The title in the lines that it needs: one, unless the text is large."""
        at = self._time(step)
        aside = width_of(at, "digits12") + theme().u(12) if at else 0
        role = "card" if step.state in {"running", "failed"} else "row"
        return wrapped(words(step.title), role, self._room() - aside) or [""]

    def _details(self, step: Step) -> list[str]:
        if step.state == "skipped" and step.detail is None:
            return ["not needed"]
        return wrapped(words(step.detail), "body", self._room()) if step.detail is not None else []

    def _box_lines(self) -> list[tuple[str, str]]:
        """(kind, words) of the box under a failed step."""
        room, lines = self._room() - theme().u(56), []
        for head, icon, sentences in (
            ("What is safe", "check", self._safe),
            ("What to do", "arrow-right", self._todo),
        ):
            if sentences:
                lines.append(("head", head))
            for sentence in sentences:
                parts = wrapped(sentence, "body", room)
                lines += [(icon if not n else "", part) for n, part in enumerate(parts)]
        return lines

    def _box_height(self) -> int:
        lines = self._box_lines()
        if not lines:
            return 0
        heads = sum(kind == "head" for kind, _ in lines)
        return theme().u(10 + 14 + heads * 20 + (len(lines) - heads) * 24 + (heads - 1) * 8 - 2)

    def _height(self, step: Step, last: bool) -> int:
        u = theme().u
        height = u(20) * (len(self._titles(step)) + len(self._details(step))) + (0 if last else u(16))
        if step.state == "running" and step.total:
            height += u(30)
        if step.state == "failed" and self._box_height():
            height += u(10) + self._box_height()
        return height

    def sizeHint(self) -> QSize:
        count = len(self.steps)
        high = sum(self._height(step, n + 1 == count) for n, step in enumerate(self.steps))
        return QSize(theme().u(400), high)

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().u(200), self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        u, c = theme().u, theme().color
        y = 0
        for number, step in enumerate(self.steps):
            last = number + 1 == len(self.steps)
            height = self._height(step, last)
            if not last:
                color = c("ok_g" if step.state == "done" else "border2")
                painter.fillRect(QRectF(u(9), y + u(26), u(2), height - u(30)), color)
            paint_dot(painter, QRectF(0, y, u(20), u(20)), step.state, self._turning.angle)
            self._step(painter, y, step)
            y += height

    def _step(self, painter: QPainter, y: int, step: Step) -> None:
        u = theme().u
        left = float(u(_LEFT))
        quiet = step.state in {"todo", "skipped"}
        bold = step.state in {"running", "failed"}
        at = self._time(step)
        below = y
        for line in self._titles(step):
            rect = QRectF(left, below, self.width() - left, u(20))
            draw(painter, rect, line, "card" if bold else "row", "text2" if quiet else "text")
            below += u(20)
        if at:
            right = QRectF(0, y, self.width(), u(20))
            draw(painter, right, at, "digits12", "text2", Qt.AlignmentFlag.AlignRight)
        if step.state == "running" and step.total:
            self._bar(painter, below + u(4), step)
            below += u(30)
        for line in self._details(step):
            # A key id stands alone in its line: letters of one width.
            mono = step.state == "done" and ((line.isalnum() and line.isupper()) or line.startswith("mfa/"))
            rect = QRectF(left, below, self.width() - left, u(20))
            head = self.lead if step.state == "running" and line.startswith(self.lead) else ""
            used = draw(painter, rect, head, "strong", "text") if head else 0.0
            rest = rect.adjusted(used, 0, 0, 0)
            draw(painter, rest, line[len(head) :], "mono12" if mono else "body", "text2")
            below += u(20)
        if step.state == "failed" and self._box_height():
            self._box(painter, QRectF(left, below + u(10), self.width() - left, self._box_height()))

    def _bar(self, painter: QPainter, top: int, step: Step) -> None:
        u = theme().u
        left = u(_LEFT)
        box = QRectF(left, top + u(7), u(132), u(6))
        bar(painter, box, step.count / step.total if step.count else 0, "accent")
        rect = QRectF(left + u(144), top, self.width() - left - u(144), u(20))
        draw(painter, rect, f"{step.count} of {step.total} in a row", "body", "text2")

    def _box(self, painter: QPainter, box: QRectF) -> None:
        u = theme().u
        paint_card(painter, box, "warn_bg", "warn_bd", radius=10)
        y = box.top() + u(10)
        for number, (kind, line) in enumerate(self._box_lines()):
            if kind == "head":
                y += u(8) if number else 0
                rect = QRectF(box.left() + u(14), y, box.width() - u(28), u(20))
                draw(painter, rect, line, "badge", "text2")
                y += u(20)
                continue
            if kind:
                side = u(16)
                at = QRectF(box.left() + u(16), y + u(4), side, side)
                paint_icon(painter, kind, at, theme().color("ok" if kind == "check" else "text2"), 2.25)
            rect = QRectF(box.left() + u(42), y + u(2), box.width() - u(56), u(20))
            draw(painter, rect, line, "body", "text")
            y += u(24)


class SafeBox(QLabel):
    """The same box on its own: what is safe (ticks), what to do (arrow)."""

    def __init__(self, safe: Sequence[str], todo: Sequence[str]) -> None:
        super().__init__()
        self.setObjectName("what-is-safe")
        self.setAccessibleName("What is safe: " + " ".join(safe) + " What to do: " + " ".join(todo))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 12)
        layout.setSpacing(4)
        for number, (head, icon, color, sentences) in enumerate(
            (("What is safe", "check", "ok", safe), ("What to do", "arrow-right", "text2", todo))
        ):
            if not sentences:
                continue
            if number:
                layout.addSpacing(4)
            layout.addWidget(Text(head, "badge", "text2"))
            for sentence in sentences:
                layout.addLayout(_line(icon, color, sentence))

    def paintEvent(self, event: QPaintEvent) -> None:
        paint_card(QPainter(self), QRectF(self.rect()), "warn_bg", "warn_bd", radius=10)


def _line(icon: str, color: str, sentence: str) -> QHBoxLayout:
    line = QHBoxLayout()
    line.setContentsMargins(2, 0, 0, 0)
    line.setSpacing(10)
    side = QVBoxLayout()
    side.setContentsMargins(0, 2, 0, 0)
    side.addWidget(Icon(icon, 16, color, 2.25))
    side.addStretch(1)
    line.addLayout(side)
    line.addWidget(Text(sentence, wrap=True), 1)
    return line
