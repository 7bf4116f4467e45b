"""Asking a person, through a connected window, whether a program may use an account's key.

No window, or no answer in 40 seconds, is a no. Parallel callers share one question.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from credguard.catalog.activity import ActivityKind
from credguard.catalog.approvals import Approvals as Kept
from credguard.domain.errors import CredGuardError
from credguard.domain.text import Text, text
from credguard.system.asking import Asker
from credguard.system.clock import Clock
from credguard.workflows.approving import no_window, not_allowed

#: A person has this long (seconds); the SDKs give the whole answer 50.
SECONDS = 40.0
HOUR = 3600.0
#: How often a waiting question looks whether its program is still there (seconds).
_LOOK = 0.2
DECISIONS = ("deny", "once", "hour", "always")


class Window(Protocol):
    """A connected window, and its process. `tell` returns False when it is gone."""

    @property
    def pid(self) -> int: ...

    def tell(self, event: dict[str, Any]) -> bool: ...


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: `what` is in words for a person."""

    asker: Asker
    account_id: str
    account: str
    color: str
    what: Text


@dataclass
class _Pending:
    wish: Wish
    decided: threading.Event = field(default_factory=threading.Event)
    decision: str | None = None
    waiting: int = 0
    heard: bool = False


class Approvals:
    """`record(actor, action, account, kind, detail)` writes into Activity."""

    def __init__(
        self,
        kept: Callable[[], Kept],
        clock: Clock,
        demanded: Callable[[str], bool],
        record: Callable[[str, Text, str, ActivityKind, str], None],
        seconds: float = SECONDS,
    ) -> None:
        self._kept = kept
        self._clock = clock
        self._demanded = demanded
        self._record = record
        self._seconds = seconds
        self._lock = threading.Lock()
        self._windows: list[Window] = []
        self._pending: dict[str, _Pending] = {}

    # ── windows ──────────────────────────────────────────────────────────────────────────────────
    def connect(self, window: Window) -> None:
        """From now on this window is asked too; also what waits already."""
        with self._lock:
            self._windows.append(window)
            waiting = [(number, pending.wish) for number, pending in self._pending.items()]
        for number, wish in waiting:
            window.tell(self._question(number, wish))

    def disconnect(self, window: Window) -> None:
        with self._lock:
            if window in self._windows:
                self._windows.remove(window)

    def is_window(self, pid: int) -> bool:
        """Whether this process is a connected window: its person sees what it does, and is not asked."""
        with self._lock:
            return any(window.pid == pid for window in self._windows)

    @property
    def has_window(self) -> bool:
        with self._lock:
            return bool(self._windows)

    def tell(self, event: dict[str, Any]) -> bool:
        """Tell every window; whether one heard it."""
        with self._lock:
            windows = list(self._windows)
        heard = [window for window in windows if window.tell(event)]
        for window in windows:
            if window not in heard:
                self.disconnect(window)
        return bool(heard)

    def answer(self, number: str, decision: str) -> None:
        """A window's answer; the first one counts, anything but the four words is a no."""
        with self._lock:
            pending = self._pending.get(number)
            if pending is None or pending.decided.is_set():
                return
            only_once = pending.wish.asker.one_of_many and decision in {"hour", "always"}
            pending.decision = "once" if only_once else decision if decision in DECISIONS else "deny"
            pending.decided.set()

    # ── asking ───────────────────────────────────────────────────────────────────────────────────
    def demanded(self, account_id: str) -> bool:
        """Whether a use of this account's keys needs a yes."""
        return self._demanded(account_id)

    def check(
        self, wish: Wish, gone: Callable[[], bool] = lambda: False, seconds: float | None = None
    ) -> None:
        """Return where it is allowed. Raises CredGuardError `not-allowed`.

        `gone` tells whether the program that asks has given up; `seconds` are left to a person (None: all).
        """
        program, account = wish.asker.file, wish.account_id
        if not self._demanded(account):
            return
        if not wish.asker.one_of_many and self._kept().allowed(program, account, self._clock.now()):
            return
        if not self.has_window:
            self._refused(wish, text("was refused {what}: no window was open to ask in", what=wish.what))
            raise _not_allowed(wish, no_window())
        decision = self._ask(wish, gone, self._seconds if seconds is None else min(seconds, self._seconds))
        if decision == "deny":
            self._refused(wish, text("was refused {what} by you", what=wish.what))
            raise _not_allowed(wish, text("It was denied in CredGuard’s window."))
        if decision is None:
            self._refused(wish, text("was refused {what}: nobody answered", what=wish.what))
            raise _not_allowed(wish, text("Nobody answered in CredGuard’s window. Do the same again."))

    def _ask(self, wish: Wish, gone: Callable[[], bool], left: float) -> str | None:
        number, pending, first = self._enter(wish)
        until = time.monotonic() + left
        try:
            if first and not self.tell(self._question(number, wish)):
                return None
            while not pending.decided.wait(min(_LOOK, max(0.0, left))):
                left = until - time.monotonic()
                if left <= 0 or gone() or not self.has_window:
                    return None
            if pending.decision not in {None, "deny"} and self._is_first(pending):
                self._keep(wish, str(pending.decision))
            return pending.decision
        finally:
            self._leave(number, pending)

    def _enter(self, wish: Wish) -> tuple[str, _Pending, bool]:
        """The question that waits for the same program and account, or a new one."""
        with self._lock:
            for number, pending in self._pending.items():
                same = pending.wish.asker.file == wish.asker.file and not wish.asker.one_of_many
                if same and pending.wish.account_id == wish.account_id and not pending.decided.is_set():
                    pending.waiting += 1
                    return number, pending, False
            number, pending = uuid.uuid4().hex, _Pending(wish, waiting=1)
            self._pending[number] = pending
            return number, pending, True

    def _is_first(self, pending: _Pending) -> bool:
        """Of those that shared the question, to hear the answer: whoever asked first may be gone."""
        with self._lock:
            first, pending.heard = not pending.heard, True
            return first

    def _leave(self, number: str, pending: _Pending) -> None:
        with self._lock:
            pending.waiting -= 1
            if pending.waiting:
                return
            self._pending.pop(number, None)
        if not pending.decided.is_set():
            self.tell({"event": "withdrawn", "id": number})

    def _keep(self, wish: Wish, decision: str) -> None:
        now = self._clock.now()
        if decision != "once":
            self._kept().allow(
                wish.asker.file, wish.account_id, now, None if decision == "always" else now + HOUR
            )
        how = {
            "once": text("once"), "hour": text("for 1 hour"), "always": text("always"),
        }[decision]  # fmt: skip
        self._record(
            wish.asker.program,
            text("was allowed {what} by you, {how}", what=wish.what, how=how),
            wish.account_id,
            "change",
            wish.asker.detail,
        )

    def _refused(self, wish: Wish, action: Text) -> None:
        self._record(wish.asker.program, action, wish.account_id, "refused", wish.asker.detail)

    def _question(self, number: str, wish: Wish) -> dict[str, Any]:
        asker = wish.asker
        before = self._kept().get(asker.file, wish.account_id)
        return {
            "event": "question",
            "id": number,
            "seconds": self._seconds,
            "program": asker.program,
            "file": asker.file,
            "pid": asker.pid,
            "started_by": list(asker.started_by),
            "account_id": wish.account_id,
            "account": wish.account,
            "color": wish.color,
            "wants": wish.what.to_json(),
            "before": before.at if before is not None else None,
            "once_only": asker.one_of_many,
        }


def _not_allowed(wish: Wish, why: Text) -> CredGuardError:
    return not_allowed(wish.asker.program, wish.account, why)
