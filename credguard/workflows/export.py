"""Writes what is stored for another program: a KeePass database, or plaintext. Nothing is taken out."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass

from credguard.catalog.accounts import Accounts
from credguard.catalog.keys import Keys
from credguard.domain import otp
from credguard.domain.accounts import Identity
from credguard.domain.errors import CredGuardError
from credguard.domain.otp import OtpEntry
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.exchange import keepass
from credguard.exchange.plain import write_plain
from credguard.system.clock import Clock
from credguard.system.durable import replace_file
from credguard.vault.sealed import argon
from credguard.vault.store import Item, SecretStore, secret_of
from credguard.wire import items

_NO_COMPANY = "Personal"
_UNKNOWN = "Unknown account"


@dataclass(frozen=True, slots=True)
class Exported:
    """`left_out` names items that another version wrote."""

    path: str
    keys: int
    codes: int
    left_out: tuple[str, ...] = ()


def check_free(path: str) -> None:
    """Raises CredGuardError `file-exists` where there is something at `path` already."""
    if os.path.lexists(path):
        raise CredGuardError(
            "file-exists",
            text("There is another file at {path}.", path=path),
            text("Name a file that does not exist yet. Nothing was changed."),
        )


def export_keepass(
    path: str,
    password: Secret,
    *,
    store: SecretStore,
    codes_store: SecretStore,
    accounts: Accounts,
    keys: Keys,
    clock: Clock,
    cost: argon.Cost | None = None,
    fault: Callable[[str], None] | None = None,
) -> Exported:
    """A KDBX 4 database at `path` (0600), read back and compared before it takes its place.

    Raises CredGuardError `file-exists`, `nothing-to-back-up`, `export-not-whole`, and those of the stores
    and of writing.
    """
    check_free(path)
    found, left_out = _everything(store, codes_store)
    names = {account.account_id: account for account in accounts.all()}
    profiles: dict[str, list[str]] = {}
    for name, item in found.items():
        if name.startswith("profile/"):
            profiles.setdefault(str(item.get("access_key_id")), []).append(str(item.get("name")))

    def group(account_id: object) -> tuple[str, ...]:
        account = names.get(str(account_id))
        return (account.company or _NO_COMPANY, account.name) if account else (_UNKNOWN,)

    out_keys = []
    for name, item in found.items():
        if name.startswith("access-key/"):
            key_id, arn = str(item["access_key_id"]), str(item.get("arn") or "")
            row = keys.get(key_id)
            facts = {
                "AWS account": str(item.get("account_id") or ""),
                "AWS ARN": arn,
                "AWS profiles": ", ".join(sorted(profiles.get(key_id, []))),
                "Created": keepass.day(row.created) if row and row.created else "",
            }
            who = Identity(arn, str(item.get("account_id") or "")).user_name if arn else None
            title = " ".join(p for p in (group(item.get("account_id"))[-1], who or "", "access key") if p)
            shown = {n: v for n, v in facts.items() if v}
            out_keys.append(
                keepass.ExportKey(key_id, secret_of(item), title, group(item.get("account_id")), shown)
            )
    entries = _codes(found, left_out)
    out_codes = [keepass.ExportCode(e, group(e.account_id) if e.account_id else ("Codes",)) for e in entries]
    chosen = cost or argon.calibrate()
    data = keepass.write_keepass(
        out_keys, out_codes, password, now=clock.now(), memory=chosen.memory, passes=chosen.passes
    )
    back = keepass.read_keepass(data, password)
    wanted = {(k.access_key_id, k.secret) for k in out_keys}
    if {(k.access_key_id, k.secret) for k in back.keys} != wanted or _numbers(back.codes) != _numbers(
        entries
    ):
        raise CredGuardError(
            "export-not-whole",
            text("The new file did not open as it was written."),
            text("Nothing was written to {path}. Try again.", path=path),
        )
    replace_file(path, data, mode=0o600, fault=fault)
    return Exported(os.path.abspath(path), len(out_keys), len(out_codes), tuple(left_out))


def export_plain(
    path: str, *, store: SecretStore, codes_store: SecretStore, accounts: Accounts
) -> Exported:  # fmt: skip
    """Everything in plaintext at `path` (0600). Raises as `export_keepass`."""
    check_free(path)
    found, left_out = _everything(store, codes_store)
    entries = _codes(found, left_out)
    data = write_plain(found, [asdict(account) for account in accounts.all()])
    replace_file(path, data, mode=0o600)
    keys = sum(name.startswith("access-key/") for name in found)
    return Exported(os.path.abspath(path), keys, len(entries), tuple(left_out))


def _everything(store: SecretStore, codes_store: SecretStore) -> tuple[dict[str, Item], list[str]]:
    found: dict[str, Item] = {}
    left_out: list[str] = []
    for place, prefix in ((store, "access-key/"), (store, "profile/"), (codes_store, "totp/")):
        for name in place.names(prefix):
            try:
                item = place.read(name)
            except CredGuardError as error:
                if error.code != "item-unreadable":
                    raise
                left_out.append(name)
                continue
            if item is not None and not (prefix == "totp/" and item.get("deleted_at") is not None):
                found[name] = item
    if not any(name.startswith(("access-key/", "totp/")) for name in found):
        raise CredGuardError(
            "nothing-to-back-up",
            text("There is nothing in CredGuard to back up yet."),
            text("Move keys in with: credguard import"),
        )
    return found, left_out


def _codes(found: dict[str, Item], left_out: list[str]) -> list[OtpEntry]:
    entries = []
    for name, item in found.items():
        if name.startswith(items.totp("")):
            try:
                entries.append(otp.from_item(item))
            except (CredGuardError, ValueError, TypeError):
                left_out.append(name)
    return entries


def _numbers(entries: list[OtpEntry] | tuple[OtpEntry, ...]) -> set[tuple[object, ...]]:
    """What has to come back for the same numbers to be made."""
    return {(e.secret, e.type, e.algorithm, e.digits, e.period, e.counter) for e in entries}
