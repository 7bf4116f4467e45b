"""Facts of a backup taken in again: what is known here wins, and no used step is forgotten."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from credguard.catalog.accounts import Accounts
from credguard.catalog.database import Database, open_database
from credguard.catalog.devices import Devices, MfaDevice
from credguard.catalog.keys import Keys, Profiles
from credguard.catalog.transfer import facts, take_in
from credguard.domain.accounts import Account
from credguard.domain.keys import AccessKey
from credguard.domain.profiles import ProfileLink

ID = "123456789012"
NOW = 1_800_000_000.0


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(str(tmp_path / "here" / "catalog.sqlite"))
    yield opened
    opened.close()


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(str(tmp_path / "there" / "catalog.sqlite"))
    yield opened
    opened.close()


def _take(here: Database, there: Database, *names: str) -> int:
    return take_in(here, facts(there), store="sealed", config_path="/here/config", only=names)


def test_only_what_is_not_known_here_is_filled_in(here: Database, there: Database) -> None:
    Accounts(there).save(Account(ID, "theirs", "Their Ltd", "teal", alias="their-alias", root_mfa=True))
    Accounts(here).save(Account(ID, "ours", "Our Ltd", "pink", alias="our-alias"))
    assert _take(here, there) == 1
    assert Accounts(here).get(ID) == Account(ID, "ours", "Our Ltd", "pink", alias="our-alias", root_mfa=True)
    assert _take(here, there) == 0


def test_rows_come_with_their_items_alone(here: Database, there: Database) -> None:
    Keys(there).save(AccessKey("AKIA1", ID, created=5.0, store="keychain"))
    Profiles(there).save(ProfileLink("p-1", "work", "AKIA1", ID, "/there/config", 7))
    assert _take(here, there) == 0
    assert _take(here, there, "access-key/AKIA1", "profile/p-1") == 2
    assert Keys(here).get("AKIA1") == AccessKey("AKIA1", ID, created=5.0, store="sealed")
    assert Profiles(here).get("p-1") == ProfileLink("p-1", "work", "AKIA1", ID, "/here/config")


def test_a_step_that_was_sent_anywhere_is_sent(here: Database, there: Database) -> None:
    Devices(there).mark_used("arn:d", [7, 8], NOW)
    Devices(here).note_shown("arn:d", 8, NOW)
    Devices(here).mark_used("arn:d", [9], NOW)
    _take(here, there)
    assert all(Devices(here).is_used("arn:d", step) for step in (7, 8, 9))


def test_a_step_that_was_sent_here_is_not_made_a_shown_one(here: Database, there: Database) -> None:
    Devices(there).note_shown("arn:d", 7, NOW)
    Devices(here).mark_used("arn:d", [7], NOW)
    _take(here, there)
    assert Devices(here).is_used("arn:d", 7)


@pytest.mark.parametrize("ours", ["arn:aws:iam::1:mfa/a", None])
def test_an_entry_stays_one_device(here: Database, there: Database, ours: str | None) -> None:
    """Its serial was learnt on one side alone: the steps go to the device that is ours."""
    theirs = None if ours else "arn:aws:iam::1:mfa/a"
    mine = MfaDevice(ours, "u-1", ID, "code")
    other = MfaDevice(theirs, "u-1", ID, "code")
    Devices(here).save(mine)
    Devices(there).save(other)
    Devices(there).mark_used(other.device, [7], NOW)
    _take(here, there)
    assert Devices(here).all() == (mine,)
    assert Devices(here).is_used(mine.device, 7)


@pytest.mark.parametrize(
    "document",
    ["", "null", "{}", "[1]", "[[]]", json.dumps([{"account_id": ID}]), json.dumps([{"account_id": []}])],
)
def test_rows_that_are_not_ours_are_left_out(here: Database, document: str) -> None:
    given = dict.fromkeys(("accounts", "access_keys", "profiles", "devices", "used_steps", "other"), document)
    assert take_in(here, given, store="sealed", config_path="/c", only=()) == 0
    assert Accounts(here).all() == ()
