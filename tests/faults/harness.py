"""Kills at every tick: wraps the journal (and lets IAM and the store tick too)."""

from __future__ import annotations

from typing import Any

from credguard.catalog.journal import Journals, RunJournal


class Killed(BaseException):
    """kill -9: nothing of ours may catch it."""


class Ticks:
    """Counts moments; at the moment `kill_at` the process is gone. None = only count."""

    def __init__(self, kill_at: int | None = None) -> None:
        self.count = 0
        self.kill_at = kill_at
        self.names: list[str] = []

    def __call__(self, name: str) -> None:
        self.count += 1
        self.names.append(name)
        if self.kill_at is not None and self.count == self.kill_at:
            raise Killed(name)


class TickingJournals(Journals):
    """Journals whose runs tick before and after each note."""

    ticks: Ticks

    def start(self, *arguments: Any, **named: Any) -> RunJournal[Any]:
        self.ticks("before start")
        return _wrapped(super().start(*arguments, **named), self.ticks)

    def open(self, *arguments: Any, **named: Any) -> RunJournal[Any]:
        return _wrapped(super().open(*arguments, **named), self.ticks)


def _wrapped(journal: RunJournal[Any], ticks: Ticks) -> RunJournal[Any]:
    begin, end = journal.begin, journal.end

    def ticking_begin(effect: Any) -> None:
        ticks(f"before begin {type(effect).__name__}")
        begin(effect)
        ticks(f"after begin {type(effect).__name__}")

    def ticking_end(event: Any, state: Any) -> Any:
        ticks(f"before end {type(event).__name__}")
        after = end(event, state)
        ticks(f"after end {type(event).__name__}")
        return after

    journal.begin = ticking_begin  # type: ignore[method-assign]
    journal.end = ticking_end  # type: ignore[method-assign]
    return journal
