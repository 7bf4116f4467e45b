"""Which roles a profile takes, and whose key begins the chain: found as botocore does.

Source: botocore `credentials.AssumeRoleProvider` (source_profile, credential_source, loops).
"""

from __future__ import annotations

from dataclasses import dataclass

from credguard.domain.errors import CredGuardError
from credguard.domain.roles import Role, checked, role_in
from credguard.domain.text import Text, text
from credguard.profiles.read import KEY_ID, PROCESS, SECRET, AwsFiles, AwsProfile


@dataclass(frozen=True, slots=True)
class Chain:
    """`roles` first to last, taken from `source`, a profile with credentials of its own."""

    source: AwsProfile
    roles: tuple[Role, ...]


def chain_of(files: AwsFiles, name: str) -> Chain | None:
    """The roles that the AWS tools would take for a profile; None where it names no role.

    The region is that of the profile which is asked for: the tools ask STS there for all of a chain.
    Raises CredGuardError `role-source` for a source that is missing, a loop, or no profile, and as
    `domain.roles.checked`.
    """
    asked = files.profile(name)
    if asked is None or not _takes_role(asked):
        return None
    region = asked.region
    roles: list[Role] = []
    visited = [name]
    at = asked
    while True:
        roles.append(role_in(at.values, region))
        source = at.values.get("source_profile")
        if not source or at.values.get("credential_source"):
            raise _source(text("The role of {name} does not begin with a profile.", name=at.name))
        found = files.profile(source)
        if found is None:
            raise _source(
                text("{name} takes its role from the profile {source}, which is not there.",
                     name=at.name, source=source)
            )  # fmt: skip
        if _has_keys(found) or not _takes_role(found):
            # Keys win over the role of the profile that they stand in, its own included.
            break
        if source in visited:
            raise _source(text("The profiles {names} take their roles from one another.",
                               names=", ".join(dict.fromkeys([*visited, source]))))  # fmt: skip
        visited.append(source)
        at = found
    return Chain(found, checked(roles[::-1]))


def _takes_role(profile: AwsProfile) -> bool:
    return bool(profile.values.get("role_arn")) and not profile.values.get("web_identity_token_file")


def _has_keys(profile: AwsProfile) -> bool:
    return KEY_ID in profile.values or SECRET in profile.values


def process_of(chain: Chain) -> str | None:
    """The `credential_process` that the chain begins with."""
    return chain.source.values.get(PROCESS) or None


def _source(what: Text) -> CredGuardError:
    return CredGuardError("role-source", what, text("Correct it in ~/.aws/config. Nothing was changed."))
