"""IAM's facts about an account: alias, summary, the caller's user, the credential report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from credguard.demo.cloud.answers import Refusal, Repeated, when
from credguard.demo.cloud.caller import Caller
from credguard.demo.cloud.iam_keys import whose
from credguard.demo.cloud.state import Account, Key, State, User

REPORT_EVERY = 4 * 3_600.0
COLUMNS = (
    *("user", "arn", "user_creation_time", "password_enabled", "password_last_used"),
    *("password_last_changed", "password_next_rotation", "mfa_active"),
    *(
        f"access_key_{n}_{what}"
        for n in (1, 2)
        for what in ("active", "last_rotated", "last_used_date", "last_used_region", "last_used_service")
    ),
    *(f"cert_{n}_{what}" for n in (1, 2) for what in ("active", "last_rotated")),
)


def list_aliases(state: State, caller: Caller, given: Mapping[str, str]) -> dict[str, Any]:
    alias = state.accounts[caller.account_id].alias
    return {"AccountAliases": [alias] if alias else [], "IsTruncated": False}


def summary(state: State, caller: Caller, given: Mapping[str, str]) -> dict[str, Any]:
    account = state.accounts[caller.account_id]
    devices = account.devices()
    unseen = int(account.root_mfa and not account.root.devices)
    facts = {
        "Users": len(account.users),
        "UsersQuota": 5000,
        "AccessKeysPerUserQuota": 2,
        "AccountAccessKeysPresent": int(bool(account.root.live_keys())),
        "AccountMFAEnabled": int(_root_mfa(account)),
        "AccountPasswordPresent": 1,
        "AccountSigningCertificatesPresent": 0,
        "MFADevices": len(devices) + unseen,
        "MFADevicesInUse": sum(user is not None for _, user in devices) + unseen,
        "GlobalEndpointTokenVersion": 1,
    }
    return {"SummaryMap": {"entry": Repeated({"key": k, "value": v} for k, v in facts.items())}}


def get_user(state: State, caller: Caller, given: Mapping[str, str]) -> dict[str, Any]:
    return {"User": user_row(whose(state, caller, given))}


def user_row(user: User) -> dict[str, Any]:
    """A user as IAM describes it; root has neither name nor path."""
    named = {"Path": user.path, "UserName": user.name} if user.name is not None else {}
    return {**named, "UserId": user.user_id, "Arn": user.arn, "CreateDate": when(user.created)}


def _root_mfa(account: Account) -> bool:
    return account.root_mfa or bool(account.root.devices)


# ── the credential report ────────────────────────────────────────────────────────────────────────
def generate(state: State, caller: Caller, given: Mapping[str, str]) -> dict[str, Any]:
    """STARTED, then COMPLETE once it is ready. At most one new report in four hours."""
    account = state.accounts[caller.account_id]
    now = state.clock.now()
    if account.report is not None and now - account.report[0] < REPORT_EVERY:
        return {"State": "COMPLETE"}
    if account.report_asked is None:
        account.report_asked = now
        return {
            "State": "STARTED",
            "Description": "No report exists. Starting a new report generation task",
        }
    if now - account.report_asked < state.timing.report:
        return {"State": "INPROGRESS"}
    account.report, account.report_asked = (now, _report(state, account)), None
    return {"State": "COMPLETE"}


def get_report(state: State, caller: Caller, given: Mapping[str, str]) -> dict[str, Any]:
    """Raises Refusal `ReportNotPresent`, `ReportInProgress`, `ReportExpired`."""
    account = state.accounts[caller.account_id]
    now = state.clock.now()
    if account.report is None and account.report_asked is not None:
        if now - account.report_asked < state.timing.report:
            raise Refusal("ReportInProgress", "Report is in progress. Try again later.", 404)
        generate(state, caller, given)
    if account.report is None:
        raise Refusal("ReportNotPresent", "No report is present. Generate one first.", 410)
    at, content = account.report
    if now - at >= REPORT_EVERY:
        raise Refusal("ReportExpired", "The report is older than four hours. Generate a new one.", 410)
    return {"Content": content, "ReportFormat": "text/csv", "GeneratedTime": when(at)}


def _report(state: State, account: Account) -> bytes:
    lines = [",".join(COLUMNS)]
    lines += [",".join(_cells(state, account, user)) for user in account.everyone()]
    return "\n".join(lines).encode()  # AWS ends it without a newline


def _cells(state: State, account: Account, user: User) -> list[str]:
    root = user.name is None
    cells = [user.name or "<root_account>", user.arn, when(user.created)]
    if root:
        cells += ["true", "no_information", when(user.created), "not_supported"]
    elif user.password:
        cells += ["true", "no_information", when(user.created), "N/A"]
    else:
        cells += ["false", "N/A", "N/A", "N/A"]
    cells.append(str(_root_mfa(account) if root else bool(user.devices)).lower())
    keys: list[Key | None] = [*user.live_keys(), None, None]
    for key in keys[:2]:
        cells += _key_cells(state, key)
    return [*cells, "false", "N/A", "false", "N/A"]


def _key_cells(state: State, key: Key | None) -> list[str]:
    if key is None:
        return ["false", "N/A", "N/A", "N/A", "N/A"]
    use = key.last_use(state.clock.now(), state.timing.last_used)
    told = ["N/A", "N/A", "N/A"] if use is None else [when(use[0]), use[2], use[1]]
    if use is not None and use[1] in {"iam", "sts"}:
        told[1] = "us-east-1"
    return [str(key.active).lower(), when(key.created), *told]


ACTIONS = {
    "ListAccountAliases": list_aliases,
    "GetAccountSummary": summary,
    "GetUser": get_user,
    "GenerateCredentialReport": generate,
    "GetCredentialReport": get_report,
}
