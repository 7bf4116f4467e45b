"""Which roles a profile takes: the same answer as botocore, and loops that end."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.credentials import AssumeRoleProvider
from botocore.exceptions import InfiniteLoopConfigError

from credguard.domain.errors import CredGuardError
from credguard.profiles.read import AwsFiles, read_aws_files
from credguard.profiles.roles import chain_of

ARN = "arn:aws:iam::482011739056:role/"
CONFIG = f"""
[profile base]
region = eu-west-1

[profile first]
role_arn = {ARN}first
source_profile = base
external_id = abc
mfa_serial = arn:aws:iam::482011739056:mfa/m.keller

[profile second]
role_arn = {ARN}second
source_profile = first
role_session_name = me
duration_seconds = 3600
region = eu-central-1

[profile itself]
role_arn = {ARN}itself
source_profile = itself
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY

[profile ring]
role_arn = {ARN}ring
source_profile = round

[profile round]
role_arn = {ARN}round
source_profile = ring

[profile alone]
role_arn = {ARN}alone
source_profile = alone

[profile lost]
role_arn = {ARN}lost
source_profile = nowhere

[profile machine]
role_arn = {ARN}machine
credential_source = Environment

[profile far]
role_arn = {ARN}far
source_profile = first
duration_seconds = 7200
"""


@pytest.fixture
def files(tmp_path: Path) -> AwsFiles:
    (tmp_path / "config").write_text(CONFIG)
    return read_aws_files(str(tmp_path / "config"), str(tmp_path / "credentials"))


def test_a_chain_begins_with_the_profile_that_has_a_key(files: AwsFiles) -> None:
    found = chain_of(files, "second")
    assert found is not None
    assert found.source.name == "base"
    assert [role.name for role in found.roles] == ["first", "second"]
    assert (found.roles[0].external_id, found.roles[1].session_name) == ("abc", "me")
    # The tools ask STS in the region of the profile that is asked for.
    assert {role.region for role in found.roles} == {"eu-central-1"}
    assert chain_of(files, "base") is None
    assert chain_of(files, "nobody") is None


def test_a_profile_may_take_its_role_with_its_own_key(files: AwsFiles) -> None:
    found = chain_of(files, "itself")
    assert found is not None
    assert (found.source.name, len(found.roles)) == ("itself", 1)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("ring", "role-source"), ("alone", "role-source"), ("lost", "role-source"),
        ("machine", "role-source"), ("far", "role-too-long"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_said(files: AwsFiles, name: str, code: str) -> None:
    with pytest.raises(CredGuardError) as caught:
        chain_of(files, name)
    assert caught.value.code == code


@pytest.mark.parametrize("name", ["ring", "alone"])
def test_botocore_too_calls_it_a_loop(files: AwsFiles, name: str) -> None:
    profiles = {profile.name: dict(profile.values) for profile in files.profiles}
    provider = AssumeRoleProvider(lambda: {"profiles": profiles}, None, {}, name)
    with pytest.raises(InfiniteLoopConfigError):
        provider.load()
