"""Moves keys or codes between the keychain and the sealed vault: copy, read back, compare, switch, remove."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from credguard.catalog.activity import Activity
from credguard.catalog.journal import Journals, RunJournal
from credguard.catalog.keys import Keys
from credguard.domain import move_store as machine
from credguard.domain.errors import CredGuardError
from credguard.domain.machine import Due, Effect, Event, Failure, Step
from credguard.domain.move_store import Move
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.settings import Settings
from credguard.system.clock import Clock
from credguard.system.interlock import Interlock
from credguard.vault.sealed.backend import SealedBackend
from credguard.vault.sealed.body import compartment_of
from credguard.vault.sealed.slot_changes import SlotChanges
from credguard.vault.store import Item, SecretStore
from credguard.workflows import engine
from credguard.workflows.watched import Watched

Tell = Callable[["tuple[Step, ...]"], None]
#: Made anew more easily than moved; taken out of the old store.
_PASSING = "session/"
#: Written once: another value under the same name is another secret.
_LASTING = ("access-key/", "totp/", "file-backup")
_SAID = {"keychain": "keychain", "sealed": "sealed vault"}


@dataclass(frozen=True)
class Stores:
    """Both, opened by this process alone. `sealed` makes the vault's backend with the compartments that a
    new vault gets."""

    keychain: Callable[[], SecretStore]
    sealed: Callable[[tuple[str, ...]], SealedBackend]
    forget: Callable[[str], None] = lambda vault: None  # the notes of a vault that is no more


@dataclass(frozen=True)
class MoveTools:
    settings: Settings
    stores: Stores
    journals: Journals
    keys: Keys
    activity: Activity
    interlock: Interlock
    clock: Clock
    fault: Callable[[str], None] = lambda tick: None


def move(tools: MoveTools, setting: str, target: str, tell: Tell = lambda steps: None) -> Move:
    """Move what `setting` (`store`, `codes_store`) names to `target`; an unfinished move is finished first.

    Raises CredGuardError: what a store raises, with what is safe; `usage` where `target` is no store.
    """
    with tools.interlock.hold(machine.LOCK, wait=10.0):
        finish(tools, tell)
        state = _planned(tools.settings, setting, target)
        if state is None:
            return Move(setting, (), target, target, "done")
        journal = tools.journals.start(machine.NAME, setting, state, machine.TYPES, tools.clock.now())
        return _run(tools, journal, tell)


def finish(tools: MoveTools, tell: Tell = lambda steps: None) -> None:
    """Go on with a move that was interrupted, or that failed after the switch."""
    for row in tools.journals.unfinished(machine.NAME):
        _run(tools, tools.journals.open(row.run_id, machine.TYPES), tell)


def would_move(settings: Settings, setting: str, target: str) -> bool:
    """Whether setting it means moving secrets. Raises CredGuardError `usage`."""
    return _planned(settings, setting, target) is not None


def _planned(settings: Settings, setting: str, target: str) -> Move | None:
    of_keys = str(settings.get("store") or "")
    of_codes = str(settings.get("codes_store") or of_keys)
    present = of_keys if setting == "store" else of_codes
    wanted = target or of_keys
    if wanted not in _SAID and present:
        raise CredGuardError(
            "usage",
            text("A store is keychain or sealed, not {value}.", value=target),
            text("Nothing was changed."),
        )
    if not present or present == wanted:
        return None
    parts: tuple[str, ...] = ("codes",) if setting == "codes_store" else ("keys",)
    if setting == "store" and not settings.get("codes_store"):
        parts = ("keys", "codes")  # codes are kept beside the keys
    return Move(setting, parts, present, wanted)


def _run(tools: MoveTools, journal: RunJournal[Move], tell: Tell) -> Move:
    performer = _Performer(tools, journal)
    news = [Due(tools.clock.now())] if journal.load()[0].failure is not None else []
    engine.run(machine, Watched(journal, tools.fault), performer.perform, tell, news)
    state, _ = journal.load()
    if state.failure is None or not machine.is_switched(state):
        journal.close(state.failure.code if state.failure is not None else None)
    if state.failure is not None:
        raise _with_kept(state.failure, state).error()
    tools.activity.record(
        tools.clock.now(), "you",
        text("moved {what} to the {store}", what=" and ".join(state.parts), store=_SAID[state.target]),
    )  # fmt: skip
    return state


def _with_kept(failure: Failure, state: Move) -> Failure:
    return replace(failure, kept=failure.kept or machine.kept(state))


class _Performer:
    def __init__(self, tools: MoveTools, journal: RunJournal[Move]) -> None:
        self._tools = tools
        self._journal = journal
        self._state: Move = journal.load()[0]
        self._copied: dict[str, str] = {}  # what this process saw equal in both, as digests
        self._opened: dict[str, SecretStore] = {}
        self._backend: SealedBackend | None = None

    def perform(self, effect: Effect) -> Event:
        if not isinstance(effect, machine.Prepare):
            self._open_parts()  # resumed: the vault is closed
        match effect:
            case machine.Prepare():
                self._prepare()
                return machine.Did()
            case machine.Copy():
                return machine.Did(self._copy())
            case machine.Switch():
                if not self._copied:
                    self._copy()  # resumed: what came since the copy was made
                self._switch()
                return machine.Did()
            case machine.CatchUp():
                self._catch_up()
                return machine.Did()
            case machine.Remove():
                return machine.Did(left=self._remove())
        raise TypeError(type(effect).__name__)

    # ── stores ───────────────────────────────────────────────────────────────────────────────────
    def _store(self, kind: str) -> SecretStore:
        if kind not in self._opened:
            if kind == "keychain":
                self._opened[kind] = self._tools.stores.keychain()
            else:
                backend = self._sealed()
                self._opened[kind] = SecretStore(backend, "sealed", "CredGuard’s vault", listing=backend)
        return self._opened[kind]

    def _sealed(self) -> SealedBackend:
        if self._backend is None:
            self._backend = self._tools.stores.sealed(self._state.parts)
        return self._backend

    @property
    def _source(self) -> SecretStore:
        return self._store(self._state.source)

    @property
    def _target(self) -> SecretStore:
        return self._store(self._state.target)

    def _names(self, store: SecretStore) -> tuple[str, ...]:
        """The items that move, sessions apart."""
        if store.kind == "keychain":
            found = store.names()
        else:  # what is open in the vault, and not more of it
            found = self._sealed().vault.names() if self._sealed().vault.is_open else ()
        return tuple(name for name in found if self._moves(name))

    def _moves(self, name: str) -> bool:
        other = name.startswith(("vault/", "index/", _PASSING))
        return not other and compartment_of(name) in self._state.parts

    # ── effects ──────────────────────────────────────────────────────────────────────────────────
    def _prepare(self) -> None:
        for store in (self._source, self._target):
            if store.kind == "keychain":
                store.check()
        if self._state.target == "sealed":
            backend = self._sealed()
            if not backend.vault.exists:
                if backend.vault.is_lost():
                    raise backend.vault.missing()
                backend.create()
            missing = [part for part in self._state.parts if part not in backend.vault.compartments()]
            if missing:
                backend.open_all()
                for part in missing:
                    SlotChanges(backend.vault).add_compartment(part)
        self._open_parts()

    def _open_parts(self) -> None:
        for part in self._state.parts:
            self._sealed().open(part)

    def _switched(self) -> bool:
        return str(self._tools.settings.get(self._state.setting) or "") == self._state.target

    def _copy(self) -> int:
        names = self._names(self._source)
        for name in names:
            item = self._source.read(name)
            if item is None:
                continue
            there = self._target.read(name)
            # After the switch the new store is the younger one: only what it lacks is added.
            if there is None or (_digest(there) != _digest(item) and not self._switched()):
                self._tools.fault(f"copy {name}")
                self._target.write(name, item)
                there = self._target.read(name)
                if there is None or _digest(there) != _digest(item):
                    raise self._differs()
            if _digest(there) == _digest(item):
                self._copied[name] = _digest(item)
        return len(names)

    def _switch(self) -> None:
        settings, state = self._tools.settings, self._state
        settings.set(state.setting, state.target)
        if "keys" in state.parts:
            self._tools.keys.moved_to(state.target)

    def _catch_up(self) -> None:
        for name in self._names(self._source):
            item, there = self._source.read(name), self._target.read(name)
            if item is None:
                continue
            seen = self._copied.get(name)
            # Changed in the old store after it was copied, and not in the new one.
            newer = seen is not None and _digest(item) != seen
            if there is None or (newer and _digest(there) == seen):
                self._target.write(name, item)
                self._copied[name] = _digest(item)

    def _remove(self) -> tuple[str, ...]:
        left = []
        for name in self._names(self._source):
            item, there = self._source.read(name), self._target.read(name)
            if item is None:
                continue
            if there is None or not self._may_go(name, item, there):
                left.append(name)
                continue
            self._tools.fault(f"remove {name}")
            self._source.remove(name)
        if "keys" in self._state.parts:
            for name in self._source.names(_PASSING):
                if name.startswith(_PASSING):
                    self._source.remove(name)
        if self._state.source == "sealed" and not left:
            self._close_vault()
        return tuple(left)

    def _may_go(self, name: str, item: Item, there: Item) -> bool:
        if _digest(item) == _digest(there):
            return True
        # The new store's value was changed since: the old one is known to have been copied whole.
        return self._copied.get(name) == _digest(item) and not name.startswith(_LASTING)

    def _close_vault(self) -> None:
        """The part that moved goes; a vault that is nobody's store any more goes with its copies."""
        backend = self._sealed()
        if not backend.vault.exists:
            return
        backend.open_all()
        settings = self._tools.settings
        if backend.vault.names() or "sealed" in (settings.get("store"), settings.get("codes_store")):
            for part in self._state.parts:
                # A part that cannot go because of who opens the rest stays, empty.
                with contextlib.suppress(CredGuardError):
                    SlotChanges(backend.vault).drop_compartment(part)
        else:
            # The notes first: a note of a vault that is gone would say that it was lost.
            self._tools.stores.forget(backend.vault.loaded().file.vault)
            backend.vault.destroy()

    def _differs(self) -> CredGuardError:
        return CredGuardError(
            "read-back-differs",
            text("{store} did not give back what was stored.", store=self._target.label),
            text("Nothing was taken from the old store. Try again, or see: credguard doctor"),
        )


def _digest(item: Item) -> str:
    """Compares two items without holding either; never stored."""
    plain = {key: value.reveal() if isinstance(value, Secret) else value for key, value in item.items()}
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
