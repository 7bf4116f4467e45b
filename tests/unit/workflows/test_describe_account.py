"""What a person calls an account: kept in the store and the catalog, one name for one account."""

from __future__ import annotations

from pathlib import Path

import pytest

from credguard.catalog.accounts import Accounts
from credguard.catalog.database import open_database
from credguard.domain.accounts import Account
from credguard.domain.errors import CredGuardError
from credguard.vault.store import SecretStore
from credguard.wire import items
from credguard.workflows.describe_account import describe
from tests.support.stores import memory_store

ACME, KITE = "123456789012", "771304628895"


@pytest.fixture
def known(tmp_path: Path) -> tuple[Accounts, SecretStore]:
    accounts = Accounts(open_database(str(tmp_path / "catalog.sqlite")))
    accounts.save(Account(ACME, ACME, alias="acme", root_mfa=True))
    accounts.save(Account(KITE, "Blue Kite"))
    return accounts, memory_store()[0]


def test_what_is_given_is_changed_and_the_rest_stays(known: tuple[Accounts, SecretStore]) -> None:
    accounts, store = known
    describe(ACME, accounts=accounts, store=store, name="  Acme   Production ", company="Acme Ltd")
    describe(ACME, accounts=accounts, store=store, color="teal")
    assert accounts.get(ACME) == Account(
        ACME, "Acme Production", "Acme Ltd", "teal", alias="acme", root_mfa=True
    )
    assert store.read(items.account(ACME)) == items.account_item(ACME, "Acme Production", "Acme Ltd", "teal")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": "blue kite"}, "name-taken"),
        ({"name": " "}, "usage"),
        ({"name": "x" * 81}, "usage"),
        ({"name": "Acme\u202eemcA"}, "usage"),
        ({"color": "red"}, "usage"),
    ],
)
def test_what_does_not_fit_changes_nothing(
    known: tuple[Accounts, SecretStore], changes: dict[str, str], code: str
) -> None:
    accounts, store = known
    before = accounts.all()
    with pytest.raises(CredGuardError) as caught:
        describe(ACME, accounts=accounts, store=store, **changes)
    assert caught.value.code == code
    assert accounts.all() == before
    assert store.read(items.account(ACME)) is None
