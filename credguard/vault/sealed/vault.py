"""An open sealed vault: its items, and how a change reaches the disk.

Under `vault.lock`: reload when another process wrote, replay the change, write the next generation
whole, keep the one before as `.prev`. At every instant a whole `vault.cgv` exists.
"""

from __future__ import annotations

import contextlib
import datetime
import glob
import json
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.system.clock import Clock, SystemClock
from credguard.system.durable import make_private_folder, replace_file, sync_folder, translate
from credguard.vault.sealed import argon, format, slots  # noqa: A004 the file's format
from credguard.vault.sealed.format import Compartment, VaultFile, b64, damaged
from credguard.vault.sealed.sealing import Damaged, WrongKey, seal, unseal

KEYS, CODES = "keys", "codes"
Items = dict[str, tuple[str, float]]
Fault = Callable[[str], None]
DAYS_KEPT = 7
_CREATED_BY = "credguard 1"


def compartment_of(name: str) -> str:
    """Codes hold `totp/…`; keys hold all else."""
    return CODES if name.startswith("totp/") else KEYS


@dataclass(frozen=True, slots=True)
class _Loaded:
    file: VaultFile
    bundle: slots.Bundle
    items: dict[str, Items]
    seen: tuple[int, int, int]


def _no_fault(tick: str) -> None:
    return None


class SealedVault:
    """One vault file, opened with one slot. `alone` is its lock between processes."""

    def __init__(
        self,
        path: str,
        alone: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext,
        clock: Clock | None = None,
        fault: Fault = _no_fault,
    ) -> None:
        self.path = path
        self._alone = alone
        self._clock: Clock = clock or SystemClock()
        self._fault = fault
        self._loaded: _Loaded | None = None

    # ── opening ──────────────────────────────────────────────────────────────────────────────────
    @property
    def exists(self) -> bool:
        return os.path.exists(self.path)

    @property
    def is_open(self) -> bool:
        return self._loaded is not None

    def create(self, passphrase: Secret, cost: argon.Cost | None = None) -> None:
        """Make an empty vault that `passphrase` opens.

        Raises CredGuardError `vault-exists`, `passphrase-empty`, or what writing raises.
        """
        with self._alone():
            if self.exists:
                raise CredGuardError(
                    "vault-exists",
                    text("There is a vault at {path} already.", path=self.path),
                    text("Open it with its passphrase. Nothing was changed."),
                )
            make_private_folder(os.path.dirname(self.path))
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
            self._loaded = self._parse(self._bytes(), bundle)

    def open(self, passphrase: Secret) -> None:
        """Open with a passphrase slot.

        Raises CredGuardError `wrong-passphrase`, `vault-damaged`, `vault-changed`, `vault-newer`,
        `no-vault` or `not-private`.
        """
        data = self._bytes()
        file = format.read(data)
        for slot in file.slots:
            if slot.get("type") != "passphrase":
                continue
            try:
                bundle = slots.open_with_passphrase(file.vault, slot, passphrase)
            except slots.DoesNotFit:
                continue
            self._loaded = self._parse(data, bundle)
            return
        raise slots.wrong_passphrase()

    def close(self) -> None:
        """Forget the keys and items, as far as Python can."""
        self._loaded = None

    # ── items ────────────────────────────────────────────────────────────────────────────────────
    def get(self, name: str) -> str | None:
        found = self._current().items[compartment_of(name)].get(name)
        return None if found is None else found[0]

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(n for items in self._current().items.values() for n in items))

    def put(self, name: str, value: str) -> None:
        """Add or replace one item; on disk when this returns."""
        self._change(name, (value, self._clock.now()))

    def remove(self, name: str) -> None:
        """Take one item away; nothing happens where there is none."""
        if self.get(name) is not None:
            self._change(name, None)

    def _change(self, name: str, item: tuple[str, float] | None) -> None:
        with self._alone():
            loaded = self._current()
            which = compartment_of(name)
            items = dict(loaded.items[which])
            if item is None:
                items.pop(name, None)
            else:
                items[name] = item
            file, bundle = loaded.file, loaded.bundle
            generation = file.generation + 1
            body = _seal_items(bundle.compartments[which], file.vault, which, generation, items)
            admin = _unseal(bundle.head, "admin", file.admin, f"{file.vault}/{file.generation}")
            self._write(
                replace(
                    file,
                    generation=generation,
                    # The other compartment's body is copied byte for byte.
                    compartments=tuple(
                        Compartment(c.name, generation, body) if c.name == which else c
                        for c in file.compartments
                    ),
                    admin=seal(bundle.head, "admin", admin, f"{file.vault}/{generation}".encode()),
                ),
                bundle,
            )
            self._loaded = self._parse(self._bytes(), bundle)

    def _current(self) -> _Loaded:
        """What is on disk now; read again when another process wrote."""
        if self._loaded is None:
            raise RuntimeError("the vault is not open")
        if self._loaded.seen != self._seen():
            self._loaded = self._parse(self._bytes(), self._loaded.bundle)
        return self._loaded

    # ── disk ─────────────────────────────────────────────────────────────────────────────────────
    def _bytes(self) -> bytes:
        try:
            with open(self.path, "rb") as file:
                status = os.fstat(file.fileno())
                if stat.S_IMODE(status.st_mode) & 0o077 and os.name == "posix":
                    os.fchmod(file.fileno(), 0o600)
                if os.name == "posix" and status.st_uid not in {os.geteuid(), 0}:
                    raise CredGuardError(
                        "not-private",
                        text("The vault file belongs to somebody else."),
                        text("It was not opened. See who owns {path}.", path=self.path),
                    )
                if status.st_size > format.MAX_FILE:
                    raise damaged()
                return file.read()
        except FileNotFoundError:
            raise CredGuardError(
                "no-vault",
                text("There is no vault at {path}.", path=self.path),
                text("If it was moved, put it back; a copy may lie beside it as vault.cgv.prev."),
            ) from None
        except OSError as error:
            raise translate(error, self.path) from None

    def _seen(self) -> tuple[int, int, int]:
        try:
            status = os.stat(self.path)
        except OSError:
            return (0, 0, 0)
        return (status.st_ino, status.st_mtime_ns, status.st_size)

    def _parse(self, data: bytes, bundle: slots.Bundle) -> _Loaded:
        seen = self._seen()
        file = format.read(data)
        format.verify(data, bundle.head)
        found: dict[str, Items] = {}
        for name, key in bundle.compartments.items():
            compartment = file.compartment(name)
            if compartment is None:
                raise damaged()
            ad = f"{file.vault}/{name}/{compartment.generation}"
            found[name] = _items(format.unpad(_unseal(key, "compartment", compartment.body, ad)))
        return _Loaded(file, bundle, found, seen)

    def _write(self, file: VaultFile, bundle: slots.Bundle) -> None:
        data = format.write(file, bundle.head)
        folder = os.path.dirname(self.path)
        if self.exists:
            self._fault("keep-previous")
            previous = f"{self.path}.prev"
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{previous}.tmp")
            _link(self.path, f"{previous}.tmp")
            os.replace(f"{previous}.tmp", previous)
        replace_file(self.path, data, mode=0o600, fault=self._fault)
        self._keep_of_today()
        sync_folder(folder)

    def _keep_of_today(self) -> None:
        """The first generation of each of the last seven days."""
        today = datetime.datetime.fromtimestamp(self._clock.now(), datetime.UTC).strftime("%Y%m%d")
        name = f"{self.path}.day-{today}"
        with contextlib.suppress(OSError):
            if not os.path.exists(name):
                _link(self.path, name)
            for old in sorted(glob.glob(f"{glob.escape(self.path)}.day-*"))[:-DAYS_KEPT]:
                os.unlink(old)

    def _now_iso(self) -> str:
        now = datetime.datetime.fromtimestamp(self._clock.now(), datetime.UTC)
        return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def _link(source: str, target: str) -> None:
    """A second name for the file; a copy where the disk knows no hard links."""
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        with open(source, "rb") as file:
            replace_file(target, file.read(), mode=0o600)


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
        raise damaged() from None


def _entries(document: Any) -> Iterator[Any]:
    yield from document["items"]


def _unseal(key: bytes, purpose: str, sealed: bytes, ad: str) -> bytes:
    try:
        return unseal(key, purpose, sealed, ad.encode())
    except (WrongKey, Damaged):
        raise damaged() from None
