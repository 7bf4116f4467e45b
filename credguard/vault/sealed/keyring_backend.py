"""The sealed vault for the `keyring` library: what `keyring.set_keyring` takes.

keyring is imported here, so only who wants this imports it; the program itself uses backend.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from keyring.backend import KeyringBackend
from keyring.compat import properties
from keyring.errors import KeyringError, KeyringLocked, PasswordDeleteError, PasswordSetError

from credguard.domain.errors import CredGuardError, Locked
from credguard.vault.sealed.backend import SealedBackend
from credguard.wire import items

T = TypeVar("T")


class SealedKeyring(KeyringBackend):  # type: ignore[misc,unused-ignore]
    """One sealed vault. The errors are keyring's own; their sentences are the vault's."""

    @properties.classproperty  # type: ignore[misc,unused-ignore]
    def priority(cls) -> float:  # noqa: N805 a property of the class
        """Never chosen by keyring itself: it takes a vault to make one."""
        raise RuntimeError("a sealed vault is opened by name")

    def __init__(self, sealed: SealedBackend) -> None:
        super().__init__()  # type: ignore[no-untyped-call,unused-ignore]
        self._sealed = sealed

    def get_password(self, service: str, username: str) -> str | None:
        if service != items.SERVICE:
            return None
        return _translated(lambda: self._sealed.get_password(service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if service != items.SERVICE:
            raise PasswordSetError(f"The sealed vault holds items of {items.SERVICE} alone.")
        _translated(lambda: self._sealed.set_password(service, username, password))

    def delete_password(self, service: str, username: str) -> None:
        if self.get_password(service, username) is None:
            raise PasswordDeleteError("There is no such item.")
        _translated(lambda: self._sealed.delete_password(service, username))


def _translated(call: Callable[[], T]) -> T:
    try:
        return call()
    except Locked as error:
        raise KeyringLocked(str(error)) from error
    except CredGuardError as error:
        raise KeyringError(str(error)) from error
