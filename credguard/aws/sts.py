"""Sessions from STS. A call that carries a code is sent once: a silent repeat is refused as a used code."""

from __future__ import annotations

from credguard.aws.clients import AwsClients
from credguard.aws.errors import translate
from credguard.domain.errors import CredGuardError
from credguard.domain.keys import Credentials
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
    return Credentials(
        str(answer["AccessKeyId"]),
        Secret(str(answer["SecretAccessKey"])),
        Secret(str(answer["SessionToken"])),
        answer["Expiration"].timestamp(),
        account_id,
    )
