"""Puts the plaintext back that the newest import took out, with the key of today; stored items stay.

Takes the newest import not undone: by the sealed copies in the folder, less what the journal says was
undone. Lines are taken back, so changes made since stay.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from credguard.catalog.journal import RunJournal
from credguard.domain import undo_import as machine
from credguard.domain.edits import FileEdit, Lines, changed_meanwhile
from credguard.domain.errors import CredGuardError
from credguard.domain.machine import Effect, Event, Failure, Step
from credguard.domain.text import text
from credguard.domain.undo_import import Undo
from credguard.files import backups, undo
from credguard.files.backups import Backup, BackupName
from credguard.profiles.edit import plain_again, rekeyed
from credguard.profiles.ini import parse, shown
from credguard.profiles.read import AwsFiles, put_together, read_aws_files, section_of
from credguard.vault.store import secret_of
from credguard.wire import items
from credguard.workflows import engine
from credguard.workflows.intake import Tools, finish_interrupted
from credguard.workflows.intake_effects import FILES_LOCK, FILES_WAIT
from credguard.workflows.watched import Watched


@dataclass(frozen=True, slots=True)
class UndoPlan:
    """What an undo would do: the files it writes, how many imports go back, and how many of them bring a key
    back in plaintext (one from another vault brings back its line)."""

    batch: str
    paths: tuple[str, ...]
    count: int
    names: tuple[str, ...]
    copies: tuple[str, ...]
    plain: int = 0


@dataclass(frozen=True, slots=True)
class Undone:
    """What it did. `failures` = the runs whose lines could not be put back; those are as they were."""

    paths: tuple[str, ...]
    failures: tuple[Failure, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.failures


def plan(tools: Tools) -> UndoPlan:
    """The newest import that was not undone.

    Raises CredGuardError `nothing-to-undo`, those of the store, and `backup-unreadable`.
    """
    copies = _not_undone(tools)
    if not copies:
        raise CredGuardError(
            "nothing-to-undo",
            text("There is no import to undo."),
            text("Sealed copies are kept for 90 days. The stored keys: credguard keys"),
        )
    return _plan(tools, copies, copies[0].batch)


def plans(tools: Tools) -> tuple[UndoPlan, ...]:
    """All imports that were not undone, newest first. Raises as `plan`, but for `nothing-to-undo`."""
    copies = _not_undone(tools)
    return tuple(_plan(tools, copies, batch) for batch in dict.fromkeys(copy.batch for copy in copies))


def would_write(tools: Tools, todo: UndoPlan) -> dict[str, tuple[bytes, ...]]:
    """Path → what the undo of each copy would make of that file. Nothing is changed; it holds secrets."""
    found: dict[str, tuple[bytes, ...]] = {}
    for content in _readable(tools, todo.copies):
        for path, data in undo.goals(content, _present_key(tools, content)).items():
            found[path] = (*found.get(path, ()), data or b"")
    return found


def _not_undone(tools: Tools) -> list[BackupName]:
    undone = {row.subject for row in tools.journals.rows(machine.NAME) if _is_done(row.ended, row.failure)}
    return [copy for copy in backups.listed(tools.backup_folder) if copy.batch not in undone]


def _plan(tools: Tools, copies: list[BackupName], batch: str) -> UndoPlan:
    chosen = _newest_first(tools, [copy.name for copy in copies if copy.batch == batch])
    contents = _readable(tools, chosen)
    return UndoPlan(
        batch=batch,
        paths=tuple(dict.fromkeys(shown(file.path) for content in contents for file in content.files)),
        count=len(contents),
        names=tuple(
            str(content.note.get("profile") or content.note.get("access_key_id")) for content in contents
        ),
        copies=tuple(chosen),
        # Copies of before the source was noted are all of plaintext.
        plain=sum(content.note.get("source", "aws") in {"aws", "csv", "env"} for content in contents),
    )


def undo_import(tools: Tools, tell: Callable[[tuple[Step, ...]], None] = lambda steps: None) -> Undone:
    """Undo the newest import. Interrupted imports go the way back first.

    Raises CredGuardError as `plan`, when nothing of it could be done.
    """
    finish_interrupted(tools, cancel=True)
    todo = plan(tools)
    paths: list[str] = []
    failures: list[Failure] = []
    for name in todo.copies:
        try:
            content = backups.read_backup(tools.backup_folder, name, tools.sealer)
        except CredGuardError as error:
            if error.code != "backup-unreadable":
                raise
            failures.append(Failure.of(error))  # a damaged copy keeps no other one from coming back
            continue
        state = _open_run(tools, todo.batch, name, content)
        with tools.interlock.hold(f"undo-{todo.batch}"):
            end = _run(tools, state, tell)
        paths += end.paths
        if end.failure is not None:
            failures.append(end.failure)
    if failures and len(failures) == len(todo.copies):
        raise failures[0].error()
    if not failures:
        _note(tools, todo)
    return Undone(tuple(dict.fromkeys(shown(path) for path in paths)), tuple(failures))


def _readable(tools: Tools, names: Sequence[str]) -> list[Backup]:
    """The copies that can be opened. Raises `backup-unreadable` where none can."""
    found: list[Backup] = []
    for name in names:
        try:
            found.append(backups.read_backup(tools.backup_folder, name, tools.sealer))
        except CredGuardError as error:
            if error.code != "backup-unreadable" or (not found and name == names[-1]):
                raise
    return found


def _is_done(ended: float | None, failure: str | None) -> bool:
    return ended is not None and failure is None


def _newest_first(tools: Tools, names: list[str]) -> list[str]:
    """In the order opposite to that of the imports, by the journal where it knows them."""
    order = {row.run_id: number for number, row in enumerate(tools.journals.rows("intake"))}
    return sorted(names, key=lambda name: order.get(name.rsplit("-", 1)[1].removesuffix(".cgb"), len(order)))


def _subject(batch: str, name: str) -> str:
    return f"{batch}/{name}"


def _open_run(tools: Tools, batch: str, name: str, content: Backup) -> RunJournal[Undo]:
    """The run that was begun on this copy and not ended, else a new one."""
    subject = _subject(batch, name)
    for row in tools.journals.unfinished(machine.NAME):
        if row.subject == subject:
            return tools.journals.open(row.run_id, machine.TYPES)
    note = content.note
    state = Undo(
        backup=name,
        batch=batch,
        profile=note.get("profile"),
        profile_id=note.get("profile_id"),
        config_path=str(note["config_path"]),
        credentials_path=str(note["credentials_path"]),
    )
    return tools.journals.start(machine.NAME, subject, state, machine.TYPES, tools.clock.now())


def _run(tools: Tools, journal: RunJournal[Undo], tell: Callable[[tuple[Step, ...]], None]) -> Undo:
    performer = _Performer(journal, tools)
    engine.run(machine, Watched(journal, tools.fault), performer.perform, tell)
    state, _ = journal.load()
    journal.close(state.failure.code if state.failure else None)
    if state.failure is not None and state.failure.kept is None:
        return replace(state, failure=replace(state.failure, kept=machine.kept(state)))
    return state


def _note(tools: Tools, todo: UndoPlan) -> None:
    """The whole import is undone: noted as a run of its own that was done at once."""
    state = Undo(
        backup="", batch=todo.batch, profile=None, profile_id=None, config_path="", credentials_path="",
        phase="done",
    )  # fmt: skip
    tools.journals.start(machine.NAME, todo.batch, state, machine.TYPES, tools.clock.now()).close()
    action = text("put {count} imported keys back in plaintext", count=todo.plain)
    if not todo.plain:
        action = text("took {count} imports back", count=todo.count)
    tools.activity.record(tools.clock.now(), "you", action)


class _Performer:
    def __init__(self, journal: RunJournal[Undo], tools: Tools) -> None:
        self._journal = journal
        self._tools = tools

    def perform(self, effect: Effect) -> Event:
        state, _ = self._journal.load()
        tools = self._tools
        match effect:
            case machine.Revert(backup):
                # A rotation must not change which key is the present one while it is written down.
                with (
                    tools.interlock.hold(f"key-{self._present(backup)}", wait=FILES_WAIT),
                    tools.interlock.hold(FILES_LOCK, wait=FILES_WAIT),
                ):
                    return self._revert(state, backup)
            case machine.ProvePlain(profile):
                files = read_aws_files(state.config_path, state.credentials_path)
                if files.profile(profile) is None and not self._made_it(state, profile):
                    raise changed_meanwhile(state.config_path)
                return machine.ProvedPlain()
            case machine.Unlink(profile_id):
                if profile_id is not None:
                    tools.profiles.remove(profile_id)
                return machine.Unlinked()
        raise TypeError(type(effect).__name__)

    def _made_it(self, state: Undo, profile: str) -> bool:
        """Whether the import made the section of this profile, which then goes with its line."""
        content = backups.read_backup(self._tools.backup_folder, state.backup, self._tools.sealer)
        heading = f"[{section_of(profile)}]".encode()
        return any(
            line.strip() == heading
            for file in content.files
            if file.path == state.config_path
            for hunk in file.edit.hunks
            for line in hunk.added
        )

    def _revert(self, state: Undo, name: str) -> Event:
        tools = self._tools
        content = backups.read_backup(tools.backup_folder, name, tools.sealer)
        rewrite = _present_key(tools, content)
        goals = undo.goals(content, rewrite)
        self._check(state, content, goals)
        undo.revert(content, rewrite, fault=tools.fault)
        return machine.Reverted(tuple(file.path for file in content.files))

    def _present(self, name: str) -> str:
        return _present_id(
            self._tools, backups.read_backup(self._tools.backup_folder, name, self._tools.sealer)
        )

    def _check(self, state: Undo, content: Backup, goals: dict[str, bytes | None]) -> None:
        """Read what the files would become: this profile in plaintext, every other one as it is now."""
        if state.profile is None:
            return
        now = read_aws_files(state.config_path, state.credentials_path)
        config, credentials = now.config, now.credentials
        try:
            if state.config_path in goals:
                config = parse(state.config_path, goals[state.config_path])
            if state.credentials_path in goals:
                credentials = parse(state.credentials_path, goals[state.credentials_path])
        except CredGuardError:
            # Another key stands there since: with ours beside it nobody could read the file.
            raise _refused(state.profile) from None
        then = put_together(config, credentials)
        from_aws = any(file.path == state.credentials_path for file in content.files) or bool(
            _key_in(content, state)
        )
        if from_aws and plain_again(then, state.profile) is None:
            raise _refused(state.profile)
        before, after = _values(now, state.profile), _values(then, state.profile)
        if before != after:
            raise _refused(state.profile)


def _present_key(tools: Tools, content: Backup) -> Callable[[FileEdit, Lines], Lines] | None:
    """None where the key that was taken out is still the one of the profile."""
    present = _present_id(tools, content)
    if present == str(content.note["access_key_id"]):
        return None
    key = tools.store.read(items.access_key(present))
    if key is None:
        raise CredGuardError(
            "item-missing",
            text("The present key {key} is not in the store.", key=present),
            text("See: credguard doctor. Nothing was changed."),
        )
    secret = secret_of(key)

    def rewrite(edit: FileEdit, lines: Lines) -> Lines:
        if edit.path not in (content.note["config_path"], content.note["credentials_path"]):
            return lines
        return rekeyed(lines, present, secret.reveal())

    return rewrite


def _present_id(tools: Tools, content: Backup) -> str:
    """The key that the profile item points to today; the one that was imported where there is none."""
    profile_id = content.note.get("profile_id")
    item = tools.store.read(items.profile(str(profile_id))) if profile_id else None
    return str(item["access_key_id"] if item else content.note["access_key_id"])


def _key_in(content: Backup, state: Undo) -> bool:
    """Whether the edit of the config file took a key out of it."""
    lines = (
        line
        for file in content.files
        if file.path == state.config_path
        for h in file.edit.hunks
        for line in h.removed
    )
    return any(b"aws_access_key_id" in line.lower() for line in lines)


def _values(files: AwsFiles, but: str) -> dict[str, dict[str, str]]:
    return {p.name: dict(p.values) for p in files.profiles if p.name != but}


def _refused(profile: str) -> CredGuardError:
    return CredGuardError(
        "undo-refused",
        text(
            "The AWS files changed since, in a way that leaves no place for the lines of {name}.",
            name=profile,
        ),
        text("The stored key goes on working. Write it by hand where you want it."),
    )
