"""Adding, renaming, proving and removing slots of an open vault, and its compartments.

Whoever waits for a person (a touch, a passphrase) does so before the vault's lock is taken. Removing a
slot means new keys for everything: the removed slot opens no later generation. The other slots need not
be at hand, because their public halves are in the sealed admin part.
"""

from __future__ import annotations

import contextlib
import secrets
import unicodedata
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.text import text
from credguard.vault.sealed import argon, body, rules
from credguard.vault.sealed.credentials import Credential, KeychainItems, Passphrase
from credguard.vault.sealed.format import Compartment, VaultFile, changed
from credguard.vault.sealed.slots import Bundle, DoesNotFit, Slot, SlotView, new_slot, open_slot, wrap
from credguard.vault.sealed.vault import Loaded, SealedVault
from credguard.vault.sealed.views import view_of

LABEL = 60


class SlotChanges:
    """Changes to the slots of `vault`, which is open. `keychain` where keychain slots can be made."""

    def __init__(self, vault: SealedVault, keychain: KeychainItems | None = None) -> None:
        self._vault = vault
        self._keychain = keychain

    def add(self, credential: Credential, label: str = "", opens: Sequence[str] | None = None) -> SlotView:
        """A new slot; it opened the vault once, in memory, before it is saved.

        `opens`: compartments that are open now (None: all of the file). Raises CredGuardError
        `compartment-locked`, `label`, and what the credential says.
        """
        name, now = _label(label), self._vault.now_iso()
        before = self._vault.loaded()
        wanted = _in_order(before.file, opens)
        _need(before, wanted)
        slot_id = str(uuid.uuid4())
        parameters, kek = credential.enrol(before.file.vault, slot_id, before.file.slots)

        def change(loaded: Loaded) -> tuple[VaultFile, Bundle]:
            _need(loaded, wanted)
            file = loaded.file
            slot, public = new_slot(file.vault, credential.type, kek, wanted, now, name, parameters, slot_id)
            slot = _wrapped(file.vault, slot, public, loaded.bundle, kek)
            publics = {**_publics(loaded), slot_id: public}
            return _next(loaded, (*file.slots, slot), publics), loaded.bundle

        try:
            self._vault.edit(change)
        except BaseException:
            if not self._may_be_there(slot_id):
                self._forget(before.file.vault, slot_id)
            raise
        return self._view(slot_id)

    def rename(self, slot_id: str, label: str) -> SlotView:
        """Another label. Raises CredGuardError `no-such-slot`, `label`."""
        return self._set(slot_id, {"label": _label(label)})

    def prove(self, slot_id: str, credential: Credential) -> SlotView:
        """Open the file with this very slot, and note the day. Raises as `SealedVault.unlock`."""
        self._vault.unlock(credential, only=slot_id)
        return self._set(slot_id, {"proved": self._vault.now_iso()})

    def remove(self, slot_id: str) -> None:
        """Take a slot away: new keys, all bodies and bundles sealed anew, older copies deleted.

        Every compartment has to be open. Raises CredGuardError `no-such-slot`, `slot-last`, `slot-few`,
        `compartment-locked`; then nothing was changed.
        """

        def change(loaded: Loaded) -> tuple[VaultFile, Bundle]:
            _find(loaded.file, slot_id)
            left = tuple(slot for slot in loaded.file.slots if slot["id"] != slot_id)
            rules.check(left, [c.name for c in loaded.file.compartments])
            publics = {n: public for n, public in _publics(loaded).items() if n != slot_id}
            return _rekeyed(loaded, left, publics)

        self._vault.edit(change)
        self._vault.delete_copies()
        self._forget(self._vault.loaded().file.vault, slot_id)

    def change_passphrase(self, slot_id: str, new: Passphrase, known_to_others: bool = False) -> SlotView:
        """A new passphrase for a slot; `known_to_others`: and new keys, as when a slot is removed.

        Raises CredGuardError `no-such-slot`, `passphrase-empty`, `compartment-locked`.
        """
        before = self._vault.loaded()
        if _find(before.file, slot_id)["type"] != new.type:
            raise _unknown(slot_id)
        parameters, kek = new.enrol(before.file.vault, slot_id, ())

        def change(loaded: Loaded) -> tuple[VaultFile, Bundle]:
            file, old = loaded.file, _find(loaded.file, slot_id)
            _need(loaded, old["opens"])
            fresh, public = new_slot(
                file.vault, new.type, kek, old["opens"], old["created"], old["label"], parameters, slot_id
            )
            # Fields of a newer version stay; what was proved was the old passphrase.
            fresh = {n: value for n, value in old.items() if n not in {"bundle", "proved"}} | fresh
            fresh = _wrapped(file.vault, fresh, public, loaded.bundle, kek)
            publics = {**_publics(loaded), slot_id: public}
            slots = tuple(fresh if slot["id"] == slot_id else slot for slot in file.slots)
            if known_to_others:
                return _rekeyed(loaded, slots, publics)
            return _next(loaded, slots, publics), loaded.bundle

        self._vault.edit(change)
        if known_to_others:
            self._vault.delete_copies()
        return self._view(slot_id)

    def strengthen(self, slot_id: str, same: Passphrase) -> SlotView:
        """The same passphrase at today's cost. Raises CredGuardError `wrong-passphrase` where it is not."""
        self._vault.unlock(same, only=slot_id)
        cost = same.cost or argon.calibrate()
        return self.change_passphrase(slot_id, Passphrase(same.words, cost))

    def narrow(self, which: str, kinds: Collection[str]) -> None:
        """Slots of these kinds open compartment `which` no more; one that would open nothing goes.

        New keys for everything, and older copies deleted, as when a slot is removed: they could open it
        until now. Raises CredGuardError `slot-last`, `slot-few`, `compartment-locked`; then nothing was
        changed.
        """
        gone: list[str] = []

        def change(loaded: Loaded) -> tuple[VaultFile, Bundle]:
            less = [
                {**s, "opens": [n for n in s["opens"] if n != which]} if s["type"] in kinds else s
                for s in loaded.file.slots
            ]
            slots = tuple(slot for slot in less if slot["opens"])
            rules.check(slots, [c.name for c in loaded.file.compartments])
            kept = {slot["id"] for slot in slots}
            gone[:] = [s["id"] for s in loaded.file.slots if s["id"] not in kept]
            return _rekeyed(loaded, slots, {n: key for n, key in _publics(loaded).items() if n in kept})

        self._vault.edit(change)
        self._vault.delete_copies()
        for slot_id in gone:
            self._forget(self._vault.loaded().file.vault, slot_id)

    def widen(self, which: str, kinds: Collection[str]) -> None:
        """Slots of these kinds open compartment `which` too, which is open now. None of them need be at hand.

        Raises CredGuardError `compartment-locked`.
        """

        def change(loaded: Loaded) -> tuple[VaultFile, Bundle]:
            file, publics = loaded.file, _publics(loaded)
            order = [c.name for c in file.compartments]
            _need(loaded, order)  # a slot is sealed anew with all that it opens
            slots = tuple(
                wrap(
                    file.vault, {**s, "opens": [n for n in order if n in {*s["opens"], which}]},
                    publics[s["id"]], loaded.bundle,
                ) if s["type"] in kinds else s
                for s in file.slots
            )  # fmt: skip
            return _next(loaded, slots), loaded.bundle

        self._vault.edit(change)

    def add_compartment(self, name: str) -> None:
        """A new, empty compartment that every slot opens; nothing happens where it is there already."""

        def change(loaded: Loaded) -> tuple[VaultFile, Bundle]:
            file = loaded.file
            _need(loaded, [c.name for c in file.compartments])
            key = secrets.token_bytes(32)
            sealed = body.seal_items(key, file.vault, name, file.generation + 1, {})
            bundle = Bundle(loaded.bundle.head, {**loaded.bundle.compartments, name: key})
            order = [*(c.name for c in file.compartments), name]
            slots = tuple({**slot, "opens": [n for n in order if n in {*slot["opens"], name}]}
                          for slot in file.slots)  # fmt: skip
            fresh = _next(loaded, _wrapped_all(file.vault, slots, _publics(loaded), bundle))
            added = Compartment(name, fresh.generation, sealed)
            return replace(fresh, compartments=(*fresh.compartments, added)), bundle

        if name not in self._vault.compartments():
            self._vault.edit(change)

    def drop_compartment(self, name: str) -> None:
        """Take an empty compartment away, and the slots that opened nothing else; older copies go too.

        Raises CredGuardError `not-empty`, and as `remove`.
        """

        def change(loaded: Loaded) -> tuple[VaultFile, Bundle]:
            if loaded.items.get(name, {"?": ("", 0.0)}):
                raise CredGuardError(
                    "not-empty",
                    text("The vault still holds {what}.", what=name),
                    text("Nothing was changed."),
                )
            trimmed = [{**s, "opens": [n for n in s["opens"] if n != name]} for s in loaded.file.slots]
            slots = tuple(slot for slot in trimmed if slot["opens"])
            bodies = tuple(c for c in loaded.file.compartments if c.name != name)
            rules.check(slots, [c.name for c in bodies])
            kept = {slot["id"] for slot in slots}
            publics = {n: public for n, public in _publics(loaded).items() if n in kept}
            less = replace(loaded, file=replace(loaded.file, compartments=bodies))
            return _rekeyed(less, slots, publics)

        if name in self._vault.compartments():
            self._vault.edit(change)
            self._vault.delete_copies()

    # ── inside ───────────────────────────────────────────────────────────────────────────────────
    def _set(self, slot_id: str, fields: Mapping[str, str]) -> SlotView:
        def change(loaded: Loaded) -> tuple[VaultFile, Bundle]:
            _find(loaded.file, slot_id)
            slots = tuple({**s, **fields} if s["id"] == slot_id else s for s in loaded.file.slots)
            return _next(loaded, slots), loaded.bundle

        self._vault.edit(change)
        return self._view(slot_id)

    def _view(self, slot_id: str) -> SlotView:
        return view_of(_find(self._vault.loaded().file, slot_id))

    def _may_be_there(self, slot_id: str) -> bool:
        """Whether the file has the slot although adding it stopped: after the rename there is no way back."""
        try:
            return any(slot.id == slot_id for slot in self._vault.slots())
        except CredGuardError:
            return True

    def _forget(self, vault: str, slot_id: str) -> None:
        """A key in the keychain that opens nothing is harmless: failing here changes nothing."""
        if self._keychain is not None:
            with contextlib.suppress(CredGuardError):
                self._keychain.remove(vault, slot_id)


def _next(loaded: Loaded, slots: tuple[Slot, ...], publics: Mapping[str, bytes] | None = None) -> VaultFile:
    file, head = loaded.file, loaded.bundle.head
    after = file.generation + 1
    admin = (
        body.reseal_admin(head, file.vault, file.generation, after, file.admin)
        if publics is None
        else body.seal_admin(head, file.vault, after, dict(publics))
    )
    return replace(file, generation=after, slots=slots, admin=admin)


def _rekeyed(
    loaded: Loaded, slots: tuple[Slot, ...], publics: Mapping[str, bytes]
) -> tuple[VaultFile, Bundle]:
    file = loaded.file
    names = [c.name for c in file.compartments]
    _need(loaded, names)
    bundle = Bundle(secrets.token_bytes(32), {name: secrets.token_bytes(32) for name in names})
    after = file.generation + 1
    bodies = tuple(
        replace(
            c,
            generation=after,
            body=body.seal_items(
                bundle.compartments[c.name], file.vault, c.name, after, loaded.items[c.name]
            ),
        )
        for c in file.compartments
    )
    fresh = replace(
        file,
        generation=after,
        slots=_wrapped_all(file.vault, slots, publics, bundle),
        admin=body.seal_admin(bundle.head, file.vault, after, dict(publics)),
        compartments=bodies,
    )
    return fresh, bundle


def _wrapped_all(
    vault: str, slots: Sequence[Slot], publics: Mapping[str, bytes], bundle: Bundle
) -> tuple[Slot, ...]:
    try:
        return tuple(wrap(vault, slot, publics[slot["id"]], bundle) for slot in slots)
    except KeyError:
        raise changed() from None


def _wrapped(vault: str, slot: Slot, public: bytes, bundle: Bundle, kek: bytes) -> Slot:
    """The slot with its bundle, opened once before anybody relies on it."""
    wrapped = wrap(vault, slot, public, bundle)
    try:
        opened = open_slot(vault, wrapped, kek)
    except DoesNotFit:
        raise changed() from None
    if opened.head != bundle.head or set(opened.compartments) != set(slot["opens"]):
        raise changed()
    return wrapped


def _publics(loaded: Loaded) -> dict[str, bytes]:
    file = loaded.file
    return body.open_admin(loaded.bundle.head, file.vault, file.generation, file.admin)


def _in_order(file: VaultFile, opens: Sequence[str] | None) -> tuple[str, ...]:
    names = tuple(c.name for c in file.compartments)
    if opens is None:
        return names
    if not opens or not set(opens) <= set(names):
        raise CredGuardError(
            "no-compartment",
            text("This vault has no place for {what}.", what=", ".join(opens) or "nothing"),
            text("It holds: {list}. Nothing was changed.", list=", ".join(names)),
        )
    return tuple(name for name in names if name in opens)


def _need(loaded: Loaded, names: Sequence[str]) -> None:
    for name in names:
        if name not in loaded.bundle.compartments:
            raise Locked(
                "compartment-locked",
                text("The {what} in this vault need another passphrase or key.", what=name),
                text("Open the vault with one that opens them. Nothing was changed."),
            )


def _find(file: VaultFile, slot_id: str) -> Slot:
    for slot in file.slots:
        if slot["id"] == slot_id:
            return slot
    raise _unknown(slot_id)


def _unknown(slot_id: str) -> CredGuardError:
    return CredGuardError(
        "no-such-slot",
        text("This vault has no such way in: {id}.", id=slot_id),
        text("All of them: credguard vault slots"),
    )


def _label(label: str) -> str:
    cleaned = unicodedata.normalize("NFC", label).strip()
    if len(cleaned) > LABEL or any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co"} for c in cleaned):
        raise CredGuardError(
            "label",
            text("A name has {n} characters at most, all of them visible.", n=LABEL),
            text("Choose a shorter one. Whoever has the vault file can read it."),
        )
    return cleaned
