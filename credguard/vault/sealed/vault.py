"""An open sealed vault: its items, and how a change reaches the disk.

Under `vault.lock`: reload when another process wrote, replay the change as an operation, write the
next generation whole. See writing.py for the disk, slots.py for who opens it.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, Protocol

from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.secret import Secret
from credguard.domain.text import Text, text
from credguard.system.clock import Clock, SystemClock
from credguard.vault.sealed import argon, format, slots  # noqa: A004 the file's format
from credguard.vault.sealed.format import Compartment, VaultFile, b64, changed
from credguard.vault.sealed.sealing import Damaged, WrongKey, seal, unseal
from credguard.vault.sealed.writing import TRAILER, Copy, Disk, with_copy

KEYS, CODES = "keys", "codes"
Items = dict[str, tuple[str, float]]
Fault = Callable[[str], None]
_CREATED_BY = "credguard 1"


def compartment_of(name: str) -> str:
    """Codes hold `totp/…`; keys hold all else."""
    return CODES if name.startswith("totp/") else KEYS


class Seen(Protocol):
    """Where the generation last seen is noted, outside the vault file (the catalog)."""

    def get(self, vault: str) -> tuple[int, str] | None:
        """Generation and checksum (the trailer, hex) of the file last noted for this vault id."""

    def note(self, vault: str, generation: int, checksum: str, accept: bool = False) -> None:
        """Note them; a lower generation than the noted one only when `accept` says so."""

    def any(self) -> bool:
        """Whether a vault was ever noted."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know of a vault that opened all the same.

    `rolled-back`, `other-branch` (both until accepted) or `mode-mended`.
    """

    code: str
    text: Text


@dataclass(frozen=True, slots=True)
class _Loaded:
    file: VaultFile
    bundle: slots.Bundle
    items: dict[str, Items]
    trailer: bytes
    notice: Notice | None = None


def _no_fault(tick: str) -> None:
    return None


class SealedVault:
    """One vault file, opened with one slot. `alone` is its lock between processes; threads are kept
    apart here. `seen` tells an older file from the newest one."""

    def __init__(
        self,
        path: str,
        alone: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext,
        clock: Clock | None = None,
        fault: Fault = _no_fault,
        seen: Callable[[], Seen] | None = None,
    ) -> None:
        """`seen` is called when the vault is first opened."""
        self._clock: Clock = clock or SystemClock()
        self._disk = Disk(path, self._clock, fault)
        self._alone = alone
        self._make_seen = seen
        self._threads = threading.RLock()
        self._loaded: _Loaded | None = None

    # ── opening ──────────────────────────────────────────────────────────────────────────────────
    @property
    def path(self) -> str:
        return self._disk.path

    @property
    def exists(self) -> bool:
        return self._disk.exists

    @property
    def is_open(self) -> bool:
        return self._loaded is not None

    def create(self, passphrase: Secret, cost: argon.Cost | None = None) -> None:
        """Make an empty vault that `passphrase` opens.

        Raises CredGuardError `vault-exists`, `passphrase-empty`, `no-vault` (there was one, see `is_lost`),
        or what writing raises.
        """
        with self._threads, self._alone():
            if self.exists:
                raise CredGuardError(
                    "vault-exists",
                    text("There is a vault at {path} already.", path=self.path),
                    text("Open it with its passphrase. Nothing was changed."),
                )
            if self.is_lost():
                # A new vault's generations would push the old one's copies out.
                raise self.missing()
            vault = secrets.token_hex(16)
            bundle = slots.Bundle(
                secrets.token_bytes(32), {KEYS: secrets.token_bytes(32), CODES: secrets.token_bytes(32)}
            )
            slot, public = slots.new_passphrase_slot(
                vault, passphrase, cost or argon.calibrate(), (KEYS, CODES), self._now_iso()
            )
            slot = slots.wrap(vault, slot, public, bundle)
            admin = json.dumps({"slots": {slot["id"]: b64(public)}}, sort_keys=True).encode()
            file = VaultFile(
                vault,
                1,
                _CREATED_BY,
                (slot,),
                seal(bundle.head, "admin", admin, f"{vault}/1".encode()),
                tuple(
                    Compartment(n, 1, _seal_items(bundle.compartments[n], vault, n, 1, {}))
                    for n in (KEYS, CODES)
                ),
            )
            self._write(file, bundle)

    def open(self, passphrase: Secret) -> None:
        """Open with a passphrase slot.

        Raises CredGuardError `wrong-passphrase`, `vault-damaged`, `vault-changed`, `vault-newer`,
        `not-a-vault`, `no-vault` or `not-private`; where a whole copy lies beside a damaged file, it is
        named.
        """
        with self._threads:
            try:
                self._open(passphrase)
            except CredGuardError as error:
                if error.code in {"vault-damaged", "vault-changed", "vault-cost", "not-a-vault"}:
                    raise with_copy(error, self.copies()) from None
                raise

    def _open(self, passphrase: Secret) -> None:
        data = self._disk.read()
        file = format.read(data)
        fitting = [slot for slot in file.slots if slot["type"] == "passphrase"]
        for slot in fitting:
            try:
                bundle = slots.open_with_passphrase(file.vault, slot, passphrase)
            except slots.DoesNotFit:
                continue
            self._take(data, bundle)
            return
        if not fitting:
            raise CredGuardError(
                "vault-newer",
                text("This vault opens with something this CredGuard does not know yet."),
                text("Use the version that made it. Nothing was changed."),
            )
        raise slots.wrong_passphrase()

    def close(self) -> None:
        """Forget the keys and items, as far as Python can."""
        self._loaded = None

    # ── what a person should know ────────────────────────────────────────────────────────────────
    def notices(self) -> tuple[Notice, ...]:
        """What was noticed while opening and reading; empty for a vault in order."""
        found = [self._loaded.notice] if self._loaded is not None and self._loaded.notice else []
        if self._disk.mended:
            found.append(
                Notice("mode-mended", text("Others could read or replace the vault file; now only you can."))
            )
        return tuple(found)

    def accept(self) -> None:
        """Take the present file for the newest one: the answer to `rolled-back` and `other-branch`."""
        with self._threads:
            loaded = self._current()
            if self._seen is not None:
                self._seen.note(*_note(loaded), accept=True)
            self._loaded = replace(loaded, notice=None)

    def copies(self) -> tuple[Copy, ...]:
        """Earlier generations that are whole, newest first."""
        return self._disk.copies()

    def is_lost(self) -> bool:
        """There was a vault, and its file is gone: an error, never a reason to begin a new one."""
        if self.exists:
            return False
        with contextlib.suppress(CredGuardError):
            if self._seen is not None and self._seen.any():
                return True
        return bool(self.copies())

    def missing(self) -> CredGuardError:
        """The error for a vault that should be here and is not; names the newest whole copy."""
        return self._disk.missing()

    def use_copy(self, copy: Copy) -> str | None:
        """Put `copy` in the vault's place, when a person says so; returns where the old file went.

        The vault is closed after it, and says `rolled-back` when it is opened.
        """
        with self._threads, self._alone():
            self.close()
            return self._disk.use(copy)

    # ── items ────────────────────────────────────────────────────────────────────────────────────
    def get(self, name: str) -> str | None:
        """The value of one item. Raises Locked where this slot does not open its compartment."""
        with self._threads:
            loaded = self._current()
            which = compartment_of(name)
            if loaded.file.compartment(which) is None:
                return None
            found = _opened(loaded, which).get(name)
            return None if found is None else found[0]

    def names(self) -> tuple[str, ...]:
        """The names of all items in the compartments that are open, sorted."""
        with self._threads:
            return tuple(sorted(n for items in self._current().items.values() for n in items))

    def put(self, name: str, value: str, replace_it: bool = True) -> bool:
        """Add or replace one item; on disk, read back and compared when this returns.

        False, and nothing done, where there is one already that is not to be replaced.
        """
        with self._threads, self._alone():
            loaded = self._current()
            which = compartment_of(name)
            if not replace_it and name in _opened(loaded, which):
                return False
            self._change(loaded, which, {**_opened(loaded, which), name: (value, self._clock.now())})
            if self.get(name) != value:
                raise CredGuardError(
                    "read-back-differs",
                    text("The sealed vault did not give back what was stored."),
                    text("Check the disk, then try again. Nothing that depends on it was changed."),
                )
            return True

    def remove(self, name: str) -> None:
        """Take one item away; nothing happens where there is none."""
        with self._threads, self._alone():
            loaded = self._current()
            which = compartment_of(name)
            if loaded.file.compartment(which) is not None and name in _opened(loaded, which):
                left = {n: item for n, item in _opened(loaded, which).items() if n != name}
                self._change(loaded, which, left)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────
    def _change(self, loaded: _Loaded, which: str, items: Items) -> None:
        file, bundle = loaded.file, loaded.bundle
        generation = file.generation + 1
        body = _seal_items(bundle.compartments[which], file.vault, which, generation, items)
        admin = _unseal(bundle.head, "admin", file.admin, f"{file.vault}/{file.generation}")
        changed_file = replace(
            file,
            generation=generation,
            # The other compartment's body is copied byte for byte.
            compartments=tuple(
                replace(c, generation=generation, body=body) if c.name == which else c
                for c in file.compartments
            ),
            admin=seal(bundle.head, "admin", admin, f"{file.vault}/{generation}".encode()),
        )
        self._write(changed_file, bundle)

    def _write(self, file: VaultFile, bundle: slots.Bundle) -> None:
        self._disk.replace(format.write(file, bundle.head))
        self._take(self._disk.read(), bundle)

    def _current(self) -> _Loaded:
        """What is on disk now; read again when another process wrote."""
        loaded = self._loaded
        if loaded is None:
            raise Locked(
                "vault-locked",
                text("The sealed vault is locked."),
                text("Open it with its passphrase. Nothing was changed."),
            )
        if loaded.trailer != self._disk.trailer():
            try:
                self._take(self._disk.read(), loaded.bundle)
            except CredGuardError:
                # Sealed anew with other keys, or not ours any more: the next use starts from the file.
                self.close()
                raise
        return self._loaded or loaded

    def _take(self, data: bytes, bundle: slots.Bundle) -> None:
        while True:
            loaded = self._parse(data, bundle)
            notice = self._compare(loaded)
            # What was noted may be younger than what was read here: then the disk has it by now.
            again = data if notice is None else self._disk.read()
            if again == data:
                break
            data = again
        self._loaded = replace(loaded, notice=notice)

    def _parse(self, data: bytes, bundle: slots.Bundle) -> _Loaded:
        file = format.read(data)
        format.verify(data, bundle.head)
        found: dict[str, Items] = {}
        for name, key in bundle.compartments.items():
            compartment = file.compartment(name)
            if compartment is None:
                raise changed()
            ad = f"{file.vault}/{name}/{compartment.generation}"
            found[name] = _items(format.unpad(_unseal(key, "compartment", compartment.body, ad)))
        return _Loaded(file, bundle, found, data[-TRAILER:])

    @functools.cached_property
    def _seen(self) -> Seen | None:
        return self._make_seen() if self._make_seen is not None else None

    def _compare(self, loaded: _Loaded) -> Notice | None:
        """Against what was noted; notes what is newer. A note that cannot be kept never stops a save."""
        with contextlib.suppress(CredGuardError):
            if self._seen is None:
                return None
            vault, generation, checksum = _note(loaded)
            noted = self._seen.get(vault)
            if noted is None or generation > noted[0]:
                self._seen.note(vault, generation, checksum)
            elif generation < noted[0]:
                return Notice(
                    "rolled-back",
                    text("The vault is older than the one used last (generation {n}, not {last}): "
                         "a restored backup, or somebody’s doing.", n=generation, last=noted[0]),
                )  # fmt: skip
            elif checksum != noted[1]:
                return Notice(
                    "other-branch",
                    text("The vault was written in two places at once: this is not the file used last."),
                )
        return None

    def _now_iso(self) -> str:
        now = datetime.datetime.fromtimestamp(self._clock.now(), datetime.UTC)
        return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def _opened(loaded: _Loaded, which: str) -> Items:
    if loaded.file.compartment(which) is None:
        raise CredGuardError(
            "no-compartment",
            text("This vault has no place for {what}.", what=which),
            text("Nothing was changed. See where they are kept: credguard settings"),
        )
    if which not in loaded.items:
        raise Locked(
            "compartment-locked",
            text("The {what} in this vault need another passphrase or key.", what=which),
            text("Open the vault with one that opens them. Nothing was changed."),
        )
    return loaded.items[which]


def _note(loaded: _Loaded) -> tuple[str, int, str]:
    # The trailer is the SHA-256 of all before it.
    return loaded.file.vault, loaded.file.generation, loaded.trailer.hex()


def _seal_items(key: bytes, vault: str, name: str, generation: int, items: Items) -> bytes:
    document = {
        "v": 1,
        "items": [{"name": n, "value": v, "changed": at} for n, (v, at) in sorted(items.items())],
    }
    plain = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    return seal(key, "compartment", format.pad(plain), f"{vault}/{name}/{generation}".encode())


def _items(plain: bytes) -> Items:
    try:
        document: Any = json.loads(plain)
        return {str(e["name"]): (str(e["value"]), float(e["changed"])) for e in _entries(document)}
    except (ValueError, KeyError, TypeError):
        raise changed() from None


def _entries(document: Any) -> Iterator[Any]:
    yield from document["items"]


def _unseal(key: bytes, purpose: str, sealed: bytes, ad: str) -> bytes:
    try:
        return unseal(key, purpose, sealed, ad.encode())
    except (WrongKey, Damaged):
        raise changed() from None
