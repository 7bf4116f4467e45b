"""Slots as they may be shown, and what is said when one is missing."""

from __future__ import annotations

from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.text import text
from credguard.vault.sealed.credentials import is_weak
from credguard.vault.sealed.format import VaultFile
from credguard.vault.sealed.slots import Slot, SlotView


def view_of(slot: Slot) -> SlotView:
    """What may be shown of a slot of the file."""
    proved, together = slot.get("proved"), slot.get("fido2")
    return SlotView(
        slot["id"],
        slot["type"],
        str(slot.get("label", "")),
        str(slot.get("created", "")),
        tuple(slot["opens"]),
        str(proved) if proved else None,
        isinstance(together, dict) and together.get("with") is not None,
        is_weak(slot),
    )


def no_such_slot(file: VaultFile, kind: str) -> CredGuardError:
    """The vault has no slot of this kind, or not the one that was named."""
    if not any(slot["type"] in _SAID for slot in file.slots):
        return CredGuardError(
            "vault-newer",
            text("This vault opens with something this CredGuard does not know yet."),
            text("Use the version that made it. Nothing was changed."),
        )
    return CredGuardError(
        "no-such-slot",
        text("This vault does not open with {what}.", what=_SAID.get(kind, kind)),
        text("Use another way in. All of them: credguard vault slots"),
    )


_SAID = {
    "passphrase": "a passphrase", "recovery": "a recovery code", "keychain": "the keychain",
    "fido2": "a security key",
}  # fmt: skip


def rekeyed() -> Locked:
    """The file is sealed with other keys than those at hand: a slot was removed in another process."""
    return Locked(
        "vault-rekeyed",
        text("The keys of the sealed vault were changed meanwhile, so it was locked."),
        text("Open it again and do the same. Nothing was changed."),
        retry=True,
    )
