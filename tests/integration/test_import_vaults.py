"""Import from other vaults, and export: real processes, a real keychain, the double."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from credguard.demo.cloud.companies import ACME_PRODUCTION, ACME_STAGING
from credguard.demo.cloud.server import Double
from credguard.domain.secret import Secret
from credguard.exchange.keepass import read_keepass
from tests.support.go_keyring import Collection, credentials, write_file
from tests.support.keyring import PrivateKeyring
from tests.support.laptop import Laptop, section

pytestmark = pytest.mark.keyring
WORK, SECOND = ACME_PRODUCTION, ACME_STAGING
PASSWORD = "file passphrase EXAMPLE"
CONFIG = """\
# mine
[profile work]
region = eu-west-1
[profile cli]
credential_process = aws-vault exec work --json
output = json
[profile admin]
role_arn = arn:aws:iam::123456789012:role/admin
source_profile = work
[profile through-role]
credential_process = aws-vault exec admin --json
"""
SERVED = """
import boto3, sys
session = boto3.Session(profile_name=sys.argv[1])
print(session.client("sts").get_caller_identity()["Arn"], session.get_credentials().method)
"""


def _served(laptop: Laptop, profile: str) -> list[str]:
    ran = laptop.python(SERVED, profile)
    assert ran.code == 0, ran.err
    return ran.out.split()


def _password_file(laptop: Laptop, words: str = PASSWORD) -> str:
    path = laptop.home / "words"
    path.write_text(words + "\n")
    path.chmod(0o600)
    return str(path)


@pytest.fixture
def laptop(tmp_path: Path, double: Double, private_keyring: PrivateKeyring) -> Laptop:
    made = Laptop(tmp_path, double.url, private_keyring.env)
    made.write(config=CONFIG)
    return made


@pytest.fixture
def collection(private_keyring: PrivateKeyring) -> Iterator[Collection]:
    made = Collection(private_keyring.env, "awsvault")
    yield made
    made.close()


def _data(company: object) -> bytes:
    return credentials(company.key_id(), company.secret())  # type: ignore[attr-defined]


def test_aws_vault_in_the_secret_service(laptop: Laptop, collection: Collection) -> None:
    collection.put("work", _data(WORK))
    collection.put("second", _data(SECOND))
    collection.put(
        "sts.GetSessionToken,d29yaw,,1800000000", credentials("ASIAEXAMPLEEXAMPLE12", "x", "token")
    )
    before = laptop.snapshot()
    look = laptop.run("import", "--from", "aws-vault", "--dry-run")
    assert look.code == 0, look.err
    assert laptop.snapshot() == before
    ran = laptop.run("import", "--from", "aws-vault", "--all", "--yes", "--json")
    assert ran.code == 0, ran.err
    assert "through-role goes on with aws-vault" in ran.err
    found = {row["name"]: row["ok"] for row in ran.document()["imported"]}
    assert found == {"work": True, "second": True}
    # The profile whose line ran aws-vault is ours now, and so is the new one; the role's line stays.
    assert _served(laptop, "cli") == [f"arn:aws:iam::{WORK.account_id}:user/maria", "custom-process"]
    assert _served(laptop, "second") == [f"arn:aws:iam::{SECOND.account_id}:user/maria", "custom-process"]
    config = laptop.config.read_text()
    assert "aws-vault exec work" not in config
    assert "aws-vault exec admin --json" in config
    assert "# mine" in config
    assert "output = json" in config
    words = [WORK.secret(), SECOND.secret()]
    assert laptop.leaks(words) == []
    ran = laptop.run("undo-import", given="plaintext\n")
    assert ran.code == 0, ran.err
    assert laptop.config.read_text() == CONFIG


def test_aws_vault_locked_is_said_and_changes_nothing(laptop: Laptop, collection: Collection) -> None:
    collection.put("work", _data(WORK))
    collection.lock()
    before = laptop.snapshot()
    ran = laptop.run("import", "--from", "aws-vault", "--all", "--yes")
    assert ran.code == 4, ran.err
    assert "awsvault is locked" in ran.err
    assert laptop.snapshot() == before


def test_aws_vault_in_files(laptop: Laptop) -> None:
    write_file(laptop.home / ".awsvault" / "keys", "work", PASSWORD, _data(WORK))
    assert laptop.run("import", "--from", "aws-vault", "--all", "--yes").code == 4
    wrong = laptop.run(
        "import", "--from", "aws-vault", "--password-file", _password_file(laptop, "no EXAMPLE"), "--yes"
    )
    assert wrong.code == 1
    assert "not the password" in wrong.err
    ran = laptop.run(
        "import", "--from", "aws-vault", "--password-file", _password_file(laptop), "--all", "--yes"
    )
    assert ran.code == 0, ran.err
    assert _served(laptop, "cli") == [f"arn:aws:iam::{WORK.account_id}:user/maria", "custom-process"]
    assert laptop.leaks([WORK.secret()]) == []


def test_granted_in_files_with_its_empty_password(laptop: Laptop) -> None:
    laptop.write(config="[profile work]\ncredential_process = granted credential-process --profile work\n")
    folder = laptop.home / ".granted" / "secure-storage-aws-iam-credentials"
    write_file(folder, "work", "", _data(WORK))
    ran = laptop.run("import", "--from", "granted", "--all", "--yes", "--json")
    assert ran.code == 0, ran.err
    assert _served(laptop, "work") == [f"arn:aws:iam::{WORK.account_id}:user/maria", "custom-process"]
    assert "granted" not in laptop.config.read_text()


def test_granted_in_the_secret_service(laptop: Laptop, private_keyring: PrivateKeyring) -> None:
    made = Collection(private_keyring.env, "granted-aws-iam-credentials")
    try:
        made.put("work", _data(WORK))
        ran = laptop.run("import", "--from", "granted", "--all", "--yes")
        assert ran.code == 0, ran.err
        assert _served(laptop, "work")[0] == f"arn:aws:iam::{WORK.account_id}:user/maria"
    finally:
        made.close()


def test_a_store_that_is_not_read_is_one_sentence(laptop: Laptop) -> None:
    ran = laptop.run("import", "--from", "aws-vault", "--all", "--yes", AWS_VAULT_BACKEND="pass")
    assert ran.code == 1
    assert "keeps its keys in pass" in " ".join(ran.err.split())
    assert "Traceback" not in ran.err


# ── KeePass, plaintext ───────────────────────────────────────────────────────────────────────────
SEED = "JBSWY3DPEHPK3PXPJBSWY3DP"


@pytest.fixture
def stored(laptop: Laptop) -> Laptop:
    laptop.write(section("work", WORK.key_id(), WORK.secret()), "")
    assert laptop.run("import", "--all", "--yes").code == 0
    assert laptop.run("totp", "add", "work", "--secret", "-", given=SEED).code == 0
    return laptop


def test_out_to_keepass_and_in_again(stored: Laptop, tmp_path: Path, double: Double) -> None:
    words, file = _password_file(stored), str(tmp_path / "out.kdbx")
    ran = stored.run("export", file, "--password-file", words, "--json")
    assert ran.code == 0, ran.err
    assert ran.document() == {"file": file, "format": "kdbx", "keys": 1, "codes": 1, "left_out": []}
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    again = stored.run("export", file, "--password-file", words)
    assert again.code == 1
    assert "another file" in again.err
    found = read_keepass(Path(file).read_bytes(), Secret(PASSWORD))
    assert [(k.access_key_id, k.secret) for k in found.keys] == [(WORK.key_id(), Secret(WORK.secret()))]
    assert [c.secret for c in found.codes] == [Secret(SEED)]
    other = Laptop(tmp_path / "other", double.url, None)
    vault = other.home / "vault-words"
    vault.write_text("the vault’s own words EXAMPLE\n")
    vault.chmod(0o600)
    sealed = {"CREDGUARD_STORE": "sealed", "CREDGUARD_PASSPHRASE_FILE": str(vault)}
    own = _password_file(other)
    look = other.run("import", "--from", f"kdbx:{file}", "--password-file", own, "--dry-run", **sealed)
    assert look.code == 0, look.err
    assert SEED not in look.out
    assert "1 code found" in look.out
    words_of_import = ("import", "--from", f"kdbx:{file}", "--password-file", own, "--all", "--yes", "--json")
    ran = other.run(*words_of_import, **sealed)
    assert ran.code == 0, ran.err
    assert [row["ok"] for row in ran.document()["imported"]] == [True]
    assert [row["state"] for row in ran.document()["codes"]] == ["added"]
    assert other.run(*words_of_import, **sealed).document()["codes"][0]["state"] == "duplicate"
    keys = other.run("keys", "--json", **sealed).document()
    assert [(k["access_key_id"], k["account_id"]) for k in keys] == [(WORK.key_id(), WORK.account_id)]
    assert [a["name"] for a in other.run("accounts", "--json", **sealed).document()] == ["work"]
    codes = other.run("totp", "list", "--json", **sealed).document()
    assert len(codes) == 1


def test_a_key_of_a_database_becomes_a_profile(stored: Laptop, tmp_path: Path) -> None:
    file = str(tmp_path / "out.kdbx")
    words = _password_file(stored)
    assert stored.run("export", file, "--password-file", words).code == 0
    arguments = ("import", "--from", f"kdbx:{file}", "--password-file", words, "--profile", "fresh", "--yes")
    ran = stored.run(*arguments)
    assert ran.code == 0, ran.err
    assert _served(stored, "fresh") == [f"arn:aws:iam::{WORK.account_id}:user/maria", "custom-process"]


def test_plaintext_only_after_the_word_and_never_to_a_terminal(stored: Laptop, tmp_path: Path) -> None:
    file = tmp_path / "plain.json"
    for typed in ("\n", "yes\n", ""):
        ran = stored.run("export", str(file), "--format", "plain", given=typed)
        assert ran.code == 1
        assert not file.exists()
    ran = stored.run("export", str(file), "--format", "plain", given="plaintext\n")
    assert ran.code == 0, ran.err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    document = json.loads(file.read_text())
    assert [(k["access_key_id"], k["secret"]) for k in document["access_keys"]] == [
        (WORK.key_id(), WORK.secret())
    ]
    assert [c["secret"] for c in document["codes"]] == [SEED]
    assert [p["name"] for p in document["profiles"]] == ["work"]
    assert [a["name"] for a in document["accounts"]] == ["work"]
    for place in ("-", "/dev/stdout", "/dev/tty"):
        ran = stored.run("export", place, "--format", "plain", given="plaintext\n")
        assert ran.code in {1, 2}, place
        assert SEED not in ran.out + ran.err
