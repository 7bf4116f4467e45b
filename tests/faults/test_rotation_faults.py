"""Rotation under kill -9 at every moment, and under each fault of AWS and the store."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.secret import Secret
from credguard.domain.text import Text
from credguard.vault.sessions import Sessions
from tests.faults.harness import Killed, Ticks
from tests.faults.rotation_world import OLD, World

SERIAL = "arn:aws:iam::482011739056:mfa/m.keller"
#: What is interrupted: a rotation, its end after the grace, its undo, and a rotation under an MFA rule.
SCENARIOS = ("rotate", "delete", "undo", "mfa", "slow", "slow undo")


@pytest.fixture
def tmp_path() -> Iterator[Path]:  # shadows pytest's: thousands of catalogs, quickest in memory
    where = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(prefix="credguard-faults-", dir=where) as folder:
        yield Path(folder)


def _world(folder: Path, scenario: str) -> World:
    """The world in which `scenario` begins."""
    folder.mkdir()
    world = World(folder)
    world.iam.spread = 30.0 if "slow" in scenario else 0.0
    if scenario == "mfa":
        world.iam.mfa_serial = SERIAL
    if scenario in {"delete", "undo", "slow undo"}:
        world.begin()
    if scenario == "delete":
        world.clock.sleep(8 * 86_400)
    return world


def _act(world: World, scenario: str, ticks: Ticks | None) -> None:
    if scenario in {"rotate", "slow", "mfa"}:
        world.begin(ticks)
        return
    run = world.journals.unfinished("rotation")[0].run_id
    if scenario == "delete":
        world.rotations(ticks).resume(run)
    else:
        world.rotations(ticks).undo(run)


def _moments(folder: Path, scenario: str) -> int:
    world = _world(folder, scenario)
    ticks = Ticks()
    _act(world, scenario, ticks)
    world.database.close()
    return ticks.count


def _recover(world: World, after: str, locked: bool = False) -> None:
    """Go on, or back; then exactly one key, stored, is what every profile is served with."""
    world.assert_safe()
    rows = world.journals.unfinished("rotation")
    if after == "undo" and rows:
        with contextlib.suppress(CredGuardError):  # too late: the old key is deleted
            world.rotations().undo(rows[0].run_id)
        world.assert_safe()
    elif not rows and list(world.iam.keys) == [OLD]:
        world.begin()
    world.finish()
    world.assert_safe()
    keys = set(world.iam.keys)
    if world.journals.rows("rotation")[0].failure == "not-deleted":
        assert set(world.served().values()) == {OLD}  # AWS forbade it: the spare key is named and left
    else:
        assert len(keys) == 1
        assert set(world.served().values()) == keys
    assert world.store.names("access-key/") == tuple(sorted(f"access-key/{key}" for key in keys))
    for name in world.store.names("session/"):
        session = Sessions(world.store).get(name.removeprefix("session/"))
        assert locked, "a session was left behind"  # the locked keychain could not forget it
        if session is not None:  # a name without an item is harmless
            assert (session.expiration or 0) < world.clock.now()
    world.database.close()


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


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("after", ["resume", "undo"])
def test_killed_at_every_moment(tmp_path: Path, scenario: str, after: str) -> None:
    total = _moments(tmp_path / "count", scenario)
    assert total > 8
    for moment in range(1, total + 1):
        world = _world(tmp_path / f"{moment}", scenario)
        ticks = Ticks(moment)
        with pytest.raises(Killed):
            _act(world, scenario, ticks)
        begun = bool(world.journals.unfinished("rotation"))
        world.restart()
        _recover(world, after)
        if scenario in {"rotate", "slow", "mfa"}:
            kept = after == "undo" and begun
            assert (OLD in world.iam.keys) == kept, ticks.names[-1]


@pytest.mark.parametrize("scenario", ["rotate", "delete", "undo", "mfa"])
@pytest.mark.parametrize("after", ["resume", "undo"])
def test_killed_again_while_recovering(tmp_path: Path, scenario: str, after: str) -> None:
    """Each moment of the first run with every seventh of the second, shifted by one each time."""
    total = _moments(tmp_path / "count", scenario)
    for moment in range(1, total + 1):
        for again in range(1 + moment % 7, 200, 7):
            world = _world(tmp_path / f"{moment}-{again}", scenario)
            with pytest.raises(Killed):
                _act(world, scenario, Ticks(moment))
            world.restart()
            rows = world.journals.unfinished("rotation")
            ticks = Ticks(again)
            killed = False
            if rows:
                rotations = world.rotations(ticks)
                try:
                    (rotations.undo if after == "undo" else rotations.resume)(rows[0].run_id)
                except Killed:
                    killed = True
                except CredGuardError as error:
                    if error.code != "too-late":
                        raise
                world.restart()
            _recover(world, after)
            if not killed:
                break


@pytest.mark.parametrize("after", ["resume", "undo"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_keychain_that_locks_at_every_moment(tmp_path: Path, scenario: str, after: str) -> None:
    """From its n-th use on the keychain is locked; then a person unlocks it."""
    for moment in range(1, 400):
        world = _world(tmp_path / f"{moment}", scenario)
        uses = 0

        def fail(method: str, name: str, moment: int = moment) -> None:
            nonlocal uses
            uses += 1
            if uses >= moment:
                raise Locked("store-locked", Text("The keychain is locked."), Text("Unlock it."))

        world.backend.fail = fail
        with contextlib.suppress(Locked):
            _act(world, scenario, None)
        world.backend.fail = lambda method, name: None
        _recover(world, after, locked=True)
        if uses < moment:
            return
    raise AssertionError("more uses than moments")


ACTIONS = (
    "ListAccessKeys", "CreateAccessKey", "GetCallerIdentity", "UpdateAccessKey", "DeleteAccessKey",
    "GetSessionToken",
)  # fmt: skip


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("fault", ["lost", "never", "throttled", "denied"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_each_fault_at_each_call(tmp_path: Path, action: str, fault: str, scenario: str) -> None:
    """Once, and for as long as three attempts of one call; then resumed, or undone."""
    for which in (1, 2, 4):
        for often in (1, 3):
            for after in ("resume", "undo"):
                world = _world(tmp_path / f"{which}-{often}-{after}", scenario)
                before = world.iam.calls.get(action, 0)

                def faulty(asked: str, n: int, at: int = before + which, often: int = often) -> str | None:
                    return fault if asked == action and at <= n < at + often else None

                world.iam.fault = faulty
                _act(world, scenario, None)
                world.iam.fault = lambda asked, n: None
                _recover(world, after)


@pytest.mark.parametrize("fault", ["lost", "denied"])
@pytest.mark.parametrize("action", ["CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey"])
@pytest.mark.parametrize("scenario", ["rotate", "delete", "undo", "mfa"])
def test_a_fault_and_a_kill_while_recovering(tmp_path: Path, action: str, fault: str, scenario: str) -> None:
    for after in ("resume", "undo"):
        for moment in range(1, 200, 5):
            world = _world(tmp_path / f"{after}-{moment}", scenario)
            before = world.iam.calls.get(action, 0)
            world.iam.fault = lambda asked, n: fault if asked == action and n <= before + 3 else None  # noqa: B023
            _act(world, scenario, None)
            world.iam.fault = lambda asked, n: None
            rows = world.journals.unfinished("rotation")
            killed = False
            if rows:
                rotations = world.rotations(Ticks(moment))
                try:
                    (rotations.undo if after == "undo" else rotations.resume)(rows[0].run_id)
                except Killed:
                    killed = True
            world.restart()
            _recover(world, after)
            if not killed:
                break


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
    world.iam.mfa_serial = SERIAL
    report = world.begin()
    assert report.failure is None
    assert report.state == "deactivated"
    assert len(world.iam.codes) == 1
    assert world.answers == [True]
    world.finish()  # a week later the session is over: the delete needs another one
    assert len(set(world.iam.codes)) == 2
    assert list(world.iam.keys) == [report.new_key]
    assert world.store.names("session/") == ()


def test_an_mfa_rule_without_a_code_says_so(tmp_path: Path) -> None:
    world = World(tmp_path, has_code=False)
    world.iam.mfa_serial = SERIAL
    report = world.begin()
    assert report.failure is not None
    assert report.failure.code == "mfa-needed"
    assert "iam:ListAccessKeys" in str(report.failure.what)
    assert list(world.iam.keys) == [OLD]


def test_a_refused_code_is_noted_and_not_tried_for_ever(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.iam.mfa_serial = SERIAL
    report = world.begin(codes=lambda identity: (SERIAL, Secret("000000")))
    assert report.failure is None
    again = world.rotations(codes=lambda identity: (SERIAL, Secret("000000")))  # used before
    world.clock.sleep(8 * 86_400)
    resumed = again.resume(report.run_id)
    assert resumed.failure is not None
    assert resumed.failure.code == "code-refused"
    assert world.answers == [True, False]
    world.finish()


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
