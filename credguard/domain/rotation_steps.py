"""A rotation in the six steps a person sees, and in the states that `rotate --json` names."""

from __future__ import annotations

import datetime
from typing import Any

from credguard.domain.keys import DAY
from credguard.domain.machine import Effect, Pause, Step, StepState
from credguard.domain.rotation_state import PROOFS, State
from credguard.domain.text import Text, plural, text

_ORDER = ("create", "store", "verify", "switch", "deactivate", "delete")
#: How many steps are done when a phase begins; `create` and `store` end together.
_DONE = {
    "look": 0, "choose": 0, "retire": 0, "create": 0, "find": 0, "orphan": 0,
    "verify": 2, "switch": 3, "deactivate": 4, "grace": 5, "delete": 5, "forget-old": 6,
}  # fmt: skip
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_STATES = ("planned", "created", "stored", "verified", "switched", "deactivated", "done")


def steps(state: State, running: Effect | None) -> tuple[Step, ...]:
    """The six steps. On the way back those that were done stay done until they are taken back."""
    reached = _reached(state)
    result = []
    for number, name in enumerate(_ORDER):
        what: StepState = "done" if number < reached else "todo"
        if number == reached and state.outcome == "":
            waits = state.phase == "grace"
            if state.halted is not None:
                what = "failed"
            elif running is not None and not waits:
                what = "running"
        if state.outcome in {"rolled-back", "failed"}:
            what = "failed" if number == reached and state.failure is not None else "skipped"
        result.append(_step(state, name, what, running))
    return tuple(result)


def _reached(state: State) -> int:
    if state.outcome == "done":
        return 6
    phase = state.at
    if phase in _DONE:
        return _DONE[phase]
    if phase == "end":
        return 2 if state.new_key and state.failure else 0
    return {"reactivate": 4, "prove-old": 4, "switch-back": 3, "discard": 2, "forget-new": 2}[phase]


def _step(state: State, name: str, what: StepState, running: Effect | None) -> Step:
    done = what == "done"
    failed = state.halted or state.failure
    count, total = 0, 0
    detail: Text | None = None
    many = len(state.profiles)
    names = ", ".join(n for _, n in state.profiles)
    match name:
        case "create":
            title = text("Made a new key") if done else text("Make a new key")
            wrong = text("No new key was made")
            if state.new_key:
                detail = Text(state.new_key)
        case "store":
            title = text("Stored it in {store} and read it back", store=state.store)
            wrong = text("It was not stored in {store}", store=state.store)
            if not done:
                title = text("Store it in {store} and read it back", store=state.store)
        case "verify":
            title = text("AWS accepts it, {n} times in a row", n=PROOFS)
            wrong = text("AWS does not accept it")
            if not done:
                title = text("Check that AWS accepts it")
            if what == "running":
                title = text("Checking that AWS accepts it")
                detail = text("A new key takes up to 30 seconds to reach all of AWS.")
                count, total = min(state.proofs, PROOFS), PROOFS
        case "switch":
            title = plural(many, "Switched {count} profile to it", "Switched {count} profiles to it")
            left = many - len(state.switched)
            wrong = plural(left, "{count} profile was not switched", "{count} profiles were not switched")
            if not done:
                title = plural(many, "Switch {count} profile to it", "Switch {count} profiles to it")
            detail = text("{names}", names=names) if names else None
        case "deactivate":
            title = text("Turned the old key off") if done else text("Turn the old key off")
            wrong = text("The old key was not turned off")
            detail = None if done else text("It still works until here.")
        case _:
            title = text("Deleted the old key") if done else _deletion(state)
            wrong = text("The old key was not deleted")
            detail = None if done else text("Until then you can undo everything.")
    if what == "failed":
        title = wrong
        detail = failed.what if failed is not None else detail
    if what == "running" and isinstance(running, Pause) and name != "verify":
        detail = running.why
    return Step(name, what, title, detail, count, total)


def _deletion(state: State) -> Text:
    """With its day (of this computer's time zone), once it is clear when the run began."""
    at = state.delete_at or (state.looked_at + state.grace_days * DAY if state.looked_at else None)
    if at is None:
        return text("Delete the old key after {n} days", n=state.grace_days)
    day = datetime.datetime.fromtimestamp(at, datetime.UTC).astimezone()
    return text("Delete the old key on {day} {month}", day=day.day, month=Text(_MONTHS[day.month - 1]))


def state_name(state: State) -> str:
    """One of the states of `rotate --json`."""
    if state.outcome == "rolled-back" or state.back:
        return "rolled-back" if state.outcome else _STATES[_reached(state)]
    return _STATES[_reached(state)]


def steps_json(state: State) -> list[dict[str, Any]]:
    """The steps of `rotate --json`."""
    return [
        {"id": s.id, "state": s.state, "detail": str(s.detail) if s.detail is not None else None}
        for s in steps(state, None)
    ]
