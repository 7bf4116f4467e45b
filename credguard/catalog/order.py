"""The order in which a person put the codes: the ids of their entries, in the catalog's table `meta`."""

from __future__ import annotations

import json
from collections.abc import Sequence

from credguard.catalog.database import Database

_NAME = "code-order"


class CodeOrder:
    """Empty until a person moved a code for the first time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self) -> tuple[str, ...]:
        row = self._database.row("SELECT value FROM meta WHERE name = ?", (_NAME,))
        try:
            found = json.loads(row["value"]) if row is not None else []
        except ValueError:
            return ()
        return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list) else ()

    def set(self, entry_ids: Sequence[str]) -> None:
        """Replace it; () goes back to the order of the Accounts page."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM meta WHERE name = ?", (_NAME,))
            if entry_ids:
                connection.execute(
                    "INSERT INTO meta (name, value) VALUES (?, ?)", (_NAME, json.dumps(list(entry_ids)))
                )
