"""The window's line to the agent: its questions become the prompt, its locks lock the window too."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut

from credguard.gui.approve import Prompt

if TYPE_CHECKING:
    from credguard.gui.window import Window
    from credguard.vault.watch import Watch

#: How often it looks for an agent where none answers (seconds).
_AGAIN = 1.0
WHY = {
    "away": "Nobody used CredGuard for a while.",
    "longest": "It was open long enough.",
    "screen-lock": "The screen was locked.",
    "sleep": "The computer went to sleep.",
    "asked": "It was locked from elsewhere.",
    "ended": "The agent that held the vault open was ended.",
    "vault-changed": "The vault file was changed by another program, or put back to an older state.",
}


class AgentLink(QObject):
    """Connects whenever an agent runs, for as long as the window lives. `waits`: other programs wait for
    somebody to unlock, or none does any more."""

    waits = Signal(object)
    _heard = Signal(object)

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window = window
        self._end = threading.Event()
        self._watch: Watch | None = None
        self._waiting: dict[str, dict[str, Any]] = {}
        self.prompt = Prompt()
        self.prompt.answered.connect(self._answer)
        self.waits.connect(window.show_waiting)
        self._heard.connect(self._hear)
        shortcut = QShortcut(QKeySequence("Ctrl+Shift+Y"), window)
        shortcut.setContext(Qt.ShortcutContext.ApplicationShortcut)
        shortcut.activated.connect(self.prompt.take_keyboard)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let go of the agent; what it asks is a no from now on."""
        self._end.set()
        if self._watch is not None:
            self._watch.close()
        self._thread.join(5)
        self.prompt.withdraw_all()
        self.prompt.close()

    @property
    def connected(self) -> bool:
        return self._watch is not None

    # ── in a thread of its own ───────────────────────────────────────────────────────────────────
    def _listen(self) -> None:
        from credguard.domain.errors import CredGuardError
        from credguard.vault.watch import Watch

        while not self._end.is_set():
            try:
                watch = Watch()
            except CredGuardError:
                # Locked, it ended: another waits in its place, for programs that want a key meanwhile.
                with contextlib.suppress(CredGuardError):
                    if not self._end.is_set() and self._window.services.stand_by():
                        continue
                self._end.wait(_AGAIN)
                continue
            self._watch = watch
            self._heard.emit({"event": "here", "at": time.monotonic()})
            for event in watch.events():
                self._heard.emit(event)
            watch.close()
            self._watch = None
            self._heard.emit({"event": "gone"})

    # ── in the window's thread ───────────────────────────────────────────────────────────────────
    def _hear(self, event: dict[str, Any]) -> None:
        # An agent of another version may say what this window does not know.
        with contextlib.suppress(KeyError, TypeError, ValueError):
            self._take(event)

    def _take(self, event: dict[str, Any]) -> None:
        kind = event.get("event")
        if kind == "question":
            self.prompt.ask(event)
        elif kind == "withdrawn":
            self.prompt.withdraw(str(event["id"]))
        elif kind == "waiting":
            self._waiting[str(event["id"])] = event
            self._show_waiting()
            if not self._window.locked and len(self._waiting) == 1:
                self._window.open_vault()  # one question for all that wait
        elif kind == "waits-no-more":
            self._waiting.pop(str(event["id"]), None)
            self._show_waiting()
        elif kind == "gone":
            self._waiting.clear()
            self._show_waiting()
            self.prompt.withdraw_all()
            self._window.look_at_lock()
        elif kind == "here":
            # An agent that was there before the change was through is the one that still has to end.
            due = self._window.lock_due
            if due is not None and event["at"] > due:
                self._window.lock_due = None
            self._window.look_at_lock()
        elif kind == "locked":
            self._locked(event["parts"], event["reason"])

    def _show_waiting(self) -> None:
        """To whoever shows it: the events `waiting` (docs/agent.md) of now, oldest first."""
        self.waits.emit(self.waiting)

    @property
    def waiting(self) -> tuple[dict[str, Any], ...]:
        """The programs that wait for somebody to unlock, oldest first."""
        return tuple(self._waiting.values())

    def _locked(self, parts: list[str], reason: str) -> None:
        window = self._window
        if window.locked:
            return
        if reason == "asked" and window.lock_due is not None:
            window.lock_due = None
            window.look_at_lock()
            return
        if "keys" in parts and reason in WHY:
            window.lock()
            page = window.findChild(QObject, "locked")
            if page is not None:
                page.because(WHY[reason])  # type: ignore[attr-defined]
        else:
            window.changed()  # codes that have locked are not shown any longer
            window.look_at_lock()

    def _answer(self, number: str, decision: str) -> None:
        if self._watch is not None:
            self._watch.answer(number, decision)
