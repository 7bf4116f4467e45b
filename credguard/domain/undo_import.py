"""The machine that puts the plaintext of one imported key back. Pure; `workflows/undo_import.py` acts.

    revert → prove → unlink → done

Stored items stay. Every effect is safe to repeat.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from credguard.domain.machine import (
    Cancelled,
    Done,
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

NAME = "undo-import"
Phase: TypeAlias = Literal["revert", "prove", "unlink", "done", "failed"]


@dataclass(frozen=True, slots=True)
class Undo:
    """The state of one run, over one sealed copy."""

    backup: str
    batch: str
    profile: str | None
    profile_id: str | None
    config_path: str
    credentials_path: str
    phase: Phase = "revert"
    paths: tuple[str, ...] = ()
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Revert(Effect):
    """Take the edits of the sealed copy back, with the key of today."""

    backup: str

    def undo(self) -> Text:
        return text("Import the key again.")


@dataclass(frozen=True, slots=True)
class ProvePlain(Effect):
    """Read the files as the AWS tools do: the profile has its key in plaintext."""

    profile: str


@dataclass(frozen=True, slots=True)
class Unlink(Effect):
    """The catalog no longer says that CredGuard serves the profile."""

    profile_id: str | None


@dataclass(frozen=True, slots=True)
class Reverted(Event):
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProvedPlain(Event):
    pass


@dataclass(frozen=True, slots=True)
class Unlinked(Event):
    pass


TYPES: tuple[type, ...] = (Undo, Revert, ProvePlain, Unlink, Reverted, ProvedPlain, Unlinked)


def next_effect(state: Undo) -> Next:
    """What to do now."""
    match state.phase:
        case "revert":
            return Revert(state.backup)
        case "prove":
            return ProvePlain(state.profile or "")
        case "unlink":
            return Unlink(state.profile_id)
        case "done":
            return Done()
        case "failed":
            return Done(state.failure)


def advance(state: Undo, event: Event) -> Undo:
    """The state after `event`. Raises UnexpectedEvent for a pair outside the table."""
    match state.phase, event:
        case _, Unseen():
            return state
        case "revert", Reverted(paths):
            after: Phase = "prove" if state.profile is not None else "unlink"
            return replace(state, phase=after, paths=paths)
        case "prove", ProvedPlain():
            return replace(state, phase="unlink")
        case "unlink", (Unlinked() | Failed()):
            return replace(state, phase="done")
        case _, Failed(failure):
            return replace(state, phase="failed", failure=failure)
        case _, Cancelled():
            return state
    raise UnexpectedEvent(f"{state.phase}: {type(event).__name__}")


def kept(state: Undo) -> Text:
    """What is safe at this moment."""
    return text("The stored keys and the sealed copies are untouched.")


def steps(state: Undo, running: Effect | None) -> tuple[Step, ...]:
    """One line for each effect."""
    order: tuple[Phase, ...] = ("revert", "prove", "unlink", "done")
    titles = (
        Text("Put the lines back"),
        Text("Read the files as the AWS tools do"),
        Text("Note it in the catalog"),
    )
    reached = order.index(state.phase) if state.phase in order else 0
    lines = []
    for number, (phase, title) in enumerate(zip(order, titles, strict=False)):
        mark: StepState = "done" if number < reached else "todo"
        if number == reached and running is not None:
            mark = "running"
        if number == reached and state.failure is not None:
            mark = "failed"
        lines.append(
            Step(phase, mark, title, state.failure.what if mark == "failed" and state.failure else None)
        )
    return tuple(lines)
