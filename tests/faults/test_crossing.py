"""Imports, rotations, undos and people in the AWS console, all at once: every profile goes on working."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from credguard.domain.errors import CredGuardError
from credguard.workflows.intake import finish_interrupted, import_keys
from credguard.workflows.undo_import import undo_import
from tests.faults.crossing import DAY, Crossing, section
from tests.faults.harness import Killed
from tests.support.aws_files import KEY, SECRET

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the helper is started as on POSIX")


def _take_in(world: Crossing, *profiles: str, **changes: Any) -> None:
    keep = changes.pop("keep_plaintext", False)
    found = world.computer.find("aws", profiles).keys
    outcomes = import_keys(found, world.tools(**changes), keep_plaintext=keep)
    assert outcomes
    assert all(outcome.ok for outcome in outcomes), [str(o.summary) for o in outcomes]


def _kill_at(name: str) -> Any:
    def tick(at: str) -> None:
        if at == name:
            raise Killed(at)

    return tick


def _in_grace(world: Crossing) -> str:
    report = world.rotate()
    assert report.state == "deactivated"
    return report.run_id


def _no_network(world: Crossing, action: str) -> None:
    world.iam.fault = lambda asked, n: "never" if asked == action else None


# ── a key that still stands in a file ────────────────────────────────────────────────────────────
def test_a_key_kept_in_plaintext_is_not_rotated_away(tmp_path: Path) -> None:
    world = Crossing(tmp_path)
    _take_in(world, "work", keep_plaintext=True)
    with pytest.raises(CredGuardError, match="work still has it in plaintext") as refused:
        world.rotate()
    assert refused.value.code == "key-in-plaintext"
    assert list(world.iam.keys) == [KEY]
    assert world.works("work")
    _take_in(world, "work")
    assert world.rotate().failure is None
    assert world.works("work")


def test_a_second_profile_with_the_key_in_plaintext_is_seen(tmp_path: Path) -> None:
    world = Crossing(tmp_path, ("work", "etl"))
    _take_in(world, "work")
    with pytest.raises(CredGuardError, match="etl"):
        world.rotate()
    assert world.works("work")
    assert world.works("etl")


def test_a_file_that_nobody_can_read_stops_no_rotation(tmp_path: Path) -> None:
    world = Crossing(tmp_path)
    _take_in(world, "work")
    Path(world.computer.credentials).write_bytes(b"no section = 1\n")
    assert world.rotate().failure is None


def test_plaintext_that_appears_while_a_rotation_rests_keeps_the_old_key_on(tmp_path: Path) -> None:
    world = Crossing(tmp_path)
    _take_in(world, "work")
    _no_network(world, "UpdateAccessKey")
    run = world.rotate().run_id
    world.iam.fault = lambda asked, n: None
    assert undo_import(world.tools(), lambda steps: None).ok
    world.computer.write(section("etl").encode() + Path(world.computer.credentials).read_bytes())
    report = world.rotations().resume(run)
    assert report.failure is not None
    assert report.failure.code == "key-in-plaintext"
    assert world.iam.keys[KEY].active
    assert world.works("etl")
    assert world.works("work")


def test_a_profile_imported_while_the_rotation_rests_is_switched_too(tmp_path: Path) -> None:
    world = Crossing(tmp_path)
    _take_in(world, "work")
    _no_network(world, "UpdateAccessKey")
    run = world.rotate().run_id
    world.iam.fault = lambda asked, n: None
    world.computer.write(section("etl").encode())
    _take_in(world, "etl")
    report = world.rotations().resume(run)
    assert report.failure is None
    assert report.state == "deactivated"
    assert world.works("work")
    assert world.works("etl")
    world.clock.sleep(8 * DAY)
    assert world.rotations().resume(run).state == "done"
    assert world.works("work")
    assert world.works("etl")


# ── undo-import meets a rotation ─────────────────────────────────────────────────────────────────
def test_undoing_a_rotation_leaves_no_dead_key_in_a_file(tmp_path: Path) -> None:
    world = Crossing(tmp_path)
    _take_in(world, "work")
    run = _in_grace(world)
    assert undo_import(world.tools()).ok
    assert world.works("work")  # with the new key, in plaintext
    report = world.rotations().undo(run)
    assert report.failure is not None
    assert report.failure.code == "key-in-plaintext"
    assert world.works("work")
    # The way it says: moved in again, then undone.
    _take_in(world, "work")
    report = world.rotations().undo(run)
    assert report.failure is None
    assert report.state == "rolled-back"
    assert world.works("work")
    assert list(world.iam.keys) == [KEY]


def test_a_rotation_after_undo_import_asks_for_the_import_first(tmp_path: Path) -> None:
    world = Crossing(tmp_path)
    _take_in(world, "work")
    assert undo_import(world.tools()).ok
    with pytest.raises(CredGuardError, match="plaintext"):
        world.rotate()
    assert world.works("work")


def test_the_new_key_moved_in_again_during_the_grace(tmp_path: Path) -> None:
    world = Crossing(tmp_path)
    _take_in(world, "work")
    run = _in_grace(world)
    assert undo_import(world.tools()).ok
    _take_in(world, "work")
    world.clock.sleep(8 * DAY)
    assert world.rotations().resume(run).state == "done"
    assert world.works("work")


# ── an import that was killed meets a rotation ───────────────────────────────────────────────────
@pytest.mark.parametrize("moment", ["before Prove", "before Settle", "before Switch"])
def test_a_key_whose_import_was_killed_is_not_rotated_before_it_is_finished(
    tmp_path: Path, moment: str
) -> None:
    world = Crossing(tmp_path)
    with pytest.raises(Killed):
        import_keys(world.computer.find("aws").keys, world.tools(fault=_kill_at(moment)))
    with pytest.raises(CredGuardError, match="import") as refused:
        world.rotate()
    assert refused.value.code == "import-unfinished"
    assert [o.ok for o in finish_interrupted(world.tools())] == [True]
    assert world.works("work")
    assert world.rotate().failure is None
    assert world.works("work")


def test_a_rotation_that_rests_waits_for_a_killed_import(tmp_path: Path) -> None:
    world = Crossing(tmp_path)
    _take_in(world, "work")
    _no_network(world, "UpdateAccessKey")
    run = world.rotate().run_id
    world.iam.fault = lambda asked, n: None
    world.computer.write(section("etl").encode())
    with pytest.raises(Killed):
        import_keys(world.computer.find("aws").keys, world.tools(fault=_kill_at("before Prove")))
    for go_on in (world.rotations().resume, world.rotations().undo):
        with pytest.raises(CredGuardError, match="import"):
            go_on(run)
    assert [o.ok for o in finish_interrupted(world.tools())] == [True]
    assert world.rotations().resume(run).state == "deactivated"
    assert world.works("work")
    assert world.works("etl")


# ── people in the AWS console meanwhile ──────────────────────────────────────────────────────────
def test_an_old_key_that_somebody_turned_on_again_is_not_deleted(tmp_path: Path) -> None:
    world = Crossing(tmp_path)
    _take_in(world, "work")
    run = _in_grace(world)
    world.iam.keys[KEY].active = True  # a server still needed it
    world.clock.sleep(8 * DAY)
    report = world.rotations().resume(run)
    assert report.failure is not None
    assert report.failure.code == "old-key-on-again"
    assert KEY in world.iam.keys
    assert world.works("work")
    # Turned off again, it goes.
    world.iam.keys[KEY].active = False
    assert world.rotations().resume(run).state == "done"
    assert KEY not in world.iam.keys


def test_back_to_an_old_key_that_was_turned_on_by_hand_when_the_new_one_is_gone(tmp_path: Path) -> None:
    world = Crossing(tmp_path)
    _take_in(world, "work")
    report = world.rotate()
    assert report.new_key is not None
    del world.iam.keys[report.new_key]  # deleted on the AWS website
    assert not world.works("work")
    stuck = world.rotations().undo(report.run_id)
    assert stuck.failure is not None
    world.iam.keys[KEY].active = True  # and this one turned on there
    back = world.rotations().undo(report.run_id)
    assert back.failure is None
    assert back.state == "rolled-back"
    assert world.works("work")


def test_a_key_offered_for_deletion_that_was_imported_meanwhile_stays(tmp_path: Path) -> None:
    other, secret = "AKIAOTHERKEYEXAMPLE0", "OTHERxUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    world = Crossing(tmp_path)
    _take_in(world, "work")
    world.iam.add(other, secret)
    asked = world.rotate()
    assert asked.ask is not None
    world.computer.write(section("etl", other, secret).encode())
    _take_in(world, "etl")
    report = world.rotations().answer(asked.run_id, other)
    assert report.failure is not None
    assert report.failure.code == "key-in-use"
    assert world.works("work")
    assert world.works("etl")
    assert SECRET not in str(report)
