"""An older file, or another branch, is warned of until somebody answers: a change does not answer it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from credguard.catalog.database import open_database
from credguard.catalog.seen import SeenInCatalog
from credguard.domain.errors import CredGuardError
from credguard.domain.text import text
from credguard.vault.sealed import format as layout
from credguard.vault.sealed.lineage import FIELD, LISTED, following, lineage_of
from credguard.vault.sealed.merge import merge
from credguard.vault.sealed.vault import SealedVault
from tests.support.stores import CHEAP, passphrase


class Folder:
    """A vault, its notes in a real catalog, and copies of the file from before."""

    def __init__(self, path: Path) -> None:
        self.path = path / "vault.cgv"
        self.database = open_database(str(path / "catalog.sqlite"))
        vault = SealedVault(str(self.path), seen=lambda: SeenInCatalog(self.database))
        vault.create(passphrase(), CHEAP)
        vault.put("totp/first", "1")
        self.old = self.path.read_bytes()
        vault.put("totp/here", "2")
        self.last = self.path.read_bytes()

    def opened(self) -> SealedVault:
        """As the next process opens it."""
        vault = SealedVault(str(self.path), seen=lambda: SeenInCatalog(self.database))
        vault.open(passphrase())
        return vault

    def elsewhere(self, start: bytes, *names: str) -> bytes:
        """The file as another computer, with notes of its own, went on with it."""
        self.path.write_bytes(start)
        vault = SealedVault(str(self.path))
        vault.open(passphrase())
        for name in names:
            vault.put(name, "3")
        return self.path.read_bytes()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def _codes(vault: SealedVault) -> list[str]:
    return [notice.code for notice in vault.notices()]


def test_another_branch_that_is_written_on_is_warned_of_until_it_is_merged(folder: Folder) -> None:
    folder.elsewhere(folder.old, "totp/there")
    vault = folder.opened()
    assert _codes(vault) == ["other-branch"]
    for number in range(3):
        vault.put("totp/new", str(number))
        assert _codes(vault) == ["other-branch"]
        assert _codes(folder.opened()) == ["other-branch"]
    told = merge(vault, folder.last)
    assert told.added == ("totp/here",)
    assert _codes(vault) == []
    assert _codes(folder.opened()) == []
    assert folder.opened().names() == ("totp/first", "totp/here", "totp/new", "totp/there")


def test_an_older_file_is_warned_of_however_much_is_written_to_it(folder: Folder) -> None:
    folder.path.write_bytes(folder.old)
    for number in range(5):
        vault = folder.opened()
        assert len(_codes(vault)) == 1, number
        vault.put("totp/new", str(number))
        assert len(_codes(vault)) == 1, number
    vault = folder.opened()
    vault.accept()
    vault.put("totp/new", "last")
    assert _codes(vault) == []
    assert _codes(folder.opened()) == []


def test_the_file_used_last_put_back_is_no_older_one(folder: Folder) -> None:
    folder.elsewhere(folder.old, "totp/there")
    folder.opened().put("totp/new", "1")
    folder.path.write_bytes(folder.last)
    assert _codes(folder.opened()) == []


def test_what_was_accepted_in_another_process_is_not_asked_again(folder: Folder) -> None:
    folder.elsewhere(folder.old, "totp/there")
    agent = folder.opened()
    folder.opened().accept()
    agent.put("totp/new", "1")
    assert _codes(agent) == []
    assert _codes(folder.opened()) == []


def test_a_write_that_fails_leaves_the_warning(folder: Folder) -> None:
    folder.elsewhere(folder.old, "totp/there")

    class Full(Exception):
        pass

    def fault(tick: str) -> None:
        if tick == "write":
            raise Full

    vault = SealedVault(str(folder.path), fault=fault, seen=lambda: SeenInCatalog(folder.database))
    vault.open(passphrase())
    with pytest.raises(Full):
        vault.put("totp/new", "1")
    assert len(_codes(folder.opened())) == 1


def test_a_branch_that_went_on_further_than_the_file_used_last_is_told(folder: Folder) -> None:
    """Two computers in a synced folder: the other one wrote more, so its generation is the higher one."""
    folder.elsewhere(folder.old, *(f"totp/there{n}" for n in range(5)))
    vault = folder.opened()
    assert _codes(vault) == ["other-branch"]
    vault.put("totp/new", "1")
    assert _codes(folder.opened()) == ["other-branch"], "a change answers nothing"
    vault = folder.opened()
    merge(vault, folder.last)
    assert _codes(folder.opened()) == []
    assert "totp/here" in folder.opened().names()


def test_both_computers_take_a_merged_file_for_the_newest(folder: Folder, tmp_path: Path) -> None:
    theirs = open_database(str(tmp_path / "theirs.sqlite"))

    def their_vault() -> SealedVault:
        vault = SealedVault(str(folder.path), seen=lambda: SeenInCatalog(theirs))
        vault.open(passphrase())
        return vault

    folder.path.write_bytes(folder.old)
    for name in ("totp/a", "totp/b", "totp/c"):
        their_vault().put(name, "3")
    branch = folder.path.read_bytes()
    folder.path.write_bytes(folder.last)
    merge(folder.opened(), branch)
    folder.opened().put("totp/after", "4")
    assert _codes(folder.opened()) == []
    assert _codes(their_vault()) == [], "both branches went into it"


def test_what_the_other_computer_made_of_the_file_used_last_is_no_branch(folder: Folder) -> None:
    folder.elsewhere(folder.last, *(f"totp/there{n}" for n in range(5)))
    assert _codes(folder.opened()) == []
    folder.elsewhere(folder.path.read_bytes(), *(f"totp/more{n}" for n in range(5)))
    assert _codes(folder.opened()) == []


def test_after_the_file_used_last_was_put_back_a_change_is_no_reason_to_warn(folder: Folder) -> None:
    folder.elsewhere(folder.old, "totp/there")
    for number in range(3):
        folder.opened().put("totp/new", str(number))  # with the warning
    folder.path.write_bytes(folder.last)
    folder.opened().put("totp/back", "1")
    assert _codes(folder.opened()) == []


def test_a_file_that_lists_nothing_is_taken_as_the_younger_one(folder: Folder, tmp_path: Path) -> None:
    """A vault made before the list existed; and one of a program that wrote the list back as it was."""
    vault = folder.opened()
    before = vault.loaded().file
    for listed in ({}, {FIELD: "?"}, {FIELD: [[1], ["x", 2], [-1, "a" * 32], [before.generation, "short"]]}):
        vault = folder.opened()
        file = replace(vault.loaded().file, extra=listed, generation=vault.loaded().file.generation)
        assert lineage_of(file.extra).files == frozenset()
    bare = replace(before, extra={})
    folder.path.write_bytes(layout.write(bare, vault.loaded().bundle.head))
    vault = folder.opened()
    assert _codes(vault) == ["other-branch"], "the same generation, another file"
    vault.accept()
    vault.put("totp/x", "1")
    assert _codes(folder.opened()) == []
    (entry,) = lineage_of(folder.opened().loaded().file.extra).files
    assert entry[0] == before.generation


def test_the_list_stays_short(folder: Folder) -> None:
    loaded = folder.opened().loaded()
    long = [[n, f"{n:032x}"] for n in range(LISTED + 50)]
    file = replace(loaded.file, generation=LISTED + 50, extra={FIELD: long})
    listed = following(file, (file, "f" * 64)).extra[FIELD]
    assert len(listed) == LISTED
    assert listed[0] == [LISTED + 50, "f" * 32]
    assert listed[-1][0] == 51


def test_notes_that_cannot_be_kept_stop_no_write(folder: Folder) -> None:
    class Broken(SeenInCatalog):
        def note(self, vault: str, generation: int, checksum: str, accept: bool = False) -> None:
            raise CredGuardError("disk-full", text("full"), text("make room"))

    folder.elsewhere(folder.old, "totp/there")
    vault = SealedVault(str(folder.path), seen=lambda: Broken(folder.database))
    vault.open(passphrase())
    vault.put("totp/new", "1")
    assert folder.opened().get("totp/new") == "1"
