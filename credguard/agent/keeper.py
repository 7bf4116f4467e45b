"""The vault while it is open: which parts, since when, and when they close by themselves.

Keys and codes have limits of their own. A part that closes is forgotten as far as Python can; when none
is left open the process ends, which is what really wipes it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.system.clock import Clock
from credguard.vault.lock import PARTS, Held, Limits, moment
from credguard.vault.sealed.backend import as_typed
from credguard.vault.sealed.credentials import Credential
from credguard.vault.sealed.seen import OTHER_BRANCH, ROLLED_BACK
from credguard.vault.sealed.vault import SealedVault

#: Signs that the file was put in place by somebody else than its writers.
_BACKWARDS = {ROLLED_BACK, OTHER_BRANCH}


class SeenHere:
    """The newest generation this process has seen: enough to notice one that goes backwards under it."""

    def __init__(self) -> None:
        self._noted: dict[str, tuple[int, str]] = {}

    def get(self, vault: str) -> tuple[int, str] | None:
        return self._noted.get(vault)

    def note(self, vault: str, generation: int, checksum: str, accept: bool = False) -> None:
        before = self._noted.get(vault)
        if before is None or accept or generation > before[0]:
            self._noted[vault] = (generation, checksum)

    def forget(self, vault: str) -> None:
        self._noted.pop(vault, None)

    def any(self) -> bool:
        return bool(self._noted)


class Keeper:
    """`limits(part)` as the settings are now; `closed(parts, reason)` is told of parts that closed."""

    def __init__(
        self,
        vault: SealedVault,
        clock: Clock,
        limits: Callable[[str], Limits],
        closed: Callable[[tuple[str, ...], str], None] = lambda parts, reason: None,
    ) -> None:
        self.vault = vault
        self._clock = clock
        self._limits = limits
        self._closed = closed
        self._held: dict[str, Held] = {}
        self._lock = threading.RLock()
        self._changed = threading.Event()

    # ── opening and using ────────────────────────────────────────────────────────────────────────
    def open(self, passphrase: Secret, create: bool = False) -> None:
        """Open what the passphrase opens, or the recovery code that was typed in its place. Raises as
        `SealedVault.unlock` and `create`."""
        with self._lock:
            if create:
                self.vault.create(passphrase)
                self._opened(PARTS)
            else:
                typed = as_typed(passphrase, {slot.type for slot in self.vault.slots()})
                self._opened(self.vault.unlock(typed).opens)

    def open_with(self, credential: Credential) -> None:
        """Open what a security key or the keychain opens, beside what is open already. Nothing else waits
        while a person is asked. Raises as `SealedVault.unlock`."""
        ready = self.vault.prepare(credential)
        with self._lock:
            self._opened(self.vault.unlock(ready).opens)

    def _opened(self, parts: Sequence[str]) -> None:
        """These were opened now; what was open before keeps its time."""
        now, held = moment(self._clock), self._held
        self._held = {
            part: held[part] if part in held and part not in parts else Held(now, now)
            for part in PARTS
            if part in self.vault.opened
        }
        self._changed.set()

    @property
    def open_parts(self) -> tuple[str, ...]:
        """What is open now; what has run out is closed first."""
        with self._lock:
            self.look()
            return tuple(self._held)

    @property
    def is_open(self) -> bool:
        return bool(self._held)

    def use(self, part: str) -> bool:
        """Note a use; False where the part is closed."""
        with self._lock:
            self.look()
            if part not in self._held:
                return False
            self._held[part] = self._held[part].use(moment(self._clock))
            return True

    def used_up(self, parts: set[str]) -> None:
        """A program that used these parts has finished: those that open for each use close."""
        with self._lock:
            self._close({p for p in parts & set(self._held) if self._limits(p).way == "each-use"}, "each-use")

    def closes_in(self) -> dict[str, float | None]:
        """Seconds until each open part closes when nobody uses it; None for never."""
        with self._lock:
            now = moment(self._clock)
            return {part: held.closes_in(self._limits(part), now) for part, held in self._held.items()}

    # ── closing ──────────────────────────────────────────────────────────────────────────────────
    def look(self) -> None:
        """Close what has run out, and everything when the file went backwards or is not ours any more."""
        with self._lock:
            if not self._held:
                return
            now = moment(self._clock)
            for part, held in list(self._held.items()):
                reason = held.reason(self._limits(part), now)
                if reason is not None:
                    self._close({part}, reason)
            if self._held and self._is_foreign():
                self._close(set(self._held), "vault-changed")

    def event(self, what: str) -> None:
        """`sleep` or `screen-lock`: close the parts whose settings say so."""
        with self._lock:
            close = set()
            for part in self._held:
                limits = self._limits(part)
                if limits.on_sleep if what == "sleep" else limits.on_screen_lock:
                    close.add(part)
            self._close(close, what)

    def close(self, reason: str) -> None:
        """Close everything."""
        with self._lock:
            self._close(set(self._held), reason)

    def _is_foreign(self) -> bool:
        try:
            self.vault.get("looked-for")  # reads the end of the file, and all of it when another wrote
        except CredGuardError:
            return not self.vault.is_open
        return any(notice.code in _BACKWARDS for notice in self.vault.notices())

    def _close(self, parts: set[str], reason: str) -> None:
        if not parts:
            return
        for part in parts:
            self._held.pop(part, None)
            self.vault.forget(part)
        if not self._held:
            self.vault.close()
        self._closed(tuple(p for p in PARTS if p in parts), reason)
