"""What each effect of a rotation does to the world. The machine decides; this only does as told."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from credguard.aws.access_keys import AccessKeys
from credguard.aws.clients import AwsClients
from credguard.aws.identity import identify
from credguard.catalog.activity import Activity
from credguard.catalog.journal import Journals
from credguard.catalog.keys import Keys, Profiles
from credguard.domain import rotation_failures as failures
from credguard.domain.accounts import Identity
from credguard.domain.errors import CredGuardError
from credguard.domain.keys import AccessKey, Credentials
from credguard.domain.machine import Effect, Event, Failure, Pause, Rested
from credguard.domain.profiles import ProfileLink
from credguard.domain.rotation_state import (
    ActiveSet,
    Checked,
    CheckKey,
    CreateKey,
    DeleteKey,
    ForgetKey,
    Forgotten,
    KeyCreated,
    KeyDeleted,
    KeysSeen,
    LookAtKeys,
    NotStored,
    OpenSession,
    SeenKey,
    SessionOpened,
    SetActive,
    State,
    Switched,
    SwitchProfile,
)
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.profiles.read import read_aws_files
from credguard.system.clock import Clock
from credguard.system.interlock import Interlock
from credguard.vault.sessions import Sessions, digest
from credguard.vault.store import SecretStore, secret_of
from credguard.wire import items
from credguard.workflows.intake_effects import FILES_LOCK, FILES_WAIT
from credguard.workflows.mfa_session import CodeAnswered, mfa_session, not_noted

#: Gives a code that was never sent before for the device of an identity: (serial, code), or None.
Codes = Callable[[Identity], "tuple[str, Secret] | None"]
#: The region that a profile's programs use, where its files name one.
RegionOf = Callable[[ProfileLink], "str | None"]
SESSION_SECONDS = 3_600
#: Writing one item takes less than this (seconds).
ITEM = 5.0
#: How many regions a new key is proved in.
REGIONS = 3


def _no_region(link: ProfileLink) -> str | None:
    return None


def region_in_files(config: str, credentials: str) -> RegionOf:
    """The region of a profile as these two files name it; None where they cannot be read."""

    def region(link: ProfileLink) -> str | None:
        try:
            found = read_aws_files(config, credentials).profile(link.name)
        except CredGuardError:
            return None
        return found.region if found is not None else None

    return region


#: The profiles of the AWS files that hold this key in plaintext.
InPlaintext = Callable[[str], tuple[str, ...]]


def _nowhere(access_key_id: str) -> tuple[str, ...]:
    return ()


def plaintext_in_files(config: str, credentials: str) -> InPlaintext:
    """Read anew at each question; files that the AWS tools cannot read serve nobody a key."""

    def names(access_key_id: str) -> tuple[str, ...]:
        try:
            found = read_aws_files(config, credentials).profiles
        except CredGuardError:
            return ()
        return tuple(profile.name for profile in found if profile.access_key_id == access_key_id)

    return names


@dataclass(frozen=True, slots=True)
class RotationEffects:
    """The adapters that a rotation touches, and nothing else."""

    store: SecretStore
    keys: Keys
    profiles: Profiles
    journals: Journals
    activity: Activity
    clients: AwsClients
    sessions: Sessions
    interlock: Interlock
    clock: Clock
    codes: Codes | None = None
    code_answered: CodeAnswered = not_noted
    region_of: RegionOf = _no_region
    in_plaintext: InPlaintext = _nowhere

    def perform(self, run_id: str, state: State, effect: Effect) -> Event:
        """One effect. Raises CredGuardError or AnswerLost."""
        match effect:
            case Pause(seconds):
                self.clock.sleep(seconds)
                return Rested()
            case LookAtKeys(key):
                return self._look(self._iam(run_id, state, key), key)
            case OpenSession(key):
                return self._open_session(run_id, key)
            case CreateKey(key):
                return self._create(self._iam(run_id, state, key), key)
            case CheckKey(key):
                return self._check(state, key)
            case SwitchProfile(profile_id, key):
                return self._switch(state, profile_id, key)
            case SetActive(key, active, signer):
                with self._unneeded(key) if not active else contextlib.nullcontext():
                    self._set_status(self._iam(run_id, state, signer), key, active)
                self.keys.set_status(key, "active" if active else "inactive")
                return ActiveSet(self.clock.now())
            case DeleteKey(key, signer):
                iam = self._iam(run_id, state, signer)
                if key == state.old_key:
                    _still_off(iam, key)
                with self._unneeded(key):
                    iam.delete(key)
                if key in {state.orphan, state.retire}:
                    with contextlib.suppress(CredGuardError):  # an item of a key that is gone is harmless
                        self._forget(key)
                return KeyDeleted()
            case ForgetKey(key):
                self._forget(key)
                return Forgotten()
        raise TypeError(type(effect).__name__)

    def drop_session(self, run_id: str) -> None:
        """The run is over: its MFA session is not kept."""
        with contextlib.suppress(CredGuardError):
            self.sessions.drop(_session_name(run_id))

    # ── effects ──────────────────────────────────────────────────────────────────────────────────
    def _look(self, iam: AccessKeys, key: str) -> KeysSeen:
        listed = iam.list()
        seen = []
        for one in listed:
            # The last use matters where there is a choice: with one key nothing is asked.
            use = iam.last_use(one.access_key_id) if len(listed) > 1 else None
            seen.append(
                SeenKey(
                    one.access_key_id,
                    one.status == "active",
                    one.created,
                    self.store.read(items.access_key(one.access_key_id)) is not None,
                    None if use is None else use.at is not None,
                    None if use is None else use.at,
                    None if use is None or use.at is None else use.service,
                    None if use is None or use.at is None else use.region,
                    tuple(link.name for link in self.profiles.of_key(one.access_key_id)),
                )
            )
        return KeysSeen(tuple(seen), self.clock.now())

    def _open_session(self, run_id: str, key: str) -> SessionOpened:
        credentials = self._credentials(key)
        identity = identify(self.clients, credentials, partition=self._partition(key))
        found = self.codes(identity) if self.codes is not None else None
        if found is None:
            raise CredGuardError(
                "mfa-needed",
                text("{user} may change keys only with an MFA code.", user=identity.user_name or ""),
                text("Add the code of its device: credguard totp add --qr FILE"),
            )
        serial, code = found
        session = mfa_session(
            self.clients,
            credentials,
            serial=serial,
            code=code,
            seconds=SESSION_SECONDS,
            partition=identity.partition,
            account_id=identity.account_id,
            answered=self.code_answered,
        )
        self.sessions.put(_session_name(run_id), session)
        return SessionOpened()

    def _create(self, iam: AccessKeys, key: str) -> Event:
        # A store that cannot take the secret is found out before a key is made.
        self.store.check()
        old = self.store.read(items.access_key(key)) or {}
        listed, secret = iam.create()
        account, arn = _word(old.get("account_id")), _word(old.get("arn"))
        item = items.access_key_item(listed.access_key_id, "", account, arn, listed.created)
        try:
            self.store.write(items.access_key(listed.access_key_id), {**item, "secret": secret})
        except CredGuardError as error:
            return NotStored(listed.access_key_id, Failure.of(error))
        with contextlib.suppress(CredGuardError):  # facts only: they are written again at the switch
            self._remember(listed.access_key_id, key)
        return KeyCreated(listed.access_key_id)

    def _check(self, state: State, key: str) -> Checked:
        """Asked also where the programs of the profiles will ask: a key spreads region by region."""
        known = self.store.read(items.access_key(state.old_key)) or {}
        arn = _word(known.get("arn"))
        credentials, partition = self._credentials(key), self._partition(key)
        links = (self.profiles.get(profile_id) for profile_id, _ in state.profiles)
        named = dict.fromkeys(self.region_of(link) for link in links if link is not None)
        elsewhere = [region for region in named if region][:REGIONS]
        try:
            found = identify(self.clients, credentials, partition=partition, attempts=1)
            for region in elsewhere:
                self._check_in(region, credentials)
        except CredGuardError as error:
            if error.code == "key-unknown":
                return Checked(False, False, self.clock.now())
            raise
        return Checked(True, arn is None or arn == found.arn, self.clock.now())

    def _check_in(self, region: str, credentials: Credentials) -> None:
        """Raises `key-unknown`. A region that is off, mistyped or out of reach proves nothing either way."""
        try:
            identify(self.clients, credentials, region=region, attempts=1)
        except CredGuardError as error:
            if error.code == "key-unknown":
                raise

    def _switch(self, state: State, profile_id: str, key: str) -> Switched:
        name = items.profile(profile_id)
        link = self.profiles.get(profile_id)
        # Whoever serves the profile at this moment may be about to note a session of the other key in it.
        with self.interlock.hold(f"profile-{profile_id}", wait=ITEM):
            item = self.store.read(name)
            if item is not None:
                self.store.write(name, {**item, "access_key_id": key, "session": None})
        if item is not None:
            self._drop_unused(state, _word(item.get("session")))
        self._remember(key, link.access_key_id if link else None)
        if link is not None:
            self.profiles.save(replace(link, access_key_id=key))
        return Switched(profile_id)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────
    @contextlib.contextmanager
    def _unneeded(self, key: str) -> Iterator[None]:
        """Nobody here is served with `key` any more, and nobody becomes so during the block.

        Raises CredGuardError `key-in-use`, `key-in-plaintext`.
        """
        with self.interlock.hold(FILES_LOCK, wait=FILES_WAIT):
            links = tuple(link.name for link in self.profiles.of_key(key))
            if links:
                raise failures.in_use(key, links).error()
            names = self.in_plaintext(key)
            if names:
                raise failures.in_plaintext(key, names).error()
            yield

    def _set_status(self, iam: AccessKeys, key: str, active: bool) -> None:
        try:
            iam.set_status(key, active)
        except CredGuardError as error:
            # The key that signs is dead. Where this one works, somebody turned it on already.
            if not active or error.code != "key-unknown" or not self._works(key):
                raise

    def _works(self, key: str) -> bool:
        try:
            identify(self.clients, self._credentials(key), partition=self._partition(key), attempts=1)
        except CredGuardError:
            return False
        return True

    def _drop_unused(self, state: State, session: str | None) -> None:
        """A session made with the other key goes, once none of the profiles is served with it."""
        if session is None:
            return
        for profile_id, _ in state.profiles:
            item = self.store.read(items.profile(profile_id))
            if item is not None and item.get("session") == session:
                return
        with contextlib.suppress(CredGuardError):  # it runs out by itself
            self.sessions.drop(session)

    def _forget(self, key: str) -> None:
        with contextlib.suppress(CredGuardError):  # they run out by themselves
            self.sessions.drop_of(key)
        self.store.remove(items.access_key(key))
        self.keys.remove(key)

    def _remember(self, key: str, like: str | None) -> None:
        """The catalog's facts of a stored key."""
        if self.keys.get(key) is not None:
            return
        item = self.store.read(items.access_key(key)) or {}
        other = self.keys.get(like) if like else None
        created = item.get("created")
        self.keys.save(
            AccessKey(
                key,
                _word(item.get("account_id")) or (other.account_id if other else None),
                _word(item.get("arn")) or (other.arn if other else None),
                float(created) if isinstance(created, (int, float)) else self.clock.now(),
                "active",
                self.store.kind,
            )
        )

    def _credentials(self, key: str) -> Credentials:
        item = self.store.read(items.access_key(key))
        if item is None:
            raise CredGuardError(
                "item-missing",
                text("The secret of {key} is not in the store.", key=key),
                text("See: credguard doctor"),
            )
        return Credentials(key, secret_of(item), account_id=_word(item.get("account_id")))

    def _iam(self, run_id: str, state: State, signer: str) -> AccessKeys:
        """IAM signed by the run's MFA session where there is one, else by `signer`."""
        session = self.sessions.get(_session_name(run_id))
        now = self.clock.now()
        if session is None or (session.expiration or 0.0) - now <= 60:
            session = self._credentials(signer)
        return AccessKeys(self.clients, session, state.user, self._partition(signer))

    def _partition(self, key: str) -> str:
        item = self.store.read(items.access_key(key)) or {}
        arn = _word(item.get("arn"))
        return Identity(arn, "").partition if arn else "aws"


def _still_off(iam: AccessKeys, key: str) -> None:
    """Raises CredGuardError `old-key-on-again`: a person who turned it on needs it."""
    if any(one.access_key_id == key and one.status == "active" for one in iam.list()):
        raise failures.on_again(key).error()


def _session_name(run_id: str) -> str:
    return digest("rotation", run_id)


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
