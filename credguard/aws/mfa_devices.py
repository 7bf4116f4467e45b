"""MFA devices of one IAM user, changed at IAM. `aws/mfa.py` only looks; what AWS says is in the AWS facts.

The user is always named: `EnableMFADevice` demands it, and so do temporary keys.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from credguard.aws.clients import AwsClients
from credguard.aws.errors import translate
from credguard.domain.errors import CredGuardError
from credguard.domain.keys import Credentials
from credguard.domain.secret import Secret

T = TypeVar("T")
#: Refusals after which something is simply not known.
_MAY_NOT = frozenset({"access-denied", "mfa-needed", "aws-refused"})


class MfaDevices:
    """The devices of `user`, signed with `credentials`. Raises CredGuardError, AnswerLost."""

    def __init__(
        self, clients: AwsClients, credentials: Credentials, user: str, partition: str = "aws"
    ) -> None:
        self._clients = clients
        self._credentials = credentials
        self._user = user
        self._partition = partition

    def enabled(self) -> tuple[tuple[str, float], ...] | None:
        """Serial and time of enabling (seconds since 1970) of each device of the user; None where the right
        to ask is missing."""
        rows = self._look(
            "iam:ListMFADevices",
            lambda iam: [
                (str(d["SerialNumber"]), float(d["EnableDate"].timestamp()))
                for page in iam.get_paginator("list_mfa_devices").paginate(UserName=self._user)
                for d in page["MFADevices"]
            ],
        )
        return None if rows is None else tuple(rows)

    def free(self) -> tuple[str, ...] | None:
        """Virtual devices of the account that are assigned to nobody; None where the right is missing."""
        rows = self._look(
            "iam:ListVirtualMFADevices",
            lambda iam: [
                str(d["SerialNumber"])
                for page in iam.get_paginator("list_virtual_mfa_devices").paginate(
                    AssignmentStatus="Unassigned"
                )
                for d in page["VirtualMFADevices"]
            ],
        )
        return None if rows is None else tuple(rows)

    def create(self, name: str) -> tuple[str, Secret]:
        """A new device: its serial, and its Base32 seed, which AWS tells once. Sent once: a lost answer
        raises AnswerLost, never a second request."""
        answer = self._call(
            "iam:CreateVirtualMFADevice",
            lambda iam: iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"],
            attempts=1,
        )
        seed = answer["Base32StringSeed"]
        return str(answer["SerialNumber"]), Secret(seed.decode("ascii") if isinstance(seed, bytes) else seed)

    def enable(self, serial: str, first: Secret, second: Secret) -> None:
        """Assign the device to the user, with the codes of two steps in a row. Sent once."""
        self._call(
            "iam:EnableMFADevice",
            lambda iam: iam.enable_mfa_device(
                UserName=self._user,
                SerialNumber=serial,
                AuthenticationCode1=first.reveal(),
                AuthenticationCode2=second.reveal(),
            ),
            attempts=1,
        )

    def resync(self, serial: str, first: Secret, second: Secret) -> None:
        """Let AWS learn the device's clock from the codes of two steps in a row. Needs no MFA."""
        self._call(
            "iam:ResyncMFADevice",
            lambda iam: iam.resync_mfa_device(
                UserName=self._user,
                SerialNumber=serial,
                AuthenticationCode1=first.reveal(),
                AuthenticationCode2=second.reveal(),
            ),
            attempts=1,
        )

    def deactivate(self, serial: str) -> None:
        """Take the device from the user. `no-such-entity`: it is not this user's (any more)."""
        self._call(
            "iam:DeactivateMFADevice",
            lambda iam: iam.deactivate_mfa_device(UserName=self._user, SerialNumber=serial),
        )

    def delete(self, serial: str) -> None:
        """Delete a virtual device; one that is gone already is what was asked for."""
        try:
            self._call(
                "iam:DeleteVirtualMFADevice",
                lambda iam: iam.delete_virtual_mfa_device(SerialNumber=serial),
            )
        except CredGuardError as error:
            if error.code != "no-such-entity":
                raise

    def _look(self, action: str, call: Callable[[Any], T]) -> T | None:
        try:
            return self._call(action, call, changes=False)
        except CredGuardError as error:
            if error.code in _MAY_NOT:
                return None
            raise

    def _call(self, action: str, call: Callable[[Any], T], changes: bool = True, attempts: int = 3) -> T:
        try:
            iam = self._clients.client("iam", self._credentials, partition=self._partition, attempts=attempts)
            return call(iam)
        except CredGuardError:
            raise
        except Exception as error:
            raise translate(error, action, changes) from None
