"""The engine: the only interpreter of the state machines in domain/.

A crash and a lost answer are the same event, `Unseen`. The journal is on disk before the world is
touched, so whatever moment a run ends at, `run` called again goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol, TypeVar

from credguard.domain.errors import AnswerLost, CredGuardError
from credguard.domain.machine import (
    Ask,
    Done,
    Effect,
    Event,
    Failed,
    Failure,
    Machine,
    Step,
    Unseen,
    Wait,
)

S = TypeVar("S")


class Journal(Protocol[S]):
    """What a workflow began and ended, fsynced (`catalog/journal.py`)."""

    def load(self) -> tuple[S, Effect | None]:
        """The state, and the effect that was begun and never ended, if there is one."""
        ...

    def begin(self, effect: Effect) -> None:
        """Note `effect`, on disk before this returns."""
        ...

    def end(self, event: Event, state: S) -> S:
        """Note what came of it together with the new state, in one transaction; returns `state`."""
        ...


def _nobody(steps: tuple[Step, ...]) -> None:
    return None


def run(
    machine: Machine[S],
    journal: Journal[S],
    perform: Callable[[Effect], Event],
    tell: Callable[[tuple[Step, ...]], None] = _nobody,
    news: Iterable[Event] = (),
) -> Ask | Wait | Done:
    """Run `machine` until it is done or parked; resumes by itself what was begun before.

    `perform` touches the world and returns what happened; it may raise CredGuardError (becomes
    `Failed`) or AnswerLost (becomes `Unseen`). Anything else is a defect or an interruption: it
    passes through, the journal stays as it is, and the next `run` meets `Unseen`. `tell` is given
    the whole step list before and after each effect.
    """
    state, begun = journal.load()
    if begun is not None:
        event: Event = Unseen(begun)
        state = journal.end(event, machine.advance(state, event))
    for event in news:
        state = journal.end(event, machine.advance(state, event))
    while isinstance(effect := machine.next_effect(state), Effect):
        tell(machine.steps(state, effect))
        journal.begin(effect)
        event = _attempt(perform, effect)
        state = journal.end(event, machine.advance(state, event))
        tell(machine.steps(state, None))
    if isinstance(effect, Done) and effect.failure is not None and effect.failure.kept is None:
        return replace(effect, failure=replace(effect.failure, kept=machine.kept(state)))
    return effect


def _attempt(perform: Callable[[Effect], Event], effect: Effect) -> Event:
    try:
        return perform(effect)
    except AnswerLost:
        return Unseen(effect)
    except CredGuardError as error:
        return Failed(Failure.of(error))
