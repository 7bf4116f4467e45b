"""Taking keys out of CredGuard, and CredGuard out of the computer."""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass

from credguard.catalog.activity import Activity
from credguard.catalog.keys import Keys, Profiles
from credguard.domain.errors import CredGuardError
from credguard.domain.text import text
from credguard.system.clock import Clock
from credguard.system.interlock import Interlock
from credguard.vault.store import SecretStore
from credguard.wire import items
from credguard.workflows import undo_import
from credguard.workflows.intake import Tools


@dataclass(frozen=True, slots=True)
class RemovePlan:
    """One key and the profiles that stop working without it."""

    access_key_id: str
    profiles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UninstallPlan:
    """What is put back and removed; `stranded` are keys that no file would take back."""

    imports: tuple[undo_import.UndoPlan, ...]
    items: int
    folder: str
    stranded: tuple[str, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(path for plan in self.imports for path in plan.paths))

    def lines(self) -> tuple[str, ...]:
        """What will happen, one line each."""
        back = tuple(f"put the keys back in plaintext into {path}" for path in self.paths)
        return (*back, f"remove {self.items} stored items", f"remove the folder {self.folder}")


def remove_key(
    plan: RemovePlan,
    *,
    store: SecretStore,
    keys: Keys,
    profiles: Profiles,
    activity: Activity,
    interlock: Interlock,
    clock: Clock,
) -> None:
    """Take the key and its profiles' items out of the store. Safe to repeat."""
    with interlock.hold(f"key-{plan.access_key_id}"):
        for link in profiles.of_key(plan.access_key_id):
            store.remove(items.profile(link.profile_id))
            profiles.remove(link.profile_id)
        store.remove(items.access_key(plan.access_key_id))
        keys.remove(plan.access_key_id)
        activity.record(
            clock.now(), "you", text("removed key {key}", key=plan.access_key_id),
            access_key_id=plan.access_key_id,
        )  # fmt: skip


def plan_uninstall(tools: Tools, folder: str, codes: SecretStore) -> UninstallPlan:
    """Read the sealed copies; nothing is changed. Raises what the store raises."""
    newest = _newest(tools)
    names = set(tools.store.names()) | set(codes.names())
    back = {name for plan in newest for name in plan.names}
    stranded = [
        link.name
        for link in tools.profiles.all()
        if newest and link.name not in back and not any(link.name in n for n in back)
    ]
    if not newest:
        stranded = [key.access_key_id for key in tools.keys.all()]
    stranded += codes.names("totp/")
    return UninstallPlan(newest, len(names), folder, tuple(stranded))


def _newest(tools: Tools) -> tuple[undo_import.UndoPlan, ...]:
    try:
        return (undo_import.plan(tools),)
    except CredGuardError as error:
        if error.code == "nothing-to-undo":
            return ()
        raise


def uninstall(plan: UninstallPlan, tools: Tools, codes: SecretStore) -> None:
    """Put all imports back, newest first, then remove the items and the folder.

    Raises CredGuardError before anything is removed when a file could not be put back.
    """
    while _newest(tools):
        done = undo_import.undo_import(tools)
        if not done.ok:
            raise done.failures[0].error()
    for store in (tools.store, codes):
        for name in store.names():
            store.remove(name)
        with contextlib.suppress(CredGuardError):
            store.remove("index/0")
    if os.path.isdir(plan.folder):
        shutil.rmtree(plan.folder, ignore_errors=True)
