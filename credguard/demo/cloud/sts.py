"""STS, as far as the double answers it itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from credguard.demo.cloud import devices
from credguard.demo.cloud.answers import Refusal, explicit_deny, when
from credguard.demo.cloud.caller import QUARANTINE, Caller
from credguard.demo.cloud.state import State
from credguard.domain.keys import account_of

SHORTEST, LONGEST, DEFAULT, ROOT = 900, 129_600, 43_200, 3_600


def get_caller_identity(state: State, caller: Caller, given: Mapping[str, str]) -> dict[str, Any]:
    return {"Arn": caller.arn, "UserId": caller.user_id, "Account": caller.account_id}


def get_access_key_info(state: State, caller: Caller, given: Mapping[str, str]) -> dict[str, Any]:
    named = given.get("AccessKeyId", "")
    account = account_of(named)
    if account is None:
        raise Refusal("ValidationError", f"The account of {named} cannot be told.", 400)
    return {"Account": account}


def get_session_token(state: State, caller: Caller, given: Mapping[str, str]) -> dict[str, Any]:
    """A session of a long-term key. Raises Refusal with AWS's texts for a wrong or used code."""
    user = caller.user
    if caller.session is not None or user is None:
        raise Refusal("AccessDenied", "Cannot call GetSessionToken with session credentials", 403)
    if user.quarantined:
        raise explicit_deny(caller.arn, "sts:GetSessionToken", user.label, QUARANTINE)
    seconds = _seconds(given.get("DurationSeconds"))
    if user.name is None:
        seconds = min(seconds, ROOT)
    serial, code = given.get("SerialNumber"), given.get("TokenCode")
    if (serial is None) != (code is None):
        text = "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
        raise Refusal("AccessDenied", text, 403)
    if serial is not None and code is not None:
        device = next((d for d in user.devices if d.serial == serial), None)
        if device is None:
            raise devices.cannot_tell()
        device.verify(code, state.clock.now())
    made = state.make_session(user, serial is not None, seconds)
    return {
        "Credentials": {
            "AccessKeyId": made.access_key_id,
            "SecretAccessKey": made.secret,
            "SessionToken": made.token,
            "Expiration": when(made.expires),
        }
    }


def _seconds(given: str | None) -> int:
    seconds = DEFAULT if given is None else int(given) if given.isdigit() else 0
    if not SHORTEST <= seconds <= LONGEST:
        raise Refusal(
            "ValidationError",
            f"1 validation error detected: Value '{given}' at 'durationSeconds' failed to satisfy constraint:"
            f" Member must have value between {SHORTEST} and {LONGEST}",
            400,
        )
    return seconds


ACTIONS = {
    "GetCallerIdentity": get_caller_identity,
    "GetAccessKeyInfo": get_access_key_info,
    "GetSessionToken": get_session_token,
}
