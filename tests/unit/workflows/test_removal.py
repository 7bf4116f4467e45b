"""Uninstalling: no secret that is in CredGuard alone is ever removed with it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from credguard.domain import otp
from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.files import backups
from credguard.wire import items
from credguard.workflows.intake import import_keys
from credguard.workflows.removal import RemovePlan, UninstallPlan, plan_uninstall, remove_key, uninstall
from tests.faults.crossing import DAY, Crossing, section
from tests.support.aws_files import KEY, KEY_2, SECRET, SECRET_2

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the helper is started as on POSIX")


def _plan(world: Crossing) -> UninstallPlan:
    computer = world.computer
    folder = str(computer.folder / "state")
    return plan_uninstall(world.tools(), folder, computer.store, (computer.config, computer.credentials))


def _uninstall(world: Crossing) -> None:
    uninstall(_plan(world), world.tools(), world.computer.store)


def _take_in(world: Crossing, *profiles: str, source: str = "aws", keep_plaintext: bool = False) -> None:
    found = world.computer.find(source, profiles).keys
    assert all(o.ok for o in import_keys(found, world.tools(), keep_plaintext=keep_plaintext))
    world.clock.sleep(60)


def _two(tmp_path: Path) -> Crossing:
    """`prod` and `prod-admin`, imported one after the other."""
    world = Crossing(tmp_path, ("prod",))
    world.iam.add(KEY_2, SECRET_2)
    world.computer.write((section("prod") + section("prod-admin", KEY_2, SECRET_2)).encode())
    return world


def test_several_imports_all_come_back(tmp_path: Path) -> None:
    world = _two(tmp_path)
    before = world.computer.files()
    _take_in(world, "prod")
    _take_in(world, "prod-admin")
    plan = _plan(world)
    assert plan.stranded == ()
    assert len(plan.imports) == 2
    _uninstall(world)
    assert world.computer.files() == before
    assert world.computer.backend.items() == {}
    assert not (tmp_path / "state").exists()


def test_a_key_whose_sealed_copy_is_gone_is_not_removed(tmp_path: Path) -> None:
    """Copies are kept for 90 days, those of the newest import always."""
    world = _two(tmp_path)
    _take_in(world, "prod")
    old = [copy.name for copy in backups.listed(str(world.computer.backups))]
    _take_in(world, "prod-admin")
    for name in old:
        backups.discard(str(world.computer.backups), name)
    plan = _plan(world)
    assert plan.stranded == (f"prod ({KEY})",)
    with pytest.raises(CredGuardError, match="prod") as refused:
        uninstall(replace(plan, stranded=()), world.tools(), world.computer.store)
    assert refused.value.code == "only-copy"
    assert world.computer.store.read(items.access_key(KEY)) is not None
    assert world.computer.store.read(items.access_key(KEY_2)) is not None


def _csv(world: Crossing) -> Path:
    path = world.computer.downloads / "deploy_accessKeys.csv"
    path.write_text(f"Access key ID,Secret access key\n{KEY},{SECRET}\n")
    world.computer.write(b"")
    _take_in(world, source=f"csv:{path}")
    assert not path.exists()
    return path


def test_a_key_from_a_csv_comes_back_as_one(tmp_path: Path) -> None:
    world = Crossing(tmp_path)
    path = _csv(world)
    assert _plan(world).stranded == ()
    _uninstall(world)
    assert SECRET in path.read_text()


def test_a_key_from_a_csv_that_was_rotated_since_is_in_no_file(tmp_path: Path) -> None:
    world = Crossing(tmp_path)
    _csv(world)
    report = world.rotate()
    assert report.failure is None
    assert _plan(world).stranded == (report.new_key,)


def test_a_rotated_key_comes_back_as_it_is_today_and_the_old_one_is_not_asked_for(tmp_path: Path) -> None:
    world = Crossing(tmp_path)
    _take_in(world, "work")
    report = world.rotate()
    assert report.new_key is not None
    assert _plan(world).stranded == ()
    _uninstall(world)
    secret = world.iam.keys[report.new_key].secret
    assert secret in Path(world.computer.credentials).read_text()


def test_a_new_key_that_nothing_points_to_yet_is_not_lost(tmp_path: Path) -> None:
    world = Crossing(tmp_path)
    _take_in(world, "work")
    world.iam.fault = lambda asked, n: "never" if asked == "UpdateAccessKey" else None
    report = world.rotate()  # rests with both keys on
    assert _plan(world).stranded == (KEY,)
    world.iam.fault = lambda asked, n: None
    assert world.rotations().resume(report.run_id).state == "deactivated"
    world.clock.sleep(8 * DAY)
    assert world.rotations().resume(report.run_id).state == "done"
    assert _plan(world).stranded == ()


def test_plaintext_that_was_kept_is_a_copy(tmp_path: Path) -> None:
    world = Crossing(tmp_path)
    _take_in(world, "work", keep_plaintext=True)
    assert _plan(world).stranded == ()
    Path(world.computer.credentials).write_text("# gone meanwhile\n")
    assert _plan(world).stranded == (KEY,)


def test_codes_are_in_no_file(tmp_path: Path) -> None:
    world = Crossing(tmp_path)
    entry = otp.OtpEntry("an-id", Secret("JBSWY3DPEHPK3PXP"), name="Northwind")
    world.computer.store.write(items.totp("an-id"), otp.to_item(entry))
    assert _plan(world).stranded == ("Northwind",)
    world.computer.store.write(items.totp("an-id"), otp.to_item(replace(entry, deleted_at=1.0)))
    assert _plan(world).stranded == ()


# ── one key ──────────────────────────────────────────────────────────────────────────────────────
def _remove(world: Crossing) -> None:
    tools = world.tools()
    remove_key(
        RemovePlan(KEY, ("work",)), store=tools.store, keys=tools.keys, profiles=tools.profiles,
        activity=tools.activity, interlock=tools.interlock, clock=tools.clock,
    )  # fmt: skip


def test_a_removed_key_leaves_nothing_of_itself(tmp_path: Path) -> None:
    world = Crossing(tmp_path)
    _take_in(world, "work")
    _remove(world)
    assert world.computer.store.names("access-key/") == ()
    assert world.computer.store.names("profile/") == ()
    assert world.tools().profiles.all() == ()
    assert world.tools().keys.all() == ()
    assert KEY in world.iam.keys  # AWS is not asked
    _remove(world)  # safe to repeat


def test_a_key_is_not_removed_while_somebody_works_on_it(tmp_path: Path) -> None:
    world = Crossing(tmp_path)
    _take_in(world, "work")
    with world.tools().interlock.hold(f"key-{KEY}"), pytest.raises(CredGuardError) as caught:
        _remove(world)
    assert caught.value.code == "busy"
    assert world.works("work")
