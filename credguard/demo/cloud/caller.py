"""Who signed a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from credguard.demo.cloud import signature
from credguard.demo.cloud.answers import Refusal, unknown_token
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
    """`user` None is a role's session; a federated one has the user that asked for it."""

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
    def kind(self) -> Literal["root", "user", "role", "federated"]:
        if self.user is None:
            return "role"
        if self.session is not None and self.session.kind == "federated":
            return "federated"
        return "root" if self.user.name is None else "user"

    @property
    def user_id(self) -> str:
        last = self.arn.rsplit("/", 1)[-1]
        if self.user is None:
            role_id = self.session.role_id if self.session else ""
            return f"{role_id or 'AROAEXAMPLEROLE'}:{last}"
        return f"{self.account_id}:{last}" if self.kind == "federated" else self.user.user_id


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
