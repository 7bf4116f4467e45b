"""Work on a user's MFA devices that runs: kept while its dialog is closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from credguard.domain.machine import Step
from credguard.gui.journeys.rotation_run import Run, _Stopped, runs_of
from credguard.gui.translate import harmless, words

if TYPE_CHECKING:
    from credguard.domain.errors import CredGuardError
    from credguard.domain.machine import Failure
    from credguard.gui.window import Window
    from credguard.workflows.enrolment import EnrolmentReport


class DeviceRun(Run):
    """Adding (`serial` is empty), removing or synchronising a device of the user of `key`."""

    def __init__(
        self, window: Window, account: str, user: str, key: str, serial: str = "", purpose: str = "enrol"
    ) -> None:
        super().__init__(window, account, key=key)
        self.user, self.serial, self.purpose = user, serial, purpose
        self.done_report: EnrolmentReport | None = None
        self.since: tuple[str, float] = ("", 0.0)

    @property
    def slot(self) -> str:
        return f"mfa {self.account}"

    # ── what a person can do ─────────────────────────────────────────────────────────────────────
    def begin(self) -> None:
        """Do it; an enrolment that was left unfinished goes on instead."""
        services, key, serial = self.window_.services, self.key, self.serial
        if self.purpose == "remove":
            self._start(lambda tell: services.mfa_remove(key, serial, tell))
        elif self.purpose == "resync":
            self._start(lambda tell: services.mfa_resync(key, serial, tell))
        else:
            self._start(lambda tell: self._stopped_or(lambda told: services.enrolment(key, told), tell))

    def resume(self) -> None:
        """Go on where it stopped."""
        services, key = self.window_.services, self.key
        run_id = self.run_id

        def work(tell: Callable[[Any], None]) -> EnrolmentReport:
            def go(told: Callable[[Any], None]) -> EnrolmentReport:
                return services.enrolment_resume(run_id, told) if run_id else services.enrolment(key, told)

            return self._stopped_or(go, tell)

        self._start(work)

    def undo(self) -> None:
        """Stop and remove the device."""
        services, key, run_id = self.window_.services, self.key, self.run_id
        self.back = True

        def work(tell: Callable[[Any], None]) -> EnrolmentReport:
            row = services.enrolment_of(key)
            return services.enrolment_undo(run_id or (row.run_id if row is not None else ""), tell)

        self._start(work)

    def _stopped_or(
        self, go: Callable[[Callable[[Any], None]], EnrolmentReport], tell: Callable[[Any], None]
    ) -> EnrolmentReport:
        services, key = self.window_.services, self.key
        try:
            return go(self._stoppable(tell))
        except _Stopped:
            row = services.enrolment_of(key)
            if row is None:  # it ended in that moment
                raise
            return services.enrolment_undo(row, tell)

    # ── the work ─────────────────────────────────────────────────────────────────────────────────
    def _told(self, steps: tuple[Step, ...]) -> None:
        running = next((step.id for step in steps if step.state == "running"), "")
        if running != self.since[0]:
            self.since = running, self.window_.services.clock.now()
        super()._told(steps)

    def elapsed(self) -> int:
        """Seconds since the running step began."""
        return max(0, int(self.window_.services.clock.now() - self.since[1])) if self.since[0] else 0

    def _done(self, report: Any) -> None:
        self.done_report = report
        self._told(report.steps)
        self.run_id = report.run_id
        self._rest()

    def _start(self, work: Callable[[Callable[[Any], None]], Any]) -> None:
        self.done_report, self.since = None, ("", 0.0)
        super()._start(work)

    # ── in words ─────────────────────────────────────────────────────────────────────────────────
    def wrong(self) -> Failure | CredGuardError | None:
        """What did not go well."""
        return self.done_report.failure if self.done_report is not None else self.error

    def what(self) -> str:
        found = self.wrong()
        return words(found.what) if found is not None else ""

    def safe(self) -> list[str]:
        report = self.done_report
        kept = report.kept if report is not None else self.error.kept if self.error is not None else None
        return [words(kept) if kept is not None else "Nothing was changed."]

    def todo(self) -> list[str]:
        found = self.wrong()
        return [words(found.next)] if found is not None else []

    def tell_end(self) -> None:
        report, toast = self.done_report, self.window_.toast
        who = f"{harmless(self.user)} in {harmless(self.account)}"
        if report is None or report.failure is not None:
            toast.say(f"{who}: {self.what()}", icon="triangle-alert", seconds=10)
        elif self.purpose == "remove" and report.state == "done":
            toast.say(f"An MFA device of {who} is removed.")
        elif self.purpose == "resync":
            toast.say(f"AWS knows the clock of the device of {who} again.")
        elif report.state == "done":
            toast.say(f"MFA is on for {who}.")
        else:
            toast.say(f"No new device is on for {who}.")


def device_run_of(window: Window, account: str) -> DeviceRun | None:
    """The one that runs, or rests at a failure."""
    found = runs_of(window).of(f"mfa {account}")
    return found if isinstance(found, DeviceRun) else None
