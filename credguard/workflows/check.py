"""Asking AWS who a stored key is and how the account stands, and noting it in the catalog."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from credguard.aws import mfa
from credguard.aws.access_keys import AccessKeys, ListedKey
from credguard.aws.clients import AwsClients
from credguard.aws.identity import identify
from credguard.catalog.accounts import Accounts
from credguard.catalog.devices import Devices, MfaDevice
from credguard.catalog.keys import Keys
from credguard.domain.accounts import Account, Identity, grouped, next_color
from credguard.domain.errors import CredGuardError
from credguard.domain.keys import AccessKey, Credentials
from credguard.domain.text import Text, text
from credguard.system.clock import Clock
from credguard.vault.store import SecretStore, secret_of
from credguard.wire import items


@dataclass(frozen=True, slots=True)
class WhoAmI:
    """The identity, and what there is to say about it."""

    identity: Identity
    warnings: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class CheckProblem:
    """A key that could not be asked about, and why."""

    access_key_id: str
    account_id: str | None
    error: CredGuardError


#: An MFA session of an identity's key, where a code for its device is stored; else None.
MfaSession = Callable[[Identity, Credentials], "Credentials | None"]
_DENIED = {"access-denied", "mfa-needed"}


def _no_session(identity: Identity, key: Credentials) -> Credentials | None:
    return None


@dataclass(frozen=True, slots=True)
class Checks:
    """The adapters that a check touches."""

    store: SecretStore
    accounts: Accounts
    keys: Keys
    devices: Devices
    clients: AwsClients
    clock: Clock
    mfa_session: MfaSession = _no_session

    def whoami(self, access_key_id: str) -> WhoAmI:
        """Ask AWS now. Raises what `identify` and the store raise."""
        item = self.store.read(items.access_key(access_key_id))
        if item is None:
            raise CredGuardError(
                "item-missing",
                text("The secret of {key} is not in the store.", key=access_key_id),
                text("See: credguard doctor"),
            )
        account_id = item.get("account_id")
        credentials = Credentials(
            access_key_id, secret_of(item), account_id=str(account_id) if account_id else None
        )
        arn = str(item.get("arn") or "")
        partition = Identity(arn, "").partition if arn else None
        identity = identify(self.clients, credentials, partition=partition)
        self._note(access_key_id, identity)
        return WhoAmI(identity, root_warnings(identity))

    def refresh(self, key: AccessKey) -> CredGuardError | None:
        """Identity, age, status and MFA of one key; returns what went wrong, having kept the old facts."""
        try:
            identity = self.whoami(key.access_key_id).identity
            item = self.store.read(items.access_key(key.access_key_id)) or {}
            credentials = Credentials(key.access_key_id, secret_of(item))
            self._details(key.access_key_id, identity, credentials)
        except CredGuardError as error:
            if error.code == "key-unknown":
                if key.status == "inactive":
                    return None  # known to be off, as the old key of a rotation is
                self.keys.set_status(key.access_key_id, "inactive")
            return error
        return None

    def _details(self, key_id: str, identity: Identity, credentials: Credentials) -> None:
        user, partition = identity.user_name, identity.partition
        credentials, listed = self._listed(identity, credentials)
        for found in listed:
            known = self.keys.get(found.access_key_id)
            if known is not None:
                self.keys.save(replace(known, created=found.created, status=found.status))
        if user is not None:
            for device in mfa.list_devices(self.clients, credentials, user, partition) or ():
                known_device = self.devices.of_serial(device.serial)
                if known_device is not None:
                    if known_device.user_name != user:  # a code was added before it was known whose it is
                        self.devices.save(replace(known_device, user_name=user))
                else:
                    name = device.serial.rsplit("/", 1)[-1]
                    self.devices.save(
                        MfaDevice(device.serial, None, identity.account_id, name, user, device.kind)
                    )
        account = self.accounts.get(identity.account_id)
        if account is not None:
            alias = mfa.account_alias(self.clients, credentials, partition)
            root_mfa = mfa.root_has_mfa(self.clients, credentials, partition)
            self.accounts.save(
                replace(account, alias=alias or account.alias, partition=partition, root_mfa=root_mfa)
            )

    def _listed(self, identity: Identity, key: Credentials) -> tuple[Credentials, tuple[ListedKey, ...]]:
        """The user's keys, and what read them: the key, or an MFA session where AWS wants one."""
        user, partition = identity.user_name, identity.partition
        try:
            return key, AccessKeys(self.clients, key, user, partition).list()
        except CredGuardError as error:
            if error.code not in _DENIED:
                raise
        session = self.mfa_session(identity, key) if user is not None else None
        if session is None:
            return key, ()
        try:
            return session, AccessKeys(self.clients, session, user, partition).list()
        except CredGuardError as error:
            if error.code not in _DENIED:
                raise
            return session, ()

    def _note(self, key_id: str, identity: Identity) -> None:
        known = self.keys.get(key_id)
        if known is not None and (known.arn, known.account_id) != (identity.arn, identity.account_id):
            self.keys.save(replace(known, arn=identity.arn, account_id=identity.account_id))
        if self.accounts.get(identity.account_id) is None:
            colors = [a.color for a in self.accounts.all()]
            self.accounts.save(Account(identity.account_id, identity.account_id, color=next_color(colors)))


def root_warnings(identity: Identity) -> tuple[Text, ...]:
    """What to say of a root key; nothing for anybody else."""
    if not identity.is_root:
        return ()
    return (
        text(
            "This key is root. It can do anything in account {id}, including closing it.",
            id=grouped(identity.account_id),
        ),
        text("MFA does not protect it, and no rule in the account can limit it."),
        text("The way out: make an administrator who is not root, switch to it, then delete this key."),
    )
