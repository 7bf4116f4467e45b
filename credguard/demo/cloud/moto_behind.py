"""moto, behind the double: what STS and IAM do not do here themselves, and every other service."""

from __future__ import annotations

import io
import re
from html import unescape
from typing import Any

from credguard.demo.cloud.caller import Caller
from credguard.demo.cloud.signature import Request
from credguard.demo.cloud.state import Account, Session, State

Answer = tuple[str, list[tuple[str, str]], bytes]


class MotoBehind:
    """Loads moto at the first call that needs it; its backends belong to the whole process."""

    def __init__(self) -> None:
        self._app: Any = None
        self._furnished: set[str] = set()

    def reset(self) -> None:
        if self._app is not None:
            from moto.moto_api._internal.models import moto_api_backend

            moto_api_backend.reset()
        self._furnished.clear()

    def ask(
        self,
        state: State,
        environ: dict[str, Any],
        request: Request,
        caller: Caller,
        action: str,
        given: dict[str, str],
    ) -> Answer:
        """moto's answer, as the caller's account; users and role sessions it makes are noted in `state`."""
        self._load()
        self._furnish(state.accounts[caller.account_id])
        passed = {
            **environ,
            "wsgi.input": io.BytesIO(request.body),
            "HTTP_X_MOTO_ACCOUNT_ID": caller.account_id,
        }
        told: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            told[:] = [status, headers]

        body = b"".join(self._app(passed, start))
        status, headers = str(told[0]), list(told[1])
        if status.startswith("200"):
            _note(state, caller, action, given, body.decode("utf-8", "replace"))
        return status, headers, body

    def _load(self) -> None:
        if self._app is None:
            from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

            self._app = DomainDispatcherApplication(create_backend_app)
            self.reset()

    def _furnish(self, account: Account) -> None:
        """The double's users exist in moto too, so that they can be listed and given policies."""
        if account.account_id in self._furnished:
            return
        from moto.iam.models import iam_backends

        self._furnished.add(account.account_id)
        backend = iam_backends[account.account_id]["aws"]
        for user in account.users.values():
            if user.name is not None and user.name not in backend.users:
                backend.create_user("us-east-1", user.name, user.path)
        if account.alias:
            backend.create_account_alias(account.alias)


def _note(state: State, caller: Caller, action: str, given: dict[str, str], body: str) -> None:
    account = state.accounts[caller.account_id]
    name = given.get("UserName", "")
    if action == "CreateUser" and name not in account.users:
        state.add_user(caller.account_id, name, given.get("Path", "/"))
    elif action == "DeleteUser":
        account.users.pop(name, None)
    elif action == "AssumeRole":
        found = {
            tag: unescape(match.group(1))
            for tag in ("AccessKeyId", "SecretAccessKey", "SessionToken", "Arn")
            if (match := re.search(f"<{tag}>(.*?)</{tag}>", body))
        }
        seconds = int(given.get("DurationSeconds", "3600"))  # moto's time is not the double's
        state.sessions[found["AccessKeyId"]] = Session(
            found["AccessKeyId"],
            found["SecretAccessKey"],
            found["SessionToken"],
            found["Arn"].split(":")[4],
            found["Arn"],
            None,
            caller.mfa,
            state.clock.now() + seconds,
        )
