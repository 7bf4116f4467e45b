"""An MFA device enrolled by a command while the agent holds the sealed vault: real processes, real vault."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

import pytest

from credguard.catalog.database import open_database
from credguard.catalog.keys import Keys
from credguard.demo.cloud.companies import NORTHWIND
from credguard.demo.cloud.server import Double
from credguard.domain.keys import AccessKey
from credguard.vault.remote import Agent
from credguard.wire import items, places
from tests.support.agent import ACCOUNT, ARN, Desk
from tests.support.agent import desk as desk


@pytest.fixture
def double() -> Iterator[Double]:
    with Double() as made:
        made.timing.device = 8.0
        made.user(NORTHWIND.account_id, NORTHWIND.people[0].name).devices.clear()
        yield made


def test_the_vault_that_an_agent_holds_gets_the_code_and_a_locked_one_begins_nothing(
    desk: Desk, double: Double
) -> None:
    key, user = NORTHWIND.key_id(), double.user(NORTHWIND.account_id, NORTHWIND.people[0].name)
    vault = desk.reopened()
    item = items.access_key_item(key, NORTHWIND.secret(), ACCOUNT, ARN, None)
    vault.put(items.access_key(key), items.encode(item))
    vault.close()
    with contextlib.closing(open_database(places.catalog())) as database:
        Keys(database).save(AccessKey(key, ACCOUNT, ARN, 1.0, "active", "sealed"))
    aws = {"AWS_ENDPOINT_URL": double.url, "NO_PROXY": "127.0.0.1"}

    locked = desk.credguard("mfa", "enrol", key, "--yes", **aws)
    assert locked.returncode == 4, locked.stderr
    assert user.devices == []

    desk.start()
    made = desk.credguard("mfa", "enrol", key, "--yes", "--json", **aws)
    assert made.returncode == 0, made.stderr
    report = json.loads(made.stdout)
    assert [device.serial for device in user.devices] == [report["serial"]]
    seed = user.devices[0].seed
    assert seed not in made.stdout + made.stderr
    shown = {row["serial"]: row["code"] for row in json.loads(
        desk.credguard("mfa", "list", key, "--json", **aws).stdout)}  # fmt: skip
    assert shown == {report["serial"]: True}
    Agent().lock()
    for path in desk.folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert seed.encode() not in path.read_bytes(), path
    vault = desk.reopened()
    stored = [vault.get(name) or "" for name in vault.names() if name.startswith("totp/")]
    vault.close()
    assert any(seed in str(value) for value in stored)
