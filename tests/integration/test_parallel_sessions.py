"""Fifty programs ask at once: one STS call, and no code is sent twice. Real processes, real stores."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from credguard.demo.cloud.companies import ACME_PRODUCTION
from credguard.demo.cloud.server import Double
from credguard.domain.profiles import ProfileLink
from credguard.domain.roles import Role
from tests.support.aws_double import client
from tests.support.keyring import PrivateKeyring
from tests.support.sessions import (
    ACCOUNT,
    ARN,
    KEY,
    SCRIPT,
    SERIAL,
    Ended,
    SessionDesk,
    remove,
    session_desk,
    short_folder,
)

CROWD = 50


@pytest.fixture(params=["keychain", "sealed"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def desk(
    kind: str, double: Double, private_keyring: PrivateKeyring, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SessionDesk]:
    folder = short_folder()
    for name in ("CREDGUARD_STORE", "CREDGUARD_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CREDGUARD_HOME", str(folder / "state"))
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("AWS_ENDPOINT_URL", double.url)
    try:
        with session_desk(double, kind, dict(private_keyring.env)) as made:
            yield made
    finally:
        remove(folder)


def sessions(ended: list[Ended]) -> set[str]:
    """The key ids that were answered; every process has to have ended well."""
    wrong = [one.err for one in ended if one.code != 0]
    assert wrong == []
    return {json.loads(one.out)["AccessKeyId"] for one in ended}


def no_code_twice(desk: SessionDesk, calls: int) -> None:
    """AWS took as many codes as calls, and was never given one twice. On a busy computer one may come too
    late: then another one is sent."""
    assert len(desk.device.used) == calls
    assert len(set(desk.device.sent)) == len(desk.device.sent)


def calls_that_went_well(desk: SessionDesk, action: str) -> int:
    return len(desk.double.events.of(action, outcome="ok"))


def test_fifty_programs_make_one_call(desk: SessionDesk) -> None:
    ended = desk.at_once([[SCRIPT, "--profile", ("p-0", "work0")[n % 2]] for n in range(CROWD)])
    assert len(sessions(ended)) == 1
    assert desk.double.counters.of("GetSessionToken") == 1
    no_code_twice(desk, 1)


def role_with_mfa(desk: SessionDesk, name: str) -> Role:
    """A role at AWS that maria takes with a code."""
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"AWS": ARN},
            "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        },
    }
    client(desk.double, "iam", ACME_PRODUCTION).create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps(trust)
    )
    return Role(f"arn:aws:iam::{ACCOUNT}:role/{name}", mfa_serial=SERIAL)


def test_fifty_programs_take_a_role_with_one_call(desk: SessionDesk) -> None:
    desk.link(ProfileLink("p-role", "admin", KEY, ACCOUNT, "/c", roles=(role_with_mfa(desk, "Admin"),)))
    ended = desk.at_once([[SCRIPT, "--profile", ("p-role", "admin")[n % 2]] for n in range(CROWD)])
    assert len(sessions(ended)) == 1
    assert desk.double.counters.of("AssumeRole") == 1
    assert desk.double.counters.of("GetSessionToken") == 0
    no_code_twice(desk, 1)


def test_profiles_that_share_a_device_each_send_a_code_of_their_own(desk: SessionDesk) -> None:
    """Four sessions of one device at once: each one call, each another code."""
    for number in range(3):
        role = role_with_mfa(desk, f"Role{number}")
        desk.link(ProfileLink(f"p-role{number}", f"role{number}", KEY, ACCOUNT, "/c", roles=(role,)))
    names = ["p-0", "p-role0", "p-role1", "p-role2"]
    ended = desk.at_once([[SCRIPT, "--profile", names[n % 4]] for n in range(CROWD)])
    assert len(sessions(ended)) == 4
    assert calls_that_went_well(desk, "AssumeRole") == 3
    assert calls_that_went_well(desk, "GetSessionToken") == 1
    no_code_twice(desk, 4)


def test_more_sessions_than_codes_end_in_a_sentence_and_no_code_twice(desk: SessionDesk) -> None:
    """Twelve sessions of one device: AWS takes five codes at a time and nine in three minutes."""
    for number in range(12):
        role = role_with_mfa(desk, f"Role{number}")
        desk.link(ProfileLink(f"p-role{number}", f"role{number}", KEY, ACCOUNT, "/c", roles=(role,)))
    ended = desk.at_once([[SCRIPT, "--profile", f"p-role{n % 12}"] for n in range(24)])
    served = {json.loads(one.out)["AccessKeyId"] for one in ended if one.code == 0}
    refused = [one for one in ended if one.code != 0]
    assert {one.code for one in refused} == {1}
    assert all(one.out == "" and "were sent" in one.err for one in refused), [one.err for one in refused]
    assert 5 <= len(served) <= 9
    no_code_twice(desk, len(served))
    assert len(desk.device.sent) <= 9
