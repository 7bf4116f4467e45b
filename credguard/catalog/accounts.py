"""The accounts this computer knows."""

from __future__ import annotations

import sqlite3

from credguard.catalog.database import Database
from credguard.domain.accounts import Account


class Accounts:
    """Rows of Account, by account id."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> tuple[Account, ...]:
        """Every account, by company and name."""
        rows = self._database.rows("SELECT * FROM accounts ORDER BY company, name, account_id")
        return tuple(_account(row) for row in rows)

    def get(self, account_id: str) -> Account | None:
        row = self._database.row("SELECT * FROM accounts WHERE account_id = ?", (account_id,))
        return None if row is None else _account(row)

    def save(self, account: Account) -> None:
        """Add the account, or replace what was known of it."""
        root_mfa = None if account.root_mfa is None else int(account.root_mfa)
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO accounts"
                " (account_id, name, company, color, alias, partition, root_mfa)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    account.account_id,
                    account.name,
                    account.company,
                    account.color,
                    account.alias,
                    account.partition,
                    root_mfa,
                ),
            )

    def remove(self, account_id: str) -> None:
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM accounts WHERE account_id = ?", (account_id,))


def _account(row: sqlite3.Row) -> Account:
    return Account(
        account_id=row["account_id"],
        name=row["name"],
        company=row["company"],
        color=row["color"],
        alias=row["alias"],
        partition=row["partition"],
        root_mfa=None if row["root_mfa"] is None else bool(row["root_mfa"]),
    )
