"""What each effect of an enrolment does to the world. The machine decides; this only does as told."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TypeAlias

from credguard.aws.access_keys import AccessKeys
from credguard.aws.clients import AwsClients
from credguard.aws.mfa_devices import MfaDevices
from credguard.aws.sts import get_session_token
from credguard.catalog.activity import Activity
from credguard.catalog.journal import Journals
from credguard.catalog.keys import Keys, Profiles
from credguard.domain import otp
from credguard.domain.accounts import Identity
from credguard.domain.enrolment_state import (
    CheckDevice,
    CreateDevice,
    Deactivated,
    DeactivateDevice,
    DeleteDevice,
    DeviceChecked,
    DeviceDeleted,
    DeviceKept,
    DevicesSeen,
    Enabled,
    EnableDevice,
    FilesSealed,
    ForgetCode,
    Forgotten,
    LookAtDevices,
    NotKept,
    OpenSession,
    ResyncDevice,
    Resynced,
    SealFiles,
    SessionOpened,
    State,
    UnwriteSerial,
    Unwritten,
    WriteSerial,
    Written,
)
from credguard.domain.errors import CredGuardError
from credguard.domain.keys import Credentials
from credguard.domain.machine import Effect, Event, Failure, Pause, Rested
from credguard.domain.otp import OtpEntry
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.system.clock import Clock
from credguard.system.interlock import Interlock
from credguard.vault.sessions import Sessions, digest
from credguard.vault.store import SecretStore, secret_of
from credguard.wire import items
from credguard.workflows.agent_codes import AgentCodes
from credguard.workflows.codes import Codes
from credguard.workflows.enrolment_files import SerialWriter, as_before, to_device

CodeBook: TypeAlias = "Codes | AgentCodes"
SESSION_SECONDS = 3_600
ISSUER = "Amazon Web Services"


@dataclass(frozen=True, slots=True)
class EnrolmentEffects:
    """The adapters that an enrolment touches, and nothing else."""

    store: SecretStore
    codes: CodeBook
    keys: Keys
    profiles: Profiles
    journals: Journals
    activity: Activity
    clients: AwsClients
    sessions: Sessions
    interlock: Interlock
    clock: Clock
    serials: SerialWriter

    def perform(self, run_id: str, state: State, effect: Effect) -> Event:
        """One effect. Raises CredGuardError or AnswerLost."""
        try:
            return self._do(run_id, state, effect)
        except CredGuardError as error:
            if error.code == "session-over":
                self.drop_session(run_id)  # the key signs again, or a new session does
            raise

    def _do(self, run_id: str, state: State, effect: Effect) -> Event:
        match effect:
            case Pause(seconds):
                self.clock.sleep(seconds)
                return Rested()
            case LookAtDevices(serial, probe):
                return self._look(run_id, state, serial, probe)
            case OpenSession(serials):
                return self._open_session(run_id, state, serials)
            case CreateDevice(name):
                return self._create(run_id, state, name)
            case EnableDevice(serial):
                first, second = self._pair(serial)
                self._iam(run_id, state).enable(serial, first, second)
                return Enabled(self.clock.now())
            case CheckDevice(serial, probe):
                return self._check(run_id, state, serial, probe)
            case SealFiles(serial, number):
                return FilesSealed(self.serials.seal(run_id, number, to_device(state.writes, serial)))
            case WriteSerial(serial, backup):
                self.serials.write(backup, to_device(state.writes, serial))
                return Written()
            case UnwriteSerial(serial):
                self.serials.take_back(run_id, state, as_before(state.writes, serial, self._instead(state)))
                return Unwritten()
            case DeactivateDevice(serial):
                self._iam(run_id, state).deactivate(serial)
                return Deactivated()
            case DeleteDevice(serial):
                self._iam(run_id, state).delete(serial)
                return DeviceDeleted()
            case ForgetCode(serial):
                entry = self._own_entry(state, serial)
                if entry is not None:
                    self.codes.remove(entry.entry_id)
                return Forgotten()
            case ResyncDevice(serial):
                return self._resync(run_id, state, serial)
        raise TypeError(type(effect).__name__)

    def drop_session(self, run_id: str) -> None:
        """The run is over: its MFA session is not kept."""
        with contextlib.suppress(CredGuardError):
            self.sessions.drop(_session_name(run_id))

    def _instead(self, state: State) -> str | None:
        """Where a device goes for good: another one of the user that has its code here."""
        others = (one for one in state.present if self.entry_of(state, one) is not None)
        return next(others, None) if state.purpose == "remove" else None

    # ── effects ──────────────────────────────────────────────────────────────────────────────────
    def _look(self, run_id: str, state: State, serial: str, probe: bool) -> DevicesSeen:
        iam = self._iam(run_id, state)
        enabled = iam.enabled()
        free = iam.free()
        demands = self._forbidden(state, self._credentials(state)) if probe else state.demands
        kept = bool(serial) and self._own_entry(state, serial) is not None
        return DevicesSeen(
            None if enabled is None else tuple(one for one, _ in enabled),
            free,
            kept,
            demands,
            self.clock.now(),
            self._known(state),
        )

    def _known(self, state: State) -> tuple[str, ...]:
        """The serials of the account's codes here, with those that a person removed."""
        entries = (*self.codes.entries(), *self.codes.entries(deleted=True))
        serials = {e.serial for e in entries if isinstance(e, OtpEntry) and e.serial}
        return tuple(sorted(serial for serial in serials if f":{state.account_id}:" in serial))

    def _forbidden(self, state: State, credentials: Credentials) -> bool | None:
        """Whether a rule forbids what IAM users may see of themselves: that is how a policy demands MFA."""
        try:
            AccessKeys(self.clients, credentials, state.user, state.partition).list()
        except CredGuardError as error:
            if error.code in {"mfa-needed", "access-denied", "quarantine", "aws-refused"}:
                return error.code == "mfa-needed"
            raise
        return False

    def _open_session(self, run_id: str, state: State, serials: tuple[str, ...]) -> SessionOpened:
        for serial in serials:
            entry = self.entry_of(state, serial)
            if entry is not None:
                self._session(run_id, state, serial, entry, fresh=serial == state.serial)
                return SessionOpened()
        raise CredGuardError(
            "no-code",
            text("No code of a device of {user} is here.", user=state.user),
            text("Add one: credguard totp add --qr FILE"),
        )

    def _session(self, run_id: str, state: State, serial: str, entry: OtpEntry, fresh: bool) -> Credentials:
        """A session that the run keeps. While a device is fresh, that STS does not know it is no refusal
        of its code: it counts as a try, not as one of the failures that stop the sending."""
        code = self.codes.send(entry)
        try:
            session = get_session_token(
                self.clients,
                self._credentials(state),
                serial=serial,
                code=code,
                seconds=SESSION_SECONDS,
                partition=state.partition,
                account_id=state.account_id,
            )
        except CredGuardError as error:
            if error.code == "code-refused" or (error.code == "device-unknown" and not fresh):
                self.codes.note_answer(entry, False)
            raise
        self.codes.note_answer(entry, True)
        self.sessions.put(_session_name(run_id), session)
        return session

    def _create(self, run_id: str, state: State, name: str) -> Event:
        # A store that cannot take the secret is found out before a device is made.
        self.codes.entries()
        self.store.check()
        serial, seed = self._iam(run_id, state).create(name)
        try:
            entry = OtpEntry(
                "",
                Secret(otp.clean_secret(seed.reveal())),
                issuer=ISSUER,
                account=state.user,
                serial=serial,
                account_id=state.account_id,
            )
            self.codes.add(entry, state.account)
        except CredGuardError as error:
            return NotKept(serial, Failure.of(error))
        return DeviceKept(serial)

    def _pair(self, serial: str) -> tuple[Secret, Secret]:
        entry = self.codes.of_serial(serial)
        if entry is None:
            raise CredGuardError(
                "no-such-code",
                text("The code of this device is not here any more."),
                text("See all: credguard totp list"),
            )
        first, second, _, _ = self.codes.pair(entry.entry_id)
        return Secret(first), Secret(second)

    def _check(self, run_id: str, state: State, serial: str, probe: bool) -> DeviceChecked:
        entry = self.codes.of_serial(serial)
        if entry is None:
            raise CredGuardError(
                "no-such-code",
                text("The code of this device is not here any more."),
                text("Bring it back: credguard totp remove NAME --undo"),
            )
        try:
            session = self._session(run_id, state, serial, entry, fresh=True)
        except CredGuardError as error:
            if error.code == "device-unknown":
                return DeviceChecked(False, self.clock.now())
            raise
        helps = None
        if probe:
            with contextlib.suppress(CredGuardError):  # it is on either way: unknown is an answer
                helps = not self._forbidden(state, session)
        return DeviceChecked(True, self.clock.now(), helps)

    def _resync(self, run_id: str, state: State, serial: str) -> Resynced:
        entry = self.entry_of(state, serial)
        if entry is None:
            raise CredGuardError(
                "no-such-code",
                text("The code of this device is not here."),
                text("Whoever has it can synchronise it on the AWS website."),
            )
        first, second, _, _ = self.codes.pair(entry.entry_id)
        self._iam(run_id, state).resync(serial, Secret(first), Secret(second))
        self.codes.note_answer(entry, True)
        return Resynced()

    # ── inside ───────────────────────────────────────────────────────────────────────────────────
    def entry_of(self, state: State, serial: str) -> OtpEntry | None:
        """The code of a device: by its serial; one added without a serial is taken for the device that the
        website names after the user."""
        found = self.codes.of_serial(serial)
        if found is None and serial.endswith(f":mfa/{state.user}"):
            other = self.codes.of_account(state.account_id, state.user)
            found = other if other is not None and other.serial is None else None
        return found

    def _own_entry(self, state: State, serial: str) -> OtpEntry | None:
        """The code of the run's device. What an enrolment stored has its serial: nothing else is taken for
        it, above all no older code of a device of the same name."""
        return self.codes.of_serial(serial) if state.purpose == "enrol" else self.entry_of(state, serial)

    def _credentials(self, state: State) -> Credentials:
        """The key of the run, or another stored one of the user where that was rotated away meanwhile."""
        others = (
            key.access_key_id
            for key in self.keys.all()
            if key.account_id == state.account_id
            and Identity(key.arn or "", "").user_name == state.user
            and key.status != "inactive"
        )
        for key in (state.key, *others):
            item = self.store.read(items.access_key(key))
            if item is not None:
                return Credentials(key, secret_of(item), account_id=state.account_id)
        raise CredGuardError(
            "item-missing",
            text("No key of {user} is in the store any more.", user=state.user),
            text("Import one again, or see: credguard doctor"),
        )

    def _iam(self, run_id: str, state: State) -> MfaDevices:
        """IAM signed by the run's MFA session where there is one, else by the key."""
        session = self.sessions.get(_session_name(run_id))
        if session is None or (session.expiration or 0.0) - self.clock.now() <= 60:
            session = self._credentials(state)
        return MfaDevices(self.clients, session, state.user, state.partition)


def _session_name(run_id: str) -> str:
    return digest("enrolment", run_id)
