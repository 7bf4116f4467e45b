"""Rotation: what the machine's effects do to the world, and how a run is begun, resumed and undone."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from credguard.aws.access_keys import AccessKeys
from credguard.aws.clients import AwsClients
from credguard.aws.identity import identify
from credguard.aws.sts import get_session_token
from credguard.catalog.activity import Activity
from credguard.catalog.journal import Journals, RunJournal, RunRow
from credguard.catalog.keys import Keys, Profiles
from credguard.domain import rotation as machine
from credguard.domain.accounts import Identity
from credguard.domain.errors import CredGuardError
from credguard.domain.keys import AccessKey, Credentials
from credguard.domain.machine import (
    Answered,
    Ask,
    Cancelled,
    Done,
    Due,
    Effect,
    Event,
    Failure,
    Pause,
    Rested,
    Step,
    Wait,
)
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
from credguard.domain.rotation_steps import state_name, steps_json
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.system.clock import Clock
from credguard.system.interlock import Interlock
from credguard.vault.sessions import Sessions, digest
from credguard.vault.store import SecretStore, secret_of
from credguard.wire import items
from credguard.workflows import engine

Tell = Callable[[tuple[Step, ...]], None]
#: Gives a code for the device of an account's user that was never sent before: (serial, code), or None.
Codes = Callable[[Identity], "tuple[str, Secret] | None"]
SESSION_SECONDS = 3_600


def _nobody(steps: tuple[Step, ...]) -> None:
    return None


@dataclass(frozen=True, slots=True)
class RotationReport:
    """Where a rotation stands after a run. `until`: when the old key is deleted; `ask`: the question."""

    run_id: str
    state: str
    old_key: str
    new_key: str | None
    steps: tuple[Step, ...]
    steps_data: tuple[dict[str, Any], ...]
    failure: Failure | None = None
    until: float | None = None
    ask: Ask | None = None

    def to_json(self) -> dict[str, Any]:
        """`rotate --json`."""
        return {
            "state": self.state,
            "old_key": self.old_key,
            "new_key": self.new_key,
            "steps": list(self.steps_data),
        }


@dataclass(frozen=True, slots=True)
class Rotations:
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

    # ── beginning and going on ───────────────────────────────────────────────────────────────────
    def begin(self, key: AccessKey, account: str, grace_days: int, tell: Tell = _nobody) -> RotationReport:
        """Rotate `key`. Raises CredGuardError `root-key`, `no-user`, `begun-already`, `busy`."""
        identity = Identity(key.arn or "", key.account_id or "")
        if identity.is_root:
            raise CredGuardError(
                "root-key",
                text("{account}’s key is a root key. Root keys are deleted, not rotated.", account=account),
                text("Make an administrator who is not root, then delete the root key on the AWS website."),
            )
        if identity.user_name is None:
            raise CredGuardError(
                "no-user",
                text("This key belongs to no IAM user, so there is nothing to rotate."),
                text("See who it is with: credguard whoami"),
            )
        links = self.profiles.of_key(key.access_key_id)
        with self._alone(key.access_key_id):
            for row in self.journals.unfinished(machine.NAME):
                if key.access_key_id in row.touches:
                    raise _begun(row)
            state = State(
                user=identity.user_name,
                account=account,
                old_key=key.access_key_id,
                profiles=tuple((link.profile_id, link.name) for link in links),
                grace_days=grace_days,
                store=self.store.label,
            )
            journal = self.journals.start(
                machine.NAME, key.access_key_id, state, machine.TYPES, self.clock.now()
            )
            return self._go(journal, (), tell)

    def resume(self, run_id: str, tell: Tell = _nobody) -> RotationReport:
        """Go on with a run that was begun, or whose grace is over."""
        return self._again(run_id, (Due(self.clock.now()),), tell)

    def undo(self, run_id: str, tell: Tell = _nobody) -> RotationReport:
        """Back to the old key. Raises CredGuardError `too-late` once it was deleted."""
        row = self.journals.get(run_id)
        if row is not None and row.ended is not None:
            raise CredGuardError(
                "too-late",
                text("This rotation is over: the old key is deleted, or was never replaced."),
                text("A new rotation makes a new key: credguard rotate NAME"),
            )
        return self._again(run_id, (Cancelled(),), tell)

    def answer(self, run_id: str, answer: str, tell: Tell = _nobody) -> RotationReport:
        """Answer the run's question."""
        return self._again(run_id, (Answered(answer),), tell)

    def to_resume(self) -> tuple[RunRow, ...]:
        """Runs that were begun and wait for nothing, and those whose grace is over."""
        now = self.clock.now()
        return tuple(
            row
            for row in self.journals.unfinished(machine.NAME)
            if row.parked is None or (row.parked == "wait" and (row.until or 0.0) <= now)
        )

    def of_key(self, access_key_id: str) -> RunRow | None:
        """The unfinished run that touches this key."""
        rows = self.journals.unfinished(machine.NAME)
        return next((row for row in rows if access_key_id in row.touches), None)

    # ── the run ──────────────────────────────────────────────────────────────────────────────────
    def _again(self, run_id: str, news: Iterable[Event], tell: Tell) -> RotationReport:
        journal: RunJournal[State] = self.journals.open(run_id, machine.TYPES)
        state, _ = journal.load()
        with self._alone(state.old_key):
            return self._go(journal, news, tell)

    def _alone(self, access_key_id: str) -> contextlib.AbstractContextManager[None]:
        return self.interlock.hold(f"key-{access_key_id}")

    def _go(self, journal: RunJournal[State], news: Iterable[Event], tell: Tell) -> RotationReport:
        def perform(effect: Effect) -> Event:
            return self.perform(journal, effect)

        end = engine.run(machine_of(), journal, perform, tell, news)
        state, _ = journal.load()
        if isinstance(end, Wait):
            journal.park("wait", end.until)
        elif isinstance(end, Ask):
            journal.park("ask")
        elif state.halted is None:
            journal.close(end.failure.code if end.failure else None)
        self._note(state, end)
        return _report(journal.run_id, state, end)

    def _note(self, state: State, end: Any) -> None:
        words = {
            "done": text("deleted the old key of {account}", account=state.account),
            "rolled-back": text("went back to the old key of {account}", account=state.account),
        }
        if isinstance(end, Wait):
            what = text("rotated the key of {account}", account=state.account)
        elif state.outcome in words:
            what = words[state.outcome]
        else:
            return
        self.activity.record(
            self.clock.now(), "CredGuard", what, access_key_id=state.new_key or state.old_key
        )

    # ── effects ──────────────────────────────────────────────────────────────────────────────────
    def perform(self, journal: RunJournal[State], effect: Effect) -> Event:
        """One effect. Raises CredGuardError or AnswerLost."""
        state, _ = journal.load()
        match effect:
            case Pause(seconds):
                self.clock.sleep(seconds)
                return Rested()
            case LookAtKeys(key):
                return self._look(journal, state, key)
            case OpenSession(key):
                return self._open_session(journal, key)
            case CreateKey(key):
                return self._create(journal, state, key)
            case CheckKey(key):
                return self._check(state, key)
            case SwitchProfile(profile_id, key):
                return self._switch(profile_id, key)
            case SetActive(key, active, signer):
                self._iam(journal, state, signer).set_status(key, active)
                self.keys.set_status(key, "active" if active else "inactive")
                return ActiveSet(self.clock.now())
            case DeleteKey(key, signer):
                self._iam(journal, state, signer).delete(key)
                if state.phase == "orphan":
                    with contextlib.suppress(CredGuardError):  # a name without an item is harmless
                        self.store.remove(items.access_key(key))
                return KeyDeleted()
            case ForgetKey(key):
                self.store.remove(items.access_key(key))
                self.keys.remove(key)
                self.sessions.drop(_session_name(journal.run_id))
                return Forgotten()
        raise TypeError(type(effect).__name__)

    def _look(self, journal: RunJournal[State], state: State, key: str) -> KeysSeen:
        iam = self._iam(journal, state, key)
        seen = []
        for listed in iam.list():
            stored = self.store.read(items.access_key(listed.access_key_id)) is not None
            use = iam.last_use(listed.access_key_id) if listed.access_key_id != key else None
            seen.append(
                SeenKey(
                    listed.access_key_id,
                    listed.status == "active",
                    listed.created,
                    stored,
                    None if use is None else use.at is not None,
                    None if use is None else use.at,
                )
            )
        return KeysSeen(tuple(seen), self.clock.now())

    def _open_session(self, journal: RunJournal[State], key: str) -> SessionOpened:
        credentials = self._credentials(key)
        identity = identify(self.clients, credentials)
        found = self.codes(identity) if self.codes is not None else None
        if found is None:
            raise CredGuardError(
                "mfa-needed",
                text("{user} may change keys only with an MFA code.", user=identity.user_name or ""),
                text("Add the code of its device: credguard totp add --qr FILE"),
            )
        serial, code = found
        session = get_session_token(
            self.clients,
            credentials,
            serial=serial,
            code=code,
            seconds=SESSION_SECONDS,
            partition=identity.partition,
            account_id=identity.account_id,
        )
        self.sessions.put(_session_name(journal.run_id), session)
        return SessionOpened()

    def _create(self, journal: RunJournal[State], state: State, key: str) -> Event:
        # A store that cannot take the secret is found out before a key is made.
        self.store.check()
        old = self.store.read(items.access_key(key)) or {}
        listed, secret = self._iam(journal, state, key).create()
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
        try:
            found = identify(self.clients, self._credentials(key), partition=self._partition(key), attempts=1)
        except CredGuardError as error:
            if error.code == "key-unknown":
                return Checked(False, False, self.clock.now())
            raise
        known = self.store.read(items.access_key(state.old_key)) or {}
        arn = _word(known.get("arn"))
        return Checked(True, arn is None or arn == found.arn, self.clock.now())

    def _switch(self, profile_id: str, key: str) -> Switched:
        name = items.profile(profile_id)
        item = self.store.read(name)
        link = self.profiles.get(profile_id)
        if item is not None:
            self.store.write(name, {**item, "access_key_id": key, "session": None})
        self._remember(key, link.access_key_id if link else None)
        if link is not None:
            self.profiles.save(replace(link, access_key_id=key))
        return Switched(profile_id)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────
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

    def _iam(self, journal: RunJournal[State], state: State, signer: str) -> AccessKeys:
        """IAM signed by the run's MFA session where there is one, else by `signer`."""
        session = self.sessions.get(_session_name(journal.run_id))
        now = self.clock.now()
        if session is not None and (session.expiration or 0.0) - now > 60:
            return AccessKeys(self.clients, session, state.user, self._partition(signer))
        return AccessKeys(self.clients, self._credentials(signer), state.user, self._partition(signer))

    def _partition(self, key: str) -> str:
        item = self.store.read(items.access_key(key)) or {}
        arn = _word(item.get("arn"))
        return Identity(arn, "").partition if arn else "aws"


def machine_of() -> Any:
    """The machine, as the engine wants it (a module is one)."""
    return machine


def _session_name(run_id: str) -> str:
    return digest("rotation", run_id)


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _report(run_id: str, state: State, end: Ask | Wait | Done) -> RotationReport:
    return RotationReport(
        run_id=run_id,
        state=state_name(state),
        old_key=state.old_key,
        new_key=state.new_key,
        steps=machine.steps(state, None),
        steps_data=tuple(steps_json(state)),
        failure=end.failure if isinstance(end, Done) else None,
        until=end.until if isinstance(end, Wait) else None,
        ask=end if isinstance(end, Ask) else None,
    )


def _begun(row: RunRow) -> CredGuardError:
    if row.parked == "wait":
        return CredGuardError(
            "in-grace",
            text("This key was rotated; the old one is off and is not deleted yet."),
            text("Undo it with: credguard rotate --undo NAME"),
        )
    return CredGuardError(
        "begun-already",
        text("A rotation of this key was begun and is not finished."),
        text("Go on with: credguard rotate --resume"),
    )
