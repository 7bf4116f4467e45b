"""A journal with a tick before and after each of its two phases, where a test may end the process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from credguard.domain.machine import Effect, Event
from credguard.workflows.engine import Journal

S = TypeVar("S")


class Watched(Generic[S]):
    """Passes everything on to `journal`; `fault` is called at every tick."""

    def __init__(self, journal: Journal[S], fault: Callable[[str], None]) -> None:
        self._journal = journal
        self._fault = fault

    def load(self) -> tuple[S, Effect | None]:
        return self._journal.load()

    def begin(self, effect: Effect) -> None:
        self._fault(f"before {type(effect).__name__}")
        self._journal.begin(effect)
        self._fault(f"begun {type(effect).__name__}")

    def end(self, event: Event, state: S) -> S:
        self._fault(f"performed {type(event).__name__}")
        done = self._journal.end(event, state)
        self._fault(f"ended {type(event).__name__}")
        return done
