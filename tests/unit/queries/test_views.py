"""What Home, the accounts and NAME show, from a real catalog."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from credguard.catalog.accounts import Accounts
from credguard.catalog.database import Database, open_database
from credguard.catalog.devices import Devices, MfaDevice
from credguard.catalog.journal import Journals
from credguard.catalog.keys import Keys, Profiles
from credguard.domain.accounts import Account
from credguard.domain.errors import CredGuardError
from credguard.domain.keys import DAY, AccessKey
from credguard.domain.profiles import ProfileLink
from credguard.queries.accounts import AccountRow, account_json, list_accounts
from credguard.queries.home import home, status_json
from credguard.queries.names import resolve
from credguard.queries.plaintext import PlaintextRow

NOW = 1_795_000_000.0


@dataclass(frozen=True, slots=True)
class Rotating:
    old_key: str


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(str(tmp_path / "catalog.sqlite"))
    yield opened
    opened.close()


def _fill(database: Database) -> None:
    accounts, keys, profiles = Accounts(database), Keys(database), Profiles(database)
    for account_id, name, company, age, arn in (
        ("482011739056", "Northwind", "Northwind", 34, "user/m.keller"),
        ("771304628895", "Blue Kite", "Blue Kite", 97, "user/mk"),
        ("314159265358", "Personal", "Personal", 1412, "root"),
    ):
        accounts.save(Account(account_id, name, company))
        key_id = f"AKIA{name.replace(' ', '').upper()}EXAMPLE"
        keys.save(
            AccessKey(key_id, account_id, f"arn:aws:iam::{account_id}:{arn}", NOW - age * DAY, "active")
        )
        profiles.save(
            ProfileLink(f"p-{account_id[:4]}", name.lower(), key_id, account_id, "/home/m/.aws/config")
        )


def _rows(database: Database) -> tuple[AccountRow, ...]:
    return list_accounts(
        accounts=Accounts(database),
        keys=Keys(database),
        profiles=Profiles(database),
        devices=Devices(database),
        journals=Journals(database),
        due_days=90,
        now=NOW,
    )


def test_accounts_by_company_personal_last(database: Database) -> None:
    _fill(database)
    rows = _rows(database)
    assert [r.account.name for r in rows] == ["Blue Kite", "Northwind", "Personal"]
    assert [r.urgency for r in rows] == ["late", "quiet", "root"]
    assert rows[2].user == "root user"
    assert rows[1].current is not None
    assert rows[1].current.name == "Northwind/m.keller"
    document = account_json(rows[2])
    assert document["keys"][0]["root"] is True
    assert document["identity"]["kind"] == "root"


def test_what_a_code_beside_its_key_protects_from(database: Database) -> None:
    _fill(database)
    serial = "arn:aws:iam::482011739056:mfa/m.keller"
    Devices(database).save(MfaDevice(serial, None, "482011739056", "m.keller"))
    (northwind,) = (r for r in _rows(database) if r.account.name == "Northwind")
    assert northwind.together is None  # the code comes from elsewhere
    Devices(database).save(MfaDevice(serial, "e-1", "482011739056", "m.keller"))
    (northwind,) = (r for r in _rows(database) if r.account.name == "Northwind")
    assert "not from somebody who gets into this computer" in str(northwind.together)
    assert all(r.together is None for r in _rows(database) if r.account.name != "Northwind")


def test_a_rotation_in_its_grace_and_one_left_unfinished(database: Database) -> None:
    _fill(database)
    journals = Journals(database)
    journal = journals.start(
        "rotation", "AKIANORTHWINDEXAMPLE", Rotating("AKIANORTHWINDEXAMPLE"), (Rotating,)
    )
    assert _rows(database)[1].rotating == journal.run_id
    view = home(_rows(database), (), due_days=90, now=NOW)
    assert "resume" in [w.kind for w in view.waiting]
    journal.park("wait", NOW + 5 * DAY)
    row = _rows(database)[1]
    assert row.rotating is None
    assert row.grace is not None
    assert row.grace.delete_at == NOW + 5 * DAY


def test_home_says_the_urgent_thing_first(database: Database) -> None:
    _fill(database)
    found = PlaintextRow(
        "/home/m/.aws/credentials", 2, "~/.aws/credentials [x]", "AKIAXEXAMPLE", None, True, False
    )
    view = home(_rows(database), (found,), due_days=90, now=NOW)
    assert str(view.title) == "One urgent thing, two that can wait"
    assert [a.account for a in view.alarms] == ["Personal"]
    assert [w.kind for w in view.waiting] == ["plaintext", "late"]
    assert str(view.waiting[1].title) == "Blue Kite’s key is 97 days old"
    assert [d.name for d in view.timeline] == ["Blue Kite", "Northwind"]
    assert view.timeline[0].late_days == 7
    document: dict[str, Any] = status_json(view, lambda at: None)
    assert document["alarms"][0]["kind"] == "root"
    assert document["next"] == "credguard import"


def test_an_interrupted_import_comes_before_what_can_wait(database: Database) -> None:
    _fill(database)
    view = home(_rows(database), (), due_days=90, now=NOW, unfinished_imports=2)
    assert view.waiting[0].kind == "import"
    assert str(view.waiting[0].title) == "The import of 2 keys is not finished"
    assert view.next_command == "credguard import"
    assert "import" not in {w.kind for w in home(_rows(database), (), due_days=90, now=NOW).waiting}


def test_how_early_a_key_is_called_due_soon_is_a_setting(database: Database) -> None:
    _fill(database)
    northwind = {"quiet": 15, "soon": 60}  # 34 days old, due in 56
    for urgency, days in northwind.items():
        rows = list_accounts(
            accounts=Accounts(database), keys=Keys(database), profiles=Profiles(database),
            devices=Devices(database), journals=Journals(database), due_days=90, now=NOW, soon_days=days,
        )  # fmt: skip
        assert {r.account.name: r.urgency for r in rows}["Northwind"] == urgency


def test_an_empty_home(database: Database) -> None:
    view = home(_rows(database), (), due_days=90, now=NOW)
    assert str(view.title) == "No accounts yet"
    assert view.next_command == "credguard import"


@pytest.mark.parametrize(
    ("name", "account"),
    [
        ("Northwind", "482011739056"),
        ("northwind", "482011739056"),
        ("NORTHWIND", "482011739056"),
        ("4820 1173 9056", "482011739056"),
        ("482011739056", "482011739056"),
        ("Northwind/m.keller", "482011739056"),
        ("AKIABLUEKITEEXAMPLE", "771304628895"),
        ("blue kite", "771304628895"),
        ("personal", "314159265358"),
    ],
)
def test_a_name_means_one_thing(database: Database, name: str, account: str) -> None:
    _fill(database)
    assert resolve(name, _rows(database)).row.account.account_id == account


def test_a_name_that_means_nothing_gets_the_nearest(database: Database) -> None:
    _fill(database)
    with pytest.raises(CredGuardError) as caught:
        resolve("Nortwind", _rows(database))
    assert caught.value.code == "no-such-name"
    assert str(caught.value.next) == "Did you mean Northwind?"


def test_a_name_that_fits_several_is_refused_with_the_list(database: Database) -> None:
    _fill(database)
    Accounts(database).save(Account("210987654321", "blue kite", "Other"))
    with pytest.raises(CredGuardError) as caught:
        resolve("BLUE KITE", _rows(database))
    assert caught.value.code == "several-fit"
    assert "Blue Kite" in str(caught.value.what)


def test_codes_stand_as_the_accounts_do_and_root_is_named() -> None:
    from credguard.domain.accounts import Account
    from credguard.domain.otp import OtpEntry
    from credguard.domain.secret import Secret
    from credguard.queries.codes import by_company, rows_of

    accounts = (
        Account("111111111111", "Zulu", "Acme"),
        Account("222222222222", "Alpha", "Personal"),
        Account("333333333333", "Beta", "Bravo"),
    )

    def entry(name: str, account: str | None, user: str = "", serial: str | None = None) -> OtpEntry:
        return OtpEntry(name, Secret("JBSWY3DP"), account=user, name=name, account_id=account, serial=serial)

    entries = (
        entry("mail", None),
        entry("personal", "222222222222"),
        entry("beta-root", "333333333333", "root-account-mfa-device@beta"),
        entry("beta", "333333333333", "mk", "arn:aws:iam::333333333333:mfa/root user"),
        entry("zulu", "111111111111", "maria"),
    )
    rows = by_company(rows_of(entries, accounts))
    assert [row.name for row in rows] == ["zulu", "beta", "beta-root", "personal", "mail"]
    assert [row.name for row in rows if row.root] == ["beta-root"]
