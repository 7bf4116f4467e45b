"""Bitwarden's exports: JSON, CSV, password-protected JSON, and the zip that holds `data.json`.

Source: `bitwarden/clients: libs/tools/export/vault-export/…/base-vault-export.service.ts`,
`libs/importer/…/bitwarden-password-protected-importer.ts`.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import zipfile
import zlib
from typing import Any

from credguard.domain.otp import Noted, built, read_address
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.exchange import kdf, limits
from credguard.exchange.json_in import decoded, fields, parse, rows, unb64
from credguard.exchange.parsed import (
    Collector,
    Parsed,
    damaged,
    needs_password,
    newer,
    not_read,
    with_fallback,
    wrong_password,
)

FORMAT, PROGRAM = "bitwarden", "Bitwarden"
_LOGIN = 1
_PBKDF2, _ARGON2ID = 0, 1
INSIDE_ZIP = "data.json"
_PACKED = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


def read(data: bytes, password: Secret | None = None) -> Parsed:
    """The JSON exports. Raises CredGuardError `codes-password`, `wrong-passphrase`, `codes-damaged`,
    `codes-newer`, `codes-cost`, `codes-not-read`."""
    document = fields(parse(decoded(data) or ""))
    encrypted = document.get("encrypted") is True
    if encrypted:
        document = _opened(document, password)
    found = Collector(FORMAT, PROGRAM)
    for number, item in enumerate(rows(document.get("items")), 1):
        login = fields(item.get("login"))
        value = login.get("totp")
        if item.get("type", _LOGIN) != _LOGIN or not isinstance(value, str) or not value.strip():
            continue  # other items are what the file is really about
        if item.get("deletedDate"):
            found.skip(number, item.get("name"), text("It was in the trash."))
        else:
            _add(found, number, value, item.get("name"), login.get("username"))
    return found.done(encrypted)


def _add(found: Collector, number: int, value: str, name: object, user: object) -> None:
    def make() -> Noted:
        if "://" in value:
            return with_fallback(read_address(value), name, user)
        return built("totp", value, issuer=name, account=user)

    found.add(number, name, make)


def read_csv(data: bytes, password: Secret | None = None) -> Parsed:
    """The CSV export. Raises CredGuardError `codes-damaged`, `codes-cost`."""
    words = decoded(data)
    if words is None:
        raise damaged()
    found = Collector(FORMAT, PROGRAM, "line")
    before = csv.field_size_limit(limits.MAX_LINE)
    try:
        reader = csv.DictReader(io.StringIO(words, newline=""), strict=True)
        if "login_totp" not in (reader.fieldnames or ()):
            raise damaged()
        line = reader.line_num + 1
        for row in reader:
            value = (row.get("login_totp") or "").strip()
            if value:
                _add(found, line, value, row.get("name"), row.get("login_username"))
            line = reader.line_num + 1
    except csv.Error as error:
        if "field limit" in str(error):
            raise limits.too_costly(
                text("A field of the file is longer than {size}; refused.", size=limits.size(limits.MAX_LINE))
            ) from None
        raise damaged() from None
    finally:
        csv.field_size_limit(before)
    return found.done()


def read_zip(data: bytes, password: Secret | None = None) -> Parsed:
    """`data.json` of the zip export, and nothing else in it."""
    return read(member(data, INSIDE_ZIP), password)


def member(data: bytes, name: str) -> bytes:
    """One file of a zip, bounded whatever its directory says. Raises `codes-damaged`, `codes-cost`."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if archive.getinfo(name).compress_type not in _PACKED:
                raise damaged()  # others take what memory the file asks for
            with archive.open(name) as file:
                found = file.read(limits.MAX_INFLATED + 1)
    except (KeyError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error, EOFError, OSError,
            ValueError, OverflowError):  # fmt: skip
        raise damaged() from None
    limits.check_inflated(len(found))
    return found


# ── password-protected ───────────────────────────────────────────────────────────────────────────
def _opened(document: dict[str, Any], password: Secret | None) -> dict[str, Any]:
    if document.get("passwordProtected") is not True:
        raise not_read(
            text("This Bitwarden export opens only inside the account that made it."),
            text("Export again and choose Password protected, or plain JSON. Nothing was imported."),
        )
    if password is None:
        raise needs_password(PROGRAM)
    key = _expanded(_key(document, password))
    if _unsealed(document.get("encKeyValidation_DO_NOT_EDIT"), key) is None:
        raise wrong_password()
    content = _unsealed(document.get("data"), key)
    if content is None:
        raise damaged()  # the password is right: it opened the other value
    return fields(parse(decoded(content) or ""))


def _key(document: dict[str, Any], password: Secret) -> bytes:
    salt = document.get("salt")
    if not isinstance(salt, str) or not salt:
        raise damaged()
    # The salt is the text itself, although it looks like Base64.
    plain = salt.encode("utf-8", "surrogatepass")
    kind, rounds = document.get("kdfType"), document.get("kdfIterations")
    if kind == _PBKDF2 and type(kind) is int:
        return kdf.pbkdf2("sha256", password, plain, rounds)
    if kind == _ARGON2ID and type(kind) is int:
        memory = kdf.whole(document.get("kdfMemory")) * limits.MIB
        return kdf.argon2id(
            password, hashlib.sha256(plain).digest(), memory, rounds, document.get("kdfParallelism")
        )
    raise newer(PROGRAM, f"kdf {kind}")


def _expanded(key: bytes) -> tuple[bytes, bytes]:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

    enc, mac = (HKDFExpand(SHA256(), 32, word).derive(key) for word in (b"enc", b"mac"))
    return enc, mac


def _unsealed(value: object, key: tuple[bytes, bytes]) -> bytes | None:
    """`2.iv|content|mac`; None where its MAC is another."""
    if not isinstance(value, str) or not value.startswith("2."):
        raise damaged()
    parts = value[2:].split("|")
    if len(parts) != 3:
        raise damaged()
    iv, sealed, mac = (unb64(part) for part in parts)
    if not hmac.compare_digest(hmac.digest(key[1], iv + sealed, "sha256"), mac):
        return None
    content = kdf.cbc_open(key[0], iv, sealed)
    if content is None:
        raise damaged()
    return content
