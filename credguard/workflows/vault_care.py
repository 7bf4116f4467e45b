"""Looking after the sealed vault: its ways in, its copies, what to do when the file is not the one expected.

What a face needs in one place; the rules are in `vault/sealed/`. Changes open the vault anew where that
is needed, and ask their person before any lock is taken.
"""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from credguard.catalog.activity import Activity
from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.domain.text import Text, text
from credguard.files.reseal import renew
from credguard.system.bounded import read_bounded
from credguard.system.clock import Clock
from credguard.vault.filebackup import BackupSealer
from credguard.vault.sealed import argon, recovery, rules
from credguard.vault.sealed.backend import SealedBackend
from credguard.vault.sealed.credentials import (
    Credential,
    KeychainItems,
    KeychainKey,
    Passphrase,
    RecoveryCode,
    SecurityKey,
    SecurityKeys,
)
from credguard.vault.sealed.format import MAX_FILE
from credguard.vault.sealed.merge import Merged, merge
from credguard.vault.sealed.slot_changes import SlotChanges
from credguard.vault.sealed.slots import SlotView
from credguard.vault.sealed.writing import Copy
from credguard.vault.security_key_errors import nobody_here
from credguard.vault.store import SecretStore
from credguard.wire import items

TYPES = ("passphrase", "recovery", "keychain", "fido2")


@dataclass(frozen=True, slots=True)
class WayIn:
    """A slot as a page shows it. `due`: not proved for 180 days; `stays`: why it cannot be removed now."""

    slot: SlotView
    due: bool
    stays: Text | None = None


@dataclass(frozen=True, slots=True)
class VaultState:
    """What can be said of the vault without opening it. `without_recovery`: compartments."""

    path: str
    compartments: tuple[str, ...]
    ways: tuple[WayIn, ...]
    without_recovery: tuple[str, ...]
    advice: Text | None

    def needs_key(self, part: str) -> bool:
        """Whether nothing but a security key (or the recovery code) opens this part."""
        kinds = {way.slot.type for way in self.ways if part in way.slot.opens}
        return "fido2" in kinds and not kinds & {"passphrase", "keychain"}

    def why_not(self, part: str) -> Text | None:
        """Why this part cannot need a security key now; None where it can."""
        kinds = [way.slot.type for way in self.ways if part in way.slot.opens]
        if "fido2" not in kinds:
            return text("Add a security key first.")
        if kinds.count("fido2") < 2 and "recovery" not in kinds:
            return text("Add a second security key or a recovery code first.")
        return None

    def loses_passphrase(self, part: str) -> bool:
        """Whether a passphrase would open nothing any more once this part needs a key."""
        return any(way.slot.type == "passphrase" and set(way.slot.opens) <= {part} for way in self.ways)


@dataclass(frozen=True, slots=True)
class RemovedWay:
    """What is left to do after a slot was removed: what it could open, by name, and what still can."""

    slot: SlotView
    access_keys: tuple[str, ...]
    codes: tuple[str, ...]
    set_aside: tuple[str, ...]


class Given(Protocol):
    """What a person gives for a way in: asked by the face when it is needed."""

    def passphrase(self, question: str) -> Secret: ...

    def recovery_code(self) -> Secret: ...


class VaultCare:
    """`backend` is the vault, opened by this process alone: never through the agent, whose keys are the old
    ones after a removal. `backups` is the folder of the sealed copies of files."""

    def __init__(
        self,
        backend: SealedBackend,
        *,
        keychain: KeychainItems,
        keys: Callable[[], SecurityKeys] | None,
        activity: Callable[[], Activity],
        backups: str,
        clock: Clock,
        cost: argon.Cost | None = None,
        alone: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext,
    ) -> None:
        """`alone`: one process at a time seals the copies anew."""
        self._backend = backend
        self._vault = backend.vault
        self._keychain = keychain
        self._keys = keys
        self._activity = activity
        self._backups = backups
        self._clock = clock
        self._cost = cost
        self._alone = alone

    # ── looking ──────────────────────────────────────────────────────────────────────────────────
    @property
    def exists(self) -> bool:
        return self._vault.exists

    def state(self) -> VaultState:
        """Without opening anything. Raises as `SealedVault.slots`."""
        slots, compartments = self._vault.slots(), self._vault.compartments()
        plain = [{"type": slot.type, "opens": slot.opens} for slot in slots]
        return VaultState(
            self._vault.path,
            compartments,
            tuple(
                WayIn(slot, self._is_due(slot), _stays(slots, at, compartments))
                for at, slot in enumerate(slots)
            ),
            rules.without_recovery(plain, compartments),
            rules.advice(plain),
        )

    def find(self, name: str) -> SlotView:
        """The slot a person means: its label, id (or the start of it), or type where that is the only one.

        Raises CredGuardError `no-such-slot`, `several-fit`.
        """
        slots = self._vault.slots()
        for fits in (
            [slot for slot in slots if name in {slot.label, slot.id}],
            [slot for slot in slots if slot.label.casefold() == name.casefold()],
            [slot for slot in slots if len(name) >= 4 and slot.id.startswith(name.lower())],
            [slot for slot in slots if slot.type == name.lower()],
        ):
            if len(fits) == 1:
                return fits[0]
            if fits:
                raise CredGuardError(
                    "several-fit",
                    text("{name} fits several ways in: {list}.", name=name,
                         list=", ".join(f"{slot.label or slot.type} ({slot.id[:8]})" for slot in fits)),
                    text("Name one by the start of its id."),
                )  # fmt: skip
        raise CredGuardError(
            "no-such-slot",
            text("This vault has no such way in: {id}.", id=name),
            text("All of them: credguard vault slots"),
        )

    # ── ways in ──────────────────────────────────────────────────────────────────────────────────
    def open(self, opens: Sequence[str] | None = None) -> None:
        """Open these compartments (None: all), asking where that is needed."""
        if opens is None:
            self._backend.open_all()
        for which in opens or ():
            self._backend.open(which)
        sealer = self._sealer()
        if sealer is not None and sealer.is_due:
            self.renew_file_backups()

    def add_passphrase(self, words: Secret, label: str = "", opens: Sequence[str] | None = None) -> SlotView:
        return self._add(Passphrase(words, self._cost), label, opens)

    def add_recovery(self, code: Secret, label: str = "", opens: Sequence[str] | None = None) -> SlotView:
        """`code` from `new_code`, after its person proved to have written it down."""
        return self._add(RecoveryCode(code), label, opens)

    def add_keychain(self, label: str = "", opens: Sequence[str] | None = None) -> SlotView:
        """By default the keys alone: any program could read codes that the keychain opens."""
        default = [n for n in ("keys",) if n in self._vault.compartments()] or None
        return self._add(KeychainKey(self._keychain), label, opens if opens is not None else default)

    def add_security_key(
        self, label: str = "", opens: Sequence[str] | None = None, together: Secret | None = None
    ) -> SlotView:
        """`together`: a passphrase that is needed with this key."""
        words = None if together is None else (lambda: together)
        return self._add(self._security_key(words, together is not None), label, opens)

    @staticmethod
    def new_code() -> Secret:
        """A fresh recovery code; nothing is stored yet."""
        return recovery.generate()

    def rename(self, slot: SlotView, label: str) -> SlotView:
        self.open(slot.opens)
        return self._changes.rename(slot.id, label)

    def remove(self, slot: SlotView) -> RemovedWay:
        """New keys for everything, also for the sealed copies of files. Raises as `SlotChanges.remove`."""
        self.open()
        with self._new_keys():
            self._changes.remove(slot.id)
        self._note(text("removed a way into the vault: {name}", name=slot.label or slot.type))
        self.renew_file_backups()
        names = self._vault.names()
        could = [n for n in names if ("codes" if n.startswith("totp/") else "keys") in slot.opens]
        return RemovedWay(
            slot,
            tuple(n.partition("/")[2] for n in could if n.startswith("access-key/")),
            tuple(self._name_of_code(n) for n in could if n.startswith("totp/")),
            self._vault.set_aside(),
        )

    def need_key(self, part: str, on: bool) -> None:
        """Whether the `keys` or the `codes` need a security key: then no passphrase and no keychain opens
        them, a recovery code does. Everything has to be open, and gets new keys where it is turned on.

        Raises CredGuardError `slot-few`, `slot-last`, `no-passphrase`, and as `open`.
        """
        self.open()
        if on:
            with self._new_keys():
                self._changes.narrow(part, {"passphrase", "keychain"})
            self.renew_file_backups()
            self._note(text("let the {what} need a security key", what=part))
            return
        if not any(slot.type == "passphrase" for slot in self._vault.slots()):
            raise CredGuardError(
                "no-passphrase",
                text("This vault has no passphrase that could open the {what}.", what=part),
                text("Add one first: credguard vault add passphrase"),
            )
        self._changes.widen(part, {"passphrase"})
        self._note(text("let the passphrase open the {what} again", what=part))

    def renew_file_backups(self) -> None:
        """Seal the copies in `backups/` with a new key, where this vault holds the old one; also what an
        interrupted renewal left to do. Safe to repeat."""
        sealer = self._sealer()
        if sealer is not None:
            with self._alone():
                renew(self._backups, sealer)

    def _sealer(self) -> BackupSealer | None:
        """Of the copies in `backups/`, where this vault holds their key and is open."""
        if "keys" not in self._vault.opened or self._vault.get(items.FILE_BACKUP) is None:
            return None
        return BackupSealer(SecretStore(self._backend, "sealed", "", listing=self._backend))

    @contextlib.contextmanager
    def _new_keys(self) -> Iterator[None]:
        """Around a change after which the copies need a new key. Noted first: a kill forgets it not."""
        sealer = self._sealer()
        if sealer is not None:
            sealer.want_new_key()
        try:
            yield
        except CredGuardError:  # refused: all is as it was
            if sealer is not None:
                with contextlib.suppress(CredGuardError):
                    sealer.want_new_key(False)
            raise

    def prove(self, slot: SlotView, given: Given) -> SlotView:
        """Open the file with this very slot, and note the day."""
        return self._changes.prove(slot.id, self._credential(slot, given))

    def change_passphrase(self, slot: SlotView, words: Secret, known_to_others: bool = False) -> SlotView:
        """`known_to_others`: as when a slot is removed, new keys for everything."""
        self.open(None if known_to_others else slot.opens)
        with self._new_keys() if known_to_others else contextlib.nullcontext():
            view = self._changes.change_passphrase(slot.id, Passphrase(words, self._cost), known_to_others)
        if known_to_others:
            self.renew_file_backups()
        self._note(text("changed a passphrase of the vault"))
        return view

    def strengthen(self, slot: SlotView, words: Secret) -> SlotView:
        """The same passphrase at today's cost."""
        return self._changes.strengthen(slot.id, Passphrase(words, self._cost))

    def new_recovery(self, code: Secret, label: str = "") -> SlotView:
        """A new code that opens all of the vault, then the old codes that opened no more are removed."""
        self.open()
        old = [slot for slot in self._vault.slots() if slot.type == "recovery"]
        view = self.add_recovery(code, label)
        for slot in old:
            self.remove(slot)
        return view

    # ── when the file is not the one expected ────────────────────────────────────────────────────
    def warnings(self) -> tuple[Text, ...]:
        """Opens the vault. What `accept` answers."""
        self._open_any()
        return self.noticed()

    def noticed(self) -> tuple[Text, ...]:
        """What was noticed while the vault was opened here, if it was."""
        return tuple(notice.text for notice in self._vault.notices() if notice.warns)

    def accept(self) -> tuple[Text, ...]:
        """Take the present file for the newest; returns the warnings that this ended."""
        ended = self.warnings()
        if ended:
            self._vault.accept()
            self._note(text("accepted the vault file as it is"))
        return ended

    def copies(self) -> tuple[Copy, ...]:
        """Earlier generations that are whole, newest first."""
        return self._vault.copies()

    def use_copy(self, copy: Copy) -> str | None:
        """Put a copy in the vault's place; returns where the file went that stood there."""
        aside = self._vault.use_copy(copy)
        self._note(text("put a copy of the vault in its place (generation {n})", n=copy.generation))
        return aside

    def merge(self, path: str) -> Merged:
        """Another branch of this vault, taken into it. Raises as `merge`, and `file-unreadable`."""
        data = read_bounded(path, MAX_FILE)
        self.open()
        merged = merge(self._vault, data)
        self._note(text("merged another copy of the vault"))
        return merged

    # ── inside ───────────────────────────────────────────────────────────────────────────────────
    @property
    def _changes(self) -> SlotChanges:
        return SlotChanges(self._vault, self._keychain)

    def _add(self, credential: Credential, label: str, opens: Sequence[str] | None) -> SlotView:
        self.open(opens)
        view = self._changes.add(credential, label, opens)
        self._note(text("added a way into the vault: {name}", name=view.label or view.type))
        return view

    def _credential(self, slot: SlotView, given: Given) -> Credential:
        if slot.type == "passphrase":
            return Passphrase(given.passphrase("Passphrase to test"))
        if slot.type == "recovery":
            return RecoveryCode(given.recovery_code())
        if slot.type == "keychain":
            return KeychainKey(self._keychain)
        return self._security_key(lambda: given.passphrase("Passphrase that goes with this security key"))

    def _security_key(self, words: Callable[[], Secret] | None, together: bool = False) -> SecurityKey:
        if self._keys is None:
            raise nobody_here()
        return SecurityKey(self._keys(), words, together, self._cost)

    def _open_any(self) -> None:
        if not self._vault.exists:
            raise self._vault.missing()
        if not self._vault.is_open:
            self._backend.open(self._vault.compartments()[0])

    def _is_due(self, slot: SlotView) -> bool:
        """Never proved counts from the day it was added."""
        try:
            last = datetime.datetime.fromisoformat((slot.proved or slot.created).replace("Z", "+00:00"))
        except ValueError:
            return True
        return self._clock.now() - last.timestamp() > rules.REMIND_SECONDS

    def _name_of_code(self, item: str) -> str:
        try:
            name = items.decode(self._vault.get(item) or "").get("name")
        except ValueError:
            name = None
        return str(name or item.partition("/")[2])

    def _note(self, action: Text) -> None:
        self._activity().record(self._clock.now(), "you", action)


def _stays(slots: Sequence[SlotView], at: int, compartments: Sequence[str]) -> Text | None:
    """Why the slot at this place has to stay, by the rule that `remove` follows; None where it need not."""
    left = [{"type": slot.type, "opens": slot.opens} for n, slot in enumerate(slots) if n != at]
    try:
        rules.check(left, compartments)
    except CredGuardError as error:
        return error.what
    return None
