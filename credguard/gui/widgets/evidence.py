"""Two things to decide between: the same rows at the same height in both cards."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from credguard.gui.widgets.cards import row
from credguard.gui.widgets.marks import Pill
from credguard.gui.widgets.surface import paint_card
from credguard.gui.widgets.text import Text


class EvidenceCard(QWidget):
    """A name in letters of one width, a pill, and rows of label, value, detail.

    `chosen` is the recommended one: a 2-px accent border and an accent pill.
    """

    def __init__(
        self, name: str, pill: str, rows: Sequence[tuple[str, str, str]], chosen: bool = False
    ) -> None:
        super().__init__()
        self._chosen = chosen
        said = ". ".join(f"{label}: {value}, {detail}" for label, value, detail in rows)
        self.setAccessibleName(f"{name}, {pill}. {said}" if pill else f"{name}. {said}")
        self.setObjectName("evidence")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 13, 12, 12)
        layout.setSpacing(0)
        head: list[QWidget | int | None] = [Text(name, "mono14"), None]
        if pill:
            head.append(Pill(pill, "accent" if chosen else "neutral"))
        layout.addLayout(row(*head))
        for number, (label, value, detail) in enumerate(rows):
            layout.addSpacing(10 if number == 0 else 8)
            layout.addWidget(Text(label, "caption", "text2"))
            layout.addWidget(Text(value, "row"))
            layout.addWidget(Text(detail, "caption", "text2"))

    def paintEvent(self, event: QPaintEvent) -> None:
        border = "accent" if self._chosen else "border2"
        paint_card(QPainter(self), QRectF(self.rect()), border=border, pen=2 if self._chosen else 1)


def pair(first: QWidget, second: QWidget) -> QHBoxLayout:
    """Two cards in equal columns."""
    layout = QHBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(12)
    layout.addWidget(first, 1)
    layout.addWidget(second, 1)
    return layout
