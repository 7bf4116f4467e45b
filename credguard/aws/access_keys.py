"""Access keys of the caller at IAM. Users are always named: temporary keys need `UserName`."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from credguard.aws.clients import AwsClients
from credguard.aws.errors import translate
from credguard.domain.errors import CredGuardError
from credguard.domain.keys import Credentials, KeyStatus
from credguard.domain.secret import Secret

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ListedKey:
    """One key as IAM lists it. `created` is seconds since 1970."""

    access_key_id: str
    status: KeyStatus
    created: float


@dataclass(frozen=True, slots=True)
class LastUse:
    """When a key was used last, as IAM recorded it (it lags); `at` None = never."""

    at: float | None
    service: str | None = None
    region: str | None = None


class AccessKeys:
    """The access keys of one IAM user (or of root, with `user` None), signed with `credentials`."""

    def __init__(
        self, clients: AwsClients, credentials: Credentials, user: str | None, partition: str = "aws"
    ) -> None:
        self._clients = clients
        self._credentials = credentials
        self._user = {"UserName": user} if user else {}
        self._partition = partition

    def list(self) -> tuple[ListedKey, ...]:
        """All keys of the user, oldest first."""
        found = self._call(
            "iam:ListAccessKeys",
            lambda iam: [
                key
                for page in iam.get_paginator("list_access_keys").paginate(**self._user)
                for key in page["AccessKeyMetadata"]
            ],
        )
        keys = [
            ListedKey(str(k["AccessKeyId"]), _status(k.get("Status")), _epoch(k["CreateDate"])) for k in found
        ]
        return tuple(sorted(keys, key=lambda key: key.created))

    def create(self) -> tuple[ListedKey, Secret]:
        """A new key and its secret. Sent once: a lost answer raises AnswerLost, never a second request."""
        answer = self._call(
            "iam:CreateAccessKey",
            lambda iam: iam.create_access_key(**self._user)["AccessKey"],
            changes=True,
            attempts=1,
        )
        created = answer.get("CreateDate")
        key = ListedKey(str(answer["AccessKeyId"]), "active", _epoch(created) if created is not None else 0.0)
        return key, Secret(str(answer["SecretAccessKey"]))

    def set_status(self, access_key_id: str, active: bool) -> None:
        """Turn a key on or off. Safe to repeat."""
        self._call(
            "iam:UpdateAccessKey",
            lambda iam: iam.update_access_key(
                AccessKeyId=access_key_id, Status="Active" if active else "Inactive", **self._user
            ),
            changes=True,
        )

    def delete(self, access_key_id: str) -> None:
        """Delete a key; one that is gone already is what was asked for."""
        try:
            self._call(
                "iam:DeleteAccessKey",
                lambda iam: iam.delete_access_key(AccessKeyId=access_key_id, **self._user),
                changes=True,
            )
        except CredGuardError as error:
            if error.code != "no-such-entity":
                raise

    def last_use(self, access_key_id: str) -> LastUse | None:
        """When the key was used last; None where the right to ask is missing."""
        try:
            used = self._call(
                "iam:GetAccessKeyLastUsed",
                lambda iam: iam.get_access_key_last_used(AccessKeyId=access_key_id)["AccessKeyLastUsed"],
            )
        except CredGuardError as error:
            if error.code in {"access-denied", "mfa-needed", "no-such-entity", "aws-refused"}:
                return None
            raise
        at = used.get("LastUsedDate")
        if at is None:
            return LastUse(None)
        return LastUse(_epoch(at), str(used.get("ServiceName")), str(used.get("Region")))

    def _call(self, action: str, call: Callable[[Any], T], changes: bool = False, attempts: int = 3) -> T:
        try:
            iam = self._clients.client("iam", self._credentials, partition=self._partition, attempts=attempts)
            return call(iam)
        except CredGuardError:
            raise
        except Exception as error:
            raise translate(error, action, changes) from None


def _status(value: object) -> KeyStatus:
    # The model has a third value, Expired: not usable.
    return "active" if value == "Active" else "inactive"


def _epoch(value: object) -> float:
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    return datetime.datetime.fromisoformat(str(value).replace("Z", "+00:00")).timestamp()
