"""What the Codes page draws and `totp` prints. The window keeps codes, never seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from credguard.catalog.devices import MfaDevice
from credguard.domain.accounts import Account
from credguard.domain.errors import CredGuardError
from credguard.domain.otp import OtpEntry, Pause
from credguard.domain.text import Text, text


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One code entry without its seed. `deleted_at`: removed, kept for 7 days."""

    entry_id: str
    name: str
    user: str
    account_id: str | None = None
    color: str | None = None
    root: bool = False
    type: str = "totp"
    digits: int = 6
    period: int = 30
    counter: int | None = None
    unreadable: Text | None = None
    deleted_at: float | None = None
    serial: str | None = None
    issuer: str = ""
    algorithm: str = "SHA1"
    title: str = ""  # what a card shows: the account's name, else the issuer
    company: str = ""

    def to_json(self) -> dict[str, Any]:
        """A row of `credguard totp list --json`."""
        document: dict[str, Any] = {
            "name": self.name,
            "issuer": self.issuer,
            "account": self.user,
            "type": self.type,
            "algorithm": self.algorithm,
            "digits": self.digits,
        }
        if self.type == "hotp":
            document["counter"] = self.counter
        else:
            document["period"] = self.period
        return document


@dataclass(frozen=True, slots=True)
class CodeNow:
    """A code at a moment. `valid_for` is whole seconds; `used`: this step (or counter) was sent to AWS
    already; `pause`: no code of it is sent until then, and why; `known_in`: seconds until AWS knows the
    device, which was assigned just now."""

    code: str
    valid_for: int
    next_code: str | None
    used: bool
    period: int
    step: int | None = None
    pause: Pause | None = None
    known_in: int = 0


def rows_of(
    entries: tuple[OtpEntry | CredGuardError, ...], accounts: tuple[Account, ...]
) -> tuple[CodeRow, ...]:
    """Rows for entries; one that cannot be read becomes a row that says so."""
    known = {a.account_id: a for a in accounts}
    rows = []
    for entry in entries:
        if not isinstance(entry, OtpEntry):
            name = next((str(v) for n, v in entry.what.values if n == "name"), "?")
            rows.append(CodeRow("", name, "", unreadable=entry.what))
            continue
        account = known.get(entry.account_id or "")
        rows.append(
            CodeRow(
                entry_id=entry.entry_id,
                name=entry.name,
                user=entry.account,
                account_id=entry.account_id,
                color=account.color if account else None,
                root=_is_root(entry),
                type=entry.type,
                digits=entry.digits,
                period=entry.period,
                counter=entry.counter if entry.type == "hotp" else None,
                deleted_at=entry.deleted_at,
                serial=entry.serial,
                issuer=entry.issuer,
                algorithm=entry.algorithm,
                title=account.name if account else entry.issuer or entry.name,
                company=account.company if account else "",
            )
        )
    return tuple(rows)


def known_rows(devices: tuple[MfaDevice, ...], accounts: tuple[Account, ...]) -> tuple[CodeRow, ...]:
    """Rows for the devices whose codes are here, while the codes themselves are locked."""
    known = {a.account_id: a for a in accounts}
    found = []
    for device in devices:
        account = known.get(device.account_id or "")
        if device.entry_id:
            found.append(
                CodeRow(
                    device.entry_id,
                    device.name,
                    device.user_name or "",
                    device.account_id,
                    account.color if account else None,
                    ":mfa/root-account" in (device.serial or ""),
                    serial=device.serial,
                    title=account.name if account else device.name,
                    company=account.company if account else "",
                )
            )
    return tuple(found)


def _is_root(entry: OtpEntry) -> bool:
    return is_root(entry.serial, entry.account, entry.account_id)


def is_root(serial: str | None, account: str, account_id: str | None) -> bool:
    """By the ARN where it is known, else by what AWS and people call root's entry."""
    if serial is not None:
        return ":mfa/root-account" in serial
    user = account.partition("@")[0].casefold()
    return account_id is not None and user in {"root", "root user", "root-account-mfa-device"}


def by_company(rows: tuple[CodeRow, ...]) -> tuple[CodeRow, ...]:
    """In the order of the Accounts page: companies by name, Personal after them, codes of no account last;
    in one account the users first, then root."""

    def order(row: CodeRow) -> tuple[bool, bool, str, str, bool, str]:
        other = row.account_id is None
        late = row.company in {"", "Personal"}
        title = (row.title or row.name).casefold()
        return other, late, row.company.casefold(), title, row.root, row.user.casefold()

    return tuple(sorted(rows, key=order))


def as_moved(rows: tuple[CodeRow, ...], order: Sequence[str]) -> tuple[CodeRow, ...]:
    """`rows` as a person put them; one that came later stands behind the one that is before it in `rows`."""
    if not order:
        return rows
    place = {entry_id: number for number, entry_id in enumerate(order)}
    at, after, found = -1, 0, []
    for number, row in enumerate(rows):
        known = place.get(row.entry_id)
        if known is not None:
            at, after = known, 0
        else:
            after = number + 1
        found.append(((at, after), row))
    return tuple(row for _, row in sorted(found, key=lambda pair: pair[0]))


def searched(row: CodeRow) -> str:
    """What a search on the Codes page looks through."""
    return f"{row.title} {row.name} {row.user} {row.company}".casefold()


def find_row(name: str, rows: tuple[CodeRow, ...]) -> CodeRow:
    """The code meant by a name, an account's name or id; exact before case-blind.

    Raises CredGuardError `no-such-name`, `several-fit`.
    """
    for fold in (str, str.casefold):
        wanted = fold(name)
        for values in (lambda r: (r.name, r.entry_id), lambda r: (r.title, r.account_id, r.user)):
            found = [r for r in rows if r.entry_id and wanted in {fold(v) for v in values(r) if v}]
            if len(found) == 1:
                return found[0]
            if len(found) > 1:
                listed = ", ".join(r.name for r in found)
                raise CredGuardError(
                    "several-fit",
                    text('"{name}" fits several: {list}.', name=name, list=listed),
                    text("Name one of them in full."),
                )
    raise CredGuardError(
        "no-such-name", text('No code "{name}".', name=name), text("All of them: credguard totp list")
    )
