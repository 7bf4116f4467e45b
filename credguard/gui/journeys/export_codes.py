"""Codes for another program: encrypted unless a person types `plaintext`. Nothing is taken out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QMenu

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.gui.journeys.new_passphrase import NewPassphrase
from credguard.gui.translate import harmless, words
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.controls import Choices
from credguard.gui.widgets.overlay import ConfirmDialog, Panel
from credguard.gui.widgets.text import Text

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from credguard.gui.window import Window
    from credguard.workflows.export_codes import CodesExported

WORD = "plaintext"
#: What is written, by the kind of file: the name offered, and what the system's dialog shows.
_FILES = {
    "aegis": ("codes-aegis.json", "Aegis vault (*.json)"),
    "kdbx": ("codes.kdbx", "KeePass database (*.kdbx)"),
    "uris": ("codes.txt", "List of addresses (*.txt)"),
    "google-qr": ("codes.png", "Pictures (*.png)"),
}
PLAIN = ("uris", "google-qr")


def more_menu(window: Window, at: QWidget) -> None:
    """Import and export, below the button that was pressed."""
    menu = QMenu(at)
    for label, call in (
        ("Import codes …", lambda: window.show_page("import-codes")),
        ("Export codes …", lambda: window.dialogs.show_panel(ExportCodesPanel(window))),
    ):
        action = QAction(label, menu)
        action.triggered.connect(lambda _=False, then=call: then())
        menu.addAction(action)
    menu.aboutToHide.connect(menu.deleteLater)
    menu.popup(at.mapToGlobal(QPoint(0, at.height() + 4)))


class ExportCodesPanel(Panel):
    """Which kind of file; a password for the encrypted ones; where to."""

    def __init__(self, window: Window) -> None:
        super().__init__()
        self.window_ = window
        self.setAccessibleName("Export codes")
        self.body.addWidget(Text("Export codes", "dialog"))
        self.body.addWidget(
            Text("All codes go into one file for another program. They stay here too.", color="text2",
                 wrap=True)
        )  # fmt: skip
        self.body.addSpacing(20)
        self.kinds = Choices(
            [
                ("aegis", "Encrypted, for Aegis", "Also read by 2FAS, Ente and others, and by CredGuard"),
                ("kdbx", "Encrypted, for KeePass", "KeePassXC shows the codes"),
                ("uris", "A list of addresses", "In plaintext: any program that reads it makes your codes"),
                ("google-qr", "Pictures for Google Authenticator", "In plaintext: ten codes in a picture"),
            ],
            at="aegis",
        )
        self.kinds.chosen.connect(self._kind)
        self.body.addWidget(self.kinds)
        self.body.addSpacing(20)
        services = window.services
        self.password = NewPassphrase(services.suggest_passphrase, services.passphrase_words)
        self.password.ready.connect(lambda _: self._kind())
        self.password.entered.connect(self._go)
        self.body.addWidget(self.password)
        self.problem = Text("", color="warn", wrap=True)
        self.problem.hide()
        self.body.addSpacing(8)
        self.body.addWidget(self.problem)
        cancel = Button("Cancel", "secondary")
        cancel.clicked.connect(window.dialogs.close_panel)
        self.go = Button("Choose where", "primary")
        self.go.clicked.connect(self._go)
        self.foot(None, cancel, self.go)
        self._kind()

    def _kind(self, _: str = "") -> None:
        plain = self.kinds.current() in PLAIN
        self.password.setVisible(not plain)
        self.go.setEnabled(plain or self.password.is_ready())
        self.window_.dialogs.place()

    def _go(self) -> None:
        kind = self.kinds.current()
        if kind not in PLAIN and not self.password.is_ready():
            return
        name, types = _FILES[kind]
        path, _ = QFileDialog.getSaveFileName(
            self, "Export codes", os.path.join(os.path.expanduser("~"), name), types,
            options=QFileDialog.Option.DontConfirmOverwrite,
        )  # fmt: skip
        if path:
            self.write(path)

    def write(self, path: str) -> None:
        """Into `path`; what lies in plaintext is confirmed first."""
        kind = self.kinds.current()
        try:
            self.window_.services.check_free(path)
        except CredGuardError as error:
            self._say(error)
            return
        if kind in PLAIN:
            _confirm(self.window_, path, kind)
            return
        self.go.setEnabled(False)
        self.go.setText("Writing …")  # the key derivation takes a second or two
        services, password = self.window_.services, Secret(self.password.passphrase())

        def failed(error: CredGuardError) -> None:
            self.go.setText("Choose where")
            self._kind()
            self._say(error)

        def done(found: CodesExported) -> None:
            self.password.clear()
            self.window_.dialogs.close_panel()
            _tell(self.window_, found)

        self.window_.tasks.run(lambda tell: services.export_codes(path, kind, password), done, failed)

    def _say(self, error: CredGuardError) -> None:
        self.problem.setText(f"{words(error.what)} {words(error.next)}")
        self.problem.show()
        self.window_.dialogs.place()


def _confirm(window: Window, path: str, kind: str) -> None:
    dialog = ConfirmDialog(
        "Write the codes in plaintext?",
        f"{harmless(os.path.basename(path))} will hold the secret of every code. Any program, backup or"
        " person that reads it can make your codes from then on.",
        WORD, "Write it", keep="Write nothing",
    )  # fmt: skip

    def confirmed() -> None:
        services = window.services
        window.dialogs.close_panel()
        window.tasks.run(
            lambda tell: services.export_codes(path, kind, None), lambda done: _tell(window, done),
            window.show_error,
        )  # fmt: skip

    dialog.confirmed.connect(confirmed)
    dialog.refused.connect(window.dialogs.close_panel)
    window.dialogs.show_panel(dialog)


def _tell(window: Window, done: CodesExported) -> None:
    where = harmless(os.path.basename(done.paths[0]))
    said = f"{done.codes:,} code{'' if done.codes == 1 else 's'} in {where}"
    if len(done.paths) > 1:
        said += f" and {len(done.paths) - 1} more"
    if done.left_out:
        window.toast.say(f"{said}. {len(done.left_out)} could not be written.", icon="triangle-alert")
    else:
        window.toast.say(f"{said}, read back.")
