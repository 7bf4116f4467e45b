"""Opening and closing the store, for a face and for the agent."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from credguard.wire import places
from credguard.wiring.catalogs import Catalogs
from credguard.wiring.kinds import StoreState, T

if TYPE_CHECKING:
    from credguard.catalog.activity import ActivityKind
    from credguard.catalog.approvals import Approval
    from credguard.domain.accounts import Account
    from credguard.domain.profiles import ProfileLink
    from credguard.domain.secret import Secret
    from credguard.domain.text import Text
    from credguard.queries.openness import Openness
    from credguard.vault.sealed.credentials import Credential
    from credguard.vault.talk import FarPerson
    from credguard.workflows.unlocking import LockDone, LockState, UnlockWay
    from credguard.workflows.vault_care import VaultCare


class Opening(Catalogs):
    """Locked, unlocked, made anew."""

    def warm(self) -> None:
        """Make what the agent's threads share before there is a second thread."""
        for name in ("database", "interlock", "store", "codes_store", "clients", "_accounts", "_keys",
                     "_profiles", "_devices", "_activity", "_own_codes"):  # fmt: skip
            getattr(self, name)

    def unlock_by_asking(self, way: str | None = None) -> bool:
        """Open the vault in the agent, asking a person as its slots are, or for one `way` of `unlock_ways`;
        False where nobody wanted to answer. Raises as `unlock_with`."""
        return self._unlocking.by_asking(way)

    def unlock_from_file(self) -> bool:
        """The same with CREDGUARD_PASSPHRASE_FILE; False where it is not set."""
        file = self._environ.get("CREDGUARD_PASSPHRASE_FILE")
        if not file:
            return False
        from credguard.vault.sealed.backend import read_passphrase_file

        self._unlocking.with_passphrase(read_passphrase_file(file))
        return True

    def unlock_ways(self) -> tuple[UnlockWay, ...]:
        """The kinds of slots that the sealed vault has, for a page that opens it: `passphrase`, `recovery`,
        `fido2`, `keychain`, in this order. Opens nothing, asks nobody; () for no vault.

        Raises as `SealedVault.slots` (`vault-damaged`, …).
        """
        from credguard.workflows.unlocking import ways

        vault = self._sealed_backend.vault
        return ways(vault.slots()) if vault.exists else ()

    def unlock_with(
        self,
        way: str,
        typed: Secret | None = None,
        *,
        ask_pin: Callable[[int | None], Secret | None] | None = None,
        ask_words: Callable[[], Secret | None] | None = None,
        tell: Callable[[str], None] = lambda event: None,
        cancel: threading.Event | None = None,
    ) -> None:
        """Open the sealed vault in the agent, by one of `unlock_ways`. Waits for the person: call it in a
        worker; the callbacks come in that worker, and may wait.

        `passphrase` and `recovery` take what was `typed`. `fido2`: the agent talks to the keys that are
        plugged in; `tell("touch")` when one blinks, `ask_pin(tries_left)` when it wants its PIN (None: the
        person does not want to), `ask_words()` for the passphrase that a key may open together with.
        `keychain` asks nothing. `cancel`, set from any thread, calls the wait off.

        Programs that wait go on. Raises CredGuardError `wrong-passphrase`, `recovery-code`,
        `wrong-recovery-code`, `no-keychain-slot`, `key-cancelled`, those of
        vault/security_key_errors.py, and what the vault raises.
        """
        from credguard.vault.talk import AtHand

        self._unlocking.with_way(way, typed, AtHand(ask_pin, ask_words, tell, cancel))
        self._parts_changed()
        self.store.check()
        self.allow_programs()

    def _parts_changed(self) -> None:
        """Another agent answers, or holds other parts: what was noted of it is asked anew."""
        for name in ("_parts_at_agent", "_agent_codes"):
            self.__dict__.pop(name, None)

    def credential(
        self,
        way: str,
        person: FarPerson | None,
        cancel: threading.Event,
        devices: Callable[[], Iterable[Any]] | None = None,
    ) -> Credential:
        """What opens the vault by `keychain` or `fido2`, in the process that holds it. Raises
        CredGuardError `no-such-way`."""
        from credguard.vault.sealed.credentials import KeychainKey, SecurityKey
        from credguard.workflows.unlocking import no_such_way

        if way == "keychain":
            return KeychainKey(self._keychain_slots)
        if way != "fido2" or person is None:
            raise no_such_way(way)
        from credguard.vault.security_key import UsbSecurityKeys

        return SecurityKey(UsbSecurityKeys(person, devices, cancel), person.words)

    @property
    def keys_in_keychain(self) -> bool:
        return self.store.kind == "keychain"

    def opens_by_itself(self) -> bool:
        """Whether the keychain opens the keys without anybody: then no program waits for a person."""
        return any(way.kind == "keychain" and "keys" in way.opens for way in self.unlock_ways())

    def stand_by(self) -> bool:
        """Have an agent that programs can wait at, locked, where none answers; in a window only. Whether
        one was started. Raises CredGuardError `agent-failed`."""
        if self.agent is None or not self._starts_agent:
            return False
        from credguard.workflows.unlocking import asks_window

        sealed = "sealed" in {self.settings.get("store"), self.settings.get("codes_store")}
        if not (sealed and self._unlocking.vault_exists()) and not asks_window(self.settings):
            return False
        return self._unlocking.stand_by()

    def store_kind(self) -> str:
        """`keychain` or `sealed`: where keys are, or would be."""
        return self.settings.get("store") or self.store.kind

    def allowed(self) -> tuple[Approval, ...]:
        """Programs that may use keys without a question."""
        return self._approvals.all(self.clock.now())

    def disallow(self, program: str | None) -> int:
        """Ask about a program (None: every one) again; returns how many were taken back."""
        return self._approvals.withdraw(program)

    def openness(self) -> Openness:
        """Whether keys and codes are open, for a window. Opens nothing, and asks nobody.

        Raises CredGuardError `store-silent`, `store-pinned`, `settings-unreadable`.
        """
        from credguard.queries.openness import openness

        store = self.store
        if self._starts_agent and self.agent is not None:
            opened = self.agent.open_parts()
        else:
            opened = self._sealed_backend.vault.opened if "_sealed_backend" in self.__dict__ else ()
        return openness(
            store.label,
            self._kinds,
            opened,
            fresh=store.fresh,
            by_itself=bool(self._environ.get("CREDGUARD_PASSPHRASE_FILE")),
            waiting=os.path.lexists(places.locked_file()),
        )

    @property
    def _kinds(self) -> dict[str, str]:
        """The kind of store that each part is in."""
        keys = self.store.kind
        return {"keys": keys, "codes": self.settings.get("codes_store") or keys}

    def lock_state(self) -> LockState:
        """What is open now. Asks the agent, opens nothing."""
        from credguard.workflows.unlocking import state

        return state(self.agent, self.settings, places.locked_file(), self._unlocking.vault_exists())

    def allow_programs(self) -> bool:
        """Take away the mark that keeps programs waiting at the keychain; whether there was one."""
        from credguard.workflows.unlocking import allow_programs

        return allow_programs(places.locked_file())

    # What the agent notes and looks up.
    def profile_link(self, profile: str) -> ProfileLink | None:
        return self._profiles.get(profile) or self._profiles.by_name(profile)

    def account(self, account_id: str) -> Account | None:
        return self._accounts.get(account_id)

    def account_of_key(self, access_key_id: str) -> str | None:
        key = self._keys.get(access_key_id)
        return key.account_id if key is not None else None

    def record(
        self, actor: str, action: Text, account_id: str | None, kind: ActivityKind, detail: str = ""
    ) -> None:
        """One row in Activity, now."""
        self._activity.record(self.clock.now(), actor, action, account_id, kind=kind, detail=detail)

    def rebuild_catalog(self) -> None:
        """From the store, into the catalog that lies there now: another process may have made it anew."""
        from credguard.catalog.database import open_database
        from credguard.workflows.rebuild import rebuild

        with contextlib.closing(open_database(places.catalog())) as present:
            rebuild(present, self.store, self.clock, lambda: self.codes_store)

    @cached_property
    def vault(self) -> VaultCare:
        """Ways into the sealed vault, its copies, what to do when its file is not the one expected."""
        from credguard.workflows.vault_care import VaultCare

        if self._far_care is not None:
            return self._far_care
        return VaultCare(
            self._sealed_backend,
            keychain=self._keychain_slots,
            keys=self._security_keys,
            activity=lambda: self._activity,
            backups=places.backups(),
            clock=self.clock,
            alone=self._copies_alone,
        )

    def notices(self) -> tuple[Text, ...]:
        """Warnings of the stores that were opened: exit code 3. Opens nothing."""
        found = [
            notice
            for name in ("store", "codes_store")
            if name in self.__dict__
            for notice in self.__dict__[name].notices()
        ]
        return tuple(dict.fromkeys((*found, *self._beside_the_agent())))

    def _beside_the_agent(self) -> tuple[Text, ...]:
        """The vault that the agent holds, against the notes: the agent knows only what it saw itself."""
        used = [self.__dict__[name] for name in ("store", "codes_store") if name in self.__dict__]
        if self._sealed is not None or not any(store.kind == "sealed" for store in used):
            return ()
        if "_sealed_backend" in self.__dict__ and self._sealed_backend.vault.is_open:
            return ()  # opened here: compared then
        from credguard.vault.sealed.peek import peek
        from credguard.vault.sealed.seen import compare

        found = peek(places.vault_file())
        notice = compare(self._seen(), *found) if found is not None and self._parts_at_agent else None
        return (notice.text,) if notice is not None else ()

    @property
    def is_unlocked(self) -> bool:
        """Whether the store was opened, and would answer without asking. Touches no file."""
        return "store" in self.__dict__ and not self.store.asks and not self.store.fresh

    def store_state(self) -> StoreState:
        """Where secrets live, or would. Raises CredGuardError `store-silent`, `store-pinned`, `usage`."""
        store = self.store
        chosen = self.settings.is_set("store")
        return StoreState(store.kind, store.label, store.asks, store.fresh, chosen)

    def asks_passphrase(self) -> bool:
        """Whether a person has to type the sealed vault's passphrase before it can be used."""
        return self.store.asks

    def lock(self) -> LockDone:
        """Lock now: forget the opened vault and what holds it, end the agent; at the keychain drop the
        sessions and, where the settings say so, keep programs waiting."""
        from credguard.workflows.unlocking import lock

        done = lock(self.agent, self.settings, places.locked_file(), lambda: self.store)
        for name in ("store", "codes_store", "_whole"):
            found = self.__dict__.pop(name, None)
            for store in found if isinstance(found, tuple) else (found,):
                if store is not None:
                    store.lock()
        if "_sealed_backend" in self.__dict__:
            self._sealed_backend.lock()  # opened beside the agent, for its ways in
        if "_far_care" in self.__dict__ and self._far_care is not None:
            self._far_care.close()
        for name in ("_agent_codes", "_own_codes", "_checks", "_rotations", "_tools", "_parts_at_agent"):
            self.__dict__.pop(name, None)
        self._sent.clear()
        self._offers.clear()
        return done

    def unlock(self, passphrase: Secret | None = None) -> None:
        """Open the store again: with a passphrase where it asks for one. Programs that wait go on.

        Raises CredGuardError `wrong-passphrase`, Locked, `store-silent`, …
        """
        if passphrase is not None:
            self.store.unlock(passphrase)
        self.store.check()
        self.allow_programs()

    def _way_to(self, closed: Sequence[str]) -> str | None:
        """The one way to ask for where the passphrase opens none of these parts; None: as the slots are."""
        kinds = {way.kind for way in self.unlock_ways() if set(way.opens) & set(closed)}
        return "fido2" if "fido2" in kinds and "passphrase" not in kinds else None

    def open_by_asking(self) -> bool:
        """Open what is closed, asking for the passphrase where one is needed; programs that wait go on.

        False where nobody wanted to answer. Raises as `unlock`.
        """
        closed = self.openness().closed
        sealed = [part for part in closed if self._kinds[part] == "sealed"]
        if sealed and self._starts_agent:
            if not self._unlocking.by_asking(self._way_to(sealed)):
                return False
        else:
            for part in sealed:
                self._sealed_backend.open(part)
        self.allow_programs()
        return True

    def create_vault(self, passphrase: Secret, code: Secret | None = None) -> None:
        """Make the sealed vault and open it; it is the store from now on. `code`: a recovery code that a
        person proved to have written down. Raises as `make_vault`."""
        if self._far_care is not None:
            try:
                self._far_care.create(passphrase, code, True)
            finally:
                self._far_care.close()
        else:
            self.make_vault_here(passphrase, code, True)
        self.lock()
        self.unlock(passphrase)

    def make_vault_here(self, passphrase: Secret, code: Secret | None, chosen: bool) -> None:
        """Make the sealed vault in this process, closed; `chosen`: it is the store from now on. Raises as
        `make_vault` and `new_vault`."""
        from credguard.vault.choose import make_vault, new_vault

        path = places.vault_file()

        if chosen:
            make_vault(
                self.settings,
                passphrase,
                vault_path=path,
                alone=self._alone,
                environ=self._environ,
                code=code,
            )
        else:
            new_vault(passphrase, code, vault_path=path, alone=self._alone)

    def close_beside_agent(self) -> None:
        """Close the vault that was opened for its ways in beside the agent, here or in a child."""
        if "_far_care" in self.__dict__ and self._far_care is not None:
            self._far_care.close()
        if "_sealed_backend" in self.__dict__ and self._at_agent("keys"):
            self._sealed_backend.lock()

    def without_agent(self, change: Callable[[], T]) -> tuple[T, bool]:
        """A change that gives the vault new keys, which an open agent would take for a stranger's: it is
        opened here first, then the agent ends. Also says whether one ended."""
        self.vault.open()
        ended = self.agent is not None and self.agent.lock()
        for name in ("store", "codes_store", "_whole", "_parts_at_agent", "_agent_codes", "_own_codes"):
            if ended:
                self.__dict__.pop(name, None)
        return change(), ended

    def suggest_passphrase(self) -> str:
        """Six words chosen by chance."""
        import secrets

        from credguard.domain.passphrase import suggest

        return suggest(self.passphrase_words, secrets.choice)

    @cached_property
    def passphrase_words(self) -> tuple[str, ...]:
        """The words that suggestions are made of."""
        with open(os.path.join(places.resources(), "words.txt"), encoding="utf-8") as file:
            return tuple(file.read().split())
