"""The promise of the first day: keys leave the files, and `aws`, boto3 and everything else go on.

Real `credguard` and `aws` processes, a real gnome-keyring, the double (and plain moto) over HTTP.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest

from credguard.demo.cloud.companies import ACME_PRODUCTION, ACME_STAGING, COMPANIES
from credguard.demo.cloud.server import Double
from tests.support.double import plain_moto
from tests.support.keyring import PrivateKeyring
from tests.support.laptop import AWS, Laptop, section

pytestmark = [
    pytest.mark.awscli,
    pytest.mark.keyring,
    pytest.mark.skipif(AWS is None, reason="no aws command line here"),
]
SPACED = "Schön & Söhne größte"
PROFILES = {"work": ACME_PRODUCTION, SPACED: ACME_STAGING}
CREDENTIALS = "# mine\r\n" + "\r\n".join(
    section(name, company.key_id(), company.secret()) for name, company in PROFILES.items()
)
CONFIG = "[profile work]\nregion=eu-west-1\n"
WHO = "arn:aws:iam::{}:user/maria"
BOTO3 = """
import boto3, json, sys
session = boto3.Session(profile_name=sys.argv[1])
arn = session.client("sts").get_caller_identity()["Arn"]
got = session.get_credentials()
print(json.dumps([arn, got.method, got.get_frozen_credentials().access_key]))
"""


def _with_boto3(laptop: Laptop, profile: str, **more: str) -> tuple[str, str, str]:
    """(ARN, how boto3 got the credentials, key id) in a process of its own."""
    ran = laptop.python(BOTO3, profile, **more)
    assert ran.code == 0, ran.err
    arn, method, key_id = json.loads(ran.out)
    return arn, method, key_id


def _secrets(double: Double) -> list[str]:
    """Every secret that the double ever gave or knows."""
    users = [double.user(c.account_id, p.name) for c in COMPANIES for p in c.people]
    keys = [key.secret for user in users for key in user.keys]
    sessions = [part for s in double.state.sessions.values() for part in (s.secret, s.token)]
    return [*keys, *sessions, *(p.seed for c in COMPANIES for p in c.people if p.seed)]


@pytest.fixture
def laptop(tmp_path: Path, double: Double, private_keyring: PrivateKeyring) -> Laptop:
    made = Laptop(tmp_path, double.url, private_keyring.env)
    made.write(CREDENTIALS, CONFIG)
    return made


def test_the_aws_tools_work_before_and_after_everything(
    laptop: Laptop, double: Double, private_keyring: PrivateKeyring
) -> None:
    before = laptop.snapshot()

    def all_work(method: str) -> dict[str, str]:
        """Each profile's key id; with the command line as with boto3."""
        found = {}
        for name, company in PROFILES.items():
            arn = WHO.format(company.account_id)
            assert laptop.asks_aws(name) == arn
            asked = _with_boto3(laptop, name)
            assert asked[:2] == (arn, method)
            found[name] = asked[2]
        return found

    def nothing_lies_about(keys: dict[str, str]) -> None:
        assert laptop.leaks(_secrets(double)) == []
        held = private_keyring.items()
        for name, company in PROFILES.items():
            item = json.loads(held[f"access-key/{keys[name]}"])
            (user,) = (double.user(company.account_id, p.name) for p in company.people)
            assert item["secret"] in [k.secret for k in user.keys if k.access_key_id == keys[name]]

    old = {name: company.key_id() for name, company in PROFILES.items()}
    assert all_work("shared-credentials-file") == old
    assert len(laptop.leaks(_secrets(double))) == 2  # the search does see what lies there

    moved = laptop.run("import", "--yes")
    assert moved.code == 0, moved.err
    assert all_work("custom-process") == old
    nothing_lies_about(old)

    refused = laptop.run("undo-import", given="yes\n")
    assert refused.code == 1
    assert laptop.leaks(_secrets(double)) == []
    undone = laptop.run("undo-import", given="plaintext\n")
    assert undone.code == 0, undone.err
    assert laptop.snapshot() == before
    assert all_work("shared-credentials-file") == old
    assert all(leak.startswith(".aws/credentials: ") for leak in laptop.leaks(_secrets(double)))

    assert laptop.run("import", "--yes").code == 0
    with ThreadPoolExecutor(len(PROFILES)) as pool:
        rotated = list(pool.map(lambda name: laptop.run("rotate", name, "--yes"), PROFILES))
    assert [r.code for r in rotated] == [0, 0], [r.err for r in rotated]
    new = all_work("custom-process")
    assert not set(new.values()) & set(old.values())
    nothing_lies_about(new)
    for name, company in PROFILES.items():
        states = {k.access_key_id: k.active for k in double.user(company.account_id, "maria").live_keys()}
        assert states == {old[name]: False, new[name]: True}

    # Lines go back where they were, with the key of today: the old one is off.
    undone = laptop.run("undo-import", given="plaintext\n")
    assert undone.code == 0, undone.err
    assert all_work("shared-credentials-file") == new
    now = {
        name: next(
            k for k in double.user(company.account_id, "maria").keys if k.access_key_id == new[name]
        ).secret
        for name, company in PROFILES.items()
    }
    expected = CREDENTIALS
    for name, company in PROFILES.items():
        expected = expected.replace(company.key_id(), new[name]).replace(company.secret(), now[name])
    assert laptop.credentials.read_bytes() == expected.encode()
    assert laptop.config.read_bytes() == CONFIG.encode()


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with plain_moto() as url:
        yield url


def test_the_same_at_plain_moto(moto: str, tmp_path: Path, private_keyring: PrivateKeyring) -> None:
    iam = boto3.client(
        "iam", endpoint_url=moto, region_name="us-east-1",
        aws_access_key_id="AKIAZQ4NORTHWEXAMPLE", aws_secret_access_key="EXAMPLE",
    )  # fmt: skip
    iam.create_user(UserName="alice")
    made = iam.create_access_key(UserName="alice")["AccessKey"]
    laptop = Laptop(tmp_path, moto, private_keyring.env)
    laptop.write(section(SPACED, made["AccessKeyId"], made["SecretAccessKey"]))
    before = laptop.snapshot()
    arn = "arn:aws:iam::123456789012:user/alice"
    assert laptop.asks_aws(SPACED) == arn

    assert laptop.run("import", "--yes").code == 0
    assert laptop.asks_aws(SPACED) == arn
    assert _with_boto3(laptop, SPACED) == (arn, "custom-process", made["AccessKeyId"])
    assert laptop.leaks([made["SecretAccessKey"]]) == []
    assert laptop.run("undo-import", given="plaintext\n").code == 0
    assert laptop.snapshot() == before
    assert laptop.run("import", "--yes").code == 0

    rotated = laptop.run("rotate", SPACED, "--yes", "--json")
    assert rotated.code == 0, rotated.err
    new = rotated.document()["new_key"]
    assert laptop.asks_aws(SPACED) == arn
    assert _with_boto3(laptop, SPACED)[1:] == ("custom-process", new)
    secret = json.loads(private_keyring.items()[f"access-key/{new}"])["secret"]
    assert laptop.leaks([made["SecretAccessKey"], secret]) == []
    listed = iam.list_access_keys(UserName="alice")["AccessKeyMetadata"]
    assert {k["AccessKeyId"]: k["Status"] for k in listed} == {made["AccessKeyId"]: "Inactive", new: "Active"}


def test_the_same_with_the_sealed_store(tmp_path: Path, double: Double) -> None:
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("six invented words of EXAMPLE\n")
    passphrase.chmod(0o600)
    laptop = Laptop(tmp_path, double.url, None)
    laptop.env |= {"CREDGUARD_STORE": "sealed", "CREDGUARD_PASSPHRASE_FILE": str(passphrase)}
    laptop.write(section(SPACED, ACME_STAGING.key_id(), ACME_STAGING.secret()))
    before = laptop.snapshot()

    assert laptop.run("import", "--yes").code == 0
    assert laptop.asks_aws(SPACED) == WHO.format(ACME_STAGING.account_id)
    assert _with_boto3(laptop, SPACED)[1:] == ("custom-process", ACME_STAGING.key_id())
    assert laptop.leaks([*_secrets(double), passphrase.read_text().strip()]) == []

    assert laptop.run("undo-import", given="plaintext\n").code == 0
    assert laptop.snapshot() == before
    assert laptop.run("import", "--yes").code == 0

    # Without the passphrase a tool gets nothing, in one sentence, and exit 4.
    alone = laptop.run("credential-process", "--profile", SPACED, CREDGUARD_PASSPHRASE_FILE="")
    assert (alone.code, alone.out, len(alone.err.splitlines())) == (4, "", 1)
    refused = laptop.aws("sts", "get-caller-identity", "--profile", SPACED, CREDGUARD_PASSPHRASE_FILE="")
    assert refused.code != 0
    assert "CredGuard:" in refused.err
    assert "Traceback" not in refused.err

    rotated = laptop.run("rotate", SPACED, "--yes", "--json")
    assert rotated.code == 0, rotated.err
    assert laptop.asks_aws(SPACED) == WHO.format(ACME_STAGING.account_id)
    assert _with_boto3(laptop, SPACED)[2] == rotated.document()["new_key"]
    assert laptop.leaks(_secrets(double)) == []
