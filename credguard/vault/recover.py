"""What is in the keychain although the index does not say so.

The system's own listing, where it has one; else the names that are known elsewhere and have an item.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from credguard.domain.errors import CredGuardError, Locked
from credguard.vault import index

if TYPE_CHECKING:
    from credguard.vault.keychain import Keychain

#: Gives names that may have an item (the catalog's, the config lines'); asks `get` where one leads to more.
Known = Callable[[index.Read], Iterable[str]]


def finder(keychain: Keychain, known: Known | None = None) -> Callable[[index.Read], Iterable[str]]:
    """What `SecretStore` calls when the index is lost. Its result raises Locked where the keychain is."""

    def found(get: index.Read) -> Iterable[str]:
        try:
            listed = keychain.names()
        except Locked:
            raise
        except CredGuardError:
            listed = None
        if listed is not None:
            return sorted(listed)
        names = dict.fromkeys(known(get)) if known is not None else {}
        return [name for name in names if get(name) is not None]

    return found
