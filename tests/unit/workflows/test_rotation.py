"""Rotation's corners: two keys, keys of somebody else, an old key that is gone, news that comes twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from credguard.domain.errors import CredGuardError
from credguard.domain.keys import Credentials
from credguard.domain.profiles import ProfileLink
from credguard.wire import items
from tests.faults.harness import Killed, Ticks
from tests.faults.rotation_world import ACCOUNT, DAY, OLD, World
from tests.support.memory_iam import IamKey

OTHER = "AKIAOTHERKEYEXAMPLE0"


def _denied(action: str) -> Any:
    return lambda asked, n: "denied" if asked == action else None


def _lost_once(world: World) -> None:
    world.iam.fault = lambda asked, n: "lost" if asked == "CreateAccessKey" and n == 1 else None


# ── two keys ─────────────────────────────────────────────────────────────────────────────────────
def test_both_keys_are_named_with_age_and_last_use(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.iam.keys[OLD].created = world.clock.now() - 97 * DAY
    world.iam.keys[OLD].used = world.clock.now() - DAY / 2
    world.iam.add(OTHER, age=411 * DAY, active=False)
    world.iam.keys[OTHER].used = world.clock.now() - 260 * DAY
    report = world.begin()
    assert report.ask is not None
    assert f"{OTHER} (411 days old, last used 260 days ago, turned off)" in str(report.ask.text)
    assert [key.access_key_id for key in report.keys] == [OLD, OTHER]
    assert report.keys[0].profiles == ("northwind", "nw-etl")
    assert (report.keys[1].service, report.keys[1].region) == ("s3", "eu-west-1")
    stopped = world.rotations().answer(report.run_id, "stop")
    assert stopped.failure is not None
    assert str(stopped.failure.what) == (
        f"m.keller already has two keys: {OLD} (97 days old, used today)"
        f" and {OTHER} (411 days old, last used 260 days ago, turned off)."
    )


def test_a_last_use_that_may_not_be_asked_is_no_never(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.iam.add(OTHER)
    world.iam.fault = _denied("GetAccessKeyLastUsed")
    report = world.begin()
    assert report.ask is not None
    assert "its last use may not be asked" in str(report.ask.text)
    assert "never" not in str(report.ask.text)


def test_a_key_that_serves_a_profile_here_is_never_offered(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.iam.add(OTHER, "other/EXAMPLE")
    world.store.write(
        items.access_key(OTHER), items.access_key_item(OTHER, "other/EXAMPLE", ACCOUNT, None, None)
    )
    world.store.write(items.profile("p-ci"), items.profile_item("p-ci", "ci", OTHER, ACCOUNT))
    world.profiles.save(ProfileLink("p-ci", "ci", OTHER, ACCOUNT, "/c"))
    report = world.begin()
    assert report.ask is None
    assert report.failure is not None
    assert report.failure.code == "two-keys"
    assert "ci" in str(report.failure.next)
    assert set(world.iam.keys) == {OLD, OTHER}
    world.assert_safe()


def test_the_key_chosen_is_forgotten_here_too(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.iam.add(OTHER, "other/EXAMPLE")
    world.store.write(
        items.access_key(OTHER), items.access_key_item(OTHER, "other/EXAMPLE", ACCOUNT, None, None)
    )
    report = world.begin()
    world.clock.sleep(3 * DAY)  # a person takes their time
    done = world.rotations().answer(report.run_id, OTHER)
    assert done.state == "deactivated"
    assert world.store.read(items.access_key(OTHER)) is None
    assert set(world.iam.keys) == {OLD, done.new_key}


def test_an_answer_that_comes_twice_does_no_harm(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.iam.add(OTHER)
    report = world.begin()
    first = world.rotations().answer(report.run_id, OTHER)
    again = world.rotations().answer(report.run_id, OTHER)
    assert (again.state, again.new_key) == (first.state, first.new_key)
    world.assert_safe()


# ── whose key is it ──────────────────────────────────────────────────────────────────────────────
def _killed_at(world: World, name: str) -> str:
    """Killed at the first tick of this name. Returns the run."""
    count = Ticks()
    world.begin(count)
    moment = count.names.index(name) + 1
    fresh = World(world.folder / "again")
    world.__dict__.update(fresh.__dict__)
    with pytest.raises(Killed):
        world.begin(Ticks(moment))
    world.restart()
    return world.journals.unfinished("rotation")[0].run_id


def test_a_key_made_in_the_console_while_the_run_rested_is_not_taken_for_the_orphan(tmp_path: Path) -> None:
    """The request was never sent; days later somebody made a key by hand and has not used it yet."""
    (tmp_path / "again").mkdir()
    world = World(tmp_path)
    run = _killed_at(world, "after begin CreateKey")
    world.clock.sleep(3 * DAY)
    world.iam.keys[OTHER] = IamKey("other/EXAMPLE", world.clock.now())
    report = world.rotations().resume(run)
    assert report.failure is not None
    assert report.failure.code == "unknown-key"
    assert set(world.iam.keys) == {OLD, OTHER}
    world.assert_safe()


def test_the_key_made_at_the_time_is_the_orphan_days_later(tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    world = World(tmp_path)
    run = _killed_at(world, "after begin CreateKey")
    world.iam.keys[OTHER] = IamKey("other/EXAMPLE", world.clock.now())  # it took effect after all
    world.clock.sleep(3 * DAY)
    report = world.rotations().resume(run)
    assert report.state == "deactivated"
    assert OTHER not in world.iam.keys


def test_a_new_key_that_is_used_is_not_taken_for_the_orphan(tmp_path: Path) -> None:
    world = World(tmp_path)

    def fault(asked: str, n: int) -> str | None:
        if asked == "CreateAccessKey" and n == 1:
            world.iam.keys[OTHER] = IamKey("other/EXAMPLE", world.clock.now(), used=world.clock.now())
            return "never"
        return None

    world.iam.fault = fault
    report = world.begin()
    if report.failure is not None and report.failure.retry:
        report = world.rotations().resume(report.run_id)
    assert OTHER in world.iam.keys
    assert OLD in world.iam.keys
    world.assert_safe()


def test_an_imported_key_is_not_taken_for_the_new_one(tmp_path: Path) -> None:
    """After a lost answer the list shows a key whose secret is stored here, because it was imported."""
    world = World(tmp_path)

    def fault(asked: str, n: int) -> str | None:
        if asked == "ListAccessKeys" and n == 2:
            world.iam.keys = {OLD: world.iam.keys[OLD], OTHER: IamKey("other/EXAMPLE", world.clock.now())}
            item = items.access_key_item(OTHER, "other/EXAMPLE", ACCOUNT, None, None)
            world.store.write(items.access_key(OTHER), item)
            world.profiles.save(ProfileLink("p-ci", "ci", OTHER, ACCOUNT, "/c"))
        return "lost" if asked == "CreateAccessKey" and n == 1 else None

    world.iam.fault = fault
    report = world.begin()
    assert report.failure is not None
    assert report.failure.code == "unknown-key"
    assert OTHER in world.iam.keys
    world.assert_safe()


def test_the_stored_key_is_adopted_after_a_crash(tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    world = World(tmp_path)
    run = _killed_at(world, "before end KeyCreated")
    report = world.rotations().resume(run)
    assert report.failure is None
    assert world.iam.calls["CreateAccessKey"] == 1
    assert set(world.iam.keys) == {OLD, report.new_key}


def test_a_key_whose_secret_was_lost_is_deleted_and_made_anew(tmp_path: Path) -> None:
    world = World(tmp_path)
    _lost_once(world)
    report = world.begin()
    assert report.failure is None
    assert world.iam.calls["CreateAccessKey"] == 2
    assert report.new_key == "AKIATW8MCRDNEW000002"


# ── the old key is gone, or may not be deleted ───────────────────────────────────────────────────
def test_undo_where_the_old_key_was_deleted_keeps_the_new_one(tmp_path: Path) -> None:
    world = World(tmp_path)
    report = world.begin()
    del world.iam.keys[OLD]
    undone = world.rotations().undo(report.run_id)
    assert undone.failure is not None
    assert undone.failure.code == "old-key-gone"
    assert str(undone.failure.kept) == "The new key is in use."
    assert set(world.served().values()) == {report.new_key}
    assert world.journals.unfinished("rotation") == ()
    assert world.store.names("access-key/") == (f"access-key/{report.new_key}",)
    world.assert_safe()


def test_undo_after_a_delete_that_failed_still_works(tmp_path: Path) -> None:
    world = World(tmp_path)
    report = world.begin()
    world.clock.sleep(8 * DAY)
    world.iam.fault = _denied("DeleteAccessKey")
    resumed = world.rotations().resume(report.run_id)
    assert resumed.failure is not None
    assert "iam:DeleteAccessKey" in str(resumed.failure.what)
    world.iam.fault = lambda asked, n: None
    undone = world.rotations().undo(report.run_id)
    assert undone.state == "rolled-back"
    assert list(world.iam.keys) == [OLD]
    world.assert_safe()


def test_undo_where_the_old_key_could_not_be_turned_off(tmp_path: Path) -> None:
    """The right to update keys is missing: the way back must not need it."""
    world = World(tmp_path)
    world.iam.fault = _denied("UpdateAccessKey")
    report = world.begin()
    assert report.failure is not None
    assert str(report.failure.kept) == "The new key is in use. The old one works too."
    failed = next(step for step in report.steps if step.state == "failed")
    assert (failed.id, str(failed.title)) == ("deactivate", "The old key was not turned off")
    undone = world.rotations().undo(report.run_id)
    assert undone.state == "rolled-back"
    assert list(world.iam.keys) == [OLD]
    world.assert_safe()


def test_a_spare_key_that_may_not_be_deleted_is_named(tmp_path: Path) -> None:
    world = World(tmp_path)
    report = world.begin()
    world.iam.fault = _denied("DeleteAccessKey")
    undone = world.rotations().undo(report.run_id)
    assert undone.failure is not None
    assert undone.failure.code == "not-deleted"
    assert report.new_key is not None
    assert report.new_key in str(undone.failure.what)
    assert set(world.served().values()) == {OLD}
    assert world.journals.unfinished("rotation") == ()


# ── around it ────────────────────────────────────────────────────────────────────────────────────
def test_resuming_what_is_over_changes_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    report = world.begin()
    world.finish()
    calls = dict(world.iam.calls)
    again = world.rotations().resume(report.run_id)
    assert again.state == "done"
    assert world.iam.calls == calls


def test_sessions_of_the_old_key_go_with_the_switch(tmp_path: Path) -> None:
    world = World(tmp_path)
    rotations = world.rotations()
    rotations.sessions.put(
        "s1", Credentials("ASIAEXAMPLE", world_secret(), world_secret(), world.clock.now() + 40_000)
    )
    for name in ("northwind", "nw-etl"):
        item = world.store.read(items.profile(f"p-{name}"))
        assert item is not None
        world.store.write(items.profile(f"p-{name}"), {**item, "session": "s1"})
    world.begin()
    assert world.store.names("session/") == ()
    item = world.store.read(items.profile("p-northwind"))
    assert item is not None
    assert item["session"] is None


def world_secret() -> Any:
    from credguard.domain.secret import Secret

    return Secret("session/EXAMPLE")


def test_the_new_key_is_proved_where_the_profiles_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path)
    asked: list[str | None] = []
    client = world.iam.client

    def spy(service: str, credentials: Credentials, **options: Any) -> Any:
        if service == "sts":
            asked.append(options.get("region"))
        return client(service, credentials, **options)

    monkeypatch.setattr(world.iam, "client", spy)
    from dataclasses import replace

    rotations = replace(
        world.rotations(), region_of=lambda link: {"northwind": "eu-west-1", "nw-etl": None}[link.name]
    )
    key = world.keys.get(OLD)
    assert key is not None
    report = rotations.begin(key, "Northwind", 7)
    assert report.failure is None
    assert asked.count("eu-west-1") == 5
    assert asked.count(None) == 5


def test_what_happened_stands_in_activity(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.iam.fault = _denied("CreateAccessKey")
    world.begin()
    world.iam.fault = lambda asked, n: None
    world.begin()
    world.finish()
    rows = world.rotations().activity.latest(10)
    assert [(row.kind, row.account_id) for row in rows] == [
        ("change", ACCOUNT),
        ("change", ACCOUNT),
        ("refused", ACCOUNT),
    ]
    assert "AccessDenied" in rows[2].detail
    assert "iam:CreateAccessKey" in rows[2].detail


def test_busy_for_a_second_process_on_undo_and_resume(tmp_path: Path) -> None:
    world = World(tmp_path)
    report = world.begin()
    rotations = world.rotations()
    with rotations.interlock.hold(f"key-{OLD}"):
        for act in (rotations.resume, rotations.undo):
            with pytest.raises(CredGuardError) as caught:
                act(report.run_id)
            assert caught.value.code == "busy"
    world.assert_safe()


def test_the_steps_say_when_the_old_key_is_deleted(tmp_path: Path) -> None:
    world = World(tmp_path)
    seen: list[tuple[str, ...]] = []
    key = world.keys.get(OLD)
    assert key is not None
    report = world.rotations().begin(
        key, "Northwind", 7, lambda steps: seen.append(tuple(str(s.title) for s in steps))
    )
    assert seen[0][5] == "Delete the old key after 7 days"
    assert seen[-1][:5] == (
        "Made a new key",
        "Stored it in Memory and read it back",
        "AWS accepts it, 5 times in a row",
        "Switched 2 profiles to it",
        "Turned the old key off",
    )
    assert seen[-1][5].startswith("Delete the old key on ")
    assert report.to_json()["state"] == "deactivated"
    assert [s["id"] for s in report.to_json()["steps"]] == [
        "create", "store", "verify", "switch", "deactivate", "delete",
    ]  # fmt: skip
