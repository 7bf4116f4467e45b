"""Files of codes that are known and not read: what each is, and the way round."""

from __future__ import annotations

from typing import Any

from credguard.domain.errors import CredGuardError
from credguard.domain.text import text
from credguard.exchange.parsed import not_read

_ADDRESSES = "Export the codes there as a list of addresses, or show CredGuard their QR codes."
#: By the name that `--format` takes: (what it is, what to do).
NAMED = {
    "authy": ("Authy cannot export.", "Enrol each account again: we can do that for your AWS users."),
    "microsoft": (
        "Microsoft Authenticator cannot export.",
        "Enrol each account again: we can do that for your AWS users.",
    ),
    "duo": ("Duo Mobile cannot export.", "Enrol each account again: we can do that for your AWS users."),
    "stratum": ("This is a Stratum backup.", "Export it as a list of addresses. Nothing was imported."),
    "freeotp": ("This is a FreeOTP backup.", f"It is not read. {_ADDRESSES}"),
    "lastpass": ("This is an export of LastPass Authenticator.", f"It is not read. {_ADDRESSES}"),
    "raivo": ("This is an export of Raivo OTP.", f"It is not read. {_ADDRESSES}"),
    "1password": (
        "This is an export of 1Password.",
        "It is not read. Show CredGuard the QR codes, or move the codes through a KeePass database.",
    ),
    "openpgp": (
        "This file is encrypted with OpenPGP.",
        "Decrypt it with gpg first, then import what comes out. Nothing was imported.",
    ),
    "ente-html": (
        "This is a page of Ente Auth, or of another program.",
        "It is not read. In Ente Auth choose Export codes, then plain text or encrypted.",
    ),
}


def named(name: str) -> CredGuardError:
    what, todo = NAMED[name]
    return not_read(text(what), text(todo))


def named_json(document: dict[str, Any]) -> CredGuardError | None:
    """The error for a JSON document of a program that is known; None for any other."""
    for name, keys in (
        ("stratum", {"Authenticators"}),
        ("freeotp", {"tokens"}),
        ("lastpass", {"accounts", "deviceId"}),
        ("raivo", {"issuer", "account", "secret", "kind"}),
        ("authy", {"authenticator_tokens"}),
    ):
        if keys <= document.keys():
            return named(name)
    return None


def as_addresses(start: str) -> CredGuardError:
    """For pages and settings files, by how they begin."""
    if "<html" in start.lower():
        return named("ente-html")
    if "authy" in start.lower():
        return named("authy")
    return named("freeotp")


def is_openpgp(data: bytes) -> bool:
    """Whether a binary file begins with an encrypted OpenPGP message (RFC 9580, 4.2 and 5.1–5.3).

    Looked at closely: a file of andOTP is random bytes and has no mark of its own.
    """
    if len(data) < 8:
        return False
    first = data[0]
    if first & 0xC0 == 0xC0:
        tag, body = first & 0x3F, 2 if data[1] < 192 else 3
    elif first & 0xC0 == 0x80 and first & 3 < 2:
        tag, body = first >> 2 & 0x0F, 2 + (first & 3)
    else:
        return False
    version, algorithm, after = data[body : body + 3]
    if tag == 3:  # a password: version, cipher, then how the key is made of it
        return version in {4, 5, 6} and 1 <= algorithm <= 13 and after in {0, 1, 3, 4}
    return tag == 1 and version == 3  # a public key
