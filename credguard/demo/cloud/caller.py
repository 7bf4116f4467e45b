"""Who signed a request, and what the policies let them do."""

from __future__ import annotations

from dataclasses import dataclass

from credguard.demo.cloud import signature
from credguard.demo.cloud.answers import Refusal, explicit_deny, no_policy, unknown_token
from credguard.demo.cloud.signature import Request, Signed
from credguard.demo.cloud.state import Key, Session, State, User

QUARANTINE = "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"
#: What the quarantine (V2, V3) denies of the calls this program makes.
QUARANTINED = {
    "iam:CreateAccessKey",
    "iam:UpdateAccessKey",
    "iam:DeleteAccessKey",
    "iam:DetachUserPolicy",
    "iam:PutUserPolicy",
    "iam:ListUsers",
    "cloudtrail:LookupEvents",
}
#: What AWS's documented self-manage policy allows without MFA (STS's GetSessionToken apart).
WITHOUT_MFA = {
    "iam:CreateVirtualMFADevice",
    "iam:EnableMFADevice",
    "iam:GetUser",
    "iam:GetMFADevice",
    "iam:ListMFADevices",
    "iam:ListVirtualMFADevices",
    "iam:ResyncMFADevice",
}


@dataclass(frozen=True, slots=True)
class Caller:
    """`user` None is a role's session."""

    access_key_id: str
    arn: str
    account_id: str
    user: User | None
    key: Key | None = None
    session: Session | None = None

    @property
    def mfa(self) -> bool:
        return self.session is not None and self.session.mfa

    @property
    def user_id(self) -> str:
        return self.user.user_id if self.user else f"AROAEXAMPLEROLE:{self.arn.rsplit('/', 1)[-1]}"


def authenticate(state: State, request: Request, signed: Signed) -> Caller:
    """Raises Refusal as AWS does: unknown key, wrong secret, clock, session over."""
    now = state.clock.now()
    if signed.token is not None or signed.access_key_id.startswith("ASIA"):
        session = state.sessions.get(signed.access_key_id)
        if session is None or session.token != signed.token:
            raise unknown_token()
        signature.check_time(signed, state.clock.signing())
        signature.check(request, signed, session.secret)
        if now >= session.expires:
            raise Refusal("ExpiredToken", "The security token included in the request is expired", 403)
        return Caller(session.access_key_id, session.arn, session.account_id, session.user, session=session)
    found = state.key(signed.access_key_id)
    if found is None:
        raise unknown_token()
    key, user = found
    if not key.accepted(now, state.timing.spread):
        raise unknown_token()
    signature.check_time(signed, state.clock.signing())
    signature.check(request, signed, key.secret)
    key.use(now, signed.service, signed.region)
    return Caller(key.access_key_id, user.arn, user.account_id, user, key=key)


def authorize(caller: Caller, service: str, action: str) -> None:
    """Raises Refusal where a policy, the quarantine or the kind of session forbids the action."""
    name = f"{service}:{action}"
    user = caller.user
    if name == "sts:GetCallerIdentity":
        return
    if caller.session is not None and user is not None:
        if service == "iam" and not caller.mfa:
            raise unknown_token()  # AWS says so of sessions made without MFA
        if service == "sts" and action not in {"AssumeRole", "GetSessionToken"}:
            raise Refusal("AccessDenied", f"Cannot call {action} with session credentials", 403)
    if user is None or user.name is None:
        return
    if name in user.denied:
        raise no_policy(caller.arn, name, user.label)
    if user.quarantined and name in QUARANTINED:
        raise explicit_deny(caller.arn, name, user.label, QUARANTINE)
    if user.enforced and not caller.mfa and service != "sts" and name not in WITHOUT_MFA:
        raise explicit_deny(caller.arn, name, user.label)
