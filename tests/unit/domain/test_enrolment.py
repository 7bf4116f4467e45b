"""The pure machine: walked at random, it never loses the secret of a device that is on, and leaves nothing
behind that it may delete."""

from __future__ import annotations

import dataclasses
import typing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credguard.domain import enrolment as machine
from credguard.domain.enrolment_diagram import EDGES, allowed, draw
from credguard.domain.enrolment_guide import guide, way
from credguard.domain.enrolment_state import (
    CheckDevice,
    CreateDevice,
    Deactivated,
    DeactivateDevice,
    DeleteDevice,
    DeviceChecked,
    DeviceDeleted,
    DeviceKept,
    DevicesSeen,
    Enabled,
    EnableDevice,
    FilesSealed,
    ForgetCode,
    Forgotten,
    LookAtDevices,
    NotKept,
    OpenSession,
    Profile,
    ResyncDevice,
    Resynced,
    SealFiles,
    SessionOpened,
    State,
    UnwriteSerial,
    Unwritten,
    WriteSerial,
    Written,
    serial_of,
)
from credguard.domain.enrolment_steps import state_name, steps_json
from credguard.domain.machine import (
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
    from_json,
    to_json,
)
from credguard.domain.secret import Secret
from credguard.domain.text import Text

OTHER = "arn:aws:iam::482011739056:mfa/m.keller"
FIDO = "arn:aws:iam::482011739056:u2f/user/m.keller/EXAMPLE"
GONE = "arn:aws:iam::482011739056:mfa/long-gone"
START = State(
    "enrol", "m.keller", "Northwind", "482011739056", "aws", "AKIAIOSFODNN7EXAMPLE",
    names=("a", "b", "c", "d", "e", "f"), store="GNOME Keyring",
    profiles=(Profile("p1", "work"), Profile("p2", "etl", GONE)),
)  # fmt: skip


def failure(code: str, retry: bool = False) -> Failure:
    return Failure(code, Text("what"), Text("next"), retry=retry)


#: Refusals of the moment, which say nothing about rights.
PASSING = [
    failure(code, retry)
    for code, retry in [
        ("no-network", True), ("aws-busy", True), ("store-locked", False), ("store-silent", True),
        ("session-over", True), ("disk-full", False), ("file-changed", True), ("key-unknown", True),
        ("codes-spent", True), ("code-refused", False),
    ]
]  # fmt: skip
MFA, DENIED, TAKEN, NOT_THERE = (
    failure(code) for code in ("mfa-needed", "access-denied", "name-taken", "no-such-entity")
)
CONFLICT, NO_CODE, UNKNOWN = failure("still-assigned"), failure("no-code"), failure("device-unknown", True)


class World:
    """What IAM, STS, the store and the files would be, if each effect took place (or not) as drawn."""

    def __init__(self, data: st.DataObject, purpose: str = "enrol") -> None:
        self.data = data
        self.now = 1_000_000.0
        self.on: dict[str, float] = {}
        self.free: set[str] = set()
        self.seeds: set[str] = set()
        self.made: set[str] = set()
        self.names = {"p1": "", "p2": GONE}
        self.session = False
        self.calm = False
        has = data.draw(st.sampled_from(["none", "none", "code", "fido", "no code"]))
        if has != "none":
            self.on[FIDO if has == "fido" else OTHER] = 0.0
        if has == "code":
            self.seeds.add(OTHER)
        self.may_list = data.draw(st.booleans())
        self.may_delete = data.draw(st.booleans())
        self.may_deactivate = data.draw(st.integers(0, 4)) > 0
        self.only_own_name = data.draw(st.integers(0, 4)) == 0
        self.demands = data.draw(st.booleans())
        if purpose == "remove":
            self.on[serial_of(START, "a")] = 0.0
            self.made.add(serial_of(START, "a"))
            if data.draw(st.booleans()):
                self.seeds.add(serial_of(START, "a"))
                self.names["p1"] = serial_of(START, "a")

    def check(self, state: State) -> None:
        for serial in self.on:
            if serial in self.made and state.purpose == "enrol":
                assert serial in self.seeds, "a device is on and its secret is gone"
        words = str(machine.kept(state))
        if words.startswith("The device is on") and state.purpose == "enrol":
            assert state.serial in self.on or state.at in {"deactivate", "confirm", "end"}

    def perform(self, effect: typing.Any) -> Event:
        self.now += 1
        fate = "ok" if self.calm else self.data.draw(
            st.sampled_from(["ok", "ok", "ok", "ok", "unseen", "lost", "failed"])
        )  # fmt: skip
        if fate == "failed":
            return Failed(self.data.draw(st.sampled_from(PASSING)))
        if fate == "unseen":
            return Unseen(effect)
        event = self._do(effect)
        return Unseen(effect) if fate == "lost" else event

    def _guarded(self) -> bool:
        """AWS changes the devices of who has one only with a session."""
        return bool(self.on) and not self.session

    def _do(self, effect: typing.Any) -> Event:
        match effect:
            case Pause(seconds):
                self.now += seconds
                return Rested()
            case LookAtDevices(serial, probe):
                return DevicesSeen(
                    tuple(self.on) if self.may_list else None,
                    tuple(sorted(self.free)) if self.may_list else None,
                    serial in self.seeds,
                    self.demands if probe else None,
                    self.now,
                    tuple(sorted(self.seeds)),
                )
            case OpenSession(serials):
                for serial in serials:
                    if serial in self.seeds:
                        if serial not in self.on:
                            return Failed(UNKNOWN)
                        if self.now - self.on[serial] < 14:
                            return Failed(UNKNOWN)
                        self.session = True
                        return SessionOpened()
                return Failed(NO_CODE)
            case CreateDevice(name):
                serial = serial_of(START, name)
                if self.only_own_name and name != "m.keller":
                    return Failed(DENIED)
                if serial in self.free or serial in self.on:
                    return Failed(TAKEN)
                self.free.add(serial)
                self.made.add(serial)
                if not self.calm and self.data.draw(st.integers(0, 5)) == 0:
                    # Where only the reading back failed, it was written.
                    if self.data.draw(st.booleans()):
                        self.seeds.add(serial)
                    return NotKept(serial, PASSING[2])
                self.seeds.add(serial)
                return DeviceKept(serial)
            case EnableDevice(serial):
                assert serial in self.seeds, "turned on without its secret"
                if serial in self.on:
                    return Failed(TAKEN)
                if serial not in self.free:
                    return Failed(NOT_THERE)
                if self._guarded():
                    return Failed(MFA)
                self.free.discard(serial)
                self.on[serial] = self.now
                return Enabled(self.now)
            case CheckDevice(serial):
                known = self.now - self.on.get(serial, 1e12) >= 14
                self.session = self.session or known
                return DeviceChecked(known, self.now)
            case SealFiles(_, number):
                return FilesSealed(self.data.draw(st.sampled_from([None, f"copy-{number}"])))
            case WriteSerial(serial):
                assert serial in self.seeds
                for profile in self.names:
                    self.names[profile] = serial
                return Written()
            case UnwriteSerial(serial):
                self.names = {p: "" if p == "p1" else GONE for p in self.names}
                return Unwritten()
            case DeactivateDevice(serial):
                if serial not in self.on:
                    return Failed(NOT_THERE)
                if self._guarded():
                    return Failed(MFA)
                if not self.may_deactivate:
                    return Failed(DENIED)
                del self.on[serial]
                if ":mfa/" in serial:
                    self.free.add(serial)
                return Deactivated()
            case DeleteDevice(serial):
                if not self.may_delete:
                    return Failed(DENIED)
                if serial in self.on:
                    return Failed(CONFLICT)
                self.free.discard(serial)
                return DeviceDeleted()
            case ForgetCode(serial):
                assert not (serial in self.on and serial in self.seeds), "forgotten while AWS has use of it"
                self.seeds.discard(serial)
                return Forgotten()
            case ResyncDevice():
                return Resynced()
        raise AssertionError(effect)


def _advance(state: State, event: Event) -> State:
    """One step, held against the table that the document is drawn from."""
    after = machine.advance(state, event)
    if after.phase != state.phase:
        assert after.phase in allowed(state.phase, type(event).__name__), (state.phase, event, after.phase)
    return after


def _walk(data: st.DataObject, world: World, state: State) -> State:
    undo = data.draw(st.booleans())
    chaos = data.draw(st.integers(0, 60))
    for step in range(800):
        if step == chaos:
            world.calm = True
            if undo:
                state = _advance(state, Cancelled())
        effect = machine.next_effect(state)
        machine.steps(state, None)
        assert state_name(state)
        assert steps_json(state)
        assert from_json(to_json(state), machine.TYPES) == state
        if isinstance(effect, Done):
            if state.halted is None:
                return state
            news = Due(world.now) if world.calm else data.draw(st.sampled_from([Due(world.now), Cancelled()]))
            world.now += 200
            state = _advance(state, news)
        else:
            machine.steps(state, effect)
            state = _advance(state, world.perform(effect))
            if not world.calm and data.draw(st.integers(0, 30)) == 0:
                state = _advance(state, Cancelled())
            if not world.calm and data.draw(st.integers(0, 30)) == 0:
                world.session = False
        world.check(state)
    raise AssertionError(f"does not end: {state}")


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_no_walk_loses_a_secret_and_each_one_ends(data: st.DataObject) -> None:
    world = World(data)
    before = set(world.on)
    state = _walk(data, world, START)
    ours = [serial for serial in world.on if serial in world.made]
    named = {*state.left, *state.perhaps}
    if state.failure is not None and state.failure.code == "device-not-removed":
        named.add(state.serial)
    assert before <= set(world.on), "a device that was there before is gone"
    assert {serial for serial in world.free if serial in world.made} <= named, "left and not named"
    if state.outcome == "done":
        assert ours == [state.serial]
        assert state.serial in world.seeds
        if world.demands and not state.unproved:
            assert world.names["p1"] == state.serial
    elif state.failure is not None and state.failure.code == "device-not-removed":
        # It is on, or nobody may see whether it is: its secret stays.
        assert ours == [state.serial] or not (ours or world.may_list)
        assert state.serial in world.seeds
    else:
        assert not ours
        assert world.names == {"p1": "", "p2": GONE}
        assert not world.seeds & world.made
        assert (state.failure is None) == (state.outcome == "rolled-back")


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_removal_takes_the_device_or_leaves_it_as_it_was(data: st.DataObject) -> None:
    world = World(data, "remove")
    serial = serial_of(START, "a")
    held = serial in world.seeds
    profiles = tuple(Profile(p, p, world.names[p]) for p in world.names)
    state = _walk(data, world, dataclasses.replace(START, purpose="remove", serial=serial, profiles=profiles))
    if state.outcome == "done":
        assert serial not in world.on
        assert serial not in world.seeds
        assert serial not in world.names.values()
        assert serial not in world.free or serial in {*state.left, *state.perhaps}
    else:
        # Whoever may not list devices cannot be told what became of a lost answer.
        assert serial in world.on or not world.may_list
        assert (serial in world.seeds) == held


def test_the_document_is_drawn_from_the_table() -> None:
    document = Path(__file__).parents[3] / "docs" / "mfa.md"
    assert draw() in document.read_text(encoding="utf-8")


def test_the_table_has_an_edge_for_each_pair_it_handles() -> None:
    drawn = {(phase, event) for phase, event, _ in EDGES}
    for phase, event in machine.TABLE:
        assert (phase, event.__name__) in drawn


def _looked(**changes: typing.Any) -> State:
    given_: dict[str, typing.Any] = {
        "enabled": (), "free": (), "kept": False, "demands": False, "at": 1.0, **changes
    }  # fmt: skip
    return machine.advance(START, DevicesSeen(**given_))


def test_the_first_device_needs_no_session() -> None:
    assert _looked().phase == "create"
    assert _looked(enabled=(OTHER,)).phase == "session"


def test_a_ninth_device_is_not_begun() -> None:
    eight = tuple(f"{OTHER}{n}" for n in range(8))
    after = _looked(enabled=eight)
    assert after.failure is not None
    assert after.failure.code == "too-many-devices"
    assert _looked(enabled=eight[:7]).failure is None


def test_a_name_is_never_used_twice() -> None:
    after = _looked(free=(serial_of(START, "a"),))
    assert after.used == ("b",)
    again = machine.advance(after, Failed(TAKEN))
    assert again.used == ("b", "c")


def test_where_only_the_own_name_is_allowed_it_is_taken() -> None:
    after = machine.advance(_looked(), Failed(DENIED))
    assert after.used[-1] == "m.keller"
    end = machine.advance(after, Failed(DENIED))
    assert end.failure == DENIED


def test_who_has_a_security_key_only_is_told() -> None:
    after = machine.advance(_looked(enabled=(FIDO,)), Failed(NO_CODE))
    assert after.failure is not None
    assert after.failure.code == "security-key-only"


def test_sts_is_asked_a_bounded_number_of_times() -> None:
    state = dataclasses.replace(START, phase="wait", serial=OTHER, enabled=True, kept=True, enabled_at=1.0)
    asked, waited = 0, 0.0
    while state.halted is None:
        effect = machine.next_effect(state)
        if isinstance(effect, Pause):
            waited += effect.seconds
            state = machine.advance(state, Rested())
        else:
            asked += 1
            state = machine.advance(state, DeviceChecked(False, 1.0))
    assert asked <= 8, "nine tries are all that AWS allows in three minutes"
    assert waited >= 30
    assert state.halted.code == "device-late"
    assert machine.advance(state, Due(2.0)).halted is None


def test_profiles_that_need_nothing_are_left_alone() -> None:
    state = dataclasses.replace(START, phase="wait", serial=OTHER, enabled=True, listed=True)
    free = dataclasses.replace(state, demands=False, profiles=(Profile("p1", "work"),))
    assert machine.advance(free, DeviceChecked(True, 1.0)).outcome == "done"
    stale = machine.advance(dataclasses.replace(state, demands=False), DeviceChecked(True, 1.0))
    assert [profile.name for profile in stale.writes] == ["etl"]
    both = machine.advance(dataclasses.replace(state, demands=True), DeviceChecked(True, 1.0))
    assert [profile.name for profile in both.writes] == ["work", "etl"]
    barred = machine.advance(dataclasses.replace(free, demands=True), DeviceChecked(True, 1.0, helps=False))
    assert barred.writes == ()


def test_a_pair_outside_the_table_is_a_defect() -> None:
    with pytest.raises(UnexpectedEvent):
        machine.advance(START, DeviceDeleted())


def test_no_type_of_the_machine_could_hold_a_secret() -> None:
    for kind in machine.TYPES:
        for field in dataclasses.fields(kind):
            assert Secret.__name__ not in str(field.type), (kind, field.name)


def test_the_ways_on_the_website_name_the_exact_path() -> None:
    path = "IAM → Users → m.keller → Security credentials → Assign MFA device"
    assert path in str(way("device", "m.keller"))
    assert any("Assign MFA device" in str(line) for line in guide("root"))
    assert len(guide("security-key", "m.keller")) == 4
