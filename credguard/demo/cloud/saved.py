"""What survives a restart of the double's process: users, keys, sessions, devices and their counters.

One JSON file, readable by its owner alone. moto's groups, policies and roles are built anew from the
companies each time; changes to those are lost.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any

from credguard.demo.cloud.devices import Device
from credguard.demo.cloud.server import Double
from credguard.demo.cloud.state import Account, Key, Session, State, User
from credguard.system.durable import replace_file

FORMAT = 1
_FLAGS = ("name", "created", "path", "password", "enforced", "quarantined")


@dataclass(frozen=True, slots=True)
class Saved:
    """A state of an earlier run."""

    document: dict[str, Any]

    def get(self, name: str, default: int) -> int:
        """A number beside the state, such as `port`."""
        return int(self.document.get(name, default))

    def restore(self, double: Double) -> None:
        """Put it in place of the fresh state; the token stays what it was, too."""
        double.token = str(self.document["token"])
        double.replace_state(_state(double, self.document))


def save(double: Double, path: str) -> None:
    """Write the state down, atomically. Raises CredGuardError where the file cannot be written."""
    state = double.state
    document = {
        "format": FORMAT,
        "port": int(double.url.rsplit(":", 1)[1]),
        "token": double.token,
        "numbers": state.numbers,
        "accounts": [_of_account(account) for account in state.accounts.values()],
        "sessions": [_of_session(session) for session in state.sessions.values()],
    }
    replace_file(path, json.dumps(document).encode(), mode=0o600)


def load(path: str) -> Saved | None:
    """None where there is nothing that this version can read."""
    try:
        with open(path, "rb") as file:
            document = json.load(file)
    except (OSError, ValueError):
        return None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        return None
    return Saved(document)


# ── out ──────────────────────────────────────────────────────────────────────────────────────────
def _of_account(account: Account) -> dict[str, Any]:
    return {
        "account_id": account.account_id,
        "root_mfa": account.root_mfa,
        "users": [_of_user(user) for user in account.everyone()],
        "unassigned": [_of_device(device) for device in account.unassigned.values()],
    }


def _of_user(user: User) -> dict[str, Any]:
    return {
        **{name: getattr(user, name) for name in _FLAGS},
        "denied": sorted(user.denied),
        "keys": [asdict(key) for key in user.keys],
        "devices": [_of_device(device) for device in user.devices],
    }


def _of_device(device: Device) -> dict[str, Any]:
    return asdict(device) | {"used": sorted(device.used)}


def _of_session(session: Session) -> dict[str, Any]:
    plain = {f.name: getattr(session, f.name) for f in fields(session) if f.name != "user"}
    owner = session.user
    return plain | {"has_user": owner is not None, "user": owner.name if owner is not None else None}


# ── in ───────────────────────────────────────────────────────────────────────────────────────────
def _state(double: Double, document: dict[str, Any]) -> State:
    state = State(double.clock, double.timing, double.companies)
    state.numbers.update(document["numbers"])
    for row in document["accounts"]:
        account = state.accounts.get(row["account_id"])
        if account is None:
            continue
        account.root_mfa = row["root_mfa"]
        account.unassigned = {d["serial"]: _device(d) for d in row["unassigned"]}
        users = [_user(account.account_id, user) for user in row["users"]]
        account.root = next(user for user in users if user.name is None)
        account.users = {user.name: user for user in users if user.name is not None}
    for row in document["sessions"]:
        account = state.accounts.get(row["account_id"])
        if account is None:
            continue
        has_user, name = row.pop("has_user"), row.pop("user")
        user = (account.root if name is None else account.users.get(name)) if has_user else None
        if has_user and user is None:
            continue
        filled: dict[str, Any] = {part: tuple(row[part]) for part in ("policies", "policy_arns")}
        state.sessions[row["access_key_id"]] = Session(**(row | filled | {"user": user}))
    return state


def _user(account_id: str, row: dict[str, Any]) -> User:
    user = User(account_id=account_id, **{name: row[name] for name in _FLAGS})
    user.denied = set(row["denied"])
    user.keys = [Key(**(key | {"uses": [(at, s, r) for at, s, r in key["uses"]]})) for key in row["keys"]]
    user.devices = [_device(device) for device in row["devices"]]
    return user


def _device(row: dict[str, Any]) -> Device:
    tries = {int(window): count for window, count in row["tries"].items()}
    return Device(**(row | {"used": set(row["used"]), "tries": tries}))
