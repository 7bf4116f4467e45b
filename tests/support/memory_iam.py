"""IAM and STS in memory, behind boto3's own interface: for tests that try thousands of moments.

Errors are botocore's real ones, so the adapters' translation is part of every test. The double over
HTTP (credguard/demo) is the other, slower half.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError

from credguard.domain.keys import Credentials
from tests.support.clock import FakeClock

ARN = "arn:aws:iam::482011739056:user/m.keller"
_NOT = f"User: {ARN} is not authorized to perform:"


@dataclass
class IamKey:
    secret: str
    created: float
    active: bool = True
    ready_at: float = 0.0
    changed: float = -1e9
    used: float | None = None


@dataclass
class MemoryIam:
    """One user's keys. `fault(action, n)` may name a fault for the n-th call of an action."""

    clock: FakeClock
    keys: dict[str, IamKey] = field(default_factory=dict)
    spread: float = 0.0  # seconds until a new key works, flip-flopping on the way
    mfa_serial: str | None = None
    fault: Callable[[str, int], str | None] = lambda action, n: None
    tick: Callable[[str], None] = lambda name: None
    calls: dict[str, int] = field(default_factory=dict)
    number: int = 0
    sessions: dict[str, str] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)
    clock_offset: float | None = None

    def add(self, key_id: str, secret: str = "old/EXAMPLE", active: bool = True, age: float = 1e7) -> None:
        self.keys[key_id] = IamKey(secret, self.clock.now() - age, active)

    # ── what AwsClients offers ───────────────────────────────────────────────────────────────────
    def endpoint(self, service: str) -> str | None:
        return None

    def load(self, service: str) -> None:
        return None

    def client(self, service: str, credentials: Credentials, **options: Any) -> _Client:
        return _Client(self, credentials, options.get("attempts", 3))

    # ── inside ───────────────────────────────────────────────────────────────────────────────────
    def accepts(self, credentials: Credentials) -> bool:
        token = credentials.session_token
        if token is not None:
            return token.reveal() in self.sessions
        key = self.keys.get(credentials.access_key_id)
        if key is None or key.secret != credentials.secret.reveal():
            return False
        since = self.clock.now() - key.changed
        # A change of status spreads too: every third second it is seen as it was.
        if key.active == (since < self.spread and int(since) % 3 == 0):
            return False
        left = key.ready_at - self.clock.now()
        # On the way it works now and then: every third second.
        return left <= 0 or (left < self.spread / 2 and int(left) % 3 == 0)

    def request(self, action: str, credentials: Credentials, attempts: int, call: Callable[[], Any]) -> Any:
        for attempt in range(attempts):
            self.calls[action] = self.calls.get(action, 0) + 1
            fault = self.fault(action, self.calls[action])
            last = attempt == attempts - 1
            if fault == "never":
                if last:
                    raise EndpointConnectionError(endpoint_url="http://127.0.0.1")
                continue
            if fault == "throttled":
                if last:
                    raise error("Throttling", "Rate exceeded", 400)
                continue
            if fault == "denied":
                raise error(
                    "AccessDenied",
                    f"{_NOT} iam:{action} on resource: x because no identity-based policy allows it",
                )
            if not self.accepts(credentials):
                raise error("InvalidClientTokenId", "The security token included in the request is invalid.")
            if (
                self.mfa_serial
                and credentials.session_token is None
                and action
                not in {
                    "GetCallerIdentity",
                    "GetSessionToken",
                }
            ):
                raise error(
                    "AccessDenied",
                    f"{_NOT} iam:{action} on resource: x with an explicit deny in an identity-based policy",
                )
            answer = call()
            self.tick(f"aws {action}")
            if fault == "lost":
                if last:
                    raise ConnectionClosedError(endpoint_url="http://127.0.0.1")
                continue
            return answer
        raise AssertionError


def error(code: str, message: str, status: int = 403) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "req-EXAMPLE"},
        },  # type: ignore[typeddict-unknown-key]
        "x",
    )


def _when(at: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(at, datetime.UTC)


class _Client:
    def __init__(self, iam: MemoryIam, credentials: Credentials, attempts: int) -> None:
        self._iam, self._credentials, self._attempts = iam, credentials, attempts

    def _do(self, action: str, call: Callable[[], Any]) -> Any:
        return self._iam.request(action, self._credentials, self._attempts, call)

    def get_caller_identity(self) -> Any:
        return self._do("GetCallerIdentity", lambda: {"Arn": ARN, "Account": "482011739056"})

    def get_session_token(self, **given: Any) -> Any:
        def call() -> Any:
            iam = self._iam
            code = given.get("TokenCode")
            if code in iam.codes:
                raise error(
                    "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code."
                )
            iam.codes.append(code)
            token = f"token-{len(iam.codes)}-EXAMPLE"
            iam.sessions[token] = self._credentials.access_key_id
            return {
                "Credentials": {
                    "AccessKeyId": "ASIAEXAMPLE",
                    "SecretAccessKey": "session/EXAMPLE",
                    "SessionToken": token,
                    "Expiration": _when(iam.clock.now() + given["DurationSeconds"]),
                }
            }

        return self._do("GetSessionToken", call)

    def get_paginator(self, name: str) -> _Client:
        assert name == "list_access_keys"
        return self

    def paginate(self, UserName: str) -> Iterator[Any]:  # noqa: N803
        def call() -> Any:
            return {
                "AccessKeyMetadata": [
                    {
                        "AccessKeyId": key_id,
                        "Status": "Active" if key.active else "Inactive",
                        "CreateDate": _when(key.created),
                    }
                    for key_id, key in self._iam.keys.items()
                    if key.ready_at - self._iam.clock.now() <= self._iam.spread / 2
                ]
            }

        yield self._do("ListAccessKeys", call)

    def create_access_key(self, UserName: str) -> Any:  # noqa: N803
        def call() -> Any:
            iam = self._iam
            if len(iam.keys) >= 2:
                raise error("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2", 409)
            iam.number += 1
            key_id = f"AKIATW8MCRDNEW{iam.number:06d}"
            iam.keys[key_id] = IamKey(
                f"new{iam.number:06d}/EXAMPLE".ljust(40, "x"),
                iam.clock.now(),
                ready_at=iam.clock.now() + iam.spread,
            )
            return {
                "AccessKey": {
                    "AccessKeyId": key_id,
                    "SecretAccessKey": iam.keys[key_id].secret,
                    "CreateDate": _when(iam.clock.now()),
                    "Status": "Active",
                }
            }

        return self._do("CreateAccessKey", call)

    def update_access_key(self, AccessKeyId: str, Status: str, UserName: str) -> Any:  # noqa: N803
        def call() -> Any:
            if AccessKeyId not in self._iam.keys:
                raise error("NoSuchEntity", "The Access Key cannot be found.", 404)
            key = self._iam.keys[AccessKeyId]
            if key.active != (Status == "Active"):
                key.active, key.changed = not key.active, self._iam.clock.now()
            return {}

        return self._do("UpdateAccessKey", call)

    def delete_access_key(self, AccessKeyId: str, UserName: str) -> Any:  # noqa: N803
        def call() -> Any:
            if AccessKeyId not in self._iam.keys:
                raise error("NoSuchEntity", "The Access Key cannot be found.", 404)
            del self._iam.keys[AccessKeyId]
            return {}

        return self._do("DeleteAccessKey", call)

    def get_access_key_last_used(self, AccessKeyId: str) -> Any:  # noqa: N803
        def call() -> Any:
            used = self._iam.keys[AccessKeyId].used
            last = {"ServiceName": "N/A", "Region": "N/A"}
            return {
                "AccessKeyLastUsed": last
                if used is None
                else {"LastUsedDate": _when(used), "ServiceName": "s3", "Region": "eu-west-1"}
            }

        return self._do("GetAccessKeyLastUsed", call)
