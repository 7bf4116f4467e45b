"""Which program may use the keys of which account without being asked about again."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from credguard.catalog.database import Database


@dataclass(frozen=True, slots=True)
class Approval:
    """`program` is its file; times are seconds since 1970; `until` None means always."""

    program: str
    account_id: str
    at: float
    until: float | None


class Approvals:
    """Rows of Approval, by program and account."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self, now: float) -> tuple[Approval, ...]:
        """What is allowed at `now`, by program."""
        rows = self._database.rows(
            "SELECT * FROM approvals WHERE until IS NULL OR until > ? ORDER BY program, account_id", (now,)
        )
        return tuple(_approval(row) for row in rows)

    def get(self, program: str, account_id: str) -> Approval | None:
        """What was allowed last, run out or not."""
        row = self._database.row(
            "SELECT * FROM approvals WHERE program = ? AND account_id = ?", (program, account_id)
        )
        return None if row is None else _approval(row)

    def allowed(self, program: str, account_id: str, now: float) -> bool:
        """A clock set back to before the decision makes it void, not longer."""
        found = self.get(program, account_id)
        return found is not None and (found.until is None or found.at <= now < found.until)

    def allow(self, program: str, account_id: str, at: float, until: float | None) -> None:
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO approvals (program, account_id, at, until) VALUES (?, ?, ?, ?)",
                (program, account_id, at, until),
            )

    def withdraw(self, program: str | None = None) -> int:
        """Take back what a program, or every one, was allowed; returns how many there were."""
        with self._database.transaction() as connection:
            return connection.execute(
                "DELETE FROM approvals WHERE ? IS NULL OR program = ?", (program, program)
            ).rowcount


def _approval(row: sqlite3.Row) -> Approval:
    return Approval(row["program"], row["account_id"], row["at"], row["until"])
