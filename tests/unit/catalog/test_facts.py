"""Accounts, keys and profiles come back as they went in."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credguard.catalog.accounts import Accounts
from credguard.catalog.database import Database
from credguard.catalog.keys import Keys, Profiles
from credguard.domain.accounts import COLORS, Account
from credguard.domain.keys import AccessKey
from credguard.domain.profiles import ProfileLink

OLD = AccessKey("AKIAIOSFODNN7EXAMPLE", "112233445566", "arn:aws:iam::112233445566:root", 1000.5, "active")
NEW = AccessKey("AKIAI44QH8DHBEXAMPLE", store="sealed", created=2000.0)
LINK = ProfileLink(
    "p-3f9c21",
    "ops 日本",
    OLD.access_key_id,
    "112233445566",
    "/home/maria/.aws/config",
    7,
    "arn:aws:iam::1:mfa/m",
)

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
shared = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@shared
@given(
    st.builds(
        Account,
        account_id=st.from_regex(r"[0-9]{12}", fullmatch=True),
        name=words,
        company=words,
        color=st.sampled_from(COLORS),
        alias=st.none() | words,
        root_mfa=st.none() | st.booleans(),
    )
)
def test_any_account(database: Database, account: Account) -> None:
    accounts = Accounts(database)
    accounts.save(account)
    assert accounts.get(account.account_id) == account
    assert account in accounts.all()
    accounts.remove(account.account_id)
    assert accounts.get(account.account_id) is None


def test_saving_replaces(database: Database) -> None:
    accounts = Accounts(database)
    accounts.save(Account("112233445566", "112233445566"))
    accounts.save(Account("112233445566", "Northwind", "Northwind Ltd", root_mfa=False))
    assert [a.name for a in accounts.all()] == ["Northwind"]
    assert accounts.all()[0].root_mfa is False


def test_keys(database: Database) -> None:
    keys = Keys(database)
    undated = AccessKey("AKIAIUNDATED0EXAMPLE")
    for key in (undated, NEW, OLD):
        keys.save(key)
    assert keys.all() == (OLD, NEW, undated)
    keys.set_status(OLD.access_key_id, "inactive")
    keys.set_last_used(OLD.access_key_id, 5.0)
    keys.set_status("AKIANOTKNOWN0EXAMPLE", "active")
    found = keys.get(OLD.access_key_id)
    assert found is not None
    assert (found.status, found.last_used, found.is_root, found.created) == ("inactive", 5.0, True, 1000.5)
    assert keys.get("AKIANOTKNOWN0EXAMPLE") is None
    keys.remove(OLD.access_key_id)
    keys.remove(OLD.access_key_id)
    assert keys.all() == (NEW, undated)


def test_profiles(database: Database) -> None:
    profiles = Profiles(database)
    other = ProfileLink("p-000001", "ops 日本", NEW.access_key_id, None, "/srv/aws-config")
    profiles.save(LINK)
    profiles.save(other)
    assert profiles.get("p-3f9c21") == LINK
    assert profiles.by_name("ops 日本", "/srv/aws-config") == other
    assert profiles.by_name("ops 日本", LINK.config_path) == LINK
    assert profiles.by_name("OPS 日本") is None
    assert profiles.of_key(OLD.access_key_id) == (LINK,)
    assert len(profiles.all()) == 2
    profiles.remove("p-000001")
    assert profiles.all() == (LINK,)
