"""Who a key is: `sts:GetCallerIdentity`, which needs no permission and cannot be denied."""

from __future__ import annotations

from credguard.aws.clients import AwsClients
from credguard.aws.errors import translate
from credguard.domain.accounts import Identity
from credguard.domain.errors import CredGuardError
from credguard.domain.keys import Credentials


def identify(
    clients: AwsClients,
    credentials: Credentials,
    *,
    region: str | None = None,
    partition: str | None = None,
    attempts: int = 3,
    endpoint_url: str | None = None,
) -> Identity:
    """The identity behind `credentials`.

    A key id does not tell its partition: `region` does, or `partition`; without either aws is asked.
    Raises CredGuardError `key-unknown`, `wrong-secret`, `clock`, `no-network`, `no-such-region`,
    `session-over`, `aws-busy`.
    """
    try:
        client = clients.client(
            "sts",
            credentials,
            region=region,
            partition=partition or "aws",
            attempts=attempts,
            endpoint_url=endpoint_url,
        )
        answer = client.get_caller_identity()
    except CredGuardError:
        raise
    except Exception as error:
        raise translate(error, "sts:GetCallerIdentity") from None
    return Identity(str(answer["Arn"]), str(answer["Account"]))
