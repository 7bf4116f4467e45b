"""The AWS double for tests: one server for the whole run, as new for each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from credguard.demo.cloud.companies import Company
from credguard.demo.cloud.server import Double


@pytest.fixture(scope="session")
def double_server() -> Iterator[Double]:
    with Double() as server:
        yield server


@pytest.fixture
def double(double_server: Double) -> Double:
    double_server.reset()
    return double_server


def client(
    double: Double, service: str, who: Company | dict[str, str], secret: str | None = None, number: int = 0
) -> Any:
    """A real boto3 client that sends each request once. `who`: a company's key, or a `Credentials` or
    `AccessKey` answer of AWS."""
    if isinstance(who, Company):
        keys = {
            "aws_access_key_id": who.key_id(number),
            "aws_secret_access_key": secret or who.secret(number),
        }
    else:
        keys = {
            "aws_access_key_id": who["AccessKeyId"],
            "aws_secret_access_key": secret or who["SecretAccessKey"],
        }
        if "SessionToken" in who:
            keys["aws_session_token"] = who["SessionToken"]
    return boto3.client(
        service,  # type: ignore[call-overload]
        region_name="eu-central-1",
        endpoint_url=double.url,
        config=Config(retries={"total_max_attempts": 1}, proxies={}, read_timeout=10),
        **keys,
    )


def serial_of(company: Company) -> str:
    """The serial of the one device of a company's user."""
    return f"arn:aws:iam::{company.account_id}:mfa/{company.people[0].name}"
