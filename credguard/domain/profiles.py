"""What ties an AWS profile to a stored key: the line in the config file that CredGuard wrote."""

from __future__ import annotations

from dataclasses import dataclass

from credguard.domain.roles import Role


@dataclass(frozen=True, slots=True)
class ProfileLink:
    """One profile served by CredGuard.

    `profile_id` is the opaque id that stands in the config line; `config_line` is 1-based and only a
    hint (a person may have edited the file since); `mfa_serial` set means that the profile is served
    with an MFA session where its codes are stored here. `roles` are taken with it, first to last.
    """

    profile_id: str
    name: str
    access_key_id: str
    account_id: str | None
    config_path: str
    config_line: int | None = None
    mfa_serial: str | None = None
    roles: tuple[Role, ...] = ()
