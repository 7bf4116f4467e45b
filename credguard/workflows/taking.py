"""Credentials for a command: the role as a person names it, and the environment that the command gets."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from credguard.aws.sts import LONGEST, LONGEST_ROOT, SHORTEST
from credguard.domain.accounts import Identity
from credguard.domain.errors import CredGuardError
from credguard.domain.keys import Credentials
from credguard.domain.roles import Role
from credguard.domain.text import text

#: What would win over the credentials given, or belongs to others: taken out of the command's environment.
CLEARED = (
    "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN", "AWS_CREDENTIAL_EXPIRATION", "AWS_ACCOUNT_ID", "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "CREDGUARD_PASSPHRASE_FILE",
)  # fmt: skip


def role_named(name: str, account_id: str, arn: str, seconds: int | None) -> Role:
    """The role of an ARN, or of a name in the account of the key with `arn`."""
    partition = Identity(arn, "").partition if arn else "aws"
    full = name if name.startswith("arn:") else f"arn:{partition}:iam::{account_id}:role/{name.lstrip('/')}"
    return Role(full, seconds=seconds)


def seconds_checked(seconds: int, root: bool) -> None:
    """Raises CredGuardError `duration-invalid` for what GetSessionToken does not take."""
    longest = LONGEST_ROOT if root else LONGEST
    if not SHORTEST <= seconds <= longest:
        raise CredGuardError(
            "duration-invalid",
            text("A session of this key lasts from 15 minutes to {hours} hours.", hours=longest // 3600),
            text("Give another --duration. Nothing was asked of AWS."),
        )


def environment(environ: Mapping[str, str], given: Credentials, region: str | None) -> dict[str, str]:
    """The environment of a command that works with `given`; its own region stays."""
    made = {name: value for name, value in environ.items() if name not in CLEARED}
    made["AWS_ACCESS_KEY_ID"] = given.access_key_id
    made["AWS_SECRET_ACCESS_KEY"] = given.secret.reveal()
    if given.session_token is not None:
        made["AWS_SESSION_TOKEN"] = given.session_token.reveal()
    if given.expiration is not None:
        until = datetime.datetime.fromtimestamp(given.expiration, datetime.UTC)
        made["AWS_CREDENTIAL_EXPIRATION"] = until.strftime("%Y-%m-%dT%H:%M:%SZ")
    if region and not (environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")):
        made["AWS_REGION"] = made["AWS_DEFAULT_REGION"] = region
    return made
