"""Activity as a page shows it: one line a thing, uses in a row counted."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from credguard.domain.text import Text
from credguard.queries.accounts import AccountRow

if TYPE_CHECKING:
    from credguard.catalog.activity import ActivityKind, ActivityRow


@dataclass(frozen=True, slots=True)
class ActivityLine:
    """`at` is the newest of `calls`; `account` and `color` are empty where the account is not known."""

    at: float
    actor: str
    action: Text
    calls: int
    account_id: str | None
    account: str
    color: str
    kind: ActivityKind
    access_key_id: str | None = None


def activity_lines(
    rows: tuple[ActivityRow, ...], accounts: tuple[AccountRow, ...]
) -> tuple[ActivityLine, ...]:
    """Newest first. What one program did again and again on one day, with nothing between, is one line."""
    known = {row.account.account_id: row.account for row in accounts}
    owner = {key.access_key_id: row.account.account_id for row in accounts for key in row.keys}
    lines: list[ActivityLine] = []
    for row in rows:
        account_id = row.account_id or owner.get(row.access_key_id or "")
        account = known.get(account_id or "")
        line = ActivityLine(
            row.at,
            row.actor,
            row.action,
            1,
            account_id,
            account.name if account else "",
            account.color if account else "",
            row.kind,
            row.access_key_id,
        )
        if lines and row.kind != "change" and _alike(lines[-1], line):
            lines[-1] = replace(lines[-1], calls=lines[-1].calls + 1)
        else:
            lines.append(line)
    return tuple(lines)


def _alike(one: ActivityLine, other: ActivityLine) -> bool:
    same = (one.actor, one.action, one.account_id, one.kind, one.access_key_id)
    if same != (other.actor, other.action, other.account_id, other.kind, other.access_key_id):
        return False
    return _day(one.at) == _day(other.at)


def _day(at: float) -> datetime.date:
    return datetime.datetime.fromtimestamp(at).astimezone().date()
