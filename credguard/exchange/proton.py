"""Proton Authenticator's export, plain and encrypted.

Source: `ente-io/ente: …/import/proton_import_parser.dart`, `beemdevelopment/Aegis:
…/ProtonAuthenticatorImporter.java`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from credguard.domain import otp
from credguard.domain.otp import Noted, read_address
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.exchange import kdf
from credguard.exchange.json_in import decoded, fields, parse, rows, unb64
from credguard.exchange.limits import KIB
from credguard.exchange.parsed import Collector, Parsed, damaged, needs_password, newer, wrong_password

FORMAT, PROGRAM = "proton", "Proton Authenticator"
_MEMORY, _PASSES = 19_456 * KIB, 2
_EXTRA = b"proton.authenticator.export.v1"
_NONCE = 12


def read(data: bytes, password: Secret | None = None) -> Parsed:
    """Raises CredGuardError `codes-password`, `wrong-passphrase`, `codes-damaged`, `codes-newer`."""
    document = _checked(decoded(data))
    encrypted = "entries" not in document
    if encrypted:
        if password is None:
            raise needs_password(PROGRAM)
        salt, sealed = unb64(document.get("salt"), 16), unb64(document.get("content"))
        if len(sealed) < _NONCE + kdf.TAG:
            raise damaged()
        key = kdf.argon2id(password, salt, _MEMORY, _PASSES)
        content = kdf.gcm_open(key, sealed[:_NONCE], sealed[_NONCE:], _EXTRA)
        if content is None:
            raise wrong_password()
        document = _checked(decoded(content))
    found = Collector(FORMAT, PROGRAM)
    for number, row in enumerate(rows(document.get("entries")), 1):
        own = fields(row.get("content"))
        found.add(number, own.get("name"), lambda own=own: _entry(own))  # type: ignore[misc]
    return found.done(encrypted)


def _checked(words: str | None) -> dict[str, Any]:
    document = fields(parse(words or ""))
    if document.get("version") != 1:
        raise newer(PROGRAM, document.get("version"))
    return document


def _entry(own: dict[str, Any]) -> Noted:
    uri, name = own.get("uri"), own.get("name")
    if not isinstance(uri, str):
        raise otp.refused(text("The address is missing."))
    made = read_address(uri)
    entry = replace(made.entry, account=otp.clean_name(name) if isinstance(name, str) else made.entry.account)
    notes = otp.notes_of(entry, name) if isinstance(name, str) else ()
    return Noted(replace(entry, name=otp.handle(entry)), tuple(dict.fromkeys((*made.notes, *notes))))
