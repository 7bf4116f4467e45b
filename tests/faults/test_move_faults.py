"""Moving between keychain and sealed vault, ended by the system at every step, and again while it recovers.

Each attempt runs in a process of its own that leaves with `os._exit`. After each, every secret can be read in
the store that the settings name; after the last, the old store holds none of them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from credguard.catalog.activity import Activity
from credguard.catalog.database import open_database
from credguard.catalog.journal import Journals
from credguard.catalog.keys import Keys
from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.settings import Settings
from credguard.system.interlock import Interlock
from credguard.vault.sealed.backend import SealedBackend
from credguard.vault.sealed.vault import SealedVault
from credguard.vault.store import SecretStore
from credguard.workflows.move_store import MoveTools, Stores, finish, move
from tests.support.clock import FakeClock
from tests.support.intake import FileBackend
from tests.support.stores import CHEAP, PASSPHRASE

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

ITEMS: dict[str, dict[str, object]] = {
    "access-key/AKIAIOSFODNN7EXAMPLE": {"v": 1, "secret": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"},
    "profile/p-1": {"v": 1, "id": "p-1"},
    "account/123456789012": {"v": 1, "name": "Acme"},
    "file-backup": {"v": 1, "key": "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="},
    "totp/1": {"v": 1, "name": "Mail", "secret": "JBSWY3DPEHPK3PXP"},
}
KILLED, FINISHED = 9, 0


class House:
    """One computer; opening it twice is two processes on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = Settings(str(folder / "settings.json"))
        self.file = FileBackend(folder / "keychain.json")
        self.path = str(folder / "vault.cgv")

    def tools(self, fault: Callable[[str], None] = lambda tick: None) -> MoveTools:
        database = open_database(str(self.folder / "catalog.sqlite"))
        return MoveTools(
            self.settings,
            Stores(self.keychain, lambda parts: self.sealed(parts, fault)),
            Journals(database),
            Keys(database),
            Activity(database),
            Interlock(str(self.folder / "run")),
            FakeClock(),
            fault,
        )

    def keychain(self) -> SecretStore:
        return SecretStore(self.file, "keychain", "Keychain")

    def sealed(
        self, parts: tuple[str, ...] = ("keys", "codes"), fault: Callable[[str], None] = lambda tick: None
    ) -> SealedBackend:
        return SealedBackend(
            SealedVault(self.path, fault=fault), lambda question: PASSPHRASE, cost=CHEAP, compartments=parts
        )

    def store(self, kind: str) -> SecretStore:
        if kind == "keychain":
            return self.keychain()
        backend = self.sealed()
        return SecretStore(backend, "sealed", "Vault", listing=backend)

    def kinds(self) -> tuple[str, str]:
        keys = self.settings.get("store")
        return keys, self.settings.get("codes_store") or keys

    def fill(self, keys: str, codes: str = "") -> None:
        self.settings.set("store", keys)
        if codes:
            self.settings.set("codes_store", codes)
        for name, item in ITEMS.items():
            self.store(self.kinds()[name.startswith("totp/")]).write(name, item)
        self.store(keys).write("session/x", {"v": 1})

    def all_there(self) -> None:
        keys, codes = self.kinds()
        for name, item in ITEMS.items():
            found = self.store(codes if name.startswith("totp/") else keys).read(name)
            assert found is not None, name
            plain = {k: v.reveal() if isinstance(v, Secret) else v for k, v in found.items()}
            assert plain == item, name


MOVES = [
    ("keychain", "", "store", "sealed"),
    ("keychain", "", "codes_store", "sealed"),
    ("sealed", "", "store", "keychain"),
    ("sealed", "", "codes_store", "keychain"),
    ("keychain", "sealed", "codes_store", "keychain"),
    ("keychain", "sealed", "store", "sealed"),
    ("sealed", "keychain", "store", "keychain"),
]


def _clean(house: House, keys: str, codes: str) -> None:
    """Nothing of what moved is left behind."""
    in_keychain = {n for n in house.file.items() if not n.startswith("index/")}
    expected = {n for n in ITEMS if house.kinds()[n.startswith("totp/")] == "keychain"}
    if house.kinds()[0] == keys == "keychain":
        expected.add("session/x")  # the keys stayed, with their sessions
    assert in_keychain == expected
    vault = SealedVault(house.path)
    if "sealed" not in house.kinds():
        assert not list(house.folder.glob("vault.cgv*")), "a vault that holds nothing goes"
        return
    parts = tuple(p for p, kind in zip(("keys", "codes"), house.kinds(), strict=True) if kind == "sealed")
    assert set(vault.compartments()) == set(parts)


@pytest.mark.parametrize(("keys", "codes", "setting", "target"), MOVES)
def test_a_move_is_whole(tmp_path: Path, keys: str, codes: str, setting: str, target: str) -> None:
    house = House(tmp_path)
    house.fill(keys, codes)
    done = move(house.tools(), setting, target)
    assert done.left == ()
    assert house.settings.get(setting) == target
    house.all_there()
    _clean(house, keys, codes)
    assert move(house.tools(), setting, target).phase == "done", "again: nothing to do"


def _attempt(folder: Path, work: Callable[[House, Callable[[str], None]], None], kill_at: int) -> int:
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            left = [kill_at]

            def tick(name: str) -> None:
                left[0] -= 1
                if left[0] < 0:
                    os._exit(KILLED)

            work(House(folder), tick)
            code = FINISHED
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize(("keys", "codes", "setting", "target"), MOVES[:4])
@pytest.mark.parametrize("again", [3, 11])
def test_killed_at_every_step_and_again(
    tmp_path: Path, keys: str, codes: str, setting: str, target: str, again: int
) -> None:
    def work(house: House, tick: Callable[[str], None]) -> None:
        move(house.tools(tick), setting, target)

    for kill_at in range(0, 1000, 1 + again // 4):
        folder = tmp_path / str(kill_at)
        folder.mkdir()
        House(folder).fill(keys, codes)
        ended = _attempt(folder, work, kill_at)
        assert ended in {KILLED, FINISHED}
        House(folder).all_there()
        assert _attempt(folder, work, again) in {KILLED, FINISHED}
        House(folder).all_there()
        house = House(folder)
        finish(house.tools())
        move(house.tools(), setting, target)
        house.all_there()
        _clean(house, keys, codes)
        if ended == FINISHED:
            return
    raise AssertionError("never finished")


def test_what_another_process_writes_meanwhile_is_taken_along_or_left(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.fill("keychain")
    other = house.keychain()

    def meanwhile(tick: str) -> None:
        if tick == "begun CatchUp":
            other.write("access-key/AKIALATE0000EXAMPLE", {"v": 1, "secret": "late"})
            other.write("profile/p-1", {"v": 1, "id": "p-1", "changed": True})

    move(house.tools(meanwhile), "store", "sealed")
    sealed = house.store("sealed")
    assert sealed.read("access-key/AKIALATE0000EXAMPLE") == {"v": 1, "secret": Secret("late")}
    assert sealed.read("profile/p-1") == {"v": 1, "id": "p-1", "changed": True}


def test_a_secret_that_differs_is_never_removed(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.fill("keychain")

    def meanwhile(tick: str) -> None:
        if tick == "begun Remove":
            house.keychain().write("access-key/AKIAIOSFODNN7EXAMPLE", {"v": 1, "secret": "another"})

    done = move(house.tools(meanwhile), "store", "sealed")
    assert done.left == ("access-key/AKIAIOSFODNN7EXAMPLE",)
    assert json.loads(house.file.items()["access-key/AKIAIOSFODNN7EXAMPLE"])["secret"] == "another"
    house.all_there()


def test_a_store_that_fails_changes_nothing(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.fill("keychain")
    before = dict(house.file.items())

    def fail(tick: str) -> None:
        if tick == "copy totp/1":
            raise CredGuardError("disk-full", *(_words("a"), _words("b")))

    with pytest.raises(CredGuardError) as caught:
        move(house.tools(fail), "store", "sealed")
    assert "Everything is where it was" in str(caught.value.kept)
    assert house.settings.get("store") == "keychain"
    assert house.file.items() == before
    move(house.tools(), "store", "sealed")
    house.all_there()


def _words(words: str) -> object:
    from credguard.domain.text import Text

    return Text(words)
