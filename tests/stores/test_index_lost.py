"""A lost index and a lost catalog, with the real keychain and the program as a person runs it."""

from __future__ import annotations

import contextlib
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from credguard.demo.cloud.companies import ACME_PRODUCTION, ACME_STAGING
from credguard.demo.cloud.server import Double
from credguard.vault import index
from credguard.vault.choose import keychain_store
from tests.support.keyring import PrivateKeyring
from tests.support.laptop import Laptop, section

pytestmark = pytest.mark.keyring
SEED = "JBSWY3DPEHPK3PXPJBSWY3DP"
CREDENTIALS = "".join(
    section(n, c.key_id(), c.secret()) for n, c in {"work": ACME_PRODUCTION, "second": ACME_STAGING}.items()
)


def _alone(name: str) -> AbstractContextManager[None]:

    return contextlib.nullcontext()


@pytest.mark.parametrize("page", ["index/0", "index/1", "index/2"])
@pytest.mark.parametrize("how", ["gone", "spoilt"])
def test_a_lost_page_is_made_anew_from_the_systems_listing(
    private_keyring: PrivateKeyring, page: str, how: str
) -> None:
    store = keychain_store(_alone)
    long = "x" * 3000
    names = [f"account/{n:0120d}" for n in range(45)]
    for name in names:
        private_keyring.put(name, '{"v":1}')
    index.rewrite(store._raw, store._set, store._delete, names, 0)
    store.write("session/long", {"v": 1, "session_token": long})
    before = private_keyring.items()
    assert {"index/0", "index/1", "index/2"} <= set(before)
    if how == "gone":
        private_keyring.remove(page)
    else:
        private_keyring.put(page, '{"v":1,"na')
    assert store.names() == (*names, "session/long")
    store.remove("session/long")
    left = {n for n in private_keyring.items() if not n.startswith("index/")}
    assert left == set(names), "the pieces of a long value were forgotten"


def test_a_foreign_item_is_no_name_of_ours(private_keyring: PrivateKeyring) -> None:
    private_keyring.put("mail", "hunter2", service="another")
    assert keychain_store(_alone).names() == ()


@pytest.fixture
def laptop(tmp_path: Path, double: Double, private_keyring: PrivateKeyring) -> Laptop:
    made = Laptop(tmp_path, double.url, private_keyring.env)
    made.write(CREDENTIALS)
    assert made.run("import", "--all", "--yes").code == 0
    assert made.run("totp", "add", "work", "--secret", "-", given=SEED).code == 0
    assert made.run("totp", "add", "mail", "--secret", "-", given=SEED[::-1]).code == 0
    return made


@pytest.mark.parametrize("index_too", [False, True])
def test_catalog_and_index_lost_at_once(
    laptop: Laptop, private_keyring: PrivateKeyring, index_too: bool
) -> None:
    """Everything is read back from the keychain: from the index, and without it from the system's listing."""
    keys = laptop.run("keys", "--json").document()
    accounts = {a["account_id"]: a["name"] for a in laptop.run("accounts", "--json").document()}
    catalog = laptop.state / "catalog.sqlite"
    catalog.write_bytes(b"SQLite format 3\0" + b"\xff" * 4000)
    for beside in laptop.state.glob("catalog.sqlite-*"):
        beside.unlink()
    if index_too:
        private_keyring.remove("index/0")
    again = laptop.run("keys", "--json").document()
    fields = ("access_key_id", "account_id", "store", "profiles")
    assert sorted([k[f] for f in fields] for k in again) == sorted([k[f] for f in fields] for k in keys)
    assert {a["account_id"]: a["name"] for a in laptop.run("accounts", "--json").document()} == accounts
    assert {c["name"] for c in laptop.run("totp", "list", "--json").document()} >= {"mail"}
    assert list(laptop.state.glob("catalog.sqlite.damaged-*"))
    assert "index/0" in private_keyring.items()
    doctor = laptop.run("doctor", "--json").document()
    assert next(row for row in doctor if row["subject"] == "store")["ok"]
    said = laptop.run("activity").out
    assert ("list of items anew" in said) == index_too
    # A code of this moment counts as sent after the loss, so none is sent twice.
    assert "sent" in laptop.run("totp", "code", "work").err


def test_doctor_makes_a_lost_list_anew(laptop: Laptop, private_keyring: PrivateKeyring) -> None:
    private_keyring.put("index/0", "spoilt")
    laptop.run("doctor")
    assert "list of items anew" in laptop.run("activity").out
    assert '"names"' in private_keyring.items()["index/0"]
