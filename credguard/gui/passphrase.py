"""Asking for the sealed vault's passphrase in the window; called from worker threads, which wait."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QThread, QTimer, Signal

from credguard.domain import passphrase as questions

if TYPE_CHECKING:
    from credguard.gui.journeys.unlock_panel import OpenPanel
    from credguard.gui.widgets.overlay import DialogHost
    from credguard.gui.window import Window

#: How often to look whether the vault is open, and when to stop looking (milliseconds, looks).
_LOOK, _LOOKS = 50, 400


class _Question:
    def __init__(self, words: str) -> None:
        self.words = words
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
        self._waiting: list[_Question] = []
        self._shown: _Question | None = None
        self._panel: OpenPanel | None = None
        self._repeat: str | None = None  # what the second question for a new passphrase is answered with
        self._looks = 0
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK)
        self._timer.timeout.connect(self._look)
        self._asked.connect(self._show)

    def attach(self, window: Window) -> None:
        """The window to ask in."""
        self._window = window

    def ask(self, words: str) -> str | None:
        """The passphrase, or None when the person closed the question, or nobody can be asked."""
        if QThread.currentThread() is self.thread():
            return None  # the window's own thread would wait for itself
        question = _Question(words)
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
        self._close()

    def close(self) -> None:
        """The program ends: no worker may wait for an answer."""
        with self._guard:
            self._closed = True
        self.give_up()

    # ── in the window's thread ───────────────────────────────────────────────────────────────────
    def _show(self, question: _Question) -> None:
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
        if question.words == questions.AGAIN and self._panel is not None:
            self._panel.show_wrong()
            return
        self._open(window, new=question.words == questions.NEW)
        if question.words == questions.AGAIN and self._panel is not None:
            self._panel.show_wrong()

    def _open(self, window: Window, new: bool) -> None:
        from credguard.gui.journeys.unlock_panel import NewVaultPanel, OpenPanel
        from credguard.gui.widgets.overlay import DialogHost

        if self._host is None:
            # Above whatever dialog is open: that one stays as it is.
            self._host = DialogHost(window)
            self._host.closed.connect(self._cancelled)
        services = window.services
        self._panel = None
        panel: OpenPanel | NewVaultPanel
        if new:
            panel = NewVaultPanel(services.suggest_passphrase, services.passphrase_words)
        else:
            panel = self._panel = OpenPanel()
        panel.given.connect(self._given)
        panel.refused.connect(self._host.close_panel)
        self._host.show_panel(panel)

    def _given(self, answer: str) -> None:
        question = self._shown
        if question is None:
            return
        self._repeat = answer if question.words == questions.NEW else None
        question.give(answer)
        self._looks = 0
        self._timer.start()

    def _look(self) -> None:
        """Close it once the vault is open, or nothing asks any more."""
        self._looks += 1
        window = self._window
        done = window is None or window.services.is_unlocked or not window.tasks.busy
        if done or self._looks > _LOOKS:
            self._close()

    def _cancelled(self) -> None:
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
