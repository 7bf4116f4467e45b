"""Rotation: which step is next. Pure; `workflows/rotation.py` touches the world.

Order (AWS facts, Rotation): look at the keys → make a new one and store it, in one effect → five proofs
in a row → switch the profiles → turn the old key off → grace → delete it. Undo until the delete. Where
an answer was lost, look before doing it again: an unknown newer key that nobody used is the orphan.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

from credguard.domain import rotation_failures as failures
from credguard.domain.keys import DAY
from credguard.domain.machine import (
    Answered,
    Ask,
    Cancelled,
    Done,
    Due,
    Event,
    Failed,
    Failure,
    Next,
    Pause,
    Rested,
    UnexpectedEvent,
    Unseen,
    Wait,
)
from credguard.domain.rotation_state import (
    PROOFS,
    TYPES,
    ActiveSet,
    Checked,
    CheckKey,
    CreateKey,
    DeleteKey,
    ForgetKey,
    Forgotten,
    KeyCreated,
    KeyDeleted,
    KeysSeen,
    LookAtKeys,
    NotStored,
    OpenSession,
    SessionOpened,
    SetActive,
    State,
    Switched,
    SwitchProfile,
)
from credguard.domain.rotation_steps import steps
from credguard.domain.text import Text, text

NAME = "rotation"

#: The least time that the proofs of a key span, and how long a new key may take (seconds).
PROOF_SPAN, PROOF_BOUND = 10.0, 60.0
PROOF_PAUSE = 2.5
#: After a lost CreateAccessKey: how often to look, and how long to rest between (seconds).
LOOKS, LOOK_PAUSE = 8, 5.0
#: How often a refused call is tried again while a change spreads through AWS.
SPREAD_TRIES, SPREAD_PAUSE = 15, 3.0


_CHECKING = text("A new key takes up to 30 seconds to reach all of AWS.")


# ── what to do ───────────────────────────────────────────────────────────────────────────────────
def next_effect(state: State) -> Next:
    """The effect, question or rest that comes now."""
    if state.halted is not None:
        return Done(state.halted)
    if state.resting:
        return _pause(state)
    new = state.new_key or ""
    match state.phase:
        case "look" | "find":
            return LookAtKeys(state.old_key)
        case "session":
            return OpenSession(state.old_key)
        case "choose":
            return Ask(
                "which-key",
                text(
                    "{user} already has two keys. One has to be deleted before a new one can be made.",
                    user=state.user,
                ),
                (*(key.access_key_id for key in state.others), "stop"),
            )
        case "retire":
            return DeleteKey(state.retire or "", state.old_key)
        case "create":
            return CreateKey(state.old_key)
        case "orphan":
            return DeleteKey(state.orphan or "", state.old_key)
        case "verify":
            return CheckKey(new)
        case "prove-old":
            return CheckKey(state.old_key)
        case "switch":
            return SwitchProfile(_unswitched(state)[0], new)
        case "switch-back":
            return SwitchProfile(state.switched[-1], state.old_key)
        case "deactivate":
            return SetActive(state.old_key, False, new)
        case "reactivate":
            return SetActive(state.old_key, True, new)
        case "grace":
            return Wait(state.delete_at or 0.0, text("The old key is off until it is deleted."))
        case "delete":
            return DeleteKey(state.old_key, new)
        case "discard":
            return DeleteKey(new, state.old_key)
        case "forget-old":
            return ForgetKey(state.old_key)
        case "forget-new":
            return ForgetKey(new)
        case "end":
            return Done(state.failure)


def _pause(state: State) -> Pause:
    if state.phase in {"verify", "prove-old"}:
        return Pause(PROOF_PAUSE, _CHECKING)
    if state.phase == "find":
        return Pause(LOOK_PAUSE, text("AWS’s answer was lost. Looking what became of it."))
    return Pause(SPREAD_PAUSE, text("A change takes some seconds to reach all of AWS."))


def _unswitched(state: State) -> tuple[str, ...]:
    return tuple(p for p, _ in state.profiles if p not in state.switched)


# ── what happened ────────────────────────────────────────────────────────────────────────────────
def advance(state: State, event: Event) -> State:
    """The state after `event`. A pair outside the table raises UnexpectedEvent."""
    match event:
        case Due(now):
            return _due(replace(state, halted=None), now)
        case Cancelled():
            return _cancelled(state)
        case Rested() | Unseen(Pause()):
            return replace(state, resting=False)
        case Unseen():
            return _unseen(state)
        case Failed(failure):
            return _failed(state, failure)
    handler = _TABLE.get((state.phase, type(event)))
    if handler is None:
        raise UnexpectedEvent(f"rotation: {type(event).__name__} in {state.phase}")
    after: State = handler(state, event)
    # Whatever happened, a call went through: the count of tries starts anew.
    return after if event.__class__ is Checked else replace(after, tries=0)


def _looked(state: State, event: KeysSeen) -> State:
    ids = tuple(key.access_key_id for key in event.keys)
    if state.old_key not in ids:
        return _end(state, failures.gone(state))
    others = tuple(k for k in event.keys if k.access_key_id != state.old_key)
    if others:
        return replace(state, phase="choose", known=ids, others=others)
    return replace(state, phase="create", known=ids, others=())


def _answered(state: State, event: Answered) -> State:
    if event.answer not in {key.access_key_id for key in state.others}:
        return _end(state, failures.two_keys(state))
    return replace(state, phase="retire", retire=event.answer)


def _retired(state: State, event: KeyDeleted) -> State:
    known = tuple(k for k in state.known if k != state.retire)
    return replace(state, phase="create", known=known, others=())


def _created(state: State, event: KeyCreated) -> State:
    after = replace(state, phase="verify", new_key=event.key)
    return _way_back(after) if state.back else after


def _not_stored(state: State, event: NotStored) -> State:
    # The secret is gone: the key is of no use to anybody. The old one was never touched.
    return replace(state, phase="orphan", orphan=event.key, failure=event.failure)


def _found(state: State, event: KeysSeen) -> State:
    """After a lost answer: adopt the new key if its secret was stored, delete the orphan, or look again."""
    fresh = [k for k in event.keys if k.access_key_id not in state.known]
    stored = next((k for k in fresh if k.stored), None)
    if stored is not None:
        return _created(state, KeyCreated(stored.access_key_id))
    if fresh:
        if fresh[0].used:
            return _end(state, failures.somebody_else(fresh[0].access_key_id))
        return replace(state, phase="orphan", orphan=fresh[0].access_key_id)
    if state.looks + 1 < LOOKS:
        return replace(state, looks=state.looks + 1, resting=True)
    # Long enough: the request never took effect.
    if state.back or state.failure is not None:
        return _end(state, state.failure, "rolled-back")
    if state.lost_creates >= 3:
        return replace(state, phase="create", looks=0, lost_creates=0, halted=failures.no_answer())
    return replace(state, phase="create", looks=0)


def _orphan_gone(state: State, event: KeyDeleted) -> State:
    if state.back or state.failure is not None:
        return _end(state, state.failure, "rolled-back" if state.failure is None else "failed")
    return replace(state, phase="create", orphan=None, looks=0)


def _checked(state: State, event: Checked) -> State:
    began = event.at if state.check_began is None else state.check_began
    if event.accepted and not event.same:
        return _fall_back(state, failures.another_identity())
    if not event.accepted:
        if event.at - began >= PROOF_BOUND:
            return _fall_back(replace(state, check_began=None), failures.refused(state))
        return replace(state, proofs=0, first_proof=None, check_began=began, resting=True)
    first = event.at if state.first_proof is None else state.first_proof
    proofs = state.proofs + 1
    if proofs >= PROOFS and event.at - first >= PROOF_SPAN:
        proved = replace(state, proofs=proofs, first_proof=None, check_began=None)
        if state.phase == "prove-old":
            return _switch_back(proved)
        return replace(proved, phase="switch" if _unswitched(state) else "deactivate")
    return replace(state, proofs=proofs, first_proof=first, check_began=began, resting=True)


def _switched(state: State, event: Switched) -> State:
    after = replace(state, switched=(*state.switched, event.profile_id))
    return after if _unswitched(after) else replace(after, phase="deactivate")


def _switched_back(state: State, event: Switched) -> State:
    after = replace(state, switched=tuple(p for p in state.switched if p != event.profile_id))
    return _switch_back(after)


def _turned_off(state: State, event: ActiveSet) -> State:
    return replace(state, phase="grace", old_off=True, delete_at=event.at + state.grace_days * DAY)


def _turned_on(state: State, event: ActiveSet) -> State:
    return replace(
        state, phase="prove-old", old_off=False, proofs=0, first_proof=None, check_began=None, delete_at=None
    )


def _old_deleted(state: State, event: KeyDeleted) -> State:
    return replace(state, phase="forget-old")


def _old_forgotten(state: State, event: Forgotten) -> State:
    return _end(state, None, "done")


def _new_deleted(state: State, event: KeyDeleted) -> State:
    return replace(state, phase="forget-new")


def _new_forgotten(state: State, event: Forgotten) -> State:
    return _end(state, state.failure, "rolled-back")


def _session_opened(state: State, event: SessionOpened) -> State:
    return replace(state, phase="look", sessions=state.sessions + 1)


def _due(state: State, now: float) -> State:
    if state.phase == "grace" and state.delete_at is not None and now >= state.delete_at:
        return replace(state, phase="delete")
    return state


def _cancelled(state: State) -> State:
    """The person wants it undone. Once the delete was asked for it is too late."""
    state = replace(state, halted=None, back=True, resting=False, tries=0)
    match state.phase:
        case "look" | "session" | "choose" | "retire" | "create":
            return _end(state, None, "rolled-back")
        case "verify" | "switch" | "deactivate" | "grace":
            return _way_back(state)
        case "delete" | "forget-old" | "end":
            return replace(state, back=False)
    return state  # already on the way back, or looking for what was lost


def _unseen(state: State) -> State:
    """Nobody saw the answer. Every effect but CreateKey is safe to repeat."""
    if state.phase == "create":
        return replace(state, phase="find", looks=0, lost_creates=state.lost_creates + 1)
    if state.phase == "session":
        # The code may have been used: the next attempt takes another one.
        return replace(state, sessions=state.sessions + 1)
    return state


def _failed(state: State, failure: Failure) -> State:
    if failure.code == "mfa-needed" and state.phase in {"look", "create"} and state.sessions < 2:
        return replace(state, phase="session")
    if failure.code == "session-over" and state.sessions < 3 and state.phase in {"look", "create"}:
        return replace(state, phase="session")
    match state.phase:
        case "session":
            return _end(state, failure)
        case "look" | "choose" | "retire":
            return replace(state, halted=failure) if failure.retry else _end(state, failure)
        case "create" if failure.code == "quota" and state.lost_creates:
            # The key whose answer was lost is there after all; IAM had not shown it yet.
            return replace(state, phase="find", looks=0, resting=True)
        case "create":
            return replace(state, halted=failure) if failure.retry else _end(state, failure)
        case "verify" | "prove-old" if failure.code in {"wrong-secret", "access-denied", "aws-refused"}:
            return _fall_back(state, failure)
    if failure.code in {"key-unknown", "aws-busy", "no-such-entity"} and state.tries < SPREAD_TRIES:
        return replace(state, tries=state.tries + 1, resting=True)
    return replace(state, halted=failure, tries=0)


def _fall_back(state: State, failure: Failure) -> State:
    """The key under proof does not do: for the new one the way back, for the old one stop and say so."""
    if state.phase == "prove-old":
        return replace(state, halted=failure, proofs=0, first_proof=None, check_began=None)
    return _way_back(replace(state, failure=failure))


def _way_back(state: State) -> State:
    state = replace(state, back=True, proofs=0, first_proof=None, check_began=None)
    if state.phase != "verify":
        # A switch may have taken effect although nobody saw it: all go back, which is harmless to repeat.
        state = replace(state, switched=tuple(profile for profile, _ in state.profiles))
    # The same holds for turning the old key off.
    if state.phase in {"deactivate", "grace"}:
        return replace(state, phase="reactivate")
    return _switch_back(state)


def _switch_back(state: State) -> State:
    return replace(state, phase="switch-back" if state.switched else "discard")


def _end(state: State, failure: Failure | None, outcome: str = "failed") -> State:
    reached: Literal["done", "rolled-back", "failed"] = (
        "done" if outcome == "done" else "rolled-back" if outcome == "rolled-back" else "failed"
    )
    return replace(state, phase="end", failure=failure, outcome=reached)


#: (phase, event) → what follows. Due, Cancelled, Rested, Unseen and Failed are handled above it.
_TABLE: dict[tuple[str, type[Event]], Callable[[State, Any], State]] = {
    ("look", KeysSeen): _looked,
    ("session", SessionOpened): _session_opened,
    ("choose", Answered): _answered,
    ("retire", KeyDeleted): _retired,
    ("create", KeyCreated): _created,
    ("create", NotStored): _not_stored,
    ("find", KeysSeen): _found,
    ("orphan", KeyDeleted): _orphan_gone,
    ("verify", Checked): _checked,
    ("prove-old", Checked): _checked,
    ("switch", Switched): _switched,
    ("switch-back", Switched): _switched_back,
    ("deactivate", ActiveSet): _turned_off,
    ("reactivate", ActiveSet): _turned_on,
    ("delete", KeyDeleted): _old_deleted,
    ("discard", KeyDeleted): _new_deleted,
    ("forget-old", Forgotten): _old_forgotten,
    ("forget-new", Forgotten): _new_forgotten,
}


# ── in words ─────────────────────────────────────────────────────────────────────────────────────
def kept(state: State) -> Text:
    """What is safe, at this moment."""
    if state.outcome == "done":
        return text("The new key is in use.")
    if state.phase in {"delete", "forget-old", "grace"}:
        return text("The new key is in use. The old one is off and can be turned on again.")
    if state.old_off or state.phase in {"deactivate", "reactivate"}:
        return text("The new key is stored and works.")
    if state.switched:
        return text("Both keys work.")
    return text("The key in use works as before.")


__all__ = ["NAME", "TYPES", "State", "advance", "kept", "next_effect", "steps"]
