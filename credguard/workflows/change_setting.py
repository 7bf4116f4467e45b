"""A setting changed by a person, with the rules that one setting alone cannot know."""

from __future__ import annotations

from credguard.domain.errors import CredGuardError
from credguard.domain.text import text
from credguard.settings import Settings


def change(settings: Settings, name: str, word: str) -> None:
    """Set `name` to the typed `word`.

    Raises CredGuardError `setting-not-possible`; `store-pinned` for a store that holds secrets already: a
    silent switch would hide them, so they are moved (`workflows/move_store.py`).
    """
    if name in {"store", "codes_store"}:
        present = settings.get(name)
        if present and word != present:
            raise CredGuardError(
                "store-pinned",
                text("Your secrets are in the {store} store.", store=present),
                text("Move them with: credguard settings {name} {store}", name=name, store=word),
            )
    settings.change(name, word)
