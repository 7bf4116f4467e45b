"""The machine that sets what approvals are asked for, and with it which profiles serve programs directly.

    close each profile → choose → open each profile → done

An item with `direct` is read by programs without the agent, so nobody is asked: it is closed before approvals
count, and opened after they no longer do. Closed too early is slower and nothing else; every effect is safe
to repeat. Pure; `workflows/direct_use.py` acts.
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

NAME = "direct-use"
Phase: TypeAlias = Literal["close", "choose", "open", "done", "failed"]


@dataclass(frozen=True, slots=True)
class DirectUse:
    """One run. `closing`, `opening`: ids of the profiles left; `setting` "" where none is chosen."""

    setting: str
    word: str
    closing: tuple[str, ...]
    opening: tuple[str, ...]
    phase: Phase = "close"
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Close(Effect):
    """The item of this profile is no longer served directly."""

    profile_id: str

    def undo(self) -> Text:
        return text("It is served directly again once its use is not asked about.")


@dataclass(frozen=True, slots=True)
class Choose(Effect):
    """Write the setting."""

    setting: str
    word: str

    def undo(self) -> Text:
        return text("Set it back.")


@dataclass(frozen=True, slots=True)
class Open(Effect):
    """The item of this profile is served directly."""

    profile_id: str

    def undo(self) -> Text:
        return text("It is closed again when its use is asked about.")


@dataclass(frozen=True, slots=True)
class Closed(Event):
    pass


@dataclass(frozen=True, slots=True)
class Chosen(Event):
    pass


@dataclass(frozen=True, slots=True)
class Opened(Event):
    pass


TYPES: tuple[type, ...] = (DirectUse, Close, Choose, Open, Closed, Chosen, Opened)


def begin(setting: str, word: str, closing: tuple[str, ...], opening: tuple[str, ...]) -> DirectUse:
    return _onward(DirectUse(setting, word, closing, opening))


def next_effect(state: DirectUse) -> Next:
    """What to do now."""
    match state.phase:
        case "close":
            return Close(state.closing[0])
        case "choose":
            return Choose(state.setting, state.word)
        case "open":
            return Open(state.opening[0])
        case "done":
            return Done()
        case "failed":
            return Done(state.failure)


def advance(state: DirectUse, event: Event) -> DirectUse:
    """The state after `event`. Raises UnexpectedEvent for a pair outside the table."""
    match state.phase, event:
        case _, Unseen():
            return state
        case "close", Closed():
            return _onward(replace(state, closing=state.closing[1:]))
        case "choose", Chosen():
            return _onward(replace(state, phase="open"))
        case "open", Opened():
            return _onward(replace(state, opening=state.opening[1:]))
        case (("close" | "choose" | "open"), Failed(failure)):
            return replace(state, phase="failed", failure=failure)
        case _, Cancelled():
            return state
    raise UnexpectedEvent(f"{state.phase}: {type(event).__name__}")


def _onward(state: DirectUse) -> DirectUse:
    """Past the phases in which nothing is left to do."""
    if state.phase == "close" and not state.closing:
        state = replace(state, phase="choose")
    if state.phase == "choose" and not state.setting:
        state = replace(state, phase="open")
    if state.phase == "open" and not state.opening:
        state = replace(state, phase="done")
    return state


def kept(state: DirectUse) -> Text:
    """What is safe at this moment."""
    return text("All keys are as they were. No program gets one that it has to ask for.")


def steps(state: DirectUse, running: Effect | None) -> tuple[Step, ...]:
    """One line for each phase."""
    order: tuple[Phase, ...] = ("close", "choose", "open", "done")
    titles = (
        text("Ask before these keys are used"),
        text("Write the setting"),
        text("Serve these keys without asking"),
    )
    reached = order.index(state.phase) if state.phase in order else 0
    lines = []
    for number, (phase, title) in enumerate(zip(order, titles, strict=False)):
        mark: StepState = "done" if number < reached else "todo"
        if number == reached and running is not None:
            mark = "running"
        if number == reached and state.failure is not None:
            mark = "failed"
        lines.append(Step(phase, mark, title))
    return tuple(lines)
