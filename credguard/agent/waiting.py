"""Programs that wait for somebody to unlock: each is shown in the window, all go on at once."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from credguard.domain.errors import Locked
from credguard.domain.text import text
from credguard.system.asking import Asker

#: A person has this long (seconds); the SDKs give the whole answer 50.
SECONDS = 40.0
#: More programs than this at once are not waited with: their connections would keep others out.
MOST = 192
#: How often a waiting question looks whether it is open, and its program still there (seconds).
_LOOK = 0.1


class Windows(Protocol):
    """Who is told (approvals.py)."""

    @property
    def has_window(self) -> bool: ...

    def tell(self, event: dict[str, Any]) -> bool: ...


@dataclass
class Waiting:
    """`seconds` is the longest wait."""

    windows: Windows
    seconds: float = SECONDS
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _waiting: dict[str, dict[str, Any]] = field(default_factory=dict)

    def events(self) -> list[dict[str, Any]]:
        """What a window that connects now has to know."""
        with self._lock:
            return list(self._waiting.values())

    def until(
        self,
        is_open: Callable[[], bool],
        asker: Asker,
        profile: str,
        gone: Callable[[], bool],
        alone: bool = False,
        most: float | None = None,
    ) -> float:
        """Wait until `is_open`; the seconds that are left of a person's time.

        Without a window nobody could open it, so it is not waited, but where `alone` says that something
        else may. `most`: whoever asks has only this long (seconds). Raises Locked `programs-wait`.
        """
        number = uuid.uuid4().hex
        seconds = self.seconds if most is None else max(0.0, min(self.seconds, most))
        event = {
            "event": "waiting",
            "id": number,
            "program": asker.program,
            "pid": asker.pid,
            "file": asker.file,
            "started_by": list(asker.started_by),
            "profile": profile,
            "seconds": seconds,
        }
        with self._lock:
            if len(self._waiting) >= MOST:
                raise nobody_unlocked()
            self._waiting[number] = event
        # By the clock: on a busy computer a look takes longer than the pause between two.
        until, pause = time.monotonic() + seconds, threading.Event()
        try:
            self.windows.tell(event)
            while not is_open():
                if time.monotonic() >= until or gone() or not (alone or self.windows.has_window):
                    raise nobody_unlocked()
                pause.wait(_LOOK)
            return max(0.0, until - time.monotonic())
        finally:
            with self._lock:
                self._waiting.pop(number, None)
            self.windows.tell({"event": "waits-no-more", "id": number})


def nobody_unlocked() -> Locked:
    return Locked(
        "programs-wait",
        text("CredGuard is locked, and nobody unlocked it."),
        text("Unlock it in its window or with: credguard unlock"),
    )
