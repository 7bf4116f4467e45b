"""Activity: one sentence a row, days as groups; searchable."""

from __future__ import annotations

import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from credguard.gui.pages.page import Page, clear
from credguard.gui.translate import harmless, words
from credguard.gui.widgets.field import Field
from credguard.gui.widgets.surface import Card, Icon, Pill, Separator
from credguard.gui.widgets.text import Text

if TYPE_CHECKING:
    from credguard.gui.window import Window


class ActivityPage(Page):
    """Who (which program) used which key when, and what was changed."""

    def __init__(self, window: Window) -> None:
        super().__init__(window, "Activity")
        self._rows: tuple[Any, ...] = ()
        self._filter = Field("Search", "Search activity", 32, search=True)
        self._filter.setFixedWidth(220)
        self._filter.edit.textChanged.connect(lambda _: self._draw())
        self.head.addWidget(self._filter)

    def search(self) -> None:
        self._filter.edit.setFocus()

    def reload(self) -> None:
        services = self.window_.services
        self.window_.tasks.run(
            lambda tell: services.activity(300), self._show, self.window_.show_error, quick=True
        )

    def _show(self, rows: tuple[Any, ...]) -> None:
        self._rows = rows
        self.sub.setText("Which program used which key, and what was changed")
        self._draw()

    def _draw(self) -> None:
        clear(self.content)
        wanted = self._filter.edit.text().casefold()
        rows = [r for r in self._rows if wanted in f"{r.actor} {words(r.action)}".casefold()]
        if not rows:
            self.content.addWidget(
                Text("Nothing yet. Programs that use a key will show up here.", color="text2")
            )
            self.content.addStretch(1)
            return

        def day(entry: Any) -> str:
            return f"{datetime.datetime.fromtimestamp(entry.at).astimezone():%A, %d %B}"

        for name, members in groupby(rows, key=day):
            self.content.addWidget(Text(name, "strong"))
            card = Card(name=f"activity of {name}")
            layout = QVBoxLayout(card)
            layout.setContentsMargins(20, 6, 0, 6)
            layout.setSpacing(0)
            for number, entry in enumerate(members):
                if number:
                    layout.addWidget(Separator(86))
                line = QHBoxLayout()
                line.setContentsMargins(0, 8, 20, 8)
                line.setSpacing(12)
                at = Text(f"{datetime.datetime.fromtimestamp(entry.at).astimezone():%H:%M}", color="text2")
                at.setFixedWidth(44)
                line.addWidget(at)
                line.addWidget(Icon("activity" if entry.kind == "use" else "rotate-cw"))
                line.addWidget(Text(harmless(entry.actor), "card"))
                line.addWidget(Text(words(entry.action)), 1)
                if entry.kind == "refused":
                    line.addWidget(Pill("refused", "warn"))
                layout.addLayout(line)
            self.content.addWidget(card)
        self.content.addStretch(1)
