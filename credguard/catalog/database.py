"""The catalog's SQLite file: opened safely by several processes and threads, migrated, replaced if damaged.

Facts and never a secret. WAL with `synchronous=FULL`, so a committed transaction is on disk.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from credguard.catalog.schema import scripts
from credguard.domain.errors import CredGuardError
from credguard.domain.text import text
from credguard.system.durable import make_private_folder, sync_folder
from credguard.system.durable import translate as translate_disk
from credguard.system.interlock import Interlock

#: For `?` in a query a sequence, for `:name` a mapping.
Values: TypeAlias = "Sequence[Any] | Mapping[str, Any]"

APPLICATION_ID = 0x43524744  # "CRGD", in the file's header
BUSY_SECONDS = 10.0
_OPEN_LOCK = "catalog-open"


def open_database(path: str, busy: float = BUSY_SECONDS) -> Database:
    """The catalog at `path`, made or brought up to date where needed.

    Raises CredGuardError `catalog-newer` (a newer CredGuard wrote it; nothing is touched),
    `catalog-busy`, `catalog-unreachable`, `disk-full`. A damaged file is set aside as
    `catalog.sqlite.damaged-<time>` and a new one made; then `needs_rebuild` is true and `set_aside`
    names it.
    """
    folder = os.path.dirname(os.path.abspath(path))
    make_private_folder(folder)
    if os.path.exists(path):
        with contextlib.suppress(_Damaged, _Outdated):
            return Database(_connect(path, busy), path)
    # Making, migrating and setting aside is done by one process; the others wait and find it done.
    with Interlock(os.path.join(folder, "run")).hold(_OPEN_LOCK, wait=busy):
        set_aside = None
        for _ in range(2):
            _create(path)
            try:
                return Database(_connect(path, busy, migrate=True, set_aside=set_aside), path)
            except _Damaged:
                set_aside = _set_aside(path)
        raise CredGuardError(
            "catalog-unreachable",
            text("A new catalog could not be made at {path}.", path=path),
            text("Check the disk. Your keys in the store are untouched."),
        )


class Database:
    """One connection, shared by this process's threads under a lock."""

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        self.path = path
        self._connection = connection
        self._lock = threading.RLock()
        self._depth = 0
        self._version = 0

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction (BEGIN IMMEDIATE): all of it or nothing, on disk when the block ends.

        Inside another one it is part of that.
        """
        with self._lock, _translated(self.path):
            if self._depth:
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            finally:
                self._depth = 0

    def rows(self, query: str, values: Values = ()) -> list[sqlite3.Row]:
        """All rows that `query` gives."""
        with self._lock, _translated(self.path):
            return self._connection.execute(query, values).fetchall()

    def row(self, query: str, values: Values = ()) -> sqlite3.Row | None:
        """The first row that `query` gives."""
        with self._lock, _translated(self.path):
            found: sqlite3.Row | None = self._connection.execute(query, values).fetchone()
            return found

    def data_version(self) -> int:
        """A number that changes when another process wrote. Never waits: the last one if busy."""
        if not self._lock.acquire(blocking=False):
            return self._version
        try:
            with _translated(self.path):
                self._version = int(self._connection.execute("PRAGMA data_version").fetchone()[0])
            return self._version
        finally:
            self._lock.release()

    @property
    def needs_rebuild(self) -> bool:
        """The catalog was made from nothing (first start, lost, or damaged) and not filled since."""
        return self.row("SELECT 1 FROM meta WHERE name = 'needs-rebuild'") is not None

    @property
    def set_aside(self) -> str | None:
        """Where the damaged catalog was moved to that this one replaces, until `rebuilt`."""
        found = self.row("SELECT value FROM meta WHERE name = 'set-aside'")
        return str(found["value"]) if found else None

    def rebuilt(self) -> None:
        """The facts have been read back from the store."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM meta WHERE name IN ('needs-rebuild', 'set-aside')")

    def close(self) -> None:
        with self._lock:
            self._connection.close()


class _Damaged(Exception):
    """The file is no catalog, or broken."""


class _Outdated(Exception):
    """An older schema: to be migrated under the lock."""


def _create(path: str) -> None:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600))
        if os.name != "nt" and os.stat(path).st_mode & 0o077:
            os.chmod(path, 0o600)  # before SQLite makes -wal and -shm after its pattern
    except OSError as error:
        raise translate_disk(error, path) from None


def _connect(
    path: str, busy: float, migrate: bool = False, set_aside: str | None = None
) -> sqlite3.Connection:
    with _translated(path):
        connection = sqlite3.connect(path, timeout=busy, isolation_level=None, check_same_thread=False)
    try:
        with _translated(path):
            _prepare(connection, migrate, set_aside)
    except sqlite3.DatabaseError:
        connection.close()
        raise
    except BaseException as error:
        connection.close()
        if isinstance(error, CredGuardError) and error.code == "catalog-damaged":
            raise _Damaged from None
        raise
    return connection


def _prepare(connection: sqlite3.Connection, migrate: bool, set_aside: str | None) -> None:
    connection.row_factory = sqlite3.Row
    steps = scripts()
    version = _number(connection, "user_version")
    if _number(connection, "application_id") != APPLICATION_ID and (
        version or _number(connection, "schema_version")
    ):
        raise _Damaged
    if version > len(steps):
        raise CredGuardError(
            "catalog-newer",
            text("The catalog was written by a newer CredGuard."),
            text("Start the newer version, or update this one. Nothing was changed."),
        )
    if version < len(steps) and not migrate:
        raise _Outdated
    found = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found is None or found[0] != "ok":
        raise _Damaged
    # On a file system that cannot share memory SQLite answers with another mode, which is as safe.
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    if version < len(steps):
        _migrate(connection, steps, set_aside)


def _migrate(connection: sqlite3.Connection, steps: Sequence[str], set_aside: str | None) -> None:
    """Each step in a transaction of its own, together with the number that says it was done."""
    for number, script in enumerate(steps, 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            if _number(connection, "user_version") < number:
                for statement in _statements(script):
                    connection.execute(statement)
                if number == 1:
                    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
                    connection.execute("INSERT INTO meta VALUES ('needs-rebuild', '1')")
                    if set_aside is not None:
                        connection.execute("INSERT INTO meta VALUES ('set-aside', ?)", (set_aside,))
                connection.execute(f"PRAGMA user_version={number}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def _set_aside(path: str) -> str:
    """Move a damaged catalog out of the way, nothing is deleted."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    kept, count = f"{path}.damaged-{stamp}", 1
    while os.path.exists(kept):
        count += 1
        kept = f"{path}.damaged-{stamp}-{count}"
    try:
        for suffix in ("-wal", "-shm", ""):  # the file itself last: until then it is still the catalog
            with contextlib.suppress(FileNotFoundError):
                os.rename(path + suffix, kept + suffix)
        sync_folder(os.path.dirname(path))
    except OSError as error:
        raise translate_disk(error, path) from None
    return kept


@contextlib.contextmanager
def _translated(path: str) -> Iterator[None]:
    """What SQLite raises, in sentences."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise  # a defect of ours, never a person's doing
    except sqlite3.DatabaseError as error:
        raise _sentence(error, path) from error


def _sentence(error: sqlite3.DatabaseError, path: str) -> CredGuardError:
    code = (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return CredGuardError(
            "catalog-busy",
            text("Another CredGuard process has been writing the catalog for a long time."),
            text("Let it finish, then do the same again."),
            retry=True,
        )
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return CredGuardError(
            "catalog-damaged",
            text("The catalog at {path} is damaged.", path=path),
            text("Start CredGuard again: it sets the file aside and reads the facts back from your store."),
        )
    if code == sqlite3.SQLITE_FULL:
        return CredGuardError(
            "disk-full",
            text("There is no room left to write {path}.", path=path),
            text("Free some space, then do the same again. The file was left as it was."),
            retry=True,
        )
    if code in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_PERM}:
        return CredGuardError(
            "catalog-unreachable",
            text("The catalog at {path} cannot be read or written.", path=path),
            text("Check who owns the file and its folder, their modes, and the disk."),
        )
    raise error
