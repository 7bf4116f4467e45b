"""What opens CredGuard again on the locked page: a field, a security key, or one button."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.gui.passphrase import WRONG, Question
from credguard.gui.theme import theme
from credguard.gui.translate import words
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.field import Field
from credguard.gui.widgets.say import announce
from credguard.gui.widgets.security_key import KeyDrawing
from credguard.gui.widgets.text import Text

if TYPE_CHECKING:
    from credguard.gui.window import Window
    from credguard.wiring.kinds import StoreState
    from credguard.workflows.unlocking import UnlockWay

LOOKING = "Looking for a security key."
TOUCH = "Touch the security key now, while it blinks."
_PIN = "The security key asks for its PIN."
_LABELS = {("recovery",): "Recovery code", ("passphrase", "recovery"): "Passphrase or recovery code"}
_WORDS = "The key opens the vault together with its passphrase."


class UnlockForm(QWidget):
    """`opened` once the store is open. `state` is `closing` (not closed yet), `rest`, `working`, `key` (a
    touch is waited for), `pin` or `words` (the key wants something typed)."""

    opened = Signal()
    _told = Signal(str)
    _asked = Signal(object)

    def __init__(self, window: Window) -> None:
        super().__init__()
        self._window = window
        self.state = "closing"
        self._typed, self._can_type, self._with_key, self._label = False, False, False, "Passphrase"
        self._cancel = threading.Event()
        self._question: Question | None = None
        # Stands above everything, so that a second button below moves nothing.
        self.balance = QWidget()
        self._build()
        self._told.connect(self._hear)
        self._asked.connect(self._ask)
        self._show_state()
        app = QCoreApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self.give_up)

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self._drawing = QWidget()
        middle = QHBoxLayout(self._drawing)
        middle.setContentsMargins(0, 0, 0, 12)
        middle.addStretch(1)
        middle.addWidget(KeyDrawing(True))
        middle.addStretch(1)
        layout.addWidget(self._drawing)
        self.said = Text("", center=True, wrap=True)
        layout.addWidget(self.said)
        self._gap = QWidget()
        self._gap.setFixedHeight(12)
        layout.addWidget(self._gap)
        self.field = Field("Passphrase", "Passphrase", 40, password=True)
        self.field.edit.returnPressed.connect(self.enter)
        self.field.edit.textChanged.connect(self._typing)
        layout.addWidget(self.field)
        layout.addSpacing(6)
        self.problem = Text("", color="warn", wrap=True)
        self.problem.hide()
        layout.addWidget(self.problem)
        layout.addSpacing(6)
        self.go = Button("Unlock", "primary", "", 40, key="Enter")
        self.go.setSizePolicy(self.field.sizePolicy())
        self.go.clicked.connect(self.enter)
        layout.addWidget(self.go)
        layout.addSpacing(8)
        self.key = Button("Use a security key", "quiet", "usb", 40)
        self.key.clicked.connect(self._second)
        second = QHBoxLayout()
        second.addStretch(1)
        second.addWidget(self.key)
        second.addStretch(1)
        layout.addLayout(second)

    # ── what is offered ──────────────────────────────────────────────────────────────────────────
    def offer(self, store: StoreState, ways: tuple[UnlockWay, ...]) -> None:
        """The store is closed: it opens with these `ways`; without any, as it says itself."""
        kinds = {way.kind: way for way in ways}
        typed = [name for name in ("passphrase", "recovery") if name in kinds]
        by_itself = "keychain" in kinds and len(kinds["keychain"].opens) == 2
        self._with_key = "fido2" in kinds
        self._typed = store.asks and bool(typed or not ways) and not by_itself
        self._label = _LABELS.get(tuple(typed), "Passphrase")
        self._can_type = store.asks and bool(typed or not ways)
        self._rest()

    def _rest(self, problem: str = "") -> None:
        self.state = "rest"
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        self.field.edit.setAccessibleDescription(problem)
        if problem:
            announce(self, problem)
        self._show_state()
        (self.field.edit if self._typed else self.go).setFocus()

    def _show_state(self) -> None:
        state, waits = self.state, self.state in {"key", "pin", "words"}
        asks = state in {"pin", "words"}
        label = {"pin": "PIN", "words": "Passphrase"}.get(state, self._label)
        self.field.edit.setPlaceholderText(label)
        self.field.edit.setAccessibleName(label)
        self.field.setVisible(asks or (self._typed and state != "key"))
        self.field.edit.setEnabled(state in {"rest", "pin", "words"})
        for part in (self._drawing, self.said, self._gap):
            part.setVisible(waits)
        only_key = self._with_key and not self._typed
        words_of = {"working": "Unlocking", "pin": "Go on", "words": "Go on"}
        self.go.setText(words_of.get(state, "Use a security key" if only_key else "Unlock"))
        self.go.setVisible(state != "key")
        self.go.setEnabled(state in {"rest", "pin", "words"})
        self.key.setText("Cancel" if waits else "Use a security key")
        self.key.icon_name = "x" if waits else "usb"
        self.key.setVisible(waits or (self._with_key and not only_key))
        self.key.setEnabled(state != "working")
        beside = not waits and self.key.isVisibleTo(self)
        self.balance.setFixedHeight(theme().u(44) if beside else 1)

    def measure(self) -> None:
        self._show_state()

    def _typing(self, words_typed: str) -> None:
        if words_typed:
            self.problem.hide()

    # ── opening ──────────────────────────────────────────────────────────────────────────────────
    def enter(self) -> None:
        """Enter, and the filled button."""
        if self.state in {"pin", "words"}:
            self._answer()
        elif self.state == "rest":
            if self._with_key and not self._typed:
                self.use_key()
            else:
                self.unlock()

    def unlock(self) -> None:
        """With what is typed; with nothing where nothing is asked."""
        if self.state != "rest":
            return
        typed = Secret(self.field.text()) if self._typed else None
        if self._typed and not typed:
            self.field.edit.setFocus()
            return
        self.field.edit.clear()
        self.state = "working"
        self._show_state()
        services = self._window.services
        self._run(lambda: services.unlock(typed))

    def use_key(self) -> None:
        """With any security key that is plugged in."""
        if self.state != "rest":
            return
        self.field.edit.clear()
        self.problem.hide()
        self.state = "key"
        self._say(LOOKING)
        self.key.setVisible(True)
        self.key.setFocus()  # before the field goes, which would pass the focus on as Tab does
        self._show_state()
        services, cancel = self._window.services, threading.Event()
        self._cancel = cancel
        self._run(
            lambda: services.unlock_with(
                "fido2", ask_pin=self._pin, ask_words=self._words, tell=self._told.emit, cancel=cancel
            )
        )

    def _run(self, call: Callable[[], None]) -> None:
        self._window.tasks.run(lambda tell: call(), lambda _: self.opened.emit(), self.failed)

    def failed(self, error: CredGuardError) -> None:
        """It stays closed: why, in words; a wait that was called off needs none."""
        self._question = None
        self.field.edit.clear()
        if error.code in {"key-cancelled", "vault-locked"}:
            # The keychain that opened it did not, or nobody could say what opens it: then it is typed.
            refused = error.code == "vault-locked"
            self._typed = self._typed or self._can_type or (refused and not self._with_key)
            self._rest()
        else:
            wrong = error.code == "wrong-passphrase" and self._typed
            self._rest(WRONG if wrong else f"{words(error.what)} {words(error.next)}")

    # ── what a key wants, asked by a worker that waits ───────────────────────────────────────────
    def _pin(self, tries_left: int | None) -> Secret | None:
        left = ""
        if tries_left is not None and tries_left < 8:
            left = (
                f" {tries_left} {'try is' if tries_left == 1 else 'tries are'} left before it locks itself."
            )
        return self._put("pin", _PIN + left)

    def _words(self) -> Secret | None:
        return self._put("words", _WORDS)

    def _put(self, kind: str, said: str) -> Secret | None:
        question = Question(said)
        if self._cancel.is_set():
            return None
        self._asked.emit((kind, question))
        while not question.answered.wait(0.2):
            if self._cancel.is_set():  # asked just as it was called off: nobody may be there to say no
                return None
        return Secret(question.answer) if question.answer else None

    def _ask(self, asked: tuple[str, Question]) -> None:
        kind, question = asked
        if self._cancel.is_set() or self.state not in {"key", "pin", "words"}:
            question.give(None)
            return
        self._question, self.state = question, kind
        self._say(question.words)
        self._show_state()
        self.field.edit.setFocus()

    def _answer(self) -> None:
        question, typed = self._question, self.field.text()
        if question is None or not typed:
            self.field.edit.setFocus()
            return
        self._question = None
        self.field.edit.clear()
        self.state = "key"
        self._say(LOOKING)
        self.key.setVisible(True)
        self.key.setFocus()  # before the field goes, which would pass the focus on as Tab does
        self._show_state()
        question.give(typed)

    def _hear(self, event: str) -> None:
        if event == "touch" and self.state == "key":
            self._say(TOUCH)

    def _say(self, sentence: str) -> None:
        self.said.setText(sentence)
        announce(self, sentence)

    # ── calling it off ───────────────────────────────────────────────────────────────────────────
    def _second(self) -> None:
        if self.state in {"key", "pin", "words"}:
            self.give_up()
        else:
            self.use_key()

    def give_up(self) -> None:
        """Esc, Cancel, and the end of the program: no touch and no PIN is waited for any more."""
        self._cancel.set()
        question, self._question = self._question, None
        if question is not None:
            question.give(None)
