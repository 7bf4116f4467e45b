"""botocore's real errors become sentences; secrets and account numbers of others never in them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore import exceptions as aws

from credguard.aws.errors import translate
from credguard.domain.errors import AnswerLost


def _client_error(code: str, message: str = "", status: int = 403) -> aws.ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "req-1"},
    }
    return aws.ClientError(response, "X")


ME = (
    "User: arn:aws:iam::123456789012:user/m.keller is not authorized to perform: "
    "iam:CreateAccessKey on resource: user m.keller"
)
QUARANTINE = "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV2"


@pytest.mark.parametrize(
    ("code", "message", "ours"),
    [
        ("InvalidClientTokenId", "", "key-unknown"),
        ("UnrecognizedClientException", "", "key-unknown"),
        ("SignatureDoesNotMatch", "The request signature we calculated does not match", "wrong-secret"),
        ("SignatureDoesNotMatch", "Signature not yet current: 2026", "clock"),
        ("SignatureDoesNotMatch", "Signature expired: 2026", "clock"),
        ("RequestTimeTooSkewed", "", "clock"),
        ("ExpiredToken", "", "session-over"),
        ("AccessDenied", f"{ME} because no identity-based policy allows the action", "access-denied"),
        ("AccessDenied", f"{ME} with an explicit deny in an identity-based policy", "mfa-needed"),
        (
            "AccessDenied",
            f"{ME} with an explicit deny in an identity-based policy: {QUARANTINE}",
            "quarantine",
        ),
        (
            "AccessDenied",
            "MultiFactorAuthentication failed with invalid MFA one time pass code.",
            "code-refused",
        ),
        ("AccessDenied", "MultiFactorAuthentication failed, unable to validate MFA code.", "device-unknown"),
        ("Throttling", "Rate exceeded", "aws-busy"),
        ("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2", "quota"),
        ("NoSuchEntity", "", "no-such-entity"),
        ("RegionDisabledException", "STS is not activated in this region", "region-off"),
        ("EntityTemporarilyUnmodifiable", "", "aws-busy"),
        ("ConcurrentModification", "", "aws-busy"),
        ("InvalidAccessKeyId", "", "key-unknown"),
        ("AuthFailure", "", "key-unknown"),
        ("ExpiredTokenException", "", "session-over"),
        ("SomethingNew", "", "aws-refused"),
    ],
)
def test_codes(code: str, message: str, ours: str) -> None:
    error = translate(_client_error(code, message), "iam:CreateAccessKey")
    assert error.code == ours
    assert "req-1" in error.detail
    assert not isinstance(error, AnswerLost)


def test_the_missing_right_and_the_user_are_named() -> None:
    error = translate(_client_error("AccessDenied", f"{ME} because no policy allows it"), "iam:X")
    assert str(error.what) == "m.keller may not do iam:CreateAccessKey."
    assert "iam:CreateAccessKey" in str(error.next)


@pytest.mark.parametrize(
    "error",
    [
        aws.ConnectionClosedError(endpoint_url="http://127.0.0.1"),
        aws.ReadTimeoutError(endpoint_url="http://127.0.0.1"),
        _client_error("InternalFailure", status=500),
    ],
)
def test_a_lost_answer_matters_only_where_something_changes(error: Exception) -> None:
    assert isinstance(translate(error, "iam:CreateAccessKey", changes=True), AnswerLost)
    assert not isinstance(translate(error, "iam:ListAccessKeys"), AnswerLost)


def test_a_request_that_was_never_sent_is_no_lost_answer() -> None:
    error = translate(
        aws.EndpointConnectionError(endpoint_url="http://127.0.0.1"), "iam:CreateAccessKey", changes=True
    )
    assert error.code == "no-network"
    assert not isinstance(error, AnswerLost)


def test_a_certificate_that_is_not_trusted_is_no_lost_answer() -> None:
    error = translate(
        aws.SSLError(endpoint_url="https://sts.amazonaws.com", error="self-signed"),
        "iam:CreateAccessKey",
        changes=True,
    )
    assert error.code == "no-trust"
    assert not isinstance(error, AnswerLost)


def test_no_sentence_carries_the_message_of_a_request() -> None:
    """AWS's messages may hold what was sent: only the action, the user and AWS's own code are taken over."""
    message = "The request signature … AWS4-HMAC-SHA256 Credential=AKIATW5NHGREXAMPLE00 wJalrXUtnEXAMPLE"
    for code in ("SignatureDoesNotMatch", "InvalidClientTokenId", "AccessDenied", "SomethingNew"):
        error = translate(_client_error(code, message), "iam:CreateAccessKey")
        shown = f"{error.what} {error.next} {error.detail} {error!r}"
        assert "EXAMPLE" not in shown, code
