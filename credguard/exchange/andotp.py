"""andOTP's backups: a JSON list, or one encrypted with a password, which has no mark of its own.

Source: `andOTP/andOTP: Utilities/BackupHelper.java, EncryptionHelper.java, Database/Entry.java`.
"""

from __future__ import annotations

import hashlib
from typing import Any

from credguard.domain.errors import CredGuardError
from credguard.domain.otp import Noted, built
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.exchange import kdf
from credguard.exchange.json_in import decoded, parse, rows
from credguard.exchange.limits import MIB
from credguard.exchange.parsed import Collector, Parsed, damaged, needs_password

FORMAT, PROGRAM = "andotp", "andOTP"
LEAST, MOST = 45, 16 * MIB
_MOST_ROUNDS = 10_000_000
_SALT = _IV = 12


def read(data: bytes, password: Secret | None = None) -> Parsed:
    """Raises CredGuardError `codes-damaged`. The plain list."""
    return _entries(data, False)


def read_encrypted(data: bytes, password: Secret | None = None) -> Parsed:
    """Raises CredGuardError `codes-password`, `codes-unopened`, `codes-damaged`."""
    if not LEAST <= len(data) <= MOST:
        raise damaged()
    if password is None:
        raise needs_password(PROGRAM)
    content = _new(data, password)
    if content is None:
        content = _old(data, password)
    if content is None:
        raise CredGuardError(
            "codes-unopened",
            text("The password is wrong, or this is not an export we know."),
            text(
                "Try again with the password that was set when the codes were exported. Nothing was imported."
            ),
            retry=True,
        )
    return _entries(content, True)


def _new(data: bytes, password: Secret) -> bytes | None:
    rounds = int.from_bytes(data[:4], "big", signed=True)
    if not 1 <= rounds <= _MOST_ROUNDS or len(data) < 4 + _SALT + _IV + kdf.TAG:
        return None
    salt, iv = data[4 : 4 + _SALT], data[4 + _SALT : 4 + _SALT + _IV]
    return kdf.gcm_open(kdf.pbkdf2("sha1", password, salt, rounds), iv, data[4 + _SALT + _IV :])


def _old(data: bytes, password: Secret) -> bytes | None:
    # The key of a file from before 2019 is this hash; it is read, never written.
    key = hashlib.sha256(kdf.password_bytes(password)).digest()
    return kdf.gcm_open(key, data[:_IV], data[_IV:])


def _entries(data: bytes, encrypted: bool) -> Parsed:
    found = Collector(FORMAT, PROGRAM)
    for number, row in enumerate(rows(parse(decoded(data) or "")), 1):
        found.add(number, row.get("issuer") or row.get("label"), lambda row=row: _entry(row))  # type: ignore[misc]
    return found.done(encrypted)


def _entry(row: dict[str, Any]) -> Noted:
    issuer, account = row.get("issuer"), row.get("label")
    if "issuer" not in row and isinstance(account, str) and " - " in account:
        issuer, _, account = account.partition(" - ")
    return built(
        row.get("type"),
        row.get("secret"),
        algorithm=row.get("algorithm"),
        digits=5 if str(row.get("type")).upper() == "STEAM" else row.get("digits"),
        period=row.get("period"),
        counter=row.get("counter"),
        issuer=issuer,
        account=account,
    )
