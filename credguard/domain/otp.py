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
#: Of ASCII alone: what Unicode makes of ß or ı is another secret.
_UPPER = {ord(letter): letter.upper() for letter in "abcdefghijklmnopqrstuvwxyz"}
_SHORT = 16  # bytes; RFC 4226 asks for as many
#: Control, bidi and zero-width characters, halves of pairs; a joiner stays where it makes one emoji of two.
_EMOJI = "\u2190-\u2bff\U0001f000-\U0001faff\ufe0f"
_HIDDEN = re.compile(
    "[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200c\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ud800-\udfff\ufeff]"
    f"|(?<![{_EMOJI}])\u200d|\u200d(?![{_EMOJI}])"
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


@dataclass(frozen=True, slots=True)
class Noted:
    """An entry that was read, and what a person should know of it."""

    entry: OtpEntry
    notes: tuple[Text, ...] = ()


def refused(why: Text) -> CredGuardError:
    """The error for an address, secret or picture that holds no code we can make."""
    return CredGuardError("code-unreadable", why, text("Nothing was stored. Show the QR code of AWS again."))


# ── secrets ──────────────────────────────────────────────────────────────────────────────────────
def clean_secret(value: str) -> str:
    """Base32, upper case, without spaces, dashes and padding.

    Raises CredGuardError `code-unreadable`. Nothing is guessed: 0 is not read as O.
    """
    cleaned = "".join(c for c in value if c not in " \t\r\n\u00a0-=").translate(_UPPER)
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
    shown = _HIDDEN.sub("", unicodedata.normalize("NFC", value))
    # What stood between a letter and its accent is gone.
    return unicodedata.normalize("NFC", shown).strip()[:MAX_NAME].strip()


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
    return replace(read_address(address).entry, entry_id=entry_id)


def read_address(address: str) -> Noted:
    """As `parse_address`, with what is to be noted of it."""
    address = address.strip()
    if len(address) > MAX_ADDRESS:
        raise refused(text("The address is longer than {n} characters.", n=MAX_ADDRESS))
    scheme, mark, rest = address.partition("://")
    if not mark or scheme.lower() not in {"otpauth", "steam"}:
        if scheme.lower() == "otpauth-migration":
            raise refused(text("This is an export of Google Authenticator with several codes in it."))
        raise refused(text("This is not the address of a code."))
    if scheme.lower() == "steam":
        return built("steam", unquoted(rest), issuer="Steam")
    kind, _, label_query = rest.partition("/")
    label, query = _split(label_query if _ else rest.partition("?")[2] and f"?{rest.partition('?')[2]}")
    return _read(kind.partition("?")[0], label, parameters(query))


def _split(value: str) -> tuple[str, str]:
    label, mark, query = value.partition("?")
    if not mark:
        raise refused(text("The address holds no secret."))
    # A raw # in the label must not cut the address off; behind the query it is a fragment, unless the
    # secret stands behind it.
    before = query.partition("#")[0]
    return label, query if "#" in label or not parameters(before).get("secret") else before


def parameters(query: str) -> dict[str, str]:
    """Names in lower case → values as they stand; the first of each name."""
    found: dict[str, str] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        found.setdefault(unquoted(name).lower(), value)
    return found


def unquoted(value: str) -> str:
    """Percent-decoded, once. Raises CredGuardError `code-unreadable` where it is not UTF-8."""
    from urllib.parse import unquote

    try:
        return unquote(value, encoding="utf-8", errors="strict")
    except UnicodeDecodeError:
        raise refused(text("The address is not UTF-8.")) from None


def _read(kind: str, label: str, values: dict[str, str]) -> Noted:
    given = {
        name: unquoted(values.get(name, "")).strip() for name in ("algorithm", "digits", "period", "counter")
    }
    prefix, colon, account = unquoted(label).partition(":")
    if not colon:
        prefix, account = "", prefix
    issuer = unquoted(values.get("issuer", "").replace("+", " "))
    secret = values.get("secret", "")
    if not secret:
        raise refused(text("The address holds no secret."))
    steam = kind.lower() == "totp" and values.get("encoder", "").lower() == "steam"
    made = built(
        "steam" if steam else kind,
        unquoted(secret).replace("+", ""),
        algorithm=given["algorithm"],
        digits=given["digits"] if given["digits"] != "0" else "",
        period=given["period"],
        counter=given["counter"],
        issuer=issuer if clean_name(issuer) else prefix,
        account=account,
    )
    before = clean_name(prefix)
    if clean_name(issuer) and before and before != made.entry.issuer:
        note = text("Its label says {other}, its issuer {issuer}.", other=before, issuer=made.entry.issuer)
        return Noted(made.entry, (*made.notes, note))
    return made


def built(
    kind: object,
    secret: object,
    *,
    algorithm: object = None,
    digits: object = None,
    period: object = None,
    counter: object = None,
    issuer: object = "",
    account: object = "",
) -> Noted:
    """An entry from fields as other programs write them; None and "" stand for what is usual.

    Raises CredGuardError `code-unreadable` for what makes no code. Nothing is guessed.
    """
    word = str(kind or "totp").lower()
    if word not in {"totp", "hotp", "steam"}:
        raise refused(text('Codes of type "{kind}" are not known.', kind=clean_name(word)[:20] or "?"))
    if not isinstance(secret, str):
        raise refused(text("The secret is missing."))
    names = [value if isinstance(value, str) else "" for value in (issuer, account)]
    steam = word == "steam"
    entry = OtpEntry(
        "",
        Secret(clean_secret(secret)),
        word,  # type: ignore[arg-type]
        "SHA1" if steam else _algorithm(algorithm),
        5 if steam else _number("digits", digits, 6, 5, 10),
        _number("period", period, 30, 1, 86_400) if word != "hotp" else _no_period(period),
        _counter(counter) if word == "hotp" else 0,
        clean_name(names[0]),
        clean_name(names[1]),
    )
    return Noted(replace(entry, name=handle(entry)), notes_of(entry, *names))


def notes_of(entry: OtpEntry, *names: str) -> tuple[Text, ...]:
    """What to say of an entry whose names were written as `names`."""
    notes = []
    size = len(_bytes(entry.secret.reveal()))
    if size < _SHORT:
        notes.append(text("Its secret is short: {n} bytes.", n=size))
    if any(_HIDDEN.search(unicodedata.normalize("NFC", name)) for name in names):
        notes.append(text("Invisible characters were taken out of its name."))
    if any(len(name.strip()) > MAX_NAME for name in names):
        notes.append(text("Its name was cut to {n} characters.", n=MAX_NAME))
    return tuple(notes)


def address(entry: OtpEntry) -> Secret:
    """The `otpauth://` address of an entry, as the Key Uri Format has it; `parse_address` reads it back.

    A Steam code is a TOTP with `encoder=steam`, as KeePassXC writes it.
    """
    from urllib.parse import quote

    # Readers split at the first colon, an encoded one too; the issuer itself stands in its parameter.
    shown = entry.account or ("" if entry.issuer else entry.name)
    account, prefix = quote(shown, safe=""), quote(entry.issuer.replace(":", " "), safe="")
    label = f"{prefix}:{account}" if entry.issuer or ":" in shown else account
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


def _given(value: object) -> bool:
    return value is not None and value != ""


def _algorithm(value: object) -> str:
    word = value if isinstance(value, str) else "" if value is None else "?"
    plain = word.upper().replace("-", "").replace("_", "").replace("HMAC", "")
    if plain in {"", *ALGORITHMS}:
        return plain or "SHA1"
    raise refused(text('Codes with "{name}" cannot be made.', name=clean_name(word)[:20]))


def _whole(value: object) -> int | None:
    """A number, as JSON or an address has it; None for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19:
        return int(value)
    return value if type(value) is int else None


def _number(name: str, value: object, default: int, least: int, most: int) -> int:
    if not _given(value):
        return default
    found = _whole(value)
    if found is None or not least <= found <= most:
        raise refused(text("{name} must be between {least} and {most}.", name=name, least=least, most=most))
    return found


def _no_period(value: object) -> int:
    """A counter code has none: one that is written beside it must not make another code of it."""
    _number("period", value, 30, 1, 86_400)
    return 30


def _counter(value: object) -> int:
    found = _whole(value)
    if found is None or not 0 <= found <= 2**63 - 1:
        raise refused(text("A counter code needs its counter."))
    return found


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
