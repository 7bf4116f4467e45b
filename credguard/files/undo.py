"""Takes the edits of a sealed copy back, by lines: what was changed later stays."""

from __future__ import annotations

from collections.abc import Callable

from credguard.domain import edits
from credguard.domain.edits import FileEdit, Lines
from credguard.files.apply import Fault, put
from credguard.files.backups import Backup, FileCopy, read_file

#: Given a path and what the file would become; raises CredGuardError where that must not be written.
Check = Callable[[str, "bytes | None"], None]


def _anything(path: str, data: bytes | None) -> None:
    return None


def revert(
    backup: Backup,
    rewrite: Callable[[FileEdit, Lines], Lines] | None = None,
    check: Check = _anything,
    fault: Fault | None = None,
) -> tuple[str, ...]:
    """Take the edits back, the last first: plaintext is there before the line that replaced it goes.

    Safe to repeat. A file nobody touched since becomes what it was, byte for byte. `rewrite` may give other
    lines for those that come back (a key that was rotated since). `check` is asked about every file before
    the first one is written. Returns the paths written. Raises CredGuardError as `files/apply.py`.
    """
    written = []
    planned = [(copy, *_goal(copy, rewrite)) for copy in reversed(backup.files)]
    for copy, _, goal in planned:
        check(copy.path, goal)
    for copy, now, goal in planned:
        if now == goal:
            continue
        put(copy, now, goal, copy.mode, fault)
        written.append(copy.path)
    return tuple(written)


def goals(
    backup: Backup, rewrite: Callable[[FileEdit, Lines], Lines] | None = None
) -> dict[str, bytes | None]:
    """What `revert` would make of each file."""
    return {copy.path: _goal(copy, rewrite)[1] for copy in backup.files}


def _goal(
    copy: FileCopy, rewrite: Callable[[FileEdit, Lines], Lines] | None
) -> tuple[bytes | None, bytes | None]:
    now, _ = read_file(copy.path)
    edit, before = copy.edit, copy.before
    if rewrite is None or edit.deletes:
        return now, edits.reverted(edit, before, now)
    fresh, before = edits.rewritten(edit, before, lambda lines: rewrite(edit, lines))
    return now, edits.reverted(fresh, before, now)
