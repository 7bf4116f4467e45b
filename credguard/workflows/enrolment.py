"""MFA enrolment: how a run is begun, resumed and taken back (`enrolment_effects.py` touches the world)."""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from credguard.aws.mfa_devices import MfaDevices
from credguard.catalog.journal import RunJournal, RunRow
from credguard.domain import enrolment as machine
from credguard.domain import enrolment_failures as failures
from credguard.domain.accounts import Identity
from credguard.domain.enrolment_guide import way
from credguard.domain.enrolment_state import Profile, Purpose, State
from credguard.domain.enrolment_steps import state_name, steps_json
from credguard.domain.errors import CredGuardError
from credguard.domain.keys import AccessKey
from credguard.domain.machine import Ask, Cancelled, Done, Due, Effect, Event, Failure, Step, Wait
from credguard.domain.text import Text, text
from credguard.workflows import engine
from credguard.workflows.enrolment_effects import EnrolmentEffects

Tell = Callable[[tuple[Step, ...]], None]
#: What IAM allows in the name of a virtual device (service model).
_NAME = re.compile(r"[\w+=,.@-]{1,226}", re.ASCII)
#: How many names a run may try: each one is used once.
_NAMES = 8


def _nobody(steps: tuple[Step, ...]) -> None:
    return None


def _word() -> str:
    """Four letters by chance: a device name nobody used before."""
    return "".join(secrets.choice("abcdefghjkmnpqrstuvwxyz23456789") for _ in range(4))


@dataclass(frozen=True, slots=True)
class UserDevice:
    """A device of a user as IAM lists it. `code`: CredGuard makes its codes. `enabled_at` is seconds since
    1970; None = it is assigned to nobody (then `kind` is `unassigned`)."""

    serial: str
    kind: str
    code: bool
    enabled_at: float | None

    @property
    def name(self) -> str:
        """`mfa/NAME` for virtual devices; a hardware token's number stands as it is."""
        return self.serial.split(":", 5)[-1] if self.serial.startswith("arn:") else self.serial


@dataclass(frozen=True, slots=True)
class EnrolmentReport:
    """Where a run stands. `device` is its name as AWS shows it; `left` a sentence on devices that could not
    be deleted; `kept` what is safe; `halted`: it rests at a failure, and can go on or be taken back."""

    run_id: str
    purpose: Purpose
    state: str
    user: str
    account: str
    device: str
    serial: str
    on: bool
    steps: tuple[Step, ...]
    steps_data: tuple[dict[str, Any], ...]
    failure: Failure | None = None
    left: Text | None = None
    left_serials: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    kept: Text | None = None
    halted: bool = False
    code_name: str = ""  # what the stored code is called here

    def to_json(self) -> dict[str, Any]:
        """`mfa enrol|remove|resync --json`."""
        return {
            "state": self.state,
            "user": self.user,
            "account": self.account,
            "serial": self.serial or None,
            "on": self.on,
            "profiles": list(self.profiles),
            "left": list(self.left_serials),
            "steps": list(self.steps_data),
        }


@dataclass(frozen=True, slots=True)
class Enrolments(EnrolmentEffects):
    """Devices of IAM users: added, synchronised, removed. Whatever happens, a device that is on has its code
    in the store, or never had."""

    word: Callable[[], str] = _word

    # ── beginning ────────────────────────────────────────────────────────────────────────────────
    def begin(
        self, key: AccessKey, account: str, device_name: str | None = None, tell: Tell = _nobody
    ) -> EnrolmentReport:
        """Add a virtual device for the user of `key`.

        Raises CredGuardError `root-mfa`, `no-user`, `mfa-unfinished`, `device-name`, `busy`.
        """
        user = _user_of(key, account)
        if device_name is not None and not _NAME.fullmatch(device_name):
            raise CredGuardError(
                "device-name",
                text("AWS takes no device of this name."),
                text("Letters A–Z, digits and + = , . @ _ - are allowed."),
            )
        base = device_name or f"{user}-credguard"[:200]
        fresh = [f"{base[:200]}-{self.word()}" for _ in range(_NAMES)]
        names = (device_name, *fresh) if device_name else tuple(fresh)
        return self._start("enrol", key, user, account, names=names, tell=tell)

    def remove(self, key: AccessKey, account: str, serial: str, tell: Tell = _nobody) -> EnrolmentReport:
        """Take a device from its user and delete it; its code is put away for seven days.

        Raises as `begin`.
        """
        return self._start("remove", key, _user_of(key, account), account, serial=serial, tell=tell)

    def resync(self, key: AccessKey, account: str, serial: str, tell: Tell = _nobody) -> EnrolmentReport:
        """Let AWS learn a device's clock anew, with two codes in a row. Needs no MFA. Raises as `begin`."""
        return self._start("resync", key, _user_of(key, account), account, serial=serial, tell=tell)

    # ── going on ─────────────────────────────────────────────────────────────────────────────────
    def resume(self, run_id: str, tell: Tell = _nobody) -> EnrolmentReport:
        """Go on with a run that was begun."""
        return self._again(run_id, (Due(self.clock.now()),), tell)

    def undo(self, run_id: str, tell: Tell = _nobody) -> EnrolmentReport:
        """Stop an unfinished enrolment and remove its device, as far as the rights go."""
        return self._again(run_id, (Cancelled(), Due(self.clock.now())), tell)

    def to_resume(self) -> tuple[RunRow, ...]:
        """Runs that were begun and not ended, oldest first."""
        return self.journals.unfinished(machine.NAME)

    def of_key(self, key: AccessKey) -> RunRow | None:
        """The unfinished run of this key's user."""
        return next((row for row in self.to_resume() if row.subject == key.arn), None)

    def last(self, run_id: str) -> EnrolmentReport:
        """Where a run stands, without touching anything."""
        journal: RunJournal[State] = self.journals.open(run_id, machine.TYPES)
        state, _ = journal.load()
        return _report(run_id, state, Done(state.halted or state.failure))

    # ── looking ──────────────────────────────────────────────────────────────────────────────────
    def devices(self, key: AccessKey, account: str) -> tuple[UserDevice, ...]:
        """The devices of the user of `key`, those that are on first; then unassigned ones that carry the
        user's name. Raises CredGuardError `access-denied` where they may not be listed."""
        user = _user_of(key, account)
        state = self._state("enrol", key, user, account)
        iam = MfaDevices(self.clients, self._credentials(state), user, state.partition)
        enabled = iam.enabled()
        if enabled is None:
            raise CredGuardError(
                "access-denied",
                text("{user} may not see its own devices.", user=user),
                text("Ask the owner of the account to allow {action}.", action="iam:ListMFADevices"),
            )
        found = [
            UserDevice(serial, _kind(serial), self.entry_of(state, serial) is not None, at)
            for serial, at in enabled
        ]
        # A right that is missing leaves them out: they are nobody's.
        for serial in iam.free() or ():
            if serial.split(":mfa/")[-1].rsplit("/", 1)[-1].startswith(user):
                found.append(UserDevice(serial, "unassigned", False, None))
        return tuple(found)

    # ── the run ──────────────────────────────────────────────────────────────────────────────────
    def _state(self, purpose: Purpose, key: AccessKey, user: str, account: str) -> State:
        own = [k for k in self.keys.all() if k.arn == key.arn]
        links = {link.profile_id: link for k in own for link in self.profiles.of_key(k.access_key_id)}
        identity = Identity(key.arn or "", key.account_id or "")
        return State(
            purpose=purpose,
            user=user,
            account=account,
            account_id=key.account_id or "",
            partition=identity.partition,
            key=key.access_key_id,
            profiles=tuple(
                Profile(link.profile_id, link.name, link.mfa_serial or "") for link in links.values()
            ),
            store=self.store.label,
            phase="resync" if purpose == "resync" else "look",
        )

    def _start(
        self,
        purpose: Purpose,
        key: AccessKey,
        user: str,
        account: str,
        *,
        names: tuple[str, ...] = (),
        serial: str = "",
        tell: Tell,
    ) -> EnrolmentReport:
        state = replace(self._state(purpose, key, user, account), names=names, serial=serial)
        with self._alone(state):
            if self.of_key(key) is not None:
                raise CredGuardError(
                    "mfa-unfinished",
                    text("An MFA device of {user} was begun and is not finished.", user=user),
                    text(
                        "Go on with: credguard mfa enrol --resume. Or take it back: credguard mfa remove NAME"
                    ),
                )
            journal = self.journals.start(machine.NAME, key.arn or "", state, machine.TYPES, self.clock.now())
            return self._named(self._go(journal, (), tell))

    def _again(self, run_id: str, news: Iterable[Event], tell: Tell) -> EnrolmentReport:
        journal: RunJournal[State] = self.journals.open(run_id, machine.TYPES)
        state, _ = journal.load()
        with self._alone(state):
            # Another process may have gone on since.
            row = self.journals.get(run_id)
            state, _ = journal.load()
            if row is not None and row.ended is not None:
                return _report(run_id, state, Done(state.failure))
            return self._named(self._go(journal, news, tell))

    def _named(self, report: EnrolmentReport) -> EnrolmentReport:
        if not report.on or report.failure is not None or report.purpose != "enrol":
            return report
        with contextlib.suppress(CredGuardError):  # it is done either way
            entry = self.codes.of_serial(report.serial)
            return replace(report, code_name=entry.name if entry is not None else "")
        return report

    @contextlib.contextmanager
    def _alone(self, state: State) -> Iterator[None]:
        """One run for each user, and no rotation of the key that signs meanwhile."""
        with (
            self.interlock.hold(f"mfa-{state.account_id}-{state.user}"),
            self.interlock.hold(f"key-{state.key}"),
        ):
            yield

    def _go(self, journal: RunJournal[State], news: Iterable[Event], tell: Tell) -> EnrolmentReport:
        refusals: list[CredGuardError] = []

        def perform(effect: Effect) -> Event:
            state, _ = journal.load()
            try:
                return self.perform(journal.run_id, state, effect)
            except CredGuardError as error:
                refusals.append(error)
                raise

        end = engine.run(machine_of(), journal, perform, tell, news)
        state, _ = journal.load()
        if state.halted is None:
            self.drop_session(journal.run_id)
            journal.close(state.failure.code if state.failure else None)
        self._note(state, end, refusals[-1].detail if refusals else "")
        return _report(journal.run_id, state, end)

    def _note(self, state: State, end: Ask | Wait | Done, detail: str) -> None:
        """What a person finds in Activity: what changed, and AWS's own words on what did not."""
        failure = end.failure if isinstance(end, Done) else None
        words = {"user": state.user, "account": state.account}
        if failure is not None:
            what = text("did not change the MFA of {user} in {account}: {why}", **words, why=failure.what)
        elif state.purpose == "resync":
            what = text("synchronised the MFA device of {user} in {account}", **words)
        elif state.purpose == "remove":
            what = text("removed an MFA device of {user} in {account}", **words)
        elif state.outcome == "done":
            what = text("added an MFA device for {user} in {account}", **words)
        else:
            what = text("took an MFA device of {user} in {account} back", **words)
        self.activity.record(
            self.clock.now(),
            "CredGuard",
            what,
            account_id=state.account_id,
            access_key_id=state.key,
            kind="change" if failure is None else "refused",
            detail=detail if failure is not None else "",
        )


def device_named(devices: tuple[UserDevice, ...], named: str | None, with_code: bool) -> UserDevice:
    """The one that is meant: by serial or name, exact before case-blind; else the only one.

    Raises CredGuardError `no-such-device`, `several-fit`.
    """
    chosen = [d for d in devices if d.code or not with_code]
    if named is not None:
        words = [(d, {d.serial, d.name, d.name.rsplit("/", 1)[-1]}) for d in chosen]
        exact = [d for d, known in words if named in known]
        chosen = exact or [d for d, known in words if named.casefold() in {w.casefold() for w in known}]
    else:
        chosen = [d for d in chosen if d.enabled_at is not None]
    if len(chosen) == 1:
        return chosen[0]
    if not chosen:
        raise CredGuardError(
            "no-such-device",
            text("There is no such device whose code is here.")
            if with_code
            else text("There is no such device."),
            text("See them: credguard mfa list NAME"),
        )
    raise CredGuardError(
        "several-fit",
        text("There are several: {list}.", list=", ".join(d.name for d in chosen)),
        text("Name one of them with --device."),
    )


def machine_of() -> Any:
    """The machine, as the engine wants it (a module is one)."""
    return machine


def _user_of(key: AccessKey, account: str) -> str:
    """The user's name. Raises CredGuardError `root-mfa`, `no-user`."""
    identity = Identity(key.arn or "", key.account_id or "")
    if identity.is_root:
        raise CredGuardError(
            "root-mfa",
            text(
                "{account}’s key is root’s. Root’s MFA is set up on the AWS website alone.", account=account
            ),
            way("root"),
        )
    if identity.user_name is None:
        raise CredGuardError(
            "no-user",
            text("This key belongs to no IAM user, so it has no MFA devices."),
            text("See who it is with: credguard whoami"),
        )
    return identity.user_name


def _kind(serial: str) -> str:
    if failures.is_security_key(serial):
        return "security-key"
    return "virtual" if ":mfa/" in serial else "hardware"


def _report(run_id: str, state: State, end: Ask | Wait | Done) -> EnrolmentReport:
    gone = state.purpose == "remove" and state.outcome == "done"
    return EnrolmentReport(
        run_id=run_id,
        purpose=state.purpose,
        state=state_name(state),
        user=state.user,
        account=state.account,
        device=state.name,
        serial=state.serial if state.kept or state.may_be or state.purpose != "enrol" else "",
        on=(state.enabled or state.purpose == "resync") and not gone,
        steps=machine.steps(state, None),
        steps_data=tuple(steps_json(state)),
        failure=end.failure if isinstance(end, Done) else None,
        left=failures.left_behind(state),
        left_serials=(*state.left, *state.perhaps),
        profiles=tuple(profile.name for profile in state.writes) if state.outcome == "done" else (),
        others=state.present,
        kept=machine.kept(state),
        halted=state.halted is not None,
    )
