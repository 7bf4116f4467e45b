"""The preview of an import as lines of its table, in words."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from credguard.gui.translate import harmless, words
from credguard.gui.widgets.import_rows import ImportLine
from credguard.queries.codes import is_root

if TYPE_CHECKING:
    from credguard.queries.accounts import AccountRow
    from credguard.workflows.import_codes import Preview, Row, State

#: In the order of the counts above the table.
FILTERS: tuple[tuple[State, str, str, str], ...] = (
    ("new", "new", "circle-check", "ok"), ("counter", "with a higher counter", "refresh", "text2"),
    ("duplicate", "already here", "check", "text2"), ("skipped", "cannot be read", "triangle-alert", "warn"),
)  # fmt: skip
_ORDER = {"skipped": 0, "new": 1, "counter": 2, "duplicate": 3}


def accounts_of(rows: Sequence[AccountRow]) -> dict[str, tuple[str, str]]:
    """Name and colour by account number."""
    return {r.account.account_id: (r.account.name, r.account.color) for r in rows}


def head_of(plan: Preview) -> tuple[str, str]:
    """Title and second line of the page."""
    count = len(plan.rows)
    files = list(dict.fromkeys(row.file for row in plan.rows))
    name = harmless(os.path.basename(files[0])) if len(files) == 1 else f"{len(files)} files"
    title = f"{count:,} code{'' if count == 1 else 's'} in {name}" if files else "No codes in it"
    folder = os.path.dirname(files[0]) if len(files) == 1 and os.path.isabs(files[0]) else ""
    where = f", in {harmless(os.path.basename(folder) or folder)}" if folder else ""
    kind = "encrypted" if plan.encrypted else "not encrypted"
    return title, f"From {', '.join(plan.programs)}{where}, {kind}. Nothing is stored yet."


def lines_of(plan: Preview, accounts: Mapping[str, tuple[str, str]]) -> list[ImportLine]:
    """Those that cannot be read first, then new ones, then those that are here."""
    several = len({row.file for row in plan.rows}) > 1
    rows = sorted(plan.rows, key=lambda row: (_ORDER[row.state], row.index))
    return [_line(row, accounts, several) for row in rows]


def _line(row: Row, accounts: Mapping[str, tuple[str, str]], several: bool) -> ImportLine:
    name, color = accounts.get(row.account_id or "", ("", ""))
    if row.state == "skipped":
        reason = words(row.reason) if row.reason is not None else ""
        file = f"{harmless(os.path.basename(row.file))}, " if several else ""
        why = f"{file}{words(row.where)}: {reason[:1].lower()}{reason[1:].rstrip('.')}"
        typed = row.reason is not None and row.reason.template.startswith("The secret")
        return ImportLine(row.index, row.state, harmless(row.name) or "No name", why=why, typed=typed)
    shape = "Steam" if row.type == "steam" else f"{row.digits} digits"
    why = {"new": "new", "counter": "here, lower counter"}.get(row.state, "already here, same secret")
    if row.notes and row.state == "new":
        why = f"new. {words(row.notes[0]).rstrip('.')}"
    return ImportLine(
        row.index, row.state, harmless(name or row.issuer or row.name or "code"),
        harmless(row.account if row.issuer or name else ""), color,
        is_root(row.serial, row.account, row.account_id), shape, why,
    )  # fmt: skip
