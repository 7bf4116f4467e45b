"""The stores of keys and codes, the agent that may hold them, the sealed vault, and AWS."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from functools import cached_property
from typing import TYPE_CHECKING

from credguard.wire import places
from credguard.wiring.adapters import Adapters

if TYPE_CHECKING:
    from credguard.aws.clients import AwsClients
    from credguard.catalog.activity import Activity
    from credguard.domain.secret import Secret
    from credguard.vault.choose import Held
    from credguard.vault.keychain_slots import KeychainSlots, SeenInKeychain
    from credguard.vault.remote import Agent
    from credguard.vault.sealed.backend import SealedBackend
    from credguard.vault.sealed.credentials import SecurityKeys
    from credguard.vault.sealed.seen import Seen
    from credguard.vault.store import SecretStore
    from credguard.vault.talk import AtHand
    from credguard.workflows.far_care import FarCare
    from credguard.workflows.unlocking import Unlocking


class Vaults(Adapters):
    """Where secrets are, and who holds them."""

    @cached_property
    def store(self) -> SecretStore:
        return self._open("store")

    @cached_property
    def codes_store(self) -> SecretStore:
        other = self.settings.get("codes_store")
        if other and other != self.store.kind:
            return self._open("codes_store")
        # The agent may hold the keys alone: then the codes are opened beside it, for this command.
        remote = self.store.kind == "sealed" and self._at_agent("keys")
        return self._open("store", "codes") if remote else self.store

    @cached_property
    def _whole(self) -> tuple[SecretStore, SecretStore]:
        """The stores of keys and codes for what needs seeds: opened by this process itself, with a
        passphrase, where the agent keeps them to itself."""
        if not self._codes_at_agent:
            return self.store, self.codes_store
        if self.settings.get("codes_store") in {"", self.store.kind}:
            both = self._open("store", None)
            return both, both
        return self.store, self._open("codes_store", None)

    def _open(self, pin: str, part: str | None = "keys") -> SecretStore:
        """`part`: the one that the agent has to hold to be asked; None: it is not asked."""
        from credguard.vault.choose import open_store

        return open_store(
            self.settings,
            vault_path=places.vault_file(),
            alone=self._alone,
            ask=self._passphrase,
            environ=self._environ,
            pin=pin,
            held=lambda: self._held("codes" if pin == "codes_store" and part else part),
            sealed=lambda: self._sealed_backend,
            known=self._known_names,
            on_mended=self._index_mended,
        )

    def _known_names(self, get: Callable[[str], str | None]) -> Iterable[str]:
        from credguard.workflows.known_names import known_names

        return known_names(
            get, database=self._catalog, config=places.aws_config(), credentials=places.aws_credentials()
        )

    def _index_mended(self, count: int) -> None:
        """A line in Activity; the catalog as it lies there, which this may have been called for."""
        from credguard.catalog.activity import Activity
        from credguard.domain.errors import CredGuardError
        from credguard.domain.text import text

        with contextlib.suppress(CredGuardError):
            Activity(self._catalog).record(
                self.clock.now(), "CredGuard", text("made the keychain’s list of items anew: {n}", n=count)
            )

    def _alone(self, name: str) -> AbstractContextManager[None]:
        from credguard.vault.choose import KEYCHAIN_CHANGE

        # Changes of the keychain follow one another under the index's lock: one that holds this longer was
        # given up by its caller, and waits for a person.
        return self.interlock.hold(name, wait=1.0 if name == KEYCHAIN_CHANGE else 10.0)

    def _copies_alone(self) -> AbstractContextManager[None]:
        """One process at a time makes sealed copies in `backups/`, or gives them a new key."""
        return self.interlock.hold("file-backup", wait=10.0)

    @cached_property
    def agent(self) -> Agent | None:
        """Questions to the agent of this state folder; None in the agent itself."""
        if self._sealed is not None:
            return None
        from credguard.vault.remote import Agent

        trusted = None if self._program is None else (lambda pid: True)
        unlock = self._unlocking.by_asking if self._starts_agent else None
        return Agent(places.agent_socket(), unlock, trusted)

    @cached_property
    def _unlocking(self) -> Unlocking:
        from credguard.workflows.unlocking import Unlocking

        return Unlocking(
            lambda: self.agent, self._passphrase, places.vault_file(), child=self._starts_agent,
            environ=self._environ, keeps_code=self._keeps_code, make=self._new_vault,
            hands=self._hands, program=self._program,
        )  # fmt: skip

    def _new_vault(self, passphrase: Secret, code: Secret | None) -> None:
        if self._far_care is not None:
            try:
                self._far_care.create(passphrase, code, False)
            finally:
                self._far_care.close()
            return
        from credguard.vault.choose import new_vault

        new_vault(
            passphrase,
            code,
            vault_path=places.vault_file(),
            alone=self._alone,
        )

    @cached_property
    def _far_care(self) -> FarCare | None:
        """The ways in as a window changes them: in a child. None where this process does it itself."""
        if not self._starts_agent or self.agent is None:
            return None
        from credguard.vault.far_care import Child
        from credguard.workflows.far_care import FarCare

        return FarCare(
            Child(self._environ, self._passphrase, self._hands, self._program, self._keeps_code),
            backend=self._sealed_backend,
            keychain=self._keychain_slots,
            keys=None,
            activity=_nothing_noted,
            backups=places.backups(),
            clock=self.clock,
        )

    def _at_agent(self, part: str) -> bool:
        """Whether the agent holds this part, or will when it is wanted."""
        return self.agent is not None and (self._starts_agent or part in self._parts_at_agent)

    @cached_property
    def _parts_at_agent(self) -> tuple[str, ...]:
        return () if self.agent is None else self.agent.open_parts()

    def _held(self, part: str | None) -> Held | None:
        if self._sealed is not None:
            return self._sealed
        if part is None or self.agent is None or not self._at_agent(part):
            return None
        from credguard.vault.remote import RemoteBackend

        return RemoteBackend(self.agent, self._unlocking.vault_exists, self._unlocking.with_passphrase)

    @property
    def _codes_at_agent(self) -> bool:
        kind = self.settings.get("codes_store") or self.store.kind
        return kind == "sealed" and self._at_agent("codes")

    @cached_property
    def _sealed_backend(self) -> SealedBackend:
        """One for keys and codes, so that what was opened for one serves the other."""
        return self._backend_with(("keys", "codes"))

    def _backend_with(self, compartments: tuple[str, ...]) -> SealedBackend:
        """The vault, closed; these compartments where it has to be made."""
        from credguard.vault.choose import sealed_backend
        from credguard.vault.sealed.backend import Ways

        return sealed_backend(
            vault_path=places.vault_file(),
            alone=self._alone,
            ask=self._passphrase,
            environ=self._environ,
            seen=self._seen,
            ways=Ways(self._keychain_slots, self._security_keys, self._keeps_code),
            compartments=compartments,
            clock=self.clock,
        )

    @cached_property
    def _security_keys(self) -> Callable[[], SecurityKeys] | None:
        person = self._person
        if self._keys_given is not None or person is None:
            return self._keys_given

        def keys() -> SecurityKeys:
            from credguard.vault.security_key import UsbSecurityKeys

            return UsbSecurityKeys(person)

        return keys

    @property
    def _hands(self) -> Callable[[], AtHand] | None:
        """Who touches keys and types PINs, while the agent talks to the keys."""
        person, ask = self._person, self._passphrase
        if self._hands_given is not None or person is None:
            return self._hands_given

        def hands() -> AtHand:
            from credguard.domain import passphrase
            from credguard.domain.secret import Secret
            from credguard.vault.talk import AtHand

            def words() -> Secret | None:
                typed = ask(passphrase.WITH_KEY) if ask is not None else None
                return Secret(typed) if typed else None

            def tell(event: str) -> None:
                if event == "touch":
                    person.touch()

            return AtHand(person.pin, words, tell)

        return hands

    @cached_property
    def _keychain_slots(self) -> KeychainSlots:
        from credguard.vault.keychain_slots import KeychainSlots

        return KeychainSlots(lambda: self._quiet_keychain)

    @cached_property
    def _seen_in_keychain(self) -> SeenInKeychain:
        from credguard.vault.keychain_slots import SeenInKeychain

        # Automation and the demo, which name a file, leave the keychain of the person alone.
        file = self.demo or self._environ.get("CREDGUARD_PASSPHRASE_FILE")
        return SeenInKeychain(lambda: None if file else self._quiet_keychain)

    def _seen(self) -> Seen:
        from credguard.catalog.seen import SeenInCatalog
        from credguard.vault.keychain_slots import SeenInBoth

        return SeenInBoth(SeenInCatalog(self._catalog), self._seen_in_keychain)

    @cached_property
    def _quiet_keychain(self) -> SecretStore | None:
        """The keychain beside the sealed vault, where it answers without asking."""
        from credguard.vault.choose import quiet_keychain_store

        return quiet_keychain_store(self._alone)

    @cached_property
    def clients(self) -> AwsClients:
        from credguard.aws.clients import AwsClients

        return AwsClients(self.clock, self._environ)


def _nothing_noted() -> Activity:
    raise AssertionError("the child notes what it does")
