"""MFA devices that were begun elsewhere: the window takes them up, and says in a toast how they ended."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from credguard.domain.errors import CredGuardError, Locked
from credguard.gui.translate import words

if TYPE_CHECKING:
    from credguard.gui.window import Window
    from credguard.queries.half_enrolled import HalfEnrolled
    from credguard.workflows.enrolment import EnrolmentReport


def carry_on(window: Window) -> None:
    """Go on with what was interrupted. What stopped at something to mend stays on Home, with its button."""

    def found(runs: tuple[HalfEnrolled, ...]) -> None:
        for run in runs:
            if not run.resting:
                _resume(window, run.run_id, asked=False)

    window.tasks.run(lambda tell: window.services.unfinished_mfa(), found, lambda error: None, quick=True)


def resume(window: Window, account_id: str | None) -> None:
    """A person pressed `Carry on`: the runs of this account go on."""

    def found(runs: tuple[HalfEnrolled, ...]) -> None:
        for run in runs:
            if run.account_id == account_id:
                _resume(window, run.run_id, asked=True)
        window.changed()

    window.tasks.run(lambda tell: window.services.unfinished_mfa(), found, window.show_error, quick=True)


def _resume(window: Window, run_id: str, asked: bool) -> None:
    def failed(error: CredGuardError) -> None:
        if asked:
            window.show_error(error)
        elif not isinstance(error, Locked) and error.code != "busy":
            window.toast.say(words(error.what), icon="triangle-alert", seconds=10)

    window.tasks.run(lambda tell: window.services.enrolment_resume(run_id), partial(_tell, window), failed)


def _tell(window: Window, report: EnrolmentReport) -> None:
    who = f"{report.user} in {report.account}"
    if report.failure is not None:
        window.toast.say(f"{who}: {words(report.failure.what)}", icon="triangle-alert", seconds=10)
    elif report.purpose == "remove":
        window.toast.say(f"The MFA device of {who} is removed.")
    elif report.purpose == "resync":
        window.toast.say(f"AWS knows the clock of the MFA device of {who} again.")
    elif report.on:
        window.toast.say(f"{who} has an MFA device. Its code is kept here.")
    else:
        window.toast.say(f"The MFA device of {who} was taken back.")
    window.changed()
