"""A move between the stores that was interrupted, and that nobody is at work on now."""

from __future__ import annotations

import contextlib

from credguard.catalog.journal import Journals
from credguard.domain import move_store
from credguard.domain.errors import CredGuardError
from credguard.domain.move_store import Move
from credguard.system.interlock import Interlock


def half_moved(journals: Journals, interlock: Interlock) -> Move | None:
    """The move; None where there is none. One that a newer CredGuard wrote is left to that."""
    for row in journals.unfinished(move_store.NAME):
        with contextlib.suppress(CredGuardError):
            state: Move = journals.open(row.run_id, move_store.TYPES).load()[0]
            return state if interlock.holder(move_store.LOCK) is None else None
    return None
