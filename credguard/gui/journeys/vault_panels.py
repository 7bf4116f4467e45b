"""Dialogs about the ways into the vault: another passphrase, and what is left to do after a removal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal

from credguard.domain.secret import Secret
from credguard.gui.journeys.first_run_parts import hint
from credguard.gui.journeys.new_passphrase import NewPassphrase
from credguard.gui.translate import harmless
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.field import CheckBox
from credguard.gui.widgets.overlay import Panel
from credguard.gui.widgets.text import Text

if TYPE_CHECKING:
    from credguard.workflows.vault_care import RemovedWay


class ChangePanel(Panel):
    """`given` with the new passphrase, and whether somebody may know the old one."""

    given = Signal(object, bool)
    refused = Signal()

    def __init__(self, suggest: Callable[[], str], known_words: tuple[str, ...]) -> None:
        super().__init__(560)
        self.setAccessibleName("Another passphrase")
        self.body.addWidget(Text("Another passphrase", "dialog", wrap=True))
        self.body.addSpacing(16)
        self.form = NewPassphrase(suggest, known_words)
        self.body.addWidget(self.form)
        self.body.addSpacing(12)
        self.known = CheckBox("Somebody may know the old one")
        self.body.addWidget(self.known)
        self.body.addSpacing(4)
        self.body.addLayout(hint("info", "Then the vault gets new keys, and is opened once more afterwards."))
        cancel = Button("Cancel", "secondary")
        cancel.clicked.connect(self.refused)
        self.go = Button("Change it", "primary")
        self.go.setEnabled(False)
        self.form.ready.connect(self.go.setEnabled)
        self.form.entered.connect(self._enter)
        self.go.clicked.connect(self._enter)
        self.foot(None, cancel, self.go)

    def _enter(self) -> None:
        if self.form.is_ready():
            passphrase = Secret(self.form.passphrase())
            self.form.clear()
            self.given.emit(passphrase, self.known.isChecked())


class RemovedPanel(Panel):
    """What a copy of the vault could still give away, by name; and that the vault has to be opened anew."""

    closed = Signal()

    def __init__(self, removed: RemovedWay | None, ended: bool) -> None:
        super().__init__(520)
        self.setAccessibleName("The vault has new keys")
        self.body.addWidget(Text("The vault has new keys", "dialog", wrap=True))
        self.body.addSpacing(8)
        if removed is not None and (removed.access_keys or removed.codes):
            self._say(
                "Whoever has what you removed, and an old copy of the vault, could still read that copy. To "
                "be safe, rotate these keys, and set these codes up anew:"
            )
            for name in (*removed.access_keys, *removed.codes):
                self.body.addWidget(Text(harmless(name), "mono", wrap=True))
        for path in removed.set_aside if removed is not None else ():
            self._say(f"It may still open {harmless(path)}. Delete that file when you need it no more.")
        if ended:
            self._say("Open it once more, so that programs go on getting keys.")
        go = Button("Open the vault" if ended else "Close", "primary")
        go.clicked.connect(self.closed)
        self.foot(None, go)

    def _say(self, sentence: str) -> None:
        self.body.addSpacing(8)
        self.body.addWidget(Text(sentence, wrap=True))
        self.body.addSpacing(4)
