"""What the sealed vault keeps in the keychain of this computer: slot keys, and the newest generation seen.

Items `vault/<vault>/<slot>` and `vault/<vault>/seen`. A keychain that does not answer, or is locked, is
never waited for: the vault opens without it.
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Callable
from functools import cached_property

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.vault.sealed.seen import Seen
from credguard.vault.store import SecretStore, secret_of
from credguard.wire import items

#: A keychain that answers now without asking anybody anything, or None.
Quiet = Callable[[], "SecretStore | None"]


class KeychainSlots:
    """The 32 bytes of keychain slots (`sealed/credentials.py`, KeychainItems)."""

    def __init__(self, keychain: Quiet) -> None:
        self._keychain = keychain

    def get(self, vault: str, slot: str) -> bytes | None:
        """The bytes; None where there are none, or where no keychain answers."""
        store = self._keychain()
        item = store.read(items.of_vault(vault, slot)) if store is not None else None
        if item is None:
            return None
        with contextlib.suppress(ValueError):
            key = base64.b64decode(secret_of(item, "key").reveal(), validate=True)
            return key if len(key) == 32 else None
        return None

    def put(self, vault: str, slot: str, key: bytes) -> None:
        """Raises CredGuardError `store-silent` where no keychain answers."""
        store = self._keychain()
        if store is None:
            raise CredGuardError(
                "store-silent",
                text("No keychain answers here, or it is locked."),
                text("Unlock it, or choose another way in. Nothing was changed."),
                retry=True,
            )
        value = Secret(base64.b64encode(key).decode())
        store.write(items.of_vault(vault, slot), {"v": items.VERSION, "key": value})

    def remove(self, vault: str, slot: str) -> None:
        store = self._keychain()
        if store is not None:
            store.remove(items.of_vault(vault, slot))


class SeenInKeychain:
    """The note in the keychain: what a roll-back of the whole state folder does not roll back."""

    def __init__(self, keychain: Quiet) -> None:
        self._make = keychain

    @cached_property
    def _store(self) -> SecretStore | None:
        return self._make()

    def get(self, vault: str) -> tuple[int, str] | None:
        item = self._store.read(items.of_vault(vault, items.SEEN)) if self._store is not None else None
        generation, checksum = (item.get("generation"), item.get("sha256")) if item else (None, None)
        if isinstance(generation, int) and isinstance(checksum, str):
            return generation, checksum
        return None

    def note(self, vault: str, generation: int, checksum: str, accept: bool = False) -> None:
        noted = self.get(vault)
        if self._store is not None and (noted is None or accept or generation > noted[0]):
            self._store.write(
                items.of_vault(vault, items.SEEN),
                {"v": items.VERSION, "generation": generation, "sha256": checksum},
            )

    def forget(self, vault: str) -> None:
        if self._store is not None:
            self._store.remove(items.of_vault(vault, items.SEEN))

    def any(self) -> bool:
        """Never: it outlives an uninstalled CredGuard, whose vault is not missed."""
        return False


class SeenInBoth:
    """The catalog's note, and the keychain's where one answers; the newer one counts."""

    def __init__(self, catalog: Seen, keychain: Seen) -> None:
        self._catalog = catalog
        self._keychain = keychain

    def get(self, vault: str) -> tuple[int, str] | None:
        found = [self._catalog.get(vault)]
        with contextlib.suppress(CredGuardError):
            found.append(self._keychain.get(vault))
        return max((note for note in found if note is not None), key=lambda note: note[0], default=None)

    def note(self, vault: str, generation: int, checksum: str, accept: bool = False) -> None:
        self._catalog.note(vault, generation, checksum, accept)
        with contextlib.suppress(CredGuardError):
            self._keychain.note(vault, generation, checksum, accept)

    def any(self) -> bool:
        return self._catalog.any()
