"""AWS's errors as sentences, translated once, at this border.

The table "Errors to tell apart" of the project's AWS facts; action names stand in the message after
`not authorized to perform:`.
"""

from __future__ import annotations

import re
from typing import Any

from credguard.domain.errors import AnswerLost, CredGuardError
from credguard.domain.text import Text, text

_ACTION = re.compile(r"not authorized to perform: ([a-z0-9-]+:[A-Za-z*]+)")
_USER = re.compile(r"User: (arn:[^ ]+)")
_UNKNOWN_KEY = {
    "InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure", "InvalidAccessKeyId",
}  # fmt: skip
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
_BUSY = {
    "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException",
    "ServiceFailure", "ServiceUnavailable", "InternalFailure", "EntityTemporarilyUnmodifiable",
    "ConcurrentModification", "ConcurrentModificationException",
}  # fmt: skip
#: What IAM says of MFA devices: code → ours, what happened, what to do.
_MFA = {
    "EntityAlreadyExists": (
        "name-taken",
        (text("AWS has one of this name already, or it is in use."), text("Choose another name.")),
    ),
    "InvalidAuthenticationCode": (
        "pair-refused",
        (
            text("AWS refused the two codes."),
            text("Check the clock of this computer and that the code is this device’s, then try again."),
        ),
    ),
    "DeleteConflict": (
        "still-assigned",
        (text("AWS deletes no device that is on."), text("Take it from its user first.")),
    ),
}


def translate(error: Exception, action: str, changes: bool = False) -> CredGuardError:
    """The sentence for `error` of `action` (`iam:CreateAccessKey`).

    With `changes`, a connection that ended after the request was sent becomes AnswerLost: the call may
    have taken effect. Errors that are none of AWS's are raised again by the caller.
    """
    from botocore import exceptions as aws

    if isinstance(error, aws.ClientError):
        return _client_error(error, action, changes)
    if isinstance(error, (aws.EndpointConnectionError, aws.ConnectTimeoutError, aws.ProxyConnectionError)):
        return _no_network(error)
    if isinstance(error, aws.SSLError):
        return CredGuardError(
            "no-trust",
            text("The address of AWS did not prove to be AWS: its certificate is not trusted here."),
            text("Sign in to the network, or name your company’s certificates in AWS_CA_BUNDLE."),
            retry=True,
            detail=type(error).__name__,
        )
    if isinstance(error, (aws.InvalidRegionError, aws.NoRegionError, aws.UnknownRegionError)):
        return CredGuardError(
            "no-such-region",
            text("The region of this profile is none of AWS’s."),
            text("Correct the line `region` in ~/.aws/config."),
            detail=type(error).__name__,
        )
    if isinstance(error, ValueError) and "Invalid endpoint" in str(error):
        return CredGuardError(
            "no-such-endpoint",
            text("The address in AWS_ENDPOINT_URL, or in the profile, is no address."),
            text("Correct it, or take it out."),
        )
    if isinstance(error, (aws.ConnectionClosedError, aws.ReadTimeoutError, aws.ResponseStreamingError)):
        return _lost(error) if changes else _no_network(error)
    if isinstance(error, aws.HTTPClientError):
        return _lost(error) if changes else _no_network(error)
    if isinstance(error, aws.ParamValidationError):
        return CredGuardError(
            "aws-refused",
            text("AWS’s library refused the request {action}.", action=action),
            text("This is a fault of CredGuard. Nothing was sent."),
        )
    if changes:
        return _lost(error)
    return CredGuardError(
        "aws-answer",
        text("AWS’s answer to {action} could not be read.", action=action),
        text("Try again in a minute."),
        retry=True,
        detail=type(error).__name__,
    )


def _client_error(error: Any, action: str, changes: bool) -> CredGuardError:
    answer = error.response.get("Error", {})
    code, message = str(answer.get("Code", "")), str(answer.get("Message", ""))
    meta = error.response.get("ResponseMetadata", {})
    status = int(meta.get("HTTPStatusCode") or 0)
    detail = f"{code} {action} {meta.get('RequestId', '')}".strip()
    if code in _UNKNOWN_KEY:
        return CredGuardError(
            "key-unknown",
            text("AWS does not know this key. It was deleted or turned off."),
            text("Look at the keys of this user on the AWS website. A new key needs up to 30 seconds."),
            retry=True,
            detail=detail,
        )
    if code == "RequestTimeTooSkewed" or (
        code == "SignatureDoesNotMatch" and ("not yet current" in message or "expired" in message)
    ):
        return CredGuardError(
            "clock",
            text("The clock of this computer differs from AWS’s by more than five minutes."),
            text("Set the clock (switch on automatic time), then try again."),
            detail=detail,
        )
    if code == "SignatureDoesNotMatch":
        return CredGuardError(
            "wrong-secret",
            text("The secret does not belong to this key id."),
            text("Look for a missing or stray character, or make a new key on the AWS website."),
            detail=detail,
        )
    if code in {"ExpiredToken", "ExpiredTokenException"}:
        return CredGuardError(
            "session-over", text("The session is over."), text("Sign in again."), retry=True, detail=detail
        )
    if code in _DENIED:
        return _denied(message, action, detail)
    if code in _BUSY or status >= 500:
        if changes and status >= 500:
            return _lost(error, detail)
        return CredGuardError(
            "aws-busy",
            text("AWS asks to slow down."),
            text("Try again in a minute."),
            retry=True,
            detail=detail,
        )
    if code == "RegionDisabledException":
        return CredGuardError(
            "region-off",
            text("This account has turned that region off."),
            text("Name another region in ~/.aws/config, or turn it on on the AWS website."),
            detail=detail,
        )
    if code == "LimitExceeded":
        return CredGuardError(
            "quota",
            text("AWS allows no more of these: {message}", message=message),
            text("Delete one that nobody needs, then try again."),
            detail=detail,
        )
    if code in _MFA:
        what, then = _MFA[code]
        return CredGuardError(what, then[0], then[1], detail=detail)
    if code == "NoSuchEntity":
        return CredGuardError(
            "no-such-entity", text("AWS does not find it (any more)."), text("Look again."), detail=detail
        )
    return CredGuardError(
        "aws-refused",
        text("AWS refused {action} ({code}).", action=action, code=code or status),
        text("The request id is in Activity."),
        detail=detail,
    )


def _denied(message: str, action: str, detail: str) -> CredGuardError:
    if "invalid MFA one time pass code" in message:
        return CredGuardError(
            "code-refused",
            text("AWS refused the code: it is wrong, or was used already."),
            text("Check the clock of this computer and that the code is this device’s."),
            detail=detail,
        )
    if "unable to validate MFA code" in message:
        return CredGuardError(
            "device-unknown",
            text("AWS could not check the code: it does not know the device yet, or too many were tried."),
            text("Wait three minutes, then try again."),
            retry=True,
            detail=detail,
        )
    if "authenticated with an MFA device" in message:
        return CredGuardError(
            "mfa-needed",
            text("AWS changes the devices of somebody who has one only with a code of it."),
            text("Add the code of that device to CredGuard: credguard totp add --qr FILE"),
            detail=detail,
        )
    named = _ACTION.search(message)
    what = named.group(1) if named else action
    who = _USER.search(message)
    user = who.group(1).rsplit("/", 1)[-1].rsplit(":", 1)[-1] if who else ""
    forbidden = "explicit deny" in message
    sentence: Text = (
        text("{user} may not do {action}.", user=user, action=what)
        if user
        else text("This key may not do {action}.", action=what)
    )
    if "AWSCompromisedKeyQuarantine" in message:
        return CredGuardError(
            "quarantine",
            text("AWS has put {user} under quarantine: somebody found this key.", user=user or what),
            text("Turn the key off on the AWS website, with another identity. It cannot do so itself."),
            detail=detail,
        )
    if forbidden:
        return CredGuardError(
            "mfa-needed",
            sentence,
            text("A rule forbids it, perhaps until an MFA code is given. Add the code to CredGuard."),
            detail=f"{detail} {what}",
        )
    return CredGuardError(
        "access-denied",
        sentence,
        text("Ask the owner of the account to allow {action}.", action=what),
        detail=f"{detail} {what}",
    )


def _no_network(error: Exception) -> CredGuardError:
    return CredGuardError(
        "no-network",
        text("AWS could not be reached."),
        text("See that this computer is online, then try again."),
        retry=True,
        detail=type(error).__name__,
    )


def _lost(error: Exception, detail: str = "") -> AnswerLost:
    return AnswerLost(
        "answer-lost",
        text("AWS’s answer was lost on the way."),
        text("CredGuard looks what became of it."),
        retry=True,
        detail=detail or type(error).__name__,
    )
