"""The sealed vault with a keyring backend's three methods: opened on first use, once per process."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from credguard.domain import passphrase as words
from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.secret import Secret
from credguard.domain.text import Text, text
from credguard.vault.sealed import argon, recovery
from credguard.vault.sealed.body import CODES, KEYS, compartment_of
from credguard.vault.sealed.credentials import (
    FIDO2,
    KEYCHAIN,
    PASSPHRASE,
    RECOVERY,
    Credential,
    KeychainItems,
    KeychainKey,
    Passphrase,
    RecoveryCode,
    SecurityKey,
    SecurityKeys,
)
from credguard.vault.sealed.slot_changes import SlotChanges
from credguard.vault.sealed.slots import SlotView
from credguard.vault.sealed.vault import SealedVault

Ask = Callable[[str], "str | None"]
T = TypeVar("T")
#: How often a person may mistype before the command gives up.
TRIES = 3
_LONGEST = 1 << 16  # characters of a passphrase file's first line
_RETRIED = {"wrong-passphrase", "recovery-code", "wrong-recovery-code", "pin-wrong", "key-untouched"}


@dataclass(frozen=True)
class Ways:
    """The ways in besides a passphrase, where this process has them.

    `keys` gives the security keys with somebody before them. `keeps_code(code)`: a person was shown the
    recovery code of a new vault and proved to have written it down; False = none is made.
    """

    keychain: KeychainItems | None = None
    keys: Callable[[], SecurityKeys] | None = None
    keeps_code: Callable[[Secret], bool] | None = None


class SealedBackend:
    """Opens the vault on first use: with the passphrase file, the keychain, or by asking.

    Only what the item at hand needs is opened: a vault whose codes ask for more than its keys asks for it
    when a code is wanted.
    """

    def __init__(
        self,
        vault: SealedVault,
        ask: Ask | None = None,
        passphrase_file: str | None = None,
        cost: argon.Cost | None = None,
        ways: Ways | None = None,
        compartments: tuple[str, ...] = (KEYS, CODES),
    ) -> None:
        """`compartments` are those of a vault that is made anew."""
        self._vault = vault
        self._ask = ask
        self._file = passphrase_file
        self._cost = cost
        self._ways = ways or Ways()
        self._compartments = compartments
        self._opening = threading.RLock()

    @property
    def vault(self) -> SealedVault:
        return self._vault

    def get_password(self, service: str, username: str) -> str | None:
        which = compartment_of(username)
        return self._again(lambda: self._vault.get(username) if self.open(which) else None)

    def set_password(self, service: str, username: str, password: str) -> None:
        def put() -> None:
            self._open_or_create(compartment_of(username))
            self._vault.put(username, password)

        self._again(put)

    def add_password(self, service: str, username: str, password: str) -> bool:
        """As `set_password`, unless there is one: then False, and nothing is changed."""

        def put() -> bool:
            self._open_or_create(compartment_of(username))
            return self._vault.put(username, password, replace_it=False)

        return self._again(put)

    def set_passwords(self, service: str, values: Mapping[str, str]) -> None:
        """Several items of one compartment in one write of the file: all of them, or none."""

        def put() -> None:
            for name in values:
                self._open_or_create(compartment_of(name))
                break
            self._vault.put_all(values)

        self._again(put)

    def delete_password(self, service: str, username: str) -> None:
        def remove() -> None:
            if self.open(compartment_of(username)):
                self._vault.remove(username)

        self._again(remove)

    def names(self, prefix: str = "") -> tuple[str, ...]:
        def names() -> tuple[str, ...]:
            needed = (compartment_of(prefix),) if prefix else (KEYS, CODES)
            opened = [which for which in needed if self.open(which)]
            return self._vault.names() if opened else ()

        return self._again(names)

    def changed(self, name: str) -> float | None:
        return self._vault.changed(name) if self.open(compartment_of(name)) else None

    def notices(self) -> tuple[Text, ...]:
        return tuple(notice.text for notice in self._vault.notices() if notice.warns)

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
        """Open the vault with a passphrase or a recovery code. Raises what `SealedVault.unlock` raises."""
        with self._opening:
            if not self._vault.is_open:
                kinds = {slot.type for slot in self._vault.slots()}
                self._vault.unlock(as_typed(passphrase, kinds))

    def lock(self) -> None:
        """Forget the opened vault; the next use asks again."""
        self._vault.close()

    # ── opening ──────────────────────────────────────────────────────────────────────────────────
    def open(self, which: str) -> bool:
        """Open compartment `which`; False where there is no vault yet, or none that has it.

        Raises what opening raises, and `no-vault` for a vault that was there and is gone.
        """
        with self._opening:
            if which in self._vault.opened:
                return True
            if not self._vault.exists:
                if self._vault.is_lost():
                    raise self._vault.missing()
                return False
            if which not in self._vault.compartments():
                return False
            self._unlock(which)
            return True

    def open_all(self) -> None:
        """Open every compartment, as a change of slots may need. Raises as `open`, and `no-vault`."""
        if not self._vault.exists:
            raise self._vault.missing()
        for which in self._vault.compartments():
            self.open(which)

    def create(self) -> None:
        """Make the vault; nothing happens where another process made it meanwhile. Raises as
        `SealedVault.create`."""
        with self._opening:
            try:
                self._vault.create(self._new_passphrase(), self._cost, self._compartments)
            except CredGuardError as error:
                if error.code != "vault-exists":
                    raise
                return
            code = recovery.generate()
            if self._ways.keeps_code is not None and self._ways.keeps_code(code):
                SlotChanges(self._vault).add(RecoveryCode(code), "")

    def _open_or_create(self, which: str) -> None:
        while not self.open(which):
            with self._opening:
                if self._vault.exists:
                    self.open_all()
                    return  # `put` says that there is no place for it
                self.create()

    def _again(self, call: Callable[[], T]) -> T:
        """Once more where another process removed a slot: the vault is then opened anew."""
        try:
            return call()
        except Locked as error:
            if error.code != "vault-rekeyed":
                raise
            return call()

    def _unlock(self, which: str) -> None:
        slots = [slot for slot in self._vault.slots() if which in slot.opens]
        kinds = {slot.type for slot in slots}
        quiet = KEYCHAIN in kinds and self._file is None and self._ways.keychain is not None
        if quiet and self._with_keychain(which):
            return
        if self._file is not None and PASSPHRASE in kinds:
            self._with_file()
        else:
            self._with_person(slots)
        if which not in self._vault.opened:
            raise Locked(
                "compartment-locked",
                text("The {what} in this vault need another passphrase or key.", what=which),
                text("Open the vault with one that opens them. Nothing was changed."),
            )

    def _with_keychain(self, which: str) -> bool:
        assert self._ways.keychain is not None
        try:
            self._vault.unlock(KeychainKey(self._ways.keychain))
        except CredGuardError as error:
            if error.code in {"no-keychain-slot", "store-silent", "store-locked", "item-unreadable"}:
                return False
            raise
        return which in self._vault.opened

    def _with_file(self) -> None:
        assert self._file is not None
        try:
            self._vault.unlock(Passphrase(read_passphrase_file(self._file)))
        except CredGuardError as error:
            if error.code != "wrong-passphrase":
                raise
            raise CredGuardError(
                "wrong-passphrase",
                text("The passphrase in {path} is not the one of this vault.", path=self._file),
                text("Put the right one there. Nothing was changed."),
            ) from None

    def _with_person(self, slots: list[SlotView]) -> None:
        kinds = {slot.type for slot in slots}
        keys = self._ways.keys if FIDO2 in kinds else None
        wrong = ""
        for tried in range(1, TRIES + 1):
            try:
                self._once(kinds, keys, wrong)
                return
            except CredGuardError as error:
                if error.code not in _RETRIED or tried == TRIES:
                    raise
                wrong = words.WRONG if error.code == "wrong-passphrase" else f"{error.what} "

    def _once(self, kinds: set[str], keys: Callable[[], SecurityKeys] | None, wrong: str) -> None:
        """One question, or one touch."""
        if keys is not None and not kinds & {PASSPHRASE, RECOVERY}:
            self._vault.unlock(SecurityKey(keys(), self._words))
            return
        question = words.OPEN if PASSPHRASE in kinds else words.RECOVERY
        hint = words.OR_KEY if keys is not None else ""
        # A window knows `words.OPEN` and `words.AGAIN`, which is the one after a wrong passphrase.
        typed = self._answer(f"{wrong}{question}{hint}")
        if not typed and keys is not None:
            self._vault.unlock(SecurityKey(keys(), self._words))
        else:
            self._vault.unlock(as_typed(typed, kinds))

    def _words(self) -> Secret:
        return _not_empty(self._answer("Passphrase that goes with this security key"))

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
        return (
            read_passphrase_file(self._file) if self._file is not None else _not_empty(self._answer(question))
        )

    def _answer(self, question: str) -> Secret:
        answer = self._ask(question) if self._ask is not None else None
        if answer is None:
            raise Locked(
                "vault-locked",
                text("The sealed vault is locked, and there is nobody to ask."),
                text("Open it with: credguard unlock, or name a file in CREDGUARD_PASSPHRASE_FILE."),
            )
        return Secret(answer)


def as_typed(typed: Secret, kinds: set[str]) -> Credential:
    """What a person typed, as what it is: a code checks itself, and may lack its CG1; any other words that
    start like one may still be somebody's passphrase."""
    if RECOVERY in kinds and (PASSPHRASE not in kinds or recovery.is_whole(typed)):
        return RecoveryCode(typed)
    if RECOVERY in kinds and typed.reveal().strip().lower().startswith("cg1"):
        return _PassphraseOrCode(typed)
    return Passphrase(_not_empty(typed))


class _PassphraseOrCode(Passphrase):
    """Where it is not the passphrase, it is a mistyped code: which group looks wrong is said."""

    def misses(self) -> CredGuardError:
        try:
            recovery.parse(self.words)
        except CredGuardError as error:
            return error
        return super().misses()


def _not_empty(typed: Secret) -> Secret:
    if not typed:
        raise CredGuardError(
            "passphrase-empty",
            text("An empty passphrase protects nothing."),
            text("Type the passphrase of the vault."),
        )
    return typed


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
