"""The locked page: it replaces the whole window; names, numbers and codes go from the widgets too."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from credguard.domain.errors import CredGuardError
from credguard.gui.journeys.first_run_parts import AppMark, centred
from credguard.gui.journeys.unlock_form import UnlockForm
from credguard.gui.theme import theme
from credguard.gui.translate import harmless
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.field import Field
from credguard.gui.widgets.say import announce
from credguard.gui.widgets.scroll import ScrollArea
from credguard.gui.widgets.surface import Icon
from credguard.gui.widgets.text import Text

if TYPE_CHECKING:
    from credguard.gui.window import Window
    from credguard.wiring.kinds import StoreState
    from credguard.workflows.unlocking import UnlockWay

    #: The closed store, whether programs wait, and what opens it.
    Closed = tuple[StoreState, bool, tuple[UnlockWay, ...]]


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
        self.form = UnlockForm(window)
        self.form.opened.connect(self._open)
        layout.addStretch(1000)
        layout.addWidget(self.form.balance)
        layout.addLayout(centred(AppMark()))
        layout.addSpacing(24)
        layout.addWidget(Text("CredGuard is locked", "title", center=True, wrap=True))
        layout.addSpacing(4)
        self.why = Text("You locked it.", color="text2", center=True, wrap=True)
        layout.addWidget(self.why)
        layout.addSpacing(28)
        layout.addLayout(centred(self.form))
        layout.addStretch(1150)
        self._meanwhile = ""
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
        self.form.setFixedWidth(min(theme().u(320), max(200, self.width() - 64)))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.measure()
        return False

    def show_state(self, closed: Closed) -> None:
        """The store is closed: how it is opened again, and what programs get meanwhile."""
        state, waiting, ways = closed
        if state.kind == "sealed" and not state.asks:  # a file opens it for whoever needs a key
            note = "Programs get their keys as before."
        elif state.kind == "sealed" and self.window_.link is None:
            note = "Programs that need a key are told that the vault is locked."
        elif state.kind == "sealed" or waiting:
            note = "Programs that need a key wait until you unlock."
        else:
            note = "Programs get their keys as before."
        self._meanwhile = note
        self.show_waiting()
        self.window_.look_at_lock()
        self.form.offer(state, ways)

    def show_waiting(self) -> None:
        """Name the programs that wait for somebody to unlock, else what they get meanwhile."""
        names = list(dict.fromkeys(harmless(str(event["program"])) for event in self.window_.waiting))
        said = self._meanwhile
        if len(names) == 1:
            said = f"{names[0]} waits for you."
        elif names:
            rest = names[1] if len(names) == 2 else f"{len(names) - 1} others"
            said = f"{names[0]} and {rest} wait for you."
        if said != self._note.text():
            self._note.setText(said)
            if names:
                announce(self, said)

    def because(self, why: str) -> None:
        """Why it is locked, where the person did not do it."""
        self.why.setText(why)

    def unlock(self) -> None:
        """Open it again, from the tray as by Enter."""
        self.form.enter()

    @property
    def field(self) -> Field:
        return self.form.field

    @property
    def go(self) -> Button:
        return self.form.go

    @property
    def problem(self) -> Text:
        return self.form.problem

    def _open(self) -> None:
        for short in self._off:
            short.setEnabled(True)
        self.window_.removeEventFilter(self)
        self.hide()
        self.deleteLater()
        self.window_.unlocked()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.unlock()
        elif event.key() == Qt.Key.Key_Escape:
            self.form.give_up()
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

    def close(tell: Any) -> Closed:
        done = services.lock()
        state = services.store_state()
        ways: tuple[UnlockWay, ...] = ()
        if state.kind == "sealed" and state.asks:
            with contextlib.suppress(CredGuardError):  # a damaged vault says so when it is opened
                ways = services.unlock_ways()
        return state, done.waiting, ways

    window.tasks.run(close, page.show_state, page.form.failed)
    return page
