"""The file `vault.cgv`: bytes ↔ its parts, and the two checks (damage, tampering).

Described in docs/sealed-format.md. Nothing here opens a slot; see slots.py.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import struct
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from credguard.domain.errors import CredGuardError
from credguard.domain.text import text
from credguard.vault.sealed.sealing import derive

MAGIC = b"CREDGV\r\n"  # the line end shows damage by text mode
MAJOR, MINOR = 1, 0
MAX_HEADER = 1 << 20
MAX_FILE = 64 << 20
PAD = 4096
_FIXED = struct.Struct(">8sHHI")


@dataclass(frozen=True, slots=True)
class Compartment:
    """One sealed body with the generation in which it was written; `extra` as in VaultFile."""

    name: str
    generation: int
    body: bytes
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VaultFile:
    """The parts of a vault file. `extra` keeps header fields of a newer minor version."""

    vault: str  # 16 bytes, hex
    generation: int
    created_by: str
    slots: tuple[dict[str, Any], ...]
    admin: bytes
    compartments: tuple[Compartment, ...]
    extra: dict[str, Any] = field(default_factory=dict)
    minor: int = MINOR

    def compartment(self, name: str) -> Compartment | None:
        return next((c for c in self.compartments if c.name == name), None)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def unb64(value: object) -> bytes:
    """Raises CredGuardError `vault-changed`: a header is looked into only when its checksum was right."""
    if not isinstance(value, str):
        raise changed()
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        raise changed() from None


def write(file: VaultFile, head: bytes) -> bytes:
    """The bytes of `file`, authenticated with the head key. Raises CredGuardError `vault-full`."""
    header = {
        **file.extra,
        "vault": file.vault,
        "generation": file.generation,
        "created_by": file.created_by,
        "slots": list(file.slots),
        "admin": b64(file.admin),
        "compartments": [
            {
                **c.extra,
                "name": c.name,
                "generation": c.generation,
                "length": len(c.body),
                "sha256": hashlib.sha256(c.body).hexdigest(),
            }
            for c in file.compartments
        ],
    }
    encoded = json.dumps(header, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    start = _FIXED.pack(MAGIC, MAJOR, max(MINOR, file.minor), len(encoded)) + encoded
    data = start + _mac(head, start) + b"".join(c.body for c in file.compartments)
    if len(encoded) > MAX_HEADER or len(data) > MAX_FILE:
        raise CredGuardError(
            "vault-full",
            text("The sealed vault has no room for this."),
            text("Remove what nobody needs any more. Nothing was changed."),
        )
    return data + hashlib.sha256(data).digest()


def _mac(head: bytes, start: bytes) -> bytes:
    return hmac.digest(derive(head, "header-mac"), start, "sha256")


def read(data: bytes) -> VaultFile:
    """The parts of a file whose trailer is right. The MAC needs the head key: `verify`.

    Raises CredGuardError `vault-damaged`, `vault-changed`, `vault-newer` or `not-a-vault`.
    """
    file, _, _ = _split(data)
    return file


def verify(data: bytes, head: bytes) -> None:
    """Raises CredGuardError `vault-changed` when the header is not what the vault's owner wrote."""
    _, start, mac = _split(data)
    if not hmac.compare_digest(_mac(head, start), mac):
        raise changed()


def origin(file: BinaryIO, head: bytes) -> tuple[str, int, bool]:
    """Vault id and generation of the vault in `file`, and whether `head` authenticates it. Reads its header
    alone. Raises CredGuardError as `read`, and OSError."""
    fixed = file.read(_FIXED.size)
    length = int.from_bytes(fixed[12:], "big")
    if len(fixed) != _FIXED.size or fixed[:8] != MAGIC or length > MAX_HEADER:
        raise damaged()
    start = fixed + file.read(length)
    header = _header(start[_FIXED.size :])
    vault, generation = _word(header.get("vault")), _number(header.get("generation"))
    return vault, generation, hmac.compare_digest(_mac(head, start), file.read(32))


def _split(data: bytes) -> tuple[VaultFile, bytes, bytes]:
    if len(data) < _FIXED.size or data[:6] != MAGIC[:6]:
        raise CredGuardError(
            "not-a-vault" if data[:6] != MAGIC[:6] and len(data) >= 6 else "vault-damaged",
            text("The vault file does not start as one of CredGuard’s does."),
            text("Nothing was changed. Restore a backup of it."),
        )
    magic, major, minor, length = _FIXED.unpack_from(data)
    whole = len(data) >= 32 and hmac.compare_digest(hashlib.sha256(data[:-32]).digest(), data[-32:])
    if not whole or magic != MAGIC:
        raise damaged()
    if major != MAJOR:
        raise CredGuardError(
            "vault-newer",
            text("The vault was made by a newer CredGuard. Nothing was changed."),
            text("Use that version."),
        )
    end = _FIXED.size + length
    if length > MAX_HEADER or end + 64 > len(data):
        raise damaged()
    header = _header(data[_FIXED.size : end])
    file = _file(header, data[end + 32 : -32], minor)
    return file, data[:end], data[end : end + 32]


def _header(encoded: bytes) -> dict[str, Any]:
    def no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) != len(pairs):
            raise ValueError("a name stands twice")
        return dict(pairs)

    try:
        header = json.loads(encoded.decode("utf-8"), object_pairs_hook=no_duplicates)
        if b"\\u" in encoded:  # half a surrogate pair, which no other file or screen could hold
            json.dumps(header, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise changed() from None
    if not isinstance(header, dict):
        raise changed()
    return header


_KNOWN = {"vault", "generation", "created_by", "slots", "admin", "compartments"}
_KNOWN_OF_COMPARTMENT = {"name", "generation", "length", "sha256"}


def _file(header: dict[str, Any], bodies: bytes, minor: int) -> VaultFile:
    try:
        compartments = []
        at = 0
        for entry in header["compartments"]:
            length = _number(entry["length"])
            body = bodies[at : at + length]
            at += length
            if len(body) != length or hashlib.sha256(body).hexdigest() != entry["sha256"]:
                raise changed()
            extra = {key: value for key, value in entry.items() if key not in _KNOWN_OF_COMPARTMENT}
            compartments.append(Compartment(_word(entry["name"]), _number(entry["generation"]), body, extra))
        if at != len(bodies) or len({c.name for c in compartments}) != len(compartments):
            raise changed()
        return VaultFile(
            vault=_word(header["vault"]),
            generation=_number(header["generation"]),
            created_by=_word(header.get("created_by", "")),
            slots=tuple(_slot(slot) for slot in header["slots"]),
            admin=unb64(header["admin"]),
            compartments=tuple(compartments),
            extra={key: value for key, value in header.items() if key not in _KNOWN},
            minor=minor,
        )
    except (KeyError, TypeError, AttributeError):
        raise changed() from None


def _slot(slot: dict[str, Any]) -> dict[str, Any]:
    _word(slot["id"])
    _word(slot["type"])
    if not isinstance(slot["opens"], list):
        raise changed()
    for name in slot["opens"]:
        _word(name)
    return dict(slot)


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 63:
        raise changed()
    return value


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise changed()
    return value


def damaged() -> CredGuardError:
    """The checksum is wrong: the disk, a copy or a transfer lost bytes."""
    return CredGuardError(
        "vault-damaged",
        text("The vault file is damaged."),
        text("Nothing was changed. Restore a backup of it."),
    )


def changed() -> CredGuardError:
    """The checksum is right and the content is not what the vault's owner wrote."""
    return CredGuardError(
        "vault-changed",
        text("The vault file was changed by another program. It was not opened."),
        text("Nothing was changed. Restore a backup of it."),
    )


def pad(plain: bytes) -> bytes:
    """Length, content, zeros to a multiple of 4,096: single additions do not show."""
    framed = struct.pack(">I", len(plain)) + plain
    return framed + bytes(-len(framed) % PAD)


def unpad(padded: bytes) -> bytes:
    """What `pad` framed."""
    if len(padded) < 4:
        raise changed()
    (length,) = struct.unpack_from(">I", padded)
    if length > len(padded) - 4:
        raise changed()
    return padded[4 : 4 + length]
