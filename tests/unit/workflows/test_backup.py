"""Backup and restore between two computers: whole, twice, with conflicts, killed, on a full disk."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from credguard.catalog.accounts import Accounts
from credguard.catalog.devices import Devices, MfaDevice
from credguard.catalog.keys import Keys, Profiles
from credguard.catalog.transfer import facts
from credguard.domain import otp
from credguard.domain.accounts import Account
from credguard.domain.errors import CredGuardError
from credguard.domain.keys import AccessKey
from credguard.domain.otp import OtpEntry
from credguard.domain.profiles import ProfileLink
from credguard.domain.restore import Keep, Row
from credguard.domain.secret import Secret
from credguard.system.interlock import Interlock
from credguard.vault.sealed.backup import line_of
from credguard.vault.sealed.credentials import Passphrase
from credguard.vault.store import SecretStore
from credguard.wire import items
from credguard.workflows import restore as work
from credguard.workflows.backup import Made, make_backup
from credguard.workflows.intake import import_keys
from tests.support.aws_files import KEY, KEY_2, SECRET, SECRET_2
from tests.support.clock import FakeClock
from tests.support.intake import Computer
from tests.support.stores import CHEAP, sealed_store

PASSPHRASE = Passphrase(Secret("six random words EXAMPLE"), CHEAP)
ACCOUNT = "123456789012"
CODE = OtpEntry(
    "u-1", Secret("JBSWY3DPEHPK3PXP"), name="AWS:alice", account_id=ACCOUNT, serial="arn:aws:iam::1:mfa/a"
)


class Killed(BaseException):
    pass


class World:
    """A computer with a clock, where a backup can be made and restored."""

    def __init__(self, folder: Path, store: SecretStore | None = None) -> None:
        folder.mkdir(exist_ok=True)
        self.computer = Computer(folder)
        self.clock = FakeClock(1_800_000_000.0)
        self.store = store or self.computer.store
        self.computer.store = self.store
        self.file = str(folder / "backup.cgb")

    def fill(self) -> World:
        database, store = self.computer.database, self.store
        arn = "arn:aws:iam::1:user/a"
        store.write(items.access_key(KEY), items.access_key_item(KEY, SECRET, ACCOUNT, arn, None))
        store.write(items.access_key(KEY_2), {**items.access_key_item(KEY_2, SECRET_2, None, None, None)})
        store.write(items.account(ACCOUNT), items.account_item(ACCOUNT, "northwind", "North Ltd", "teal"))
        store.write(items.profile("p-1"), items.profile_item("p-1", "northwind", KEY, ACCOUNT))
        store.write(items.totp("u-1"), otp.to_item(CODE))
        store.write(items.session("abc"), items.session_item("ASIA1", "x", "y", "2027-01-01T00:00:00Z", None))
        Accounts(database).save(Account(ACCOUNT, "northwind", "North Ltd", "teal", alias="nw", root_mfa=True))
        Keys(database).save(AccessKey(KEY, ACCOUNT, arn, 1_700_000_000.0, "active", last_used=5.0))
        Profiles(database).save(ProfileLink("p-1", "northwind", KEY, ACCOUNT, "/elsewhere/config"))
        Devices(database).save(MfaDevice(CODE.serial, "u-1", ACCOUNT, CODE.name))
        Devices(database).mark_used(str(CODE.serial), [7], self.clock.now())
        return self

    def backup(self, path: str | None = None, **more: Any) -> Made:
        given = {"credentials": [PASSPHRASE], **more}
        return make_backup(
            path or self.file, store=self.store, codes_store=self.store, database=self.computer.database,
            clock=self.clock, **given,
        )  # fmt: skip

    def target(self, **more: Any) -> work.Target:
        computer = self.computer
        return work.Target(
            self.store, self.store, computer.database, Interlock(str(computer.folder / "state" / "run")),
            self.clock, computer.config, computer.credentials, **more,
        )  # fmt: skip

    def plan(self, path: str) -> work.Plan:
        return work.plan(work.open_backup(path, PASSPHRASE), self.target())

    def restore(self, path: str, keep: Keep = "mine", **more: Any) -> work.Restored:
        def answer(row: Row) -> Keep:
            return keep

        return work.restore(self.plan(path), self.target(**more), answer)

    def everything(self) -> tuple[dict[str, Any], dict[str, str]]:
        return {name: self.store.read(name) for name in self.store.names()}, facts(self.computer.database)


@pytest.fixture
def full(tmp_path: Path) -> World:
    return World(tmp_path / "full").fill()


@pytest.fixture
def empty(tmp_path: Path) -> World:
    return World(tmp_path / "empty")


# ── backup ───────────────────────────────────────────────────────────────────────────────────────
def test_a_backup_is_private_and_holds_everything_but_sessions(full: World) -> None:
    made = full.backup()
    assert (made.keys, made.codes, made.accounts, made.generation) == (2, 1, 1, 1)
    assert stat.S_IMODE(os.stat(full.file).st_mode) == 0o600
    data = Path(full.file).read_bytes()
    assert made.size == len(data)
    opened = work.open_backup(full.file, PASSPHRASE)
    assert set(opened.items) == {n for n in full.store.names() if not n.startswith("session/")}
    for secret in (SECRET, SECRET_2, "JBSWY3DPEHPK3PXP"):
        assert secret.encode() not in data


def test_the_line_goes_on_and_a_backup_that_holds_more_stays(full: World, empty: World) -> None:
    full.backup()
    first = line_of(Path(full.file).read_bytes())
    assert full.backup().generation == 2
    assert line_of(Path(full.file).read_bytes()).vault == first.vault  # type: ignore[union-attr]
    whole = Path(full.file).read_bytes()
    empty.store.write(items.account("210987654321"), items.account_item("210987654321", "x", "", "blue"))
    for passphrase in (PASSPHRASE, Passphrase(Secret("another one EXAMPLE"), CHEAP)):
        with pytest.raises(CredGuardError) as caught:
            empty.backup(full.file, credentials=[passphrase])
        assert caught.value.code == "backup-holds-more"
    assert Path(full.file).read_bytes() == whole
    assert empty.backup(full.file, replace_it=True).generation == 3


def test_another_file_is_never_replaced(full: World) -> None:
    for content in (b"", b"my thesis"):
        Path(full.file).write_bytes(content)
        with pytest.raises(CredGuardError) as caught:
            full.backup(replace_it=True)
        assert caught.value.code == "file-exists"
        assert Path(full.file).read_bytes() == content


def test_nothing_to_back_up(empty: World) -> None:
    with pytest.raises(CredGuardError) as caught:
        empty.backup()
    assert caught.value.code == "nothing-to-back-up"
    assert not os.path.exists(empty.file)


@pytest.mark.parametrize("tick", ["create", "write", "sync", "read-back", "rename"])
def test_a_full_disk_leaves_the_old_backup(full: World, tick: str) -> None:
    full.backup()
    before = Path(full.file).read_bytes()

    def fault(reached: str) -> None:
        if reached == tick:
            raise OSError(errno.ENOSPC, "full")

    with pytest.raises(CredGuardError) as caught:
        full.backup(fault=fault)
    assert caught.value.code == "disk-full"
    assert Path(full.file).read_bytes() == before
    assert [p.name for p in Path(full.file).parent.glob("*backup*")] == ["backup.cgb"]


def test_an_item_of_a_newer_version_is_in_the_backup_as_it_is(full: World) -> None:
    newer = '{"v":9,"shape":"unknown"}'
    full.store.write("profile/p-9", items.profile_item("p-9", "x", KEY, None))
    full.computer.backend.set_password("credguard", "profile/p-9", newer)
    full.backup()
    assert work.open_backup(full.file, PASSPHRASE).items["profile/p-9"][0] == newer
    plan = full.plan(full.file)
    assert plan.unreadable == ("profile/p-9",)
    full.restore(full.file)
    assert full.computer.backend.items()["profile/p-9"] == newer


# ── restore ──────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("kind", ["keychain", "sealed"])
def test_restoring_into_nothing_brings_all_of_it(full: World, tmp_path: Path, kind: str) -> None:
    full.backup()
    sealed = sealed_store(tmp_path) if kind == "sealed" else None
    fresh = World(tmp_path / "fresh", sealed)
    plan = fresh.plan(full.file)
    assert {row.state for row in plan.rows} == {"new"}
    fresh.restore(full.file)
    was, now = full.everything()[0], fresh.everything()[0]
    assert now == {n: item for n, item in was.items() if not n.startswith("session/")}
    database = fresh.computer.database
    assert Accounts(database).get(ACCOUNT) == Accounts(full.computer.database).get(ACCOUNT)
    key = Keys(database).get(KEY)
    assert key is not None
    assert (key.created, key.last_used, key.status, key.store) == (1_700_000_000.0, 5.0, "active", kind)
    link = Profiles(database).get("p-1")
    assert link is not None
    assert link.config_path == fresh.computer.config  # this computer's, not the other's
    devices = Devices(database)
    assert devices.is_used(str(CODE.serial), 7)
    present = otp.step_at(CODE, fresh.clock.now())
    assert all(devices.is_used(str(CODE.serial), present + n) for n in (-2, -1, 0, 1, 2))


def test_a_second_restore_changes_nothing(full: World, empty: World) -> None:
    full.backup()
    assert empty.restore(full.file).items == 5
    before = empty.everything()
    assert {row.state for row in empty.plan(full.file).rows} == {"same"}
    again = empty.restore(full.file, "theirs")
    assert (again.items, again.facts) == (0, 0)
    assert empty.everything() == before


@pytest.mark.parametrize("keep", ["mine", "theirs"])
def test_what_differs_is_asked_and_nothing_is_deleted(full: World, empty: World, keep: Keep) -> None:
    full.backup()
    empty.restore(full.file)
    store, database = empty.store, empty.computer.database
    own = {"account_id": "210987654321", "name": "mine", "company": "", "color": "blue", "v": 1}
    store.write(items.account("210987654321"), own)
    store.write(items.account(ACCOUNT), items.account_item(ACCOUNT, "renamed", "North Ltd", "pink"))
    Accounts(database).save(Account(ACCOUNT, "renamed", "North Ltd", "pink", alias="nw"))
    store.write(items.profile("p-1"), items.profile_item("p-1", "northwind", KEY_2, ACCOUNT))
    Profiles(database).save(ProfileLink("p-1", "northwind", KEY_2, ACCOUNT, empty.computer.config, 3))
    store.write(items.access_key(KEY), {**items.access_key_item(KEY, "x" * 40, ACCOUNT, None, None)})
    plan = empty.plan(full.file)
    assert [(row.kind, [str(s) for s in row.differs]) for row in plan.conflicts] == [
        ("key", ["the secret differs"]),
        ("account", ["name: renamed here, northwind in the backup", "colour: pink here, teal in the backup"]),
        ("profile", [f"key: {KEY_2} here, {KEY} in the backup"]),
    ]
    names = set(store.names())
    done = empty.restore(full.file, keep)
    assert names <= set(store.names())
    assert len(done.kept if keep == "mine" else done.replaced) == 3
    theirs = keep == "theirs"
    assert store.read(items.access_key(KEY))["secret"] == Secret(SECRET if theirs else "x" * 40)  # type: ignore[index]
    account = Accounts(database).get(ACCOUNT)
    assert account is not None
    assert (account.name, account.color, account.alias, account.root_mfa) == (
        ("northwind", "teal", "nw", True) if theirs else ("renamed", "pink", "nw", True)
    )
    link = Profiles(database).get("p-1")
    assert link is not None
    assert (link.access_key_id, link.config_line) == (KEY if theirs else KEY_2, 3)
    assert store.read(items.account("210987654321")) == own


def test_a_change_made_while_the_person_looked_is_kept(full: World, empty: World) -> None:
    """The plan said `new`; by now another process stored something else under the name."""
    full.backup()
    plan = empty.plan(full.file)
    mine = items.account_item(ACCOUNT, "meanwhile", "", "pink")
    empty.store.write(items.account(ACCOUNT), mine)
    work.restore(plan, empty.target(), lambda row: "theirs")
    assert empty.store.read(items.account(ACCOUNT)) == mine


def test_killed_anywhere_and_done_again_it_is_whole(full: World, tmp_path: Path) -> None:
    full.backup()
    whole = World(tmp_path / "whole")
    whole.restore(full.file)
    goal = whole.everything()
    for stop in range(6):
        world = World(tmp_path / f"killed-{stop}")
        reached: list[str] = []

        def fault(tick: str, reached: list[str] = reached, stop: int = stop) -> None:
            reached.append(tick)
            if len(reached) == stop + 1:
                raise Killed

        with pytest.raises(Killed):
            world.restore(full.file, fault=fault)
        # No profile stands there without the key it names.
        for name in world.store.names("profile/"):
            profile = world.store.read(name) or {}
            assert world.store.read(f"access-key/{profile['access_key_id']}") is not None
        world.restore(full.file)
        again = world.everything()
        assert again[0] == goal[0]
        for table, rows in goal[1].items():
            assert again[1][table] == rows.replace(whole.computer.config, world.computer.config), (
                stop,
                table,
            )


def test_a_store_that_fails_midway_says_so_and_the_rest_follows(full: World, empty: World) -> None:
    full.backup()

    def fail(method: str, name: str) -> None:
        if method == "set" and name == items.access_key(KEY_2):
            raise CredGuardError("store-silent", items_text, items_text, retry=True)

    items_text: Any = "The keychain does not answer."
    empty.computer.backend.fail = fail  # type: ignore[assignment]
    with pytest.raises(CredGuardError) as caught:
        empty.restore(full.file)
    assert caught.value.code == "store-silent"
    empty.computer.backend.fail = lambda method, name: None
    empty.restore(full.file)
    assert {row.state for row in empty.plan(full.file).rows} == {"same"}


def test_two_restores_at_once_are_one(full: World, empty: World) -> None:
    full.backup()
    plan = empty.plan(full.file)
    with empty.target().interlock.hold("restore"), pytest.raises(CredGuardError) as caught:
        work.restore(plan, empty.target(), lambda row: "mine")
    assert caught.value.code == "busy"


def test_an_entry_has_one_device_after_it(full: World, empty: World) -> None:
    database = full.computer.database
    Devices(database).mark_used("entry/u-1", [11], full.clock.now())
    full.backup()
    Devices(empty.computer.database).save(MfaDevice("arn:other", "u-1", ACCOUNT, "mine"))
    empty.restore(full.file)
    assert [d.device for d in Devices(empty.computer.database).all() if d.entry_id == "u-1"] == [CODE.serial]


# ── lines ────────────────────────────────────────────────────────────────────────────────────────
def test_the_line_of_a_restored_profile_is_written_by_the_intake(full: World, empty: World) -> None:
    full.backup()
    empty.restore(full.file)
    missing = work.profiles_without_line(empty.plan(full.file), empty.target())
    assert [(m.name, m.access_key_id, m.found.profile_id) for m in missing] == [("northwind", KEY, "p-1")]
    computer = empty.computer
    computer.cloud.keys[KEY] = (SECRET, f"arn:aws:iam::{ACCOUNT}:user/a")
    (outcome,) = import_keys(missing, computer.tools())
    assert outcome.ok, outcome.failure
    assert computer.resolved("northwind") == (KEY, "custom-process")
    assert " p-1\n" in Path(computer.config).read_text()


def test_a_profile_whose_line_is_there_needs_none(full: World, empty: World) -> None:
    """The state folder was lost and ~/.aws was not: after the restore everything works as before."""
    full.backup()
    empty.computer.write(config=b"[profile northwind]\ncredential_process = credguard-credentials p-1\n")
    empty.restore(full.file)
    assert work.profiles_without_line(empty.plan(full.file), empty.target()) == ()


def test_a_line_that_cannot_be_written_leaves_what_was_restored(full: World, empty: World) -> None:
    full.backup()
    config = b"[profile northwind]\ncredential_process = other-tool\n"
    empty.computer.write(config=config)
    empty.restore(full.file)
    before = empty.everything()[0]
    missing = work.profiles_without_line(empty.plan(full.file), empty.target())
    empty.computer.cloud.keys[KEY] = (SECRET, f"arn:aws:iam::{ACCOUNT}:user/a")
    (outcome,) = import_keys(missing, empty.computer.tools())
    assert outcome.failure is not None
    assert outcome.failure.code == "profile-taken"
    assert Path(empty.computer.config).read_bytes() == config
    now = empty.everything()[0]
    now.pop("file-backup", None)
    assert {n: i for n, i in now.items() if not n.startswith("profile/")} == {
        n: i for n, i in before.items() if not n.startswith("profile/")
    }
    assert set(now) == set(before)
