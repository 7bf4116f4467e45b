"""The dialogs that ask for the sealed vault's passphrase: to open it, or to make it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal

from credguard.gui.journeys.first_run_parts import hint
from credguard.gui.journeys.new_passphrase import NO_RECOVERY, NewPassphrase
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.field import Field
from credguard.gui.widgets.overlay import Panel
from credguard.gui.widgets.text import Text

WRONG = "That is not the passphrase"


class OpenPanel(Panel):
    """One field. `given` with what was typed; the field is empty from then on."""

    given = Signal(str)
    refused = Signal()

    def __init__(self) -> None:
        super().__init__(440)
        self.setAccessibleName("Open the vault")
        self.body.addWidget(Text("Open the vault", "dialog"))
        self.body.addSpacing(4)
        self.body.addWidget(
            Text("Your keys and codes are sealed with a passphrase.", color="text2", wrap=True)
        )
        self.body.addSpacing(20)
        self.field = Field("Passphrase", "Passphrase", 40, password=True)
        self.field.edit.returnPressed.connect(self._enter)
        self.body.addWidget(self.field)
        self.wrong = Text(WRONG, color="warn")
        self.wrong.hide()
        self.body.addSpacing(6)
        self.body.addWidget(self.wrong)
        cancel = Button("Cancel", "secondary")
        cancel.clicked.connect(self.refused)
        self.go = Button("Open", "primary")
        self.go.setEnabled(False)
        self.go.clicked.connect(self._enter)
        self.field.edit.textChanged.connect(self._typed)
        self.foot(None, cancel, self.go)

    def _typed(self, value: str) -> None:
        self.go.setEnabled(bool(value))
        if value:
            self.wrong.hide()

    def show_wrong(self) -> None:
        """It was another one; typed anew."""
        self.go.setText("Open")
        self.field.edit.setEnabled(True)
        self.wrong.show()
        self.field.edit.setAccessibleDescription(WRONG)
        self.field.edit.setFocus()
        self.updateGeometry()

    def _enter(self) -> None:
        value = self.field.text()
        if not value or not self.field.edit.isEnabled():
            return
        self.field.edit.clear()
        self.field.edit.setEnabled(False)
        self.go.setText("Opening")
        self.go.setEnabled(False)
        self.given.emit(value)


class NewVaultPanel(Panel):
    """Where no store was ever made: a passphrase, suggested and typed once more."""

    given = Signal(str)
    refused = Signal()

    def __init__(self, suggest: Callable[[], str], words: tuple[str, ...]) -> None:
        super().__init__(560)
        self.setAccessibleName("Make a vault that only you can open")
        self.body.addWidget(Text("Make a vault that only you can open", "dialog"))
        self.body.addWidget(
            Text(
                "No keychain answers on this computer, so CredGuard keeps a sealed one of its own.",
                color="text2", wrap=True,
            )
        )  # fmt: skip
        self.body.addSpacing(20)
        self.form = NewPassphrase(suggest, words)
        self.body.addWidget(self.form)
        self.body.addSpacing(12)
        self.body.addLayout(hint("info", NO_RECOVERY))
        cancel = Button("Cancel", "secondary")
        cancel.clicked.connect(self.refused)
        make = Button("Make the vault", "primary")
        make.setEnabled(False)
        self.form.ready.connect(make.setEnabled)
        self.form.entered.connect(self._enter)
        make.clicked.connect(self._enter)
        self.foot(None, cancel, make)

    def _enter(self) -> None:
        value = self.form.passphrase()
        self.form.clear()
        self.given.emit(value)
