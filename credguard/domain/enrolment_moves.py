"""What follows in an enrolment when an effect went through. One small function for each (phase, event)."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from credguard.domain import enrolment_failures as failures
from credguard.domain.enrolment_state import (
    MOST_DEVICES,
    Deactivated,
    DeviceChecked,
    DeviceDeleted,
    DeviceKept,
    DevicesSeen,
    Enabled,
    FilesSealed,
    Forgotten,
    NotKept,
    Profile,
    Resynced,
    SessionOpened,
    State,
    Unwritten,
    Written,
    serial_of,
)
from credguard.domain.machine import Failure

#: How often to look for what became of a lost answer: IAM shows a device at once (recorded).
LOOKS = 3
#: How often STS is asked for a session with the new device, before the run rests.
CHECKS = 8


# ── looking and making ───────────────────────────────────────────────────────────────────────────
def looked(state: State, event: DevicesSeen) -> State:
    seen = replace(
        state,
        present=tuple(s for s in event.enabled or () if s != state.serial or state.purpose == "remove"),
        listed=event.enabled is not None,
        free=event.free or (),
        known=event.known,
        demands=event.demands,
    )
    if state.purpose == "remove":
        return _to_remove(seen, event)
    if len(seen.present) >= MOST_DEVICES:
        return end(seen, failures.too_many(seen))
    named = next_name(seen)
    if named is None:
        return end(seen, failures.no_name(seen))
    # Who has a device proves it before adding one.
    return replace(named, phase="session", session_for="create") if seen.present else named


def next_name(state: State) -> State | None:
    """Ready to make a device under the next name nobody has; None where none is left."""
    taken = {*state.present, *state.free, *state.known, *(serial_of(state, name) for name in state.used)}
    name = next((n for n in state.names if serial_of(state, n) not in taken), None)
    if name is None:
        return None
    return replace(
        state,
        phase="create",
        serial=serial_of(state, name),
        used=(*state.used, name),
        looks=0,
        tries=0,
        again=False,
        unsure=False,
        kept=False,
        sent=False,
    )


def _to_remove(state: State, event: DevicesSeen) -> State:
    serial = state.serial
    there = event.enabled is None or serial in event.enabled
    if not there and serial not in state.free and not event.kept and event.free is not None:
        return end(state, failures.gone(state))
    writes = tuple(p for p in state.profiles if p.serial == serial)
    others = tuple(s for s in state.present if s != serial)
    found = replace(state, enabled=there, may_be=there, sent=True, kept=event.kept, present=others)
    return take_back(replace(found, writes=writes, written=bool(writes)))


def kept(state: State, event: DeviceKept) -> State:
    after = replace(state, serial=event.serial, kept=True, sent=not state.back, phase="enable", tries=0)
    return take_back(after) if state.back else after


def not_kept(state: State, event: NotKept) -> State:
    # Its secret is gone: the device is of no use to anybody.
    return replace(state, serial=event.serial, phase="delete", failure=event.failure, tries=0)


def found(state: State, event: DevicesSeen) -> State:
    """After a lost answer: go on with a device whose secret was stored, delete it otherwise."""
    if event.kept:
        return kept(state, DeviceKept(state.serial))
    if event.free is None or state.serial in event.free:
        return replace(state, phase="delete", again=True, unsure=event.free is None, tries=0)
    if state.looks + 1 < LOOKS:
        return replace(state, looks=state.looks + 1, resting=True)
    # Long enough: the request never took effect.
    return begin_again(replace(state, looks=0))


def begin_again(state: State) -> State:
    """Another device under a fresh name, unless the run is on its way back."""
    if state.back or state.failure is not None:
        return end(state, state.failure, "rolled-back" if state.failure is None else "failed")
    named = next_name(state)
    if named is None:
        return end(state, failures.no_answer())
    return replace(named, halted=failures.no_answer()) if state.lost >= LOOKS else named


# ── turning on ───────────────────────────────────────────────────────────────────────────────────
def enabled(state: State, event: Enabled) -> State:
    after = replace(
        state, enabled=True, may_be=True, taken=False, enabled_at=event.at, phase="wait", checks=0, tries=0
    )
    # STS is told some seconds later: asking at once would only cost tries.
    return take_back(after) if state.back else replace(after, resting=True)


def confirmed(state: State, event: DevicesSeen) -> State:
    """Whether the device is on, after nobody saw the answer, or AWS said that it is in use."""
    if state.barred is not None:
        if event.enabled is not None and state.serial not in event.enabled:
            # An earlier request went through, whose answer nobody saw.
            return deactivated(replace(state, barred=None), Deactivated())
        why = state.barred
        sure = event.enabled is not None
        return end(state, why if state.purpose == "remove" else failures.not_removed(state, why, sure))
    if state.enabled and not state.back:
        return _still_on(state, event)
    if event.enabled is not None and state.serial in event.enabled:
        return enabled(state, Enabled(event.at))
    if state.taken and event.enabled is None:
        # Only who has its secret can have turned it on.
        return enabled(state, Enabled(event.at))
    if (state.taken or state.back) and state.looks + 1 < LOOKS:
        return replace(state, looks=state.looks + 1, resting=True)
    if state.taken:
        return enabled(state, Enabled(event.at))
    if state.back and event.enabled is None:
        # Nobody says whether it is on: taking it away from the user tells.
        return replace(state, phase="deactivate", looks=0, tries=0)
    after = replace(state, enabled=False, may_be=event.enabled is None, looks=0)
    return replace(after, phase="delete" if state.back else "enable", tries=0)


def _still_on(state: State, event: DevicesSeen) -> State:
    """Somebody may have taken the device away while the run rested: then it is turned on again, and where
    it is gone AWS says so."""
    if event.enabled is None or state.serial in event.enabled:
        return replace(state, phase="wait", looks=0)
    if state.looks + 1 < LOOKS:
        return replace(state, looks=state.looks + 1, resting=True)
    return replace(state, phase="enable", enabled=False, may_be=False, taken=False, looks=0, tries=0)


def checked(state: State, event: DeviceChecked) -> State:
    if event.known:
        # A rule that forbids the same with MFA is not one that demands it.
        state = replace(state, demands=state.demands and event.helps is not False)
        writes = concerned(state)
        if not writes:
            return end(state, None, "done")
        return replace(state, phase="seal", writes=writes, spent=False)
    if state.checks + 1 >= CHECKS:
        return replace(state, checks=0, halted=failures.late(state))
    return replace(state, checks=state.checks + 1, resting=True, spent=False)


def concerned(state: State) -> tuple[Profile, ...]:
    """The profiles that shall name the device: those that cannot do without MFA and name none, and those
    that name a device which is no more."""
    alive = {*state.present, state.serial}
    return tuple(
        profile
        for profile in state.profiles
        if profile.serial != state.serial
        and (
            (state.demands is True and not profile.serial)
            or (state.listed and bool(profile.serial) and profile.serial not in alive)
        )
    )


# ── profiles ─────────────────────────────────────────────────────────────────────────────────────
def sealed(state: State, event: FilesSealed) -> State:
    backups = (*state.backups, event.backup) if event.backup is not None else state.backups
    # From now on they may name it: nobody sees the moment at which they do.
    return replace(
        state,
        phase="write",
        written=True,
        edits=event.backup is not None,
        backups=backups,
        seals=state.seals + 1,
    )


def written(state: State, event: Written) -> State:
    return end(state, None, "done")


def unwritten(state: State, event: Unwritten) -> State:
    after = replace(state, written=False, backups=(), tries=0)
    return replace(after, phase="forget") if state.purpose == "remove" else take_back(after)


# ── the way back, and the end ────────────────────────────────────────────────────────────────────
def take_back(state: State) -> State:
    """The next step of the clean-up: profiles, then the device, then its secret, in this order. A device
    that shall be removed goes before the profiles forget it: AWS may refuse that."""
    state = replace(state, back=True, tries=0, resting=False, looks=0)
    if state.written and state.purpose == "enrol":
        return replace(state, phase="unwrite")
    if state.enabled:
        return replace(state, phase="deactivate")
    if state.may_be:
        return replace(state, phase="confirm")
    return replace(state, phase="delete") if state.virtual else let_go(state)


def fall_back(state: State, failure: Failure) -> State:
    """It cannot go on, for good: clean up, and say why at the end."""
    return take_back(replace(state, failure=failure))


def deactivated(state: State, event: Deactivated) -> State:
    after = replace(state, enabled=False, may_be=False, taken=False, tries=0)
    return replace(after, phase="delete") if state.virtual else let_go(after)


def deleted(state: State, event: DeviceDeleted) -> State:
    return let_go(state)


def let_go(state: State) -> State:
    """AWS has no use of the device any more: what names it here goes, its secret last."""
    named = state.purpose == "remove" and state.written
    return replace(state, phase="unwrite" if named else "forget", tries=0)


def forgotten(state: State, event: Forgotten) -> State:
    after = replace(state, kept=False)
    if state.purpose == "remove":
        return end(after, state.failure, "done")
    if state.again and not state.back:
        return begin_again(after)
    return end(after, state.failure, "rolled-back" if state.failure is None else "failed")


def resynced(state: State, event: Resynced) -> State:
    return end(state, None, "done")


def session_opened(state: State, event: SessionOpened) -> State:
    return replace(state, phase=state.session_for, sessions=state.sessions + 1, spent=False)


def end(
    state: State, failure: Failure | None, outcome: Literal["done", "rolled-back", "failed"] = "failed"
) -> State:
    return replace(state, phase="end", failure=failure, outcome=outcome)
