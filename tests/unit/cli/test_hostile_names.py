"""Names that others chose, with terminal codes, bidi marks and quotes: harmless wherever they show."""

from __future__ import annotations

import json
import os
import unicodedata
from pathlib import Path

import pytest

from credguard.catalog.accounts import Accounts
from credguard.catalog.activity import Activity
from credguard.catalog.database import open_database
from credguard.catalog.keys import Keys, Profiles
from credguard.domain.accounts import Account
from credguard.domain.keys import AccessKey
from credguard.domain.profiles import ProfileLink
from credguard.domain.text import text
from tests.support.program import run, sealed_home

EVIL = 'ev\x1b[31mil\x07\u202e\u200b"$(id)`\x9b2J\rOK'
KEY = "AKIAZQ4NORTHWEXAMPLE"
ACCOUNT = "123456789012"
ARN = f"arn:aws:iam::{ACCOUNT}:user/al\x1b]0;owned\x07ice"
COMMANDS = (
    ("accounts",), ("keys",), ("show", ACCOUNT), ("status",), ("activity",), ("doctor",),
    ("totp", "list"), ("totp", "code", "--all"), ("import", "--dry-run"),
    ("show", EVIL), ("totp", "code", EVIL), ("rotate", EVIL), ("whoami", EVIL), (EVIL,),
)  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder: Path = tmp_path_factory.mktemp("home")
    made = sealed_home(folder)
    made["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"  # nobody there
    name = EVIL.replace("\r", "")
    (folder / "aws-credentials").write_bytes(
        f"[{name}]\naws_access_key_id = {KEY}\naws_secret_access_key = {'x' * 40}\n".encode()
    )
    database = open_database(os.path.join(made["CREDGUARD_HOME"], "catalog.sqlite"))
    Accounts(database).save(Account(ACCOUNT, EVIL, EVIL, alias=EVIL))
    Keys(database).save(AccessKey(KEY, ACCOUNT, ARN, 1.7e9, "active", "sealed"))
    Profiles(database).save(ProfileLink("p-1", EVIL, KEY, ACCOUNT, f"/home/{EVIL}/config"))
    Activity(database).record(1.7e9, EVIL, text("did {what}", what=EVIL), ACCOUNT, KEY, kind="change")
    database.close()
    return made


def _harmful(printed: str) -> list[str]:
    kinds = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    return sorted({f"{ord(c):04x}" for c in printed if c != "\n" and unicodedata.category(c) in kinds})


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0][:8])
@pytest.mark.parametrize("as_json", [False, True])
def test_nothing_harmful_reaches_the_terminal(
    home: dict[str, str], command: tuple[str, ...], as_json: bool
) -> None:
    ran = run(home, *command, *(["--json"] if as_json else []), code=None)
    assert ran.returncode in {0, 1, 2, 3}
    assert _harmful(ran.stderr) == []
    if not as_json:
        assert _harmful(ran.stdout) == []
    elif ran.returncode in {0, 3}:
        json.loads(ran.stdout)  # one document and nothing else
