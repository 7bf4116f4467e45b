"""The intake and undo machines: every pair is in the table, no way leads nowhere, nothing holds a secret."""

from __future__ import annotations

import dataclasses
import typing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credguard.domain import intake as m
from credguard.domain import undo_import as u
from credguard.domain.found import Found
from credguard.domain.intake import Intake
from credguard.domain.machine import (
    Answered,
    Cancelled,
    Done,
    Effect,
    Event,
    Failed,
    Failure,
    UnexpectedEvent,
    Unseen,
    from_json,
    to_json,
)
from credguard.domain.secret import Secret
from credguard.domain.text import Text

KEY = "AKIAZQ4NORTHWEXAMPLE"
FAILED = Failed(Failure("no", Text("No."), Text("Look.")))
CHANGED = Failed(Failure("file-changed", Text("No."), Text("Again.")))


def _start(profile: str | None = "work", edits: bool = True, source: Any = "aws") -> Intake:
    found = Found(KEY, source, "work", "/k", "/c", "/k", profile, "p-1" if profile else None, edits=edits)
    return Intake(found, "b", 0.0)


def _good(effect: Effect) -> Event:
    match effect:
        case m.Look():
            return m.Looked(False)
        case m.Store():
            return m.Stored()
        case m.Identify():
            return m.Identified("arn:aws:iam::123456789012:user/x", "123456789012", False)
        case m.Link():
            return m.Linked()
        case m.Rehearse():
            return m.Rehearsed()
        case m.Seal():
            return m.Sealed("copy")
        case m.Switch():
            return m.Switched(3)
        case m.Prove():
            return m.Proved()
        case m.Settle():
            return m.Settled()
        case m.Restore():
            return m.Restored()
        case m.Forget():
            return m.Forgotten()
    raise AssertionError(effect)


def _walk(state: Intake) -> list[str]:
    names = []
    while isinstance(effect := m.next_effect(state), Effect):
        names.append(type(effect).__name__)
        state = m.advance(state, _good(effect))
    return names


def test_the_three_ways() -> None:
    whole = ["Look", "Store", "Identify", "Link", "Rehearse", "Seal", "Switch", "Prove", "Settle"]
    assert _walk(_start()) == whole
    assert _walk(_start(profile=None, source="csv")) == [w for w in whole if w not in ("Rehearse", "Prove")]
    assert _walk(_start(edits=False)) == ["Look", "Store", "Identify", "Link", "Settle"]


@given(st.lists(st.sampled_from(["good", "fail", "changed", "unseen", "cancel"]), max_size=60))
def test_every_way_ends_and_none_forgets_a_switched_file(choices: list[str]) -> None:
    state, switched = _start(), False
    for choice in [*choices, *["good"] * 30]:
        effect = m.next_effect(state)
        if not isinstance(effect, Effect):
            break
        if isinstance(effect, m.Switch):
            switched = True  # from here on bytes may have changed, seen or not
        assert not (isinstance(effect, m.Forget) and switched)
        event: Event = {
            "good": _good(effect),
            "fail": FAILED,
            "changed": CHANGED,
            "unseen": Unseen(effect),
            "cancel": Cancelled(),
        }[choice]
        if isinstance(effect, m.Restore) and choice == "good":
            switched = False
        state = m.advance(state, event)
        assert from_json(to_json(state), m.TYPES) == state
        assert len(m.steps(state, effect)) == 5
        assert str(m.kept(state))
    end = m.next_effect(state)
    assert isinstance(end, Done)
    # A file that was switched and not put back is proved, or the run stays open to try again.
    assert not switched or state.phase in ("done", "stuck")
    assert (end.failure is None) == (state.phase == "done")


def test_a_stuck_run_tries_again() -> None:
    state = dataclasses.replace(_start(), phase="stuck", backup="copy", failure=FAILED.failure)
    assert m.advance(state, Answered(m.AGAIN)).phase == "restore"


def test_a_pair_outside_the_table_is_a_defect() -> None:
    with pytest.raises(UnexpectedEvent):
        m.advance(_start(), m.Proved())
    with pytest.raises(UnexpectedEvent):
        u.advance(u.Undo("n", "b", None, None, "/c", "/k"), u.Unlinked())


@pytest.mark.parametrize("kind", [*m.TYPES, *u.TYPES])
def test_no_type_could_hold_a_secret(kind: type) -> None:
    for name, hint in typing.get_type_hints(kind).items():
        assert Secret not in (hint, *typing.get_args(hint)), name
        assert bytes not in (hint, *typing.get_args(hint)), name


def test_every_effect_names_its_undo() -> None:
    effects = [t for t in (*m.TYPES, *u.TYPES) if issubclass(t, Effect)]
    assert len(effects) == 14
    for kind in effects:
        made = kind(*["x"] * len(dataclasses.fields(kind)))
        assert str(made.undo())
