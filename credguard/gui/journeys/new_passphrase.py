"""A passphrase for a new vault: suggested, shown, and typed once more."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QVBoxLayout

from credguard.domain.passphrase import strength
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.cards import row
from credguard.gui.widgets.field import Field
from credguard.gui.widgets.strength import StrengthMeter
from credguard.gui.widgets.surface import Card
from credguard.gui.widgets.text import Text


class NewPassphrase(Card):
    """`ready` says whether both fit; `entered` when Enter is pressed in the second field."""

    ready = Signal(bool)
    entered = Signal()

    def __init__(self, suggest: Callable[[], str], words: tuple[str, ...]) -> None:
        super().__init__(name="new passphrase")
        self._suggest, self._known = suggest, words
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 12, 20, 15)
        layout.setSpacing(0)
        another = Button("Suggest another", "quiet", "refresh")
        another.clicked.connect(self.suggest)
        layout.addLayout(row(Text("Passphrase", "card"), None, another))
        layout.addSpacing(4)
        self.first = Field("Six words, or your own", "Passphrase", 40, password=True, stays=True)
        self.first.edit.textChanged.connect(lambda _: self._typed())
        layout.addWidget(self.first)
        layout.addSpacing(10)
        self.meter = StrengthMeter()
        layout.addWidget(self.meter)
        layout.addSpacing(14)
        self.second = Field("Type it once more, so that your fingers know it", "Passphrase once more", 40)
        self.second.edit.setEchoMode(QLineEdit.EchoMode.Password)
        self.second.edit.textChanged.connect(lambda _: self._typed())
        self.second.edit.returnPressed.connect(self._entered)
        self.first.edit.returnPressed.connect(lambda: self.second.edit.setFocus())
        layout.addWidget(self.second)
        self.missing = Text("", color="warn", wrap=True)
        self.missing.hide()
        layout.addSpacing(4)
        layout.addWidget(self.missing)
        self.suggest()

    def suggest(self) -> None:
        """Six other words."""
        self.first.edit.setText(self._suggest())
        self.second.edit.clear()
        self.second.edit.setFocus()

    def passphrase(self) -> str:
        return self.first.text()

    def is_ready(self) -> bool:
        return bool(self.first.text()) and self.first.text() == self.second.text()

    def clear(self) -> None:
        """Nothing secret stays in the fields, nor in what they could undo."""
        for field in (self.first, self.second):
            field.edit.clear()

    def _typed(self) -> None:
        self.meter.show_strength(strength(self.first.text(), self._known))
        self.missing.hide()
        self.ready.emit(self.is_ready())

    def _entered(self) -> None:
        if self.is_ready():
            self.entered.emit()
            return
        said = "Type a passphrase first." if not self.first.text() else "The two differ."
        self.missing.setText(said)
        self.missing.show()
