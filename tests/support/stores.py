"""Stores for tests: cheap sealed vaults, and one in memory behind the real SecretStore."""

from __future__ import annotations

from pathlib import Path

from credguard.domain.secret import Secret
from credguard.vault.sealed import argon
from credguard.vault.sealed.backend import SealedBackend
from credguard.vault.sealed.vault import SealedVault
from credguard.vault.store import SecretStore

#: Argon2id made cheap: tests pass it through the constructor.
CHEAP = argon.Cost(8192, 1)
PASSPHRASE = "six random words EXAMPLE"


class MemoryBackend:
    """A keyring backend in a dict. `fail` may raise for (method, name)."""

    def __init__(self) -> None:
        self.items: dict[str, str] = {}
        self.fail = lambda method, name: None

    def get_password(self, service: str, username: str) -> str | None:
        self.fail("get", username)
        return self.items.get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self.fail("set", username)
        self.items[username] = password

    def delete_password(self, service: str, username: str) -> None:
        self.fail("delete", username)
        self.items.pop(username, None)


def memory_store() -> tuple[SecretStore, MemoryBackend]:
    backend = MemoryBackend()
    return SecretStore(backend, "keychain", "Memory"), backend


def sealed_store(folder: Path) -> SecretStore:
    vault = SealedVault(str(folder / "vault.cgv"))
    backend = SealedBackend(vault, lambda question: PASSPHRASE, cost=CHEAP)
    return SecretStore(backend, "sealed", "Sealed vault", listing=backend)


def passphrase() -> Secret:
    return Secret(PASSPHRASE)
