"""The newest generation of each sealed vault that was seen here, in the catalog's table `meta`."""

from __future__ import annotations

import json

from credguard.catalog.database import Database

_PREFIX = "seen/"


class SeenInCatalog:
    """Vault id → generation and checksum (hex) of the file last noted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, vault: str) -> tuple[int, str] | None:
        row = self._database.row("SELECT value FROM meta WHERE name = ?", (_PREFIX + vault,))
        return None if row is None else _decoded(row["value"])

    def note(self, vault: str, generation: int, checksum: str, accept: bool = False) -> None:
        """Note them; a lower generation than the noted one only when `accept` says so."""
        with self._database.transaction() as connection:
            row = connection.execute("SELECT value FROM meta WHERE name = ?", (_PREFIX + vault,)).fetchone()
            noted = None if row is None else _decoded(row["value"])
            if noted is None or accept or generation > noted[0]:
                connection.execute(
                    "INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)",
                    (_PREFIX + vault, json.dumps([generation, checksum])),
                )

    def forget(self, vault: str) -> None:
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM meta WHERE name = ?", (_PREFIX + vault,))

    def any(self) -> bool:
        return self._database.row("SELECT 1 FROM meta WHERE name LIKE 'seen/%'") is not None


def _decoded(value: object) -> tuple[int, str] | None:
    try:
        generation, checksum = json.loads(str(value))
        return int(generation), str(checksum)
    except (ValueError, TypeError):
        return None
