"""What follows in a rotation when an effect failed, nobody saw its answer, or a person wants it back."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

from credguard.domain import rotation_failures as failures
from credguard.domain.machine import Failure
from credguard.domain.rotation_moves import end, fall_back, unproved, way_back
from credguard.domain.rotation_state import State

Profiles: TypeAlias = tuple[tuple[str, str], ...]

#: How often a refused call is tried again while a change spreads through AWS.
SPREAD_TRIES = 15
#: How many sessions are opened for one call before its refusal is believed.
SESSIONS = 2
#: Refusals that no waiting mends.
_DENIED = frozenset({"access-denied", "mfa-needed", "quarantine", "aws-refused"})
#: Reasons of our own not to make the call: AWS was not asked.
_NOT_ASKED = frozenset({"key-in-use", "key-in-plaintext"})
#: Phases whose call IAM sees, signed with the session where one is open.
_SIGNED = frozenset(
    {"look", "retire", "create", "find", "orphan", "deactivate", "delete", "reactivate", "discard"}
)
#: Phases before anything was made: the run may simply end.
_EARLY = frozenset({"look", "choose", "retire", "create"})


def due(state: State, now: float) -> State:
    """A person, or the clock, wants the run to go on."""
    rested = state.halted is not None
    state = replace(state, halted=None)
    match state.phase:
        case "grace" if state.delete_at is not None and now >= state.delete_at:
            return replace(state, phase="delete")
        case "create" if state.lost_creates:
            return replace(state, phase="find", looks=0, lost_creates=1)
        case "create":
            # What was seen may be days old by now.
            return replace(state, phase="look")
        case "verify":
            return unproved(state)
        case "prove-old":
            # It was refused for a minute: perhaps it is off again, perhaps it was deleted.
            return replace(unproved(state), phase="reactivate") if rested else unproved(state)
    return state


def joined(state: State, on_old: Profiles, on_new: Profiles) -> State:
    """More profiles are served with the keys of this run: they share its way from here on."""
    known = {profile for profile, _ in state.profiles}
    old, new = (tuple(pair for pair in pairs if pair[0] not in known) for pairs in (on_old, on_new))
    if not (old or new) or state.at in {"forget-old", "forget-new", "end"}:
        return state
    after = replace(state, profiles=(*state.profiles, *old, *new))
    if state.at == "discard":
        # Those on the old key are where they shall be; the new one may be gone already.
        return replace(after, phase="switch-back", switched=tuple(p for p, _ in new)) if new else after
    after = replace(after, switched=(*state.switched, *(profile for profile, _ in new)))
    # The old key may not go, and not stay off, while a profile is served with it.
    return replace(after, phase="switch") if old and state.at in {"deactivate", "grace", "delete"} else after


def cancelled(state: State) -> State:
    """The person wants it undone. Where the delete may have gone through, AWS tells."""
    phase = state.at
    state = replace(state, phase=phase, halted=None, resting=False, tries=0, sessions=0)
    match phase:
        case "create" if state.lost_creates:
            return replace(state, phase="find", looks=0, back=True)
        case "look" | "choose" | "retire" | "create":
            return end(state, None, "rolled-back")
        case "verify" | "switch" | "deactivate" | "grace" | "delete":
            return way_back(state)
        case "forget-old" | "end":
            return state
    return replace(state, back=True)  # already on the way back, or looking for what was lost


def unseen(state: State) -> State:
    """Nobody saw the answer. Every effect but CreateKey is safe to repeat."""
    match state.phase:
        case "create":
            return replace(state, phase="find", looks=0, lost_creates=state.lost_creates + 1)
        case "session" if state.sessions >= SESSIONS:
            return replace(state, halted=failures.no_answer(), sessions=0)
        case "session":
            # The code may have been used: the next attempt takes another one.
            return replace(state, sessions=state.sessions + 1)
        case "deactivate":
            return replace(state, old_off=True)
    return state


def failed(state: State, failure: Failure) -> State:
    """The effect did not take place, for a reason that is known."""
    code = failure.code
    if state.phase == "session":
        return _no_session(state, failure)
    if code in {"mfa-needed", "session-over"} and state.phase in _SIGNED and state.sessions < SESSIONS:
        return replace(state, phase="session", session_for=state.phase, denied=failure)
    if state.phase == "deactivate" and code not in _DENIED | _NOT_ASKED:
        # An earlier attempt of the same call may have gone through.
        state = replace(state, old_off=True)
    if state.phase in _EARLY:
        return _failed_early(state, failure)
    if state.phase in {"verify", "prove-old"} and code in {"wrong-secret", "access-denied", "aws-refused"}:
        return fall_back(state, failure)
    if code in {"key-unknown", "aws-busy", "no-such-entity"} and state.tries < SPREAD_TRIES:
        return replace(state, tries=state.tries + 1, resting=True)
    if code == "no-such-entity" and state.phase in {"deactivate", "reactivate"}:
        # The old key was deleted elsewhere: the new one stays, which every profile is served with.
        gone = failures.old_gone(state) if state.phase == "reactivate" else None
        return replace(state, phase="forget-old", back=False, failure=gone, tries=0)
    if code in _DENIED and state.phase in {"orphan", "discard"}:
        key = (state.orphan if state.phase == "orphan" else state.new_key) or ""
        return end(state, failures.not_deleted(key, failure))
    # Whoever goes on may open sessions again: those of this try are counted no longer.
    return replace(state, halted=failure, tries=0, sessions=0)


def _failed_early(state: State, failure: Failure) -> State:
    """Nothing was made yet, unless an answer was lost."""
    if state.phase == "create" and failure.code == "quota":
        if state.lost_creates:
            # The key whose answer was lost is there after all; IAM had not shown it yet.
            return replace(state, phase="find", looks=0, resting=True)
        if state.retire is not None and state.tries < SPREAD_TRIES:
            return replace(state, tries=state.tries + 1, resting=True)
        return end(state, failure)
    if failure.retry and failure.code != "key-unknown":
        return replace(state, halted=failure)
    if state.phase == "create" and state.lost_creates:
        return replace(state, phase="find", looks=0, failure=failure)
    return end(state, failure)


def _no_session(state: State, failure: Failure) -> State:
    """Without a code of ours the refusal itself is what a person has to know."""
    why = state.denied if failure.code == "mfa-needed" and state.denied is not None else failure
    state = replace(state, phase=state.session_for, sessions=0)
    if state.phase in _EARLY:
        return _failed_early(state, why)
    if state.phase in {"orphan", "discard"} and not why.retry:
        key = (state.orphan if state.phase == "orphan" else state.new_key) or ""
        return end(state, failures.not_deleted(key, why))
    return replace(state, halted=why)
