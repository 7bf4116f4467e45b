"""Backups whose items and facts nobody of ours wrote: restored or left out, in order, never a traceback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from credguard.domain.restore import Keep
from credguard.vault.sealed.backup import Line, write_backup
from credguard.workflows import restore as work
from tests.support.aws_files import KEY
from tests.unit.workflows.test_backup import ACCOUNT, PASSPHRASE, World

NAMES = (
    f"access-key/{KEY}", "access-key/X", "access-key/", "profile/p-1", "profile/..", f"account/{ACCOUNT}",
    "account/zz", "totp/u-1", "totp/q", "totp/", "file-backup", "evil", "index/0", "vault/x/y", "session/a",
    "\ud800",
)  # fmt: skip
FIELDS = (
    "secret", "type", "algorithm", "digits", "period", "issuer", "account", "name", "serial", "account_id",
    "deleted_at", "counter", "id", "access_key_id", "session", "direct", "company", "color", "arn",
    "created", "key", "previous_secret",
)  # fmt: skip
COLUMNS = (
    "account_id", "name", "company", "color", "alias", "partition", "root_mfa", "access_key_id", "arn",
    "created", "status", "last_used", "profile_id", "mfa_serial", "device", "serial", "entry_id",
    "user_name", "kind", "step", "how", "at",
)  # fmt: skip
TABLES = ("accounts", "access_keys", "profiles", "devices", "used_steps", "other")
ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**30), 10**30), st.floats(), st.text(max_size=5),
    st.lists(st.integers(), max_size=2), st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
    st.sampled_from(["JBSWY3DPEHPK3PXP", "totp", "hotp", "SHA1", KEY, "u-1", "p-1", ACCOUNT, "\ud800"]),
)  # fmt: skip
ITEMS = st.dictionaries(
    st.sampled_from(NAMES), st.dictionaries(st.sampled_from(FIELDS), ANYTHING), max_size=5
)
ROWS = st.lists(st.dictionaries(st.sampled_from(COLUMNS), ANYTHING), max_size=3)
FACTS = st.dictionaries(st.sampled_from(TABLES), ROWS)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(ITEMS, FACTS, st.sampled_from(["mine", "theirs"]), st.booleans())
@example({}, {"used_steps": [{"device": "d", "step": 10**30, "how": "sent", "at": 1.0}]}, "mine", True)
@example({}, {"accounts": [{}], "devices": [{"entry_id": "u-1"}]}, "mine", True)
@example({}, {"accounts": [{"account_id": "\ud800", "name": "x"}]}, "mine", True)
@example({f"access-key/{KEY}": {"secret": "\ud800"}}, {}, "theirs", True)
@example({"profile/p-1": {"access_key_id": "\ud800", "name": "x"}}, {}, "mine", False)
@example(
    {"profile/p-1": {"access_key_id": "\ud800", "name": "x", "account_id": "\ud800"}}, {}, "theirs", True
)
def test_whatever_is_in_it(
    tmp_path_factory: pytest.TempPathFactory,
    items: dict[str, dict[str, Any]],
    facts: dict[str, list[dict[str, Any]]],
    keep: Keep,
    filled: bool,
) -> None:
    world = World(tmp_path_factory.mktemp("w"))
    before = dict(world.fill().everything()[0]) if filled else {}
    stored = {name: (json.dumps({"v": 1, **item}), 1.0) for name, item in items.items()}
    tables = {table: json.dumps(rows) for table, rows in facts.items()}
    data = write_backup(stored, tables, [PASSPHRASE], line=Line("ab" * 16, 1), now=1.0)
    Path(world.file).write_bytes(data)
    plan = world.plan(world.file)
    world.restore(world.file, keep)
    work.profiles_without_line(plan, world.target())
    after = world.everything()[0]
    assert set(before) <= set(after)  # nothing is deleted
    assert not any(n.startswith(("index/", "vault/", "session/")) for n in set(after) - set(before))
    if keep == "mine":
        secrets = {n: item["secret"] for n, item in before.items() if "secret" in item}
        assert {n: after[n].get("secret") for n in secrets} == secrets
    assert world.restore(world.file, keep).items == 0  # and again: nothing to do
