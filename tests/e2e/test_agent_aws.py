"""The sealed vault with the agent: `aws` and boto3 as on the first day, without a passphrase in reach."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from credguard.demo.cloud.server import Double
from tests.e2e.test_aws_tools import CONFIG, CREDENTIALS, PROFILES, SPACED, WHO, _secrets, _with_boto3
from tests.support.laptop import AWS, Laptop

pytestmark = [
    pytest.mark.awscli,
    pytest.mark.skipif(AWS is None, reason="no aws command line here"),
]


@pytest.fixture
def laptop(tmp_path: Path, double: Double) -> Iterator[Laptop]:
    """Imported into the sealed vault; its passphrase file is in nobody's environment afterwards."""
    passphrase = tmp_path / "passphrase"
    passphrase.touch(mode=0o600)
    passphrase.write_text("six random words EXAMPLE\n")
    made = Laptop(tmp_path, double.url, None)
    made.write(CREDENTIALS, CONFIG)
    made.env["CREDGUARD_STORE"] = "sealed"
    known = {"CREDGUARD_PASSPHRASE_FILE": str(passphrase)}
    moved = made.run("import", "--yes", **known)
    assert moved.code == 0, moved.err
    assert made.run("unlock", **known).code == 0
    try:
        yield made
    finally:
        made.run("lock")


def test_the_aws_tools_go_through_the_agent(laptop: Laptop, double: Double) -> None:
    for name, company in PROFILES.items():
        assert laptop.asks_aws(name) == WHO.format(company.account_id)
        arn, method, key_id = _with_boto3(laptop, name)
        assert (arn, method, key_id) == (
            WHO.format(company.account_id), "custom-process", company.key_id()
        )  # fmt: skip
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(laptop.asks_aws, [SPACED, "work"] * 4))
    assert found == [WHO.format(PROFILES[SPACED].account_id), WHO.format(PROFILES["work"].account_id)] * 4
    rotated = laptop.run("rotate", "work", "--yes")
    assert rotated.code == 0, rotated.err
    assert _with_boto3(laptop, "work")[2] != PROFILES["work"].key_id()
    used = {row["actor"] for row in laptop.run("activity", "--json").document() if row["kind"] == "use"}
    assert "aws" in used
    assert laptop.leaks(_secrets(double)) == []


def test_locked_the_tools_end_with_one_sentence(laptop: Laptop, double: Double) -> None:
    assert laptop.run("lock").code == 0
    refused = laptop.aws("sts", "get-caller-identity", "--profile", SPACED)
    assert refused.code != 0
    assert refused.out == ""
    assert "The sealed vault is locked" in refused.err
    assert not any(secret in refused.err for secret in _secrets(double))
