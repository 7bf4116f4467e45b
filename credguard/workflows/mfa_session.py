"""An MFA session from STS, with a code that is sent once and whose answer is noted."""

from __future__ import annotations

from collections.abc import Callable

from credguard.aws.clients import AwsClients
from credguard.aws.sts import get_session_token
from credguard.domain.errors import CredGuardError
from credguard.domain.keys import Credentials
from credguard.domain.secret import Secret

#: Told what AWS said of the code just sent for a serial: two refusals in a row stop the sending.
CodeAnswered = Callable[[str, bool], None]


def not_noted(serial: str, ok: bool) -> None:
    """For those who keep no count."""


def mfa_session(
    clients: AwsClients,
    credentials: Credentials,
    *,
    serial: str,
    code: Secret,
    seconds: int,
    partition: str,
    account_id: str | None,
    answered: CodeAnswered = not_noted,
) -> Credentials:
    """A session of `seconds` made with a long-term key and a code. Raises what `get_session_token` does.

    Only AWS's own word on the code counts as an answer: a lost one leaves the try open.
    """
    return noted(
        serial,
        answered,
        lambda: get_session_token(
            clients,
            credentials,
            serial=serial,
            code=code,
            seconds=seconds,
            partition=partition,
            account_id=account_id,
        ),
    )


def noted(serial: str, answered: CodeAnswered, call: Callable[[], Credentials]) -> Credentials:
    """A call that sends a code, with what AWS said of the code."""
    try:
        session = call()
    except CredGuardError as error:
        if error.code in {"code-refused", "device-unknown"}:
            answered(serial, False)
        raise
    answered(serial, True)
    return session
