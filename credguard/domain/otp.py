"""One-time codes: an entry, its code at a moment, and `otpauth://` addresses.

HOTP is RFC 4226, TOTP is RFC 6238 (through pyotp); addresses as the Key Uri Format describes them and
as the programs really write them.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.domain.text import Text, text

OtpType: TypeAlias = Literal["totp", "hotp", "steam"]
ALGORITHMS = ("SHA1", "SHA256", "SHA512")
MAX_NAME = 256
MAX_SECRET_BYTES = 1024
MAX_ADDRESS = 64 * 1024
_STEAM = "23456789BCDFGHJKMNPQRTVWXY"
_HIDDEN = re.compile(
    "[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200c\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)


@dataclass(frozen=True, slots=True)
class OtpEntry:
    """One entry. `secret` is Base32 without padding; `counter` is the one the next HOTP code uses."""

    entry_id: str
    secret: Secret
    type: OtpType = "totp"
    algorithm: str = "SHA1"
    digits: int = 6
    period: int = 30
    counter: int = 0
    issuer: str = ""
    account: str = ""
    name: str = ""
    serial: str | None = None
    account_id: str | None = None
    deleted_at: float | None = None


@dataclass(frozen=True, slots=True)
class Code:
    """A code at a moment. `valid_for` is whole seconds (0 for HOTP); `step` is the time step or counter."""

    code: str
    valid_for: int
    next_code: str | None
    step: int


@dataclass(frozen=True, slots=True)
class Pause:
    """No code of a device is sent until `until` (seconds since 1970).

    `why`: `clock` (this computer's is off), `device` (the code is perhaps another device's), `budget` (the
    nine tries of three minutes are spent).
    """

    until: float
    why: str


def refused(why: Text) -> CredGuardError:
    """The error for an address, secret or picture that holds no code we can make."""
    return CredGuardError("code-unreadable", why, text("Nothing was stored. Show the QR code of AWS again."))


# ── secrets ──────────────────────────────────────────────────────────────────────────────────────
def clean_secret(value: str) -> str:
    """Base32, upper case, without spaces, dashes and padding.

    Raises CredGuardError `code-unreadable`. Nothing is guessed: 0 is not read as O.
    """
    cleaned = "".join(c for c in value if c not in " \t\r\n\u00a0-=").upper()
    if not cleaned:
        raise refused(text("The secret is empty."))
    wrong = next((c for c in cleaned if c not in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), None)
    if wrong is not None:
        raise refused(text('The secret has "{letter}", no such letter in Base32.', letter=wrong))
    data = _bytes(cleaned)
    if not data:
        raise refused(text("The secret is too short."))
    if len(data) > MAX_SECRET_BYTES:
        raise refused(text("The secret is longer than {n} bytes.", n=MAX_SECRET_BYTES))
    return cleaned


def _bytes(base32: str) -> bytes:
    try:
        return base64.b32decode(base32 + "=" * (-len(base32) % 8))
    except ValueError:
        raise refused(text("The secret ends in the middle of a letter group.")) from None


def clean_name(value: str) -> str:
    """NFC, without control, bidi and zero-width characters, trimmed, at most 256 characters."""
    return _HIDDEN.sub("", unicodedata.normalize("NFC", value)).strip()[:MAX_NAME].strip()


# ── codes ────────────────────────────────────────────────────────────────────────────────────────
def step_at(entry: OtpEntry, at: float) -> int:
    """The time step of `at` (seconds since 1970)."""
    return int(at // entry.period)


def code_of_step(entry: OtpEntry, step: int) -> str:
    """The code of a time step or counter."""
    import hashlib

    import pyotp

    digest: Any = {"SHA1": hashlib.sha1, "SHA256": hashlib.sha256, "SHA512": hashlib.sha512}[entry.algorithm]
    # Ten digits are the whole 31-bit number; fewer are its remainder (pyotp itself makes 6 to 10).
    number = int(_any_length(pyotp.HOTP)(entry.secret.reveal(), digits=10, digest=digest).at(step))
    if entry.type == "steam":
        return _steam(number)
    return str(number % 10**entry.digits).zfill(entry.digits)


def _any_length(maker: Any) -> Any:
    """Many sites give 80 bits, less than pyotp asks for by itself."""
    return type("AnyLength", (maker,), {"min_secret_length_bits": 0})


def _steam(number: int) -> str:
    letters = []
    for _ in range(5):
        number, rest = divmod(number, len(_STEAM))
        letters.append(_STEAM[rest])
    return "".join(letters)


def code_at(entry: OtpEntry, at: float) -> Code:
    """The code at `at`, how long it lasts, and the next one; HOTP gives the code of its counter."""
    if entry.type == "hotp":
        return Code(code_of_step(entry, entry.counter), 0, None, entry.counter)
    step = step_at(entry, at)
    left = max(1, int(entry.period - at % entry.period))  # in its last second a code is good for one
    return Code(code_of_step(entry, step), left, code_of_step(entry, step + 1), step)


def grouped(code: str) -> str:
    """`123 456`, `1234 5678`, `123 4567`: for the eye only."""
    if not code.isdigit() or len(code) < 6:
        return code
    cut = 4 if len(code) == 8 else 5 if len(code) == 10 else len(code) // 2
    return f"{code[:cut]} {code[cut:]}"


# ── addresses ────────────────────────────────────────────────────────────────────────────────────
def parse_address(address: str, entry_id: str = "") -> OtpEntry:
    """The entry in an `otpauth://` (or `steam://`) address.

    Raises CredGuardError `code-unreadable` with what is wrong; the address is never in the sentence.
    """
    address = address.strip()
    if len(address) > MAX_ADDRESS:
        raise refused(text("The address is longer than {n} characters.", n=MAX_ADDRESS))
    scheme, mark, rest = address.partition("://")
    if not mark or scheme.lower() not in {"otpauth", "steam"}:
        if scheme.lower() == "otpauth-migration":
            raise refused(text("This is an export of Google Authenticator with several codes in it."))
        raise refused(text("This is not the address of a code."))
    if scheme.lower() == "steam":
        secret = clean_secret(_unquote(rest))
        return OtpEntry(entry_id, Secret(secret), "steam", digits=5, issuer="Steam")
    kind, _, label_query = rest.partition("/")
    label, query = _split(label_query if _ else rest.partition("?")[2] and f"?{rest.partition('?')[2]}")
    values = _parameters(query)
    return _entry(entry_id, kind.partition("?")[0].lower(), label, values)


def _split(value: str) -> tuple[str, str]:
    label, mark, query = value.partition("?")
    if not mark:
        raise refused(text("The address holds no secret."))
    # A raw # in the label must not cut the address off; behind the query it is a fragment.
    return label, query


def _parameters(query: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        found.setdefault(_unquote(name).lower(), value)
    return found


def _unquote(value: str) -> str:
    from urllib.parse import unquote

    try:
        return unquote(value, encoding="utf-8", errors="strict")
    except UnicodeDecodeError:
        raise refused(text("The address is not UTF-8.")) from None


def _entry(entry_id: str, kind: str, label: str, values: dict[str, str]) -> OtpEntry:
    if kind not in {"totp", "hotp", "steam"}:
        raise refused(text('Codes of type "{kind}" are not known.', kind=clean_name(kind)[:20] or "?"))
    steam = kind == "steam" or values.get("encoder", "").lower() == "steam"
    label = _unquote(label)
    prefix, colon, account = label.partition(":")
    if not colon:
        prefix, account = "", label
    issuer = clean_name(_unquote(values.get("issuer", "").replace("+", " "))) or clean_name(prefix)
    secret = values.get("secret", "")
    if not secret:
        raise refused(text("The address holds no secret."))
    entry = OtpEntry(
        entry_id,
        Secret(clean_secret(_unquote(secret).replace("+", ""))),
        "steam" if steam else "hotp" if kind == "hotp" else "totp",
        _algorithm(_unquote(values.get("algorithm", ""))),
        5 if steam else _number(values, "digits", 6, 5, 10, zero_is_absent=True),
        _number(values, "period", 30, 1, 86_400),
        _counter(values) if kind == "hotp" and not steam else 0,
        issuer,
        clean_name(account),
    )
    return replace(entry, name=handle(entry))


def address(entry: OtpEntry) -> Secret:
    """The `otpauth://` address of an entry, as the Key Uri Format has it; `parse_address` reads it back.

    A Steam code is a TOTP with `encoder=steam`, as KeePassXC writes it.
    """
    from urllib.parse import quote

    # Readers split at the first colon, an encoded one too; the issuer itself stands in its parameter.
    account, prefix = quote(entry.account, safe=""), quote(entry.issuer.replace(":", " "), safe="")
    label = f"{prefix}:{account}" if entry.issuer or ":" in entry.account else account
    fields: list[tuple[str, str | int]] = [("secret", entry.secret.reveal())]
    if entry.issuer:
        fields.append(("issuer", quote(entry.issuer, safe="")))
    if entry.type == "hotp":
        fields += [("algorithm", entry.algorithm), ("digits", entry.digits), ("counter", entry.counter)]
    elif entry.type == "steam":
        fields += [("period", entry.period), ("digits", 5), ("encoder", "steam")]
    else:
        fields += [("algorithm", entry.algorithm), ("digits", entry.digits), ("period", entry.period)]
    kind = "hotp" if entry.type == "hotp" else "totp"
    return Secret(f"otpauth://{kind}/{label}?" + "&".join(f"{name}={value}" for name, value in fields))


def handle(entry: OtpEntry) -> str:
    """`issuer:account`, or whichever exists."""
    return ":".join(part for part in (entry.issuer, entry.account) if part)


def _algorithm(value: str) -> str:
    plain = value.upper().replace("-", "").replace("_", "").replace("HMAC", "")
    if plain in {"", *ALGORITHMS}:
        return plain or "SHA1"
    raise refused(text('Codes with "{name}" cannot be made.', name=clean_name(value)[:20]))


def _number(
    values: dict[str, str], name: str, default: int, least: int, most: int, zero_is_absent: bool = False
) -> int:
    value = values.get(name, "").strip()
    if value == "" or (zero_is_absent and value == "0"):
        return default
    if not (value.isascii() and value.isdigit() and len(value) <= 9) or not least <= int(value) <= most:
        raise refused(text("{name} must be between {least} and {most}.", name=name, least=least, most=most))
    return int(value)


def _counter(values: dict[str, str]) -> int:
    value = values.get("counter", "").strip()
    if not (value.isascii() and value.isdigit() and len(value) <= 19) or int(value) > 2**63 - 1:
        raise refused(text("A counter code needs its counter."))
    return int(value)


# ── items ────────────────────────────────────────────────────────────────────────────────────────
def to_item(entry: OtpEntry) -> dict[str, object]:
    """The item `totp/<uuid>`; its secret stays a Secret until the store writes it."""
    return {
        "v": 1,
        "id": entry.entry_id,
        "secret": entry.secret,
        "type": entry.type,
        "algorithm": entry.algorithm,
        "digits": entry.digits,
        "period": entry.period,
        "counter": entry.counter,
        "issuer": entry.issuer,
        "account": entry.account,
        "name": entry.name,
        "serial": entry.serial,
        "account_id": entry.account_id,
        "deleted_at": entry.deleted_at,
    }


def _within(value: object, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most


def from_item(item: dict[str, Any]) -> OtpEntry:
    """The entry of an item. Raises CredGuardError `code-unreadable` for one that makes no code."""
    secret = item.get("secret")
    if not isinstance(secret, Secret):
        raise refused(text("The stored code has no secret."))
    kind = item.get("type", "totp")
    if kind not in {"totp", "hotp", "steam"} or item.get("algorithm", "SHA1") not in ALGORITHMS:
        raise refused(text("The stored code is of a kind that this version does not know."))
    clean_secret(secret.reveal())
    digits, period, counter = (item.get(n, d) for n, d in (("digits", 6), ("period", 30), ("counter", 0)))
    if not (_within(digits, 5, 10) and _within(period, 1, 86_400) and _within(counter, 0, 2**63 - 1)):
        raise refused(text("The stored code has a length, period or counter that no code has."))
    return OtpEntry(
        str(item.get("id", "")),
        secret,
        kind,
        str(item.get("algorithm", "SHA1")),
        digits,
        period,
        counter,
        str(item.get("issuer", "")),
        str(item.get("account", "")),
        str(item.get("name", "")),
        item.get("serial"),
        item.get("account_id"),
        item.get("deleted_at"),
    )
