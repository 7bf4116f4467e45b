"""Asking for the sealed vault's passphrase in the window; called from worker threads, which wait."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QThread, QTimer, Signal

from credguard.domain import passphrase as questions
from credguard.domain.errors import Locked
from credguard.domain.secret import Secret
from credguard.domain.text import text

if TYPE_CHECKING:
    from credguard.gui.journeys.recovery_card import RecoveryPanel
    from credguard.gui.journeys.unlock_panel import OpenPanel, TypedPanel
    from credguard.gui.security_keys import KeysAtWindow
    from credguard.gui.widgets.overlay import DialogHost
    from credguard.gui.window import Window

#: How often to look whether the vault is open, and when to stop looking (milliseconds, looks).
_LOOK, _LOOKS = 50, 400
WRONG = "That is not the passphrase"
_AGAIN = "That was not it."
#: The end of a question that nothing typed answers with a security key (vault/sealed/backend.py).
_OR_KEY = "(nothing: a security key)"


#: What a panel that asks something has: `given` with the answer, `refused`.
MakePanel = Callable[[], "TypedPanel | RecoveryPanel"]


class Question:
    """Asked by a worker, which waits for `answered`; None is no answer."""

    def __init__(self, words: str, make: MakePanel | None = None) -> None:
        self.words = words
        self.make = make
        self.answer: str | None = None
        self.answered = threading.Event()

    def give(self, answer: str | None) -> None:
        if not self.answered.is_set():
            self.answer = answer
            self.answered.set()


class Asker(QObject):
    """The door from the vault, in a worker, to the person at the window. One question at a time."""

    _asked = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._window: Window | None = None
        self._host: DialogHost | None = None
        self._guard = threading.Lock()
        self._closed = False
        self._waiting: list[Question] = []
        self._shown: Question | None = None
        self._panel: OpenPanel | None = None
        self._repeat: str | None = None  # what the second question for a new passphrase is answered with
        self._looks = 0
        self._keys: KeysAtWindow | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK)
        self._timer.timeout.connect(self._look)
        self._asked.connect(self._show)

    def attach(self, window: Window) -> None:
        """The window to ask in."""
        self._window = window

    def ask(self, words: str) -> str | None:
        """The passphrase, or None when the person closed the question, or nobody can be asked."""
        return self._put(Question(words))

    def ask_with(self, make: MakePanel) -> str | None:
        """The answer of a panel that `make` builds in the window's thread; None as in `ask`."""
        return self._put(Question("", make))

    def keeps_code(self, code: Secret) -> bool:
        """Show the recovery code of a new vault; False where it was left out on purpose.

        Raises Locked `vault-locked` when the person went away.
        """
        from credguard.gui.journeys.recovery_card import RecoveryPanel

        answer = self.ask_with(lambda: RecoveryPanel(code, datetime.datetime.now().astimezone().date()))
        if answer is None:
            raise Locked(
                "vault-locked",
                text("The vault was not made."),
                text("Do it again, and keep its recovery code or go on without one."),
            )
        return answer == "kept"

    def _put(self, question: Question) -> str | None:
        if QThread.currentThread() is self.thread():
            return None  # the window's own thread would wait for itself
        with self._guard:
            if self._closed:
                return None
            self._waiting.append(question)
        self._asked.emit(question)
        question.answered.wait()
        with self._guard:
            self._waiting.remove(question)
        return question.answer

    def give_up(self) -> None:
        """Nobody answers any more what was asked so far: the window is being locked."""
        with self._guard:
            waiting = list(self._waiting)
        for question in waiting:
            question.give(None)
        self._call_off()
        self._close()

    def close(self) -> None:
        """The program ends: no worker may wait for an answer."""
        with self._guard:
            self._closed = True
        self.give_up()

    # ── in the window's thread ───────────────────────────────────────────────────────────────────
    def _show(self, question: Question) -> None:
        window = self._window
        if question.answered.is_set():
            return
        if window is None or window.locked or not window.isVisible():
            question.give(None)
            return
        if question.words == questions.REPEAT and self._repeat is not None:
            question.give(self._repeat)
            self._repeat = None
            return
        if self._shown is not None and not self._shown.answered.is_set():
            # Another worker asked too: what opens the vault for one opens it for both.
            QTimer.singleShot(200, self, lambda: self._show(question))
            return
        self._timer.stop()
        self._shown = question
        if question.words.startswith(_AGAIN) and self._panel is not None:
            self._panel.show_wrong(WRONG)
            return
        self._open(window, question)
        said = question.words.partition(questions.OPEN)[0].strip()
        if said and self._panel is not None:
            self._panel.show_wrong(WRONG if question.words.startswith(_AGAIN) else said)

    def _open(self, window: Window, question: Question) -> None:
        from credguard.gui.journeys.unlock_panel import NewVaultPanel, OpenPanel
        from credguard.gui.widgets.overlay import DialogHost

        if self._host is None:
            # Above whatever dialog is open: that one stays as it is.
            self._host = DialogHost(window)
            self._host.closed.connect(self._cancelled)
        services = window.services
        self._panel = None
        panel: OpenPanel | NewVaultPanel | TypedPanel | RecoveryPanel
        if question.make is not None:
            panel = question.make()
        elif question.words == questions.NEW:
            panel = NewVaultPanel(services.suggest_passphrase, services.passphrase_words)
        else:
            label = "Recovery code" if question.words.startswith("Recovery code") else "Passphrase"
            panel = self._panel = OpenPanel(label, with_key=question.words.endswith(_OR_KEY))
        panel.given.connect(self._given)
        panel.refused.connect(self._host.close_panel)
        self._host.show_panel(panel)

    def _given(self, answer: str) -> None:
        question = self._shown
        if question is None:
            return
        self._repeat = answer if question.words == questions.NEW else None
        question.give(answer)
        if question.make is not None:
            self._close()
            return
        if not answer:
            return  # a security key: the panel stays until it was touched
        self._looks = 0
        self._timer.start()

    def _look(self) -> None:
        """Close it once the vault is open, or nothing asks any more."""
        self._looks += 1
        window = self._window
        done = window is None or window.services.is_unlocked or not window.tasks.busy
        if done or self._looks > _LOOKS:
            self._close()
            if window is not None:
                window.look_at_lock()

    # ── a security key in place of the passphrase ────────────────────────────────────────────────
    def watch_keys(self, keys: KeysAtWindow) -> None:
        """Show in the panel that asks for the passphrase that a key waits for its touch."""
        self._keys = keys
        keys.touch.connect(self._touch)
        keys.ended.connect(self._touched)

    def _touch(self) -> None:
        if self._panel is not None and self._panel.waits_for_key:
            self._panel.show_touch()

    def _touched(self) -> None:
        if self._panel is not None and self._panel.waits_for_key:
            self._panel.waits_for_key = False  # what is waited for next is not to be called off
            self._close()
            if self._window is not None:
                self._window.look_at_lock()

    def _call_off(self) -> None:
        if self._keys is not None:
            self._keys.cancel()

    @property
    def waits_for_key(self) -> bool:
        """Whether the touch that is waited for opens the vault."""
        return self._panel is not None and self._panel.waits_for_key

    def _cancelled(self) -> None:
        if self._panel is not None and self._panel.waits_for_key:
            self._call_off()
        self._timer.stop()
        self._panel = None
        if self._shown is not None:
            self._shown.give(None)
            self._shown = None

    def _close(self) -> None:
        self._timer.stop()
        if self._host is not None:
            self._host.close_panel()
        self._cancelled()
