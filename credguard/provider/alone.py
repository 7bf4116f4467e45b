"""The credentials of one profile straight from the keychain, where no agent answers.

It reads the profile's item and the key or session that it names; anything more is left to the full
program.
"""

from __future__ import annotations

import os

from credguard.provider.direct import open_keychain
from credguard.wire import credential_process, flat, items, places, spool

#: SDKs run the process again below 15 minutes.
LEAST_SECONDS = 16 * 60


def answer(profile_id: str) -> str | None:
    """The answer straight from the keychain, or None when it takes more than that."""
    if os.path.exists(places.locked_file()) or os.environ.get("CREDGUARD_STORE") == "sealed":
        return None
    keychain = open_keychain()
    try:
        profile = _item(keychain.read(items.profile(profile_id)))
        if profile is None or profile.get("direct") is not True:
            return None
        key_id, account = _text(profile, "access_key_id"), profile.get("account_id")
        session = profile.get("session")
        if session is None:
            source = _item(keychain.read(items.access_key(key_id)))
        else:
            source = _item(keychain.read(items.session(str(session))))
            if source is None or not _lasts(_text(source, "expiration")):
                return None
    finally:
        keychain.close()
    if source is None:
        return None
    _note(profile_id, _text(profile, "name"), key_id)
    return credential_process.answer(
        _text(source, "access_key_id"),
        _text(source, "secret"),
        str(account) if account else None,
        _text(source, "session_token") if session is not None else None,
        _text(source, "expiration") if session is not None else None,
    )


def _item(value: str | None) -> dict[str, object] | None:
    """A flat item of this version; None for none, for a split value and for anything else."""
    if value is None:
        return None
    try:
        item = flat.decode(value)
    except ValueError:
        return None
    return item if item.get("v") == items.VERSION else None


def _text(item: dict[str, object], name: str) -> str:
    value = item[name]
    if not isinstance(value, str) or not value:
        raise KeyError(name)
    return value


def _lasts(expiration: str) -> bool:
    from time import gmtime, strftime, time

    # ISO 8601 with Z sorts as it reads.
    return expiration > strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(time() + LEAST_SECONDS))


def _note(profile_id: str, profile: str, key_id: str) -> None:
    """One line for Activity; never in the way of the answer."""
    try:
        from time import time

        line = flat.encode(
            [
                ("at", round(time())),
                ("program", _parent()),
                ("pid", os.getppid()),
                ("profile", profile),
                ("access_key_id", key_id),
            ]
        )
        spool.append(places.spool(), line)
    except OSError:
        return


def _parent() -> str:
    """The program that asks, as far as the system tells."""
    try:
        with open(f"/proc/{os.getppid()}/comm", "rb") as file:
            return file.read(64).decode("utf-8", "replace").strip()
    except OSError:
        return ""
