"""Accounts with their keys, MFA and what a rotation is doing: the cards, and `credguard accounts`.

No network: everything comes from the catalog.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from credguard.domain.accounts import Account, Identity
from credguard.domain.keys import DAY, AccessKey, age_days
from credguard.domain.profiles import ProfileLink
from credguard.domain.text import Text, text

if TYPE_CHECKING:
    from credguard.catalog.accounts import Accounts
    from credguard.catalog.devices import Devices
    from credguard.catalog.journal import Journals
    from credguard.catalog.keys import Keys, Profiles

Urgency: TypeAlias = Literal["quiet", "soon", "late", "root"]


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One stored access key. Times are seconds since 1970."""

    name: str
    access_key_id: str
    account_id: str | None
    arn: str | None
    created: float | None
    age_days: int | None
    due: float | None
    status: str
    store: str
    profiles: tuple[ProfileLink, ...]
    root: bool
    last_used: float | None = None
    leftover: bool = False  # nothing points to it: shown, touched only when asked


@dataclass(frozen=True, slots=True)
class MfaRow:
    """One MFA device known here. `code` says whether CredGuard makes its codes."""

    serial: str | None
    kind: str
    code: bool
    name: str
    entry_id: str | None = None


@dataclass(frozen=True, slots=True)
class Grace:
    """A rotation that waits: the old key is off and will be deleted at `delete_at`."""

    run_id: str
    old_key: str
    delete_at: float


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account as a card draws it."""

    account: Account
    identity: Identity | None
    keys: tuple[KeyRow, ...]
    mfa: tuple[MfaRow, ...]
    score: int | None
    urgency: Urgency
    grace: Grace | None
    rotating: str | None  # the id of a rotation that was begun and is neither done nor in its grace

    @property
    def together(self) -> Text | None:
        """What a second factor protects from where it lies beside its key; None where it does not."""
        if not self.keys or not any(m.code for m in self.mfa):
            return None
        return text(
            "The key and its code are both on this computer. That protects from a key that leaks, not from"
            " somebody who gets into this computer while it is open."
        )

    @property
    def current(self) -> KeyRow | None:
        """The key the profiles use: root first, then the oldest."""
        used = [k for k in self.keys if not k.leftover] or list(self.keys)
        return min(used, key=lambda k: (not k.root, k.created or 0.0), default=None)

    @property
    def is_root(self) -> bool:
        return any(key.root for key in self.keys)

    @property
    def user(self) -> str:
        """`maria`, `root user`, or the role's name."""
        if self.is_root:
            return "root user"
        if self.identity is None:
            return ""
        return self.identity.user_name or self.identity.arn.rsplit("/", 1)[-1]


def list_accounts(
    *,
    accounts: Accounts,
    keys: Keys,
    profiles: Profiles,
    devices: Devices,
    journals: Journals,
    due_days: int,
    now: float,
    soon_days: int = 15,
) -> tuple[AccountRow, ...]:
    """All accounts, by company and name, `Personal` (and no company) last. Keys without an account id
    make an account of their own, named after their profile."""
    links = profiles.all()
    rows = [_key_row(key, links, due_days, now) for key in keys.all()]
    known = {a.account_id: a for a in accounts.all()}
    for row in rows:
        if row.account_id and row.account_id not in known:
            known[row.account_id] = Account(row.account_id, row.account_id)
    graces, running = _rotations(journals)
    result = []
    for account in known.values():
        own = tuple(
            sorted((r for r in rows if r.account_id == account.account_id), key=lambda r: r.created or 0.0)
        )
        named = tuple(_named(r, account) for r in own)
        ids = {r.access_key_id for r in own}
        grace = next((g for key_ids, g in graces if key_ids & ids), None)
        result.append(
            AccountRow(
                account=account,
                identity=_identity(own, account),
                keys=named,
                mfa=_mfa(devices, account.account_id),
                score=None,
                urgency=_urgency(own, now, soon_days),
                grace=grace,
                rotating=next((run for key_ids, run in running if key_ids & ids), None),
            )
        )
    return tuple(sorted(result, key=_order))


def _order(row: AccountRow) -> tuple[bool, str, str]:
    company = row.account.company
    return (company in {"", "Personal"}, company.casefold(), row.account.name.casefold())


def _key_row(key: AccessKey, links: tuple[ProfileLink, ...], due_days: int, now: float) -> KeyRow:
    used_by = tuple(link for link in links if link.access_key_id == key.access_key_id)
    return KeyRow(
        name=key.access_key_id,
        access_key_id=key.access_key_id,
        account_id=key.account_id,
        arn=key.arn,
        created=key.created,
        age_days=None if key.created is None else age_days(key.created, now),
        due=None if key.created is None else key.created + due_days * DAY,
        status=key.status,
        store=key.store,
        profiles=used_by,
        root=key.is_root,
        last_used=key.last_used,
        leftover=not used_by,
    )


def _named(row: KeyRow, account: Account) -> KeyRow:
    from dataclasses import replace

    if row.root:
        return replace(row, name=f"{account.name}/root")
    who = Identity(row.arn, account.account_id).user_name if row.arn else None
    return replace(row, name=f"{account.name}/{who}" if who else account.name)


def _identity(rows: tuple[KeyRow, ...], account: Account) -> Identity | None:
    arns = [r.arn for r in sorted(rows, key=lambda r: (not r.root, r.leftover)) if r.arn]
    return Identity(arns[0], account.account_id) if arns else None


def _mfa(devices: Devices, account_id: str) -> tuple[MfaRow, ...]:
    known = list(devices.of_account(account_id))
    # A code added without its serial, and one virtual device that AWS lists for the account: one thing.
    codes = [d for d in known if d.serial is None and d.entry_id is not None]
    bare = [d for d in known if d.entry_id is None and d.kind == "virtual"]
    if len(codes) == len(bare) == 1 and codes[0].user_name in {None, bare[0].user_name}:
        known[known.index(codes[0])] = replace(codes[0], serial=bare[0].serial)
        known.remove(bare[0])
    return tuple(MfaRow(d.serial, d.kind, d.entry_id is not None, d.name, d.entry_id) for d in known)


def _urgency(rows: tuple[KeyRow, ...], now: float, soon_days: int) -> Urgency:
    if any(r.root for r in rows):
        return "root"
    dues = [r.due for r in rows if r.due is not None and not r.leftover]
    if dues and min(dues) <= now:
        return "late"
    if dues and min(dues) - soon_days * DAY <= now:
        return "soon"
    return "quiet"


def _rotations(
    journals: Journals,
) -> tuple[list[tuple[set[str], Grace]], list[tuple[set[str], str]]]:
    """Rotations in their grace, and those that were begun and not brought to it. From the journal."""
    graces: list[tuple[set[str], Grace]] = []
    running: list[tuple[set[str], str]] = []
    for row in journals.unfinished("rotation"):
        ids = {part for part in row.subject.split() if part}
        if row.parked == "wait" and row.until is not None:
            graces.append((ids | set(row.touches), Grace(row.run_id, row.subject, row.until)))
        else:
            running.append((ids | set(row.touches), row.run_id))
    return graces, running


def key_json(row: KeyRow) -> dict[str, Any]:
    """A row of `credguard keys --json`."""
    return {
        "name": row.name,
        "access_key_id": row.access_key_id,
        "account_id": row.account_id,
        "age_days": row.age_days,
        "status": row.status,
        "store": row.store,
        "profiles": [link.name for link in row.profiles],
        "root": row.root,
    }


def account_json(row: AccountRow) -> dict[str, Any]:
    """A row of `credguard accounts --json`."""
    return {
        "name": row.account.name,
        "account_id": row.account.account_id,
        "alias": row.account.alias,
        "partition": row.account.partition,
        "color": row.account.color,
        "identity": {"arn": row.identity.arn, "kind": row.identity.kind} if row.identity else None,
        "keys": [key_json(k) for k in row.keys],
        "mfa": [{"serial": m.serial, "kind": m.kind, "code": m.code} for m in row.mfa],
        "score": row.score,
    }
