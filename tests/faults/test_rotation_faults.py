"""Rotation under kill -9 at every moment, and under each fault of AWS and the store."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.secret import Secret
from credguard.domain.text import Text
from tests.faults.harness import Killed, Ticks
from tests.faults.rotation_world import OLD, World


def _ticks_of_a_whole_rotation(folder: Path, spread: float = 0.0) -> int:
    folder.mkdir()
    world = World(folder)
    world.iam.spread = spread
    ticks = Ticks()
    world.begin(ticks)
    return ticks.count


def test_the_happy_path(tmp_path: Path) -> None:
    world = World(tmp_path)
    report = world.begin()
    assert report.failure is None
    assert report.state == "deactivated"
    new = report.new_key
    assert new is not None
    assert world.served() == {"northwind": new, "nw-etl": new}
    assert world.iam.keys[OLD].active is False
    assert report.until == pytest.approx(world.clock.now() + 7 * 86_400, abs=1)
    assert [s.state for s in report.steps] == ["done"] * 5 + ["todo"]
    world.assert_safe()
    world.finish()
    assert list(world.iam.keys) == [new]
    assert world.store.names("access-key/") == (f"access-key/{new}",)
    assert [k.access_key_id for k in world.keys.all()] == [new]


@pytest.mark.parametrize("spread", [0.0, 30.0])
@pytest.mark.parametrize("after", ["resume", "undo"])
def test_killed_at_every_moment(tmp_path: Path, after: str, spread: float) -> None:
    total = _ticks_of_a_whole_rotation(tmp_path / "count", spread)
    assert total > 40
    for moment in range(1, total + 1):
        folder = tmp_path / f"{moment}"
        folder.mkdir()
        world = World(folder)
        world.iam.spread = spread
        ticks = Ticks(moment)
        with pytest.raises(Killed):
            world.begin(ticks)
        world.restart()
        world.assert_safe()
        rows = world.journals.unfinished("rotation")
        if after == "resume" or not rows:
            if not rows:
                world.begin()
            world.finish()
            assert OLD not in world.iam.keys, ticks.names[-1]
            assert len(world.iam.keys) == 1, ticks.names[-1]
        else:
            report = world.rotations().undo(rows[0].run_id)
            assert report.failure is None, (ticks.names[-1], report.failure)
            assert report.state == "rolled-back", ticks.names[-1]
            assert list(world.iam.keys) == [OLD], ticks.names[-1]
            assert world.served() == {"northwind": OLD, "nw-etl": OLD}
            assert world.store.names("access-key/") == (f"access-key/{OLD}",)
        world.assert_safe()
        world.database.close()


def test_killed_again_while_recovering(tmp_path: Path) -> None:
    total = _ticks_of_a_whole_rotation(tmp_path / "count")
    for moment in range(2, total + 1, 3):
        for again in range(1, 26, 4):
            folder = tmp_path / f"{moment}-{again}"
            folder.mkdir()
            world = World(folder)
            with pytest.raises(Killed):
                world.begin(Ticks(moment))
            world.restart()
            rows = world.journals.unfinished("rotation")
            if rows:
                with contextlib.suppress(Killed):
                    world.rotations(Ticks(again)).resume(rows[0].run_id)
                world.restart()
            world.assert_safe()
            world.finish()
            world.assert_safe()
            world.database.close()


@pytest.mark.parametrize(
    "action",
    ["ListAccessKeys", "CreateAccessKey", "GetCallerIdentity", "UpdateAccessKey", "GetAccessKeyLastUsed"],
)
@pytest.mark.parametrize("fault", ["lost", "never", "throttled", "denied"])
@pytest.mark.parametrize("which", [1, 2, 3])
@pytest.mark.parametrize("after", ["resume", "undo"])
def test_each_fault_at_each_call(tmp_path: Path, action: str, fault: str, which: int, after: str) -> None:
    world = World(tmp_path)
    world.iam.fault = lambda asked, n: fault if asked == action and n == which else None
    world.begin()
    world.assert_safe()
    world.iam.fault = lambda asked, n: None
    rows = world.journals.unfinished("rotation")
    if after == "undo" and rows:
        world.rotations().undo(rows[0].run_id)
        assert list(world.iam.keys) == [OLD]
        assert world.served() == {"northwind": OLD, "nw-etl": OLD}
    else:
        world.finish()
        if rows:
            assert OLD not in world.iam.keys
        else:
            assert list(world.iam.keys) == [OLD]
    assert len(world.iam.keys) == 1
    world.assert_safe()


def test_a_lost_answer_to_create_makes_no_orphan(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.iam.fault = lambda asked, n: "lost" if asked == "CreateAccessKey" and n == 1 else None
    report = world.begin()
    assert report.state == "deactivated"
    assert world.iam.calls["CreateAccessKey"] == 2
    assert set(world.iam.keys) == {OLD, report.new_key}


def test_a_lost_answer_that_iam_shows_late(tmp_path: Path) -> None:
    """The key exists but is not listed for 15 s: creating again would meet the quota."""
    world = World(tmp_path)
    world.iam.spread = 30.0
    world.iam.fault = lambda asked, n: "lost" if asked == "CreateAccessKey" and n == 1 else None
    report = world.begin()
    assert report.failure is None
    assert set(world.iam.keys) == {OLD, report.new_key}


def test_the_store_that_does_not_take_the_secret(tmp_path: Path) -> None:
    world = World(tmp_path)

    def fail(method: str, name: str) -> None:
        if method == "set" and name.startswith("access-key/"):
            raise Locked("store-locked", Text("The keychain is locked."), Text("Unlock it."))

    world.backend.fail = fail
    report = world.begin()
    assert report.failure is not None
    assert report.failure.code == "store-locked"
    assert list(world.iam.keys) == [OLD]
    world.backend.fail = lambda method, name: None
    world.assert_safe()


def test_a_locked_store_is_found_before_a_key_is_made(tmp_path: Path) -> None:
    world = World(tmp_path)

    def fail(method: str, name: str) -> None:
        if name == "index/0":
            raise Locked("store-locked", Text("The keychain is locked."), Text("Unlock it."))

    world.backend.fail = fail
    report = world.begin()
    assert report.failure is not None
    assert "CreateAccessKey" not in world.iam.calls


def test_two_keys_nothing_is_deleted_unasked(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.iam.add("AKIAOTHERKEYEXAMPLE0", "other/EXAMPLE", active=False)
    report = world.begin()
    assert report.ask is not None
    assert report.ask.choices == ("AKIAOTHERKEYEXAMPLE0", "stop")
    assert set(world.iam.keys) == {OLD, "AKIAOTHERKEYEXAMPLE0"}
    stopped = world.rotations().answer(report.run_id, "stop")
    assert stopped.failure is not None
    assert stopped.failure.code == "two-keys"
    assert "never used" in str(stopped.failure.what)
    assert set(world.iam.keys) == {OLD, "AKIAOTHERKEYEXAMPLE0"}
    again = world.begin()
    done = world.rotations().answer(again.run_id, "AKIAOTHERKEYEXAMPLE0")
    assert done.state == "deactivated"
    assert set(world.iam.keys) == {OLD, done.new_key}


def test_a_missing_right_is_named_and_nothing_changed(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.iam.fault = lambda asked, n: "denied" if asked == "CreateAccessKey" else None
    report = world.begin()
    assert report.failure is not None
    assert "iam:CreateAccessKey" in str(report.failure.what)
    assert str(report.failure.kept) == "The key in use works as before."
    assert world.journals.unfinished("rotation") == ()


def test_an_mfa_rule_is_met_with_one_session_and_no_code_twice(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.iam.mfa_serial = "arn:aws:iam::482011739056:mfa/m.keller"
    numbers = iter(range(100, 200))
    report = world.begin(codes=lambda identity: (world.iam.mfa_serial, Secret(f"{next(numbers)}456")))
    assert report.failure is None
    assert report.state == "deactivated"
    assert len(world.iam.codes) == 1
    world.assert_safe()


def test_an_mfa_rule_without_a_code_says_so(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.iam.mfa_serial = "arn:aws:iam::482011739056:mfa/m.keller"
    report = world.begin()
    assert report.failure is not None
    assert report.failure.code == "mfa-needed"
    assert list(world.iam.keys) == [OLD]


def test_undo_in_the_grace_brings_the_old_key_back(tmp_path: Path) -> None:
    world = World(tmp_path)
    report = world.begin()
    undone = world.rotations().undo(report.run_id)
    assert undone.state == "rolled-back"
    assert world.iam.keys[OLD].active
    assert list(world.iam.keys) == [OLD]
    world.assert_safe()


def test_undo_is_too_late_after_the_delete(tmp_path: Path) -> None:
    world = World(tmp_path)
    report = world.begin()
    world.finish()
    with pytest.raises(CredGuardError) as caught:
        world.rotations().undo(report.run_id)
    assert caught.value.code == "too-late"


def test_a_key_is_rotated_by_one_process_at_a_time(tmp_path: Path) -> None:
    world = World(tmp_path)
    with world.rotations().interlock.hold(f"key-{OLD}"), pytest.raises(CredGuardError) as caught:
        world.begin()
    assert caught.value.code == "busy"


def test_a_key_in_its_grace_is_not_rotated_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.begin()
    with pytest.raises(CredGuardError) as caught:
        world.begin()
    assert caught.value.code == "in-grace"


def test_a_root_key_is_refused(tmp_path: Path) -> None:
    from dataclasses import replace

    world = World(tmp_path)
    key = world.keys.get(OLD)
    assert key is not None
    root = replace(key, arn="arn:aws:iam::482011739056:root")
    with pytest.raises(CredGuardError) as caught:
        world.rotations().begin(root, "Personal", 7)
    assert caught.value.code == "root-key"


def test_the_old_key_deleted_in_the_console_meanwhile(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.begin()
    del world.iam.keys[OLD]
    world.finish()
    world.assert_safe()


@pytest.mark.parametrize("seconds", [5.0, 20.0, 30.0])
def test_flip_flop_of_a_new_key(tmp_path: Path, seconds: float) -> None:
    world = World(tmp_path)
    world.iam.spread = seconds
    report = world.begin()
    assert report.failure is None
    assert report.state == "deactivated"
    world.assert_safe()


def test_a_key_that_never_comes_to_life_is_taken_back(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.iam.spread = 10_000.0
    accepts: Callable[..., bool] = world.iam.accepts
    world.iam.accepts = lambda c: c.access_key_id == OLD and accepts(c)  # type: ignore[method-assign]
    report = world.begin()
    assert report.failure is not None
    assert report.failure.code == "new-key-refused"
    assert list(world.iam.keys) == [OLD]
    assert world.store.names("access-key/") == (f"access-key/{OLD}",)
