"""Sessions from STS. A call that carries a code is sent once: a silent repeat is refused as a used code."""

from __future__ import annotations

from typing import Any

from credguard.aws.clients import AwsClients
from credguard.aws.errors import translate
from credguard.domain.errors import CredGuardError
from credguard.domain.keys import Credentials
from credguard.domain.roles import Role
from credguard.domain.secret import Secret

#: Seconds; the model's limits of GetSessionToken.
LONGEST, LONGEST_ROOT, DEFAULT, SHORTEST = 129_600, 3_600, 43_200, 900


def get_session_token(
    clients: AwsClients,
    credentials: Credentials,
    *,
    serial: str | None = None,
    code: Secret | None = None,
    seconds: int = DEFAULT,
    partition: str = "aws",
    region: str | None = None,
    account_id: str | None = None,
) -> Credentials:
    """A session made with a long-term key; with `serial` and `code` it carries the MFA context.

    Raises CredGuardError `code-refused`, `device-unknown`, `key-unknown`, `no-network`, …
    """
    given = {"SerialNumber": serial, "TokenCode": code.reveal()} if serial and code else {}
    try:
        client = clients.client("sts", credentials, partition=partition, region=region, attempts=1)
        answer = client.get_session_token(DurationSeconds=seconds, **given)["Credentials"]
    except CredGuardError:
        raise
    except Exception as error:
        raise translate(error, "sts:GetSessionToken", changes=bool(given)) from None
    return _credentials(answer, account_id)


def assume_role(
    clients: AwsClients,
    credentials: Credentials,
    role: Role,
    *,
    session_name: str,
    code: Secret | None = None,
) -> Credentials:
    """The session of a role, taken with `credentials`. Asked in the role's partition, in its region.

    Raises CredGuardError `code-refused`, `device-unknown`, `access-denied`, `mfa-needed`, `no-network`, …
    """
    given: dict[str, object] = {"RoleArn": role.arn, "RoleSessionName": role.session_name or session_name}
    if role.external_id is not None:
        given["ExternalId"] = role.external_id
    if role.seconds is not None:
        given["DurationSeconds"] = role.seconds
    if role.mfa_serial is not None and code is not None:
        given |= {"SerialNumber": role.mfa_serial, "TokenCode": code.reveal()}
    try:
        client = clients.client(
            "sts", credentials, partition=role.partition, region=role.region,
            attempts=3 if code is None else 1,
        )  # fmt: skip
        answer = client.assume_role(**given)["Credentials"]
    except CredGuardError:
        raise
    except Exception as error:
        raise translate(error, "sts:AssumeRole", changes=code is not None) from None
    return _credentials(answer, role.account_id)


def _credentials(answer: Any, account_id: str | None) -> Credentials:
    return Credentials(
        str(answer["AccessKeyId"]),
        Secret(str(answer["SecretAccessKey"])),
        Secret(str(answer["SessionToken"])),
        answer["Expiration"].timestamp(),
        account_id,
    )
