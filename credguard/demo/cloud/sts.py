"""STS: identity, and temporary credentials that are really checked later."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from credguard.demo.cloud import devices
from credguard.demo.cloud.answers import Refusal, explicit_deny, no_policy, when
from credguard.demo.cloud.caller import QUARANTINE, Caller
from credguard.demo.cloud.moto_behind import MotoBehind
from credguard.demo.cloud.permissions import context, decide
from credguard.demo.cloud.policies import trusts
from credguard.demo.cloud.state import Session, State
from credguard.domain.keys import account_of

SHORTEST, LONGEST, DEFAULT, ROOT = 900, 129_600, 43_200, 3_600
LONGEST_ROLE, CHAINED = 43_200, 3_600


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
    mfa = _proved(state, caller, given)
    return {"Credentials": _credentials(state.make_session(user, mfa, seconds))}


def get_federation_token(state: State, caller: Caller, given: Mapping[str, str]) -> dict[str, Any]:
    """A session that may do what its session policy allows, and nothing without one."""
    user = caller.user
    if caller.session is not None or user is None:
        raise Refusal("AccessDenied", "Cannot call GetFederationToken with session credentials", 403)
    name = given.get("Name", "")
    if not re.fullmatch(r"[\w+=,.@-]{2,32}", name):
        raise _invalid("name", name, "Member must have length between 2 and 32")
    seconds = _seconds(given.get("DurationSeconds"))
    if user.name is None:
        seconds = min(seconds, ROOT)
    documents, arns = _session_policies(given)
    arn = f"arn:aws:sts::{caller.account_id}:federated-user/{name}"
    made = state.make_session(
        user, False, seconds, arn=arn, kind="federated", policies=documents, policy_arns=arns
    )
    return {
        "Credentials": _credentials(made),
        "FederatedUser": {"FederatedUserId": f"{caller.account_id}:{name}", "Arn": arn},
        "PackedPolicySize": _packed(documents),
    }


def assume_role(state: State, behind: MotoBehind, caller: Caller, given: Mapping[str, str]) -> dict[str, Any]:
    """A role's session: the trust policy and the caller's own policies decide, MFA included."""
    arn, name = given.get("RoleArn", ""), given.get("RoleSessionName", "")
    if caller.kind == "root":
        raise Refusal("AccessDenied", "Roles may not be assumed by root accounts.", 403)
    if not re.fullmatch(r"[\w+=,.@-]{2,64}", name):
        raise _invalid("roleSessionName", name, "Member must have length between 2 and 64")
    found = re.fullmatch(r"arn:aws:iam::(\d{12}):role/(?:.*/)?([^/]+)", arn)
    known = found is not None and found[1] in state.accounts
    role = behind.role(state, found[1], found[2]) if found is not None and known else None
    mfa = _proved(state, caller, given) or caller.mfa
    if role is None or found is None or not _may_assume(state, behind, caller, given, role, arn, mfa):
        raise no_policy(caller.arn, "sts:AssumeRole", arn)
    seconds = _seconds(given.get("DurationSeconds"), 3600, LONGEST_ROLE)
    if caller.kind == "role" and seconds > CHAINED:
        limit = "the 1 hour session limit for roles assumed by role chaining"
        raise Refusal("ValidationError", f"The requested DurationSeconds exceeds {limit}", 400)
    if seconds > int(role.max_session_duration or 3600):
        text = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        raise Refusal("ValidationError", text, 400)
    documents, arns = _session_policies(given)
    session_arn = f"arn:aws:sts::{found[1]}:assumed-role/{role.name}/{name}"
    made = state.make_session(
        None, mfa, seconds, account_id=found[1], arn=session_arn, kind="role", role=role.name,
        role_id=role.id, policies=documents, policy_arns=arns,
    )  # fmt: skip
    return {
        "Credentials": _credentials(made),
        "AssumedRoleUser": {"AssumedRoleId": f"{role.id}:{name}", "Arn": session_arn},
        "PackedPolicySize": _packed(documents),
    }


def _may_assume(
    state: State, behind: MotoBehind, caller: Caller, given: Mapping[str, str], role: Any, arn: str, mfa: bool
) -> bool:
    """A trust that names the caller itself is enough in its own account; one that names the account asks
    for a permission too."""
    facts = context(state, caller, given, "us-east-1")
    if mfa:
        facts |= {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "0"}
    own = {caller.arn}
    if caller.session is not None and caller.kind == "role":
        own.add(f"arn:aws:iam::{caller.account_id}:role/{caller.session.role}")
    whole = {f"arn:aws:iam::{caller.account_id}:root", caller.account_id}
    document = str(role.assume_role_policy_document)
    trusted = trusts(document, "sts:AssumeRole", own | whole, facts)
    if trusted.effect != "allow":
        return False
    said = decide(state, behind, caller, given, "sts:AssumeRole", arn)
    if said.effect == "none" and arn.split(":")[4] == caller.account_id:
        return trusts(document, "sts:AssumeRole", own, facts).effect == "allow"
    return said.effect == "allow"


# ── parts ────────────────────────────────────────────────────────────────────────────────────────
def _proved(state: State, caller: Caller, given: Mapping[str, str]) -> bool:
    """Whether a right code came along. Raises Refusal for a wrong one, a used one, half of the pair."""
    serial, code = given.get("SerialNumber"), given.get("TokenCode")
    if serial is None and code is None:
        return False
    if serial is None or code is None:
        text = "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
        raise Refusal("AccessDenied", text, 403)
    owned = caller.user.devices if caller.user is not None else []
    device = next((d for d in owned if d.serial == serial), None)
    if device is None:
        raise devices.cannot_tell()
    device.verify(code, state.clock.now())
    return True


def _credentials(made: Session) -> dict[str, str]:
    return {
        "AccessKeyId": made.access_key_id,
        "SecretAccessKey": made.secret,
        "SessionToken": made.token,
        "Expiration": when(made.expires),
    }


def _session_policies(given: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    document = given.get("Policy", "")
    if len(document) > 2048:
        raise _invalid("policy", "…", "Member must have length less than or equal to 2048")
    if document:
        try:
            json.loads(document)
        except ValueError:
            raise Refusal("MalformedPolicyDocument", "Syntax errors in policy.", 400) from None
    arns = tuple(given[n] for i in range(1, 12) if (n := f"PolicyArns.member.{i}.arn") in given)
    if len(arns) > 10:
        raise _invalid("policyArns", "…", "Member must have length less than or equal to 10")
    return ((document,) if document else ()), arns


def _packed(documents: tuple[str, ...]) -> int:
    return min(100, sum(map(len, documents)) * 100 // 2048)


def _invalid(name: str, value: str, rule: str) -> Refusal:
    text = f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: {rule}"
    return Refusal("ValidationError", text, 400)


def _seconds(given: str | None, default: int = DEFAULT, longest: int = LONGEST) -> int:
    seconds = default if given is None else int(given) if given.isdigit() else 0
    if not SHORTEST <= seconds <= longest:
        raise _invalid(
            "durationSeconds", given or "", f"Member must have value between {SHORTEST} and {longest}"
        )
    return seconds


ACTIONS = {
    "GetCallerIdentity": get_caller_identity,
    "GetAccessKeyInfo": get_access_key_info,
    "GetSessionToken": get_session_token,
    "GetFederationToken": get_federation_token,
}
