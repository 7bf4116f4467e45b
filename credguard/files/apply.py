"""Makes the edits of a sealed copy, each file at once and only where it is still what the edit expects."""

from __future__ import annotations

import os
from collections.abc import Callable

from credguard.domain import edits
from credguard.domain.edits import FileEdit, changed_meanwhile
from credguard.domain.errors import CredGuardError
from credguard.domain.text import text
from credguard.files.backups import Backup, FileCopy, read_file
from credguard.system.durable import replace_file, sync_folder

Fault = Callable[[str], None]


def apply(backup: Backup, fault: Fault | None = None) -> tuple[FileEdit, ...]:
    """Make the edits of `backup` in their order; safe to repeat after a crash at any moment.

    A file that is already as the edit leaves it is passed over. Raises CredGuardError `file-changed` where
    another program wrote in between, and those of `replace_file`; the files before it may be edited then,
    `files/undo.py` takes them back. Returns the edits made.
    """
    made = []
    for copy in backup.files:
        after = edits.applied(copy.edit, copy.before)
        now, _ = read_file(copy.path)
        if now == after:
            continue
        if now != copy.before:
            raise changed_meanwhile(copy.path)
        put(copy, now, after, copy.mode, fault)
        made.append(copy.edit)
    return tuple(made)


def put(
    copy: FileCopy, expected: bytes | None, data: bytes | None, mode: int | None, fault: Fault | None
) -> None:
    """Replace (or delete, for None) one file that has to be `expected` until the last moment."""

    def reach(tick: str) -> None:
        if fault is not None:
            fault(f"{copy.path}:{tick}")
        if tick == "rename" and read_file(copy.path)[0] != expected:
            raise changed_meanwhile(copy.path)

    if data is None:
        reach("rename")
        remove_file(copy.path)
        reach("removed")
    else:
        folder = os.path.dirname(os.path.realpath(copy.path))
        if not os.path.isdir(folder):
            make_folder(folder)
        # A file that exists keeps its mode of now; one that has to come back gets the mode it had.
        replace_file(copy.path, data, mode=None if expected is not None else mode, fault=reach)


def make_folder(folder: str) -> None:
    """`~/.aws` where there is none, as the AWS tools make it. Raises CredGuardError `not-writable`."""
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
    except OSError as error:
        raise _failed(folder, error) from None


def remove_file(path: str) -> None:
    """Delete a file; nothing happens where there is none. Raises CredGuardError `not-writable`."""
    target = os.path.realpath(path)
    try:
        os.unlink(target)
        sync_folder(os.path.dirname(target))
    except FileNotFoundError:
        return
    except OSError as error:
        raise _failed(path, error) from None


def _failed(path: str, error: OSError) -> CredGuardError:
    return CredGuardError(
        "not-writable",
        text("{path} cannot be written: {reason}.", path=path, reason=error.strerror or "unknown"),
        text("Check who owns the file and its folder, and their modes. It was left as it was."),
    )
