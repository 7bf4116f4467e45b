"""An enrolment in the steps a person sees, and in the states that `mfa enrol --json` names."""

from __future__ import annotations

from typing import Any

from credguard.domain.enrolment_state import State
from credguard.domain.machine import Effect, Step, StepState
from credguard.domain.text import Text, plural, text

_ENROL = ("create", "store", "enable", "wait", "profiles")
_REMOVE = ("deactivate", "delete", "forget")
#: How many steps are done when a phase begins; `create` and `store` end together.
_DONE = {
    "look": 0, "create": 0, "find": 0, "enable": 2, "confirm": 2, "wait": 3, "seal": 4, "write": 4,
}  # fmt: skip
_DONE_REMOVING = {"look": 0, "deactivate": 0, "confirm": 0, "delete": 1, "unwrite": 2, "forget": 2}
_STATES = ("planned", "created", "stored", "enabled", "known", "done")


def steps(state: State, running: Effect | None) -> tuple[Step, ...]:
    """The steps in their order. On the way back those that were done stay done until they are taken back."""
    if state.purpose == "resync":
        return (_resync(state, running),)
    names = _REMOVE if state.purpose == "remove" else _ENROL
    reached = _reached(state)
    result = []
    for number, name in enumerate(names):
        what: StepState = "done" if number < reached else "todo"
        if number == reached and state.outcome == "":
            if state.halted is not None:
                what = "failed"
            elif running is not None:
                what = "running"
        if state.outcome in {"rolled-back", "failed"} and number >= reached:
            what = "failed" if number == reached and state.failure is not None else "skipped"
        if state.outcome == "done" and _not_needed(state, name):
            what = "skipped"
        result.append(_removal(state, name, what) if state.purpose == "remove" else _step(state, name, what))
    return tuple(result)


def _not_needed(state: State, name: str) -> bool:
    if name == "profiles":
        return not state.writes
    if name == "delete":
        return not state.virtual or bool(state.left)
    return name == "wait" and state.unproved


def _reached(state: State) -> int:
    if state.outcome == "done":
        return 9
    phase = state.at
    if state.purpose == "remove":
        return _DONE_REMOVING.get(phase, 0)
    if phase in _DONE and not state.back:
        return _DONE[phase]
    if phase == "end":
        return 3 if state.enabled else 0
    # On the way back.
    if state.written:
        return 4
    return 3 if state.enabled else 2 if state.kept else 1 if state.serial and phase == "delete" else 0


def _step(state: State, name: str, what: StepState) -> Step:
    done = what == "done"
    failed = state.halted or state.failure
    detail: Text | None = None
    match name:
        case "create":
            title = text("Created the device") if done else text("Create the device")
            wrong = text("No device was created")
            detail = Text(state.name) if state.serial else None
        case "store":
            title = text("Kept its secret and read it back")
            wrong = text("Its secret was not kept")
            if not done:
                title = text("Keep its secret in {store} and read it back", store=state.store)
        case "enable":
            title = text("Turned it on with two codes") if done else text("Turn it on with two codes")
            wrong = text("The device was not turned on")
            detail = text("The last one and the present one, so there is no waiting.")
        case "wait":
            title = text("AWS knows it everywhere") if done else text("Wait until AWS knows it everywhere")
            wrong = text("AWS does not know it everywhere yet")
            if what == "running":
                title = text("Waiting until AWS knows it everywhere")
            if not done:
                detail = text("Usually 8 to 14 seconds. The device is already yours.")
            if state.unproved:
                detail = text("A policy lets no session be made, so it could not be tried.")
        case _:
            title, wrong, detail = _profiles(state, what)
    if what == "failed":
        title = wrong
        detail = failed.what if failed is not None else detail
    return Step(name, what, title, detail)


def _profiles(state: State, what: StepState) -> tuple[Text, Text, Text | None]:
    chosen = state.writes or state.profiles
    names = ", ".join(profile.name for profile in chosen)
    wrong = plural(len(chosen), "{count} profile does not use it", "{count} profiles do not use it")
    if what == "skipped" or not chosen:
        return text("No profile needs it"), wrong, None
    title = plural(len(chosen), "Profile {names} uses it", "Profiles {names} use it", names=names)
    if what in {"todo", "running"} and not state.writes:
        title = text("Let the profiles that need it use it")
    return title, wrong, text("Commands get their code from CredGuard, nobody types one.")


def _removal(state: State, name: str, what: StepState) -> Step:
    done = what == "done"
    failed = state.halted or state.failure
    detail: Text | None = None
    match name:
        case "deactivate":
            title = text("Took it from {user}", user=state.user)
            if not done:
                title = text("Take it from {user}", user=state.user)
            wrong = text("It was not taken from {user}", user=state.user)
            detail = Text(state.name)
        case "delete":
            title = text("Deleted the device") if done else text("Delete the device")
            wrong = text("The device was not deleted")
            if what == "skipped" and not state.virtual:
                title = text("It is a thing of yours: nothing to delete")
        case _:
            title = text("Put its code away for seven days")
            wrong = text("Its code is still here")
            if not state.kept and not done:
                title = text("Forget it")
    if what == "failed":
        title = wrong
        detail = failed.what if failed is not None else detail
    return Step(name, what, title, detail)


def _resync(state: State, running: Effect | None) -> Step:
    failed = state.halted or state.failure
    if failed is not None:
        return Step("resync", "failed", text("AWS did not take the two codes"), failed.what)
    if state.outcome == "done":
        return Step("resync", "done", text("AWS learnt its clock anew"), Text(state.name))
    what: StepState = "running" if running is not None else "todo"
    return Step("resync", what, text("Send two codes in a row"), Text(state.name))


def state_name(state: State) -> str:
    """One of the states of `mfa … --json`."""
    if state.outcome in {"done", "rolled-back"}:
        return state.outcome
    if state.purpose != "enrol":
        return "planned"
    return "rolled-back" if state.outcome == "failed" and not state.enabled else _STATES[_reached(state)]


def steps_json(state: State) -> list[dict[str, Any]]:
    """The steps of `mfa … --json`."""
    return [
        {"id": s.id, "state": s.state, "detail": str(s.detail) if s.detail is not None else None}
        for s in steps(state, None)
    ]
