"""Whether a use has to be approved, and what was approved before counts where no window can be asked."""

from __future__ import annotations

from collections.abc import Callable

from credguard.catalog.activity import ActivityKind
from credguard.catalog.approvals import Approvals
from credguard.domain.errors import CredGuardError
from credguard.domain.text import Text, text
from credguard.settings import Settings
from credguard.system.asking import Asker

#: As `Services.record`: actor, action, account, kind, detail.
Record = Callable[[str, Text, "str | None", ActivityKind, str], None]


def demanded(which: str, accounts: tuple[str, ...], account_id: str) -> bool:
    """Whether the keys of this account are used with a person's yes only (settings `approve`,
    `approve_accounts`)."""
    return which == "all" or (which == "chosen" and account_id in accounts)


def demanded_by(settings: Settings, account_id: str) -> bool:
    return demanded(settings.get("approve"), settings.get("approve_accounts"), account_id)


def not_allowed(program: str, account: str, why: Text) -> CredGuardError:
    return CredGuardError(
        "not-allowed",
        text("{program} was not allowed to use {account}.", program=program, account=account),
        why,
    )


def no_window() -> Text:
    return text("Open CredGuard’s window, then do the same again.")


def allowed_before(
    kept: Approvals, asker: Asker, account_id: str, account: str, what: Text, now: float, record: Record
) -> None:
    """Return where this program was allowed for an hour or always. Raises CredGuardError `not-allowed`:
    there is no window to ask in."""
    if not asker.one_of_many and kept.allowed(asker.file, account_id, now):
        return
    refused = text("was refused {what}: no window was open to ask in", what=what)
    record(asker.program, refused, account_id or None, "refused", asker.detail)
    raise not_allowed(asker.program, account, no_window())
