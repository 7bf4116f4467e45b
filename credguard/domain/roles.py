"""Roles of IAM as a profile names them: which one, for how long, with which device.

Limits of AssumeRole: the service model of STS. Names of the options: the shared config file of the AWS
tools, as botocore reads them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from credguard.domain.errors import CredGuardError
from credguard.domain.text import Text, text

#: Seconds. What AWS takes; what a chained role may last; what is served has to outlast 16 minutes.
SHORTEST, LONGEST, CHAINED, SERVED, USUAL = 900, 43_200, 3_600, 1_800, 3_600
#: The options that make a profile one of a role.
OPTIONS = (
    "role_arn", "source_profile", "credential_source", "external_id", "role_session_name", "mfa_serial",
    "duration_seconds",
)  # fmt: skip
_ARN = re.compile(r"arn:(aws[a-z-]*):iam::(\d{12}):role/([\w+=,.@/-]{1,577})", re.ASCII)
_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_EXTERNAL = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Role:
    """One role to take. `seconds` None: AWS's own hour; `mfa_serial`: whose code goes along."""

    arn: str
    session_name: str | None = None
    external_id: str | None = None
    seconds: int | None = None
    mfa_serial: str | None = None
    region: str | None = None

    @property
    def partition(self) -> str:
        return self.arn.split(":")[1]

    @property
    def account_id(self) -> str:
        return self.arn.split(":")[4]

    @property
    def name(self) -> str:
        return self.arn.rsplit("/", 1)[-1]

    def to_json(self) -> dict[str, Any]:
        """Without what is not set; `from_json` is its inverse."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> Role:
        return Role(**{f.name: document[f.name] for f in fields(Role) if f.name in document})


def role_in(values: Mapping[str, str], region: str | None = None) -> Role:
    """The role that the options of a profile name. A duration that is no number counts as none, as with
    the AWS tools. Raises CredGuardError `role-invalid`."""
    seconds = values.get("duration_seconds", "")
    made = Role(
        values["role_arn"],
        values.get("role_session_name"),
        values.get("external_id"),
        int(seconds) if seconds.isascii() and seconds.isdigit() else None,
        values.get("mfa_serial"),
        "us-east-1"
        if values.get("sts_regional_endpoints") == "legacy" and _is_commercial(values)
        else region,
    )
    return checked((made,))[0]


def checked(chain: Sequence[Role], served: bool = False) -> tuple[Role, ...]:
    """The same roles, first to last; each one is taken with the session of the one before.

    What AWS would refuse is said before it is asked. `served`: programs come back for them. Raises
    CredGuardError `role-invalid`, `role-too-long`, `role-too-short`, `role-chain-mfa`.
    """
    for number, role in enumerate(chain):
        _form(role)
        if number and (role.seconds or 0) > CHAINED:
            raise CredGuardError(
                "role-too-long",
                text("{role} is taken with the session of another role: AWS ends that after an hour at most,"
                     " and {n} seconds are asked for.", role=role.name, n=role.seconds or 0),
                text("Set duration_seconds to 3600 or less. Nothing was asked of AWS."),
            )  # fmt: skip
        if number and role.mfa_serial:
            raise CredGuardError(
                "role-chain-mfa",
                text("{role} wants the code of a device, but it is taken with the session of another role,"
                     " which has no device.", role=role.name),
                text("Name the device at the first role of the chain. Nothing was asked of AWS."),
            )  # fmt: skip
    last = chain[-1].seconds if chain else None
    if served and last is not None and last < SERVED:
        raise CredGuardError(
            "role-too-short",
            text("{role} is asked for {n} seconds. AWS’s tools ask again when 15 minutes are left.",
                 role=chain[-1].name, n=last),
            text("Set duration_seconds to {n} or more.", n=SERVED),
        )  # fmt: skip
    return tuple(chain)


def _form(role: Role) -> None:
    if not _ARN.fullmatch(role.arn):
        raise _invalid(text("{arn} is not the ARN of a role.", arn=role.arn[:120]))
    if role.session_name is not None and not _NAME.fullmatch(role.session_name):
        raise _invalid(
            text("The session name {name} is not one that AWS takes.", name=role.session_name[:80])
        )
    if role.external_id is not None and not _EXTERNAL.fullmatch(role.external_id):
        raise _invalid(text("The external id of {role} is not one that AWS takes.", role=role.name))
    if role.seconds is not None and not SHORTEST <= role.seconds <= LONGEST:
        raise _invalid(text("A role lasts from 900 to 43200 seconds; {n} are asked for.", n=role.seconds))


def _invalid(what: Text) -> CredGuardError:
    return CredGuardError(
        "role-invalid",
        what,
        text("Correct it in ~/.aws/config, or in the command. Nothing was asked of AWS."),
    )


def _is_commercial(values: Mapping[str, str]) -> bool:
    return values["role_arn"].startswith("arn:aws:")


def session_name(arn: str | None) -> str:
    """The name of a session where a profile gives none: the user, whom a trail then shows."""
    user = arn.rsplit("/", 1)[-1] if arn and "/" in arn else ""
    plain = re.sub(r"[^\w+=,.@-]", "-", user, flags=re.ASCII)[-64:]
    return plain if len(plain) >= 2 else "credguard"
