"""An open sealed vault: its items, and how a change reaches the disk.

Under `vault.lock`: reload when another process wrote, replay the change as an operation, write the
next generation whole. See writing.py for the disk, slots.py for who opens it.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import secrets
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.system.clock import Clock, SystemClock
from credguard.vault.sealed import argon, body, format, rules  # noqa: A004 the file's format
from credguard.vault.sealed.body import CODES, KEYS, Items, compartment_of
from credguard.vault.sealed.credentials import Credential, Passphrase, Prepared
from credguard.vault.sealed.format import Compartment, VaultFile, changed
from credguard.vault.sealed.lineage import following, lineage_of
from credguard.vault.sealed.seen import Notice, Seen, compare, leave_open
from credguard.vault.sealed.slots import Bundle, DoesNotFit, SlotView, new_slot, open_slot, wrap
from credguard.vault.sealed.views import no_such_slot, rekeyed, view_of
from credguard.vault.sealed.writing import TRAILER, Copy, Disk, with_copy

Fault = Callable[[str], None]
_CREATED_BY = "credguard 1"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A generation of the file, opened: the keys at hand and the items of what they open."""

    file: VaultFile
    bundle: Bundle
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
        self._loaded: Loaded | None = None

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

    def create(
        self,
        passphrase: Secret,
        cost: argon.Cost | None = None,
        compartments: Sequence[str] = (KEYS, CODES),
    ) -> None:
        """Make an empty vault that `passphrase` opens.

        Raises CredGuardError `vault-exists`, `passphrase-empty`, `no-vault` (there was one, see `is_lost`),
        or what writing raises.
        """
        self.create_with(Passphrase(passphrase, cost), compartments)

    def create_with(
        self, credential: Credential, compartments: Sequence[str] = (KEYS, CODES), label: str = ""
    ) -> None:
        """Make an empty vault with one slot, which opens all of it. Raises as `create`, and `slot-few`."""
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
            vault, slot_id = secrets.token_hex(16), str(uuid.uuid4())
            bundle = Bundle(secrets.token_bytes(32), {n: secrets.token_bytes(32) for n in compartments})
            parameters, kek = credential.enrol(vault, slot_id, ())
            slot, public = new_slot(
                vault, credential.type, kek, compartments, self.now_iso(), label, parameters, slot_id
            )
            rules.check([slot], compartments)
            file = VaultFile(
                vault,
                1,
                _CREATED_BY,
                (wrap(vault, slot, public, bundle),),
                body.seal_admin(bundle.head, vault, 1, {slot_id: public}),
                tuple(
                    Compartment(n, 1, body.seal_items(bundle.compartments[n], vault, n, 1, {}))
                    for n in compartments
                ),
            )
            self._write(file, bundle)

    def open(self, passphrase: Secret) -> None:
        """Open with a passphrase slot.

        Raises CredGuardError `wrong-passphrase`, `vault-damaged`, `vault-changed`, `vault-newer`,
        `not-a-vault`, `no-vault` or `not-private`; where a whole copy lies beside a damaged file, it is
        named.
        """
        self.unlock(Passphrase(passphrase))

    def _header(self) -> VaultFile:
        with self._threads, self._naming_a_copy():
            return self._current().file if self._loaded is not None else format.read(self._disk.read())

    @contextlib.contextmanager
    def _naming_a_copy(self) -> Iterator[None]:
        try:
            yield
        except CredGuardError as error:
            if error.code in {"vault-damaged", "vault-changed", "vault-cost", "not-a-vault"}:
                raise with_copy(error, self.copies()) from None
            raise

    def unlock(self, credential: Credential, only: str | None = None) -> SlotView:
        """Open with any slot of the credential's kind (with the slot `only`); the slot that opened.

        What was open before stays open: a security key may open the codes beside the keys. Raises as
        `open`, what the credential says of itself, and `no-such-slot`.
        """
        with self._threads, self._naming_a_copy():
            return self._unlock(credential, only)

    def prepare(self, credential: Credential) -> Credential:
        """The same credential with all that takes a person or time done: no lock is held meanwhile.

        Raises as `unlock`, but for what only trying the slots can tell.
        """
        with self._naming_a_copy():
            file = format.read(self._disk.read())
            fitting = [slot for slot in file.slots if slot["type"] == credential.type]
            if not fitting:
                raise no_such_slot(file, credential.type)
            return Prepared(credential, tuple(credential.keks(file.vault, fitting)))

    def _unlock(self, credential: Credential, only: str | None) -> SlotView:
        data = self._disk.read()
        file = format.read(data)
        fitting = [s for s in file.slots if s["type"] == credential.type and only in {None, s["id"]}]
        if not fitting:
            raise no_such_slot(file, credential.type)
        for slot, kek in credential.keks(file.vault, fitting):
            try:
                bundle = open_slot(file.vault, slot, kek)
            except DoesNotFit:
                continue
            if self._loaded is not None:
                bundle = bundle.with_those_of(self._loaded.bundle)
            self._take(data, bundle)
            self._finish_removal()
            return view_of(slot)
        raise credential.misses()

    def _finish_removal(self) -> None:
        """Delete the copies that a removed slot still opens: whoever removed it was killed before that."""
        loaded = self._loaded
        if loaded is not None and self._disk.has_copies_before(loaded.file, loaded.bundle.head):
            with contextlib.suppress(CredGuardError):  # somebody else writes: at the next opening then
                self.delete_copies()

    def close(self) -> None:
        """Forget the keys and items, as far as Python can."""
        self._loaded = None

    @property
    def opened(self) -> tuple[str, ...]:
        """The compartments that are open now."""
        return tuple(self._loaded.items) if self._loaded is not None else ()

    def slots(self) -> tuple[SlotView, ...]:
        """The ways in, in the order they were added. While locked they are read without proof of who
        wrote them. Raises as `open` does of the file."""
        return tuple(view_of(slot) for slot in self._header().slots)

    def compartments(self) -> tuple[str, ...]:
        """The names of the compartments in the file; as `slots`."""
        return tuple(c.name for c in self._header().compartments)

    def loaded(self) -> Loaded:
        """What is on disk now, opened. Raises Locked."""
        with self._threads:
            return self._current()

    def read_other(self, data: bytes, loaded: Loaded) -> Loaded:
        """Another file of this vault, opened with the keys at hand. Raises as `open`, of that file."""
        names = {c.name for c in format.read(data).compartments}
        keys = {name: key for name, key in loaded.bundle.compartments.items() if name in names}
        return self._parse(data, Bundle(loaded.bundle.head, keys))

    def edit(self, change: Callable[[Loaded], tuple[VaultFile, Bundle]]) -> None:
        """Write the next generation as `change` makes it of the present one (slot_changes.py, merge.py).

        Under the vault's lock, on what is on disk now; `change` raises to leave all as it is.
        """
        with self._threads, self._alone():
            self._write(*change(self._current()))

    def forget(self, which: str) -> None:
        """Close one compartment, as far as Python can; the others stay open."""
        with self._threads:
            if self._loaded is None:
                return
            keys, items = dict(self._loaded.bundle.compartments), dict(self._loaded.items)
            keys.pop(which, None)
            items.pop(which, None)
            bundle = replace(self._loaded.bundle, compartments=keys)
            self._loaded = replace(self._loaded, bundle=bundle, items=items)

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

    def delete_copies(self) -> None:
        """Delete the earlier generations: a removed slot opens them still. What cannot be deleted stays."""
        with self._threads, self._alone():
            self._disk.delete_copies()

    def set_aside(self) -> tuple[str, ...]:
        """Files that stood in the vault's place before a copy was used; removed slots may open them."""
        return self._disk.set_aside()

    def destroy(self) -> str:
        """Delete the file and its copies, when all its items are elsewhere; the vault's id.

        Raises CredGuardError `not-empty`, Locked.
        """
        with self._threads, self._alone():
            loaded = self._current()
            closed = {c.name for c in loaded.file.compartments} - set(loaded.items)
            if closed or any(loaded.items.values()):
                raise CredGuardError(
                    "not-empty",
                    text("The vault still holds items."),
                    text("Nothing was deleted."),
                )
            self.close()
            self._disk.destroy()
            return loaded.file.vault

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

    def changed(self, name: str) -> float | None:
        """When the item was written last, in seconds since 1970; None where there is none."""
        with self._threads:
            loaded, which = self._current(), compartment_of(name)
            found = loaded.items.get(which, {}).get(name)
            return found[1] if found else None

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

    def put_all(self, values: Mapping[str, str]) -> None:
        """Add or replace several items of one compartment in one write: all of them, or none. As `put`."""
        if not values:
            return
        with self._threads, self._alone():
            loaded = self._current()
            which = compartment_of(next(iter(values)))
            if any(compartment_of(name) != which for name in values):
                raise ValueError("items of two compartments")
            now = self._clock.now()
            self._change(
                loaded, which, {**_opened(loaded, which), **{n: (v, now) for n, v in values.items()}}
            )
            there = _opened(self._current(), which)
            if any(name not in there or there[name][0] != value for name, value in values.items()):
                raise CredGuardError(
                    "read-back-differs",
                    text("The sealed vault did not give back what was stored."),
                    text("Check the disk, then try again. Nothing that depends on it was changed."),
                )

    def remove(self, name: str) -> None:
        """Take one item away; nothing happens where there is none."""
        with self._threads, self._alone():
            loaded = self._current()
            which = compartment_of(name)
            if loaded.file.compartment(which) is not None and name in _opened(loaded, which):
                left = {n: item for n, item in _opened(loaded, which).items() if n != name}
                self._change(loaded, which, left)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────
    def _change(self, loaded: Loaded, which: str, items: Items) -> None:
        file, bundle = loaded.file, loaded.bundle
        generation = file.generation + 1
        sealed = body.seal_items(bundle.compartments[which], file.vault, which, generation, items)
        changed_file = replace(
            file,
            generation=generation,
            # The other compartment's body is copied byte for byte.
            compartments=tuple(
                replace(c, generation=generation, body=sealed) if c.name == which else c
                for c in file.compartments
            ),
            admin=body.reseal_admin(bundle.head, file.vault, file.generation, generation, file.admin),
        )
        self._write(changed_file, bundle)

    def _write(self, file: VaultFile, bundle: Bundle) -> None:
        # Accepted in another process meanwhile? Then it does not stand any more.
        if self._loaded is not None and self._loaded.notice and self._compare(self._loaded):
            with contextlib.suppress(CredGuardError):
                if self._seen is not None:
                    leave_open(self._seen, file.vault, file.generation)
        if self._loaded is not None:
            file = following(file, (self._loaded.file, self._loaded.trailer.hex()))
        self._disk.replace(format.write(file, bundle.head))
        self._take(self._disk.read(), bundle)

    def _current(self) -> Loaded:
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
            except CredGuardError as error:
                # Sealed anew with other keys, or not ours any more: the next use starts from the file.
                self.close()
                if error.code == "vault-changed":
                    raise rekeyed() from None
                raise
        return self._loaded or loaded

    def _take(self, data: bytes, bundle: Bundle) -> None:
        while True:
            loaded = self._parse(data, bundle)
            notice = self._compare(loaded)
            # What was noted may be younger than what was read here: then the disk has it by now.
            again = data if notice is None else self._disk.read()
            if again == data:
                break
            data = again
        self._loaded = replace(loaded, notice=notice)

    def _parse(self, data: bytes, bundle: Bundle) -> Loaded:
        file = format.read(data)
        format.verify(data, bundle.head)
        found: dict[str, Items] = {}
        for name, key in bundle.compartments.items():
            compartment = file.compartment(name)
            if compartment is None:
                raise changed()
            found[name] = body.open_items(key, file.vault, name, compartment.generation, compartment.body)
        return Loaded(file, bundle, found, data[-TRAILER:])

    @functools.cached_property
    def _seen(self) -> Seen | None:
        return self._make_seen() if self._make_seen is not None else None

    def _compare(self, loaded: Loaded) -> Notice | None:
        """Against what was noted. A note that cannot be kept never stops a save."""
        with contextlib.suppress(CredGuardError):
            if self._seen is not None:
                return compare(self._seen, *_note(loaded), lineage_of(loaded.file.extra))
        return None

    def now_iso(self) -> str:
        """The time as slots have it."""
        now = datetime.datetime.fromtimestamp(self._clock.now(), datetime.UTC)
        return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def _opened(loaded: Loaded, which: str) -> Items:
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


def _note(loaded: Loaded) -> tuple[str, int, str]:
    # The trailer is the SHA-256 of all before it.
    return loaded.file.vault, loaded.file.generation, loaded.trailer.hex()
