"""Key slots: each owns an X25519 pair; the bundle of keys it opens is sealed to its public half.

Public halves are kept only inside the sealed admin part, so whoever has the vault open can wrap anew
for every slot without its credential. X25519 is RFC 7748.
"""

from __future__ import annotations

import json
import secrets
import uuid
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.vault.sealed import argon
from credguard.vault.sealed.format import b64, changed, unb64
from credguard.vault.sealed.sealing import Damaged, WrongKey, seal, unseal


@dataclass(frozen=True, slots=True)
class Bundle:
    """The keys a slot opens: `head`, and one for each compartment."""

    head: bytes
    compartments: dict[str, bytes]


class DoesNotFit(Exception):
    """This credential is not this slot's."""


def new_passphrase_slot(
    vault: str, passphrase: Secret, cost: argon.Cost, opens: tuple[str, ...], now_iso: str, label: str = ""
) -> tuple[dict[str, Any], bytes]:
    """A slot without its bundle, and the public half to keep in the admin part."""
    slot_id = str(uuid.uuid4())
    salt = secrets.token_bytes(argon.SALT)
    pair = X25519PrivateKey.generate()
    kek = argon.derive(passphrase, salt, cost)
    private = seal(kek, "slot-private", pair.private_bytes_raw(), _place(vault, slot_id, "passphrase"))
    slot = {
        "id": slot_id,
        "type": "passphrase",
        "label": label,
        "created": now_iso,
        "opens": list(opens),
        "argon2id": {"m": cost.memory, "t": cost.passes, "p": 1, "salt": b64(salt)},
        "private": b64(private),
    }
    return slot, pair.public_key().public_bytes_raw()


def wrap(vault: str, slot: dict[str, Any], public: bytes, bundle: Bundle) -> dict[str, Any]:
    """The slot with `bundle` sealed to its public half (only the compartments it opens)."""
    opens = [str(name) for name in slot["opens"]]
    content = {"head": b64(bundle.head)} | {n: b64(k) for n, k in bundle.compartments.items() if n in opens}
    once = X25519PrivateKey.generate()
    once_public = once.public_key().public_bytes_raw()
    shared = once.exchange(X25519PublicKey.from_public_bytes(public))
    ad = _bundle_place(vault, slot) + once_public + public
    sealed = seal(shared, "bundle", json.dumps(content, sort_keys=True).encode(), ad)
    return {**slot, "bundle": b64(once_public + sealed)}


def open_with_passphrase(vault: str, slot: dict[str, Any], passphrase: Secret) -> Bundle:
    """The bundle. Raises DoesNotFit for another passphrase, CredGuardError `vault-changed`."""
    parameters = slot.get("argon2id")
    if not isinstance(parameters, dict):
        raise changed()
    memory, passes, lanes = (parameters.get(name) for name in ("m", "t", "p"))
    salt = unb64(parameters.get("salt"))
    if type(memory) is not int or type(passes) is not int or lanes != 1 or len(salt) != argon.SALT:
        raise changed()
    return _open(vault, slot, argon.derive(passphrase, salt, argon.Cost(memory, passes)))


def _open(vault: str, slot: dict[str, Any], kek: bytes) -> Bundle:
    place = _place(vault, slot["id"], slot["type"])
    try:
        private = unseal(kek, "slot-private", unb64(slot.get("private")), place)
    except WrongKey:
        raise DoesNotFit from None
    except Damaged:
        raise changed() from None
    try:
        pair = X25519PrivateKey.from_private_bytes(private)
        public = pair.public_key().public_bytes_raw()
        packed = unb64(slot.get("bundle"))
        shared = pair.exchange(X25519PublicKey.from_public_bytes(packed[:32]))
        content = json.loads(
            unseal(shared, "bundle", packed[32:], _bundle_place(vault, slot) + packed[:32] + public)
        )
        keys = {str(name): unb64(key) for name, key in content.items()}
        return Bundle(keys.pop("head"), keys)
    except (WrongKey, Damaged, ValueError, KeyError, AttributeError):
        raise changed() from None


def _place(vault: str, slot_id: str, kind: str) -> bytes:
    return f"{vault}/{slot_id}/{kind}".encode()


def _bundle_place(vault: str, slot: dict[str, Any]) -> bytes:
    return f"{vault}/{slot['id']}/{','.join(str(n) for n in slot['opens'])}".encode()


def wrong_passphrase() -> CredGuardError:
    """What to say when no slot opens."""
    return CredGuardError(
        "wrong-passphrase",
        text("That is not the passphrase of this vault."),
        text("Try again. Nothing was changed."),
        retry=True,
    )
