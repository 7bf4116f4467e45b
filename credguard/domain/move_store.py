"""The machine that moves secrets from one store to the other. Pure; `workflows/move_store.py` acts.

    prepare → copy → switch → catch-up → remove → done

Until the switch the old store is the one in use and nothing is taken from it; after it the new one is.
Every effect is safe to repeat. A failure after the switch leaves the run open: the next one goes on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from credguard.domain.machine import (
    Cancelled,
    Done,
    Due,
    Effect,
    Event,
    Failed,
    Failure,
    Next,
    Step,
    StepState,
    UnexpectedEvent,
    Unseen,
)
from credguard.domain.text import Text, text

NAME = "move-store"
#: The interlock of whoever is at work on it.
LOCK = "move-store"
Phase: TypeAlias = Literal["prepare", "copy", "switch", "catch-up", "remove", "done"]
_ORDER: tuple[Phase, ...] = ("prepare", "copy", "switch", "catch-up", "remove", "done")


@dataclass(frozen=True, slots=True)
class Move:
    """`setting` is `store` or `codes_store`; `parts` are the compartments that move; `left` are items that
    stay in the old store because they differ from those in the new one."""

    setting: str
    parts: tuple[str, ...]
    source: str
    target: str
    phase: Phase = "prepare"
    count: int = 0
    left: tuple[str, ...] = ()
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Prepare(Effect):
    """Open both stores; make the vault, or its part, where the target is a new one."""


@dataclass(frozen=True, slots=True)
class Copy(Effect):
    """Copy every item, read it back, compare."""

    def undo(self) -> Text:
        return text("Remove the copies: the old store holds everything.")


@dataclass(frozen=True, slots=True)
class Switch(Effect):
    """The setting names the new store."""

    def undo(self) -> Text:
        return text("Move them back with the same command.")


@dataclass(frozen=True, slots=True)
class CatchUp(Effect):
    """Copy what another process wrote into the old store meanwhile."""


@dataclass(frozen=True, slots=True)
class Remove(Effect):
    """Take from the old store what stands in the new one."""

    def undo(self) -> Text:
        return text("Move them back with the same command.")


@dataclass(frozen=True, slots=True)
class Did(Event):
    """The effect took place; `count` items, and `left` by a removal."""

    count: int = 0
    left: tuple[str, ...] = ()


TYPES: tuple[type, ...] = (Move, Prepare, Copy, Switch, CatchUp, Remove, Did)
_EFFECTS: dict[Phase, Effect] = {
    "prepare": Prepare(), "copy": Copy(), "switch": Switch(), "catch-up": CatchUp(), "remove": Remove(),
}  # fmt: skip


def next_effect(state: Move) -> Next:
    """What to do now."""
    if state.failure is not None or state.phase == "done":
        return Done(state.failure)
    return _EFFECTS[state.phase]


def advance(state: Move, event: Event) -> Move:
    """The state after `event`. Raises UnexpectedEvent for a pair outside the table."""
    match event:
        case Unseen() | Cancelled():
            return state
        case Due():  # taken up again
            return replace(state, failure=None)
        case Failed(failure):
            return replace(state, failure=failure)
        case Did(count, left) if state.phase != "done":
            after = _ORDER[_ORDER.index(state.phase) + 1]
            return replace(state, phase=after, count=max(state.count, count), left=left)
    raise UnexpectedEvent(f"{state.phase}: {type(event).__name__}")


def is_switched(state: Move) -> bool:
    """Whether the new store is the one in use."""
    return _ORDER.index(state.phase) > _ORDER.index("switch")


def command(state: Move) -> str:
    """What goes on with a move that was interrupted."""
    return f"credguard settings {state.setting} {state.target}"


def unfinished(state: Move) -> Text:
    """What is said of a move that was interrupted."""
    if state.target == "sealed":
        return text("Moving your {what} to the sealed vault is not finished", what=" and ".join(state.parts))
    return text("Moving your {what} to the keychain is not finished", what=" and ".join(state.parts))


def kept(state: Move) -> Text:
    """What is safe at this moment."""
    if is_switched(state):
        return text("Everything is in the new store, read back; what is still in the old one harms nobody.")
    return text("Everything is where it was; nothing was taken from there.")


def steps(state: Move, running: Effect | None) -> tuple[Step, ...]:
    """One line for each effect."""
    titles = {
        "prepare": text("Open both stores"),
        "copy": text("Copy, read back, compare"),
        "switch": text("Use the new store"),
        "catch-up": text("Look for what came meanwhile"),
        "remove": text("Take the copies out of the old store"),
    }
    reached = _ORDER.index(state.phase)
    lines = []
    for number, phase in enumerate(_ORDER[:-1]):
        mark: StepState = "done" if number < reached else "todo"
        if number == reached:
            mark = "failed" if state.failure is not None else "running" if running is not None else "todo"
        detail = state.failure.what if mark == "failed" and state.failure is not None else None
        lines.append(Step(phase, mark, titles[phase], detail))
    return tuple(lines)
