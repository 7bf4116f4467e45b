"""The locked page: it replaces the whole window; names, numbers and codes go from the widgets too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.gui.journeys.first_run_parts import AppMark, centred
from credguard.gui.passphrase import WRONG
from credguard.gui.theme import theme
from credguard.gui.translate import words
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.field import Field
from credguard.gui.widgets.scroll import ScrollArea
from credguard.gui.widgets.surface import Icon
from credguard.gui.widgets.text import Text

if TYPE_CHECKING:
    from credguard.gui.window import Window
    from credguard.wiring.kinds import StoreState


class LockPage(QWidget):
    """Over everything. One field for the sealed vault, one button for a keychain."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.window_ = window
        self.setObjectName("locked")
        self.setAccessibleName("CredGuard is locked")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._off = [short for short in window.findChildren(QShortcut) if short.isEnabled()]
        for short in self._off:
            short.setEnabled(False)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(24, 24, 24, 0)
        layout.setSpacing(0)
        layout.addStretch(1000)
        layout.addLayout(centred(AppMark()))
        layout.addSpacing(24)
        layout.addWidget(Text("CredGuard is locked", "title", center=True, wrap=True))
        layout.addSpacing(4)
        self.why = Text("You locked it.", color="text2", center=True, wrap=True)
        layout.addWidget(self.why)
        layout.addSpacing(28)
        self._middle = QWidget()
        middle = QVBoxLayout(self._middle)
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(0)
        self.problem = Text("", color="warn", wrap=True)
        self.problem.hide()
        self.field = Field("Passphrase", "Passphrase", 40, password=True)
        self.field.edit.returnPressed.connect(self.unlock)
        self.field.edit.textChanged.connect(lambda _: self.problem.hide())
        self.field.hide()
        middle.addWidget(self.field)
        middle.addSpacing(6)
        middle.addWidget(self.problem)
        middle.addSpacing(6)
        self.go = Button("Unlock", "primary", "", 40, key="Enter")
        self.go.setSizePolicy(self.field.sizePolicy())
        self.go.setEnabled(False)
        self.go.clicked.connect(self.unlock)
        middle.addWidget(self.go)
        layout.addLayout(centred(self._middle))
        layout.addStretch(1150)
        self._note = Text("", color="text2", wrap=True)
        note = QHBoxLayout()
        note.setSpacing(8)
        note.addStretch(1)
        note.addWidget(Icon("terminal", 16))
        note.addWidget(self._note)
        note.addStretch(1)
        layout.addLayout(note)
        layout.addSpacing(32)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(ScrollArea(content))
        window.installEventFilter(self)
        self.measure()
        self.show()
        self.raise_()
        self.setFocus()

    def measure(self) -> None:
        self.setGeometry(self.window_.rect())
        self._middle.setFixedWidth(min(theme().u(320), max(200, self.width() - 64)))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.measure()
        return False

    def show_state(self, closed: tuple[StoreState, bool]) -> None:
        """The store is closed: how it is opened again."""
        state, waiting = closed
        if state.kind == "sealed":
            note = "Programs that need a key are told that the vault is locked."
            if not state.asks:  # a file opens it for whoever needs a key
                note = "Programs get their keys as before."
        elif waiting:
            note = "Programs that need a key wait until you unlock."
        else:
            note = "Programs get their keys as before."
        self._note.setText(note)
        self.window_.look_at_lock()
        self.field.setVisible(state.asks)
        self._ready()

    def because(self, why: str) -> None:
        """Why it is locked, where the person did not do it."""
        self.why.setText(why)

    def _ready(self) -> None:
        self.go.setEnabled(True)
        self.go.setText("Unlock")
        self.field.edit.setEnabled(True)
        (self.go if self.field.isHidden() else self.field.edit).setFocus()

    def unlock(self) -> None:
        """Open the store again, elsewhere."""
        services, asks = self.window_.services, not self.field.isHidden()
        if not self.go.isEnabled():
            return
        typed = Secret(self.field.text()) if asks else None
        if asks and not typed:
            self.field.edit.setFocus()
            return
        self.field.edit.clear()
        self.field.edit.setEnabled(False)
        self.go.setEnabled(False)
        self.go.setText("Unlocking")
        self.window_.tasks.run(lambda tell: services.unlock(typed), self._open, self._failed)

    def _failed(self, error: CredGuardError) -> None:
        wrong = error.code == "wrong-passphrase"
        self.problem.setText(WRONG if wrong else f"{words(error.what)} {words(error.next)}")
        self._ready()
        self.problem.show()

    def _open(self, _: Any) -> None:
        for short in self._off:
            short.setEnabled(True)
        self.window_.removeEventFilter(self)
        self.hide()
        self.deleteLater()
        self.window_.unlocked()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.unlock()
        # Nothing below hears a key while it is locked.
        event.accept()

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), theme().color("page"))


def lock(window: Window) -> LockPage:
    """Hide everything at once; the store is closed when the work at hand is done."""
    page = LockPage(window)
    services = window.services
    if window.tasks.busy:
        page.why.setText("Work at hand is finished first, then the vault is closed.")

    def close(tell: Any) -> tuple[StoreState, bool]:
        done = services.lock()
        return services.store_state(), done.waiting

    def failed(error: CredGuardError) -> None:
        page._failed(error)

    window.tasks.run(close, page.show_state, failed)
    return page
