"""The sealed vault with a keyring backend's three methods: opened on first use, once per process."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable

from credguard.domain import passphrase as words
from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.secret import Secret
from credguard.domain.text import Text, text
from credguard.vault.sealed import argon
from credguard.vault.sealed.vault import SealedVault

Ask = Callable[[str], "str | None"]
#: How often a person may mistype before the command gives up.
TRIES = 3
_LONGEST = 1 << 16  # characters of a passphrase file's first line


class SealedBackend:
    """Opens the vault on first use, with the passphrase file or by asking."""

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
        self._opening = threading.Lock()

    @property
    def vault(self) -> SealedVault:
        return self._vault

    def get_password(self, service: str, username: str) -> str | None:
        return self._vault.get(username) if self._open() else None

    def set_password(self, service: str, username: str, password: str) -> None:
        self._open_or_create()
        self._vault.put(username, password)

    def add_password(self, service: str, username: str, password: str) -> bool:
        """As `set_password`, unless there is one: then False, and nothing is changed."""
        self._open_or_create()
        return self._vault.put(username, password, replace_it=False)

    def delete_password(self, service: str, username: str) -> None:
        if self._open():
            self._vault.remove(username)

    def names(self) -> tuple[str, ...]:
        return self._vault.names() if self._open() else ()

    def changed(self, name: str) -> float | None:
        return self._vault.changed(name) if self._open() else None

    def notices(self) -> tuple[Text, ...]:
        return tuple(notice.text for notice in self._vault.notices())

    # ── opening and closing by a face ────────────────────────────────────────────────────────────
    @property
    def asks(self) -> bool:
        """Whether a person has to type the passphrase: there is a vault, closed, and no file names it."""
        return self._file is None and self._vault.exists and not self._vault.is_open

    @property
    def fresh(self) -> bool:
        """Whether a vault has to be made first, with a passphrase that a person chooses."""
        return self._file is None and not self._vault.exists

    def unlock(self, passphrase: Secret) -> None:
        """Open the vault. Raises what `SealedVault.open` raises."""
        with self._opening:
            if not self._vault.is_open:
                self._vault.open(passphrase)

    def lock(self) -> None:
        """Forget the opened vault; the next use asks again."""
        self._vault.close()

    # ── inside ───────────────────────────────────────────────────────────────────────────────────
    def _open(self) -> bool:
        """False where there is no vault yet, and none was ever used."""
        with self._opening:
            if self._vault.is_open:
                return True
            if not self._vault.exists:
                if self._vault.is_lost():
                    raise self._vault.missing()
                return False
            self._unlock()
            return True

    def _open_or_create(self) -> None:
        while not self._open():
            with self._opening:
                if not self._vault.exists:
                    try:
                        self._vault.create(self._new_passphrase(), self._cost)
                    except CredGuardError as error:
                        if error.code != "vault-exists":  # another process made it meanwhile: it is opened
                            raise

    def _unlock(self) -> None:
        question = words.OPEN
        for tried in range(1, TRIES + 1):
            try:
                self._vault.open(self._passphrase(question))
                return
            except CredGuardError as error:
                if error.code != "wrong-passphrase":
                    raise
                if self._file is not None:
                    raise CredGuardError(
                        "wrong-passphrase",
                        text("The passphrase in {path} is not the one of this vault.", path=self._file),
                        text("Put the right one there. Nothing was changed."),
                    ) from None
                if tried == TRIES:
                    raise
                question = words.AGAIN

    def _new_passphrase(self) -> Secret:
        first = self._passphrase(words.NEW)
        if self._file is None:
            again = self._passphrase(words.REPEAT)
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

    Raises CredGuardError `passphrase-file`, or `passphrase-empty`.
    """
    try:
        # A byte order mark is the editor's, not the person's.
        with open(path, encoding="utf-8-sig", newline="") as file:
            status = os.fstat(file.fileno())
            if os.name == "posix" and (
                stat.S_IMODE(status.st_mode) & 0o077 or status.st_uid not in {os.geteuid(), 0}
            ):
                raise CredGuardError(
                    "passphrase-file",
                    text("Others can read the passphrase file {path}.", path=path),
                    text("Make it yours alone: chmod 600 {path}", path=path),
                )
            line = file.readline(_LONGEST).removesuffix("\n").removesuffix("\r")
    except (OSError, ValueError) as error:
        raise CredGuardError(
            "passphrase-file",
            text("The passphrase file {path} cannot be read.", path=path),
            text("See that it exists and holds one line of UTF-8. Nothing was changed."),
            detail=type(error).__name__,
        ) from None
    if not line:
        raise CredGuardError(
            "passphrase-empty",
            text("The passphrase file {path} has an empty first line.", path=path),
            text("Put the passphrase there. Nothing was changed."),
        )
    return Secret(line)
