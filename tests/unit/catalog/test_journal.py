"""The journal: on disk before the world is touched, and seen as begun after kill -9."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from credguard.catalog.database import Database
from credguard.catalog.journal import Journals
from credguard.domain.errors import CredGuardError
from credguard.domain.machine import Answered, Done, Effect, Event, Step, Unseen, Wait
from credguard.domain.secret import Secret
from credguard.domain.text import Text, text
from credguard.workflows import engine

OLD, NEW = "AKIAIOSFODNN7EXAMPLE", "AKIAI44QH8DHBEXAMPLE"


@dataclass(frozen=True, slots=True)
class Count:
    """A state: how far it came, what was unseen, and which keys it names."""

    done: int = 0
    unseen: int = 0
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tick(Effect):
    number: int


@dataclass(frozen=True, slots=True)
class Ticked(Event):
    number: int


TYPES = (Count, Tick, Ticked)


class Counting:
    """Three ticks, then a wait; an unseen tick is done again."""

    NAME = "counting"
    TYPES = TYPES

    def next_effect(self, state: Count):
        return Tick(state.done + 1) if state.done < 3 else Done()

    def advance(self, state: Count, event: Event) -> Count:
        if isinstance(event, Unseen):
            return Count(state.done, state.unseen + 1, state.keys)
        assert isinstance(event, Ticked)
        return Count(event.number, state.unseen, state.keys)

    def kept(self, state: Count) -> Text:
        return text("All is well.")

    def steps(self, state: Count, running: Effect | None) -> tuple[Step, ...]:
        return ()


class At:
    """A clock that stands."""

    def __init__(self, now: float) -> None:
        self.time = now

    def now(self) -> float:
        return self.time

    monotonic = now

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def test_two_phases(database: Database) -> None:
    journals = Journals(database, At(50.0))
    journal = journals.start("counting", OLD, Count(keys=(NEW, OLD)), TYPES)
    assert journal.load() == (Count(keys=(NEW, OLD)), None)
    journal.begin(Tick(1))
    assert journal.load() == (Count(keys=(NEW, OLD)), Tick(1))
    state = journal.end(Ticked(1), Count(1, keys=(NEW,)))
    assert state == Count(1, keys=(NEW,))
    assert journal.load() == (state, None)
    (row,) = journals.unfinished("counting")
    assert (row.run_id, row.subject, row.started, row.touches) == (journal.run_id, OLD, 50.0, (NEW,))
    assert [line.kind for line in journal.log()] == ["start", "begin", "end"]


def test_parking_and_closing(database: Database) -> None:
    clock = At(50.0)
    journals = Journals(database, clock)
    journal = journals.start("counting", OLD, Count(), TYPES, now=40.0)
    journal.park("wait", until=900.0)
    (row,) = journals.unfinished()
    assert (row.started, row.parked, row.until) == (40.0, "wait", 900.0)
    journal.end(Answered("go"), Count(1))
    assert journals.unfinished()[0].parked is None
    journal.park("ask")
    assert journals.unfinished()[0].parked == "ask"
    journal.begin(Tick(2))
    assert journals.unfinished()[0].parked is None
    journal.end(Ticked(2), Count(2))
    clock.time = 60.0
    journal.close("access-denied")
    assert journals.unfinished() == ()
    row = journals.get(journal.run_id)
    assert row is not None
    assert (row.ended, row.failure) == (60.0, "access-denied")


def test_a_closed_run_that_is_taken_up_again_is_unfinished(database: Database) -> None:
    journals = Journals(database, At(50.0))
    journal = journals.start("counting", OLD, Count(), TYPES)
    journal.close()
    again = journals.open(journal.run_id, TYPES)
    again.begin(Tick(1))
    assert [row.run_id for row in journals.unfinished()] == [journal.run_id]


def test_finding_runs(database: Database) -> None:
    journals = Journals(database, At(50.0))
    first = journals.start("rotation", OLD, Count(), TYPES)
    second = journals.start("rotation", NEW, Count(), TYPES)
    third = journals.start("intake", OLD, Count(), TYPES)
    first.close()
    assert [row.run_id for row in journals.rows("rotation")] == [second.run_id, first.run_id]
    assert [row.run_id for row in journals.unfinished("rotation")] == [second.run_id]
    assert [row.run_id for row in journals.unfinished()] == [second.run_id, third.run_id]
    for subject, run in ((None, second), (OLD, first)):
        row = journals.latest("rotation", subject)
        assert row is not None
        assert row.run_id == run.run_id
    assert journals.latest("rotation", "AKIANOTKNOWN0EXAMPLE") is None
    with pytest.raises(CredGuardError) as caught:
        journals.open("0000", TYPES)
    assert caught.value.code == "no-such-run"


def test_the_engine_runs_on_it(database: Database) -> None:
    journals = Journals(database, At(50.0))
    journal = journals.start("counting", OLD, Count(), TYPES)
    assert engine.run(Counting(), journal, lambda effect: Ticked(effect.number)) == Done()
    assert journal.load() == (Count(3), None)


RUN = """
import os, signal, sys
from credguard.catalog.database import open_database
from credguard.catalog.journal import Journals
from credguard.workflows import engine
from tests.unit.catalog.test_journal import Counting, TYPES, Ticked

journals = Journals(open_database(sys.argv[1]))
def perform(effect):
    with open(sys.argv[3], "a") as world:
        world.write(f"{effect.number}\\n")
    if str(effect.number) == sys.argv[4]:
        os.kill(os.getpid(), signal.SIGKILL)
    return Ticked(effect.number)
engine.run(Counting(), journals.open(sys.argv[2], TYPES), perform)
"""


@pytest.mark.parametrize("tick", [1, 2, 3])
def test_kill_9_between_begin_and_end_is_seen_as_begun(home: Path, database: Database, tick: int) -> None:
    journals = Journals(database)
    journal = journals.start("counting", OLD, Count(), TYPES)
    world = home / "world"
    command = [sys.executable, "-c", RUN, str(home / "catalog.sqlite"), journal.run_id, str(world)]
    root = Path(__file__).parents[3]
    assert subprocess.run([*command, str(tick)], cwd=root, check=False).returncode == -9
    assert journal.load() == (Count(tick - 1), Tick(tick))
    assert subprocess.run([*command, "0"], cwd=root, check=False).returncode == 0
    assert journal.load() == (Count(3, unseen=1), None)
    seen = world.read_text().split()
    assert seen == [str(n) for n in (1, 2, 3) for _ in range(2 if n == tick else 1)]


def test_what_was_begun_survives_loss_of_everything_unsynced(home: Path, database: Database) -> None:
    """Only what was synced counts: the copy is made from the files while the writer still lives."""
    journal = Journals(database).start("counting", OLD, Count(), TYPES)
    journal.begin(Tick(1))
    from shutil import copy

    from credguard.catalog.database import open_database

    other = home.parent / "after"
    other.mkdir(mode=0o700)
    for suffix in ("", "-wal"):
        copy(home / f"catalog.sqlite{suffix}", other / f"catalog.sqlite{suffix}")
    copied = open_database(str(other / "catalog.sqlite"))
    assert Journals(copied).open(journal.run_id, TYPES).load() == (Count(), Tick(1))
    copied.close()


def test_a_secret_never_enters(database: Database) -> None:
    @dataclass(frozen=True, slots=True)
    class Leaky(Effect):
        secret: Secret

    journal = Journals(database).start("counting", OLD, Count(), TYPES)
    with pytest.raises(TypeError):
        journal.begin(Leaky(Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")))
    assert journal.load() == (Count(), None)


def test_a_disk_error_at_begin_leaves_the_run_as_it_was(database: Database) -> None:
    journal = Journals(database).start("counting", OLD, Count(), TYPES)
    database.row(f"PRAGMA max_page_count={database.row('PRAGMA page_count')[0]}")

    def fill_up() -> None:
        for _ in range(10_000):
            journal.begin(Tick(1))

    with pytest.raises(CredGuardError) as caught:
        fill_up()
    assert caught.value.code == "disk-full"
    assert Journals(database).open(journal.run_id, TYPES).load()[0] == Count()


def test_a_run_of_another_version_is_a_sentence(database: Database) -> None:
    journal = Journals(database).start("counting", OLD, Count(), TYPES)
    journal.begin(Tick(1))
    with pytest.raises(CredGuardError) as caught:
        Journals(database).open(journal.run_id, (Count,)).load()
    assert caught.value.code == "journal-newer"


def test_waits_are_values_too(database: Database) -> None:
    journal = Journals(database).start("counting", OLD, Wait(5.0, text("{n} days", n=7)), ())
    assert journal.load()[0] == Wait(5.0, text("{n} days", n=7))
