"""What programs read: the JSON shapes of every command that prints facts, exit 3 for root, and no secret."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pyotp
import pytest

from credguard.demo.cloud.companies import ACME_PRODUCTION, NORTHWIND, PERSONAL
from credguard.demo.cloud.home import root_csv_text
from credguard.demo.cloud.server import Double
from tests.support.keyring import PrivateKeyring
from tests.support.laptop import Laptop, Ran, forms_of, parts, section

pytestmark = pytest.mark.keyring
SEED = ACME_PRODUCTION.people[0].seed or ""
OTPAUTH = (
    f"otpauth://totp/Amazon%20Web%20Services:maria@123456789012?secret={SEED}&issuer=Amazon%20Web%20Services"
)
SECRETS = [ACME_PRODUCTION.secret(), NORTHWIND.secret(), PERSONAL.secret(), SEED]

# A shape is a type, a tuple of shapes (one of them), a set of words, a list of one shape, or a dict whose
# keys are all the keys there are. None is itself.
ID = re.compile(r"\d{12}")
KEY_ID = re.compile(r"AKIA[A-Z0-9]{12,}")
KEY = {
    "name": str,
    "access_key_id": KEY_ID,
    "account_id": (ID, None),
    "age_days": (int, None),
    "status": {"active", "inactive", "unknown"},
    "store": {"keychain", "sealed"},
    "profiles": [str],
    "root": bool,
}
ACCOUNT = {
    "name": str,
    "account_id": ID,
    "alias": (str, None),
    "partition": {"aws"},
    "color": str,
    "identity": ({"arn": re.compile(r"arn:aws:.+"), "kind": {"root", "user"}}, None),
    "keys": [KEY],
    "mfa": [{"serial": (str, None), "kind": str, "code": bool}],
    "score": (int, None),
}
FINDING = {
    "path": str,
    "line": (int, None),
    "kind": {"working", "archive", "git"},
    "access_key_id": KEY_ID,
    "account_id": (ID, None),
    "has_secret": bool,
    "stored": bool,
    "commit": (str, None),
}
STATUS = {
    "accounts": [ACCOUNT],
    "plaintext": [FINDING],
    "alarms": [{"kind": {"root", "leak"}, "account": str, "text": str}],
    "next": (re.compile(r"credguard .+"), None),
    "score": (int, None),
    "checked_at": (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), None),
}
WHOAMI = {
    "arn": re.compile(r"arn:aws:.+"),
    "account_id": ID,
    "kind": {"root", "user", "assumed-role", "federated"},
    "root": bool,
    "warnings": [str],
}
ROTATION_STATES = {
    "planned", "created", "stored", "verified", "switched", "deactivated", "done", "rolled-back",
}  # fmt: skip
ROTATION = {
    "state": ROTATION_STATES,
    "old_key": KEY_ID,
    "new_key": (KEY_ID, None),
    "steps": [
        {
            "id": {"create", "store", "verify", "switch", "deactivate", "delete"},
            "state": {"todo", "running", "done", "failed", "skipped"},
            "detail": (str, None),
        }
    ],
}
DIGITS = re.compile(r"\d{6}")
CODE = {"name": str, "code": DIGITS, "valid_for_seconds": int, "next_code": DIGITS}
DOCTOR = {"subject": str, "ok": bool, "text": str, "fix": (str, None)}


def misfit(value: Any, shape: Any, where: str = "$") -> str | None:
    """Where and why a value has not its shape; None where it has."""
    if isinstance(shape, tuple):
        return None if any(misfit(value, one, where) is None for one in shape) else f"{where}: {value!r}"
    if isinstance(shape, set):
        return None if isinstance(value, str) and value in shape else f"{where}: {value!r}"
    if isinstance(shape, re.Pattern):
        fits = isinstance(value, str) and shape.fullmatch(value)
        return None if fits else f"{where}: {value!r}"
    if isinstance(shape, list):
        if not isinstance(value, list):
            return f"{where}: {value!r}"
        wrong = (misfit(v, shape[0], f"{where}[{n}]") for n, v in enumerate(value))
        return next((w for w in wrong if w), None)
    if isinstance(shape, dict):
        if not isinstance(value, dict) or {*value} != {*shape}:
            return f"{where}: {sorted(value) if isinstance(value, dict) else value!r}"
        wrong = (misfit(value[k], shape[k], f"{where}.{k}") for k in shape)
        return next((w for w in wrong if w), None)
    # bool is an int in Python, and is none here.
    return None if (value is None if shape is None else type(value) is shape) else f"{where}: {value!r}"


def _harmless(ran: Ran) -> Ran:
    """No secret in what a command printed, and no traceback."""
    for text in (ran.out, ran.err):
        assert "Traceback" not in text, text
        for secret in SECRETS:
            assert not any(form in text.encode() for _, form in forms_of(secret))
    return ran


def _facts(laptop: Laptop, *words: str, code: int = 0) -> Any:
    """The document of a command with --json, which says nothing else."""
    ran = _harmless(laptop.run(*words, "--json"))
    assert (ran.code, ran.err) == (code, ""), (words, ran.err)
    return ran.document()


@pytest.fixture(scope="module")
def laptop(
    tmp_path_factory: pytest.TempPathFactory, double_server: Double, keyring_session: PrivateKeyring
) -> Laptop:
    """With two users' keys moved, a root key found, and one code."""
    double_server.reset()
    keyring_session.clear()
    made = Laptop(tmp_path_factory.mktemp("facts"), double_server.url, keyring_session.env)
    made.write(
        section("acme", ACME_PRODUCTION.key_id(), ACME_PRODUCTION.secret())
        + section("northwind", NORTHWIND.key_id(), NORTHWIND.secret())
        + section("personal", PERSONAL.key_id(), PERSONAL.secret())
    )
    return made


def test_facts_from_the_first_look_to_the_first_rotation(laptop: Laptop, double_server: Double) -> None:
    found = _facts(laptop, "status", code=3)
    assert misfit(found, STATUS) is None
    assert (found["accounts"], len(found["plaintext"]), found["next"]) == ([], 3, "credguard import")
    assert misfit(_facts(laptop, "accounts"), [ACCOUNT]) is None

    # One key of a user: 0. The root key: moved as well, and 3.
    moved = _harmless(laptop.run("import", "--from", "aws", "--profile", "acme", "--json"))
    assert moved.code == 0, moved.err
    assert [row["ok"] for row in moved.document()["imported"]] == [True]
    root = _harmless(laptop.run("import", "--from", "aws", "--profile", "personal", "--yes"))
    assert root.code == 3, root.err
    assert "personal is a root key" in root.out
    assert laptop.leaks([PERSONAL.secret(), ACME_PRODUCTION.secret()]) == []
    third = _harmless(laptop.run("import", "--yes", "--json"))
    assert third.code == 0, third.err

    added = _harmless(laptop.run("totp", "add", "--uri", "-", "--json", given=OTPAUTH + "\n"))
    assert (added.code, added.err) == (0, "")

    accounts = _facts(laptop, "accounts")
    assert misfit(accounts, [ACCOUNT]) is None
    by_id = {a["account_id"]: a for a in accounts}
    assert {*by_id} == {ACME_PRODUCTION.account_id, NORTHWIND.account_id, PERSONAL.account_id}
    acme, personal = by_id[ACME_PRODUCTION.account_id], by_id[PERSONAL.account_id]
    assert acme["identity"] == {"arn": "arn:aws:iam::123456789012:user/maria", "kind": "user"}
    assert acme["alias"] == "acme-production"
    assert (acme["keys"][0]["age_days"], acme["keys"][0]["profiles"]) == (52, ["acme"])
    serial = "arn:aws:iam::123456789012:mfa/maria"
    assert [m for m in acme["mfa"] if m["serial"] == serial] == [
        {"serial": serial, "kind": "virtual", "code": True}
    ]
    assert (personal["identity"]["kind"], personal["keys"][0]["root"]) == ("root", True)

    keys = _facts(laptop, "keys")
    assert misfit(keys, [KEY]) is None
    assert sorted(map(str, keys)) == sorted(str(k) for a in accounts for k in a["keys"])
    status = _facts(laptop, "status", code=3)
    assert misfit(status, STATUS) is None
    assert [(a["kind"], a["account"]) for a in status["alarms"]] == [("root", personal["name"])]
    assert status["plaintext"] == []
    assert misfit(_facts(laptop, "show", "acme"), ACCOUNT) is None

    user = _facts(laptop, "whoami", "acme")
    assert misfit(user, WHOAMI) is None
    assert (user["kind"], user["root"], user["warnings"]) == ("user", False, [])

    now = _facts(laptop, "totp", "code", "acme")
    assert misfit(now, CODE) is None
    assert 0 < now["valid_for_seconds"] <= 30
    at = _facts(laptop, "totp", "code", "acme", "--at", "1111111109")
    assert (at["code"], at["next_code"]) == (pyotp.TOTP(SEED).at(1111111109), pyotp.TOTP(SEED).at(1111111139))
    assert misfit(_facts(laptop, "totp", "code", "--all"), [CODE]) is None

    rotated = _harmless(laptop.run("rotate", "acme", "--yes", "--json"))
    assert rotated.code == 0, rotated.err
    report = rotated.document()
    assert misfit(report, ROTATION) is None
    assert (report["state"], report["old_key"]) == ("deactivated", ACME_PRODUCTION.key_id())
    assert [(s["id"], s["state"]) for s in report["steps"]] == [
        *((step, "done") for step in ("create", "store", "verify", "switch", "deactivate")),
        ("delete", "todo"),
    ]
    assert misfit(_facts(laptop, "accounts"), [ACCOUNT]) is None
    SECRETS.extend(k.secret for k in double_server.user(ACME_PRODUCTION.account_id, "maria").keys)
    for line in ("activity", "settings", "totp list", "keys", "rotate --due --yes"):
        _facts(laptop, *line.split())
    said = _facts(laptop, "doctor", code=1)
    assert misfit(said, [DOCTOR]) is None
    assert [row["subject"] for row in said if not row["ok"]] == ["environment"]


def test_root_is_told_loudly(laptop: Laptop) -> None:
    """Needs what the test above moved."""
    told = _harmless(laptop.run("whoami", "personal"))
    assert told.code == 3
    # The warning is the result that was asked for: it stands on stdout, below the identity.
    assert told.err == ""
    assert told.out.splitlines()[:2] == ["arn:aws:iam::314159265358:root", "Account 3141 5926 5358"]
    assert "\n! This key is root. It can do anything in account 3141 5926 5358" in told.out
    assert "MFA does not protect it" in told.out
    document = _facts(laptop, "whoami", "personal", code=3)
    assert misfit(document, WHOAMI) is None
    assert (document["kind"], document["root"]) == ("root", True)
    assert document["warnings"][0].startswith("This key is root.")
    assert len(laptop.run("whoami", "acme").out.splitlines()) == 2

    shown = _harmless(laptop.run("status"))
    assert shown.code == 3
    assert "root key for personal" in shown.out
    refused = _harmless(laptop.run("rotate", "personal", "--yes"))
    assert refused.code == 1
    what = parts("\n".join(refused.err.splitlines()[1:]).strip())
    assert "root" in what["Not changed:"].lower()


def test_a_root_key_in_a_csv_moves_with_a_warning(laptop: Laptop) -> None:
    """The file goes; the key is stored, and the exit code is 3."""
    csv = laptop.home / "Downloads" / "rootkey.csv"
    csv.write_bytes(root_csv_text().encode())
    listed = _harmless(laptop.run("import", "--dry-run", "--json"))
    assert [(row["name"], row["may_be_root"]) for row in listed.document()["found"]] == [("rootkey", True)]
    assert listed.code == 0
    moved = _harmless(laptop.run("import", "--yes"))
    assert moved.code == 3, (moved.out, moved.err)
    assert not csv.exists()
    assert laptop.leaks([PERSONAL.secret()]) == []


def test_the_shapes_are_strict() -> None:
    """What the checks above rest on."""
    good = {"name": "x", "code": "123456", "valid_for_seconds": 3, "next_code": "654321"}
    assert misfit(good, CODE) is None
    wrongs: tuple[dict[str, Any], ...] = (
        {"code": "12345"}, {"valid_for_seconds": True}, {"valid_for_seconds": 1.5}, {"more": 1},
        {"next_code": None},
    )  # fmt: skip
    for wrong in wrongs:
        assert misfit({**good, **wrong}, CODE) is not None
    assert misfit({k: v for k, v in good.items() if k != "name"}, CODE) is not None
    assert misfit([good, {}], [CODE]) == "$[1]: []"


def test_an_empty_laptop_has_facts_too(tmp_path: Path, double_server: Double) -> None:
    """Nothing stored, no keychain: the documents are there, and nothing is made to print them."""
    laptop = Laptop(tmp_path, double_server.url, None)
    assert misfit(_facts(laptop, "status"), STATUS) is None
    for words in ("accounts", "keys"):
        assert _facts(laptop, words) == []
    assert _facts(laptop, "rotate", "--resume") == []
