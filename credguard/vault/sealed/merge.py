"""Another branch of the same vault taken into the present one: item by item, by the time of change.

Two computers wrote the same synced file, or a copy was put back and used. Nothing is deleted: an item that
only one branch has stays. Of two values the younger one stays, and its name is told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from credguard.domain.errors import CredGuardError
from credguard.domain.text import text
from credguard.vault.sealed import body
from credguard.vault.sealed.format import VaultFile
from credguard.vault.sealed.lineage import following
from credguard.vault.sealed.slots import Bundle
from credguard.vault.sealed.vault import Loaded, SealedVault


@dataclass(frozen=True, slots=True)
class Merged:
    """Names of items: those that came, those whose value was replaced by a younger one, and those whose
    older value was left behind."""

    added: tuple[str, ...]
    replaced: tuple[str, ...]
    kept: tuple[str, ...]


def merge(vault: SealedVault, other: bytes) -> Merged:
    """Take the items of `other`, a file of the same vault sealed with the same keys, into `vault`.

    Both are one then: what `rolled-back` or `other-branch` warned of is answered. Every compartment has to
    be open. Raises CredGuardError `other-vault`, and as reading a vault does.
    """
    found: list[Merged] = []

    def change(loaded: Loaded) -> tuple[VaultFile, Bundle]:
        theirs = _opened(vault, other, loaded)
        file, bundle = loaded.file, loaded.bundle
        after = max(file.generation, theirs.file.generation) + 1
        added, replaced_, kept, bodies = [], [], [], []
        for compartment in file.compartments:
            name = compartment.name
            mine, others = loaded.items[name], theirs.items.get(name, {})
            joined = dict(mine)
            for item, (value, at) in others.items():
                if item not in mine:
                    added.append(item)
                elif mine[item][0] == value:
                    continue
                elif at > mine[item][1]:
                    replaced_.append(item)
                else:
                    kept.append(item)
                    continue
                joined[item] = (value, at)
            sealed = body.seal_items(bundle.compartments[name], file.vault, name, after, joined)
            bodies.append(replace(compartment, generation=after, body=sealed))
        admin = body.reseal_admin(bundle.head, file.vault, file.generation, after, file.admin)
        found.append(Merged(tuple(sorted(added)), tuple(sorted(replaced_)), tuple(sorted(kept))))
        joined_file = replace(file, generation=after, compartments=tuple(bodies), admin=admin)
        return following(joined_file, (theirs.file, theirs.trailer.hex())), bundle

    vault.edit(change)
    vault.accept()
    return found[-1]


def _opened(vault: SealedVault, other: bytes, loaded: Loaded) -> Loaded:
    closed = [c.name for c in loaded.file.compartments if c.name not in loaded.items]
    if closed:
        raise CredGuardError(
            "compartment-locked",
            text("The {what} in this vault need another passphrase or key.", what=closed[0]),
            text("Open the vault with one that opens all of it. Nothing was changed."),
        )
    try:
        theirs = vault.read_other(other, loaded)
    except CredGuardError as error:
        if error.code != "vault-changed":
            raise
        raise _another() from None
    if theirs.file.vault != loaded.file.vault:
        raise _another()
    return theirs


def _another() -> CredGuardError:
    return CredGuardError(
        "other-vault",
        text("That file is another vault, or one from before a slot was removed."),
        text("Nothing was changed. Open it where it was made."),
    )
