"""Google Authenticator's `otpauth-migration://offline?data=…`: a protobuf message in Base64, in QR pictures.

Source: `beemdevelopment/Aegis: app/src/main/proto/google_auth.proto`. Unknown fields are passed over.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Iterator, Sequence

from credguard.domain.otp import Noted, OtpEntry, built, parameters, refused, unquoted
from credguard.domain.text import text
from credguard.exchange.parsed import Collector, Part, damaged, newer

FORMAT, PROGRAM = "google", "Google Authenticator"
MOST_IN_A_PICTURE = 10  # as Google's own export has it
#: Characters of an address: a QR code with error correction M holds 2,331 (ISO/IEC 18004).
_MOST_CHARACTERS = 2331
_MOST_PARTS = 1000
_ALGORITHMS = {0: "SHA1", 1: "SHA1", 2: "SHA256", 3: "SHA512", 4: "MD5"}
_DIGITS = {0: 6, 1: 6, 2: 8}
_TYPES = {0: "totp", 1: "hotp", 2: "totp"}


def read_address(address: str, number: int, found: Collector) -> None:
    """All entries of one address, and which part it is, into `found`.

    Raises CredGuardError `codes-damaged`, `codes-newer`.
    """
    query = address.partition("?")[2]
    data = unquoted(parameters(query).get("data", "")).replace(" ", "+").rstrip("=")
    if not data:
        raise damaged()
    try:
        message = base64.b64decode(data + "=" * (-len(data) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise damaged() from None
    entries: list[bytes] = []
    numbers = {2: 1, 3: 1, 4: 0, 5: 0}
    for name, value in _fields(message):
        if name == 1 and isinstance(value, bytes):
            entries.append(value)
        elif name in numbers and isinstance(value, int):
            numbers[name] = value
    if numbers[2] > 1:
        raise newer(PROGRAM, numbers[2])
    size, index = numbers[3], numbers[4]
    if not 0 <= index < max(size, 1) <= _MOST_PARTS:
        raise damaged()
    read = [(entry, list(_fields(entry))) for entry in entries]  # all of it, before any of it counts
    for _, values in read:
        _entry(dict(values), number, found)
    found.part(Part(numbers[5], max(size, 1), index))


def _entry(values: dict[int, int | bytes], number: int, found: Collector) -> None:
    words = [_text(values.get(name, b"")) for name in (2, 3)]
    label, issuer = words

    def make() -> Noted:
        account, named = label, issuer
        prefix, colon, rest = label.partition(":")
        if named.strip() and label.strip().startswith(f"{named.strip()}:"):
            account = label.strip()[len(named.strip()) + 1 :]  # the issuer may have colons of its own
        elif colon and (not named or prefix.strip() == named.strip()):
            named, account = named or prefix, rest
        secret = values.get(1, b"")
        if not isinstance(secret, bytes) or not secret:
            raise refused(text("The secret is empty."))
        algorithm, digits, kind = (values.get(name, 0) for name in (4, 5, 6))
        if digits not in _DIGITS or kind not in _TYPES or algorithm not in _ALGORITHMS:
            raise refused(text("It is of a kind that is not known."))
        return built(
            _TYPES[kind],
            base64.b32encode(secret).decode(),
            algorithm=_ALGORITHMS[algorithm],
            digits=_DIGITS[digits],
            counter=values.get(7, 0),
            issuer=named,
            account=account,
        )

    found.add(number, label or issuer, make)


def _text(value: int | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(number, value) of a message. Raises `codes-damaged` for one that runs past its end."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        name, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield name, value
        elif wire in {1, 2, 5}:
            length, at = _varint(data, at) if wire == 2 else (8 if wire == 1 else 4, at)
            if at + length > len(data):
                raise damaged()
            yield name, data[at : at + length]
            at += length
        else:
            raise damaged()


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            break
        value |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:
            return value & (2**64 - 1), at
    raise damaged()


# ── writing ──────────────────────────────────────────────────────────────────────────────────────
def obstacle(entry: OtpEntry) -> str:
    """Why an entry cannot go into a picture, "" where it can. Google knows 6 or 8 digits, and 30 seconds
    alone; no Steam."""
    if entry.type == "steam" or entry.digits not in {6, 8} or (entry.type != "hotp" and entry.period != 30):
        return "Google Authenticator makes no such code"
    return "" if _fits([entry]) else "it is too long for one QR code"


def write(entries: Sequence[OtpEntry]) -> tuple[str, ...]:
    """Addresses with up to ten entries each, all of one batch. Only entries without an `obstacle`."""
    parts: list[list[OtpEntry]] = []
    for entry in entries:
        if not parts or len(parts[-1]) == MOST_IN_A_PICTURE or not _fits([*parts[-1], entry]):
            parts.append([])
        parts[-1].append(entry)
    batch = secrets.randbelow(2**31 - 1) + 1
    return tuple(_address(part, len(parts), index, batch) for index, part in enumerate(parts))


def _fits(part: Sequence[OtpEntry]) -> bool:
    return len(_address(part, _MOST_PARTS, _MOST_PARTS, 2**31)) <= _MOST_CHARACTERS


def _address(part: Sequence[OtpEntry], size: int, index: int, batch: int) -> str:
    message = b"".join(_sized(1, _message(entry)) for entry in part)
    for name, value in ((2, 1), (3, size), (4, index), (5, batch)):
        message += _tagged(name, 0) + _written(value)
    data = base64.b64encode(message).decode().replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    return f"otpauth-migration://offline?data={data}"


def _message(entry: OtpEntry) -> bytes:
    seed = entry.secret.reveal()
    # Readers split at a colon; one in front says that there is no issuer.
    name = f"{entry.issuer}:{entry.account}" if ":" in entry.account else entry.account
    made = _sized(1, base64.b32decode(seed + "=" * (-len(seed) % 8)))
    made += _sized(2, name.encode()) + _sized(3, entry.issuer.encode())
    for name_, value in (
        (4, {"SHA1": 1, "SHA256": 2, "SHA512": 3}[entry.algorithm]),
        (5, 2 if entry.digits == 8 else 1),
        (6, 1 if entry.type == "hotp" else 2),
    ):
        made += _tagged(name_, 0) + _written(value)
    return made + (_tagged(7, 0) + _written(entry.counter) if entry.type == "hotp" else b"")


def _tagged(name: int, wire: int) -> bytes:
    return _written(name << 3 | wire)


def _sized(name: int, value: bytes) -> bytes:
    return _tagged(name, 2) + _written(len(value)) + value


def _written(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
