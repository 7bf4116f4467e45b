"""The profiles of `~/.aws/config` and `~/.aws/credentials`, put together as botocore does.

Which file holds what, in which order sections win and what a profile's name is: botocore
`configloader.build_profile_map`, `session.full_config`, `credentials.SharedCredentialProvider`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from credguard.domain.errors import CredGuardError
from credguard.domain.keys import is_temporary, looks_like_key_id
from credguard.domain.secret import Secret
from credguard.domain.text import Text, text
from credguard.profiles.ini import IniFile, Section, read_ini, shown

KEY_ID = "aws_access_key_id"
SECRET = "aws_secret_access_key"  # noqa: S105 the name of an option
TOKENS = ("aws_session_token", "aws_security_token")
KEY_OPTIONS = (KEY_ID, SECRET, *TOKENS)
PROCESS = "credential_process"
#: What makes a profile something other than its keys, and so wins over credential_process.
OVERRIDING = (
    "role_arn",
    "web_identity_token_file",
    "sso_session",
    "sso_start_url",
    "sso_account_id",
    "login_session",
)
_SECRET_FORM = re.compile(r"[A-Za-z0-9/+]{40}")

SourceKind: TypeAlias = Literal["credentials", "config", "none"]


@dataclass(frozen=True, slots=True)
class AwsProfile:
    """One profile. `source` is the file that the AWS tools take its keys from.

    `line` is 1-based. `problems` are reasons why its keys cannot be moved, in sentences.
    """

    name: str
    access_key_id: str | None
    secret: Secret | None
    session_token: Secret | None
    source: SourceKind
    path: str | None
    line: int | None
    mfa_serial: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    account_id: str | None = None
    credential_process: str | None = None
    role_arn: str | None = None
    problems: tuple[Text, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def where(self) -> str:
        """`~/.aws/credentials [northwind]`."""
        return f"{shown(self.path)} [{self.name}]" if self.path else f"[{self.name}]"

    @property
    def has_key(self) -> bool:
        return self.access_key_id is not None


@dataclass(frozen=True, slots=True)
class AwsFiles:
    """Both files and the profiles in them, in the order in which they stand."""

    config: IniFile
    credentials: IniFile
    profiles: tuple[AwsProfile, ...]

    def profile(self, name: str) -> AwsProfile | None:
        return next((p for p in self.profiles if p.name == name), None)


def read_aws_files(config: str, credentials: str) -> AwsFiles:
    """Both files; a missing one is empty.

    Raises CredGuardError `aws-file-unreadable` or `aws-file-malformed`.
    """
    return put_together(read_ini(config), read_ini(credentials))


def put_together(config: IniFile, credentials: IniFile) -> AwsFiles:
    """The profiles of two files that were read."""
    in_config: dict[str, list[Section]] = {}
    for section in config.sections:
        name = profile_of(section.name)
        if name is not None:
            in_config.setdefault(name, []).append(section)
    names = dict.fromkeys([*(s.name for s in credentials.sections), *in_config])
    profiles = tuple(
        _profile(name, config, in_config.get(name, []), credentials, credentials.section(name))
        for name in names
    )
    return AwsFiles(config, credentials, profiles)


def profile_of(section: str) -> str | None:
    """The profile that a section of the config file is, None for other sections."""
    if section == "default":
        return section
    if not section.startswith("profile"):
        return None
    try:
        parts = shlex.split(section)
    except ValueError:
        return None
    return parts[1] if len(parts) == 2 else None


def section_of(profile: str) -> str:
    """The heading of a profile in the config file, quoted so that botocore reads the name back."""
    if profile == "default":
        return profile
    if "'" in profile:
        return 'profile "' + profile.replace("\\", "\\\\").replace('"', '\\"') + '"'
    quoted = shlex.quote(profile)
    # Letters of any language need no quotes.
    return f"profile {profile}" if re.fullmatch(r"[\w@%+=:,./-]+", profile) else f"profile {quoted}"


def check_key(access_key_id: str, secret: str | None) -> Text | None:
    """Why this pair cannot be a long-term key; None when it has the right form."""
    if not looks_like_key_id(access_key_id):
        return text("What stands there is not an access key id.")
    if is_temporary(access_key_id):
        return text("It is a temporary key, which runs out by itself.")
    if not secret:
        return text("Its secret access key is missing.")
    if _SECRET_FORM.fullmatch(secret):
        return None
    if re.search(r"\s", secret):
        return text("Its secret access key has a space or a line break in it.")
    if secret[0] in "\"'" or secret[-1] in "\"'":
        return text("Its secret access key stands in quotes, which the AWS tools take as part of it.")
    if len(secret) != 40:
        return text("Its secret access key has {count} characters instead of 40.", count=len(secret))
    return text("Its secret access key has a character that no secret access key has.")


def _profile(
    name: str, config: IniFile, sections: list[Section], credentials: IniFile, own: Section | None
) -> AwsProfile:
    # Of several sections that name one profile, botocore takes the last.
    chosen = sections[-1] if sections else None
    in_config = chosen.values() if chosen else {}
    in_credentials = own.values() if own else {}
    merged = {**in_config, **in_credentials}
    source: SourceKind = "none"
    holder: Section | None = None
    path: str | None = None
    if KEY_ID in in_credentials:
        source, holder, path = "credentials", own, credentials.path
    elif KEY_ID in in_config:
        source, holder, path = "config", chosen, config.path
    values = holder.values() if holder else {}
    option = holder.option(KEY_ID) if holder else None
    token = next((values[t] for t in reversed(TOKENS) if values.get(t)), None)
    secret = values.get(SECRET)
    problems = _problems(merged, holder, sections, secret)
    if source == "credentials" and KEY_ID in in_config:
        both = (KEY_ID, SECRET)
        if [in_config.get(o) for o in both] != [in_credentials.get(o) for o in both]:
            problems += (text("It holds two different keys, one in each of the AWS files."),)
    return AwsProfile(
        name=name,
        access_key_id=values.get(KEY_ID),
        secret=Secret(secret) if secret else None,
        session_token=Secret(token) if token else None,
        source=source,
        path=path,
        line=option.lines[0] + 1 if option else None,
        mfa_serial=merged.get("mfa_serial") or None,
        region=merged.get("region") or None,
        endpoint_url=merged.get("endpoint_url") or None,
        account_id=merged.get("aws_account_id") or None,
        credential_process=merged.get(PROCESS) or None,
        role_arn=merged.get("role_arn") or None,
        problems=problems if holder else (),
        values=merged,
    )


def _problems(
    merged: Mapping[str, str], holder: Section | None, sections: list[Section], secret: str | None
) -> tuple[Text, ...]:
    if holder is None:
        return ()
    found: list[Text] = []
    shape = check_key(holder.values().get(KEY_ID, ""), secret)
    if shape is not None:
        found.append(shape)
    winner = next((o for o in OVERRIDING if merged.get(o)), None)
    if winner is not None:
        found.append(
            text("Its {option} comes first: the tools do not take the profile from its keys.", option=winner)
        )
    if any(o in holder.inherited for o in KEY_OPTIONS):
        found.append(text("Its keys stand under [DEFAULT], which counts for every profile of the file."))
    if len(sections) > 1:
        found.append(text("It stands {count} times in the config file.", count=len(sections)))
    return tuple(found)


def importable(profile: AwsProfile) -> CredGuardError | None:
    """Why the keys of this profile cannot be moved; None where they can."""
    if not profile.has_key:
        return CredGuardError(
            "no-key-there",
            text("There is no access key in the profile {name}.", name=profile.name),
            text("See which profiles have one with: credguard import --dry-run"),
        )
    if not profile.problems:
        return None
    return CredGuardError(
        "key-not-movable",
        text("{where}: {why}", where=profile.where, why=profile.problems[0]),
        text("Mend the profile, then import again. Nothing was changed in it."),
    )
