"""Codes that are on the screen: asked for once a period, counted down once a second, only while seen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from credguard.domain.errors import CredGuardError
from credguard.queries.codes import CodeNow

if TYPE_CHECKING:
    from credguard.gui.window import Window


class LiveCodes(QObject):
    """`changed` gives an entry's id when its code or its seconds are others. `shown` is the widget whose
    visibility starts and stops the clock. The window keeps codes, never seeds."""

    changed = Signal(str)

    def __init__(self, window: Window, shown: QWidget, entries: list[str]) -> None:
        super().__init__(shown)
        self._window, self._entries = window, entries
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

    def tick(self) -> None:
        """Count down; ask only where a period ended."""
        at = self._window.services.clock.now()
        stale = []
        for entry in self._entries:
            code, until = self.now.get(entry), self._until.get(entry, 0.0)
            if code is None or at >= until:
                stale.append(entry)
                continue
            left = max(1, min(code.period, int(until - at + 0.999)))
            if left != code.valid_for:
                self.now[entry] = replace(code, valid_for=left)
                self.changed.emit(entry)
        if stale and not self._waiting:
            self._ask(stale)

    def _ask(self, entries: list[str]) -> None:
        services = self._window.services
        self._waiting = True

        def look() -> list[CodeNow | None]:
            found: list[CodeNow | None] = []
            for entry in entries:
                try:
                    found.append(services.code(entry, move_counter=False))
                except CredGuardError:
                    found.append(None)  # one that cannot be made does not hide the others
            return found

        self._window.tasks.run(lambda tell: look(), lambda got: self._take(entries, got), quick=True)

    def _take(self, entries: list[str], codes: list[CodeNow | None]) -> None:
        try:
            self._waiting = False
            at = self._window.services.clock.now()
            for entry, code in zip(entries, codes, strict=True):
                if code is not None:
                    self.now[entry] = code
                    self._until[entry] = at + code.valid_for
                    self.changed.emit(entry)
        except RuntimeError:
            return  # the page was drawn anew meanwhile
