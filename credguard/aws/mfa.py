"""MFA devices of a user, as IAM lists them (enrolment is another file's matter)."""

from __future__ import annotations

from dataclasses import dataclass

from credguard.aws.clients import AwsClients
from credguard.aws.errors import translate
from credguard.domain.errors import CredGuardError
from credguard.domain.keys import Credentials


@dataclass(frozen=True, slots=True)
class ListedDevice:
    """A device by its serial: an ARN for virtual and FIDO ones, letters and digits for hardware TOTP."""

    serial: str

    @property
    def kind(self) -> str:
        if ":u2f/" in self.serial:
            return "security-key"
        return "virtual" if ":mfa/" in self.serial else "hardware"


def list_devices(
    clients: AwsClients, credentials: Credentials, user: str, partition: str = "aws"
) -> tuple[ListedDevice, ...] | None:
    """The user's devices; None where the right to ask is missing."""
    try:
        client = clients.client("iam", credentials, partition=partition)
        pages = client.get_paginator("list_mfa_devices").paginate(UserName=user)
        return tuple(ListedDevice(str(d["SerialNumber"])) for page in pages for d in page["MFADevices"])
    except Exception as raw:
        error = translate(raw, "iam:ListMFADevices")
        if error.code in {"access-denied", "mfa-needed", "no-such-entity"}:
            return None
        raise error from None


def account_alias(clients: AwsClients, credentials: Credentials, partition: str = "aws") -> str | None:
    """The account's alias, or None (none set, or the right to ask is missing)."""
    try:
        client = clients.client("iam", credentials, partition=partition)
        aliases = client.list_account_aliases().get("AccountAliases", [])
        return str(aliases[0]) if aliases else None
    except CredGuardError:
        raise
    except Exception as raw:
        error = translate(raw, "iam:ListAccountAliases")
        if error.code in {"no-network", "aws-busy"}:
            raise error from None
        return None


def root_has_mfa(clients: AwsClients, credentials: Credentials, partition: str = "aws") -> bool | None:
    """`AccountMFAEnabled` of GetAccountSummary; None = unknown (a missing field is unknown, not 0)."""
    try:
        client = clients.client("iam", credentials, partition=partition)
        value = client.get_account_summary()["SummaryMap"].get("AccountMFAEnabled")
    except Exception as raw:
        error = translate(raw, "iam:GetAccountSummary")
        if error.code in {"access-denied", "mfa-needed"}:
            return None
        raise error from None
    return None if value is None else bool(value)
