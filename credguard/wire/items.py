"""Names and values of the items in the keychain and in the sealed vault.

Plain functions on dicts, so that the provider can read an item without loading anything else.
Values are small JSON documents with `"v": 1`. See contract.md, Items (docs/items.md in this tree).
"""

from __future__ import annotations

SERVICE = "credguard"
VERSION = 1
#: Windows' credential store takes 2,560 bytes; a keychain value is counted as UTF-16.
MAX_BYTES = 2560

#: Fields whose value is secret; everything else in an item may be shown.
SECRET_FIELDS = frozenset({"secret", "session_token", "key", "previous_secret"})


def access_key(access_key_id: str) -> str:
    return f"access-key/{access_key_id}"


def profile(profile_id: str) -> str:
    return f"profile/{profile_id}"


def account(account_id: str) -> str:
    return f"account/{account_id}"


def totp(entry_id: str) -> str:
    return f"totp/{entry_id}"


def session(digest: str) -> str:
    return f"session/{digest}"


FILE_BACKUP = "file-backup"
SEEN = "seen"


def of_vault(vault: str, name: str) -> str:
    """In the keychain alone: what a sealed vault keeps there, by slot id or as `seen`."""
    return f"vault/{vault}/{name}"


def access_key_item(
    access_key_id: str, secret: str, account_id: str | None, arn: str | None, created: float | None
) -> dict[str, object]:
    """Written once and never changed: what is current or previous is a matter of what points here."""
    return {
        "v": VERSION,
        "access_key_id": access_key_id,
        "secret": secret,
        "account_id": account_id,
        "arn": arn,
        "created": created,
    }


def profile_item(
    profile_id: str,
    name: str,
    access_key_id: str,
    account_id: str | None,
    session: str | None = None,
    direct: bool = True,
    mfa_serial: str | None = None,
    roles: list[dict[str, object]] | None = None,
) -> dict[str, object]:
    """The only thing the provider follows. `session` null = the key itself; `direct` = without the agent.
    `mfa_serial` and `roles` are there to rebuild the catalog, where they are set."""
    more = {"mfa_serial": mfa_serial, "roles": roles}
    return {
        "v": VERSION,
        "id": profile_id,
        "name": name,
        "access_key_id": access_key_id,
        "account_id": account_id,
        "session": session,
        "direct": direct,
        **{field: value for field, value in more.items() if value},
    }


def account_item(account_id: str, name: str, company: str, color: str) -> dict[str, object]:
    return {"v": VERSION, "account_id": account_id, "name": name, "company": company, "color": color}


def session_item(
    access_key_id: str,
    secret: str,
    session_token: str,
    expiration: str,
    account_id: str | None,
    source: str | None = None,
) -> dict[str, object]:
    """An STS session; `expiration` is ISO 8601 with Z, `source` the id of the key that it began with."""
    return {
        "v": VERSION,
        "access_key_id": access_key_id,
        "secret": secret,
        "session_token": session_token,
        "expiration": expiration,
        "account_id": account_id,
        **({"source": source} if source else {}),
    }


def encode(item: dict[str, object]) -> str:
    """Compact JSON, keys sorted, ASCII only (UTF-16 size is then twice the length)."""
    import json

    return json.dumps(item, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def decode(value: str) -> dict[str, object]:
    """The item in `value`; ValueError where it is none of ours or from a newer version."""
    import json

    item = json.loads(value)
    if not isinstance(item, dict) or item.get("v") != VERSION:
        raise ValueError("not an item of this version")
    return item
