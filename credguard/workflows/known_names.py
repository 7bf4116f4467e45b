"""Names that may have an item in the keychain, from everything but the keychain: for a lost index where the
system lists nothing. A code that no account goes with is known to the index alone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from credguard.catalog.accounts import Accounts
from credguard.catalog.database import Database
from credguard.catalog.devices import Devices
from credguard.catalog.keys import Keys, Profiles
from credguard.domain.errors import CredGuardError
from credguard.profiles.edit import our_profile_id
from credguard.profiles.read import read_aws_files
from credguard.vault.index import Read
from credguard.wire import items


def known_names(get: Read, *, database: Database, config: str, credentials: str) -> Iterator[str]:
    """The catalog's accounts, keys, profiles and codes, then what the lines in the AWS config file name, and
    what the items of those profiles point to. AWS files that cannot be read are left out."""
    yield items.FILE_BACKUP
    with contextlib.suppress(CredGuardError):
        yield from (items.account(account.account_id) for account in Accounts(database).all())
        yield from (items.access_key(key.access_key_id) for key in Keys(database).all())
        yield from (items.profile(link.profile_id) for link in Profiles(database).all())
        yield from (items.totp(device.entry_id) for device in Devices(database).all() if device.entry_id)
    for profile_id in _in_lines(config, credentials):
        name = items.profile(profile_id)
        yield name
        yield from _points_to(get(name))


def _in_lines(config: str, credentials: str) -> Iterator[str]:
    try:
        files = read_aws_files(config, credentials)
    except CredGuardError:
        return
    for profile in files.profiles:
        found = our_profile_id(profile.credential_process) if profile.credential_process else None
        if found is not None:
            yield found


def _points_to(value: str | None) -> Iterator[str]:
    try:
        item = items.decode(value) if value is not None else {}
    except ValueError:
        return
    key, account, session = (item.get(field) for field in ("access_key_id", "account_id", "session"))
    if isinstance(key, str):
        yield items.access_key(key)
    if isinstance(account, str):
        yield items.account(account)
    if isinstance(session, str):
        yield session
