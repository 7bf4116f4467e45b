"""A new code from an address, a secret or a picture, tied to its account where that is certain."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from credguard.domain import otp
from credguard.domain.accounts import Account, Identity
from credguard.domain.errors import CredGuardError
from credguard.domain.keys import AccessKey
from credguard.domain.otp import OtpEntry
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.exchange.qr import read_bytes, read_picture

_ACCOUNT = re.compile(r"(?<!\d)(\d{12})(?!\d)")


def entry_from(
    *,
    address: str | None,
    secret: str | None,
    image_path: str | None,
    name: str | None,
    account_id: str | None,
    serial: str | None,
    accounts: Sequence[Account],
    keys: Sequence[AccessKey],
    image: bytes | None = None,
) -> OtpEntry:
    """The entry, not yet stored; `image` is a picture from the clipboard.

    Raises CredGuardError `code-unreadable`, `several-codes`, …
    """
    if image_path is not None:
        address = _one(read_picture(image_path))
    elif image is not None:
        address = _one(read_bytes(image))
    if address is not None:
        entry = otp.parse_address(address)
    elif secret is not None:
        entry = OtpEntry("", Secret(otp.clean_secret(secret)), name=name or "")
    else:
        raise otp.refused(text("There is nothing to add."))
    found = account_id or _account_of(entry, name, accounts)
    return replace(entry, account_id=found, serial=serial or _serial(entry, found, keys))


def tied(entry: OtpEntry, account_id: str | None, keys: Sequence[AccessKey]) -> OtpEntry:
    """`entry` for the account that a person chose (None: for no account)."""
    if account_id == entry.account_id:
        return entry
    return replace(entry, account_id=account_id, serial=_serial(entry, account_id, keys))


def from_elsewhere(entry: OtpEntry, accounts: Sequence[Account], keys: Sequence[AccessKey]) -> OtpEntry:
    """An entry from another program, tied to its account and device where that is certain."""
    named = re.fullmatch(r"arn:[a-z-]+:iam::(\d{12}):mfa/.+", entry.serial or "")
    found = named[1] if named else _account_of(entry, None, accounts)
    return replace(entry, account_id=found, serial=entry.serial or _serial(entry, found, keys))


def _one(texts: Sequence[str]) -> str:
    found = [t for t in texts if t.lower().startswith(("otpauth", "steam://"))]
    if len(found) > 1:
        raise CredGuardError(
            "several-codes",
            text("There are {n} codes in this picture.", n=len(found)),
            text("Cut out the one that is meant. Nothing was stored."),
        )
    if not found:
        raise otp.refused(text("The QR code in this picture is no code for signing in."))
    return found[0]


def _account_of(entry: OtpEntry, name: str | None, accounts: Sequence[Account]) -> str | None:
    """AWS writes `Amazon Web Services:user@account`: the number or alias names the account."""
    known = {a.account_id: a for a in accounts}
    label = f"{entry.issuer} {entry.account}"
    for number in _ACCOUNT.findall(label):
        if number in known:
            return str(number)
    words = {word.casefold() for word in (name or "", entry.account.rpartition("@")[2], entry.issuer) if word}
    fitting = [a.account_id for a in accounts if {a.name.casefold(), (a.alias or a.name).casefold()} & words]
    return fitting[0] if len(fitting) == 1 else None


def _serial(entry: OtpEntry, account_id: str | None, keys: Sequence[AccessKey]) -> str | None:
    """The usual serial of a user's virtual device, where the account's user is known and fits."""
    for key in keys:
        if account_id is None or key.account_id != account_id or not key.arn:
            continue
        identity = Identity(key.arn, account_id)
        user = identity.user_name
        if user and entry.account.partition("@")[0].casefold() in {user.casefold(), ""}:
            return f"arn:{identity.partition}:iam::{account_id}:mfa/{user}"
    return None
