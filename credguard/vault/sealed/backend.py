"""The sealed vault as a keyring backend: three methods, and an honest answer to "can you work here?"."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable

from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.vault.sealed import argon
from credguard.vault.sealed.vault import SealedVault

Ask = Callable[[str], "str | None"]


class SealedBackend:
    """Opens the vault on first use, with the passphrase file or by asking."""

    priority = 1.0

    def __init__(
        self,
        vault: SealedVault,
        ask: Ask | None = None,
        passphrase_file: str | None = None,
        cost: argon.Cost | None = None,
    ) -> None:
        self._vault = vault
        self._ask = ask
        self._file = passphrase_file
        self._cost = cost

    def get_password(self, service: str, username: str) -> str | None:
        if not self._vault.exists:
            return None
        self._open()
        return self._vault.get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self._open()
        self._vault.put(username, password)

    def delete_password(self, service: str, username: str) -> None:
        if self._vault.exists:
            self._open()
            self._vault.remove(username)

    def names(self) -> tuple[str, ...]:
        if not self._vault.exists:
            return ()
        self._open()
        return self._vault.names()

    def _open(self) -> None:
        if self._vault.is_open:
            return
        if not self._vault.exists:
            self._vault.create(self._new_passphrase(), self._cost)
            return
        self._vault.open(self._passphrase("Passphrase of the sealed vault"))

    def _new_passphrase(self) -> Secret:
        first = self._passphrase("A passphrase for the new sealed vault")
        if self._file is None:
            again = self._passphrase("The same once more")
            if again != first:
                raise CredGuardError(
                    "passphrases-differ",
                    text("The two passphrases differ."),
                    text("Try again. No vault was made."),
                )
        return first

    def _passphrase(self, question: str) -> Secret:
        if self._file is not None:
            return read_passphrase_file(self._file)
        answer = self._ask(question) if self._ask is not None else None
        if answer is None:
            raise Locked(
                "vault-locked",
                text("The sealed vault is locked, and there is nobody to ask."),
                text("Run the command in a terminal, or name a file in CREDGUARD_PASSPHRASE_FILE."),
            )
        if not answer:
            raise CredGuardError(
                "passphrase-empty",
                text("An empty passphrase protects nothing."),
                text("Type the passphrase of the vault."),
            )
        return Secret(answer)


def read_passphrase_file(path: str) -> Secret:
    """The first line of a file that only its owner can read.

    Raises CredGuardError `passphrase-file`.
    """
    try:
        with open(path, encoding="utf-8", newline="") as file:
            status = os.fstat(file.fileno())
            loose = os.name == "posix" and (
                stat.S_IMODE(status.st_mode) & 0o077 or status.st_uid not in {os.geteuid(), 0}
            )
            if loose:
                raise CredGuardError(
                    "passphrase-file",
                    text("Others can read the passphrase file {path}.", path=path),
                    text("Run: chmod 600 {path}", path=path),
                )
            line = file.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CredGuardError(
            "passphrase-file",
            text("The passphrase file {path} cannot be read.", path=path),
            text("See that it exists and holds one line of UTF-8. Nothing was changed."),
            detail=type(error).__name__,
        ) from None
    if not line:
        raise CredGuardError(
            "passphrase-empty",
            text("The passphrase file {path} is empty.", path=path),
            text("Put the passphrase in its first line."),
        )
    return Secret(line)
