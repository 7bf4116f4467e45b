"""IAM's access keys: two for each user and root, counted on or off; news of them spreads slowly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from credguard.demo.cloud.answers import Refusal, when
from credguard.demo.cloud.caller import Caller
from credguard.demo.cloud.state import Key, State, User

MOST = 2


def whose(state: State, caller: Caller, given: Mapping[str, str]) -> User:
    """The user meant: `UserName`, or the caller. Raises Refusal for one that does not exist.

    Temporary keys must name a user, which root has not; nobody names root.
    """
    name = given.get("UserName")
    if name is None:
        if caller.user is None or caller.session is not None:
            text = "Must specify userName when calling with non-User credentials"
            raise Refusal("ValidationError", text, 400)
        return caller.user
    try:
        return state.user(caller.account_id, name)
    except KeyError:
        raise Refusal("NoSuchEntity", f"The user with name {name} cannot be found.", 404) from None


def _one(user: User, access_key_id: str) -> Key:
    for key in user.live_keys():
        if key.access_key_id == access_key_id:
            return key
    raise Refusal("NoSuchEntity", f"The Access Key with id {access_key_id} cannot be found.", 404)


def list_access_keys(state: State, caller: Caller, given: Mapping[str, str]) -> dict[str, Any]:
    """A key made or deleted a moment ago is told late."""
    user = whose(state, caller, given)
    now = state.clock.now()
    told = [key for key in user.keys if key.listed(now, state.timing.spread)]
    return {
        "AccessKeyMetadata": [
            {
                "UserName": user.name,
                "AccessKeyId": key.access_key_id,
                "Status": "Active" if key.active else "Inactive",
                "CreateDate": when(key.created),
            }
            for key in told
        ],
        "IsTruncated": False,
    }


def create_access_key(state: State, caller: Caller, given: Mapping[str, str]) -> dict[str, Any]:
    user = whose(state, caller, given)
    if len(user.live_keys()) >= MOST:
        raise Refusal("LimitExceeded", f"Cannot exceed quota for AccessKeysPerUser: {MOST}", 409)
    key = state.make_key(user)
    return {
        "AccessKey": {
            "UserName": user.name,
            "AccessKeyId": key.access_key_id,
            "Status": "Active",
            "SecretAccessKey": key.secret,
            "CreateDate": when(key.created),
        }
    }


def update_access_key(state: State, caller: Caller, given: Mapping[str, str]) -> dict[str, Any]:
    key = _one(whose(state, caller, given), given.get("AccessKeyId", ""))
    status = given.get("Status")
    if status not in {"Active", "Inactive"}:
        text = (
            f"Value '{status}' at 'status' failed to satisfy constraint: Member must satisfy enum value set"
        )
        raise Refusal("ValidationError", text, 400)
    if key.active != (status == "Active"):
        key.change(state.clock.now(), active=status == "Active")
    return {}


def delete_access_key(state: State, caller: Caller, given: Mapping[str, str]) -> dict[str, Any]:
    key = _one(whose(state, caller, given), given.get("AccessKeyId", ""))
    key.change(state.clock.now(), deleted=True)
    return {}


def get_access_key_last_used(state: State, caller: Caller, given: Mapping[str, str]) -> dict[str, Any]:
    """Late; `N/A` for never. A root key and one of another account are refused."""
    named = given.get("AccessKeyId", "")
    found = state.key(named)
    if found is None or found[1].account_id != caller.account_id or found[1].name is None:
        raise Refusal(
            "AccessDenied",
            f"User: {caller.arn} is not authorized to perform:"
            f" iam:GetAccessKeyLastUsed on resource: access key {named}",
            403,
        )
    key, user = found
    use = key.last_use(state.clock.now(), state.timing.last_used)
    last: dict[str, Any] = {"ServiceName": "N/A", "Region": "N/A"}
    if use is not None:
        last = {"LastUsedDate": when(use[0]), "ServiceName": use[1], "Region": use[2]}
    return {"UserName": user.name, "AccessKeyLastUsed": last}


ACTIONS = {
    "ListAccessKeys": list_access_keys,
    "CreateAccessKey": create_access_key,
    "UpdateAccessKey": update_access_key,
    "DeleteAccessKey": delete_access_key,
    "GetAccessKeyLastUsed": get_access_key_last_used,
}
