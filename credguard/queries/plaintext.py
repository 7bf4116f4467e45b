"""Keys that lie in plaintext in the places every AWS tool reads, for Home, Plaintext and `status`.

The whole-computer search is another matter; this looks where `import` looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class PlaintextRow:
    """One key found. `where` is `~/.aws/credentials [northwind]`; no secret is kept here."""

    path: str
    line: int | None
    where: str
    access_key_id: str
    account_id: str | None
    has_secret: bool
    stored: bool
    may_be_root: bool = False
    profile: str | None = None


def row_json(row: PlaintextRow) -> dict[str, Any]:
    """A finding as in `credguard find --json`."""
    return {
        "path": row.path,
        "line": row.line,
        "kind": "working",
        "access_key_id": row.access_key_id,
        "account_id": row.account_id,
        "has_secret": row.has_secret,
        "stored": row.stored,
        "commit": None,
    }
