"""A rotation that runs: what the dialog draws, kept while the dialog is closed."""

from __future__ import annotations

import datetime
import re
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from credguard.domain.errors import CredGuardError
from credguard.domain.machine import Step
from credguard.gui.translate import words

if TYPE_CHECKING:
    from credguard.gui.window import Window
    from credguard.workflows.rotation import RotationReport

_COMMAND = re.compile(r"(?P<then>, then)?: credguard [\w \-]+$")


class _Stopped(Exception):
    """The person wants it to stop: raised between two effects, which is as safe as a crash there."""


class Run(QObject):
    """One rotation of this window. `changed` when there is something new to draw, `ended` when it rests."""

    changed = Signal()
    ended = Signal()

    def __init__(self, window: Window, account: str, key: str = "", run_id: str = "") -> None:
        """`key` is the one to rotate; `run_id` a run that was begun before."""
        super().__init__(window)
        self.window_, self.account, self.key, self.run_id = window, account, key, run_id
        self.steps: tuple[Step, ...] = ()
        self.times: dict[str, str] = {}
        self.report: RotationReport | None = None
        self.error: CredGuardError | None = None
        self.running = self.back = self.carried_on = self.stopping = False
        self.watched = False  # a dialog shows it
        self._stop = threading.Event()

    @property
    def slot(self) -> str:
        """What is one at a time: the rotation of an account."""
        return self.account

    # ── what a person can do ─────────────────────────────────────────────────────────────────────
    def begin(self) -> None:
        """Rotate the key."""
        services, key = self.window_.services, self.key

        def work(tell: Callable[[Any], None]) -> RotationReport:
            try:
                return services.rotate(key, self._stoppable(tell))
            except _Stopped:
                row = services.rotation_of(key)
                if row is None:  # it ended in that moment
                    raise
                return services.rotate_undo(row.run_id, tell)

        self._start(work)

    def resume(self) -> None:
        """Go on where it stopped."""
        services, run_id = self.window_.services, self.run_id

        def work(tell: Callable[[Any], None]) -> RotationReport:
            try:
                return services.rotate_resume(run_id, self._stoppable(tell))
            except _Stopped:
                return services.rotate_undo(run_id, tell)

        self._start(work)

    def undo(self) -> None:
        """Back to the old key."""
        services, run_id = self.window_.services, self.run_id
        self.back = True
        self._start(lambda tell: services.rotate_undo(run_id, tell))

    def answer(self, choice: str) -> None:
        """Answer the question of the two keys."""
        services, run_id = self.window_.services, self.run_id
        self._start(lambda tell: services.rotate_answer(run_id, choice, tell))

    def stop(self) -> None:
        """Stop after the effect that runs now, and take back what was done."""
        self.stopping = self.back = True
        self._stop.set()
        self.changed.emit()

    # ── the work ─────────────────────────────────────────────────────────────────────────────────
    def _stoppable(self, tell: Callable[[Any], None]) -> Callable[[Any], None]:
        def told(steps: tuple[Step, ...]) -> None:
            tell(steps)
            if self._stop.is_set():
                raise _Stopped

        return told

    def _start(self, work: Callable[[Callable[[Any], None]], Any]) -> None:
        self._stop.clear()
        self.running, self.stopping, self.report, self.error = True, False, None, None
        runs_of(self.window_).show_working()
        self.changed.emit()
        self.window_.tasks.run(work, self._done, self._failed, self._told)

    def _told(self, steps: tuple[Step, ...]) -> None:
        now = datetime.datetime.fromtimestamp(self.window_.services.clock.now()).astimezone()
        for step in steps:
            if step.state in {"done", "failed"}:
                self.times.setdefault(step.id, f"{now:%H:%M:%S}")
            elif step.state in {"running", "todo"}:
                self.times.pop(step.id, None)
        self.steps = steps
        self.changed.emit()

    def _done(self, report: RotationReport) -> None:
        self._told(report.steps)
        self.report, self.run_id = report, report.run_id
        self._rest()

    def _failed(self, error: CredGuardError) -> None:
        self.error = error
        self._rest()

    def _rest(self) -> None:
        self.running = self.stopping = False
        runs_of(self.window_).rested(self)
        self.changed.emit()
        self.ended.emit()
        self.window_.changed()

    def tell_end(self) -> None:
        """It ended and nobody watched: a toast."""
        _tell(self)

    # ── in words ─────────────────────────────────────────────────────────────────────────────────
    def safe(self) -> list[str]:
        """What is safe, as sentences."""
        failure = self.report.failure if self.report is not None else None
        kept = failure.kept if failure is not None else self.error.kept if self.error is not None else None
        found = [words(kept)] if kept is not None else ["Nothing was changed."]
        made = self.report is not None and self.report.halted and bool(self.report.new_key)
        if made and not self.back and "in use" not in found[0]:
            found.append("The new key is stored and was read back.")
        return found

    def what(self) -> str:
        """What happened, where it did not go well."""
        failure = self.report.failure if self.report is not None else self.error
        return words(failure.what) if failure is not None else ""

    def todo(self) -> list[str]:
        """What to do, without the command that a terminal would need."""
        failure = self.report.failure if self.report is not None else self.error
        if failure is None:
            return []
        return [
            _COMMAND.sub(lambda m: ", then try again." if m["then"] else ".", words(failure.next)),
        ]


class Runs(QObject):
    """The rotations of a window, by account: one that runs is shown again, not begun twice."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.setObjectName("rotations")
        self._window = window
        self._runs: dict[str, Run] = {}

    def of(self, slot: str) -> Run | None:
        """The one that runs, or that rests at a question or a failure."""
        return self._runs.get(slot)

    def add(self, run: Run) -> Run:
        self._runs[run.slot] = run
        return run

    def show_working(self) -> None:
        """The spinner beside Accounts, while anything runs."""
        busy = any(run.running for run in self._runs.values())
        self._window.rail.items["accounts"].set_working(busy)

    def rested(self, run: Run) -> None:
        """It ended or waits; what is closed says so in a toast."""
        if self._runs.get(run.slot) is run:
            del self._runs[run.slot]
        self.show_working()
        if not run.watched:
            run.tell_end()


def _tell(run: Run) -> None:
    """The end of a rotation that nobody watched."""
    report, window = run.report, run.window_
    if run.carried_on and run.error is not None and run.error.code == "busy":
        return  # another process is at it
    if report is None or report.failure is not None:
        what = run.what()
        window.toast.say(f"{run.account}: {what}", icon="triangle-alert", seconds=10)
    elif report.ask is not None:
        window.toast.say(f"{run.account}: a key has to go first. Open Rotate again.", icon="info")
    elif report.state == "rolled-back":
        window.toast.say(f"{run.account} uses the old key again.")
    elif report.until:
        from credguard.gui.journeys.rotation import open_undo

        run_id = report.run_id
        window.toast.say(
            f"{run.account}’s key was rotated. The old one is off.",
            undo=lambda: open_undo(window, run.account, run_id),
        )
    else:
        window.toast.say(f"{run.account}’s old key is deleted.")


def runs_of(window: Window) -> Runs:
    """The window's rotations, made when first asked for."""
    found = window.findChild(Runs, "rotations")
    return found if found is not None else Runs(window)
