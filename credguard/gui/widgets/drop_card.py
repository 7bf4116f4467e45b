"""Where files are dropped: what may come, and the buttons for who does not drop."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from credguard.gui.theme import LARGE, theme
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.surface import Card
from credguard.gui.widgets.text import Text


class DropCard(Card):
    """`buttons`: (words, icon, what to call); the first one is the primary one."""

    def __init__(
        self, title: str, line: str, buttons: Sequence[tuple[str, str, Callable[[], object]]]
    ) -> None:
        super().__init__(fill="sunken", name="drop files here")
        inner = QVBoxLayout(self)
        inner.setContentsMargins(24, 40, 24, 40)
        inner.setSpacing(12)
        inner.addWidget(Text(title, "body14", wrap=True, center=True))
        inner.addWidget(Text(line, color="text2", wrap=True, center=True))
        inner.addSpacing(8)
        row: QHBoxLayout | QVBoxLayout = QVBoxLayout() if theme().scale >= LARGE else QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        self.buttons = [
            Button(words, "secondary" if number else "primary", icon)
            for number, (words, icon, _) in enumerate(buttons)
        ]
        for button, (_, _, call) in zip(self.buttons, buttons, strict=True):
            button.clicked.connect(lambda _=False, then=call: then())
            row.addWidget(button)
        row.addStretch(1)
        inner.addLayout(row)
