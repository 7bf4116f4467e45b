"""The one word for what is open."""

from __future__ import annotations

import pytest

from credguard.queries.openness import Openness, openness

KEYCHAIN = {"keys": "keychain", "codes": "keychain"}
SEALED = {"keys": "sealed", "codes": "sealed"}
MIXED = {"keys": "keychain", "codes": "sealed"}
OTHER = {"keys": "sealed", "codes": "keychain"}


@pytest.mark.parametrize(
    ("stores", "opened", "more", "state"),
    [
        (KEYCHAIN, (), {}, "open"),
        (KEYCHAIN, (), {"waiting": True}, "locked"),
        (SEALED, (), {}, "locked"),
        (SEALED, ("keys", "codes"), {}, "open"),
        (SEALED, ("keys",), {}, "codes-locked"),
        (SEALED, ("codes",), {}, "keys-locked"),
        (SEALED, (), {"by_itself": True}, "open"),
        (SEALED, (), {"fresh": True}, "none"),
        (SEALED, (), {"waiting": True}, "locked"),
        (MIXED, (), {}, "codes-locked"),
        (MIXED, ("codes",), {}, "open"),
        (MIXED, ("codes",), {"waiting": True}, "keys-locked"),
        (MIXED, (), {"waiting": True}, "locked"),
        (OTHER, (), {}, "keys-locked"),
        (OTHER, ("keys",), {}, "open"),
    ],
)
def test_it_says_what_is_locked(
    stores: dict[str, str], opened: tuple[str, ...], more: dict[str, bool], state: str
) -> None:
    given = {"fresh": False, "by_itself": False, "waiting": False} | more
    assert openness("store", stores, opened, **given) == Openness(state, "store")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "closed"),
    [("open", ()), ("none", ()), ("locked", ("keys", "codes")), ("codes-locked", ("codes",))],
)
def test_what_is_closed(state: str, closed: tuple[str, ...]) -> None:
    assert Openness(state, "").closed == closed  # type: ignore[arg-type]
