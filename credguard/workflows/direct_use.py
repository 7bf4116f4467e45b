"""Approvals at the keychain: which profiles programs read by themselves, kept in line with the settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from credguard.catalog.journal import Journals, RunJournal
from credguard.catalog.keys import Profiles
from credguard.domain import direct_use as machine
from credguard.domain.machine import Effect, Event
from credguard.settings import Settings, find
from credguard.system.clock import Clock
from credguard.system.interlock import Interlock
from credguard.vault.store import SecretStore
from credguard.wire import items
from credguard.workflows import engine
from credguard.workflows.approving import demanded
from credguard.workflows.watched import Watched

SETTINGS = ("approve", "approve_accounts")


def _no_fault(tick: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class DirectTools:
    """The adapters it touches. `store` holds the profiles: the keychain."""

    settings: Settings
    store: SecretStore
    profiles: Profiles
    journals: Journals
    interlock: Interlock
    clock: Clock
    fault: Callable[[str], None] = _no_fault


def change(tools: DirectTools, setting: str, word: str) -> None:
    """Set `approve` or `approve_accounts`, and bring the profiles in line.

    Raises CredGuardError `usage` for a word that it does not take, and what the store raises; then no
    program gets a key without the question that the settings ask for.
    """
    values = {name: tools.settings.get(name) for name in SETTINGS}
    values[setting] = find(setting).parse(word)
    with tools.interlock.hold("direct-use", wait=10.0):
        _finish(tools)
        _run(tools, _begin(tools, setting, word, values))


def settle(tools: DirectTools) -> None:
    """Bring the profiles in line with the settings as they are: what was interrupted, written by hand, or
    moved from elsewhere. Raises what the store raises."""
    with tools.interlock.hold("direct-use", wait=10.0):
        _finish(tools)
        state = _planned(tools, "", "", {name: tools.settings.get(name) for name in SETTINGS})
        if state.phase != "done":
            journal = tools.journals.start(machine.NAME, "", state, machine.TYPES, tools.clock.now())
            _run(tools, journal)


def _begin(
    tools: DirectTools, setting: str, word: str, values: Mapping[str, Any]
) -> RunJournal[machine.DirectUse]:
    state = _planned(tools, setting, word, values)
    return tools.journals.start(machine.NAME, setting, state, machine.TYPES, tools.clock.now())


def _planned(tools: DirectTools, setting: str, word: str, values: Mapping[str, Any]) -> machine.DirectUse:
    closing: list[str] = []
    opening: list[str] = []
    for link in tools.profiles.all():
        item = tools.store.read(items.profile(link.profile_id))
        if item is None:
            continue
        asked = demanded(values["approve"], values["approve_accounts"], link.account_id or "")
        # A session, which takes the whole program, may have to be served for an MFA device.
        wanted = link.mfa_serial is None and not link.roles and not asked
        if (item.get("direct") is True) != wanted:
            (opening if wanted else closing).append(link.profile_id)
    return machine.begin(setting, word, tuple(closing), tuple(opening))


def _finish(tools: DirectTools) -> None:
    for row in tools.journals.unfinished(machine.NAME):
        _run(tools, tools.journals.open(row.run_id, machine.TYPES))


def _run(tools: DirectTools, journal: RunJournal[machine.DirectUse]) -> None:
    engine.run(machine, Watched(journal, tools.fault), lambda effect: _perform(tools, effect))
    state, _ = journal.load()
    journal.close(state.failure.code if state.failure is not None else None)
    if state.failure is not None:
        raise state.failure.error()


def _perform(tools: DirectTools, effect: Effect) -> Event:
    match effect:
        case machine.Close(profile_id):
            _set(tools, profile_id, False)
            return machine.Closed()
        case machine.Choose(setting, word):
            tools.settings.change(setting, word)
            return machine.Chosen()
        case machine.Open(profile_id):
            _set(tools, profile_id, True)
            return machine.Opened()
    raise TypeError(type(effect).__name__)


def _set(tools: DirectTools, profile_id: str, direct: bool) -> None:
    """Unless a rotation or a session rewrites it meanwhile: they hold the same interlock."""
    with tools.interlock.hold(f"profile-{profile_id}", wait=10.0):
        item = tools.store.read(items.profile(profile_id))
        if item is not None and (item.get("direct") is True) != direct:
            tools.store.write(items.profile(profile_id), {**item, "direct": direct})
