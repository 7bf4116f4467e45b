"""Python's collector of cycles, kept on the thread of the window.

Python collects cycles on whatever thread happens to allocate. A widget that is part of one would then be
taken apart beside the window's thread, and Qt ends the process for that.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, Qt, QTimer

#: How often it looks whether there is enough to collect (milliseconds).
EVERY = 1000


class Garbage(QObject):
    """Collects where its parent lives, for as long as the application lives; nobody else does meanwhile."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        timer = QTimer(self)
        timer.setTimerType(Qt.TimerType.VeryCoarseTimer)
        timer.setInterval(EVERY)
        timer.timeout.connect(collect)
        timer.start()


def collect() -> None:
    """What Python would collect by itself now: the oldest generation that is due, and all younger ones."""
    due = [have > most for have, most in zip(gc.get_count(), gc.get_threshold(), strict=True)]
    if any(due):
        gc.collect(max(generation for generation, is_due in enumerate(due) if is_due))
