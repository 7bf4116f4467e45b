"""Rotation: how a run is begun, resumed, answered and undone (`rotation_effects.py` touches the world)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from credguard.catalog.journal import RunJournal, RunRow
from credguard.domain import intake
from credguard.domain import rotation as machine
from credguard.domain import rotation_failures as failures
from credguard.domain.accounts import Identity
from credguard.domain.errors import CredGuardError
from credguard.domain.keys import AccessKey
from credguard.domain.machine import (
    Answered,
    Ask,
    Cancelled,
    Done,
    Due,
    Effect,
    Event,
    Failure,
    Step,
    Wait,
)
from credguard.domain.rotation_state import ProfilesJoined, SeenKey, State
from credguard.domain.rotation_steps import state_name, steps_json
from credguard.domain.text import Text, text
from credguard.workflows import engine
from credguard.workflows.rotation_effects import RotationEffects

Tell = Callable[[tuple[Step, ...]], None]


def _nobody(steps: tuple[Step, ...]) -> None:
    return None


@dataclass(frozen=True, slots=True)
class RotationReport:
    """Where a rotation stands after a run. `until`: when the old key is deleted; `ask`: the question;
    `keys`: the user's keys, the one being rotated first, where there are two; `kept`: what is safe."""

    run_id: str
    state: str
    old_key: str
    new_key: str | None
    steps: tuple[Step, ...]
    steps_data: tuple[dict[str, Any], ...]
    failure: Failure | None = None
    until: float | None = None
    ask: Ask | None = None
    keys: tuple[SeenKey, ...] = ()
    kept: Text | None = None
    halted: bool = False  # it rests at a failure: it can go on, or be taken back

    def to_json(self) -> dict[str, Any]:
        """`rotate --json`."""
        return {
            "state": self.state,
            "old_key": self.old_key,
            "new_key": self.new_key,
            "steps": list(self.steps_data),
        }


@dataclass(frozen=True, slots=True)
class Rotations(RotationEffects):
    """Rotations of IAM users' keys. Every method returns or raises with a working key in place."""

    # ── beginning and going on ───────────────────────────────────────────────────────────────────
    def begin(self, key: AccessKey, account: str, grace_days: int, tell: Tell = _nobody) -> RotationReport:
        """Rotate `key`.

        Raises CredGuardError `root-key`, `no-user`, `begun-already`, `in-grace`, `import-unfinished`,
        `key-in-plaintext`, `busy`.
        """
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
        with self._alone(key.access_key_id):
            links = self.profiles.of_key(key.access_key_id)
            for row in self.journals.unfinished(machine.NAME):
                if key.access_key_id in row.touches:
                    raise _begun(row)
            self._no_import_unfinished(key.access_key_id)
            names = self.in_plaintext(key.access_key_id)
            if names:
                raise failures.in_plaintext(key.access_key_id, names).error()
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
            raise _too_late()
        report = self._again(run_id, (Cancelled(),), tell)
        if report.state == "done" and report.failure is None:
            raise _too_late()
        return report

    def answer(self, run_id: str, answer: str, tell: Tell = _nobody) -> RotationReport:
        """Answer the run's question. An answer that comes twice, or too late, only lets the run go on."""
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
            # Another process may have gone on since.
            row = self.journals.get(run_id)
            state, _ = journal.load()
            if row is not None and row.ended is not None:
                return _report(run_id, state, Done(state.failure))
            self._no_import_unfinished(state.old_key, state.new_key)
            asked = state.phase == "choose" and state.halted is None
            news = [Due(self.clock.now()) if isinstance(n, Answered) and not asked else n for n in news]
            return self._go(journal, [*self._joined(state), *news], tell)

    def _no_import_unfinished(self, *keys: str | None) -> None:
        """An import that was killed would take the rotated key for a wrong one and put the old back."""
        touched = {key for row in self.journals.unfinished(intake.NAME) for key in row.touches}
        if touched & set(keys):
            raise failures.import_unfinished().error()

    def _joined(self, state: State) -> tuple[Event, ...]:
        """The profiles that were imported with one of the two keys while the run rested."""
        known = {profile for profile, _ in state.profiles}

        def others(key: str | None) -> tuple[tuple[str, str], ...]:
            links = self.profiles.of_key(key) if key else ()
            return tuple((link.profile_id, link.name) for link in links if link.profile_id not in known)

        old, new = others(state.old_key), others(state.new_key)
        return (ProfilesJoined(old, new),) if old or new else ()

    def _alone(self, access_key_id: str) -> contextlib.AbstractContextManager[None]:
        return self.interlock.hold(f"key-{access_key_id}")

    def _go(self, journal: RunJournal[State], news: Iterable[Event], tell: Tell) -> RotationReport:
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
        if isinstance(end, Wait):
            journal.park("wait", end.until)
        elif isinstance(end, Ask):
            journal.park("ask")
        elif state.halted is None:
            self.drop_session(journal.run_id)
            journal.close(end.failure.code if end.failure else None)
        self._note(state, end, refusals[-1].detail if refusals else "")
        return _report(journal.run_id, state, end)

    def _note(self, state: State, end: Ask | Wait | Done, detail: str) -> None:
        """What a person finds in Activity: what changed, and AWS's own words on what did not."""
        account, kind = state.account, "change"
        if isinstance(end, Ask):
            return
        if isinstance(end, Wait):
            what, detail = text("rotated the key of {account}", account=account), ""
        elif end.failure is not None:
            kind = "refused"
            what = text("did not rotate the key of {account}: {why}", account=account, why=end.failure.what)
        elif state.outcome == "done":
            what = text("deleted the old key of {account}", account=account)
        else:
            what = text("went back to the old key of {account}", account=account)
        known = self.keys.get(state.new_key or state.old_key) or self.keys.get(state.old_key)
        self.activity.record(
            self.clock.now(),
            "CredGuard",
            what,
            account_id=known.account_id if known is not None else None,
            access_key_id=state.new_key or state.old_key,
            kind="change" if kind == "change" else "refused",
            detail=detail if kind == "refused" else "",
        )


def _too_late() -> CredGuardError:
    return CredGuardError(
        "too-late",
        text("This rotation is over: the old key is deleted, or was never replaced."),
        text("A new rotation makes a new key: credguard rotate NAME"),
    )


def machine_of() -> Any:
    """The machine, as the engine wants it (a module is one)."""
    return machine


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
        keys=tuple(key for key in (state.own, *state.others) if key is not None) if state.others else (),
        kept=machine.kept(state),
        halted=state.halted is not None,
    )


def not_begun(access_key_id: str, error: CredGuardError) -> RotationReport:
    """The report of a run that could not be begun, or not gone on with, at all."""
    return RotationReport("", "planned", access_key_id, None, (), (), Failure.of(error), kept=error.kept)


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
