"""The catalog's facts for a backup, and taking them in again. Facts only; what is known here wins.

Used steps of MFA devices are united: a code that was sent anywhere is never sent again here.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from credguard.catalog.database import Database

#: Table → its key columns and its other columns. `store` and places in files are this computer's own.
_TABLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "accounts": (("account_id",), ("name", "company", "color", "alias", "partition", "root_mfa")),
    "access_keys": (("access_key_id",), ("account_id", "arn", "created", "status", "last_used")),
    "profiles": (("profile_id",), ("name", "access_key_id", "account_id", "mfa_serial")),
    "devices": (("device",), ("serial", "entry_id", "account_id", "name", "user_name", "kind")),
    "used_steps": (("device", "step"), ("how", "at")),
}


def facts(database: Database) -> dict[str, str]:
    """Table name → its rows as JSON."""
    found = {}
    for table, (keys, others) in _TABLES.items():
        columns = ", ".join((*keys, *others))
        rows = database.rows(f"SELECT {columns} FROM {table} ORDER BY {', '.join(keys)}")  # noqa: S608
        found[table] = json.dumps([dict(row) for row in rows], ensure_ascii=False)
    return found


def take_in(
    database: Database, facts: dict[str, str], *, store: str, config_path: str, only: Iterable[str]
) -> int:
    """Add what is not known here, fill in what is empty; returns how many rows changed.

    `only`: the names of the items that are in the store now; a key, profile or account without its item
    is left out. Rows that are not as this version writes them are left out too.
    """
    present = set(only)
    changed = 0
    with database.transaction() as connection:
        # An entry whose MFA serial is known on one side only is the same device: ours names it.
        ours = {
            row["entry_id"]: row["device"]
            for row in connection.execute("SELECT entry_id, device FROM devices WHERE entry_id IS NOT NULL")
        }
        named = {
            row["device"]: ours[row["entry_id"]]
            for row in _rows(facts.get("devices", "[]"))
            if isinstance(row.get("device"), str) and row.get("entry_id") in ours
        }
        for table in _TABLES:
            for row in _rows(facts.get(table, "[]")):
                device = row.get("device")
                if named.get(device, device) != device:
                    if table == "devices":
                        continue
                    row["device"] = named[device]
                if _belongs(table, row, present):
                    own = {"access_keys": {"store": store}, "profiles": {"config_path": config_path}}
                    changed += _take(connection, table, row, own.get(table, {}))
    return changed


def _rows(document: str) -> list[dict[str, Any]]:
    try:
        rows = json.loads(document)
    except (ValueError, RecursionError):
        return []
    return [row for row in rows if _is_flat(row)] if isinstance(rows, list) else []


def _is_flat(row: object) -> bool:
    return isinstance(row, dict) and not any(isinstance(value, (dict, list)) for value in row.values())


def _belongs(table: str, row: dict[str, Any], present: set[str]) -> bool:
    if table == "access_keys":
        return f"access-key/{row.get('access_key_id')}" in present
    if table == "profiles":
        return f"profile/{row.get('profile_id')}" in present
    return True


def _take(connection: sqlite3.Connection, table: str, row: dict[str, Any], own: dict[str, str]) -> int:
    keys, others = _TABLES[table]
    given = {name: row.get(name) for name in (*keys, *others)}
    if any(given[k] is None for k in keys):
        return 0
    columns = {**given, **own}
    try:
        added = connection.execute(
            f"INSERT OR IGNORE INTO {table} ({', '.join(columns)})"  # noqa: S608 names of ours
            f" VALUES ({', '.join(':' + c for c in columns)})",
            columns,
        ).rowcount
        if added == 1:
            return 1
        if table == "used_steps":
            # A step that was sent stays sent, whoever noted it first.
            return connection.execute(
                "UPDATE used_steps SET how = 'sent', at = max(at, :at)"
                " WHERE device = :device AND step = :step AND how = 'shown' AND :how = 'sent'",
                given,
            ).rowcount
        empty = [c for c in others if given[c] is not None]
        if not empty:
            return 0
        return connection.execute(
            f"UPDATE {table} SET {', '.join(f'{c} = coalesce({c}, :{c})' for c in empty)}"  # noqa: S608
            f" WHERE {' AND '.join(f'{k} = :{k}' for k in keys)}"
            f" AND ({' OR '.join(f'{c} IS NULL' for c in empty)})",
            given,
        ).rowcount
    except (sqlite3.IntegrityError, OverflowError, UnicodeError):  # what no row of ours holds
        return 0
