"""Moves keys out of plaintext files into the store: one run of `domain/intake.py` for each profile.

A run that fails leaves its profile exactly as it was, and the rest goes on. A run that was killed is
finished by the next import (`finish_interrupted`).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from credguard.catalog.accounts import Accounts
from credguard.catalog.activity import Activity
from credguard.catalog.journal import Journals, RunJournal
from credguard.catalog.keys import Keys, Profiles
from credguard.domain import intake as machine
from credguard.domain.accounts import grouped
from credguard.domain.errors import CredGuardError
from credguard.domain.found import Found
from credguard.domain.intake import Intake
from credguard.domain.machine import Answered, Cancelled, Event, Failure, Step
from credguard.domain.secret import Secret
from credguard.domain.text import Text, text
from credguard.files import backups
from credguard.files.backups import Sealer
from credguard.system.clock import Clock
from credguard.system.interlock import Interlock
from credguard.vault.store import SecretStore
from credguard.workflows import engine
from credguard.workflows.intake_effects import Identify, Performer, Prove
from credguard.workflows.intake_find import Findings, FoundKey, find
from credguard.workflows.watched import Watched

__all__ = [
    "Findings", "FoundKey", "Outcome", "Tools", "find", "finish_interrupted", "import_keys",
]  # fmt: skip


def _no_fault(tick: str) -> None:
    return None


def _closed(found: Found) -> Secret | None:
    """No vault of another program is open."""
    return None


def _never(account_id: str) -> bool:
    return False


def _token() -> str:
    return secrets.token_hex(4)


@dataclass(frozen=True, slots=True)
class Tools:
    """The adapters an import touches. `helper` is what stands before the profile id in the config line.

    `backup_folder` holds the sealed copies; `held` gives the secret of a key from another program’s vault
    while that is open; `asks_before` whether a use of this account’s keys has to be approved; `token` makes
    fresh ids; `fault` is called at every step, for tests that end the process there.
    """

    store: SecretStore
    accounts: Accounts
    keys: Keys
    profiles: Profiles
    journals: Journals
    activity: Activity
    identify: Identify
    prove: Prove
    sealer: Sealer
    backup_folder: str
    helper: tuple[str, ...]
    interlock: Interlock
    clock: Clock
    environ: dict[str, str] = field(default_factory=dict, repr=False)
    held: Callable[[Found], Secret | None] = field(default=_closed, repr=False)
    asks_before: Callable[[str], bool] = _never
    token: Callable[[], str] = _token
    fault: Callable[[str], None] = _no_fault


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one key. `failure` None = it is moved (or stored, where nothing was to be moved)."""

    ok: bool
    name: str
    access_key_id: str
    account_id: str | None
    root: bool
    summary: Text
    failure: Failure | None = None
    arn: str | None = None
    profile: str | None = None
    run_id: str | None = None
    resumed: bool = False
    stuck: bool = False  # the files could not be put back: the next import tries again


def import_keys(
    found: Sequence[FoundKey],
    tools: Tools,
    *,
    tell: Callable[[int, tuple[Step, ...]], None] = lambda index, steps: None,
    ended: Callable[[int, Outcome], None] = lambda index, outcome: None,
    keep_plaintext: bool = False,
    stopped: Callable[[], bool] = lambda: False,
) -> tuple[Outcome, ...]:
    """Import each of `found`; what was interrupted before is finished first.

    `tell` is given the index of the key and its steps, `ended` the index and its outcome. Nothing is
    raised for what goes wrong with one key: its Outcome says it. `stopped` is asked before each key; those
    left then have no outcome.
    """
    finished = {(o.access_key_id, o.profile): o for o in finish_interrupted(tools)}
    batch, started = tools.token(), tools.clock.now()
    outcomes = []
    for index, key in enumerate(found):
        if stopped():
            break
        outcome = finished.get((key.access_key_id, key.found.profile))
        if outcome is None or not outcome.ok:
            outcome = _import(key, tools, batch, started, index, tell, keep_plaintext)
        outcomes.append(outcome)
        ended(index, outcome)
    backups.prune(tools.backup_folder, started)
    return tuple(outcomes)


def finish_interrupted(tools: Tools, cancel: bool = False) -> tuple[Outcome, ...]:
    """Take up every import that was begun and not ended; with `cancel` each goes the way back instead.

    Call it before `find`: the plaintext of an interrupted import may be gone already.
    """
    outcomes = []
    for row in tools.journals.unfinished(machine.NAME):
        journal = tools.journals.open(row.run_id, machine.TYPES)
        try:
            with tools.interlock.hold(_lock(row.subject)):
                state, _ = journal.load()
                news: tuple[Event, ...] = (Cancelled(),) if cancel else ()
                if state.phase == "stuck":
                    news = (Answered(machine.AGAIN),)
                outcomes.append(replace(_run(journal, tools, lambda steps: None, news), resumed=True))
        except CredGuardError as error:
            if error.code != "busy":  # another process is at work on it: it will finish it
                outcomes.append(_failed_to_start(journal.load()[0].found, error))
    return tuple(outcomes)


def _import(
    key: FoundKey,
    tools: Tools,
    batch: str,
    started: float,
    index: int,
    tell: Callable[[int, tuple[Step, ...]], None],
    keep_plaintext: bool,
) -> Outcome:
    found = key.found
    if keep_plaintext:
        found = replace(found, edits=False)
    if found.profile is not None and found.edits and found.profile_id is None:
        found = replace(found, profile_id=f"p-{tools.token()}")
    try:
        with tools.interlock.hold(_lock(found.access_key_id)):
            state = Intake(found=found, batch=batch, started=started)
            journal = tools.journals.start(
                machine.NAME, found.access_key_id, state, machine.TYPES, tools.clock.now()
            )
            return _run(journal, tools, lambda steps: tell(index, steps))
    except CredGuardError as error:
        return _failed_to_start(found, error)


def _run(
    journal: RunJournal[Intake],
    tools: Tools,
    tell: Callable[[tuple[Step, ...]], None],
    news: Sequence[Event] = (),
) -> Outcome:
    performer = Performer(journal, tools)
    engine.run(machine, Watched(journal, tools.fault), performer.perform, tell, news)
    state, _ = journal.load()
    if state.phase != "stuck":  # a stuck run stays open: the next import tries to put the file back
        journal.close(state.failure.code if state.failure else None)
    return _outcome(journal.run_id, state)


def _outcome(run_id: str, state: Intake) -> Outcome:
    found = state.found
    failure = state.failure
    if failure is not None and failure.kept is None:
        failure = replace(failure, kept=machine.kept(state))
    root = bool(state.arn and state.arn.endswith(":root"))
    if failure is not None:
        summary = failure.what
    elif not found.edits:
        summary = text("stored; works in account {account}", account=_account(state))
    else:
        summary = text("moved; works in account {account}", account=_account(state))
    return Outcome(
        ok=failure is None,
        name=found.name,
        access_key_id=found.access_key_id,
        account_id=state.account_id,
        root=root,
        summary=summary,
        failure=failure,
        arn=state.arn,
        profile=found.profile,
        run_id=run_id,
        stuck=state.phase == "stuck",
    )


def _account(state: Intake) -> str:
    return grouped(state.account_id or "")


def _failed_to_start(found: Found, error: CredGuardError) -> Outcome:
    failure = Failure.of(error)
    if failure.kept is None:
        failure = replace(failure, kept=text("A working key of {name} is kept.", name=found.name))
    return Outcome(
        ok=False,
        name=found.name,
        access_key_id=found.access_key_id,
        account_id=None,
        root=False,
        summary=failure.what,
        failure=failure,
        profile=found.profile,
    )


def _lock(access_key_id: str) -> str:
    """One run per key at a time, whatever it does."""
    return f"key-{access_key_id}"
