"""Codes: added, shown, removed, and sent to AWS without ever sending one twice."""

from __future__ import annotations

import contextlib
import math
import re
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from credguard.catalog.devices import Devices, MfaDevice, Paused, device_of
from credguard.domain import otp
from credguard.domain.errors import CredGuardError
from credguard.domain.otp import OtpEntry
from credguard.domain.secret import Secret
from credguard.domain.text import quoted, text
from credguard.system.clock import Clock
from credguard.system.interlock import Interlock
from credguard.vault.store import SecretStore
from credguard.wire import items
from credguard.workflows.codes_adding import Added, free_name, is_same, plan_all

#: A removed code is kept this long (seconds).
KEPT = 7 * 86_400.0
#: A clock that is off by less than this is taken for right (seconds): AWS accepts 60.
OFFSET = 10.0
#: AWS takes the codes of a new device 8 to 14 s after it said that it is assigned.
LEARNS = 14.0
#: What follows the user in AWS's labels: an account's alias or number.
_ALIAS = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
#: AWS accepts the steps around its own: the present one first, then its unused neighbours.
NEIGHBOURS = (0, -1, 1, -2, 2)


@dataclass(frozen=True, slots=True)
class Shown:
    """A code for a person. `used`: this step was sent to AWS already; `pause`: why none is sent now."""

    entry: OtpEntry
    code: otp.Code
    used: bool
    pause: otp.Pause | None = None


@dataclass(frozen=True, slots=True)
class Codes:
    """The adapters that codes touch. `offset`: seconds by which AWS's clock is ahead of this computer's, as
    far as it is known by now."""

    store: SecretStore
    devices: Devices
    interlock: Interlock
    clock: Clock
    offset: Callable[[], float] = float

    # ── entries ──────────────────────────────────────────────────────────────────────────────────
    def entries(self, deleted: bool | None = False) -> tuple[OtpEntry | CredGuardError, ...]:
        """All entries, by name; one that cannot be read is its error, and never hides the others.

        `deleted`: those that are here, those that were removed, or (None) both.
        """
        found: list[tuple[str, OtpEntry | CredGuardError]] = []
        for where in self.store.names("totp/"):
            name = where.removeprefix("totp/")
            try:
                item = self.store.read(where)
                if item is None:
                    continue
                name = str(item.get("name") or item.get("id") or name)
                entry = otp.from_item(item)
            except CredGuardError as error:
                if error.code not in {"item-unreadable", "code-unreadable"}:
                    raise
                found.append((name, otp.refused(text("The code of {name} cannot be made.", name=name))))
                continue
            if deleted is None or (entry.deleted_at is not None) == deleted:
                found.append((entry.name, entry))
        return tuple(entry for _, entry in sorted(found, key=lambda pair: pair[0].casefold()))

    def everything(self) -> tuple[OtpEntry | CredGuardError, ...]:
        """All entries, removed ones too, in one reading; what was removed too long ago is deleted first."""
        kept: list[OtpEntry | CredGuardError] = []
        for entry in self.entries(None):
            if isinstance(entry, OtpEntry) and self._is_over(entry):
                self.store.remove(items.totp(entry.entry_id))
            else:
                kept.append(entry)
        return tuple(kept)

    def get(self, entry_id: str) -> OtpEntry:
        """One entry. Raises CredGuardError `no-such-code`, `code-unreadable`."""
        item = self.store.read(items.totp(entry_id))
        if item is None:
            raise CredGuardError(
                "no-such-code", text("There is no such code."), text("See all: credguard totp list")
            )
        return otp.from_item(item)

    def add(self, entry: OtpEntry, name: str | None = None) -> OtpEntry:
        """Store an entry, read back. The same secret twice is refused by name (`code-already-here`)."""
        with self.interlock.hold("codes", wait=10.0):
            present = [e for e in self.entries() if isinstance(e, OtpEntry)]
            twin = next((e for e in present if is_same(e, entry)), None)
            if twin is not None:
                raise CredGuardError(
                    "code-already-here",
                    text("This code is here already, as {name}.", name=twin.name),
                    text("Show it: credguard totp code {name}", name=quoted(twin.name)),
                )
            wanted = otp.clean_name(name or entry.name or otp.handle(entry)) or "code"
            # One that was removed is the same device: what was sent of it stays known.
            removed = (e for e in self.entries(deleted=True) if isinstance(e, OtpEntry) and is_same(e, entry))
            known = next((e.entry_id for e in removed), None)
            stored = replace(
                entry,
                entry_id=known or str(uuid.uuid4()),
                name=free_name(wanted, {e.name.casefold() for e in present}),
            )
            self._write(stored)
            if stored.account_id is not None:
                self.devices.save(_device(stored))
        return stored

    def add_all(
        self, entries: Sequence[OtpEntry], counters: bool = False, dry: bool = False
    ) -> tuple[Added, ...]:
        """Store many in one write, all of them or none; what became of each, in order.

        `counters`: a counter code that is here already takes the higher counter. `dry`: nothing is stored.
        """
        with self.interlock.hold("codes", wait=10.0):
            here = [e for e in self.entries() if isinstance(e, OtpEntry)]
            gone = [e for e in self.entries(deleted=True) if isinstance(e, OtpEntry)]
            plan = plan_all(entries, here, gone, counters)
            if dry:
                return plan.added
            self.store.write_all({items.totp(e.entry_id): otp.to_item(e) for e in plan.writes})
            for entry in plan.writes:
                if entry.account_id is not None:
                    self.devices.save(_device(entry))
        return plan.added

    def remove(self, entry_id: str) -> OtpEntry:
        """Take a code away; it is kept for seven days."""
        with self.interlock.hold("codes", wait=10.0):  # a counter that moves on meanwhile is not set back
            self.sweep()
            entry = replace(self.get(entry_id), deleted_at=self.clock.now())
            self._write(entry)
        with contextlib.suppress(ValueError):
            self.devices.remove(device_of(entry.serial, entry.entry_id))
        return entry

    def restore(self, entry_id: str) -> OtpEntry:
        """Bring a removed code back."""
        with self.interlock.hold("codes", wait=10.0):
            entry = replace(self.get(entry_id), deleted_at=None)
            self._write(entry)
        if entry.account_id is not None:
            self.devices.save(_device(entry))
        return entry

    def sweep(self) -> int:
        """Really delete what was removed more than seven days ago; returns how many."""
        old = [e for e in self.entries(deleted=True) if isinstance(e, OtpEntry) and self._is_over(e)]
        for entry in old:
            self.store.remove(items.totp(entry.entry_id))
        return len(old)

    def _is_over(self, entry: OtpEntry) -> bool:
        return entry.deleted_at is not None and entry.deleted_at + KEPT < self.clock.now()

    def _write(self, entry: OtpEntry) -> None:
        self.store.write(items.totp(entry.entry_id), otp.to_item(entry))

    # ── showing ──────────────────────────────────────────────────────────────────────────────────
    def show(
        self, entry_id: str, at: float | None = None, move_counter: bool = True, given: bool = False
    ) -> Shown:
        """The code for a person. HOTP's counter moves on before it is shown; `at` marks nothing.

        `given`: the person gets it to use (printed or copied), so our own sends avoid it from now on.
        """
        entry = self.get(entry_id)
        if entry.type == "hotp":
            if at is None and move_counter:
                with self.interlock.hold("codes", wait=10.0):
                    entry = self.get(entry_id)
                    self._write(replace(entry, counter=entry.counter + 1))
            return Shown(entry, otp.code_at(entry, 0.0), False)
        moment = self._now() if at is None else at
        code = otp.code_at(entry, moment)
        device = device_of(entry.serial, entry.entry_id)
        used = self.devices.is_used(device, code.step)
        if given and at is None:
            with contextlib.suppress(CredGuardError):  # a catalog that is busy keeps no code from anybody
                self.devices.note_shown(device, code.step, self.clock.now())
        return Shown(entry, code, used, self._pause(device))

    def show_many(self, entry_ids: Sequence[str]) -> dict[str, Shown]:
        """The codes of these entries for a screen: no counter moves, nothing is marked. One that cannot be
        made is left out and hides no other. Raises Locked, and CredGuardError where the store is silent."""
        found = {}
        for entry_id in entry_ids:
            try:
                found[entry_id] = self.show(entry_id, move_counter=False)
            except CredGuardError as error:
                if error.code not in {"item-unreadable", "code-unreadable", "no-such-code"}:
                    raise
        return found

    def try_again(self, entry_id: str) -> None:
        """A person read why no more codes are sent, and wants to go on. The nine tries still count."""
        entry = self.get(entry_id)
        self.devices.try_again(device_of(entry.serial, entry.entry_id))

    def _pause(self, device: str) -> otp.Pause | None:
        found = self.devices.paused(device, self.clock.now())
        return None if found is None else otp.Pause(found.until, self._reason(found))

    def _reason(self, paused: Paused) -> str:
        if not paused.refused:
            return "budget"
        return "clock" if abs(self.offset()) >= OFFSET else "device"

    def offered(self, entry: OtpEntry) -> Shown:
        """The code of an entry that is not stored yet. A counter stays where it is."""
        return Shown(entry, otp.code_at(entry, self._now()), False)

    def pair(self, entry_id: str) -> tuple[str, str, int, int]:
        """The last step's code and the present one, as AWS asks for them when a device is assigned; how
        long the present one lasts, and the period (seconds). Nothing is marked as used."""
        entry = self.get(entry_id)
        step = otp.step_at(entry, self._now())
        now = otp.code_at(entry, self._now())
        return otp.code_of_step(entry, step - 1), now.code, now.valid_for, entry.period

    def note_shown(self, entry_id: str, step: int | None = None) -> None:
        """A person took this code (copied or printed it): our own sends avoid it."""
        entry = self.get(entry_id)
        if entry.type == "totp":
            step = otp.step_at(entry, self._now()) if step is None else step
            self.devices.note_shown(device_of(entry.serial, entry.entry_id), step, self.clock.now())

    # ── sending ──────────────────────────────────────────────────────────────────────────────────
    def of_serial(self, serial: str) -> OtpEntry | None:
        """The entry whose codes are this MFA device's."""
        return of_serial(self.entries(), serial)

    def of_account(
        self, account_id: str, user: str | None = None, serials: Collection[str] = ()
    ) -> OtpEntry | None:
        """The entry of a user's device in an account; `serials`: devices that AWS listed for the user."""
        return of_account(self.entries(), account_id, user, serials)

    def send(self, entry: OtpEntry) -> Secret:
        """A code that was never sent: the present step's, else an unused neighbour's, at once.

        Raises CredGuardError `codes-stopped` after two failures (with the reason, as far as it is known),
        `tries-spent` where AWS takes no more codes of this device for now, `codes-spent` where all
        neighbours are used.
        """
        device = device_of(entry.serial, entry.entry_id)
        present = otp.step_at(entry, self._now())
        step = self.devices.claim_step(device, [present + n for n in NEIGHBOURS], self.clock.now())
        if isinstance(step, Paused):
            raise self._paused(entry, step)
        if step is None:
            raise _spent(entry)
        return Secret(otp.code_of_step(entry, step))

    def _paused(self, entry: OtpEntry, paused: Paused) -> CredGuardError:
        seconds = max(1, math.ceil(paused.until - self.clock.now()))
        reason = self._reason(paused)
        if reason == "budget":
            return CredGuardError(
                "tries-spent",
                text("AWS takes nine codes of a device in three minutes, and nine of {name} were sent.",
                     name=entry.name),
                text("Wait {n} seconds, then try again.", n=seconds),
                retry=True,
            )  # fmt: skip
        what = text("AWS refused two codes of {name} in a row, so no more are sent.", name=entry.name)
        if reason == "clock":
            offset = self.offset()
            return CredGuardError(
                "codes-stopped", what,
                text("The clock of this computer is {n} seconds {way}. Switch on automatic time, then wait"
                     " {wait} seconds.",
                     n=round(abs(offset)), way="behind" if offset > 0 else "ahead", wait=seconds),
            )  # fmt: skip
        return CredGuardError(
            "codes-stopped", what,
            text("Is this the code of {device}? If it is, bring AWS and the code in step again: credguard mfa"
                 " resync {name}. Or wait {wait} seconds.",
                 device=entry.serial or entry.name, name=quoted(entry.name), wait=seconds),
        )  # fmt: skip

    def note_answer(self, entry: OtpEntry, ok: bool) -> None:
        """What AWS said of the code sent last."""
        self.devices.note_try(device_of(entry.serial, entry.entry_id), self.clock.now(), ok)

    def _now(self) -> float:
        offset = self.offset()
        # Less than this is how long the answer took, not a clock that is wrong.
        return self.clock.now() + (offset if abs(offset) >= OFFSET else 0.0)


def known_in(assigned: float, now: float) -> int:
    """Seconds until AWS takes the codes of a device that was assigned at `assigned`."""
    return max(0, math.ceil(min(LEARNS, assigned + LEARNS - now)))


def of_serial(entries: tuple[OtpEntry | CredGuardError, ...], serial: str) -> OtpEntry | None:
    """Of these, the entry whose codes are this MFA device's."""
    return next((e for e in _sendable(entries) if e.serial == serial), None)


def of_account(
    entries: tuple[OtpEntry | CredGuardError, ...],
    account_id: str,
    user: str | None = None,
    serials: Collection[str] = (),
) -> OtpEntry | None:
    """Of these, the entry of a user's device in an account: by its serial, as AWS listed it for the user
    (`serials`), by the user that its address named, else the only one there."""
    own = [e for e in _sendable(entries) if e.account_id == account_id]
    if user:
        ways: tuple[Callable[[OtpEntry], bool], ...] = (
            lambda e: (e.serial or "").endswith(f"/{user}"),
            lambda e: e.serial in serials,
            lambda e: e.account == user,
            lambda e: _labelled(e.account) == user,
        )
        for fits in ways:
            named = next((e for e in own if fits(e)), None)
            if named is not None:
                return named
    return own[0] if len(own) == 1 else None


def _labelled(label: str) -> str | None:
    """The user in AWS's own label, `USER@ALIAS` or `USER@ACCOUNT`: neither of these has a dot."""
    user, at, where = label.rpartition("@")
    return user if at and _ALIAS.fullmatch(where) else None


def _sendable(entries: tuple[OtpEntry | CredGuardError, ...]) -> list[OtpEntry]:
    """AWS takes codes of time steps alone."""
    return [e for e in entries if isinstance(e, OtpEntry) and e.type == "totp"]


def _device(entry: OtpEntry) -> MfaDevice:
    return MfaDevice(entry.serial, entry.entry_id, entry.account_id, entry.name, entry.account or None)


def _spent(entry: OtpEntry) -> CredGuardError:
    return CredGuardError(
        "codes-spent",
        text("All codes of {name} around this moment were sent already.", name=entry.name),
        text("Wait half a minute, then try again."),
        retry=True,
    )
