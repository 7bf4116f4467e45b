"""The catalog made anew from the stored items, after it was lost or set aside as damaged."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from credguard.catalog.accounts import Accounts
from credguard.catalog.database import Database
from credguard.catalog.devices import Devices, MfaDevice
from credguard.catalog.keys import Keys, Profiles
from credguard.domain import otp
from credguard.domain.accounts import Account, next_color
from credguard.domain.errors import CredGuardError
from credguard.domain.keys import AccessKey
from credguard.domain.profiles import ProfileLink
from credguard.domain.roles import Role, checked
from credguard.system.clock import Clock
from credguard.vault.store import Item, SecretStore
from credguard.wire import places


def rebuild(
    database: Database, store: SecretStore, clock: Clock, codes: Callable[[], SecretStore] | None = None
) -> None:
    """Accounts, keys, profiles and devices from the items. Safe to repeat; a locked store is left for later.

    `codes` gives the store of the codes, where that is another one. An item that cannot be read is left
    out. The codes of this moment count as used: what was sent before is no longer known.
    """
    with contextlib.suppress(CredGuardError):
        add_missing(database, store)
        _devices(Devices(database), codes() if codes is not None else store, clock)
        database.rebuilt()


def add_missing(database: Database, store: SecretStore) -> None:
    """Rows for the accounts, keys and profiles that have an item and no row. Raises what the store does."""
    _accounts(Accounts(database), store)
    _keys(Keys(database), Accounts(database), store)
    _profiles(Profiles(database), store)


def _readable(store: SecretStore, prefix: str) -> Iterator[Item]:
    for name in store.names(prefix):
        try:
            item = store.read(name)
        except CredGuardError as error:
            if error.code != "item-unreadable":
                raise
            continue
        if item is not None:
            yield item


def _text(value: object) -> str | None:
    """Words that a row can hold: half a surrogate pair has no bytes."""
    if not isinstance(value, str) or not value:
        return None
    try:
        value.encode()
    except UnicodeEncodeError:
        return None
    return value


def _accounts(accounts: Accounts, store: SecretStore) -> None:
    for item in _readable(store, "account/"):
        account_id = _text(item.get("account_id"))
        if account_id and accounts.get(account_id) is None:
            accounts.save(
                Account(
                    account_id,
                    _text(item.get("name")) or account_id,
                    _text(item.get("company")) or "",
                    _text(item.get("color")) or "blue",
                )
            )


def _keys(keys: Keys, accounts: Accounts, store: SecretStore) -> None:
    for item in _readable(store, "access-key/"):
        key_id = _text(item.get("access_key_id"))
        if key_id is None or keys.get(key_id) is not None:
            continue
        created, account = item.get("created"), _text(item.get("account_id"))
        keys.save(
            AccessKey(
                key_id,
                account,
                _text(item.get("arn")),
                float(created) if isinstance(created, (int, float)) else None,
                "unknown",
                store.kind,
            )
        )
        if account and accounts.get(account) is None:
            accounts.save(Account(account, account, color=next_color([a.color for a in accounts.all()])))


def _profiles(profiles: Profiles, store: SecretStore) -> None:
    for item in _readable(store, "profile/"):
        profile_id, key_id = _text(item.get("id")), _text(item.get("access_key_id"))
        if profile_id and key_id and profiles.get(profile_id) is None:
            profiles.save(
                ProfileLink(
                    profile_id,
                    _text(item.get("name")) or profile_id,
                    key_id,
                    _text(item.get("account_id")),
                    places.aws_config(),
                    mfa_serial=_text(item.get("mfa_serial")),
                    roles=_roles(item.get("roles")),
                )
            )


def _roles(value: object) -> tuple[Role, ...]:
    """Those of an item, for the pages; programs are refused where they cannot be read."""
    try:
        return checked([Role.from_json(role) for role in value]) if isinstance(value, list) else ()
    except (CredGuardError, TypeError, KeyError, AttributeError):
        return ()


def _devices(devices: Devices, store: SecretStore, clock: Clock) -> None:
    for item in _readable(store, "totp/"):
        with contextlib.suppress(CredGuardError, ValueError, TypeError):
            entry = otp.from_item(item)
            device = MfaDevice(entry.serial, entry.entry_id, entry.account_id, entry.name, entry.account)
            devices.save(device)
            step = otp.step_at(entry, clock.now())
            devices.mark_used(device.device, range(step - 2, step + 3), clock.now())
