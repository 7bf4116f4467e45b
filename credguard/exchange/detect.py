"""Which program wrote a file of codes. By what is in it, in a fixed order; never by its name alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.exchange import (
    address_list,
    aegis,
    andotp,
    bitwarden,
    ente,
    kdbx_codes,
    limits,
    picture_codes,
    proton,
    twofas,
)
from credguard.exchange.json_in import decoded, fields, parse
from credguard.exchange.kdbx import MAGIC as KDBX_MAGIC
from credguard.exchange.named import NAMED, as_addresses, is_openpgp, named, named_json
from credguard.exchange.parsed import Parsed

Reader = Callable[[bytes, "Secret | None"], Parsed]
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"BM", b"II*\0", b"MM\0*")
_KEEPASS = KDBX_MAGIC[:4]  # the older KDB begins so too, and is named by the reader


def read(
    data: bytes, password: Secret | None = None, key_file: bytes | None = None, format_name: str | None = None
) -> Parsed:
    """The codes in a file of any known format.

    Raises CredGuardError: `codes-password` where a password is needed, `codes-not-read` for a known file
    that is not read, `codes-unknown`, and what the readers raise.
    """
    keepass = data[:4] == _KEEPASS
    limits.check_file(len(data), limits.MAX_KDBX if keepass else limits.MAX_FILE)
    if format_name in NAMED:
        raise named(format_name)
    if format_name is not None:
        reader = _FORCED[format_name](data)
    else:
        reader = kdbx_codes.read if keepass else _recognised(data)
    if reader is kdbx_codes.read:
        return kdbx_codes.read(data, password, key_file)
    return reader(data, password)


def _recognised(data: bytes) -> Reader:
    if data.startswith(_PICTURES) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP"):
        return picture_codes.read
    if data.startswith(b"PK"):
        return _zip(data)
    if data.startswith(b"AUTHENTICATORPRO") or data.startswith(b"AuthenticatorPro"):
        raise named("stratum")
    if data.startswith(b"-----BEGIN PGP") or is_openpgp(data):
        raise named("openpgp")
    words = decoded(data)
    if words is not None:
        return _text(words.replace("\0", ""))
    if andotp.LEAST <= len(data) <= andotp.MOST:
        return andotp.read_encrypted
    raise unknown()


def _text(words: str) -> Reader:
    start = words.lstrip("\ufeff \t\r\n")
    if not start:
        raise unknown()
    if start[0] in "{[":
        return _json(parse(words.strip("\ufeff \t\r\n")))
    first = start.partition("\n")[0].lower()
    if "login_totp" in first:
        return bitwarden.read_csv
    if any(line.lstrip().lower().startswith(("otpauth", "steam://")) for line in start.splitlines()):
        return address_list.read
    if "<html" in start[:4096].lower() or "<map" in start[:4096].lower():
        raise as_addresses(start[:4096])
    raise unknown()


def _json(document: Any) -> Reader:
    if isinstance(document, list):
        first = fields(document[0]) if document else {}
        if "secret" in first and "label" in first:
            return andotp.read
        raise named_json(first) or unknown()
    keys = fields(document).keys()
    if {"header", "db"} <= keys:
        return aegis.read
    if "schemaVersion" in keys:
        return twofas.read
    if {"kdfParams", "encryptionNonce"} <= keys:
        return ente.read
    if "encrypted" in keys and keys & {"items", "passwordProtected", "encKeyValidation_DO_NOT_EDIT", "data"}:
        return bitwarden.read
    rows = document.get("entries")
    if "version" in keys and isinstance(rows, list) and (not rows or "content" in fields(rows[0])):
        return proton.read
    if {"salt", "content"} <= keys and "entries" not in keys:
        return proton.read
    raise named_json(document) or unknown()


def _zip(data: bytes) -> Reader:
    import io
    import zipfile

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError, OverflowError):
        from credguard.exchange.parsed import damaged

        raise damaged() from None
    if bitwarden.INSIDE_ZIP in names:
        return bitwarden.read_zip
    if "export.data" in names:
        raise named("1password")
    if "raivo-otp-export.json" in names:
        raise named("raivo")
    raise unknown()


def _bitwarden(data: bytes) -> Reader:
    if data.startswith(b"PK"):
        return bitwarden.read_zip
    words = (decoded(data) or "").lstrip("\ufeff \t\r\n")
    return bitwarden.read if words[:1] == "{" else bitwarden.read_csv


def _ente(data: bytes) -> Reader:
    return ente.read if (decoded(data) or "").lstrip("\ufeff \t\r\n")[:1] == "{" else address_list.read


def _andotp(data: bytes) -> Reader:
    words = decoded(data)
    return andotp.read if words is not None and words.lstrip()[:1] == "[" else andotp.read_encrypted


#: What `--format` may say, and which reader it then is.
_FORCED: dict[str, Callable[[bytes], Reader]] = {
    "aegis": lambda data: aegis.read,
    "2fas": lambda data: twofas.read,
    "andotp": _andotp,
    "ente": _ente,
    "bitwarden": _bitwarden,
    "proton": lambda data: proton.read,
    "kdbx": lambda data: kdbx_codes.read,
    "google": lambda data: picture_codes.read if data.startswith(_PICTURES) else address_list.read,
    "google-qr": lambda data: picture_codes.read,
    "qr": lambda data: picture_codes.read,
    "uris": lambda data: address_list.read,
}  # fmt: skip
FORMATS = tuple(_FORCED)


def unknown() -> CredGuardError:
    return CredGuardError(
        "codes-unknown",
        text("The file is not recognised."),
        text(
            "These are read: Aegis, 2FAS, andOTP, Ente Auth, Bitwarden, Proton Authenticator, KeePass, "
            "pictures with QR codes, and lists of otpauth:// addresses. Nothing was imported."
        ),
    )
