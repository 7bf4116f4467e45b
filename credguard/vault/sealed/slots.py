"""Key slots: each owns an X25519 pair; the bundle of keys it opens is sealed to its public half.

Public halves are kept only inside the sealed admin part, so whoever has the vault open can wrap anew
for every slot without its credential. X25519 is RFC 7748. What a slot's private half is sealed with
(its KEK, 32 bytes) comes from credentials.py.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from credguard.domain.errors import CredGuardError
from credguard.domain.text import text
from credguard.vault.sealed.format import b64, changed, unb64
from credguard.vault.sealed.sealing import Damaged, WrongKey, seal, unseal

Slot = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bundle:
    """The keys a slot opens: `head`, and one for each compartment."""

    head: bytes
    compartments: dict[str, bytes]

    def with_those_of(self, other: Bundle) -> Bundle:
        """Both, where they are of one vault and one generation of keys; else `self` alone."""
        if other.head != self.head:
            return self
        return Bundle(self.head, {**other.compartments, **self.compartments})


@dataclass(frozen=True, slots=True)
class SlotView:
    """What may be shown of a slot. `created` and `proved` are ISO 8601 in UTC; `proved` None = never.

    `with_passphrase`: a security key that opens together with a passphrase only; `weak`: a passphrase
    whose cost is below today's floor.
    """

    id: str
    type: str
    label: str
    created: str
    opens: tuple[str, ...]
    proved: str | None = None
    with_passphrase: bool = False
    weak: bool = False


class DoesNotFit(Exception):
    """This credential is not this slot's."""


def new_slot(
    vault: str,
    kind: str,
    kek: bytes,
    opens: Sequence[str],
    now_iso: str,
    label: str = "",
    parameters: Mapping[str, Any] | None = None,
    slot_id: str | None = None,
) -> tuple[Slot, bytes]:
    """A slot without its bundle, and the public half to keep in the admin part."""
    slot_id = slot_id or str(uuid.uuid4())
    pair = X25519PrivateKey.generate()
    slot = {
        **(parameters or {}),
        "id": slot_id,
        "type": kind,
        "label": label,
        "created": now_iso,
        "opens": list(opens),
        "private": b64(seal(kek, "slot-private", pair.private_bytes_raw(), _place(vault, slot_id, kind))),
    }
    return slot, pair.public_key().public_bytes_raw()


def wrap(vault: str, slot: Slot, public: bytes, bundle: Bundle) -> Slot:
    """The slot with `bundle` sealed to its public half (only the compartments it opens)."""
    opens = [str(name) for name in slot["opens"]]
    content = {"head": b64(bundle.head)} | {n: b64(k) for n, k in bundle.compartments.items() if n in opens}
    once = X25519PrivateKey.generate()
    once_public = once.public_key().public_bytes_raw()
    shared = once.exchange(X25519PublicKey.from_public_bytes(public))
    ad = _bundle_place(vault, slot) + once_public + public
    sealed = seal(shared, "bundle", json.dumps(content, sort_keys=True).encode(), ad)
    return {**slot, "bundle": b64(once_public + sealed)}


def open_slot(vault: str, slot: Slot, kek: bytes) -> Bundle:
    """The bundle. Raises DoesNotFit for another key, CredGuardError `vault-changed`."""
    # A slot copied into a backup: its private half stays sealed for the vault that it was made in.
    place = _place(str(slot.get("home", vault)), slot["id"], slot["type"])
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
        bundle = Bundle(keys.pop("head"), keys)
    except (WrongKey, Damaged, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise changed() from None
    if set(bundle.compartments) != set(slot["opens"]):
        raise changed()
    return bundle


def _place(vault: str, slot_id: str, kind: str) -> bytes:
    return f"{vault}/{slot_id}/{kind}".encode()


def _bundle_place(vault: str, slot: Slot) -> bytes:
    return f"{vault}/{slot['id']}/{','.join(str(n) for n in slot['opens'])}".encode()


def wrong_passphrase() -> CredGuardError:
    """What to say when no passphrase slot opens."""
    return CredGuardError(
        "wrong-passphrase",
        text("That is not the passphrase of this vault."),
        text("Try again. Nothing was changed."),
        retry=True,
    )
