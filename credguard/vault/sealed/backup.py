"""A backup: one file in the vault's format, with the catalog as a third compartment.

Its header says `"kind": "backup"`; its `vault` id and generation are its own line, apart from any vault's.
What restores a backup opens a copied `vault.cgv` as well: that has no catalog. See docs/backup.md.
"""

from __future__ import annotations

import datetime
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.domain.text import Text, text
from credguard.vault.sealed import body, format, slots  # noqa: A004 the file's format
from credguard.vault.sealed.body import CODES, KEYS, Items
from credguard.vault.sealed.credentials import FIDO2, Credential
from credguard.vault.sealed.format import Compartment, VaultFile
from credguard.vault.sealed.vault import Loaded

KIND = "backup"
CATALOG = "catalog"


@dataclass(frozen=True, slots=True)
class Line:
    """Which backup this is: the id of its line and how many were written in it, this one included."""

    vault: str
    generation: int

    @staticmethod
    def new() -> Line:
        return Line(secrets.token_hex(16), 1)


@dataclass(frozen=True, slots=True)
class Backup:
    """What an opened backup holds. `catalog` is facts by table name; `created` is ISO 8601 or empty;
    `locked` names compartments that this slot does not open. An item's time is 0 where the store does not
    know it."""

    line: Line
    created: str
    items: Items = field(repr=False)
    catalog: dict[str, str] = field(repr=False)
    locked: tuple[str, ...] = ()
    is_backup: bool = True


@dataclass(frozen=True, slots=True)
class CopiedSlot:
    """A security key's slot of the vault `home`, and its public half: enough to let that key open another
    file, without the key at hand."""

    home: str
    slot: slots.Slot = field(repr=False)
    public: bytes = field(repr=False)


def slots_to_copy(loaded: Loaded) -> tuple[CopiedSlot, ...]:
    """The security keys of an opened vault. Raises CredGuardError `vault-changed`."""
    file = loaded.file
    publics = body.open_admin(loaded.bundle.head, file.vault, file.generation, file.admin)
    return tuple(
        CopiedSlot(file.vault, slot, publics[slot["id"]])
        for slot in file.slots
        if slot["type"] == FIDO2 and slot["id"] in publics
    )


def write_backup(
    items: Items,
    catalog: Mapping[str, str],
    credentials: Sequence[Credential],
    *,
    line: Line,
    now: float,
    copied: Sequence[CopiedSlot] = (),
) -> bytes:
    """A backup that each of `credentials` opens, and each security key of `copied` as far as it opens the
    vault that it comes from. Raises CredGuardError `passphrase-empty`, `vault-full`."""
    names = (KEYS, CODES, CATALOG)
    bundle = slots.Bundle(secrets.token_bytes(32), {name: secrets.token_bytes(32) for name in names})
    created = datetime.datetime.fromtimestamp(now, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    made: list[slots.Slot] = []
    publics: dict[str, bytes] = {}
    for credential in credentials:
        slot_id = str(uuid.uuid4())
        parameters, kek = credential.enrol(line.vault, slot_id, made)
        slot, public = slots.new_slot(
            line.vault, credential.type, kek, names, created, "", parameters, slot_id
        )  # fmt: skip
        made.append(slots.wrap(line.vault, slot, public, bundle))
        publics[slot_id] = public
    for one in copied:
        made.append(slots.wrap(line.vault, _copy(one), one.public, bundle))
        publics[one.slot["id"]] = one.public
    parts: dict[str, Items] = {
        KEYS: {n: v for n, v in items.items() if body.compartment_of(n) == KEYS},
        CODES: {n: v for n, v in items.items() if body.compartment_of(n) == CODES},
        CATALOG: {n: (v, now) for n, v in catalog.items()},
    }
    file = VaultFile(
        line.vault,
        line.generation,
        "credguard 1",
        tuple(made),
        body.seal_admin(bundle.head, line.vault, line.generation, publics),
        tuple(
            Compartment(
                name,
                line.generation,
                body.seal_items(bundle.compartments[name], line.vault, name, line.generation, parts[name]),
            )
            for name in names
        ),
        extra={"kind": KIND, "created": created},
    )
    return format.write(file, bundle.head)


def _copy(one: CopiedSlot) -> slots.Slot:
    """The catalog, which holds no secret, goes with whatever the key opens."""
    opens = [name for name in one.slot["opens"] if name in (KEYS, CODES)]
    return {**one.slot, "home": one.home, "opens": [*opens, CATALOG]}


def holds_slots(data: bytes, credential: Credential, copied: Sequence[CopiedSlot]) -> bool:
    """Whether the security keys of `copied` are in the written file as they were: all that can be told
    without the keys at hand. Raises as `read_backup`."""
    file = format.read(data)
    bundle = _open(file, credential)
    publics = body.open_admin(bundle.head, file.vault, file.generation, file.admin)
    there = {str(slot["id"]): slot for slot in file.slots}
    for one in copied:
        found = there.get(one.slot["id"])
        if found is None or publics.get(one.slot["id"]) != one.public:
            return False
        if {**found, "bundle": None} != {**_copy(one), "bundle": None}:
            return False
    return True


def line_of(data: bytes) -> Line | None:
    """The line of a whole backup, without opening it; None for any other file."""
    try:
        file = format.read(data)
    except CredGuardError:
        return None
    return Line(file.vault, file.generation) if file.extra.get("kind") == KIND else None


def read_backup(data: bytes, credential: Credential) -> Backup:
    """Open a backup, or a copied vault.

    Raises CredGuardError `not-a-backup`, `backup-damaged`, `backup-changed`, `backup-newer`,
    `backup-other-key` (no such slot), `wrong-passphrase`, or what the credential says of itself.
    """
    try:
        return _read(data, credential)
    except CredGuardError as error:
        raise _ERRORS.get(error.code, lambda e: e)(error) from None


def _read(data: bytes, credential: Credential) -> Backup:
    file = format.read(data)
    bundle = _open(file, credential)
    format.verify(data, bundle.head)
    found: dict[str, Items] = {}
    for name, key in bundle.compartments.items():
        compartment = file.compartment(name)
        if compartment is None:
            raise format.changed()
        found[name] = body.open_items(key, file.vault, name, compartment.generation, compartment.body)
    catalog = {name: value for name, (value, _) in found.pop(CATALOG, {}).items()}
    return Backup(
        Line(file.vault, file.generation),
        str(file.extra.get("created", "")),
        {name: item for items in found.values() for name, item in items.items()},
        catalog,
        tuple(c.name for c in file.compartments if c.name not in bundle.compartments),
        file.extra.get("kind") == KIND,
    )


def _open(file: VaultFile, credential: Credential) -> slots.Bundle:
    fitting = [slot for slot in file.slots if slot["type"] == credential.type]
    for slot, kek in credential.keks(file.vault, fitting):
        try:
            return slots.open_slot(file.vault, slot, kek)
        except slots.DoesNotFit:
            continue
    if fitting:
        raise credential.misses()
    raise CredGuardError(
        "backup-other-key",
        text("This file does not open with that: it has another kind of key."),
        text(
            "A backup opens with its passphrase, with its recovery code (--recovery), or with a security key "
            "that the vault had (--security-key). Nothing was changed."
        ),
    )


# ── in the words of backups ──────────────────────────────────────────────────────────────────────
_UNTOUCHED = text("Nothing was changed. Use another copy of the backup.")


def _damaged(error: CredGuardError) -> CredGuardError:
    return CredGuardError("backup-damaged", text("The backup is cut off or damaged."), _UNTOUCHED)


def _changed(error: CredGuardError) -> CredGuardError:
    what = text("The backup was changed by another program. It was not opened.")
    return CredGuardError("backup-changed", what, _UNTOUCHED)


def _foreign(error: CredGuardError) -> CredGuardError:
    return CredGuardError(
        "not-a-backup",
        text("This file is no backup of CredGuard’s."),
        text("Name the file that `credguard backup` wrote. Nothing was changed."),
    )


def _newer(error: CredGuardError) -> CredGuardError:
    return CredGuardError(
        "backup-newer",
        text("The backup was made by a newer CredGuard. Nothing was changed."),
        text("Use that version, or a newer one."),
    )


def _wrong(error: CredGuardError) -> CredGuardError:
    return CredGuardError(
        "wrong-passphrase",
        text("The passphrase is wrong, or the file was changed."),
        text("Try again. Nothing was changed."),
        retry=True,
    )


_ERRORS = {
    "vault-damaged": _damaged,
    "vault-changed": _changed,
    "vault-cost": _changed,
    "not-a-vault": _foreign,
    "vault-newer": _newer,
    "wrong-passphrase": _wrong,
}


def advice(passphrase: Secret) -> Text | None:
    """What to say of a passphrase that a stolen copy of the file could be tried against; None = good.

    A backup lies on sticks and in clouds, so a guesser has all the time there is. The estimate is rough:
    characters by the alphabet they use, repeats and runs counted once.
    """
    import itertools
    import math

    words = passphrase.reveal()
    steps = [ord(b) - ord(a) for a, b in itertools.pairwise(words)]
    # A character that repeats the one before, or goes on counting as the ones before did, adds little.
    dull = sum(1 for i, s in enumerate(steps) if s == 0 or (s in {1, -1} and i and steps[i - 1] == s))
    sets = ((26, str.islower), (26, str.isupper), (10, str.isdigit))
    alphabet = sum(size for size, has in sets if any(has(c) for c in words))
    alphabet += 33 if any(not c.isalnum() for c in words) else 0
    bits = (len(words) - dull) * math.log2(max(alphabet, 2))
    if bits >= 75:
        return None
    return text("This passphrase is short for a file that can be copied. Six random words are good.")
