"""The pure machine: walked at random, it never reaches a state without a key that works."""

from __future__ import annotations

import dataclasses
import typing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credguard.domain import rotation as machine
from credguard.domain.machine import (
    Answered,
    Ask,
    Cancelled,
    Done,
    Due,
    Event,
    Failed,
    Failure,
    Pause,
    Rested,
    UnexpectedEvent,
    Unseen,
    Wait,
    from_json,
    to_json,
)  # fmt: skip
from credguard.domain.rotation_state import (
    ActiveSet,
    Checked,
    CheckKey,
    CreateKey,
    DeleteKey,
    ForgetKey,
    Forgotten,
    KeyCreated,
    KeyDeleted,
    KeysSeen,
    LookAtKeys,
    NotStored,
    OpenSession,
    SeenKey,
    SessionOpened,
    SetActive,
    State,
    Switched,
    SwitchProfile,
)  # fmt: skip
from credguard.domain.rotation_steps import state_name
from credguard.domain.secret import Secret
from credguard.domain.text import Text

FAILURES = [
    Failure(code, Text("what"), Text("next"), retry=retry)
    for code, retry in [
        ("no-network", True), ("access-denied", False), ("key-unknown", True), ("aws-busy", True),
        ("store-locked", True), ("mfa-needed", False), ("session-over", True), ("quota", False),
        ("no-such-entity", False), ("wrong-secret", False), ("disk-full", False),
    ]
]  # fmt: skip
START = State("m.keller", "Northwind", "OLD", (("p1", "a"), ("p2", "b")), 7, "GNOME Keyring")


class World:
    """What AWS and the store would be, if each effect took place (or not) as drawn."""

    def __init__(self, data: st.DataObject) -> None:
        self.data = data
        self.keys = {"OLD": True}
        self.stored = {"OLD"}
        self.points = {"p1": "OLD", "p2": "OLD"}
        self.made = 0
        self.now = 1000.0

    def check(self) -> None:
        for profile, key in self.points.items():
            assert key in self.stored, f"{profile} points to {key}, not stored"
            assert self.keys.get(key), f"{profile} points to {key}, which is off or gone"
        assert len(self.keys) <= 2

    def perform(self, effect: typing.Any) -> Event:
        self.now += 1
        fate = self.data.draw(st.sampled_from(["ok", "ok", "ok", "ok", "unseen", "lost", "failed"]))
        if fate == "failed":
            return Failed(self.data.draw(st.sampled_from(FAILURES)))
        if fate == "unseen":
            return Unseen(effect)
        event = self._do(effect)
        self.check()
        return Unseen(effect) if fate == "lost" else event

    def _do(self, effect: typing.Any) -> Event:
        match effect:
            case Pause(seconds):
                self.now += seconds
                return Rested()
            case LookAtKeys():
                seen = (SeenKey(k, on, 1.0, k in self.stored, False) for k, on in self.keys.items())
                return KeysSeen(tuple(seen), self.now)
            case OpenSession():
                return SessionOpened()
            case CreateKey():
                if len(self.keys) > 1:
                    return Failed(FAILURES[7])
                self.made += 1
                new = f"NEW{self.made}"
                self.keys[new] = True
                if self.data.draw(st.integers(0, 5)) == 0:
                    return NotStored(new, FAILURES[4])
                self.stored.add(new)
                return KeyCreated(new)
            case CheckKey(key):
                ok = bool(self.keys.get(key)) and self.data.draw(st.integers(0, 4)) > 0
                return Checked(ok, True, self.now)
            case SwitchProfile(profile, key):
                self.points[profile] = key
                return Switched(profile)
            case SetActive(key, active, signer):
                assert self.keys.get(signer), "signed by a key that is off"
                self.keys[key] = active
                return ActiveSet(self.now)
            case DeleteKey(key, signer):
                assert self.keys.get(signer), "signed by a key that is off"
                assert key not in self.points.values(), "a key in use was deleted"
                self.keys.pop(key, None)
                return KeyDeleted()
            case ForgetKey(key):
                assert key not in self.keys, "forgotten before it was deleted"
                self.stored.discard(key)
                return Forgotten()
        raise AssertionError(effect)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_no_walk_loses_a_key(data: st.DataObject) -> None:
    world, state = World(data), START
    news: Event
    for _ in range(120):
        effect = machine.next_effect(state)
        machine.steps(state, None)
        assert str(machine.kept(state))
        assert state_name(state)
        assert from_json(to_json(state), machine.TYPES) == state
        if isinstance(effect, Done):
            if state.halted is None:
                break
            news = data.draw(st.sampled_from([Due(world.now), Cancelled()]))
            state = machine.advance(state, news)
        elif isinstance(effect, Wait):
            news = data.draw(st.sampled_from([Due(world.now), Due(effect.until), Cancelled()]))
            world.now = max(world.now, getattr(news, "now", 0.0))
            state = machine.advance(state, news)
        elif isinstance(effect, Ask):
            state = machine.advance(state, Answered(data.draw(st.sampled_from(effect.choices))))
        else:
            state = machine.advance(state, world.perform(effect))
            if data.draw(st.integers(0, 30)) == 0:
                state = machine.advance(state, Cancelled())
        world.check()
    if state.outcome == "done":
        assert "OLD" not in world.keys
        assert world.stored == set(world.keys)
    if state.outcome == "rolled-back":
        assert set(world.points.values()) == {"OLD"}
        assert world.stored == {"OLD"}


def test_a_pair_outside_the_table_is_a_defect() -> None:
    with pytest.raises(UnexpectedEvent):
        machine.advance(START, KeyDeleted())


def test_no_type_of_the_machine_could_hold_a_secret() -> None:
    seen: set[type] = set()

    def walk(kind: typing.Any) -> None:
        if kind in seen:
            return
        if isinstance(kind, type):
            seen.add(kind)
            assert kind is not Secret
            assert kind is not bytes
            if dataclasses.is_dataclass(kind):
                hints = typing.get_type_hints(kind)
                for field in dataclasses.fields(kind):
                    assert "secret" not in field.name
                    assert "token" not in field.name
                    walk(hints[field.name])
        for part in typing.get_args(kind):
            walk(part)

    for kind in machine.TYPES:
        walk(kind)
    assert State in seen
