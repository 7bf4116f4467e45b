"""Taking keys out of CredGuard, and CredGuard out of the computer."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass

from credguard.catalog.activity import Activity
from credguard.catalog.keys import Keys, Profiles
from credguard.domain.errors import CredGuardError
from credguard.domain.text import Text, text
from credguard.files.backups import read_file
from credguard.system.clock import Clock
from credguard.system.interlock import Interlock
from credguard.vault.sessions import Sessions
from credguard.vault.store import SecretStore, iterate, secret_of
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
    """What is put back and removed; `stranded` are secrets that no file would take back. `files`: every
    file in which a key may stand after it."""

    imports: tuple[undo_import.UndoPlan, ...]
    items: int
    folder: str
    stranded: tuple[str, ...]
    files: tuple[str, ...] = ()

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
        Sessions(store).drop_of(plan.access_key_id)
        store.remove(items.access_key(plan.access_key_id))
        keys.remove(plan.access_key_id)
        activity.record(
            clock.now(), "you", text("removed key {key}", key=plan.access_key_id),
            access_key_id=plan.access_key_id,
        )  # fmt: skip


def plan_uninstall(
    tools: Tools, folder: str, codes: SecretStore, aws_files: tuple[str, ...]
) -> UninstallPlan:
    """Read the sealed copies; nothing is changed. Raises what the store raises."""
    imports = undo_import.plans(tools)
    names = set(tools.store.names()) | set(codes.names())
    after = [undo_import.would_write(tools, one) for one in imports]
    contents = [data for files in after for found in files.values() for data in found]
    stranded = _only_here(tools, [*contents, *_contents(aws_files)]) + _codes(codes)
    files = tuple(dict.fromkeys([path for files in after for path in files] + [*aws_files]))
    return UninstallPlan(imports, len(names), folder, stranded, files)


def _contents(paths: tuple[str, ...]) -> list[bytes]:
    return [read_file(path)[0] or b"" for path in paths]


def _only_here(tools: Tools, contents: list[bytes]) -> tuple[str, ...]:
    """The stored keys whose id and secret stand together in none of `contents`.

    The old key of a rotation in its grace is off, and is not asked for.
    """
    off = {row.subject for row in tools.journals.unfinished("rotation") if row.parked == "wait"}
    found = []
    for _, item in iterate(tools.store, "access-key/"):
        key = str(item["access_key_id"])
        secret = secret_of(item).reveal().encode()
        if key not in off and not any(key.encode() in data and secret in data for data in contents):
            names = ", ".join(link.name for link in tools.profiles.of_key(key))
            found.append(f"{names} ({key})" if names else key)
    return tuple(found)


def _codes(codes: SecretStore) -> tuple[str, ...]:
    """The names of the codes; one that a person removed is not asked for."""
    return tuple(
        str(item.get("name") or name) for name, item in iterate(codes, "totp/") if not item.get("deleted_at")
    )


def uninstall(
    plan: UninstallPlan,
    tools: Tools,
    codes: SecretStore,
    vault: str | None = None,
    keychain: Callable[[], SecretStore | None] = lambda: None,
    may_hold: Callable[[], bool] = lambda: False,
) -> tuple[Text, ...]:
    """Put all imports back, newest first, then remove the items and the folder; what stays, in sentences.

    `vault` is the id of the sealed vault, `keychain` what it keeps its own items in, where that answers
    without asking anybody, else `may_hold` says whether something may be there. Those of another vault are
    somebody's way into it, and stay.

    Raises CredGuardError before anything is removed when a file could not be put back, or a key stands in
    none of them after all (`only-copy`).
    """
    while undo_import.plans(tools):
        done = undo_import.undo_import(tools)
        if not done.ok:
            raise done.failures[0].error()
    left = _only_here(tools, _contents(plan.files)) + _codes(codes)
    if left:
        raise CredGuardError(
            "only-copy",
            text("These secrets are in CredGuard alone: {names}.", names=", ".join(left)),
            text("Rotate or delete those keys first, or: credguard remove NAME. Nothing was removed."),
        )
    for store in (tools.store, codes):
        for name in store.names():
            if not _of_another(name, vault):
                store.remove(name)
    stays = _out_of_keychain(vault, tools.store, keychain, may_hold)
    if os.path.isdir(plan.folder):
        shutil.rmtree(plan.folder, ignore_errors=True)
        if os.path.isdir(plan.folder):
            stays = (*stays, text("The folder {path} could not be removed whole.", path=plan.folder))
    return stays


def _of_another(name: str, vault: str | None) -> bool:
    return name.startswith("vault/") and (vault is None or not name.startswith(items.of_vault(vault, "")))


def _out_of_keychain(
    vault: str | None,
    store: SecretStore,
    keychain: Callable[[], SecretStore | None],
    may_hold: Callable[[], bool],
) -> tuple[Text, ...]:
    """The slot keys and the note of the vault, which is empty by now: they open nothing any more."""
    if vault is None and store.kind == "sealed":
        return ()
    try:
        beside = store if store.kind == "keychain" else keychain()
        if beside is None:
            if not may_hold():
                return ()
            return (
                text("The keychain is locked or does not answer: if the vault kept items there "
                     "({name}), they stay. They open nothing any more.", name=f"vault/{vault}"),
            )  # fmt: skip
        names = beside.names("vault/")
        for name in names:
            if not _of_another(name, vault):
                beside.remove(name)
        others = [name for name in names if _of_another(name, vault)]
    except CredGuardError as error:
        return (
            text("The keychain’s items of the vault ({name}) stay: {why} They open nothing any more.",
                 name=f"vault/{vault}", why=error.what),
        )  # fmt: skip
    if not others:
        return ()
    if len(others) == 1:
        return (text("An item of another vault stays in the keychain: it opens that one."),)
    return (text("{n} items of another vault stay in the keychain: they open that one.", n=len(others)),)
