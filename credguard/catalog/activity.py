"""Activity: who used which credential when, and what was changed."""

from __future__ import annotations

import contextlib
import glob
import json
import os
import secrets
import sqlite3
import time
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from credguard.catalog.database import Database
from credguard.domain.errors import CredGuardError
from credguard.domain.text import Text, text
from credguard.system.durable import translate
from credguard.system.interlock import Interlock

ActivityKind: TypeAlias = Literal["change", "use", "refused"]
#: A provider opens, writes and closes within milliseconds; after this a moved spool has no writer left.
_SETTLED = 60.0
_LONGEST = 200  # characters of a name taken from a spool line


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """One thing that happened. `at` is seconds since 1970; `detail` may hold AWS's code and request id."""

    id: int
    at: float
    actor: str
    action: Text
    account_id: str | None
    access_key_id: str | None
    kind: ActivityKind
    detail: str


class Activity:
    """Rows of ActivityRow, only ever added."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(
        self,
        at: float,
        actor: str,
        action: Text,
        account_id: str | None = None,
        access_key_id: str | None = None,
        kind: ActivityKind = "change",
        detail: str = "",
    ) -> None:
        """Note that `actor` (a program, or `you`) did `action`."""
        with self._database.transaction() as connection:
            _add(connection, at, actor, action, account_id, access_key_id, kind, detail)

    def latest(self, count: int = 50, account_id: str | None = None) -> tuple[ActivityRow, ...]:
        """The newest rows first, of one account where one is given."""
        rows = self._database.rows(
            "SELECT * FROM activity WHERE :account IS NULL OR account_id = :account"
            " ORDER BY at DESC, id DESC LIMIT :count",
            {"account": account_id, "count": count},
        )
        return tuple(_row(row) for row in rows)

    def take_in(self, spool: str, now: float | None = None) -> int:
        """Move the lines the provider left in the file `spool` into activity; returns how many.

        The file is renamed first, so providers go on with a fresh one; how far it was read is noted in
        the same transaction as its lines, so neither a crash nor a second process counts one twice; it
        is deleted a minute later, when no provider can still be writing into it. Lines that are not as
        the provider writes them are left out. While another process takes in, this one does nothing.
        """
        at = time.time() if now is None else now
        folder = os.path.dirname(spool)
        if not os.path.isdir(folder):
            return 0
        try:
            with Interlock(folder).hold("activity"):
                _move(spool, at)
                return sum(
                    self._take(path, at) for path in sorted(glob.glob(glob.escape(spool) + ".taken-*"))
                )
        except CredGuardError as error:
            if error.code == "busy":
                return 0
            raise
        except OSError as error:
            raise translate(error, spool) from None

    def _take(self, path: str, now: float) -> int:
        name = os.path.basename(path)
        settled = now - max(os.stat(path).st_mtime, _moved(name)) > _SETTLED
        count = 0
        with self._database.transaction() as connection:
            row = connection.execute("SELECT consumed FROM spools WHERE name = ?", (name,)).fetchone()
            start = int(row["consumed"]) if row else 0
            with open(path, "rb") as file:
                file.seek(start)
                content = file.read()
            whole = content.rfind(b"\n") + 1  # a line half written is read when it is whole
            for line in content[:whole].splitlines():
                count += self._take_line(connection, line)
            connection.execute(
                "INSERT OR REPLACE INTO spools (name, consumed) VALUES (?, ?)", (name, start + whole)
            )
        if settled:
            # The file goes first: a noted name without a file is harmless, the other way round is not.
            try:
                os.unlink(path)
            except FileNotFoundError:
                pass
            except PermissionError:  # Windows: somebody has it open
                return count
            with self._database.transaction() as connection:
                connection.execute("DELETE FROM spools WHERE name = ?", (name,))
        return count

    def _take_line(self, connection: sqlite3.Connection, line: bytes) -> int:
        try:
            entry = json.loads(line)
            at, program = float(entry["at"]), str(entry["program"])[:_LONGEST]
            profile, key_id = str(entry["profile"])[:_LONGEST], str(entry["access_key_id"])[:_LONGEST]
            pid, file = int(entry.get("pid") or 0), str(entry.get("file") or "")[: 4 * _LONGEST]
        except (ValueError, TypeError, KeyError, RecursionError):
            return 0
        link = connection.execute(
            "SELECT name, account_id FROM profiles WHERE profile_id = ?", (profile,)
        ).fetchone()
        key = connection.execute(
            "SELECT account_id FROM access_keys WHERE access_key_id = ?", (key_id,)
        ).fetchone()
        account = (key["account_id"] if key else None) or (link["account_id"] if link else None)
        role = str(entry.get("role") or "")[: 4 * _LONGEST]
        name = (link["name"] if link else profile) or key_id
        action = (
            text("took the role {role} with the key of {profile}", role=role, profile=name)
            if role
            else text("used the key of {profile}", profile=name)
        )
        detail = (f"process {pid}, {file}" if file else f"process {pid}") if pid else ""
        _add(connection, at, program or "unknown", action, account, key_id, "use", detail)
        return 1


def _move(spool: str, now: float) -> None:
    with contextlib.suppress(FileNotFoundError):
        if os.stat(spool).st_size:
            taken = f"{spool}.taken-{int(now)}-{secrets.token_hex(4)}"
            if os.name == "nt":
                # There a file that somebody has open stays where it is: its lines are taken the next time.
                with contextlib.suppress(PermissionError):
                    os.rename(spool, taken)
            else:
                os.rename(spool, taken)


def _moved(name: str) -> float:
    """When a taken spool was renamed, from its name; 0 where that cannot be told."""
    stamp = name.rpartition(".taken-")[2].partition("-")[0]
    return float(stamp) if stamp.isdigit() else 0.0


def _add(connection: sqlite3.Connection, at: float, actor: str, action: Text, *rest: Any) -> None:
    connection.execute(
        "INSERT INTO activity (at, actor, action, account_id, access_key_id, kind, detail)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (at, actor, json.dumps(action.to_json(), ensure_ascii=False), *rest),
    )


def _row(row: sqlite3.Row) -> ActivityRow:
    return ActivityRow(
        id=row["id"],
        at=row["at"],
        actor=row["actor"],
        action=Text.from_json(json.loads(row["action"])),
        account_id=row["account_id"],
        access_key_id=row["access_key_id"],
        kind=row["kind"],
        detail=row["detail"],
    )
