"""What a person opens a slot with, and the 32 bytes (KEK) that each kind makes of it.

| kind | KEK |
| passphrase | Argon2id(passphrase) |
| recovery | HKDF(the 16 bytes of the code, purpose `recovery`) |
| keychain | HKDF(32 random bytes in the keychain of this computer, purpose `keychain`) |
| fido2 | HKDF(PRF output, `fido2`), or HKDF(Argon2id ‖ PRF output, `fido2-passphrase`) |
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.vault.sealed import argon, recovery
from credguard.vault.sealed.format import b64, changed, unb64
from credguard.vault.sealed.sealing import derive
from credguard.vault.sealed.slots import Slot, wrong_passphrase

PASSPHRASE, RECOVERY, KEYCHAIN, FIDO2 = "passphrase", "recovery", "keychain", "fido2"
RP_ID, ORIGIN = "credguard.invalid", "https://credguard.invalid"
SALT = 32


class Credential(Protocol):
    """One kind of credential, at hand now."""

    @property
    def type(self) -> str: ...

    def keks(self, vault: str, slots: Sequence[Slot]) -> Iterator[tuple[Slot, bytes]]:
        """The slots of this type that it may open, each with the KEK to try."""

    def enrol(self, vault: str, slot_id: str, slots: Sequence[Slot]) -> tuple[dict[str, Any], bytes]:
        """The parameters of a new slot beside those in `slots`, and its KEK."""

    def misses(self) -> CredGuardError:
        """What to say when none of the slots opened."""


@dataclass(frozen=True)
class Passphrase:
    """`cost` for a new slot only; None measures this computer."""

    words: Secret
    cost: argon.Cost | None = None
    type = PASSPHRASE

    def keks(self, vault: str, slots: Sequence[Slot]) -> Iterator[tuple[Slot, bytes]]:
        work = 0
        for slot in slots:
            salt, cost = salt_and_cost(slot)
            work += cost.memory * cost.passes
            if work > argon.MOST_WORK_OF_ALL:  # thousands of slots fit into a header
                raise argon.too_dear()
            yield slot, argon.derive(self.words, salt, cost)

    def enrol(self, vault: str, slot_id: str, slots: Sequence[Slot]) -> tuple[dict[str, Any], bytes]:
        return _enrol_words(self.words, self.cost)

    def misses(self) -> CredGuardError:
        return wrong_passphrase()


@dataclass(frozen=True)
class RecoveryCode:
    """A code as typed or as printed."""

    code: Secret
    type = RECOVERY

    def keks(self, vault: str, slots: Sequence[Slot]) -> Iterator[tuple[Slot, bytes]]:
        kek = derive(recovery.parse(self.code), RECOVERY)
        for slot in slots:
            yield slot, kek

    def enrol(self, vault: str, slot_id: str, slots: Sequence[Slot]) -> tuple[dict[str, Any], bytes]:
        return {}, derive(recovery.parse(self.code), RECOVERY)

    def misses(self) -> CredGuardError:
        return CredGuardError(
            "wrong-recovery-code",
            text("The code is whole, and it is not one of this vault: another vault’s, or a replaced one."),
            text("Look for the paper with the name and date of this vault. Nothing was changed."),
        )


class KeychainItems(Protocol):
    """Where the keychain slots keep their 32 bytes: item `vault/<vault>/<slot>`."""

    def get(self, vault: str, slot: str) -> bytes | None: ...

    def put(self, vault: str, slot: str, key: bytes) -> None:
        """Written and read back when this returns."""

    def remove(self, vault: str, slot: str) -> None: ...


@dataclass(frozen=True)
class KeychainKey:
    items: KeychainItems
    type = KEYCHAIN

    def keks(self, vault: str, slots: Sequence[Slot]) -> Iterator[tuple[Slot, bytes]]:
        for slot in slots:
            key = self.items.get(vault, slot["id"])
            if key is not None:
                yield slot, derive(key, KEYCHAIN)

    def enrol(self, vault: str, slot_id: str, slots: Sequence[Slot]) -> tuple[dict[str, Any], bytes]:
        key = secrets.token_bytes(32)
        self.items.put(vault, slot_id, key)
        return {}, derive(key, KEYCHAIN)

    def misses(self) -> CredGuardError:
        return CredGuardError(
            "no-keychain-slot",
            text("The keychain of this computer does not open this vault."),
            text("Use another way in. All of them: credguard vault slots"),
        )


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A credential id of a security key, what to ask it, and whether it was made with a PIN or finger."""

    credential: bytes
    salt: bytes
    uv: bool


@dataclass(frozen=True, slots=True)
class Touched:
    """What a security key gave: the 32 bytes of PRF, for which credential, and whether with UV."""

    credential: bytes
    output: bytes
    uv: bool


class SecurityKeys(Protocol):
    """The keys that are plugged in (`vault/security_key.py`)."""

    def enrol(self, vault: str, known: Sequence[bytes], salt: bytes) -> Touched: ...

    def ask(self, known: Sequence[KnownKey]) -> Touched: ...


@dataclass(frozen=True)
class SecurityKey:
    """`words`: asked for the passphrase of a slot that opens with key and passphrase together; for a new
    slot, `together` makes it such a one."""

    keys: SecurityKeys
    words: Callable[[], Secret] | None = None
    together: bool = False
    cost: argon.Cost | None = None
    type = FIDO2

    def keks(self, vault: str, slots: Sequence[Slot]) -> Iterator[tuple[Slot, bytes]]:
        known = {bytes(_known(slot).credential): slot for slot in slots}
        if not known:
            return
        touched = self.keys.ask([_known(slot) for slot in slots])
        slot = known.get(touched.credential)
        if slot is None:
            return
        # Before the KEK is tried: a key answers differently with and without its PIN.
        if touched.uv != _known(slot).uv:
            raise _uv_differs(touched.uv)
        yield slot, self._kek(slot, touched.output)

    def enrol(self, vault: str, slot_id: str, slots: Sequence[Slot]) -> tuple[dict[str, Any], bytes]:
        salt = secrets.token_bytes(SALT)
        others = [_known(slot).credential for slot in slots if slot["type"] == FIDO2]
        extra: dict[str, Any] = {}
        words_kek = b""
        if self.together:
            extra, words_kek = _enrol_words(self._words(), self.cost)
        touched = self.keys.enrol(vault, others, salt)
        parameters = {
            **extra,
            "fido2": {
                "rp": RP_ID, "origin": ORIGIN, "credential": b64(touched.credential), "salt": b64(salt),
                "uv": touched.uv, "with": PASSPHRASE if self.together else None,
            },
        }  # fmt: skip
        return parameters, _joined(words_kek, touched.output)

    def misses(self) -> CredGuardError:
        if self.words is not None:
            return wrong_passphrase()
        return foreign_key()

    def _kek(self, slot: Slot, output: bytes) -> bytes:
        if slot["fido2"].get("with") != PASSPHRASE:
            return _joined(b"", output)
        return _joined(argon.derive(self._words(), *salt_and_cost(slot)), output)

    def _words(self) -> Secret:
        if self.words is None:
            raise CredGuardError(
                "passphrase-needed",
                text("This security key opens the vault together with a passphrase only."),
                text("Give both. Nothing was changed."),
            )
        return self.words()


@dataclass(frozen=True)
class Prepared:
    """A credential whose person was asked already: `pairs` are its slots, each with the KEK to try."""

    of: Credential
    pairs: tuple[tuple[Slot, bytes], ...]

    @property
    def type(self) -> str:
        return self.of.type

    def keks(self, vault: str, slots: Sequence[Slot]) -> Iterator[tuple[Slot, bytes]]:
        # As the slots are now: one that was wrapped anew meanwhile has another bundle, and the same KEK.
        now = {slot["id"]: slot for slot in slots}
        yield from ((now[slot["id"]], kek) for slot, kek in self.pairs if slot["id"] in now)

    def enrol(self, vault: str, slot_id: str, slots: Sequence[Slot]) -> tuple[dict[str, Any], bytes]:
        return self.of.enrol(vault, slot_id, slots)

    def misses(self) -> CredGuardError:
        return self.of.misses()


def foreign_key() -> CredGuardError:
    """The key that was asked knows none of the credentials."""
    return CredGuardError(
        "key-foreign",
        text("This security key does not belong to this vault, or it was reset."),
        text("Use one of the keys that do: credguard vault slots lists them. Nothing was changed."),
    )


def salt_and_cost(slot: Slot) -> tuple[bytes, argon.Cost]:
    """What Argon2id needs of a slot. Raises CredGuardError `vault-changed`."""
    parameters = slot.get("argon2id")
    if not isinstance(parameters, dict):
        raise changed()
    memory, passes, lanes = (parameters.get(name) for name in ("m", "t", "p"))
    salt = unb64(parameters.get("salt"))
    if type(memory) is not int or type(passes) is not int or lanes != 1 or len(salt) != argon.SALT:
        raise changed()
    return salt, argon.Cost(memory, passes)


def is_weak(slot: Slot, floor: argon.Cost = argon.FLOOR) -> bool:
    """Whether its passphrase costs a guesser less than today's floor asks."""
    if "argon2id" not in slot:
        return False
    _, cost = salt_and_cost(slot)
    return cost.memory < floor.memory or cost.memory * cost.passes < floor.memory * floor.passes


def _enrol_words(words: Secret, cost: argon.Cost | None) -> tuple[dict[str, Any], bytes]:
    salt = secrets.token_bytes(argon.SALT)
    chosen = cost or argon.calibrate()
    kek = argon.derive(words, salt, chosen)
    return {"argon2id": {"m": chosen.memory, "t": chosen.passes, "p": 1, "salt": b64(salt)}}, kek


def _joined(words_kek: bytes, output: bytes) -> bytes:
    return derive(words_kek + output, "fido2-passphrase" if words_kek else "fido2")


def _known(slot: Slot) -> KnownKey:
    found = slot.get("fido2")
    if not isinstance(found, dict) or found.get("rp") != RP_ID or type(found.get("uv")) is not bool:
        raise changed()
    return KnownKey(unb64(found.get("credential")), unb64(found.get("salt")), bool(found["uv"]))


def _uv_differs(with_uv: bool) -> CredGuardError:
    what = (
        text("This key asked for its PIN or finger, and it was added to the vault without one.")
        if with_uv
        else text("This key did not ask for its PIN or finger, and it was added to the vault with one.")
    )
    return CredGuardError(
        "key-uv-changed",
        what,
        text("Open the vault another way, then remove this key and add it again. Nothing was changed."),
    )
