"""The composition root: builds each adapter on first use and hands it to workflows and queries.

No other file wires. Rich code loads inside the properties, so neither `totp code` nor the window's
first paint loads boto3.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from credguard.domain.errors import CredGuardError
from credguard.settings import Settings
from credguard.system.clock import Clock, SystemClock
from credguard.system.interlock import Interlock
from credguard.wire import places

if TYPE_CHECKING:
    from credguard.aws.clients import AwsClients
    from credguard.catalog.accounts import Accounts
    from credguard.catalog.activity import Activity, ActivityKind, ActivityRow
    from credguard.catalog.approvals import Approval, Approvals
    from credguard.catalog.database import Database
    from credguard.catalog.devices import Devices
    from credguard.catalog.history import History
    from credguard.catalog.journal import Journals, RunRow
    from credguard.catalog.keys import Keys, Profiles
    from credguard.demo.session import DemoSession
    from credguard.domain.accounts import Account, Identity
    from credguard.domain.keys import Credentials
    from credguard.domain.machine import Step
    from credguard.domain.move_store import Move
    from credguard.domain.otp import OtpEntry
    from credguard.domain.profiles import ProfileLink
    from credguard.domain.restore import Keep, Row
    from credguard.domain.secret import Secret
    from credguard.domain.text import Text
    from credguard.profiles.shadowing import Shadow
    from credguard.queries.accounts import AccountRow, KeyRow
    from credguard.queries.activity import ActivityLine
    from credguard.queries.codes import CodeNow, CodeRow
    from credguard.queries.home import HomeView
    from credguard.queries.names import Target
    from credguard.queries.plaintext import PlaintextRow
    from credguard.vault.choose import Held
    from credguard.vault.keychain_slots import KeychainSlots, SeenInKeychain
    from credguard.vault.remote import Agent
    from credguard.vault.sealed.backend import SealedBackend
    from credguard.vault.sealed.credentials import SecurityKeys
    from credguard.vault.sealed.seen import Seen
    from credguard.vault.security_key import Person
    from credguard.vault.store import SecretStore
    from credguard.workflows.agent_codes import AgentCodes
    from credguard.workflows.backup import Made
    from credguard.workflows.check import CheckProblem, Checks, WhoAmI
    from credguard.workflows.codes import Codes
    from credguard.workflows.credentials import WorkingCredentials
    from credguard.workflows.export import Exported
    from credguard.workflows.intake import Findings, FoundKey, Outcome, Tools
    from credguard.workflows.intake_vaults import InVault
    from credguard.workflows.removal import RemovePlan, UninstallPlan
    from credguard.workflows.restore import Plan, Restored
    from credguard.workflows.restore import Target as RestoreTarget
    from credguard.workflows.rotation import RotationReport, Rotations
    from credguard.workflows.undo_import import Undone, UndoPlan
    from credguard.workflows.unlocking import LockDone, LockState, Unlocking
    from credguard.workflows.vault_care import VaultCare

Ask = Callable[[str], "str | None"]
Tell = Callable[["tuple[Step, ...]"], None]
T = TypeVar("T")


def _nobody(*_: Any) -> None:
    return None


def _usual_serial(identity: Identity) -> str:
    """What the console calls a user's first virtual device, where nothing better is known."""
    return f"arn:{identity.partition}:iam::{identity.account_id}:mfa/{identity.user_name}"


@dataclass(frozen=True, slots=True)
class StoreState:
    """The store as a face shows it. `asks`: a passphrase opens it; `fresh`: it has to be made first, with
    a passphrase; `chosen`: something was stored there before."""

    kind: str
    label: str
    asks: bool
    fresh: bool
    chosen: bool


class Services:
    """Everything the faces ask for. `passphrase` asks a person for the sealed vault's passphrase."""

    def __init__(
        self,
        *,
        demo: bool = False,
        clock: Clock | None = None,
        environ: Mapping[str, str] | None = None,
        passphrase: Ask | None = None,
        sealed: SealedBackend | None = None,
        starts_agent: bool = False,
        person: Person | None = None,
        keeps_code: Callable[[Secret], bool] | None = None,
        keys: Callable[[], SecurityKeys] | None = None,
    ) -> None:
        """`sealed` is the vault that this process itself holds open: then it is the agent. With
        `starts_agent` the sealed vault is opened in an agent of its own, which ends with this process.
        `person` touches security keys and types their PINs; `keeps_code` shows the recovery code of a new
        sealed vault and says whether it was written down. Without them there are neither. A face that
        shows the wait for a touch itself hands in the security `keys` in place of a person."""
        self.demo = demo
        self.clock: Clock = clock or SystemClock()
        self._environ = os.environ if environ is None else environ
        self._passphrase = passphrase
        self._sealed = sealed
        self._starts_agent = starts_agent
        self._person = person
        self._keeps_code = keeps_code
        self._keys_given = keys
        self._sent: dict[str, OtpEntry] = {}
        self._offers: dict[str, OtpEntry] = {}
        self._from_vaults: dict[tuple[str, str, str], Secret] = {}

    def close(self) -> None:
        """Close what was opened; an agent that was started as our child ends."""
        if "_unlocking" in self.__dict__:
            self._unlocking.close()
        if self.__dict__.get("agent") is not None:
            self.__dict__["agent"].close()
        if "_catalog" in self.__dict__:
            self._catalog.close()

    # ── adapters ─────────────────────────────────────────────────────────────────────────────────
    @cached_property
    def settings(self) -> Settings:
        return Settings(places.settings_file())

    @cached_property
    def interlock(self) -> Interlock:
        return Interlock(places.run_folder())

    @cached_property
    def _catalog(self) -> Database:
        """As it lies there: what the sealed vault asks while it is opened for a rebuild."""
        from credguard.catalog.database import open_database

        return open_database(places.catalog())

    @cached_property
    def database(self) -> Database:
        opened = self._catalog
        if opened.needs_rebuild and self.settings.is_set("store"):
            sealed = self.settings.get("store") == "sealed"
            if sealed and self.agent is not None and self._at_agent("keys"):
                # It has the seeds that the devices are read from; it writes into the same file.
                with contextlib.suppress(CredGuardError):
                    self.agent.ask("rebuild")
            else:
                from credguard.workflows.rebuild import rebuild

                rebuild(opened, self.store, self.clock, lambda: self.codes_store)
        elif opened.needs_rebuild and opened.set_aside is None and not os.path.exists(places.vault_file()):
            opened.rebuilt()  # the first start: nothing is stored yet, no code was ever sent
        return opened

    @cached_property
    def _accounts(self) -> Accounts:
        from credguard.catalog.accounts import Accounts

        return Accounts(self.database)

    @cached_property
    def _keys(self) -> Keys:
        from credguard.catalog.keys import Keys

        return Keys(self.database)

    @cached_property
    def _profiles(self) -> Profiles:
        from credguard.catalog.keys import Profiles

        return Profiles(self.database)

    @cached_property
    def _devices(self) -> Devices:
        from credguard.catalog.devices import Devices

        return Devices(self.database)

    @cached_property
    def _journals(self) -> Journals:
        from credguard.catalog.journal import Journals

        return Journals(self.database, self.clock)

    @cached_property
    def _activity(self) -> Activity:
        from credguard.catalog.activity import Activity

        return Activity(self.database)

    @cached_property
    def _approvals(self) -> Approvals:
        from credguard.catalog.approvals import Approvals

        return Approvals(self.database)

    @cached_property
    def _history(self) -> History:
        from credguard.catalog.history import History

        return History(self.database)

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
            alone=lambda name: self.interlock.hold(name, wait=10.0),
            ask=self._passphrase,
            environ=self._environ,
            pin=pin,
            held=lambda: self._held("codes" if pin == "codes_store" and part else part),
            sealed=lambda: self._sealed_backend,
        )

    # ── the agent ────────────────────────────────────────────────────────────────────────────────
    @cached_property
    def agent(self) -> Agent | None:
        """Questions to the agent of this state folder; None in the agent itself."""
        if self._sealed is not None or sys.platform == "win32":
            return None
        from credguard.vault.remote import Agent

        return Agent(places.agent_socket(), self._unlocking.by_asking if self._starts_agent else None)

    @cached_property
    def _unlocking(self) -> Unlocking:
        from credguard.workflows.unlocking import Unlocking

        return Unlocking(
            lambda: self.agent, self._passphrase, places.vault_file(), child=self._starts_agent,
            environ=self._environ, keeps_code=self._keeps_code, make=self._new_vault,
        )  # fmt: skip

    def _new_vault(self, passphrase: Secret, code: Secret | None) -> None:
        from credguard.vault.choose import new_vault

        new_vault(
            passphrase,
            code,
            vault_path=places.vault_file(),
            alone=lambda name: self.interlock.hold(name, wait=10.0),
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

    def warm(self) -> None:
        """Make what the agent's threads share before there is a second thread."""
        for name in ("database", "interlock", "store", "codes_store", "clients", "_accounts", "_keys",
                     "_profiles", "_devices", "_activity", "_own_codes"):  # fmt: skip
            getattr(self, name)

    def unlock_by_asking(self) -> bool:
        """The same, asking for the passphrase; False where nobody wanted to answer."""
        return self._unlocking.by_asking()

    def unlock_from_file(self) -> bool:
        """The same with CREDGUARD_PASSPHRASE_FILE; False where it is not set."""
        file = self._environ.get("CREDGUARD_PASSPHRASE_FILE")
        if not file:
            return False
        from credguard.vault.sealed.backend import read_passphrase_file

        self._unlocking.with_passphrase(read_passphrase_file(file))
        return True

    def store_kind(self) -> str:
        """`keychain` or `sealed`: where keys are, or would be."""
        return self.settings.get("store") or self.store.kind

    def allowed(self) -> tuple[Approval, ...]:
        """Programs that may use keys without a question."""
        return self._approvals.all(self.clock.now())

    def disallow(self, program: str | None) -> int:
        """Ask about a program (None: every one) again; returns how many were taken back."""
        return self._approvals.withdraw(program)

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

    # ── the sealed vault ─────────────────────────────────────────────────────────────────────────
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
            alone=lambda name: self.interlock.hold(name, wait=10.0),
            ask=self._passphrase,
            environ=self._environ,
            seen=self._seen,
            ways=Ways(self._keychain_slots, self._security_keys, self._keeps_code),
            compartments=compartments,
        )

    @cached_property
    def vault(self) -> VaultCare:
        """Ways into the sealed vault, its copies, what to do when its file is not the one expected."""
        from credguard.workflows.vault_care import VaultCare

        return VaultCare(
            self._sealed_backend,
            keychain=self._keychain_slots,
            keys=self._security_keys,
            activity=lambda: self._activity,
            backups=places.backups(),
            clock=self.clock,
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

    @cached_property
    def _security_keys(self) -> Callable[[], SecurityKeys] | None:
        person = self._person
        if self._keys_given is not None or person is None:
            return self._keys_given

        def keys() -> SecurityKeys:
            from credguard.vault.security_key import UsbSecurityKeys

            return UsbSecurityKeys(person)

        return keys

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

        return quiet_keychain_store(lambda name: self.interlock.hold(name, wait=10.0))

    @cached_property
    def clients(self) -> AwsClients:
        from credguard.aws.clients import AwsClients

        return AwsClients(self.clock, self._environ)

    # ── opening and closing the store ────────────────────────────────────────────────────────────
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

    def create_vault(self, passphrase: Secret, code: Secret | None = None) -> None:
        """Make the sealed vault and open it; it is the store from now on. `code`: a recovery code that a
        person proved to have written down. Raises as `make_vault`."""
        from credguard.vault.choose import make_vault

        make_vault(
            self.settings,
            passphrase,
            vault_path=places.vault_file(),
            alone=lambda name: self.interlock.hold(name, wait=10.0),
            environ=self._environ,
            code=code,
        )
        self.lock()
        self.unlock(passphrase)

    def close_beside_agent(self) -> None:
        """Close the vault that was opened in this process for its ways in, where the agent holds it."""
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

    # ── workflows ────────────────────────────────────────────────────────────────────────────────
    @property
    def code_book(self) -> Codes | AgentCodes:
        """Codes: made here, or by the agent where it holds their seeds. Where there is no vault yet there
        is nothing to ask it for."""
        if self._codes_at_agent and self._unlocking.vault_exists():
            return self._agent_codes
        return self._own_codes

    @cached_property
    def _agent_codes(self) -> AgentCodes:
        from credguard.workflows.agent_codes import AgentCodes

        assert self.agent is not None
        return AgentCodes(self.agent, self.clock)

    @cached_property
    def _own_codes(self) -> Codes:
        from credguard.workflows.codes import Codes

        def offset() -> float:
            # Known once AWS answered this process; asking for it never loads boto3.
            return (self.clients.clock_offset or 0.0) if "clients" in self.__dict__ else 0.0

        return Codes(self.codes_store, self._devices, self.interlock, self.clock, offset)

    @cached_property
    def _checks(self) -> Checks:
        from credguard.workflows.check import Checks

        return Checks(
            self.store, self._accounts, self._keys, self._devices, self.clients, self.clock, self._mfa_session
        )

    def _mfa_session(self, identity: Identity, key: Credentials) -> Credentials | None:
        """A session with MFA for the key, where this user's code is stored here."""
        entry = self.code_book.of_account(identity.account_id, identity.user_name)
        if entry is None:
            return None
        return self._working(lambda serial: self._send(serial, entry)).session(
            entry.serial or _usual_serial(identity), key
        )

    @cached_property
    def _rotations(self) -> Rotations:
        from credguard.vault.sessions import Sessions
        from credguard.workflows.rotation import Rotations
        from credguard.workflows.rotation_effects import plaintext_in_files, region_in_files

        return Rotations(
            store=self.store,
            keys=self._keys,
            profiles=self._profiles,
            journals=self._journals,
            activity=self._activity,
            clients=self.clients,
            sessions=Sessions(self.store),
            interlock=self.interlock,
            clock=self.clock,
            codes=self._code_for,
            code_answered=self._code_answered,
            region_of=region_in_files(places.aws_config(), places.aws_credentials()),
            in_plaintext=plaintext_in_files(places.aws_config(), places.aws_credentials()),
        )

    @cached_property
    def _tools(self) -> Tools:
        from credguard.aws.identity import identify
        from credguard.aws.proof import resolve_profile
        from credguard.vault.filebackup import BackupSealer
        from credguard.workflows.intake import Tools

        def who(credentials: Credentials, *, region: str | None, endpoint_url: str | None) -> Identity:
            return identify(self.clients, credentials, region=region, endpoint_url=endpoint_url)

        return Tools(
            store=self.store,
            accounts=self._accounts,
            keys=self._keys,
            profiles=self._profiles,
            journals=self._journals,
            activity=self._activity,
            identify=who,
            prove=resolve_profile,
            sealer=BackupSealer(self.store),
            backup_folder=places.backups(),
            helper=tuple(places.helper()),
            interlock=self.interlock,
            clock=self.clock,
            environ=dict(self._environ),
            held=lambda found: self._from_vaults.get((found.source, found.name, found.access_key_id)),
        )

    def _code_for(self, identity: Identity) -> tuple[str, Secret] | None:
        """A code never sent before for the device of this user, and its serial."""
        entry = self.code_book.of_account(identity.account_id, identity.user_name)
        if entry is None:
            return None
        serial = entry.serial or _usual_serial(identity)
        return serial, self._send(serial, entry)

    def _send(self, serial: str, entry: OtpEntry) -> Secret:
        self._sent[serial] = entry
        return self.code_book.send(entry)

    def _code_answered(self, serial: str, ok: bool) -> None:
        """What AWS said of the code sent last: two refusals in a row stop the sending."""
        if serial in self._sent:
            self.code_book.note_answer(self._sent[serial], ok)

    # ── looking ──────────────────────────────────────────────────────────────────────────────────
    def store_label(self) -> str:
        """Where secrets live, for people."""
        return self.store.label

    def endpoint(self) -> str | None:
        """The address that the environment names instead of AWS's own."""
        return self.clients.endpoint("sts")

    def accounts(self) -> tuple[AccountRow, ...]:
        from credguard.queries.accounts import list_accounts

        return list_accounts(
            accounts=self._accounts,
            keys=self._keys,
            profiles=self._profiles,
            devices=self._devices,
            journals=self._journals,
            due_days=self.settings.get("due_days"),
            now=self.clock.now(),
            soon_days=self.settings.get("soon_days"),
        )

    def home(self) -> HomeView:
        from credguard.queries.home import home

        due = self.settings.get("due_days")
        return home(
            self.accounts(),
            self.plaintext(),
            due_days=due,
            now=self.clock.now(),
            checked_at=self._history.checked_at(),
            unfinished_imports=len(self._journals.unfinished("intake")),
        )

    def plaintext(self) -> tuple[PlaintextRow, ...]:
        """Keys in plaintext in the usual places."""
        from credguard.queries.plaintext import PlaintextRow

        found, _ = self.find_keys()
        return tuple(
            PlaintextRow(
                k.path or "",
                k.line,
                k.where,
                k.access_key_id,
                k.account_id,
                k.has_secret,
                k.stored,
                k.may_be_root,
                k.profile,
            )
            for k in found
            if k.path is not None
        )

    def activity(self, limit: int = 50) -> tuple[ActivityRow, ...]:
        self._activity.take_in(places.spool())
        return self._activity.latest(limit)

    def activity_lines(self, limit: int = 50) -> tuple[ActivityLine, ...]:
        """`activity` with names and colours, uses in a row counted."""
        from credguard.queries.activity import activity_lines

        return activity_lines(self.activity(limit), self.accounts())

    def target(self, name: str) -> Target:
        """What a person means by NAME. Raises `no-such-name`, `several-fit`."""
        from credguard.queries.names import resolve

        return resolve(name, self.accounts())

    def whoami(self, name: str) -> WhoAmI:
        return self._checks.whoami(self.key_to_rotate(self.target(name)).access_key_id)

    def check(self, account_id: str | None = None) -> tuple[CheckProblem, ...]:
        """Ask AWS about every stored key (of one account), until it cannot be reached; returns what went
        wrong, key by key."""
        from credguard.workflows.check import CheckProblem

        wrong: list[CheckProblem] = []
        offline = answered = False
        for key in self._keys.all():
            if account_id is not None and key.account_id != account_id:
                continue
            error = self._checks.refresh(key)
            if error is not None:
                wrong.append(CheckProblem(key.access_key_id, key.account_id, error))
            offline = error is not None and error.code == "no-network"
            if offline:
                break  # the other keys would each wait for the same nothing
            answered = True
        if account_id is None and answered and not offline:
            self._history.note_checked(self.clock.now())
        return tuple(wrong)

    def credentials(self, profile: str) -> Credentials:
        """Working credentials for a profile's id or name, now."""

        if self.store.kind == "sealed" and self.agent is not None and self._at_agent("keys"):
            from credguard.workflows.credentials import from_document

            answer = self.agent.finished("credentials", profile=profile)
            if answer is not None:
                return from_document(answer.decode())
        elif self.store.kind == "keychain":
            from credguard.workflows.unlocking import wait_for_person

            wait_for_person(places.locked_file(), self.clock)

        def code(serial: str) -> Secret | None:
            entry = self.code_book.of_serial(serial)
            return None if entry is None else self._send(serial, entry)

        return self._working(code).of(profile)

    def _working(self, code: Callable[[str], Secret | None]) -> WorkingCredentials:
        from credguard.vault.sessions import Sessions
        from credguard.workflows.credentials import WorkingCredentials

        return WorkingCredentials(
            self.store,
            self._profiles,
            Sessions(self.store),
            self.clients,
            self.interlock,
            self.clock,
            code,
            self._code_answered,
        )

    def doctor(self) -> tuple[Shadow, ...]:
        """Store, clock, AWS files, and which credential source wins for each profile."""
        from credguard.workflows.doctor import examine

        return examine(
            settings=self.settings,
            open_store=lambda: self.store,
            config=places.aws_config(),
            credentials=places.aws_credentials(),
            environ=self._environ,
            helper=places.helper(),
            offset=self.clients.clock_offset,
            vault=self.vault if os.path.exists(places.vault_file()) else None,
        )

    # ── import ───────────────────────────────────────────────────────────────────────────────────
    def find_keys(
        self, source: str | None = None, profiles: tuple[str, ...] = ()
    ) -> tuple[tuple[FoundKey, ...], tuple[Text, ...]]:
        """The keys that can be imported, and what else was seen, in sentences."""
        found = self.look_for_keys(source, profiles)
        return found.keys, found.problems

    def look_for_keys(self, source: str | None = None, profiles: tuple[str, ...] = ()) -> Findings:
        """The keys that can be imported, and what else was seen, with what to do about it."""
        import platformdirs

        from credguard.workflows.intake_find import find

        known = {key.access_key_id for key in self._keys.all()}
        return find(
            config_path=places.aws_config(),
            credentials_path=places.aws_credentials(),
            environ=self._environ,
            downloads=platformdirs.user_downloads_dir(),
            source=source,
            profiles=profiles,
            stored=known.__contains__,
        )

    def is_vault(self, source: str) -> bool:
        """Whether keys are to come from a vault of another program."""
        from credguard.workflows.intake_vaults import is_vault

        return is_vault(source)

    def look_in_vault(
        self, source: str, profiles: tuple[str, ...], ask: Callable[[str], Secret], password: Secret | None
    ) -> InVault:
        """The keys and codes in a vault of another program. Their secrets are held until the end."""
        from credguard.workflows.intake_vaults import find_in_vault

        known = {key.access_key_id for key in self._keys.all()}
        found = find_in_vault(
            source,
            config_path=places.aws_config(),
            credentials_path=places.aws_credentials(),
            environ=self._environ,
            ask=ask,
            password=password,
            profiles=profiles,
            stored=known.__contains__,
        )
        self._from_vaults.update(found.held)
        return found

    def add_codes(self, codes: tuple[OtpEntry, ...]) -> tuple[tuple[str, bool], ...]:
        """Store the codes of a vault; (name, whether it was added) of each, False = it is here already."""
        from credguard.domain.errors import CredGuardError
        from credguard.workflows.add_code import from_elsewhere

        done = []
        for entry in codes:
            try:
                added = self.code_book.add(from_elsewhere(entry, self._accounts.all(), self._keys.all()))
                done.append((added.name, True))
            except CredGuardError as error:
                if error.code != "code-already-here":
                    raise
                done.append((entry.name, False))
        return tuple(done)

    def import_keys(
        self,
        found: tuple[FoundKey, ...],
        tell: Callable[[int, tuple[Step, ...]], None] = _nobody,
        ended: Callable[[int, Outcome], None] = _nobody,
        keep_plaintext: bool = False,
        stopped: Callable[[], bool] = lambda: False,
    ) -> tuple[Outcome, ...]:
        from credguard.workflows.intake import import_keys

        outcomes = import_keys(
            found, self._tools, tell=tell, ended=ended, keep_plaintext=keep_plaintext, stopped=stopped
        )
        for outcome in outcomes:
            key = self._keys.get(outcome.access_key_id)
            if outcome.ok and key is not None:
                self._checks.refresh(key)  # age, MFA, alias: facts; what is missing stays unknown
                if self._history.checked_at() is None:
                    self._history.note_checked(self.clock.now())
        return outcomes

    def finish_imports(self) -> tuple[Outcome, ...]:
        """Finish what was interrupted; the store is not even opened where nothing was."""
        from credguard.domain.intake import NAME
        from credguard.workflows.intake import finish_interrupted

        if not self._journals.unfinished(NAME):
            return ()
        return finish_interrupted(self._tools)

    def undo_import_plan(self) -> UndoPlan:
        from credguard.workflows.undo_import import plan

        return plan(self._tools)

    def undo_import(self, tell: Tell = _nobody) -> Undone:
        from credguard.workflows.undo_import import undo_import

        return undo_import(self._tools, tell)

    # ── backup, restore ──────────────────────────────────────────────────────────────────────────
    def password_file(self, path: str) -> Secret:
        """The first line of a file that only its owner can read."""
        from credguard.vault.sealed.backend import read_passphrase_file

        return read_passphrase_file(path)

    def passphrase_advice(self, passphrase: Secret) -> Text | None:
        """What to say of a passphrase for a file that can be copied; None where it is good."""
        from credguard.vault.sealed.backup import advice

        return advice(passphrase)

    def recovery_code(self) -> Secret:
        """A fresh code that can open a backup, to be shown once."""
        from credguard.vault.sealed.recovery import generate

        return generate()

    def is_same_code(self, typed: Secret, code: Secret) -> bool:
        """Whether a recovery code was typed as shown; case, spaces and dashes do not matter."""
        from credguard.domain.errors import CredGuardError
        from credguard.vault.sealed.recovery import parse

        try:
            return parse(typed) == parse(code)
        except CredGuardError:
            return False

    def backup(
        self, path: str, passphrase: Secret, recovery: Secret | None = None, replace_it: bool = False
    ) -> Made:
        """Everything into the file at `path`, which opens with the passphrase, or with the recovery code."""
        from credguard.vault.sealed.credentials import Credential, Passphrase, RecoveryCode
        from credguard.workflows.backup import make_backup

        keys: list[Credential] = [Passphrase(passphrase)]
        if recovery is not None:
            keys.append(RecoveryCode(recovery))
        return make_backup(
            path,
            keys,
            store=self._whole[0],
            codes_store=self._whole[1],
            database=self.database,
            clock=self.clock,
            replace_it=replace_it,
        )

    def restore_plan(self, path: str, secret: Secret, recovery: bool = False) -> Plan:
        """What restoring the file would do; `secret` is its passphrase, or its recovery code."""
        from credguard.vault.sealed.credentials import Credential, Passphrase, RecoveryCode
        from credguard.workflows import restore

        key: Credential = RecoveryCode(secret) if recovery else Passphrase(secret)
        return restore.plan(restore.open_backup(path, key), self._restore_target)

    def restore(self, plan: Plan, keep: Callable[[Row], Keep]) -> Restored:
        from credguard.workflows.restore import restore

        return restore(plan, self._restore_target, keep)

    def profiles_without_line(self, plan: Plan) -> tuple[FoundKey, ...]:
        """Restored profiles that the AWS tools do not know yet; `import_keys` writes their lines."""
        from credguard.workflows.restore import profiles_without_line

        return profiles_without_line(plan, self._restore_target)

    @property
    def _restore_target(self) -> RestoreTarget:
        from credguard.workflows.restore import Target

        return Target(
            store=self._whole[0],
            codes_store=self._whole[1],
            database=self.database,
            interlock=self.interlock,
            clock=self.clock,
            config_path=places.aws_config(),
            credentials_path=places.aws_credentials(),
        )

    def export(self, path: str, password: Secret | None) -> Exported:
        """Everything for another program: a KeePass database with this password, or None = plaintext."""
        from credguard.workflows.export import export_keepass, export_plain

        if password is None:
            return export_plain(
                path, store=self._whole[0], codes_store=self._whole[1], accounts=self._accounts
            )
        return export_keepass(
            path,
            password,
            store=self._whole[0],
            codes_store=self._whole[1],
            accounts=self._accounts,
            keys=self._keys,
            clock=self.clock,
        )

    def check_free(self, path: str) -> None:
        """Raises `file-exists` before anything is asked for a file that cannot be written."""
        from credguard.workflows.export import check_free

        check_free(path)

    # ── rotation ─────────────────────────────────────────────────────────────────────────────────
    def key_to_rotate(self, target: Target) -> KeyRow:
        """The key meant. Raises CredGuardError `no-key` for an account without one."""
        if target.key is not None:
            return target.key
        from credguard.domain.text import text

        raise CredGuardError(
            "no-key",
            text("{account} has no key in CredGuard.", account=target.row.account.name),
            text("Move one in with: credguard import"),
        )

    def rotate(
        self, access_key_id: str, tell: Tell = _nobody, grace_days: int | None = None
    ) -> RotationReport:
        from credguard.domain.text import text

        key = self._keys.get(access_key_id)
        if key is None:
            raise CredGuardError(
                "no-key", text("{key} is not in CredGuard.", key=access_key_id), text("See: credguard keys")
            )
        account = self._accounts.get(key.account_id or "")
        days = grace_days if grace_days is not None else self.settings.get("grace_days")
        return self._rotations.begin(key, account.name if account else access_key_id, days, tell)

    def rotate_resume(self, run: RunRow | str, tell: Tell = _nobody) -> RotationReport:
        return self._rotations.resume(run if isinstance(run, str) else run.run_id, tell)

    def rotation_of(self, access_key_id: str) -> RunRow | None:
        """The unfinished rotation of this key."""
        return self._rotations.of_key(access_key_id)

    def rotate_answer(self, run_id: str, answer: str, tell: Tell = _nobody) -> RotationReport:
        return self._rotations.answer(run_id, answer, tell)

    def rotate_undo(self, target: Target | str, tell: Tell = _nobody) -> RotationReport:
        """Undo the run (its id), or the unfinished rotation of an account's key."""
        from credguard.domain.text import text

        if isinstance(target, str):
            return self._rotations.undo(target, tell)
        for key in target.row.keys:
            run = self._rotations.of_key(key.access_key_id)
            if run is not None:
                return self._rotations.undo(run.run_id, tell)
        raise CredGuardError(
            "nothing-to-undo",
            text("No rotation of {account} can be undone.", account=target.row.account.name),
            text("The old key is deleted, or was never replaced."),
        )

    def rotations_to_resume(self, name: str | None = None) -> tuple[RunRow, ...]:
        """Unfinished rotations, those of one NAME."""
        rows = self._rotations.to_resume()
        if name is None:
            return rows
        ids = {key.access_key_id for key in self.target(name).row.keys}
        return tuple(row for row in rows if ids & set(row.touches))

    def rotations_due(self) -> tuple[RunRow | KeyRow, ...]:
        """Ends of graces and unfinished runs, then keys that are due."""
        now = self.clock.now()
        running = {key for row in self._journals.unfinished("rotation") for key in row.touches}
        due = [
            key
            for row in self.accounts()
            for key in row.keys
            if key.due is not None and key.due <= now and not key.root and not key.leftover
            and key.access_key_id not in running
        ]  # fmt: skip
        return (*self._rotations.to_resume(), *due)

    def run_due(self, plan: tuple[RunRow | KeyRow, ...], tell: Tell = _nobody) -> list[RotationReport]:
        """One after the other; what stands in the way of one keeps none of the others waiting."""
        from credguard.queries.accounts import KeyRow
        from credguard.workflows.rotation import not_begun

        reports = []
        for one in plan:
            try:
                if isinstance(one, KeyRow):
                    reports.append(self.rotate(one.access_key_id, tell))
                else:
                    reports.append(self.rotate_resume(one, tell))
            except CredGuardError as error:
                key = one.access_key_id if isinstance(one, KeyRow) else one.subject
                reports.append(not_begun(key, error))
        return reports

    # ── codes ────────────────────────────────────────────────────────────────────────────────────
    def codes(self, deleted: bool = False) -> tuple[CodeRow, ...]:
        from credguard.queries.codes import rows_of

        return rows_of(self.code_book.entries(deleted), self._accounts.all())

    def codes_page(self) -> tuple[CodeRow, ...]:
        """All codes in the order of the Accounts page; removed ones stand among them while they are kept."""
        from credguard.queries.codes import by_company

        self.code_book.sweep()
        removed = tuple(row for row in self.codes(deleted=True) if row.unreadable is None)
        return by_company(self.codes() + removed)

    def code_row(self, name: str, deleted: bool = False) -> CodeRow:
        from credguard.queries.codes import find_row

        return find_row(name, self.codes(deleted))

    def code(
        self, entry_id: str, at: float | None = None, move_counter: bool = True, given: bool = False
    ) -> CodeNow:
        """The code now; `given`: a person gets it to use, so our own sends avoid it."""
        from credguard.queries.codes import CodeNow

        shown = self.code_book.show(entry_id, at, move_counter, given)
        code = shown.code
        return CodeNow(code.code, code.valid_for, code.next_code, shown.used, shown.entry.period, code.step)

    def note_copied(self, entry_id: str, step: int | None = None) -> None:
        """A person copied the code of `step`, or of this moment."""
        self.code_book.note_shown(entry_id, step)

    def add_code(
        self,
        *,
        address: str | None = None,
        secret: str | None = None,
        image_path: str | None = None,
        name: str | None = None,
        account_id: str | None = None,
        serial: str | None = None,
    ) -> CodeRow:
        """Add a code from an address, a Base32 secret, or the QR code in a picture."""
        from credguard.workflows.add_code import entry_from

        entry = entry_from(
            address=address,
            secret=secret,
            image_path=image_path,
            name=name,
            account_id=account_id,
            serial=serial,
            accounts=self._accounts.all(),
            keys=self._keys.all(),
        )
        return self._code_row(self.code_book.add(entry, name))

    def offer_code(
        self,
        *,
        address: str | None = None,
        secret: str | None = None,
        image_path: str | None = None,
        image: bytes | None = None,
        name: str | None = None,
    ) -> CodeRow:
        """Read a code without storing it: a face shows it first, then `keep_code` or `drop_offers`."""
        import uuid
        from dataclasses import replace

        from credguard.workflows.add_code import entry_from

        entry = entry_from(
            address=address, secret=secret, image_path=image_path, image=image, name=name,
            account_id=None, serial=None, accounts=self._accounts.all(), keys=self._keys.all(),
        )  # fmt: skip
        offer = replace(entry, entry_id=str(uuid.uuid4()))
        self._offers[offer.entry_id] = offer
        return self._code_row(offer)

    def offered_code(self, entry_id: str, account_id: str | None = None) -> tuple[CodeRow, CodeNow]:
        """What is offered, tied to the account a person chose, and its code of this moment."""
        from credguard.queries.codes import CodeNow
        from credguard.workflows.add_code import tied

        entry = tied(self._offer(entry_id), account_id, self._keys.all())
        code = self.code_book.offered(entry).code
        now = CodeNow(code.code, code.valid_for, code.next_code, False, entry.period)
        return self._code_row(entry), now

    def keep_code(
        self, entry_id: str, *, account_id: str | None, user: str, name: str | None = None
    ) -> CodeRow:
        """Store what was offered: read back, then forgotten here. `user` is whose code it is."""
        from dataclasses import replace

        from credguard.domain.otp import clean_name
        from credguard.workflows.add_code import tied

        entry = tied(replace(self._offer(entry_id), account=clean_name(user)), account_id, self._keys.all())
        kept = self.code_book.add(entry, name)
        self._offers.pop(entry_id, None)
        return self._code_row(kept)

    def drop_offers(self) -> None:
        """Forget what was read and not kept."""
        self._offers.clear()

    def _offer(self, entry_id: str) -> OtpEntry:
        from credguard.domain.errors import CredGuardError
        from credguard.domain.text import text

        found = self._offers.get(entry_id)
        if found is None:
            raise CredGuardError(
                "no-such-code", text("This code was not kept."), text("Show CredGuard the QR code again.")
            )
        return found

    def code_pair(self, entry_id: str) -> tuple[str, str, int, int]:
        """The two codes in a row that AWS asks for, and how long they last (seconds, of the period)."""
        return self.code_book.pair(entry_id)

    def clock_offset(self) -> float | None:
        """Seconds by which AWS's clock is ahead of this computer's; None before AWS was asked."""
        return self.clients.clock_offset if "clients" in self.__dict__ else None

    def remove_code(self, entry_id: str) -> CodeRow:
        return self._code_row(self.code_book.remove(entry_id))

    def restore_code(self, entry_id: str) -> CodeRow:
        return self._code_row(self.code_book.restore(entry_id))

    def _code_row(self, entry: OtpEntry) -> CodeRow:
        from credguard.queries.codes import rows_of

        return rows_of((entry,), self._accounts.all())[0]

    # ── settings, removal ────────────────────────────────────────────────────────────────────────
    def move_store(self, setting: str, target: str, tell: Tell = _nobody) -> Move | None:
        """Set `store` or `codes_store`; what is stored already moves there. None where nothing had to.

        Raises CredGuardError, with what is safe.
        """
        from credguard.vault.choose import keychain_store
        from credguard.workflows.change_setting import change
        from credguard.workflows.move_store import MoveTools, Stores, move, would_move

        if not would_move(self.settings, setting, target):
            change(self.settings, setting, target)
            return None
        done = move(
            MoveTools(
                self.settings,
                Stores(
                    lambda: keychain_store(lambda name: self.interlock.hold(name, wait=10.0)),
                    self._backend_with,
                    self._forget_vault,
                ),
                self._journals,
                self._keys,
                self._activity,
                self.interlock,
                self.clock,
            ),
            setting,
            target,
            tell,
        )
        if setting == "codes_store" and not target:
            self.settings.reset(setting)
        self._close_stores()
        return done

    def _forget_vault(self, vault: str) -> None:
        from credguard.catalog.seen import SeenInCatalog

        SeenInCatalog(self._catalog).forget(vault)
        self._seen_in_keychain.forget(vault)

    def _close_stores(self) -> None:
        """What was opened before a move is not the store any more."""
        for name in ("store", "codes_store", "_sealed_backend", "vault", "code_book", "_checks", "_rotations",
                     "_tools"):  # fmt: skip
            self.__dict__.pop(name, None)

    def change_setting(self, key: str, word: str) -> None:
        if key in {"store", "codes_store"}:
            self.move_store(key, word)
            return
        from credguard.workflows.change_setting import change

        change(self.settings, key, word)

    def describe_account(
        self, account_id: str, name: str | None = None, company: str | None = None, color: str | None = None
    ) -> Account:
        """What a person calls an account; what is None stays."""
        from credguard.workflows.describe_account import describe

        return describe(
            account_id, accounts=self._accounts, store=self.store, name=name, company=company, color=color
        )

    def remove_plan(self, target: Target) -> RemovePlan:
        from credguard.workflows.removal import RemovePlan

        key = self.key_to_rotate(target)
        return RemovePlan(key.access_key_id, tuple(link.name for link in key.profiles))

    def remove_key(self, plan: RemovePlan) -> None:
        from credguard.workflows.removal import remove_key

        remove_key(
            plan,
            store=self.store,
            keys=self._keys,
            profiles=self._profiles,
            activity=self._activity,
            interlock=self.interlock,
            clock=self.clock,
        )

    def uninstall_plan(self) -> UninstallPlan:
        from credguard.workflows.removal import plan_uninstall

        files = (places.aws_config(), places.aws_credentials())
        return plan_uninstall(self._tools, places.home(), self._whole[1], files)

    def uninstall(self, plan: UninstallPlan) -> None:
        from credguard.workflows.removal import uninstall

        uninstall(plan, self._tools, self._whole[1])


def demo_session(folder: str | None = None) -> DemoSession:
    """The invented computer of demo mode: the lasting one, or one in `folder`.

    Raises CredGuardError `demo-missing` where the extra `demo` is not installed.
    """
    from credguard.demo.session import DemoSession, is_installed

    if not is_installed():
        from credguard.domain.text import text

        raise CredGuardError(
            "demo-missing",
            text("The demo needs packages that are not installed here."),
            text("Install them with the extra demo: credguard-desktop[demo]"),
        )
    return DemoSession(folder or places.demo())
