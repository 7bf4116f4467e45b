"""2FAS's backup, plain and encrypted.

Source: `twofas/2fas-android: core/cipher/…/backup/`, `data/services/…/BackupContent.kt`.
"""

from __future__ import annotations

from typing import Any

from credguard.domain.otp import Noted, built
from credguard.domain.secret import Secret
from credguard.exchange import kdf
from credguard.exchange.json_in import decoded, fields, parse, rows, unb64
from credguard.exchange.parsed import Collector, Parsed, damaged, needs_password, newer, wrong_password

FORMAT, PROGRAM = "2fas", "2FAS"
_NEWEST = 4
_ROUNDS = 10_000


def read(data: bytes, password: Secret | None = None) -> Parsed:
    """Raises CredGuardError `codes-password`, `wrong-passphrase`, `codes-damaged`, `codes-newer`."""
    document = fields(parse(decoded(data) or ""))
    version = document.get("schemaVersion")
    if type(version) is not int or version < 1:
        raise damaged()
    if version > _NEWEST:
        raise newer(PROGRAM, version)
    sealed = document.get("servicesEncrypted")
    encrypted = isinstance(sealed, str) and bool(sealed)
    if encrypted:
        if password is None:
            raise needs_password(PROGRAM)
        services = _opened(str(sealed), password)
    else:
        services = document.get("services")
    found = Collector(FORMAT, PROGRAM)
    for number, row in enumerate(rows(services), 1):
        found.add(number, row.get("name"), lambda row=row: _entry(row))  # type: ignore[misc]
    return found.done(encrypted)


def _opened(value: str, password: Secret) -> Any:
    parts = value.split(":")
    if len(parts) != 3:
        raise damaged()
    sealed, salt, iv = (unb64(part) for part in parts)
    if len(iv) != 12 or not salt:
        raise damaged()
    content = kdf.gcm_open(kdf.pbkdf2("sha256", password, salt, _ROUNDS), iv, sealed)
    if content is None:
        raise wrong_password()
    return parse(decoded(content) or "")


def _entry(row: dict[str, Any]) -> Noted:
    own = fields(row.get("otp"))
    return built(
        own.get("tokenType"),
        row.get("secret"),
        algorithm=own.get("algorithm"),
        digits=own.get("digits"),
        period=own.get("period"),
        counter=own.get("counter"),
        issuer=row.get("name") or own.get("issuer"),
        account=own.get("account") or own.get("label"),
    )
