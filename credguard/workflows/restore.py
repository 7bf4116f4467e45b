"""Restores a backup: merges its items with those that are here, by the rules of `domain/restore.py`.

Every item is written by itself, read back, and safe to write again: after a kill, the same command goes on
where it stopped. Nothing is deleted.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

from credguard.catalog.accounts import Accounts
from credguard.catalog.database import Database
from credguard.catalog.devices import Devices, MfaDevice
from credguard.catalog.keys import Profiles
from credguard.catalog.transfer import take_in
from credguard.domain import otp
from credguard.domain.accounts import Account
from credguard.domain.errors import CredGuardError
from credguard.domain.found import Found
from credguard.domain.keys import account_of
from credguard.domain.profiles import ProfileLink
from credguard.domain.restore import Held, Item, Keep, Row, is_kept_in_backups, kind_of, merge
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.profiles.edit import our_profile_id
from credguard.profiles.ini import shown
from credguard.profiles.read import read_aws_files
from credguard.system.clock import Clock
from credguard.system.interlock import Interlock
from credguard.vault.sealed.backup import Backup, read_backup
from credguard.vault.sealed.credentials import Credential
from credguard.vault.sealed.format import MAX_FILE
from credguard.vault.store import SecretStore, unpacked
from credguard.workflows.intake_find import FoundKey
from credguard.workflows.rebuild import add_missing

#: −2…+2: what was sent around this moment, elsewhere or before the loss, is not known here.
_AROUND = 2


def _no_fault(tick: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Target:
    """Where a restore puts things."""

    store: SecretStore
    codes_store: SecretStore
    database: Database
    interlock: Interlock
    clock: Clock
    config_path: str
    credentials_path: str
    fault: Callable[[str], None] = _no_fault

    def of(self, name: str) -> SecretStore:
        return self.codes_store if name.startswith("totp/") else self.store


@dataclass(frozen=True, slots=True)
class Plan:
    """What a restore would do. `unreadable` = items of another version, which are left out; `locked` =
    parts of the file that this slot does not open."""

    created: str
    rows: tuple[Row, ...]
    unreadable: tuple[str, ...]
    locked: tuple[str, ...]
    theirs: Mapping[str, Held] = field(repr=False)
    catalog: Mapping[str, str] = field(repr=False)

    @property
    def conflicts(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.state == "differs")


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done. `items` and `facts` count what changed; `kept` are conflicts where ours stayed."""

    items: int
    facts: int
    replaced: tuple[Row, ...]
    kept: tuple[Row, ...]


def open_backup(path: str, credential: Credential) -> Backup:
    """Raises CredGuardError `backup-unreadable-file`, and as `read_backup`."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise CredGuardError(
            "backup-unreadable-file",
            text("{path} cannot be read: {reason}.", path=path, reason=error.strerror or "unknown"),
            text("Check the path, who owns the file, and its mode. Nothing was changed."),
        ) from None
    return read_backup(data, credential)


def plan(backup: Backup, target: Target) -> Plan:
    """Compare the backup with what is here. Raises what the stores raise; writes nothing."""
    theirs: dict[str, Held] = {}
    unreadable = []
    for name, (value, changed) in backup.items.items():
        if is_kept_in_backups(name):
            try:
                theirs[name] = Held(unpacked(name, Secret(value)), changed or None)
            except CredGuardError:
                unreadable.append(name)
    codes = target.codes_store.names("totp/") if any(n.startswith("totp/") for n in theirs) else ()
    ours: dict[str, Held] = {}
    for name in {*theirs, *codes}:
        try:
            held = _ours(target, name)
        except CredGuardError as error:
            if error.code != "item-unreadable":
                raise
            unreadable.append(name)
            theirs.pop(name, None)
            continue
        if held is not None:
            ours[name] = held
    return Plan(
        backup.created, merge(ours, theirs), tuple(sorted(unreadable)), backup.locked, theirs, backup.catalog
    )  # fmt: skip


def restore(todo: Plan, target: Target, keep: Callable[[Row], Keep]) -> Restored:
    """Do it. `keep` answers for each row that differs. Raises `busy`, and what stores and catalog raise;
    what is restored by then stays, and the same restore again does the rest."""
    written = 0
    replaced: list[Row] = []
    kept: list[Row] = []
    with target.interlock.hold("restore"):
        for row in todo.rows:
            side: Keep = keep(row) if row.state == "differs" else "theirs"
            if row.state == "differs":
                (replaced if side == "theirs" else kept).append(row)
            written += _write(row, side, todo, target)
        facts = _facts(todo, target)
    return Restored(written, facts, tuple(replaced), tuple(kept))


def _write(row: Row, side: Keep, todo: Plan, target: Target) -> int:
    if row.to_write(side) is None:
        return 0
    with _alone(row, target):
        # Compared once more: another process may have written since the person looked.
        now = _ours(target, row.name)
        fresh = merge({row.name: now} if now else {}, {row.name: todo.theirs[row.name]})[0]
        if fresh.state == "differs" and row.state != "differs":
            side = "mine"
        item = fresh.to_write(side)
        if item is None:
            return 0
        target.fault(f"write {row.name}")
        if row.kind == "code":
            _before_code(item, fresh.state == "new", target)
        target.of(row.name).write(row.name, item)
    return 1


def _alone(row: Row, target: Target) -> AbstractContextManager[None]:
    """No rotation runs over a key while its items are replaced."""
    if row.kind not in {"key", "profile"} or row.state == "new":
        return nullcontext()
    now = _ours(target, row.name)
    key = str(now.item.get("access_key_id")) if now else row.label
    return target.interlock.hold(f"key-{key}", wait=10.0)


def _before_code(item: Item, is_new: bool, target: Target) -> None:
    """The codes of this moment count as used: what was sent from elsewhere is not known here."""
    with contextlib.suppress(CredGuardError, ValueError, TypeError):
        entry = otp.from_item(dict(item))
        device = MfaDevice(entry.serial, entry.entry_id, entry.account_id, entry.name, entry.account or None)
        devices = Devices(target.database)
        if entry.account_id is not None and entry.deleted_at is None:
            devices.save(device)
        if is_new and entry.type == "totp":
            step = otp.step_at(entry, target.clock.now())
            devices.mark_used(
                device.device, range(step - _AROUND, step + _AROUND + 1), target.clock.now()
            )  # fmt: skip


def _ours(target: Target, name: str) -> Held | None:
    store = target.of(name)
    item = store.read(name)
    return None if item is None else Held(item, store.changed(name))


# ── facts ────────────────────────────────────────────────────────────────────────────────────────
def _facts(todo: Plan, target: Target) -> int:
    """The catalog's rows of what is in the store now; returns how many changed."""
    target.fault("facts")
    accounts, profiles = Accounts(target.database), Profiles(target.database)
    present = {name for name in todo.theirs if target.of(name).read(name) is not None}
    changed = take_in(
        target.database,
        dict(todo.catalog),
        store=target.store.kind,
        config_path=target.config_path,
        only=present,
    )
    add_missing(target.database, target.store)
    for name in sorted(present):
        item = target.of(name).read(name) or {}
        if kind_of(name) == "account":
            changed += _account(accounts, item)
        elif kind_of(name) == "profile":
            changed += _profile(profiles, item)
    return changed


def _account(accounts: Accounts, item: Item) -> int:
    """The row says what the item says."""
    known = accounts.get(str(item.get("account_id")))
    if known is None:
        return 0
    wanted: Account = replace(
        known,
        name=str(item.get("name") or known.name),
        company=str(item.get("company") or ""),
        color=str(item.get("color") or known.color),
    )
    if wanted != known:
        accounts.save(wanted)
    return int(wanted != known)


def _profile(profiles: Profiles, item: Item) -> int:
    known = profiles.get(str(item.get("id")))
    if known is None:
        return 0
    account = item.get("account_id")
    wanted: ProfileLink = replace(
        known,
        name=str(item.get("name") or known.name),
        access_key_id=str(item.get("access_key_id") or known.access_key_id),
        account_id=account if isinstance(account, str) else known.account_id,
    )
    if wanted != known:
        profiles.save(wanted)
    return int(wanted != known)


# ── the lines ────────────────────────────────────────────────────────────────────────────────────
def profiles_without_line(todo: Plan, target: Target) -> tuple[FoundKey, ...]:
    """Restored profiles that no `credential_process` line names: what `import_keys` can write them for.

    Raises what reading the AWS files raises.
    """
    files = read_aws_files(target.config_path, target.credentials_path)
    lines = {our_profile_id(p.credential_process) for p in files.profiles if p.credential_process}
    links = Profiles(target.database)
    found = []
    for row in todo.rows:
        item = target.store.read(row.name) if row.kind == "profile" else None
        if item is None:
            continue
        profile_id, name, key = (str(item.get(f) or "") for f in ("id", "name", "access_key_id"))
        if not (profile_id and name and key) or profile_id in lines:
            continue
        link, own = links.get(profile_id), files.profile(name)
        found.append(
            FoundKey(
                found=Found(
                    access_key_id=key,
                    source="store",
                    name=name,
                    path=None,
                    config_path=target.config_path,
                    credentials_path=target.credentials_path,
                    profile=name,
                    profile_id=profile_id,
                    region=own.region if own else None,
                    endpoint_url=own.endpoint_url if own else None,
                    mfa_serial=(own.mfa_serial if own else None) or (link.mfa_serial if link else None),
                ),
                name=name,
                access_key_id=key,
                account_id=account_of(key),
                where=f"{shown(target.config_path)} [{name}]",
                may_be_root=False,
                path=target.config_path,
                line=None,
                profile=name,
                stored=True,
            )
        )
    return tuple(sorted(found, key=lambda key: key.name))
