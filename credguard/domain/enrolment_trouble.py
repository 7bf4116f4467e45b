"""What follows in an enrolment when an effect failed, nobody saw its answer, or a person wants it back."""

from __future__ import annotations

from dataclasses import replace

from credguard.domain import enrolment_failures as failures
from credguard.domain import enrolment_moves as moves
from credguard.domain.enrolment_moves import LOOKS, end, fall_back, let_go, take_back
from credguard.domain.enrolment_state import Deactivated, Phase, State, provers
from credguard.domain.machine import Failure

#: How often a refused call is tried again while a change spreads through AWS.
SPREAD_TRIES = 6
#: How often AWS is asked again about a device that it does not find with its user.
GONE_TRIES = 2
#: How often the pair of codes is sent, each time a fresh one.
PAIR_TRIES = 3
#: How many sessions are opened for one call before its refusal is believed; how often one is asked for.
SESSIONS, SESSION_TRIES = 2, 6
#: Refusals that no waiting mends.
_DENIED = frozenset({"access-denied", "mfa-needed", "quarantine", "aws-refused"})
#: With these no code is to be had, whoever waits.
_CODELESS = frozenset({"no-code", "no-such-code", "code-unreadable", "code-refused", "codes-stopped"})
#: Phases whose call IAM sees, signed with the session where one is open.
#: After so many answers that nobody saw, a run rests instead of asking for ever.
UNANSWERED = 6
_SIGNED = frozenset({"look", "create", "find", "enable", "confirm", "deactivate", "delete", "resync"})


def due(state: State, now: float) -> State:
    """A person, or the clock, wants the run to go on."""
    state = replace(state, halted=None, unanswered=0)
    match state.phase:
        case "create":
            # What was seen may be days old by now. No device of ours is there: its name is free again.
            return replace(state, phase="look", serial="", used=state.used[:-1], lost=0)
        case "wait":
            # Days may have passed: first a look whether it is still on.
            return replace(state, phase="confirm", looks=0, checks=0, tries=0)
    return state


def cancelled(state: State) -> State:
    """The person wants it undone."""
    phase: Phase = state.at
    state = replace(state, phase=phase, halted=None, resting=False, tries=0, sessions=0, unanswered=0)
    if state.purpose != "enrol":
        # A removal is not put back half way; before AWS was asked it may simply end.
        return end(state, None, "rolled-back") if phase in {"look", "resync"} else state
    match phase:
        case "look" | "create":
            return end(state, None, "rolled-back")
        case "enable" | "wait" | "seal" | "write":
            return take_back(state)
        case "end":
            return state
    return replace(state, back=True)  # on the way back already, or looking for what was lost


def unseen(state: State) -> State:
    """Nobody saw the answer. Every effect but CreateDevice is safe to repeat; codes are never sent twice."""
    if state.phase not in {"create", "session", "wait"}:  # those count for themselves
        if state.unanswered + 1 >= UNANSWERED:
            after = _unseen(state)
            return replace(after, halted=failures.no_answer(), unanswered=0, tries=0, sessions=0)
        state = replace(state, unanswered=state.unanswered + 1)
    return _unseen(state)


def _unseen(state: State) -> State:
    match state.phase:
        case "create":
            return replace(state, phase="find", looks=0, lost=state.lost + 1)
        case "enable":
            return replace(state, phase="confirm", may_be=True, looks=0)
        case "session" if state.tries + 1 >= LOOKS:
            return replace(state, phase=state.session_for, halted=failures.no_answer(), sessions=0, tries=0)
        case "session":
            return replace(state, tries=state.tries + 1)
        case "wait" if state.checks + 1 >= moves.CHECKS:
            return replace(state, checks=0, halted=failures.late(state))
        case "wait":
            return replace(state, checks=state.checks + 1, resting=True)
    return state


def failed(state: State, failure: Failure) -> State:
    """The effect did not take place, for a reason that is known."""
    code = failure.code
    if state.phase == "session":
        return _session_failed(state, failure)
    if code in {"mfa-needed", "session-over"} and state.phase in _SIGNED and _provable(state):
        return replace(state, phase="session", session_for=state.phase, denied=failure, tries=0)
    if code in {"aws-busy", "session-over"} and state.tries < SPREAD_TRIES:
        return replace(state, tries=state.tries + 1, resting=True)
    match state.phase:
        case "look":
            return replace(state, halted=failure) if failure.retry else end(state, failure)
        case "create":
            return _not_made(state, failure)
        case "enable":
            return _not_enabled(state, failure)
        case "wait":
            return _not_known(state, failure)
        case "seal" | "write" if code == "file-changed" and state.tries < SPREAD_TRIES:
            return replace(state, phase="seal", tries=state.tries + 1)
        case "deactivate":
            return _not_deactivated(state, failure)
        case "delete":
            return _not_deleted(state, failure)
        case "resync" if not failure.retry:
            return end(state, failure)
    # Whoever goes on may open sessions again: those of this try are counted no longer.
    return replace(state, halted=failure, tries=0, sessions=0)


def _provable(state: State) -> bool:
    """Whether another session may help: without a device there is none, and the key signs by itself."""
    return state.sessions < SESSIONS and bool(provers(state))


def _not_made(state: State, failure: Failure) -> State:
    if failure.code == "name-taken":
        named = moves.next_name(state)
        return named if named is not None else end(state, failures.no_name(state))
    if failure.code in {"access-denied", "mfa-needed"} and state.used[-1:] != (state.user,):
        # Older policies allow a device of the user's own name alone.
        named = moves.next_name(replace(state, names=(state.user,)))
        if named is not None:
            return named
    return replace(state, halted=failure) if failure.retry else end(state, failure)


def _not_enabled(state: State, failure: Failure) -> State:
    match failure.code:
        case "name-taken":
            return replace(state, phase="confirm", may_be=True, taken=True, looks=0)
        case "pair-refused" if state.tries + 1 < PAIR_TRIES:
            return replace(state, tries=state.tries + 1, resting=True)
        case "pair-refused":
            return fall_back(state, failures.pair_refused())
        case "no-such-entity" if state.tries < SPREAD_TRIES:
            return replace(state, tries=state.tries + 1, resting=True)
        case "quota":
            return fall_back(state, failures.too_many(state))
    if failure.code in _DENIED | {"no-such-entity", "no-such-code", "code-unreadable"}:
        return fall_back(state, failure)
    return replace(state, halted=failure, tries=0, sessions=0)


def _not_known(state: State, failure: Failure) -> State:
    """No session with the new device yet."""
    if failure.code in {"code-refused", "codes-spent"}:
        if state.checks + 1 >= moves.CHECKS:
            return replace(state, checks=0, halted=failures.late(state))
        spent = failure.code == "codes-spent"
        return replace(state, checks=state.checks + 1, resting=True, spent=spent)
    if failure.code in _DENIED:
        # A policy forbids sessions as such: the device is on, and no profile can use it.
        return end(replace(state, unproved=True), None, "done")
    return replace(state, halted=failure, checks=0)


def _not_deactivated(state: State, failure: Failure) -> State:
    if failure.code == "no-such-entity" and state.tries < GONE_TRIES:
        # Turned on a moment ago, perhaps: not every part of AWS knows it yet.
        return replace(state, tries=state.tries + 1, resting=True)
    if failure.code == "no-such-entity":
        return moves.deactivated(state, Deactivated())
    if failure.code in _DENIED:
        return replace(state, phase="confirm", barred=failure, looks=0)
    return replace(state, halted=failure, tries=0, sessions=0)


def _not_deleted(state: State, failure: Failure) -> State:
    if failure.code == "still-assigned" and not state.sent:
        # Somebody's who made one of the same name meanwhile: it stays.
        return let_go(state)
    if failure.code == "still-assigned" and state.tries < SPREAD_TRIES:
        # On after all: it is taken from the user first.
        return replace(state, phase="deactivate", enabled=True, may_be=True, tries=state.tries + 1)
    if failure.code in _DENIED:
        return let_go(left(state))
    return replace(state, halted=failure, tries=0, sessions=0)


def left(state: State) -> State:
    """The device stays in IAM, assigned to nobody, because AWS does not let us delete it."""
    if state.unsure:
        return replace(state, perhaps=(*state.perhaps, state.serial))
    return replace(state, left=(*state.left, state.serial))


def _session_failed(state: State, failure: Failure) -> State:
    """Without a code of ours the refusal itself is what a person has to know."""
    if failure.code in {"device-unknown", "code-refused", "codes-spent"} and state.tries < SESSION_TRIES:
        spent = failure.code == "codes-spent"
        return replace(state, tries=state.tries + 1, resting=True, spent=spent)
    phase = state.session_for
    state = replace(state, phase=phase, sessions=0, tries=0, spent=False)
    why = failures.no_code(state) if failure.code == "no-code" else failure
    if phase in {"look", "create", "resync"} and not failure.retry:
        return end(state, why)
    if failure.code not in _DENIED | _CODELESS and failure.code != "device-unknown":
        return replace(state, halted=failure)
    match phase:
        case "enable":
            return fall_back(state, why)
        case "deactivate":
            return replace(state, phase="confirm", barred=why, looks=0)
        case "delete":
            return let_go(left(state))
    return replace(state, halted=why)
