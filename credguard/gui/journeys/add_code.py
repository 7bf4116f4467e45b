"""Add a code: from a picture, an address or a secret; stored, read back, then shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QFileDialog

from credguard.domain.errors import CredGuardError
from credguard.gui.translate import words
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.field import Field
from credguard.gui.widgets.overlay import Panel
from credguard.gui.widgets.text import Text

if TYPE_CHECKING:
    from credguard.gui.window import Window


class AddCodeDialog(Panel):
    """One field takes an address or a secret; a button takes a picture."""

    def __init__(self, window: Window) -> None:
        super().__init__()
        self.window_ = window
        self.body.addWidget(Text("Add a code", "dialog"))
        self.body.addWidget(Text("AWS shows a QR code, or a secret, when MFA is set up.", color="text2"))
        self.body.addSpacing(20)
        self._picture = Button("From a picture of the QR code …", "secondary", "image")
        self._picture.clicked.connect(self._choose)
        self.body.addWidget(self._picture)
        self.body.addSpacing(16)
        self.body.addWidget(Text("Or the secret, or its otpauth:// address", "button"))
        self.body.addSpacing(4)
        self._secret = Field("JBSW Y3DP …", "Secret or address", password=True)
        self.body.addWidget(self._secret)
        self.body.addSpacing(12)
        self.body.addWidget(Text("Name", "button"))
        self.body.addSpacing(4)
        self._name = Field("Northwind, m.keller", "Name of the code")
        self.body.addWidget(self._name)
        self.body.addSpacing(8)
        self._problem = Text("", color="warn", wrap=True)
        self.body.addWidget(self._problem)
        cancel = Button("Cancel", "quiet", "x")
        cancel.clicked.connect(window.dialogs.close_panel)
        self._keep = Button("Keep this code", "primary")
        self._keep.clicked.connect(self._typed)
        self._secret.edit.returnPressed.connect(self._typed)
        self._name.edit.returnPressed.connect(self._typed)
        self.foot(cancel, None, self._keep)

    def _choose(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, "A picture of the QR code", "", "Pictures (*.png *.jpg *.jpeg *.gif *.bmp *.webp)"
        )
        if path:
            self.add(image_path=path)

    def _typed(self) -> None:
        value = self._secret.edit.text().strip()
        if not value:
            self._problem.setText("Type the secret that AWS shows, or choose a picture.")
        elif "://" in value:
            self.add(address=value)
        elif not self._name.edit.text().strip():
            self._problem.setText("A secret alone needs a name.")
        else:
            self.add(secret=value)

    def add(self, **source: str) -> None:
        """Store what was given."""
        services, name = self.window_.services, self._name.edit.text().strip() or None
        self._keep.setEnabled(False)

        def done(added: Any) -> None:
            self.window_.dialogs.close_panel()
            self.window_.toast.say(f"{added.title or added.name}: stored and read back.")
            self.window_.changed()
            self.window_.show_page("codes")

        def failed(error: CredGuardError) -> None:
            self._keep.setEnabled(True)
            self._problem.setText(f"{words(error.what)} {words(error.next)}")
            self.window_.dialogs.place()

        self.window_.tasks.run(lambda tell: services.add_code(name=name, **source), done, failed)
