"""Rows of lists: icon or tile, title over a second line, facts in fixed columns, the action right."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from credguard.gui.theme import LARGE, theme
from credguard.gui.widgets.button import Button, Kind
from credguard.gui.widgets.surface import Separator
from credguard.gui.widgets.text import Text


class ListRow(QWidget):
    """One line is 37 high, two are 57 to 64. `acted` when its button was pressed.

    `lead` is an Icon, IconTile, CheckBox or SeverityGlyph; `facts` are (words, width) in columns that
    stay where they are when a button is missing; `asides` are pills and the like before the button.
    """

    acted = Signal()

    def __init__(
        self,
        title: str | QWidget,
        detail: str | QWidget = "",
        lead: QWidget | None = None,
        facts: Sequence[tuple[str, int]] = (),
        asides: Sequence[QWidget] = (),
        action: str = "",
        kind: Kind = "secondary",
        icon: str = "",
        pad: int = 12,
        left: int = 20,
        role: str = "row",
    ) -> None:
        super().__init__()
        self._hover = False
        self._facts: list[tuple[QWidget, int]] = []
        line = QHBoxLayout(self)
        line.setContentsMargins(left, pad, 20, pad)
        line.setSpacing(12)
        if lead is not None:
            line.addWidget(lead)
        words = QVBoxLayout()
        words.setSpacing(0)
        self.title = title if isinstance(title, QWidget) else Text(title, role)
        words.addWidget(self.title)
        if detail:
            self.detail = detail if isinstance(detail, QWidget) else Text(detail, color="text2")
            words.addWidget(self.detail)
        line.addLayout(words, 1)
        for fact, width in facts:
            column = Text(fact, color="text2")
            self._facts.append((column, width))
            line.addWidget(column)
        for aside in asides:
            line.addWidget(aside)
        self.button: Button | None = None
        if action:
            named = title if isinstance(title, str) else ""
            self.button = Button(action, kind, icon, name=f"{action}: {named}" if named else action)
            self.button.clicked.connect(self.acted)
            if theme().scale < LARGE:
                line.addWidget(self.button)
            else:  # no room beside the words
                below = QHBoxLayout()
                below.setContentsMargins(0, 8, 0, 0)
                below.addWidget(self.button)
                below.addStretch(1)
                words.addLayout(below)
        self.measure()

    def measure(self) -> None:
        for column, width in self._facts:
            column.setFixedWidth(theme().u(width))

    def set_right(self, right: int) -> None:
        """Another right padding: a quiet button's words, not its edge, meet the column."""
        line = self.layout()
        if line is not None:
            margins = line.contentsMargins()
            margins.setRight(right)
            line.setContentsMargins(margins)

    def enterEvent(self, event: object) -> None:
        self._hover = True
        self.update()

    def leaveEvent(self, event: object) -> None:
        self._hover = False
        self.update()


class SelectRow(ListRow):
    """A row that fills on hover and can be the selected one."""

    selected = False

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.selected or self._hover:
            QPainter(self).fillRect(self.rect(), theme().color("sel" if self.selected else "hover"))


class RowList(QVBoxLayout):
    """Rows with separators between them that start at the text (`indent` px from the card's edge)."""

    def __init__(self, parent: QWidget | None = None, indent: int = 68) -> None:
        super().__init__()
        self._indent = indent
        self.setContentsMargins(0, 4, 0, 4)
        self.setSpacing(0)
        if parent is not None:
            parent.setLayout(self)

    def add(self, row: QWidget) -> None:
        """Append a row."""
        if self.count():
            self.addWidget(Separator(self._indent))
        self.addWidget(row)
