"""MFA devices that were begun, and that nobody is at work on now."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from credguard.catalog.journal import Journals
from credguard.domain import enrolment
from credguard.domain.enrolment_state import State
from credguard.domain.errors import CredGuardError
from credguard.domain.text import Text, text
from credguard.system.interlock import Interlock

COMMAND = "credguard mfa enrol --resume"


@dataclass(frozen=True, slots=True)
class HalfEnrolled:
    """A run that can go on. `resting`: it stopped at what only a person can mend, so nothing takes it up by
    itself."""

    run_id: str
    account_id: str
    title: Text
    resting: bool


def half_enrolled(journals: Journals, interlock: Interlock) -> tuple[HalfEnrolled, ...]:
    """The runs, oldest first. What a newer CredGuard wrote is left to that."""
    found = []
    for row in journals.unfinished(enrolment.NAME):
        with contextlib.suppress(CredGuardError):
            state: State = journals.open(row.run_id, enrolment.TYPES).load()[0]
            if interlock.holder(f"mfa-{state.account_id}-{state.user}") is None:
                resting = state.halted is not None and not state.halted.retry
                found.append(HalfEnrolled(row.run_id, state.account_id, _title(state), resting))
    return tuple(found)


def _title(state: State) -> Text:
    who = {"user": state.user, "account": state.account}
    match state.purpose:
        case "remove":
            return text("Removing an MFA device of {user} in {account} is not finished", **who)
        case "resync":
            return text("Synchronising an MFA device of {user} in {account} is not finished", **who)
    return text("An MFA device for {user} in {account} is not finished", **who)
