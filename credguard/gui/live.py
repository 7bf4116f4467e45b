"""Codes that are on the screen: asked for once a period, counted down once a second, only while seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from credguard.domain.errors import CredGuardError, Locked
from credguard.queries.codes import CodeNow

if TYPE_CHECKING:
    from credguard.gui.window import Window


class LiveCodes(QObject):
    """`changed` gives an entry's id when its code or its seconds are others; `gone`, when its code ended and
    no new one could be made; `locked`, when the codes were locked meanwhile. `shown` is the widget whose
    visibility starts and stops the one clock. The window keeps codes, never seeds, and only of what it shows.
    """

    changed = Signal(str)
    gone = Signal(str)
    locked = Signal(object)

    def __init__(self, window: Window, shown: QWidget, entries: Sequence[str]) -> None:
        super().__init__(shown)
        self._window, self._entries = window, tuple(entries)
        self.now: dict[str, CodeNow] = {}
        self._until: dict[str, float] = {}
        self._waiting = False
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self.tick)
        shown.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show:
            self._timer.start()
            self.tick()
        elif event.type() == QEvent.Type.Hide:
            self._timer.stop()
        return False

    def start(self) -> None:
        """`shown` is on the screen already."""
        self._timer.start()

    def show_entries(self, entries: Sequence[str]) -> None:
        """These are on the screen now; what is known of others is forgotten."""
        self._entries = tuple(entries)
        for entry in self.now.keys() - set(entries):
            self._drop(entry)
        if self._timer.isActive():
            self.tick()

    def forget(self) -> None:
        """Ask for all of them again with the next tick."""
        self.now.clear()
        self._until.clear()

    def tick(self) -> None:
        """Count down; ask only where a period ended."""
        at = self._window.services.clock.now()
        stale = []
        for entry in self._entries:
            code, until = self.now.get(entry), self._until.get(entry, 0.0)
            if code is None or at >= until or self._is_over(code, at):
                stale.append(entry)
                continue
            left = max(1, min(code.period, int(until - at + 0.999)))
            if left != code.valid_for:
                known_in = max(0, code.known_in - (code.valid_for - left))
                self.now[entry] = replace(code, valid_for=left, known_in=known_in)
                self.changed.emit(entry)
        if stale and not self._waiting:
            self._ask(stale)

    @staticmethod
    def _is_over(code: CodeNow, at: float) -> bool:
        """A pause that ended: whether more can be sent is asked anew."""
        return code.pause is not None and at >= code.pause.until

    def _ask(self, entries: list[str]) -> None:
        services = self._window.services
        self._waiting = True
        self._window.tasks.run(
            lambda tell: services.codes_now(entries),
            lambda found: self._take(entries, found),
            lambda error: self._failed(entries, error),
            quick=True,
        )

    def _take(self, entries: list[str], found: dict[str, CodeNow]) -> None:
        try:
            self._waiting = False
            at = self._window.services.clock.now()
            wanted = set(self._entries)
            for entry in entries:
                code = found.get(entry)
                if entry not in wanted:
                    continue
                if code is None:
                    self._end(entry)
                    continue
                self.now[entry] = code
                self._until[entry] = at + code.valid_for
                self.changed.emit(entry)
            if wanted - set(entries) - self.now.keys() and self._timer.isActive():
                self.tick()  # others came on the screen meanwhile
        except RuntimeError:
            return  # the page was drawn anew meanwhile

    def _failed(self, entries: list[str], error: CredGuardError) -> None:
        """A code that has ended is not shown any longer, whatever the reason that there is no new one."""
        self._waiting = False
        for entry in entries:
            self._end(entry)
        if isinstance(error, Locked):
            self._timer.stop()
            for entry in tuple(self.now):
                self._end(entry)
            self.locked.emit(error)

    def _end(self, entry: str) -> None:
        if entry in self.now:
            self._drop(entry)
            self.gone.emit(entry)

    def _drop(self, entry: str) -> None:
        self.now.pop(entry, None)
        self._until.pop(entry, None)
