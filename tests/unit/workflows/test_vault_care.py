"""Looking after the vault: what a removal does beyond the file, what is due, which slot a name means."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from credguard.domain.edits import FileEdit, digest
from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.files import backups
from credguard.files import reseal as reseal_file
from credguard.files.reseal import reseal
from credguard.system.interlock import Interlock
from credguard.vault.filebackup import BackupSealer
from credguard.vault.keychain_slots import KeychainSlots
from credguard.vault.sealed.backend import SealedBackend
from credguard.vault.sealed.format import MAX_FILE
from credguard.vault.sealed.slot_changes import SlotChanges
from credguard.vault.sealed.vault import SealedVault
from credguard.vault.store import SecretStore
from credguard.workflows.vault_care import VaultCare
from tests.support.clock import FakeClock
from tests.support.stores import CHEAP, PASSPHRASE, memory_store


class Rows:
    def __init__(self) -> None:
        self.actions: list[str] = []

    def record(self, at: float, actor: str, action: object, **more: Any) -> None:
        self.actions.append(str(action))


class House:
    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.folder = folder / "backups"
        self.path = folder / "vault.cgv"
        self.rows = Rows()
        self.backend = SealedBackend(
            SealedVault(str(self.path), clock=self.clock), lambda question: PASSPHRASE, cost=CHEAP
        )
        self.store = SecretStore(self.backend, "sealed", "Vault", listing=self.backend)
        self.sealer = BackupSealer(self.store)
        keychain = memory_store()[0]
        self.care = VaultCare(
            self.backend,
            keychain=KeychainSlots(lambda: keychain),
            keys=None,
            activity=lambda: self.rows,  # type: ignore[arg-type, return-value]
            backups=str(self.folder),
            clock=self.clock,
            cost=CHEAP,
        )

    def copy(self, run: str) -> str:
        name = backups.backup_name(self.clock.now(), "abc123", run)
        target = self.path.parent / f"credentials-{run}"
        target.write_bytes(b"[a]\n")
        edit = FileEdit(str(target), digest(target.read_bytes()))
        backups.write_backup(str(self.folder), name, [edit], self.sealer, {"run": run})
        return name


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = House(tmp_path)
    made.store.write("access-key/AKIAIOSFODNN7EXAMPLE", {"v": 1, "secret": Secret("wJalrXUtnFEMIEXAMPLE")})
    made.store.write("totp/1", {"v": 1, "name": "Mail", "secret": Secret("JBSWY3DPEHPK3PXP")})
    return made


def test_a_removal_changes_the_key_of_the_copies_and_says_what_to_rotate(house: House) -> None:
    names = [house.copy("r1"), house.copy("r2")]
    old = house.store.read("file-backup")
    assert old is not None
    code = house.care.new_code()
    slot = house.care.add_recovery(code, "paper", ["keys"])
    told = house.care.remove(slot)
    assert told.access_keys == ("AKIAIOSFODNN7EXAMPLE",)
    assert told.codes == (), "that slot opened the keys alone"
    now = house.store.read("file-backup")
    assert now is not None
    assert now["key"] != old["key"]
    assert "previous_secret" not in now
    for name in names:
        assert backups.read_backup(str(house.folder), name, house.sealer).note["run"]
        sealed = (house.folder / name).read_bytes()
        memory, _ = memory_store()
        memory.write("file-backup", old)
        with pytest.raises(CredGuardError):
            BackupSealer(memory).unseal(sealed)
    assert any("removed a way" in action for action in house.rows.actions)


@pytest.mark.parametrize("done", [0, 1, 2])
def test_interrupted_at_any_copy_all_can_still_be_opened(house: House, done: int) -> None:
    names = [house.copy("r1"), house.copy("r2")]
    house.sealer.begin_new_key()
    for name in names[:done]:
        path = house.folder / name
        path.write_bytes(house.sealer.seal(house.sealer.unseal(path.read_bytes())))
    for name in names:
        assert backups.read_backup(str(house.folder), name, BackupSealer(house.store)).note["run"]
    key = house.store.read("file-backup")
    house.sealer.begin_new_key()
    assert house.store.read("file-backup") == key, "begun once, not twice"
    house.care.open()
    house.care.renew_file_backups()
    assert "previous_secret" not in (house.store.read("file-backup") or {})
    for name in names:
        assert backups.read_backup(str(house.folder), name, house.sealer).note["run"]
    assert reseal(str(house.folder), house.sealer) == 2


class Killed(BaseException):
    pass


@pytest.mark.parametrize("how", ["open", "seal"])
@pytest.mark.parametrize("step", ["remove", "note", "begin", "reseal", "end"])
def test_a_removal_that_was_killed_is_finished_by_the_next_use(
    house: House, monkeypatch: pytest.MonkeyPatch, step: str, how: str
) -> None:
    """At no moment is it forgotten that the copies need a new key: the removed slot opened the old one."""
    names = [house.copy("r1"), house.copy("r2")]
    old = house.store.read("file-backup")
    assert old is not None
    slot = house.care.add_recovery(house.care.new_code())

    def dies(*_: object, **__: object) -> None:
        raise Killed

    place = {
        "remove": (SealedVault, "delete_copies"),
        "note": (house.rows, "record"),
        "begin": (BackupSealer, "begin_new_key"),
        "reseal": (reseal_file, "replace_file"),
        "end": (BackupSealer, "end_new_key"),
    }[step]
    with monkeypatch.context() as patch:
        patch.setattr(*place, dies)
        with pytest.raises(Killed):
            house.care.remove(slot)
    house.backend.lock()
    if how == "open":
        house.care.open()
    else:
        sealer = BackupSealer(house.store, lambda plain: reseal_file.renew(str(house.folder), plain))
        with sealer.making_copy():
            sealer.unseal(sealer.seal(b"more"))
    now = house.store.read("file-backup")
    assert now is not None
    assert set(now) == {"v", "key"}
    assert now["key"] != old["key"]
    memory, _ = memory_store()
    memory.write("file-backup", old)
    for name in names:
        assert backups.read_backup(str(house.folder), name, house.sealer).note["run"]
        with pytest.raises(CredGuardError):
            BackupSealer(memory).unseal((house.folder / name).read_bytes())
    assert house.care.state().ways[-1].slot.type == "passphrase"


def test_a_copy_is_never_sealed_with_a_key_that_ends_meanwhile(house: House, tmp_path: Path) -> None:
    """Between sealing a copy and putting it in its place, no renewal begins and ends: it waits."""
    lock = Interlock(str(tmp_path / "locks"), house.clock)
    house.copy("r1")

    def alone() -> AbstractContextManager[None]:
        return lock.hold("file-backup")

    class Slow(BackupSealer):
        def seal(self, plain: bytes) -> bytes:
            sealed = super().seal(plain)
            with pytest.raises(CredGuardError) as caught, alone():
                reseal_file.renew(str(house.folder), BackupSealer(house.store))
            assert caught.value.code == "busy"
            return sealed

    house.sealer = Slow(house.store, alone=alone)
    name = house.copy("r2")
    with alone():
        reseal_file.renew(str(house.folder), BackupSealer(house.store))
    assert backups.read_backup(str(house.folder), name, BackupSealer(house.store)).note == {"run": "r2"}


def test_a_copy_that_is_sealed_anew_while_it_is_read_is_read(house: House) -> None:
    name = house.copy("r1")

    class Overtaken(BackupSealer):
        def unseal(self, sealed: bytes) -> bytes:
            if not done:
                done.append(1)
                reseal_file.renew(str(house.folder), BackupSealer(house.store))
            return super().unseal(sealed)

    done: list[int] = []
    assert backups.read_backup(str(house.folder), name, Overtaken(house.store)).note == {"run": "r1"}


def test_codes_that_need_a_key_from_now_on_are_not_forgotten_by_a_kill(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.copy("r1")

    def dies(*_: object, **__: object) -> None:
        raise Killed

    house.care.open()
    with monkeypatch.context() as patch:
        patch.setattr(SlotChanges, "narrow", dies)
        with pytest.raises(Killed):
            house.care.need_key("codes", True)
    assert house.sealer.is_due


@pytest.mark.parametrize("times", [2, 3])
def test_a_copy_put_back_twice_in_a_second_keeps_both_files(house: House, times: int) -> None:
    stood = []
    for number in range(times):
        stood.append(b"damaged %d" % number)
        house.path.write_bytes(stood[-1])
        house.care.use_copy(house.care.copies()[0])
    kept = house.care._vault.set_aside()
    assert sorted(Path(path).read_bytes() for path in kept) == stood


def test_a_merge_reads_no_pipe_no_device_and_nothing_endless(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"CREDGV\r\n")
    os.truncate(tmp_path / "large", MAX_FILE + 1)
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "pipe", tmp_path / "large", tmp_path / "folder", Path("/dev/zero")):
        with pytest.raises(CredGuardError) as caught:
            house.care.merge(str(path))
        assert caught.value.code == "file-unreadable", path


def test_a_removal_that_is_refused_leaves_the_key_of_the_copies(house: House) -> None:
    house.copy("r1")
    old = house.store.read("file-backup")
    with pytest.raises(CredGuardError) as caught:
        house.care.remove(house.care.find("passphrase"))
    assert caught.value.code == "slot-last"
    assert house.store.read("file-backup") == old


def test_what_a_name_means(house: House) -> None:
    one = house.care.add_recovery(house.care.new_code(), "Safe")
    two = house.care.add_recovery(house.care.new_code(), "safe")
    assert house.care.find("Safe").id == one.id
    assert house.care.find("safe").id == two.id
    assert house.care.find(two.id[:8]).id == two.id
    assert house.care.find("passphrase").type == "passphrase"
    for name, code in (("SAFE", "several-fit"), ("recovery", "several-fit"), ("nobody", "no-such-slot")):
        with pytest.raises(CredGuardError) as caught:
            house.care.find(name)
        assert caught.value.code == code


def test_a_reminder_after_180_days(house: House) -> None:
    slot = house.care.add_recovery(house.care.new_code())
    house.clock.sleep(179 * 86_400)
    assert not any(way.due for way in house.care.state().ways)
    house.clock.sleep(2 * 86_400)
    assert all(way.due for way in house.care.state().ways)

    class Given:
        def passphrase(self, question: str) -> Secret:
            return Secret(PASSPHRASE)

        def recovery_code(self) -> Secret:
            raise AssertionError

    house.care.prove(house.care.find("passphrase"), Given())
    assert [way.due for way in house.care.state().ways] == [False, True]
    assert slot.proved is None


def test_a_new_recovery_code_ends_the_old_one(house: House) -> None:
    first, second = house.care.new_code(), house.care.new_code()
    house.care.new_recovery(first)
    house.care.new_recovery(second)
    from credguard.vault.sealed.credentials import RecoveryCode

    vault = SealedVault(str(house.path))
    with pytest.raises(CredGuardError) as caught:
        vault.unlock(RecoveryCode(first))
    assert caught.value.code == "wrong-recovery-code"
    vault.unlock(RecoveryCode(second))
    assert house.care.state().without_recovery == ()


def test_the_keychain_opens_keys_unless_codes_are_asked_for(house: House) -> None:
    assert house.care.add_keychain().opens == ("keys",)
    assert house.care.add_keychain("", ["keys", "codes"]).opens == ("keys", "codes")
    with pytest.raises(CredGuardError) as caught:
        house.care.add_security_key()
    assert caught.value.code == "key-nobody"
