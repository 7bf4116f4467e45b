"""What follows in a rotation when an effect went through. One small function for each (phase, event)."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from credguard.domain import rotation_failures as failures
from credguard.domain.keys import DAY
from credguard.domain.machine import Answered, Failure
from credguard.domain.rotation_state import (
    PROOFS,
    ActiveSet,
    Checked,
    Forgotten,
    KeyCreated,
    KeyDeleted,
    KeysSeen,
    NotStored,
    SeenKey,
    SessionOpened,
    State,
    Switched,
)

#: The least time that the proofs of a key span, and how long a new key may take (seconds).
PROOF_SPAN, PROOF_BOUND = 10.0, 60.0
#: After a lost CreateAccessKey: how often to look.
LOOKS = 8
#: How often CreateAccessKey's answer may be lost before the run rests.
LOST = 3
#: AWS's clock and this computer's may differ by this much, or no call goes through (seconds).
CLOCKS = 900.0


# ── looking and making ───────────────────────────────────────────────────────────────────────────
def looked(state: State, event: KeysSeen) -> State:
    ids = tuple(key.access_key_id for key in event.keys)
    own = next((key for key in event.keys if key.access_key_id == state.old_key), None)
    if own is None:
        return end(state, failures.gone(state))
    # A key that was just deleted may be listed a little longer.
    others = tuple(k for k in event.keys if k.access_key_id not in {state.old_key, state.retire})
    seen = replace(state, known=ids, own=own, others=others, looked_at=event.at, create_by=event.at)
    if not others:
        return replace(seen, phase="create")
    if not free(seen):
        return end(seen, failures.two_keys(seen))
    return replace(seen, phase="choose")


def free(state: State) -> tuple[str, ...]:
    """The other keys that no profile here is served with: those that may be deleted."""
    return tuple(key.access_key_id for key in state.others if not key.profiles)


def answered(state: State, event: Answered) -> State:
    if event.answer not in free(state):
        return end(state, failures.two_keys(state))
    return replace(state, phase="retire", retire=event.answer)


def retired(state: State, event: KeyDeleted) -> State:
    # A person may have taken days to answer: look again.
    return replace(state, phase="look", others=())


def created(state: State, event: KeyCreated) -> State:
    after = replace(state, phase="verify", new_key=event.key, failure=None)
    return way_back(after) if state.back else after


def not_stored(state: State, event: NotStored) -> State:
    # The secret is gone: the key is of no use to anybody. The old one was never touched.
    return replace(state, phase="orphan", orphan=event.key, failure=event.failure)


def found(state: State, event: KeysSeen) -> State:
    """After a lost answer: adopt the new key if its secret was stored, delete the orphan, or look again."""
    fresh = [k for k in event.keys if k.access_key_id not in state.known]
    if fresh and not _ours(state, fresh[0]):
        return end(state, failures.somebody_else(fresh[0].access_key_id))
    if fresh and fresh[0].stored:
        return created(state, KeyCreated(fresh[0].access_key_id))
    if fresh:
        return replace(state, phase="orphan", orphan=fresh[0].access_key_id)
    if state.looks + 1 < LOOKS:
        return replace(state, looks=state.looks + 1, resting=True)
    # Long enough: the request never took effect.
    if state.back or state.failure is not None:
        return _taken_back(state)
    after = replace(state, phase="create", looks=0, create_by=max(state.create_by, event.at))
    return replace(after, halted=failures.no_answer()) if state.lost_creates >= LOST else after


def _ours(state: State, key: SeenKey) -> bool:
    """A key made while we asked for one, which nobody used. Anything else is somebody's, and stays."""
    made_then = state.looked_at - CLOCKS <= key.created <= state.create_by + CLOCKS
    return made_then and not key.used and not key.profiles


def orphan_gone(state: State, event: KeyDeleted) -> State:
    if state.back or state.failure is not None:
        return _taken_back(state)
    return replace(state, phase="create", orphan=None, looks=0)


def _taken_back(state: State) -> State:
    return end(state, state.failure, "rolled-back" if state.failure is None else "failed")


# ── proving ──────────────────────────────────────────────────────────────────────────────────────
def checked(state: State, event: Checked) -> State:
    began = event.at if state.check_began is None else state.check_began
    if event.accepted and not event.same:
        return fall_back(state, failures.another_identity())
    if not event.accepted:
        if event.at - began >= PROOF_BOUND:
            old = state.phase == "prove-old"
            return fall_back(state, failures.old_refused() if old else failures.refused())
        return replace(state, proofs=0, first_proof=None, check_began=began, resting=True)
    first = event.at if state.first_proof is None else state.first_proof
    proofs = state.proofs + 1
    if proofs >= PROOFS and event.at - first >= PROOF_SPAN:
        proved = unproved(state)
        if state.phase == "prove-old":
            return switch_back(proved)
        return replace(proved, phase="switch" if unswitched(state) else "deactivate")
    return replace(state, proofs=proofs, first_proof=first, check_began=began, resting=True)


def unproved(state: State) -> State:
    """The count of proofs starts anew."""
    return replace(state, proofs=0, first_proof=None, check_began=None)


# ── switching, turning off, deleting ─────────────────────────────────────────────────────────────
def unswitched(state: State) -> tuple[str, ...]:
    return tuple(p for p, _ in state.profiles if p not in state.switched)


def switched(state: State, event: Switched) -> State:
    after = replace(state, switched=(*state.switched, event.profile_id))
    return after if unswitched(after) else replace(after, phase="deactivate")


def switched_back(state: State, event: Switched) -> State:
    return switch_back(replace(state, switched=tuple(p for p in state.switched if p != event.profile_id)))


def turned_off(state: State, event: ActiveSet) -> State:
    return replace(state, phase="grace", old_off=True, delete_at=event.at + state.grace_days * DAY)


def turned_on(state: State, event: ActiveSet) -> State:
    return replace(unproved(state), phase="prove-old", old_off=False, delete_at=None)


def old_deleted(state: State, event: KeyDeleted) -> State:
    return replace(state, phase="forget-old")


def old_forgotten(state: State, event: Forgotten) -> State:
    return end(state, state.failure, "done")


def new_deleted(state: State, event: KeyDeleted) -> State:
    return replace(state, phase="forget-new")


def new_forgotten(state: State, event: Forgotten) -> State:
    return end(state, state.failure, "rolled-back")


def session_opened(state: State, event: SessionOpened) -> State:
    return replace(state, phase=state.session_for, sessions=state.sessions + 1)


# ── the way back, and the end ────────────────────────────────────────────────────────────────────
def fall_back(state: State, failure: Failure) -> State:
    """The key under proof does not do: for the new one the way back, for the old one stop and say so."""
    if state.phase == "prove-old":
        return replace(unproved(state), halted=failure)
    return way_back(replace(state, failure=failure))


def way_back(state: State) -> State:
    """Back to the old key, from any phase after the new one was made."""
    before_switch = state.phase == "verify"
    state = replace(unproved(state), back=True)
    if not before_switch:
        # A switch may have taken effect although nobody saw it: all go back, which is harmless to repeat.
        state = replace(state, switched=tuple(profile for profile, _ in state.profiles))
    return replace(state, phase="reactivate") if state.old_off else switch_back(state)


def switch_back(state: State) -> State:
    return replace(state, phase="switch-back" if state.switched else "discard")


def end(
    state: State, failure: Failure | None, outcome: Literal["done", "rolled-back", "failed"] = "failed"
) -> State:
    return replace(state, phase="end", failure=failure, outcome=outcome)
