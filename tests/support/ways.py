"""Ways into a sealed vault of every kind, each with what its holder has in hand; for state machines."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from credguard.domain.secret import Secret
from credguard.vault.sealed.credentials import (
    Credential,
    KeychainKey,
    Passphrase,
    RecoveryCode,
    SecurityKey,
)
from credguard.vault.sealed.recovery import generate
from credguard.vault.sealed.slots import Bundle
from credguard.vault.security_key import UsbSecurityKeys
from tests.support.authenticator import SoftwareKey
from tests.support.stores import CHEAP

KINDS = ("passphrase", "recovery", "keychain", "fido2", "fido2 with PIN", "fido2 with passphrase")
PIN = "1234-EXAMPLE"
_COUNT = itertools.count()


class Hands:
    def touch(self) -> None:
        pass

    def pin(self, tries_left: int | None) -> Secret | None:
        return Secret(PIN)


@dataclass
class OneKeychain:
    """The keychain of one computer. `steal` makes it a thief's copy, tried for any slot."""

    items: dict[tuple[str, str], bytes] = field(default_factory=dict)
    stolen: bytes | None = None

    def steal(self) -> None:
        self.stolen = next(iter(self.items.values()))

    def get(self, vault: str, slot: str) -> bytes | None:
        return self.items.get((vault, slot), self.stolen)

    def put(self, vault: str, slot: str, key: bytes) -> None:
        self.items[vault, slot] = key

    def remove(self, vault: str, slot: str) -> None:
        self.items.pop((vault, slot), None)


@dataclass(eq=False)
class Way:
    """`there`: whether the file has it; both, where a kill left that open. `bundle`: what it opened last."""

    credential: Credential
    opens: tuple[str, ...]
    slot_id: str = ""
    there: set[bool] = field(default_factory=lambda: {True})
    keychain: OneKeychain | None = None
    bundle: Bundle | None = None


def new_way(kind: str, opens: tuple[str, ...]) -> Way:
    """A way in that no vault has yet, with a credential of its own."""
    if kind == "passphrase":
        return Way(Passphrase(Secret(f"words {next(_COUNT)}"), CHEAP), opens)
    if kind == "recovery":
        return Way(RecoveryCode(generate()), opens)
    if kind == "keychain":
        keychain = OneKeychain()
        return Way(KeychainKey(keychain), opens, keychain=keychain)
    device = SoftwareKey(pin=PIN if "PIN" in kind else None)
    keys = UsbSecurityKeys(Hands(), lambda: [device])
    if "passphrase" not in kind:
        return Way(SecurityKey(keys), opens)
    words = Secret(f"beside the key {next(_COUNT)}")
    return Way(SecurityKey(keys, lambda: words, True, CHEAP), opens)
