"""Rotation: which step is next. Pure; `workflows/rotation.py` touches the world.

Order (AWS facts, Rotation): look at the keys → make a new one and store it, in one effect → five proofs
in a row → switch the profiles → turn the old key off → grace → delete it. Undo until the delete. Where
an answer was lost, look before doing it again: an unknown newer key that nobody used is the orphan.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from credguard.domain import rotation_failures as failures
from credguard.domain import rotation_moves as moves
from credguard.domain import rotation_trouble as trouble
from credguard.domain.machine import (
    Answered,
    Ask,
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
    Wait,
)
from credguard.domain.rotation_state import (
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
    ProfilesJoined,
    SessionOpened,
    SetActive,
    State,
    Switched,
    SwitchProfile,
)
from credguard.domain.rotation_steps import steps
from credguard.domain.text import Text, text

NAME = "rotation"

#: Rests between two proofs, between two looks for a lost key, and while a change spreads (seconds).
PROOF_PAUSE, LOOK_PAUSE, SPREAD_PAUSE = 2.5, 5.0, 3.0


# ── what to do ───────────────────────────────────────────────────────────────────────────────────
def next_effect(state: State) -> Next:
    """The effect, question or rest that comes now."""
    if state.halted is not None:
        return Done(state.halted)
    if state.resting:
        return _pause(state)
    old, new = state.old_key, state.new_key or ""
    match state.phase:
        case "look" | "find":
            return LookAtKeys(old)
        case "session":
            return OpenSession(new if state.at in {"deactivate", "reactivate", "delete"} else old)
        case "choose":
            return _question(state)
        case "retire":
            return DeleteKey(state.retire or "", old)
        case "create":
            return CreateKey(old)
        case "orphan":
            return DeleteKey(state.orphan or "", old)
        case "verify":
            return CheckKey(new)
        case "prove-old":
            return CheckKey(old)
        case "switch":
            return SwitchProfile(moves.unswitched(state)[0], new)
        case "switch-back":
            return SwitchProfile(state.switched[-1], old)
        case "deactivate":
            return SetActive(old, False, new)
        case "reactivate":
            return SetActive(old, True, new)
        case "grace":
            return Wait(state.delete_at or 0.0, text("The old key is off until it is deleted."))
        case "delete":
            return DeleteKey(old, new)
        case "discard":
            return DeleteKey(new, old)
        case "forget-old":
            return ForgetKey(old)
        case "forget-new":
            return ForgetKey(new)
        case "end":
            return Done(state.failure)


def _question(state: State) -> Ask:
    choices = moves.free(state)
    other = next(key for key in state.others if key.access_key_id == choices[0])
    return Ask(
        "which-key",
        text(
            "{user} already has two keys, and AWS allows no more. The other one is {other}."
            " It has to be deleted before a new one can be made.",
            user=state.user,
            other=failures.facts(other, state.looked_at),
        ),
        (*choices, "stop"),
    )


def _pause(state: State) -> Pause:
    if state.phase in {"verify", "prove-old"}:
        return Pause(PROOF_PAUSE, text("A new key takes up to 30 seconds to reach all of AWS."))
    if state.phase == "find":
        return Pause(LOOK_PAUSE, text("AWS’s answer was lost. Looking what became of it."))
    return Pause(SPREAD_PAUSE, text("A change takes some seconds to reach all of AWS."))


# ── what happened ────────────────────────────────────────────────────────────────────────────────
def advance(state: State, event: Event) -> State:
    """The state after `event`. A pair outside the table raises UnexpectedEvent."""
    match event:
        case Due(now):
            return trouble.due(state, now)
        case Cancelled():
            return trouble.cancelled(state)
        case ProfilesJoined(on_old, on_new):
            return trouble.joined(state, on_old, on_new)
        case Rested() | Unseen(Pause()):
            return replace(state, resting=False)
        case Unseen():
            return trouble.unseen(state)
        case Failed(failure):
            return trouble.failed(state, failure)
    handler = TABLE.get((state.phase, type(event)))
    if handler is None:
        raise UnexpectedEvent(f"rotation: {type(event).__name__} in {state.phase}")
    after: State = handler(state, event)
    if isinstance(event, SessionOpened):
        return after
    # A call went through: the counts of tries start anew.
    return replace(after, sessions=0, denied=None) if isinstance(event, Checked) else _fresh(after)


def _fresh(state: State) -> State:
    return replace(state, tries=0, sessions=0, denied=None)


#: (phase, event) → what follows. Due, Cancelled, ProfilesJoined, Rested, Unseen and Failed are handled
#: above it.
TABLE: dict[tuple[str, type[Event]], Callable[[State, Any], State]] = {
    ("look", KeysSeen): moves.looked,
    ("session", SessionOpened): moves.session_opened,
    ("choose", Answered): moves.answered,
    ("retire", KeyDeleted): moves.retired,
    ("create", KeyCreated): moves.created,
    ("create", NotStored): moves.not_stored,
    ("find", KeysSeen): moves.found,
    ("orphan", KeyDeleted): moves.orphan_gone,
    ("verify", Checked): moves.checked,
    ("prove-old", Checked): moves.checked,
    ("switch", Switched): moves.switched,
    ("switch-back", Switched): moves.switched_back,
    ("deactivate", ActiveSet): moves.turned_off,
    ("reactivate", ActiveSet): moves.turned_on,
    ("delete", KeyDeleted): moves.old_deleted,
    ("discard", KeyDeleted): moves.new_deleted,
    ("forget-old", Forgotten): moves.old_forgotten,
    ("forget-new", Forgotten): moves.new_forgotten,
}


# ── in words ─────────────────────────────────────────────────────────────────────────────────────
def kept(state: State) -> Text:
    """What is safe, at this moment."""
    if state.outcome == "done":
        return text("The new key is in use.")
    match state.at:
        case "grace":
            return text("The new key is in use. The old one is off and can be turned on again.")
        case "deactivate" if not state.old_off:
            return text("The new key is in use. The old one works too.")
        case "deactivate" | "reactivate" | "prove-old" | "delete" | "forget-old":
            return text("The new key is in use.")
        case "switch" if state.old_off:
            return text("The new key works.")
        case "switch" | "switch-back":
            return text("Both keys work.")
    return text("The key in use works as before.")


__all__ = ["NAME", "TABLE", "TYPES", "State", "advance", "kept", "next_effect", "steps"]
