"""What was seen when: the moment of the last check. (Scores and mutes will stand here too.)"""

from __future__ import annotations

import contextlib

from credguard.catalog.database import Database

_CHECKED = "checked-at"


class History:
    """Moments, in seconds since 1970."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def checked_at(self) -> float | None:
        """When AWS was last asked about all keys and answered; None = never."""
        row = self._database.row("SELECT value FROM meta WHERE name = ?", (_CHECKED,))
        with contextlib.suppress(ValueError):
            return None if row is None else float(row["value"])
        return None

    def note_checked(self, at: float) -> None:
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (_CHECKED, repr(at))
            )
