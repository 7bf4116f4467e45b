"""Roles as profiles name them: what is refused before AWS is asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credguard.domain.errors import CredGuardError
from credguard.domain.roles import Role, checked, role_in, session_name
from credguard.wire import flat, items

ARN = "arn:aws:iam::482011739056:role/team/etl-writer"


def test_the_options_of_a_profile() -> None:
    made = role_in(
        {"role_arn": ARN, "external_id": "x-1", "role_session_name": "me", "duration_seconds": "7200"},
        "eu-west-1",
    )
    assert made == Role(ARN, "me", "x-1", 7200, None, "eu-west-1")
    assert (made.name, made.account_id, made.partition) == ("etl-writer", "482011739056", "aws")
    assert Role.from_json(made.to_json()) == made
    assert role_in({"role_arn": ARN, "duration_seconds": "soon"}).seconds is None  # as botocore
    legacy = {"role_arn": ARN, "sts_regional_endpoints": "legacy"}
    assert role_in(legacy, "eu-west-1").region == "us-east-1"
    china = {**legacy, "role_arn": ARN.replace("arn:aws:", "arn:aws-cn:")}
    assert role_in(china, "cn-north-1").region == "cn-north-1"


@pytest.mark.parametrize(
    ("chain", "code"),
    [
        ((Role("etl-writer"),), "role-invalid"),
        ((Role(ARN, session_name="x"),), "role-invalid"),
        ((Role(ARN, external_id="a b"),), "role-invalid"),
        ((Role(ARN, seconds=899),), "role-invalid"),
        ((Role(ARN, seconds=43_201),), "role-invalid"),
        ((Role(ARN), Role(ARN, seconds=3_601)), "role-too-long"),
        ((Role(ARN), Role(ARN, mfa_serial="GAHT12345678")), "role-chain-mfa"),
    ],
)
def test_what_aws_would_refuse_is_said_before(chain: tuple[Role, ...], code: str) -> None:
    with pytest.raises(CredGuardError) as caught:
        checked(chain)
    assert caught.value.code == code


def test_what_is_served_outlasts_the_moment_when_the_tools_ask_again() -> None:
    short = (Role(ARN, seconds=900),)
    assert checked(short) == short
    with pytest.raises(CredGuardError) as caught:
        checked(short, served=True)
    assert caught.value.code == "role-too-short"


def test_a_first_role_may_be_long_and_want_a_code() -> None:
    chain = (Role(ARN, seconds=43_200, mfa_serial="GAHT12345678"), Role(ARN, seconds=3_600))
    assert checked(chain, served=True) == chain


@given(st.text(max_size=200))
def test_a_session_has_a_name_that_aws_takes(user: str) -> None:
    checked((Role(ARN, session_name=session_name(f"arn:aws:iam::482011739056:user/{user}")),))


def test_the_user_is_the_name() -> None:
    assert session_name("arn:aws:iam::482011739056:user/ops/m.keller") == "m.keller"
    assert session_name(None) == session_name("arn:aws:iam::482011739056:root") == "credguard"


def test_the_short_way_never_serves_the_key_of_a_role() -> None:
    """Without the agent only flat items are read: an item with roles takes the whole program."""
    item = items.profile_item("p-1", "admin", "AKIAIOSFODNN7EXAMPLE", None, roles=[Role(ARN).to_json()])
    assert item["direct"] is True
    with pytest.raises(ValueError):
        flat.decode(items.encode(item))
    plain = items.profile_item("p-1", "admin", "AKIAIOSFODNN7EXAMPLE", None)
    assert flat.decode(items.encode(plain))["direct"] is True
