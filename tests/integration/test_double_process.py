"""The double and plain moto as processes, and the real aws command line against the double."""

from __future__ import annotations

import os
import shutil
import subprocess
import urllib.error
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from credguard.demo.cloud.companies import ACME_PRODUCTION, NORTHWIND
from credguard.demo.cloud.home import write_home
from credguard.demo.cloud.server import Double
from tests.support.aws_double import serial_of
from tests.support.double import double_process, plain_moto

ONCE = Config(retries={"total_max_attempts": 1}, proxies={})


def asked(url: str, service: str, key: str, secret: str, token: str | None = None) -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=url,
        region_name="eu-central-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=ONCE,
    )


def test_a_process_keeps_its_keys_and_its_address(tmp_path: Path) -> None:
    file = tmp_path / "double.json"
    old = ACME_PRODUCTION.key_id(), ACME_PRODUCTION.secret()
    with double_process(state_file=file) as first:
        iam = asked(first.url, "iam", *old)
        made = iam.create_access_key(UserName="maria")["AccessKey"]
        iam.update_access_key(UserName="maria", AccessKeyId=old[0], Status="Inactive")
        serial = serial_of(NORTHWIND)
        code = first.ask("code", {"serial": serial})["code"]
        northwind = asked(first.url, "sts", NORTHWIND.key_id(), NORTHWIND.secret())
        session = northwind.get_session_token(SerialNumber=serial, TokenCode=code)["Credentials"]
    assert file.stat().st_mode & 0o777 == 0o600
    with double_process(state_file=file) as second:
        assert (second.url, second.token) == (first.url, first.token)
        new = asked(second.url, "iam", made["AccessKeyId"], made["SecretAccessKey"])
        rows = new.list_access_keys(UserName="maria")["AccessKeyMetadata"]
        states = {row["AccessKeyId"]: row["Status"] for row in rows}
        assert states == {old[0]: "Inactive", made["AccessKeyId"]: "Active"}
        with pytest.raises(ClientError, match="InvalidClientTokenId"):
            asked(second.url, "sts", *old).get_caller_identity()
        kept = session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]
        assert asked(second.url, "iam", *kept).list_mfa_devices(UserName="m.keller")["MFADevices"]
        with pytest.raises(ClientError, match="invalid MFA one time pass code"):
            asked(second.url, "sts", NORTHWIND.key_id(), NORTHWIND.secret()).get_session_token(
                SerialNumber=serial, TokenCode=code
            )
        third = asked(second.url, "iam", made["AccessKeyId"], made["SecretAccessKey"])
        third.delete_access_key(UserName="maria", AccessKeyId=old[0])
        assert third.create_access_key(UserName="maria")["AccessKey"]["AccessKeyId"] not in {
            old[0],
            made["AccessKeyId"],
        }


def test_another_process_is_steered_from_here() -> None:
    with double_process() as double:
        sts = asked(double.url, "sts", ACME_PRODUCTION.key_id(), ACME_PRODUCTION.secret())
        sts.get_caller_identity()
        (event,) = double.ask("events", {"action": "sts:GetCallerIdentity"})
        assert (event["account"], event["outcome"]) == ("123456789012", "ok")
        double.ask("faults", {"action": "*", "kind": "throttled", "times": None})
        with pytest.raises(ClientError, match="Throttling"):
            sts.get_caller_identity()
        double.ask("faults", method="DELETE")
        sts.get_caller_identity()
        double.ask("clock", {"set": 2_000_000_000})
        assert 2_000_000_000 <= double.ask("status")["now"] < 2_000_000_060
        accounts = {a["account_id"]: a for a in double.ask("accounts")}
        (_, maria) = accounts["123456789012"]["people"]
        assert maria["keys"][0]["secret"] == ACME_PRODUCTION.secret()
        double.token = "wrong"
        with pytest.raises(urllib.error.HTTPError, match="403"):
            double.ask("accounts")


def test_plain_moto_takes_any_key() -> None:
    with plain_moto() as url:
        sts = asked(url, "sts", ACME_PRODUCTION.key_id(), "any/EXAMPLE")
        assert sts.get_caller_identity()["Arn"].endswith("user/moto")


# ── the real command line ────────────────────────────────────────────────────────────────────────
AWS = os.environ.get("CREDGUARD_TEST_AWS") or shutil.which("aws")


@pytest.mark.awscli
@pytest.mark.skipif(AWS is None, reason="no aws command line here")
def test_the_aws_command_line_sees_aws(double: Double, tmp_path: Path) -> None:
    assert AWS is not None
    files = write_home(str(tmp_path / "home"))
    env = {
        "PATH": os.environ["PATH"],
        "HOME": files.home,
        "AWS_ENDPOINT_URL": double.url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
    }

    def aws(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([AWS, *words], env=env, capture_output=True, text=True, timeout=120)

    said = aws(
        *("sts", "get-caller-identity", "--profile", "acme-prod", "--query", "Arn", "--output", "text")
    )
    assert said.stdout.strip() == "arn:aws:iam::123456789012:user/maria", said.stderr
    denied = aws("iam", "list-access-keys", "--profile", "northwind")
    assert denied.returncode != 0
    assert "with an explicit deny in an identity-based policy" in denied.stderr
    double.user("123456789012", "maria").keys[0].change(double.clock.now(), active=False)
    refused = aws("sts", "get-caller-identity", "--profile", "acme-prod")
    assert "InvalidClientTokenId" in refused.stderr
    assert double.counters.of("GetCallerIdentity", ACME_PRODUCTION.key_id()) == 2
