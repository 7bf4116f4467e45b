"""Opening and locking, for both kinds of store.

The sealed vault is opened in the agent, by a passphrase that goes through a pipe or its socket. The
keychain has a lock of its own; ours drops the sessions and can keep programs waiting.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from credguard.domain import passphrase as words
from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.settings import Settings
from credguard.system.clock import Clock
from credguard.vault.store import SecretStore

if TYPE_CHECKING:
    from credguard.vault.launch import Started
    from credguard.vault.remote import Agent
    from credguard.vault.sealed.slots import SlotView
    from credguard.vault.talk import AtHand

Ask = Callable[[str], "str | None"]
TRIES = 3
_RETRIED = {"wrong-passphrase", "recovery-code", "wrong-recovery-code", "pin-wrong", "key-untouched"}
#: Programs wait this long for a person (seconds); the SDKs give the whole answer 50.
PERSON = 40.0
_LOOK = 0.25
#: Between a lock and the window's next agent (seconds, at the most).
_BETWEEN = 15.0
_TRIES_TO_START = 20


@dataclass(frozen=True, slots=True)
class LockState:
    """`store` as in the settings ("" before the first write); `open` are the parts the agent holds.

    `closes_in`: seconds until each closes by itself, None for never. `waiting`: programs wait at the
    keychain.
    """

    store: str
    agent: int | None
    open: tuple[str, ...]
    closes_in: dict[str, float | None]
    waiting: bool
    vault: bool


@dataclass(frozen=True, slots=True)
class LockDone:
    """What locking did: ended an agent, forgot this many sessions, made programs wait."""

    ended: bool
    sessions: int
    waiting: bool


@dataclass(frozen=True, slots=True)
class UnlockWay:
    """One kind of slot: how many, what the person called them, which parts they open together.

    `with_words`: security keys that open together with a passphrase only are among them.
    """

    kind: str
    labels: tuple[str, ...]
    opens: tuple[str, ...]
    with_words: bool = False


def ways(slots: Sequence[SlotView]) -> tuple[UnlockWay, ...]:
    """Slots by kind, in the order a person is offered them."""
    found = []
    for kind in ("passphrase", "recovery", "fido2", "keychain"):
        its = [slot for slot in slots if slot.type == kind]
        if its:
            opens = tuple(part for part in ("keys", "codes") if any(part in slot.opens for slot in its))
            labels = tuple(slot.label for slot in its)
            found.append(UnlockWay(kind, labels, opens, any(slot.with_passphrase for slot in its)))
    return tuple(found)


def no_such_way(way: str) -> CredGuardError:
    return CredGuardError(
        "no-such-way",
        text("The vault is not opened by {way}.", way=way),
        text("Use another way in. All of them: credguard vault slots"),
    )


class Unlocking:
    """Opens the sealed vault in the agent. `child`: an agent that is started ends with this process."""

    def __init__(
        self,
        agent: Callable[[], Agent | None],
        ask: Ask | None,
        vault_path: str,
        *,
        child: bool,
        environ: Mapping[str, str],
        keeps_code: Callable[[Secret], bool] | None = None,
        make: Callable[[Secret, Secret | None], None] | None = None,
        hands: Callable[[], AtHand] | None = None,
        program: Sequence[str] | None = None,
    ) -> None:
        """`keeps_code` shows somebody the recovery code of a vault that is to be made, and says whether it
        was written down; `make` then makes the vault with a passphrase and that code. `hands` is
        somebody who touches security keys, and types their PINs. `program` runs
        CredGuard's commands, where that is not this interpreter with this package."""
        self._agent = agent
        self._ask = ask
        self._path = vault_path
        self._child = child
        self._environ = environ
        self._keeps_code = keeps_code
        self._make = make
        self._hands = hands
        self._program = program
        self._started: Started | None = None
        self._starting = threading.Lock()

    def close(self) -> None:
        """Let go of the agent that was started here."""
        started, self._started = self._started, None
        if started is not None:
            started.close()

    def vault_exists(self) -> bool:
        """There is a vault, or there was one: then the agent says what became of it."""
        return os.path.lexists(self._path) or os.path.lexists(self._path + ".prev")

    def with_passphrase(self, passphrase: Secret, create: bool = False) -> None:
        """Open, in the agent that runs or in one that is started. Raises as `SealedVault.open`,
        `agent-running`, `agent-failed`."""
        agent = self._agent()
        if agent is None:
            raise _not_here()
        how = {"passphrase": passphrase.reveal(), "create": create}
        self._open(None if create else lambda: agent.unlock(passphrase), how)

    def with_way(self, way: str, typed: Secret | None, person: AtHand) -> None:
        """Open by one kind of slot. Raises as `with_passphrase`, and as the slot's kind does."""
        if way in {"passphrase", "recovery"}:
            if typed is None:
                raise no_such_way(way)
            self.with_passphrase(typed)
            return
        agent = self._agent()
        if agent is None:
            raise _not_here()
        opened = lambda: agent.unlock_with(way, person.answer, person.cancel)  # noqa: E731
        self._open(opened, {"way": way}, person)

    def stand_by(self) -> bool:
        """Start an agent that waits, locked, where none answers; whether one was started."""
        agent = self._agent()
        if agent is None:
            return False
        with self._starting:
            try:
                agent.status()
            except Locked:
                try:
                    self._start({})
                except CredGuardError as error:
                    if error.code != "agent-running":
                        raise
                else:
                    return True
            return False

    def _open(
        self, running: Callable[[], object] | None, how: dict[str, object], person: AtHand | None = None
    ) -> None:
        """In the agent that runs, else in one that is started; another may be starting one meanwhile."""
        for tried in range(_TRIES_TO_START):
            if running is not None:
                try:
                    running()
                    return
                except Locked as error:
                    if error.code != "vault-locked":
                        raise
            with self._starting:
                try:
                    self._start(how, person)
                    return
                except CredGuardError as error:
                    if error.code != "agent-running" or running is None or tried == _TRIES_TO_START - 1:
                        raise
            threading.Event().wait(_LOOK)  # it is starting, or ending: neither answers yet

    def _start(self, how: dict[str, object], person: AtHand | None = None) -> None:
        from credguard.vault.launch import start

        self.close()
        answer, cancel = (person.answer, person.cancel) if person is not None else (None, None)
        self._started = start(
            how, child=self._child, environ=self._environ, argv=self._program, answer=answer, cancel=cancel
        )

    def by_asking(self, way: str | None = None) -> bool:
        """Ask a person, for one `way` or as the vault's slots are; False where they did not want to.

        A keychain that opens all of it asks nobody. Raises as `with_way`.
        """
        if not self.vault_exists():
            return self._create(self._ask) if self._ask is not None else False
        if way is not None:
            self._by_touch(way)
            return True
        found = {one.kind: one for one in self._ways()}
        if "keychain" in found and found["keychain"].opens == ("keys", "codes") and self._by_keychain():
            return True
        if self._hands is not None and "fido2" in found and not found.keys() & {"passphrase", "recovery"}:
            self._by_touch("fido2")
            return True
        if self._ask is None:
            return "keychain" in found and self._by_keychain()
        return self._by_typing(self._ask, found)

    def _by_typing(self, ask: Ask, found: Mapping[str, UnlockWay]) -> bool:
        recovery = "recovery" in found and "passphrase" not in found
        question = words.RECOVERY if recovery else words.OPEN
        hint = words.OR_KEY if "fido2" in found and self._hands is not None else ""
        wrong = ""
        for tried in range(1, TRIES + 1):
            answer = ask(f"{wrong}{question}{hint}")
            if answer is None:
                # Nobody is here to type; what opens by itself opens.
                return tried == 1 and "keychain" in found and self._by_keychain()
            try:
                if answer:
                    self.with_passphrase(Secret(answer))
                    return True
                if hint:
                    self._by_touch("fido2")
                    return True
            except CredGuardError as error:
                if error.code not in _RETRIED or tried == TRIES:
                    raise
                wrong = words.WRONG if error.code == "wrong-passphrase" else f"{error.what} "
            else:
                wrong = words.WRONG
        return False

    def _by_touch(self, way: str) -> None:
        from credguard.vault.talk import AtHand

        person = self._hands() if self._hands is not None else AtHand()
        try:
            self.with_way(way, None, person)
        finally:
            person.tell("ended")

    def _by_keychain(self) -> bool:
        from credguard.vault.talk import AtHand

        try:
            self.with_way("keychain", None, AtHand())
        except CredGuardError as error:
            if error.code in {"no-keychain-slot", "store-silent", "store-locked", "item-unreadable"}:
                return False
            raise
        return True

    def _ways(self) -> tuple[UnlockWay, ...]:
        from credguard.vault.sealed.vault import SealedVault

        vault = SealedVault(self._path)
        # Gone or damaged: the agent says what became of it.
        with contextlib.suppress(CredGuardError):
            return ways(vault.slots())
        return ()

    def _create(self, ask: Ask) -> bool:
        first = ask(words.NEW)
        if first is None:
            return False
        if ask(words.REPEAT) != first:
            raise CredGuardError(
                "passphrases-differ",
                text("The two passphrases differ."),
                text("Try again. No vault was made."),
            )
        if self._keeps_code is not None and self._make is not None:
            from credguard.vault.sealed.recovery import generate

            code = generate()
            if self._keeps_code(code):
                self._make(Secret(first), code)
                self.with_passphrase(Secret(first))
                return True
        self.with_passphrase(Secret(first), create=True)
        return True


def _not_here() -> CredGuardError:
    return CredGuardError(
        "agent-not-here",
        text("The agent does not run on this system yet."),
        text("Name a passphrase file in CREDGUARD_PASSPHRASE_FILE, or type it for each command."),
    )


def state(agent: Agent | None, settings: Settings, locked_file: str, vault: bool) -> LockState:
    """What is open now; opens nothing."""
    found: dict[str, Any] = {}
    if agent is not None:
        with contextlib.suppress(CredGuardError):
            found = agent.status()
    return LockState(
        str(settings.get("store")),
        int(found["pid"]) if "pid" in found else None,
        tuple(found.get("open", ())),
        dict(found.get("closes_in", {})),
        os.path.lexists(locked_file),
        vault,
    )


def lock(
    agent: Agent | None,
    settings: Settings,
    locked_file: str,
    store: Callable[[], SecretStore],
) -> LockDone:
    """Lock everything now.

    Programs are made to wait first, so that none gets in between. Raises what the keychain raises; then
    the agent has ended all the same.
    """
    ended = agent is not None and agent.lock()
    if settings.get("store") != "keychain":
        return LockDone(ended, 0, False)
    waiting = settings.get("locked_programs") == "wait"
    if waiting:
        make_wait(locked_file)
    from credguard.vault.sessions import Sessions

    names = store().names("session/")
    Sessions(store()).drop()
    return LockDone(ended, len(names), waiting)


def agent_of_window(
    agent: Agent, window: Callable[[], bool], clock: Clock, seconds: float = _BETWEEN
) -> None:
    """Return once an agent answers that is open, or that a window is connected to; at once where no
    `window` runs. After a lock the window's next agent is only just starting."""
    until = clock.monotonic() + seconds
    while clock.monotonic() < until:
        with contextlib.suppress(CredGuardError):
            found = agent.status()
            if found.get("open") or found.get("window"):
                return
        if not window():
            return
        clock.sleep(_LOOK)


def asks_window(settings: Settings) -> bool:
    """Whether programs may have to ask a window although the keychain needs no agent."""
    return bool(settings.get("approve") != "off" or settings.get("locked_programs") == "wait")


def make_wait(locked_file: str) -> None:
    """Keep programs from the keychain until `allow_programs`."""
    from credguard.system.durable import make_private_folder, translate

    make_private_folder(os.path.dirname(locked_file))
    try:
        os.close(os.open(locked_file, os.O_CREAT | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0), 0o600))
    except OSError as error:
        raise translate(error, locked_file) from None


def allow_programs(locked_file: str) -> bool:
    """Programs go on; whether they had to wait."""
    try:
        os.unlink(locked_file)
    except FileNotFoundError:
        return False
    except OSError as error:
        from credguard.system.durable import translate

        raise translate(error, locked_file) from None
    return True


def wait_for_person(locked_file: str, clock: Clock, seconds: float = PERSON) -> None:
    """Wait until programs may have keys again. Raises Locked `programs-wait` when nobody came."""
    until = clock.monotonic() + seconds
    while os.path.lexists(locked_file):
        left = until - clock.monotonic()
        if left <= 0:
            raise Locked(
                "programs-wait",
                text("CredGuard is locked, and nobody unlocked it."),
                text("Unlock it in its window or with: credguard unlock"),
            )
        clock.sleep(min(_LOOK, left))
