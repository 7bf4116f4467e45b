"""Stored access keys (without their secrets) and the profiles that use them."""

from __future__ import annotations

import json
import sqlite3

from credguard.catalog.database import Database
from credguard.domain.keys import AccessKey, KeyStatus
from credguard.domain.profiles import ProfileLink
from credguard.domain.roles import Role


class Keys:
    """Rows of AccessKey, by access key id."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> tuple[AccessKey, ...]:
        """Every key, oldest first; keys of unknown age last."""
        rows = self._database.rows(
            "SELECT * FROM access_keys ORDER BY created IS NULL, created, access_key_id"
        )
        return tuple(_key(row) for row in rows)

    def get(self, access_key_id: str) -> AccessKey | None:
        row = self._database.row("SELECT * FROM access_keys WHERE access_key_id = ?", (access_key_id,))
        return None if row is None else _key(row)

    def save(self, key: AccessKey) -> None:
        """Add the key, or replace what was known of it."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO access_keys"
                " (access_key_id, account_id, arn, created, status, store, last_used)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    key.access_key_id,
                    key.account_id,
                    key.arn,
                    key.created,
                    key.status,
                    key.store,
                    key.last_used,
                ),
            )

    def set_status(self, access_key_id: str, status: KeyStatus) -> None:
        """Nothing happens to a key that is not known."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE access_keys SET status = ? WHERE access_key_id = ?", (status, access_key_id)
            )

    def set_last_used(self, access_key_id: str, last_used: float | None) -> None:
        """Seconds since 1970; None where AWS knows of no use."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE access_keys SET last_used = ? WHERE access_key_id = ?", (last_used, access_key_id)
            )

    def moved_to(self, store: str) -> None:
        """All keys are in this store now."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE access_keys SET store = ?", (store,))

    def remove(self, access_key_id: str) -> None:
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM access_keys WHERE access_key_id = ?", (access_key_id,))


class Profiles:
    """Rows of ProfileLink, by profile id. Names need not be unique: there may be several config files."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> tuple[ProfileLink, ...]:
        """Every profile, by name."""
        rows = self._database.rows("SELECT * FROM profiles ORDER BY name, profile_id")
        return tuple(_profile(row) for row in rows)

    def get(self, profile_id: str) -> ProfileLink | None:
        row = self._database.row("SELECT * FROM profiles WHERE profile_id = ?", (profile_id,))
        return None if row is None else _profile(row)

    def by_name(self, name: str, config_path: str | None = None) -> ProfileLink | None:
        """The profile called exactly `name`, of the given config file where one is given."""
        row = self._database.row(
            "SELECT * FROM profiles WHERE name = :name AND (:path IS NULL OR config_path = :path)"
            " ORDER BY profile_id",
            {"name": name, "path": config_path},
        )
        return None if row is None else _profile(row)

    def of_key(self, access_key_id: str) -> tuple[ProfileLink, ...]:
        """The profiles that use this key."""
        rows = self._database.rows(
            "SELECT * FROM profiles WHERE access_key_id = ? ORDER BY name, profile_id", (access_key_id,)
        )
        return tuple(_profile(row) for row in rows)

    def save(self, link: ProfileLink) -> None:
        """Add the profile, or replace what was known of it."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO profiles"
                " (profile_id, name, access_key_id, account_id, config_path, config_line, mfa_serial, roles)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    link.profile_id,
                    link.name,
                    link.access_key_id,
                    link.account_id,
                    link.config_path,
                    link.config_line,
                    link.mfa_serial,
                    json.dumps([role.to_json() for role in link.roles]) if link.roles else None,
                ),
            )

    def remove(self, profile_id: str) -> None:
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM profiles WHERE profile_id = ?", (profile_id,))


def _key(row: sqlite3.Row) -> AccessKey:
    return AccessKey(
        access_key_id=row["access_key_id"],
        account_id=row["account_id"],
        arn=row["arn"],
        created=row["created"],
        status=row["status"],
        store=row["store"],
        last_used=row["last_used"],
    )


def _profile(row: sqlite3.Row) -> ProfileLink:
    return ProfileLink(
        profile_id=row["profile_id"],
        name=row["name"],
        access_key_id=row["access_key_id"],
        account_id=row["account_id"],
        config_path=row["config_path"],
        config_line=row["config_line"],
        mfa_serial=row["mfa_serial"],
        roles=tuple(Role.from_json(role) for role in json.loads(row["roles"] or "[]")),
    )
