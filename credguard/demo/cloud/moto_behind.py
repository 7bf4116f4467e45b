"""moto, behind the double: what STS and IAM do not do here themselves, and every other service.

moto's state belongs to the whole process. Several doubles may live in one process, but moto serves one at
a time: who asks next takes it over, and finds the companies as at the start.
"""

from __future__ import annotations

import datetime
import functools
import io
import json
import os
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar
from urllib.parse import unquote, urlencode

from credguard.demo.cloud.answers import Refusal
from credguard.demo.cloud.caller import Caller
from credguard.demo.cloud.companies import Company
from credguard.demo.cloud.iam_keys import whose
from credguard.demo.cloud.policies import Policy
from credguard.demo.cloud.signature import Request
from credguard.demo.cloud.state import Account, State

Answer = tuple[str, list[tuple[str, str]], bytes]
_AWS = "arn:aws:iam::aws:policy/"
#: Calls that mean the caller's own user when they name none; moto does not know the double's keys.
_OWN = frozenset(
    {
        "ChangePassword", "ListSigningCertificates", "UploadSigningCertificate", "UpdateSigningCertificate",
        "DeleteSigningCertificate", "ListSSHPublicKeys",
    }
)  # fmt: skip


class MotoBehind:
    """Loads moto at the first call that needs it."""

    _holder: ClassVar[MotoBehind | None] = None

    def __init__(self, companies: Iterable[Company] = ()) -> None:
        self._companies = {company.account_id: company for company in companies}
        self._app: Any = None
        self._iam: Any = None
        self._utcnow: Any = None
        self._used: set[str] = set()

    def reset(self) -> None:
        """As at the start, at the next call that needs moto."""
        if MotoBehind._holder is self:
            self._let_go()

    def release(self) -> None:
        """For good: moto has its own time again."""
        self.reset()

    # ── policies ─────────────────────────────────────────────────────────────────────────────────
    def of_user(self, state: State, account_id: str, name: str) -> tuple[Policy, ...]:
        """Inline and attached policies of a user and of its groups."""
        backend = self._backend(state, account_id)
        user = backend.users.get(name)
        if user is None:
            return ()
        groups = (g for g in backend.groups.values() if any(u.name == name for u in g.users))
        return tuple(policy for holder in (user, *groups) for policy in _policies(holder))

    def of_role(self, state: State, account_id: str, name: str) -> tuple[Policy, ...]:
        role = self.role(state, account_id, name)
        return () if role is None else tuple(_policies(role))

    def managed(self, state: State, account_id: str, arn: str) -> Policy | None:
        """A managed policy by its ARN, AWS's own included."""
        found = self._backend(state, account_id).managed_policies.get(arn)
        return None if found is None else Policy(_text(found), found.arn)

    def role(self, state: State, account_id: str, name: str) -> Any | None:
        """moto's role, or None."""
        roles = self._backend(state, account_id).roles.values()
        return next((role for role in roles if role.name == name), None)

    def backend(self, state: State, account_id: str) -> Any:
        """moto's IAM of an account: for tests that put users, groups and policies there directly."""
        return self._backend(state, account_id)

    # ── asking ───────────────────────────────────────────────────────────────────────────────────
    def ask(
        self,
        state: State,
        environ: dict[str, Any],
        request: Request,
        caller: Caller,
        service: str,
        action: str,
        given: Mapping[str, str],
    ) -> Answer:
        """moto's answer, as the caller's account; what it means for the double's users is noted."""
        self._take(state)
        body = request.body
        if service == "iam":
            _forbid(state, caller, action, given)
            if action in _OWN and "UserName" not in given:
                body = urlencode({**given, "UserName": whose(state, caller, given).name or ""}).encode()
        else:
            self._used.add(service)
        passed = {
            **environ,
            "wsgi.input": io.BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_X_MOTO_ACCOUNT_ID": caller.account_id,
        }
        told: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            told[:] = [status, headers]

        try:
            answer = b"".join(self._app(passed, start))
        except (ImportError, NotImplementedError, AssertionError) as error:
            text = f"The double does not know {service} {action} ({type(error).__name__})."
            raise Refusal("InvalidAction", text, 400) from None
        status, headers = str(told[0]), list(told[1])
        if status.startswith("200") and service == "iam":
            self._note(state, caller, action, given)
        return status, headers, answer

    def _note(self, state: State, caller: Caller, action: str, given: Mapping[str, str]) -> None:
        account = state.accounts[caller.account_id]
        name = given.get("UserName", "")
        if action == "CreateUser" and name not in account.users:
            user = state.add_user(caller.account_id, name, given.get("Path", "/"))
            self._backend(state, caller.account_id).users[name].id = user.user_id
        elif action == "DeleteUser":
            account.users.pop(name, None)
        elif action == "UpdateUser" and name in account.users:
            user = account.users.pop(name)
            user.name, user.path = given.get("NewUserName", name), given.get("NewPath", user.path)
            account.users[user.name] = user
        elif action in {"CreateLoginProfile", "DeleteLoginProfile"} and name in account.users:
            account.users[name].password = action == "CreateLoginProfile"

    # ── moto's state ─────────────────────────────────────────────────────────────────────────────
    def _backend(self, state: State, account_id: str) -> Any:
        self._take(state)
        return self._iam.iam_backends[account_id]["aws"]

    def _take(self, state: State) -> None:
        if MotoBehind._holder is self:
            return
        if self._app is None:
            from moto.core.config import default_user_config

            default_user_config["iam"] = {"load_aws_managed_policies": True}
            import moto.iam.models as iam
            from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

            os.environ.pop("MOTO_ACCOUNT_ID", None)  # it would put every account into one
            self._iam, self._app = iam, DomainDispatcherApplication(create_backend_app)
        if MotoBehind._holder is not None:
            MotoBehind._holder._let_go()
        MotoBehind._holder = self
        self._utcnow = self._iam.utcnow
        self._iam.utcnow = lambda: _naive(state.clock.now())
        for account in state.accounts.values():
            self._empty(account.account_id)
            self._furnish(account)

    def _let_go(self) -> None:
        if self._utcnow is not None:
            self._iam.utcnow = self._utcnow
        for service in sorted(self._used):
            import moto.backends

            finder: Any = moto.backends.get_backend
            there = finder(service)
            for account_id in [a for a in list(there.keys()) if a in self._companies]:
                there[account_id].reset()
        self._used.clear()
        MotoBehind._holder = None

    def _empty(self, account_id: str) -> None:
        """AWS's own 1,500 policies stay: reading them is what makes a backend slow to make."""
        backend = self._iam.iam_backends[account_id]["aws"]
        policies = backend.aws_managed_policies
        if policies:
            for policy in policies:
                policy.attachment_count = 0
            backend._init_aws_policies = functools.partial(list, policies)
        backend.__init__(backend.region_name, backend.account_id)

    def _furnish(self, account: Account) -> None:
        """The double's users exist in moto too: they can be listed, and get their policies there."""
        backend = self._iam.iam_backends[account.account_id]["aws"]
        company = self._companies.get(account.account_id)
        if account.alias:
            backend.create_account_alias(account.alias)
        for user in account.users.values():
            if user.name is None:
                continue
            made = backend.create_user("us-east-1", user.name, user.path)
            made.id, made.create_date = user.user_id, _naive(user.created)
            if user.password:
                backend.create_login_profile(user.name, "not-a-password-EXAMPLE")
        if company is None or company.group is None:
            return
        backend.create_group(company.group)
        for name in company.policies:
            backend.attach_group_policy(f"{_AWS}{name}", company.group)
        for name, document in company.own_policies:
            text = json.dumps(document)
            policy = backend.create_policy("", "/", text, name, [])
            backend.attach_group_policy(policy.arn, company.group)
        for user in account.users.values():
            backend.add_user_to_group(company.group, user.name)
        if company.role is not None:
            name, policy_name = company.role
            trust = json.dumps(company.trust())
            backend.create_role(name, trust, "/", None, "", [], "3600")
            backend.attach_role_policy(f"{_AWS}{policy_name}", name)


def _forbid(state: State, caller: Caller, action: str, given: Mapping[str, str]) -> None:
    """What AWS refuses and moto would do, since it does not know the double's keys and devices."""
    if action != "DeleteUser":
        return
    user = state.accounts[caller.account_id].users.get(given.get("UserName", ""))
    if user is not None and user.live_keys():
        raise Refusal("DeleteConflict", "Cannot delete entity, must delete access keys first.", 409)
    if user is not None and user.devices:
        raise Refusal("DeleteConflict", "Cannot delete entity, must delete MFA device first.", 409)


def _policies(holder: Any) -> Iterable[Policy]:
    for document in holder.policies.values():
        text = str(document)
        yield Policy(unquote(text) if text.startswith("%7B") else text)
    for policy in holder.managed_policies.values():
        yield Policy(_text(policy), policy.arn)


def _text(policy: Any) -> str:
    for version in policy.versions:
        if version.version_id == policy.default_version_id:
            return str(version.document)
    return ""


def _naive(at: float) -> datetime.datetime:
    """A time as moto keeps them."""
    return datetime.datetime.fromtimestamp(at, datetime.UTC).replace(tzinfo=None)
