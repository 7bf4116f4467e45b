"""The dialogs that ask for the sealed vault's passphrase: to open it, or to make it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal

from credguard.gui.journeys.new_passphrase import NewPassphrase
from credguard.gui.passphrase import WRONG
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.field import Field
from credguard.gui.widgets.overlay import Panel
from credguard.gui.widgets.text import Text


class TypedPanel(Panel):
    """One field that shows nothing. `given` with what was typed; it is empty from then on."""

    given = Signal(str)
    refused = Signal()

    def __init__(self, title: str, line: str, label: str, action: str = "Go on") -> None:
        super().__init__(440)
        self.setAccessibleName(title)
        self.body.addWidget(Text(title, "dialog", wrap=True))
        self.body.addSpacing(4)
        self.line = Text(line, color="text2", wrap=True)
        self.body.addWidget(self.line)
        self.body.addSpacing(20)
        self.field = Field(label, label, 40, password=True)
        self.field.edit.returnPressed.connect(self._enter)
        self.body.addWidget(self.field)
        self.cancel = Button("Cancel", "secondary")
        self.cancel.clicked.connect(self.refused)
        self.go = Button(action, "primary")
        self.go.setEnabled(False)
        self.go.clicked.connect(self._enter)
        self.field.edit.textChanged.connect(self._typed)
        self.ends()

    def ends(self) -> None:
        """The foot, and what stands above it."""
        self.foot(None, self.cancel, self.go)

    def _typed(self, value: str) -> None:
        self.go.setEnabled(bool(value))

    def _enter(self) -> None:
        value = self.field.text()
        if not value or not self.field.edit.isEnabled():
            return
        self.field.edit.clear()
        self.given.emit(value)


class OpenPanel(TypedPanel):
    """Opens the sealed vault: with what is typed, or `with_key` by a touch (then `given` is empty)."""

    def __init__(self, label: str = "Passphrase", with_key: bool = False) -> None:
        self._with_key = with_key
        self.waits_for_key = False
        super().__init__("Open the vault", "Your keys and codes are sealed with a passphrase.", label, "Open")
        if label != "Passphrase":
            self.line.setText("Its recovery code opens it.")

    def ends(self) -> None:
        self.wrong = Text(WRONG, color="warn", wrap=True)
        self.wrong.hide()
        self.body.addSpacing(6)
        self.body.addWidget(self.wrong)
        self.key = Button("Use a security key", "quiet", "usb")
        self.key.clicked.connect(self._use_key)
        self.key.setVisible(self._with_key)
        if self._with_key:
            self.foot(self.key, None, self.cancel, self.go)
        else:
            self.foot(None, self.cancel, self.go)

    def _typed(self, value: str) -> None:
        super()._typed(value)
        if value:
            self.wrong.hide()

    def show_wrong(self, words: str = WRONG) -> None:
        """It was another one; typed anew."""
        self.go.setText("Open")
        self.field.edit.setEnabled(True)
        self.wrong.setText(words)
        self.wrong.show()
        self.field.edit.setAccessibleDescription(words)
        self.field.edit.setFocus()
        self.updateGeometry()

    def _enter(self) -> None:
        value = self.field.text()
        if not value or not self.field.edit.isEnabled():
            return
        self.field.edit.clear()
        self._closed("Opening")
        self.given.emit(value)

    def _use_key(self) -> None:
        self.waits_for_key = True
        self._closed("Opening")
        self.line.setText("Looking for a security key.")
        self.given.emit("")

    def show_touch(self) -> None:
        """A key blinks."""
        self.line.setText("Touch the security key now, while it blinks.")
        self.updateGeometry()

    def _closed(self, words: str) -> None:
        self.field.edit.setEnabled(False)
        self.key.setEnabled(False)
        self.go.setText(words)
        self.go.setEnabled(False)


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
        cancel = Button("Cancel", "secondary")
        cancel.clicked.connect(self.refused)
        make = Button("Go on", "primary")
        make.setEnabled(False)
        self.form.ready.connect(make.setEnabled)
        self.form.entered.connect(self._enter)
        make.clicked.connect(self._enter)
        self.foot(None, cancel, make)

    def _enter(self) -> None:
        value = self.form.passphrase()
        self.form.clear()
        self.given.emit(value)
