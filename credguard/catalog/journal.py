"""What a workflow began and what came of it, on disk before and after the world is touched.

Two phases: `begin` notes the effect and is synced before the engine performs it; `end` notes the event
and the new state and clears the effect in one transaction. A process killed in between leaves the effect
standing as begun, and the next `load` tells so.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from credguard.catalog.database import Database
from credguard.domain.errors import CredGuardError
from credguard.domain.keys import looks_like_key_id
from credguard.domain.machine import Effect, Event, from_json, to_json
from credguard.domain.text import text
from credguard.system.clock import Clock, SystemClock

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run of a machine. Times are seconds since 1970.

    `ended` None = not finished; `parked` says what it waits for, None with `ended` None = it was begun
    and nobody carries it on. `touches` are the access key ids its state names.
    """

    run_id: str
    machine: str
    subject: str
    started: float
    ended: float | None = None
    parked: Literal["ask", "wait"] | None = None
    until: float | None = None
    failure: str | None = None
    touches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a run's log: `kind` is start, begin, end, park or close; `content` is JSON."""

    at: float
    kind: str
    content: str


class Journals:
    """All runs of all machines."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database = database
        self._clock: Clock = clock or SystemClock()

    def start(
        self, machine: str, subject: str, state: S, types: tuple[type, ...], now: float | None = None
    ) -> RunJournal[S]:
        """A new run of `machine` on `subject` (key ids, a path …), on disk when this returns."""
        at = self._clock.now() if now is None else now
        run_id = uuid.uuid4().hex[:16]
        document = _dump(state)
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO runs (run_id, number, machine, subject, started, state)"
                " VALUES (?, (SELECT coalesce(max(number), 0) + 1 FROM runs), ?, ?, ?, ?)",
                (run_id, machine, subject, at, document),
            )
            _log(connection, run_id, at, "start", document)
        return RunJournal(self._database, self._clock, run_id, types)

    def open(self, run_id: str, types: tuple[type, ...]) -> RunJournal[Any]:
        """The journal of a run that was started before; CredGuardError `no-such-run`."""
        if self.get(run_id) is None:
            raise CredGuardError(
                "no-such-run",
                text("There is no run {run}.", run=run_id),
                text("See what is unfinished with: credguard status"),
            )
        return RunJournal(self._database, self._clock, run_id, types)

    def get(self, run_id: str) -> RunRow | None:
        row = self._database.row("SELECT * FROM runs WHERE run_id = ?", (run_id,))
        return None if row is None else _row(row)

    def unfinished(self, machine: str | None = None) -> tuple[RunRow, ...]:
        """Runs without an end, oldest first: parked, at work now, or killed."""
        rows = self._database.rows(
            "SELECT * FROM runs WHERE ended IS NULL AND (:machine IS NULL OR machine = :machine)"
            " ORDER BY number",
            {"machine": machine},
        )
        return tuple(_row(row) for row in rows)

    def latest(self, machine: str, subject: str | None = None) -> RunRow | None:
        """The run of `machine` (on `subject`) that was started last."""
        row = self._database.row(
            "SELECT * FROM runs WHERE machine = :machine AND (:subject IS NULL OR subject = :subject)"
            " ORDER BY number DESC",
            {"machine": machine, "subject": subject},
        )
        return None if row is None else _row(row)

    def rows(self, machine: str) -> tuple[RunRow, ...]:
        """All runs of `machine`, newest first."""
        rows = self._database.rows("SELECT * FROM runs WHERE machine = ? ORDER BY number DESC", (machine,))
        return tuple(_row(row) for row in rows)


class RunJournal(Generic[S]):
    """The journal of one run: what `workflows.engine.run` needs, and where it rests."""

    def __init__(self, database: Database, clock: Clock, run_id: str, types: tuple[type, ...]) -> None:
        self.run_id = run_id
        self._database = database
        self._clock = clock
        self._types = types

    def load(self) -> tuple[S, Effect | None]:
        """The state, and the effect that was begun and never ended, if there is one.

        Raises CredGuardError `journal-newer` where a newer CredGuard wrote what this one cannot read.
        """
        row = self._database.row("SELECT state, begun FROM runs WHERE run_id = ?", (self.run_id,))
        if row is None:
            raise KeyError(self.run_id)
        try:
            state: S = from_json(json.loads(row["state"]), self._types)
            begun = None if row["begun"] is None else from_json(json.loads(row["begun"]), self._types)
        except (ValueError, TypeError) as error:
            raise CredGuardError(
                "journal-newer",
                text("This run was begun by another version of CredGuard, which wrote it differently."),
                text("Finish it with that version. Nothing was changed."),
                detail=str(error),
            ) from error
        return state, begun

    def begin(self, effect: Effect) -> None:
        """Note `effect`, on disk before this returns."""
        document = _dump(effect)
        with self._update("begin", document) as connection:
            connection.execute(
                "UPDATE runs SET begun = ?, parked = NULL, until = NULL, ended = NULL, failure = NULL"
                " WHERE run_id = ?",
                (document, self.run_id),
            )

    def end(self, event: Event, state: S) -> S:
        """Note what came of it together with the new state, in one transaction; returns `state`."""
        document = _dump(state)
        with self._update("end", _dump(event)) as connection:
            connection.execute(
                "UPDATE runs SET begun = NULL, state = ?, parked = NULL, until = NULL, ended = NULL,"
                " failure = NULL WHERE run_id = ?",
                (document, self.run_id),
            )
        return state

    def park(self, kind: Literal["ask", "wait"], until: float | None = None) -> None:
        """The run rests until a person answers, or until `until` (seconds since 1970)."""
        with self._update("park", json.dumps({"kind": kind, "until": until})) as connection:
            connection.execute(
                "UPDATE runs SET parked = ?, until = ? WHERE run_id = ?", (kind, until, self.run_id)
            )

    def close(self, failure: str | None = None) -> None:
        """The run is over; `failure` is the code of the error it ended with."""
        at = self._clock.now()
        with self._update("close", json.dumps({"failure": failure})) as connection:
            connection.execute(
                "UPDATE runs SET ended = ?, failure = ?, parked = NULL, until = NULL WHERE run_id = ?",
                (at, failure, self.run_id),
            )

    def log(self) -> tuple[LogLine, ...]:
        """Everything noted in this run, in order."""
        rows = self._database.rows(
            "SELECT at, kind, content FROM run_log WHERE run_id = ? ORDER BY id", (self.run_id,)
        )
        return tuple(LogLine(row["at"], row["kind"], row["content"]) for row in rows)

    @contextlib.contextmanager
    def _update(self, kind: str, content: str) -> Iterator[sqlite3.Connection]:
        """A transaction that also writes the log line."""
        with self._database.transaction() as connection:
            _log(connection, self.run_id, self._clock.now(), kind, content)
            yield connection


def _log(connection: sqlite3.Connection, run_id: str, at: float, kind: str, content: str) -> None:
    connection.execute(
        "INSERT INTO run_log (run_id, at, kind, content) VALUES (?, ?, ?, ?)", (run_id, at, kind, content)
    )


def _dump(value: Any) -> str:
    """Compact JSON; TypeError for anything that does not belong in a journal, a Secret above all."""
    return json.dumps(to_json(value), ensure_ascii=False, separators=(",", ":"))


def _row(row: sqlite3.Row) -> RunRow:
    return RunRow(
        run_id=row["run_id"],
        machine=row["machine"],
        subject=row["subject"],
        started=row["started"],
        ended=row["ended"],
        parked=row["parked"],
        until=row["until"],
        failure=row["failure"],
        touches=tuple(dict.fromkeys(_key_ids(json.loads(row["state"])))),
    )


def _key_ids(document: Any) -> Iterator[str]:
    if isinstance(document, str):
        if looks_like_key_id(document):
            yield document
    elif isinstance(document, list):
        for item in document:
            yield from _key_ids(item)
    elif isinstance(document, dict):
        for item in document.values():
            yield from _key_ids(item)
