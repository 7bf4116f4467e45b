"""The pure machine: walked at random, it never reaches a state without a key that works."""

from __future__ import annotations

import dataclasses
import typing
from pathlib import Path

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
from credguard.domain.rotation_diagram import EDGES, allowed, draw
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
    ProfilesJoined,
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
MFA, QUOTA, GONE = FAILURES[5], FAILURES[7], FAILURES[8]
START = State("m.keller", "Northwind", "OLD", (("p1", "a"), ("p2", "b")), 7, "GNOME Keyring")


class World:
    """What AWS and the store would be, if each effect took place (or not) as drawn."""

    def __init__(self, data: st.DataObject) -> None:
        self.data = data
        self.keys = {"OLD": True}
        self.created = {"OLD": 1.0}
        self.stored = {"OLD"}
        self.points = {"p1": "OLD", "p2": "OLD"}
        self.made = 0
        self.now = 1_000_000.0
        self.calm = False
        self.mfa = data.draw(st.booleans())
        self.session = False
        second = data.draw(st.sampled_from(["none", "none", "none", "free", "serving"]))
        if second != "none":
            self.keys["OTHER"], self.created["OTHER"] = True, 2.0
        if second == "serving":
            self.points["p3"] = "OTHER"
            self.stored.add("OTHER")

    def check(self) -> None:
        for profile, key in self.points.items():
            assert key in self.stored, f"{profile} points to {key}, not stored"
            assert self.keys.get(key), f"{profile} points to {key}, which is off or gone"
        assert len(self.keys) <= 2

    def check_words(self, state: State) -> None:
        """What is called safe is safe."""
        words = str(machine.kept(state))
        if "Both keys work" in words or "The old one works too" in words:
            assert all(self.keys.values()) or state.old_off
            assert len(self.keys) == 2
        if "can be turned on again" in words:
            assert self.keys.get(state.new_key or "")
        if "The new key is in use" in words:
            assert self.rotated() <= {state.new_key}
        if "The key in use works as before" in words and not state.back:
            assert self.rotated() <= {"OLD"}

    def rotated(self) -> set[str]:
        """What the profiles of the beginning are served with; those that joined may rest on the other."""
        return {key for profile, key in self.points.items() if profile in {"p1", "p2"}}

    def console(self, state: State) -> None:
        """Somebody deletes the old key in the console, once nothing here needs it."""
        if "OLD" not in self.rotated() and state.phase in {"grace", "delete", "deactivate"}:
            self.keys.pop("OLD", None)

    def join(self, state: State) -> ProfilesJoined | None:
        """Somebody imports another profile while the run rests: with a key that is on and stored."""
        if self.calm or self.data.draw(st.booleans()):
            return None
        name = f"joined{len(self.points)}"
        # The new key comes into a file by undo-import, so only once a profile was switched to it.
        might = ("OLD", state.new_key if state.new_key in self.rotated() else None)
        keys = [k for k in might if k and self.keys.get(k) and k in self.stored]
        if not keys:
            return None
        self.points[name] = self.data.draw(st.sampled_from(keys))
        pair = ((name, name),)
        return ProfilesJoined(pair) if self.points[name] == "OLD" else ProfilesJoined((), pair)

    def perform(self, effect: typing.Any) -> Event:
        self.now += 1
        fate = "ok" if self.calm else self.data.draw(
            st.sampled_from(["ok", "ok", "ok", "ok", "unseen", "lost", "failed"])
        )  # fmt: skip
        if fate == "failed":
            return Failed(self.data.draw(st.sampled_from(FAILURES)))
        if fate == "unseen":
            return Unseen(effect)
        event = self._do(effect)
        self.check()
        return Unseen(effect) if fate == "lost" else event

    def _do(self, effect: typing.Any) -> Event:
        denied = self.mfa and not self.session
        match effect:
            case Pause(seconds):
                self.now += seconds
                return Rested()
            case OpenSession(key):
                assert self.keys.get(key), "a session with a key that is off"
                self.session = True
                return SessionOpened()
            case LookAtKeys() | CreateKey() | SetActive() | DeleteKey() if denied:
                return Failed(MFA)
            case LookAtKeys():
                if not self.calm and self.data.draw(st.integers(0, 9)) == 0:
                    return KeysSeen(tuple(self._seen("OLD")), self.now)  # the list lags
                return KeysSeen(tuple(s for k in self.keys for s in self._seen(k)), self.now)
            case CreateKey():
                if len(self.keys) > 1:
                    return Failed(QUOTA)
                self.made += 1
                new = f"NEW{self.made}"
                self.keys[new], self.created[new] = True, self.now
                if not self.calm and self.data.draw(st.integers(0, 5)) == 0:
                    return NotStored(new, FAILURES[4])
                self.stored.add(new)
                return KeyCreated(new)
            case CheckKey(key):
                ok = bool(self.keys.get(key)) and (self.calm or self.data.draw(st.integers(0, 4)) > 0)
                return Checked(ok, True, self.now)
            case SwitchProfile(profile, key):
                self.points[profile] = key
                return Switched(profile)
            case SetActive(key, active, signer):
                assert self.keys.get(signer), "signed by a key that is off"
                if key not in self.keys:
                    return Failed(GONE)
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

    def _seen(self, key: str) -> typing.Iterator[SeenKey]:
        if key in self.keys:
            names = tuple(p for p, k in self.points.items() if k == key)
            yield SeenKey(key, self.keys[key], self.created[key], key in self.stored, False, profiles=names)


def _advance(state: State, event: Event) -> State:
    """One step, held against the table that the document is drawn from."""
    after = machine.advance(state, event)
    if after.phase != state.phase:
        assert after.phase in allowed(state.phase, type(event).__name__), (state.phase, event, after.phase)
    return after


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_no_walk_loses_a_key_and_each_one_ends(data: st.DataObject) -> None:
    world, state = World(data), START
    if data.draw(st.integers(0, 5)) == 0:
        state = dataclasses.replace(START, profiles=())
        world.points.pop("p1"), world.points.pop("p2")
    undo = data.draw(st.booleans())
    chaos = data.draw(st.integers(0, 100))
    for step in range(600):
        if step == chaos:
            world.calm = True
            if undo:
                state = _advance(state, Cancelled())
        effect = machine.next_effect(state)
        machine.steps(state, None)
        assert state_name(state)
        assert from_json(to_json(state), machine.TYPES) == state
        world.check_words(state)
        rests = isinstance(effect, (Wait, Ask)) or (isinstance(effect, Done) and state.halted is not None)
        joined = world.join(state) if rests else None
        if joined is not None:
            state = _advance(state, joined)
        if isinstance(effect, Done):
            if state.halted is None:
                break
            again = (
                Due(world.now) if world.calm else data.draw(st.sampled_from([Due(world.now), Cancelled()]))
            )
            state = _advance(state, again)
        elif isinstance(effect, Wait):
            world.now = max(world.now, effect.until)
            early = [Due(world.now - 10), Cancelled()]
            later = Due(world.now)
            if not world.calm:
                world.console(state) if data.draw(st.integers(0, 5)) == 0 else None
                later = data.draw(st.sampled_from([later, *early]))
            state = _advance(state, later)
        elif isinstance(effect, Ask):
            choice = effect.choices[0] if world.calm else data.draw(st.sampled_from(effect.choices))
            state = _advance(state, Answered(choice))
        else:
            state = _advance(state, world.perform(effect))
            if not world.calm and data.draw(st.integers(0, 30)) == 0:
                state = _advance(state, Cancelled())
            if not world.calm and data.draw(st.integers(0, 30)) == 0:
                world.session = False
        world.check()
    else:
        raise AssertionError(f"does not end: {state}")
    if state.outcome == "done":
        assert "OLD" not in world.keys
        assert world.stored == set(world.keys)
    if state.outcome == "rolled-back":
        assert {key for profile, key in world.points.items() if profile != "p3"} <= {"OLD"}
        assert "OLD" in world.stored
    if state.outcome == "failed":
        assert state.failure is not None


def test_the_document_is_drawn_from_the_table() -> None:
    document = Path(__file__).parents[3] / "docs" / "rotation.md"
    assert draw() in document.read_text(encoding="utf-8")


def test_the_table_has_an_edge_for_each_pair_it_handles() -> None:
    drawn = {(phase, event) for phase, event, _ in EDGES}
    for phase, event in machine.TABLE:
        assert (phase, event.__name__) in drawn


def _proved(*answers: tuple[bool, float]) -> State:
    """A new key asked for at these moments (seconds), with these answers."""
    state = dataclasses.replace(START, phase="verify", new_key="NEW", looked_at=1.0)
    for accepted, at in answers:
        assert state.phase == "verify"
        state = dataclasses.replace(machine.advance(state, Checked(accepted, True, at)), resting=False)
    return state


def test_five_proofs_in_a_row_over_ten_seconds() -> None:
    assert _proved(*((True, 2.5 * n) for n in range(5))).phase == "switch"
    assert _proved(*((True, 2.5 * n) for n in range(4))).phase == "verify"
    assert _proved(*((True, 1.0 * n) for n in range(9))).phase == "verify", "too quick"
    assert _proved(*((True, 1.0 * n) for n in range(11))).phase == "switch"


def test_a_refusal_starts_the_count_anew() -> None:
    flips = [(True, 3.0 * n) for n in range(4)] + [(False, 12.0)]
    again = [(True, 15.0 + 3.0 * n) for n in range(5)]
    assert _proved(*flips, *again[:4]).phase == "verify"
    assert _proved(*flips, *again).phase == "switch"


def test_a_key_refused_for_a_minute_is_taken_back() -> None:
    assert _proved((False, 0.0), (False, 59.0)).phase == "verify"
    after = _proved((False, 0.0), (False, 60.0))
    assert after.phase == "discard"
    assert after.failure is not None
    assert after.failure.code == "new-key-refused"


def test_proofs_of_yesterday_do_not_count() -> None:
    state = machine.advance(_proved(*((True, 2.5 * n) for n in range(4))), Due(100_000.0))
    assert machine.advance(state, Checked(True, True, 100_001.0)).phase == "verify"
    refused = machine.advance(state, Checked(False, True, 100_001.0))
    assert refused.phase == "verify", "the minute starts anew too"


def test_another_identity_is_never_switched_to() -> None:
    state = dataclasses.replace(START, phase="verify", new_key="NEW")
    after = machine.advance(state, Checked(True, False, 1.0))
    assert after.phase == "discard"


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


def _creating(**changes: typing.Any) -> State:
    seen = (SeenKey("OLD", True, 1.0),)
    return dataclasses.replace(machine.advance(START, KeysSeen(seen, 100.0)), **changes)


def test_a_quota_after_a_lost_answer_is_the_lost_key() -> None:
    state = machine.advance(_creating(), Unseen(CreateKey("OLD")))
    assert (state.phase, state.lost_creates) == ("find", 1)
    state = dataclasses.replace(state, phase="create")
    state = machine.advance(state, Failed(QUOTA))
    assert (state.phase, state.resting) == ("find", True)
    found = machine.advance(
        dataclasses.replace(state, resting=False),
        KeysSeen((SeenKey("OLD", True, 1.0), SeenKey("NEW", True, 101.0, used=False)), 110.0),
    )
    assert (found.phase, found.orphan) == ("orphan", "NEW")


def test_a_quota_after_a_deletion_waits_for_it_to_spread_but_not_for_ever() -> None:
    state = _creating(retire="OTHER")
    for _ in range(15):
        state = machine.advance(state, Failed(QUOTA))
        assert (state.phase, state.resting) == ("create", True)
        state = machine.advance(state, Rested())
    state = machine.advance(state, Failed(QUOTA))
    assert (state.phase, state.outcome) == ("end", "failed")


def test_a_refusal_after_a_lost_answer_looks_before_it_ends() -> None:
    state = dataclasses.replace(machine.advance(_creating(), Unseen(CreateKey("OLD"))), phase="create")
    denied = FAILURES[1]
    state = machine.advance(state, Failed(denied))
    assert (state.phase, state.failure) == ("find", denied)
    orphan = KeysSeen((SeenKey("OLD", True, 1.0), SeenKey("NEW", True, 101.0, used=False)), 110.0)
    state = machine.advance(machine.advance(state, orphan), KeyDeleted())
    assert (state.phase, state.outcome, state.failure) == ("end", "failed", denied)


def test_a_profile_that_joins_on_the_way_back_goes_back_too() -> None:
    back = dataclasses.replace(START, phase="discard", new_key="NEW", back=True, switched=())
    on_new = machine.advance(back, ProfilesJoined((), (("p9", "z"),)))
    assert (on_new.phase, on_new.switched) == ("switch-back", ("p9",))
    on_old = machine.advance(back, ProfilesJoined((("p9", "z"),)))
    assert (on_old.phase, on_old.switched) == ("discard", ())
    for phase in ("forget-old", "forget-new", "end"):
        over = dataclasses.replace(back, phase=phase)
        assert machine.advance(over, ProfilesJoined((("p9", "z"),))) == over


def test_a_run_that_rests_without_a_session_opens_one_when_it_goes_on() -> None:
    """Two sessions were opened for one call and AWS wanted a third: going on tries again, not never."""
    state = dataclasses.replace(START, phase="find", known=("OLD",), lost_creates=1, sessions=2)
    rests = machine.advance(state, Failed(MFA))
    assert rests.halted == MFA
    goes_on = machine.advance(machine.advance(rests, Due(1.0)), Failed(MFA))
    assert machine.next_effect(goes_on) == OpenSession("OLD")


def test_a_profile_that_joined_on_the_old_key_is_not_switched_back_to_it() -> None:
    state = dataclasses.replace(
        START, phase="find", known=("OLD",), lost_creates=1, looked_at=1.0, create_by=1.0
    )
    joined = machine.advance(machine.advance(state, Cancelled()), ProfilesJoined((("p9", "c"),)))
    seen = SeenKey("OLD", True, 1.0, True, False), SeenKey("NEW1", True, 2.0, True, False)
    after = machine.advance(joined, KeysSeen(seen, 3.0))
    assert (after.phase, machine.next_effect(after)) == ("discard", DeleteKey("NEW1", "OLD"))
