"""What a caller may do: its real policies, evaluated; and how AWS says no."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol
from urllib.parse import unquote

from credguard.demo.cloud.answers import (
    Refusal,
    explicit_deny,
    no_policy,
    not_authorized,
    unknown_token,
    when,
)
from credguard.demo.cloud.caller import QUARANTINE, QUARANTINED, WITHOUT_MFA, Caller
from credguard.demo.cloud.policies import Policy, Verdict, evaluate
from credguard.demo.cloud.signature import Request
from credguard.demo.cloud.state import State

#: Calls that need no permission; an explicit deny still stops the second.
FREE = frozenset({"sts:GetCallerIdentity", "sts:GetSessionToken"})
_ALL = Policy('{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}')
#: Signing name → prefix of its actions in policies, where the two differ.
_PREFIXES = {"monitoring": "cloudwatch", "email": "ses", "tagging": "tag"}
#: IAM's calls that are about the whole account.
_WHOLE = frozenset(
    {
        "GetAccountSummary", "GetAccountAuthorizationDetails", "GetAccountPasswordPolicy",
        "UpdateAccountPasswordPolicy", "DeleteAccountPasswordPolicy", "GenerateCredentialReport",
        "GetCredentialReport", "ListAccountAliases", "CreateAccountAlias", "DeleteAccountAlias",
        "ListVirtualMFADevices", "ListPolicies",
    }
)  # fmt: skip


class Policies(Protocol):
    """Where the policies of an account stand (moto)."""

    def of_user(self, state: State, account_id: str, name: str) -> tuple[Policy, ...]: ...

    def of_role(self, state: State, account_id: str, name: str) -> tuple[Policy, ...]: ...

    def managed(self, state: State, account_id: str, arn: str) -> Policy | None: ...


def authorize(
    state: State, policies: Policies, caller: Caller, request: Request, service: str, action: str,
    given: Mapping[str, str], region: str,
) -> None:  # fmt: skip
    """Raises Refusal where a policy, the quarantine or the kind of session forbids the action."""
    kind_allows(caller, service, action)
    name, resource, label = needed(state, caller, request, service, action, given)
    if name in {"sts:GetCallerIdentity", "sts:AssumeRole"}:  # the role's trust has its say there
        return
    verdict = decide(state, policies, caller, given, name, resource, region)
    if verdict.effect == "deny":
        raise explicit_deny(caller.arn, name, label, verdict.arn)
    if verdict.effect == "none" and name not in FREE:
        if caller.kind == "federated":
            why = f"because no session policy allows the {name} action"
            raise not_authorized(caller.arn, name, label, why)
        raise no_policy(caller.arn, name, label)
    user = caller.user
    if user is not None and user.name is not None:
        # Shortcuts for tests, beside the real policies.
        if name in user.denied:
            raise no_policy(caller.arn, name, label)
        if user.quarantined and name in QUARANTINED:
            raise explicit_deny(caller.arn, name, label, QUARANTINE)
        if user.enforced and not caller.mfa and service != "sts" and name not in WITHOUT_MFA:
            raise explicit_deny(caller.arn, name, label)


def kind_allows(caller: Caller, service: str, action: str) -> None:
    """What no policy can give: IAM to sessions without MFA, most of STS to sessions."""
    session = caller.session
    if session is None or session.kind == "role":
        return
    if service == "iam" and (session.kind == "federated" or not session.mfa):
        raise unknown_token()  # AWS says so of sessions made without MFA
    if service == "sts":
        allowed = {"GetCallerIdentity"} | ({"AssumeRole"} if session.kind == "session" else set())
        if action not in allowed:
            raise Refusal("AccessDenied", f"Cannot call {action} with session credentials", 403)


def decide(
    state: State, policies: Policies, caller: Caller, given: Mapping[str, str], action: str,
    resource: str | None, region: str = "us-east-1",
) -> Verdict:  # fmt: skip
    """What the caller's identity policies say, narrowed by its session policies."""
    session, user = caller.session, caller.user
    if caller.kind == "root" or action == "sts:GetCallerIdentity":
        return Verdict("allow")
    facts = context(state, caller, given, region)
    if caller.kind == "role" and session is not None:
        owned = policies.of_role(state, caller.account_id, session.role)
    elif user is None or user.name is None:
        owned = (_ALL,)
    else:
        owned = policies.of_user(state, caller.account_id, user.name)
    verdict = evaluate(owned, action, resource, facts)
    if verdict.effect != "allow" or session is None:
        return verdict
    narrow = [Policy(document) for document in session.policies]
    narrow += [policies.managed(state, caller.account_id, arn) or Policy("{}") for arn in session.policy_arns]
    if narrow or session.kind == "federated":
        return evaluate(narrow, action, resource, facts)
    return verdict


def context(state: State, caller: Caller, given: Mapping[str, str], region: str) -> dict[str, str]:
    """The condition keys. A long-term key carries no MFA key and no time of issue at all."""
    now, session = state.clock.now(), caller.session
    facts = {
        "aws:CurrentTime": when(now),
        "aws:EpochTime": str(int(now)),
        "aws:PrincipalArn": caller.arn,
        "aws:PrincipalAccount": caller.account_id,
        "aws:PrincipalType": {"root": "Account", "user": "User", "role": "AssumedRole"}.get(
            caller.kind, "FederatedUser"
        ),
        "aws:userid": caller.user_id,
        "aws:SourceIp": "127.0.0.1",
        "aws:SecureTransport": "false",
        "aws:RequestedRegion": region,
    }
    if caller.kind == "user" and caller.user is not None and caller.user.name is not None:
        facts["aws:username"] = caller.user.name
    if session is not None:
        facts["aws:TokenIssueTime"] = when(session.issued)
        facts["aws:MultiFactorAuthPresent"] = "true" if session.mfa else "false"
        if session.mfa:
            facts["aws:MultiFactorAuthAge"] = str(int(now - session.issued))
    if "ExternalId" in given:
        facts["sts:ExternalId"] = given["ExternalId"]
    return facts


# ── which permission, on what ────────────────────────────────────────────────────────────────────
def needed(
    state: State, caller: Caller, request: Request, service: str, action: str, given: Mapping[str, str]
) -> tuple[str, str | None, str]:
    """The action (`iam:CreateAccessKey`), its resource's ARN (None: not known), and how AWS calls that."""
    prefix = _PREFIXES.get(service, service)
    if service == "iam":
        return f"iam:{action}", *_of_iam(state, caller, action, given)
    if service == "sts":
        arn = given.get("RoleArn") or "*"
        if action == "GetFederationToken":
            arn = f"arn:aws:sts::{caller.account_id}:federated-user/{given.get('Name', '')}"
        return f"sts:{action}", arn, arn
    if service == "s3":
        return _of_s3(request)
    # A REST call has no action name: only what is said of the whole service counts.
    return (f"{prefix}:{action}" if action else f"{prefix}:*"), None, "*"


def _of_s3(request: Request) -> tuple[str, str | None, str]:
    bucket, _, key = unquote(request.target.partition("?")[0]).strip("/").partition("/")
    if not bucket:
        return "s3:ListAllMyBuckets", "*", "*"
    if not key:
        verbs = {"PUT": "CreateBucket", "DELETE": "DeleteBucket"}
        action, arn = verbs.get(request.method, "ListBucket"), f"arn:aws:s3:::{bucket}"
    else:
        verbs = {"GET": "GetObject", "HEAD": "GetObject", "DELETE": "DeleteObject"}
        action, arn = verbs.get(request.method, "PutObject"), f"arn:aws:s3:::{bucket}/{key}"
    return f"s3:{action}", arn, f'"{arn}"'


def _of_iam(state: State, caller: Caller, action: str, given: Mapping[str, str]) -> tuple[str, str]:
    account = state.accounts[caller.account_id]
    base = f"arn:aws:iam::{account.account_id}"

    def user(name: str) -> tuple[str, str]:
        known = account.users.get(name)
        return (known.arn if known is not None else f"{base}:user/{name}"), f"user {name}"

    if action in _WHOLE:
        return "*", "*"
    if action == "CreateVirtualMFADevice":
        arn = f"{base}:mfa{given.get('Path', '/')}{given.get('VirtualMFADeviceName', '')}"
        return arn, arn
    if action == "DeleteVirtualMFADevice":
        return given.get("SerialNumber", "*"), given.get("SerialNumber", "*")
    if action == "GetAccessKeyLastUsed":
        named = given.get("AccessKeyId", "")
        found = state.key(named)
        if found is None or found[1].name is None or found[1].account_id != account.account_id:
            return f"{base}:user/", f"access key {named}"
        return user(found[1].name)
    for parameter, kind in (("GroupName", "group"), ("RoleName", "role")):
        if parameter in given:
            return f"{base}:{kind}/{given[parameter]}", f"{kind} {given[parameter]}"
    if "UserName" in given:
        return user(given["UserName"])
    if "PolicyArn" in given:
        return given["PolicyArn"], f"policy {given['PolicyArn']}"
    if action == "CreatePolicy":
        arn = f"{base}:policy{given.get('Path', '/')}{given.get('PolicyName', '')}"
        return arn, f"policy {given.get('PolicyName', '')}"
    for word, kind in (("Users", "user"), ("Groups", "group"), ("Roles", "role")):
        if action == f"List{word}":
            arn = f"{base}:{kind}{given.get('PathPrefix', '/')}"
            return arn, arn
    if caller.kind == "user" and caller.user is not None and caller.user.name is not None:
        return user(caller.user.name)
    return "*", "*"
