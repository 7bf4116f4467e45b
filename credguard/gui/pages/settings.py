"""Settings: groups as cards; title, what it does, the control right; a change applies at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from credguard.domain.errors import CredGuardError
from credguard.gui.pages.page import Page
from credguard.gui.theme import LARGE, theme
from credguard.gui.translate import words
from credguard.gui.widgets.controls import Segmented
from credguard.gui.widgets.rows import RowList
from credguard.gui.widgets.select import Select
from credguard.gui.widgets.surface import Card
from credguard.gui.widgets.text import Text

if TYPE_CHECKING:
    from credguard.gui.window import Window

#: name, title, line, unit (one, many), what is offered
_NUMBERS = [
    (
        "due_days", "A key is due after", "Older keys are shown as late",
        ("day", "days"), (30, 60, 90, 180, 365),
    ),
    (
        "grace_days", "Keep an old key before it is deleted", "Turned off, with Undo",
        ("day", "days"), (1, 3, 7, 14, 30),
    ),
]  # fmt: skip
_CLIPBOARD = (
    "clipboard_seconds", "Clear a copied code", "From the clipboard, if it is still there",
    ("second", "seconds"), (10, 30, 60, 120),
)  # fmt: skip
_THEMES = [("system", "System"), ("light", "Light"), ("dark", "Dark")]
_MOTION = [("system", "System"), ("on", "Reduced"), ("off", "Full")]


class SettingsPage(Page):
    """Made from the table of settings: those that do something in this window."""

    gap = 16
    shapes = (58, 116, 100)

    def __init__(self, window: Window) -> None:
        super().__init__(window, "Settings", "They apply at once")

    def reload(self) -> None:
        services = self.window_.services
        self.read(lambda: (dict(services.settings.all()), services.store_label()))

    def draw(self) -> None:
        values, store = self.data
        self._group("Safety", [_row("Where secrets live", store, None), self._number(_CLIPBOARD, values)])
        self._group("Keys", [self._number(number, values) for number in _NUMBERS])
        look = Segmented(_THEMES, values["theme"], "Light or dark")
        look.chosen.connect(lambda at: self._change("theme", at))
        motion = Segmented(_MOTION, values["reduced_motion"], "Movement")
        motion.chosen.connect(lambda at: self._change("reduced_motion", at))
        self._group("Looks", [_row("Light or dark", "", look), _row("Movement", "", motion)])
        self.content.addStretch(1)

    def _group(self, title: str, rows: list[QWidget]) -> None:
        group = QVBoxLayout()
        group.setSpacing(8)
        group.addWidget(Text(title, "strong", "text2"))
        card = Card(name=title)
        listed = RowList(card, indent=20)
        listed.setContentsMargins(0, 0, 0, 0)
        for row in rows:
            listed.add(row)
        group.addWidget(card)
        self.content.addLayout(group)

    def _number(self, number: tuple[str, str, str, tuple[str, str], tuple[int, ...]], values: Any) -> QWidget:
        name, title, line, (one, many), offered = number
        now = int(values[name])
        items = [(str(n), f"{n} {one if n == 1 else many}", "") for n in sorted({*offered, now})]
        select = Select(items, title, str(now))
        select.setFixedWidth(theme().u(128))
        select.chosen.connect(lambda at: self._change(name, at))
        return _row(title, line, select)

    def _change(self, name: str, word: str) -> None:
        services = self.window_.services

        def done(_: object) -> None:
            if name == "theme":
                theme().set_mode(word)  # type: ignore[arg-type]
            elif name == "reduced_motion":
                theme().reduced_motion = word == "on"
            self.reload()

        def failed(error: CredGuardError) -> None:
            self.window_.toast.say(words(error.what), icon="triangle-alert")
            self.redraw()  # it jumps back

        self.window_.tasks.run(lambda tell: services.change_setting(name, word), done, failed, quick=True)


def _row(title: str, line: str, control: QWidget | None) -> QWidget:
    """Title over its line, the control right; with large text below them."""
    holder = QWidget()
    large = theme().scale >= LARGE
    text = QVBoxLayout()
    text.setSpacing(0)
    text.addWidget(Text(title, "row", wrap=large))
    if line:
        text.addWidget(Text(line, color="text2", wrap=large))
    layout = QVBoxLayout(holder) if large else QHBoxLayout(holder)
    layout.setContentsMargins(20, 9, 16, 9)
    layout.setSpacing(12)
    if isinstance(layout, QHBoxLayout):
        layout.addLayout(text, 1)
        if control is not None:
            layout.addWidget(control)
        return holder
    layout.addLayout(text)
    if control is not None:
        below = QHBoxLayout()
        below.addWidget(control)
        below.addStretch(1)
        layout.addLayout(below)
    return holder
