"""The engine: order of journal and world, and that a crash is met as Unseen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest

from credguard.domain.errors import AnswerLost, CredGuardError
from credguard.domain.machine import Done, Effect, Event, Failed, Failure, Step, Unseen
from credguard.domain.text import Text
from credguard.workflows.engine import run


@dataclass(frozen=True, slots=True)
class Do(Effect):
    n: int


@dataclass(frozen=True, slots=True)
class Did(Event):
    n: int


@dataclass(frozen=True, slots=True)
class State:
    n: int = 0
    unseen: int = 0
    failure: Failure | None = None


def _next(state: State) -> Any:
    return Done(state.failure) if state.failure or state.n == 2 else Do(state.n)


def _advance(state: State, event: Event) -> State:
    match event:
        case Did():
            return replace(state, n=state.n + 1)
        case Unseen():
            return replace(state, unseen=state.unseen + 1)
        case Failed(failure):
            return replace(state, failure=failure)
    raise AssertionError(event)


MACHINE: Any = SimpleNamespace(
    next_effect=_next,
    advance=_advance,
    kept=lambda state: Text("The old one works."),
    steps=lambda state, running: (Step("do", "running" if running else "todo", Text("Do")),),
)


class Memory:
    def __init__(self, log: list[str]) -> None:
        self.state, self.begun, self.log = State(), None, log

    def load(self) -> tuple[State, Any]:
        return self.state, self.begun

    def begin(self, effect: Any) -> None:
        self.begun = effect
        self.log.append(f"begin {effect.n}")

    def end(self, event: Event, state: State) -> State:
        self.state, self.begun = state, None
        self.log.append(f"end {type(event).__name__}")
        return state


def test_the_journal_knows_before_the_world_is_touched() -> None:
    log: list[str] = []

    def perform(effect: Any) -> Event:
        log.append(f"world {effect.n}")
        return Did(effect.n)

    assert run(MACHINE, Memory(log), perform) == Done()
    assert log == ["begin 0", "world 0", "end Did", "begin 1", "world 1", "end Did"]


def test_a_crash_and_a_lost_answer_are_the_same_event() -> None:
    log: list[str] = []
    journal = Memory(log)
    answers = iter([KeyboardInterrupt(), AnswerLost("x", Text("w"), Text("n"))])

    def perform(effect: Any) -> Event:
        for answer in answers:
            raise answer
        return Did(effect.n)

    with pytest.raises(KeyboardInterrupt):
        run(MACHINE, journal, perform)
    assert journal.begun == Do(0)
    assert run(MACHINE, journal, perform) == Done()
    assert journal.state.unseen == 2


def test_an_error_says_what_was_kept() -> None:
    def perform(effect: Any) -> Event:
        raise CredGuardError("no", Text("what"), Text("next"))

    end = run(MACHINE, Memory([]), perform)
    assert isinstance(end, Done)
    assert end.failure is not None
    assert end.failure.kept == Text("The old one works.")
