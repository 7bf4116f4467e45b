"""Makes a backup: everything that can be restored, in one sealed file, opened again before it counts."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from credguard.catalog.database import Database
from credguard.catalog.transfer import facts
from credguard.domain.errors import CredGuardError
from credguard.domain.restore import is_kept_in_backups
from credguard.domain.text import text
from credguard.system.clock import Clock
from credguard.system.durable import replace_file
from credguard.vault.sealed.backup import (
    CopiedSlot,
    Line,
    holds_slots,
    line_of,
    read_backup,
    write_backup,
)
from credguard.vault.sealed.body import Items
from credguard.vault.sealed.credentials import Credential
from credguard.vault.sealed.format import MAX_FILE
from credguard.vault.store import SecretStore


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was written and opened again. `size` in bytes."""

    path: str
    keys: int
    codes: int
    accounts: int
    generation: int
    size: int
    security_keys: int = 0


def make_backup(
    path: str,
    credentials: Sequence[Credential],
    *,
    store: SecretStore,
    codes_store: SecretStore,
    database: Database,
    clock: Clock,
    replace_it: bool = False,
    fault: Callable[[str], None] | None = None,
    copied: Callable[[], Sequence[CopiedSlot]] = tuple,
) -> Made:
    """Write everything to `path`, for each of `credentials` to open.

    An older backup there is replaced only where it holds nothing that is gone here, or with `replace_it`;
    any other file never. `copied` gives the security keys of the vault, which is open once everything was
    read from it: they open the backup too.

    Raises CredGuardError `nothing-to-back-up`, `file-exists`, `backup-holds-more`, `passphrase-empty`, what
    the stores raise (Locked), and what `replace_file` raises: then an older backup is as it was.
    """
    items = gather(store, codes_store)
    if not items:
        raise CredGuardError(
            "nothing-to-back-up",
            text("There is nothing in CredGuard to back up yet."),
            text("Move keys in with: credguard import"),
        )
    line = _line(path, credentials, items, replace_it)
    catalog = facts(database)
    slots = tuple(copied())
    data = write_backup(items, catalog, credentials, line=line, now=clock.now(), copied=slots)
    for credential in credentials:
        opened = read_backup(data, credential)
        if (opened.items, opened.catalog, opened.line) != (items, catalog, line):
            raise _differs(path)
    if slots and not holds_slots(data, credentials[0], slots):
        raise _differs(path)
    # Read back and compared byte for byte before it takes its place.
    replace_file(path, data, mode=0o600, fault=fault)
    return Made(
        os.path.abspath(path),
        sum(name.startswith("access-key/") for name in items),
        sum(name.startswith("totp/") for name in items),
        sum(name.startswith("account/") for name in items),
        line.generation,
        len(data),
        len(slots),
    )


def gather(store: SecretStore, codes_store: SecretStore) -> Items:
    """Every item that a backup holds, as it is stored. Raises what the stores raise."""
    found: Items = {}
    for name in store.names():
        if not name.startswith("totp/"):
            _take(found, store, name)
    for name in codes_store.names("totp/"):
        _take(found, codes_store, name)
    return found


def _take(found: Items, store: SecretStore, name: str) -> None:
    if is_kept_in_backups(name):
        value = store.value(name)
        if value is not None:  # a name without an item is harmless
            found[name] = (value.reveal(), store.changed(name) or 0.0)


def _line(path: str, credentials: Sequence[Credential], items: Items, replace_it: bool) -> Line:
    """The line that this backup goes on with."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_FILE + 1)
    except FileNotFoundError:
        return Line.new()
    except OSError:
        data = b""
    old = line_of(data)
    if old is None:
        raise CredGuardError(
            "file-exists",
            text("There is another file at {path}.", path=path),
            text("Name a file that does not exist yet, or an older backup. Nothing was changed."),
        )
    if not replace_it:
        _check_holds_no_more(path, data, credentials[0], items)
    return Line(old.vault, old.generation + 1)


def _check_holds_no_more(path: str, data: bytes, credential: Credential, items: Items) -> None:
    """Somebody who lost everything and runs `backup` by habit keeps the backup that has it."""
    try:
        gone = set(read_backup(data, credential).items) - set(items)
    except CredGuardError:
        raise CredGuardError(
            "backup-holds-more",
            text("The older backup at {path} opens with another passphrase.", path=path),
            text("Name another file, or replace it: credguard backup --replace. Nothing was changed."),
        ) from None
    if gone:
        raise CredGuardError(
            "backup-holds-more",
            text("The older backup at {path} holds {n} items that are not here now.", path=path, n=len(gone)),
            text("Name another file, or replace it: credguard backup --replace. Nothing was changed."),
        )


def _differs(path: str) -> CredGuardError:
    return CredGuardError(
        "backup-not-whole",
        text("The new backup did not open as it was written."),
        text("Nothing was written to {path}. Check this computer’s memory, then try again.", path=path),
    )
