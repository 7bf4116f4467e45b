"""The plaintext of a compartment and of the admin part, and their sealing."""

from __future__ import annotations

import json
import math
from typing import Any

from credguard.vault.sealed.format import b64, changed, pad, unb64, unpad
from credguard.vault.sealed.sealing import Damaged, WrongKey, seal, unseal

KEYS, CODES = "keys", "codes"
#: name → (value, changed): seconds since 1970.
Items = dict[str, tuple[str, float]]


def compartment_of(name: str) -> str:
    """Codes hold `totp/…`; keys hold all else."""
    return CODES if name.startswith("totp/") else KEYS


def seal_items(key: bytes, vault: str, name: str, generation: int, items: Items) -> bytes:
    """The body of compartment `name` as of `generation`."""
    document = {
        "v": 1,
        "items": [{"name": n, "value": v, "changed": at} for n, (v, at) in sorted(items.items())],
    }
    try:
        plain = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half a surrogate pair, which UTF-8 has no bytes for
        plain = json.dumps(document, separators=(",", ":")).encode()
    return seal(key, "compartment", pad(plain), f"{vault}/{name}/{generation}".encode())


def open_items(key: bytes, vault: str, name: str, generation: int, body: bytes) -> Items:
    """What `seal_items` sealed. Raises CredGuardError `vault-changed`."""
    plain = unpad(_unseal(key, "compartment", body, f"{vault}/{name}/{generation}"))
    try:
        document: Any = json.loads(plain)
        found = {str(e["name"]): (str(e["value"]), float(e["changed"])) for e in document["items"]}
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise changed() from None
    if not all(math.isfinite(at) for _, at in found.values()):
        raise changed()
    return found


def seal_admin(head: bytes, vault: str, generation: int, publics: dict[str, bytes]) -> bytes:
    """The public halves of all slots, by slot id."""
    plain = json.dumps({"slots": {n: b64(p) for n, p in publics.items()}}, sort_keys=True).encode()
    return seal(head, "admin", plain, f"{vault}/{generation}".encode())


def open_admin(head: bytes, vault: str, generation: int, sealed: bytes) -> dict[str, bytes]:
    """What `seal_admin` sealed. Raises CredGuardError `vault-changed`."""
    try:
        document: Any = json.loads(_unseal(head, "admin", sealed, f"{vault}/{generation}"))
        return {str(slot): unb64(public) for slot, public in document["slots"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise changed() from None


def reseal_admin(head: bytes, vault: str, before: int, after: int, sealed: bytes) -> bytes:
    """The same admin part, whatever it holds, as of generation `after`."""
    plain = _unseal(head, "admin", sealed, f"{vault}/{before}")
    return seal(head, "admin", plain, f"{vault}/{after}".encode())


def _unseal(key: bytes, purpose: str, sealed: bytes, ad: str) -> bytes:
    try:
        return unseal(key, purpose, sealed, ad.encode())
    except (WrongKey, Damaged):
        raise changed() from None
