"""MFA enrolment: which step is next. Pure; `workflows/enrolment.py` touches the world.

Order (AWS facts, MFA): look at the devices → a session where one is on already → make a device and store
its secret, in one effect → turn it on with the codes of the last step and of this one, at once → wait until
STS knows it → let the profiles that need it name it. The clean-up goes the other way and removes the secret
last, when AWS has no use of it any more. Removing a device is the clean-up alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from credguard.domain import enrolment_moves as moves
from credguard.domain import enrolment_trouble as trouble
from credguard.domain.enrolment_state import (
    TYPES,
    CheckDevice,
    CreateDevice,
    Deactivated,
    DeactivateDevice,
    DeleteDevice,
    DeviceChecked,
    DeviceDeleted,
    DeviceKept,
    DevicesSeen,
    Enabled,
    EnableDevice,
    FilesSealed,
    ForgetCode,
    Forgotten,
    LookAtDevices,
    NotKept,
    OpenSession,
    ResyncDevice,
    Resynced,
    SealFiles,
    SessionOpened,
    State,
    UnwriteSerial,
    Unwritten,
    WriteSerial,
    Written,
    provers,
)
from credguard.domain.enrolment_steps import steps
from credguard.domain.machine import (
    Cancelled,
    Done,
    Due,
    Event,
    Failed,
    Next,
    Pause,
    Rested,
    UnexpectedEvent,
    Unseen,
)
from credguard.domain.text import Text, text

NAME = "enrolment"

#: Rests (seconds): before STS is asked at all, between two askings, once it takes longer than usual, until
#: the next code, and while a change spreads.
FIRST_CHECK, NEXT_CHECK, LATE_CHECK, NEXT_CODE, SPREAD_PAUSE = 8.0, 3.0, 10.0, 30.0, 3.0


# ── what to do ───────────────────────────────────────────────────────────────────────────────────
def next_effect(state: State) -> Next:
    """The effect or rest that comes now. Nothing is ever asked in the middle."""
    if state.halted is not None:
        return Done(state.halted)
    if state.resting:
        return _pause(state)
    serial = state.serial
    match state.phase:
        case "look":
            return LookAtDevices(serial, probe=state.purpose == "enrol")
        case "find" | "confirm":
            return LookAtDevices(serial)
        case "session":
            return OpenSession(provers(state))
        case "create":
            return CreateDevice(state.used[-1])
        case "enable":
            return EnableDevice(serial)
        case "wait":
            return CheckDevice(serial, probe=state.demands is True)
        case "seal":
            return SealFiles(serial, state.seals)
        case "write":
            return WriteSerial(serial, state.backups[-1] if state.edits else None)
        case "unwrite":
            return UnwriteSerial(serial)
        case "deactivate":
            return DeactivateDevice(serial)
        case "delete":
            return DeleteDevice(serial)
        case "forget":
            return ForgetCode(serial)
        case "resync":
            return ResyncDevice(serial)
        case "end":
            return Done(state.failure)


def _pause(state: State) -> Pause:
    if state.spent:
        return Pause(NEXT_CODE, text("Every code of this moment was used. The next one comes soon."))
    if state.phase == "wait":
        seconds = FIRST_CHECK if state.checks == 0 else NEXT_CHECK if state.checks < 4 else LATE_CHECK
        return Pause(seconds, text("AWS takes the codes of a new device after 8 to 14 seconds."))
    if state.phase == "find" or (state.phase == "confirm" and not (state.enabled and not state.back)):
        return Pause(SPREAD_PAUSE, text("AWS’s answer was lost. Looking what became of it."))
    return Pause(SPREAD_PAUSE, text("A change takes some seconds to reach all of AWS."))


# ── what happened ────────────────────────────────────────────────────────────────────────────────
def advance(state: State, event: Event) -> State:
    """The state after `event`. A pair outside the table raises UnexpectedEvent."""
    match event:
        case Due(now):
            return trouble.due(state, now)
        case Cancelled():
            return trouble.cancelled(state)
        case Rested() | Unseen(Pause()):
            return replace(state, resting=False, spent=False)
        case Unseen():
            return trouble.unseen(state)
        case Failed(failure):
            return trouble.failed(state, failure)
    handler = TABLE.get((state.phase, type(event)))
    if handler is None:
        raise UnexpectedEvent(f"enrolment: {type(event).__name__} in {state.phase}")
    after: State = handler(state, event)
    # A call went through: the count of sessions starts anew.
    return after if isinstance(event, SessionOpened) else replace(after, sessions=0, denied=None)


#: (phase, event) → what follows. Due, Cancelled, Rested, Unseen and Failed are handled above it.
TABLE: dict[tuple[str, type[Event]], Callable[[State, Any], State]] = {
    ("look", DevicesSeen): moves.looked,
    ("session", SessionOpened): moves.session_opened,
    ("create", DeviceKept): moves.kept,
    ("create", NotKept): moves.not_kept,
    ("find", DevicesSeen): moves.found,
    ("enable", Enabled): moves.enabled,
    ("confirm", DevicesSeen): moves.confirmed,
    ("wait", DeviceChecked): moves.checked,
    ("seal", FilesSealed): moves.sealed,
    ("write", Written): moves.written,
    ("unwrite", Unwritten): moves.unwritten,
    ("deactivate", Deactivated): moves.deactivated,
    ("delete", DeviceDeleted): moves.deleted,
    ("forget", Forgotten): moves.forgotten,
    ("resync", Resynced): moves.resynced,
}


# ── in words ─────────────────────────────────────────────────────────────────────────────────────
def kept(state: State) -> Text:
    """What is safe, at this moment."""
    if state.purpose == "resync":
        return text("The device and its code are as they were.")
    if state.enabled or state.taken:
        return (
            text("The device is on, and its code is kept in CredGuard.")
            if state.kept
            else text("The device is as it was.")
        )
    if state.may_be:
        return text("If the device is on, its code is kept in CredGuard.")
    if state.purpose == "remove":
        return text("The key and the other devices work as before.")
    return text("The key works as before, and no new device is on.")


__all__ = ["NAME", "TABLE", "TYPES", "State", "advance", "kept", "next_effect", "steps"]
