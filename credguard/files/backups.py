"""Sealed copies of other programs' files, made before the first byte of them changes.

`backups/<time>-<run>.cgb` holds path, mode and bytes of each file and the edits, sealed by a key in the
store. `<run>` is `<batch>-<run id>`: one `import` is one batch of runs, undone together.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import stat
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from credguard.domain import edits
from credguard.domain.edits import FileEdit
from credguard.domain.errors import CredGuardError
from credguard.domain.text import text
from credguard.system.durable import make_private_folder, replace_file, sync_folder

KEPT_SECONDS = 90 * 86_400.0
#: In `backups/`: copies made before edits that are no import, which `undo-import` leaves alone.
EDITS = "edits"
_VERSION = 1
_NAME = re.compile(r"(\d{8}T\d{6}Z)-([0-9a-f]+)-([0-9A-Za-z]+)\.cgb")


class Sealer(Protocol):
    """Seals bytes with a key of the store (`vault/filebackup.py`)."""

    def making_copy(self) -> AbstractContextManager[None]:
        """Around sealing a copy and writing it: no other process gives the copies a new key meanwhile."""

    def seal(self, data: bytes) -> bytes: ...

    def unseal(self, data: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class FileCopy:
    """One file as it was, and what was to change in it. `before` None = there was no file."""

    edit: FileEdit
    before: bytes | None = field(repr=False)
    mode: int | None = None

    @property
    def path(self) -> str:
        return self.edit.path


@dataclass(frozen=True, slots=True)
class Backup:
    """The content of one sealed copy. `note` says what the edits were for (no secret in it)."""

    name: str
    files: tuple[FileCopy, ...]
    note: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BackupName:
    """What a file name in the folder tells. `made` is seconds since 1970, the start of the batch."""

    name: str
    made: float
    batch: str
    run: str


def backup_name(started: float, batch: str, run: str) -> str:
    """The file name of a run's copy; a batch's runs sort together."""
    stamp = datetime.fromtimestamp(started, UTC).strftime("%Y%m%dT%H%M%SZ")
    name = f"{stamp}-{batch}-{run}.cgb"
    if not _NAME.fullmatch(name):
        raise ValueError("batch and run are plain ids")
    return name


def write_backup(
    folder: str, name: str, plan: Sequence[FileEdit], sealer: Sealer, note: Mapping[str, Any]
) -> Backup:
    """Copy the files that `plan` edits, sealed, into `folder`; read the copy back and compare.

    Raises CredGuardError: `file-changed` where a file is no longer what the plan expects, `backup-differs`,
    and those of `replace_file`.
    """
    copies = []
    for edit in plan:
        before, mode = read_file(edit.path)
        edits.applied(edit, before)  # raises where it does not fit
        copies.append(FileCopy(edit, before, mode))
    backup = Backup(name, tuple(copies), dict(note))
    data = json.dumps(_to_json(backup), separators=(",", ":")).encode("ascii")
    make_private_folder(folder)
    path = os.path.join(folder, name)
    with sealer.making_copy():
        replace_file(path, sealer.seal(data), mode=0o600)
        with open(path, "rb") as file:
            found = sealer.unseal(file.read())
    if found != data:
        raise CredGuardError(
            "backup-differs",
            text("The sealed copy of {path} did not read back as it was written.", path=plan[0].path),
            text("Check the disk. Nothing was changed."),
        )
    return backup


def read_backup(folder: str, name: str, sealer: Sealer) -> Backup:
    """The content of a sealed copy.

    Raises CredGuardError `backup-missing` or `backup-unreadable`, and what the store raises.
    """
    sealed = _bytes(folder, name)
    while True:
        try:
            return _from_json(name, json.loads(sealer.unseal(sealed)))
        except (ValueError, KeyError, TypeError):
            raise _unreadable(name) from None
        except CredGuardError as error:
            if error.code != "backup-unreadable":
                raise
            # Sealed anew between the two looks? Then what lies there now fits the key that is there now.
            before, sealed = sealed, _bytes(folder, name)
            if sealed == before:
                raise _unreadable(name) from None


def _bytes(folder: str, name: str) -> bytes:
    try:
        with open(os.path.join(folder, name), "rb") as file:
            return file.read()
    except OSError:
        raise CredGuardError(
            "backup-missing",
            text("The sealed copy {name} is not there.", name=name),
            text("Look in the folder {folder}. Your keys in the store are untouched.", folder=folder),
        ) from None


def _unreadable(name: str) -> CredGuardError:
    return CredGuardError(
        "backup-unreadable",
        text("The sealed copy {name} cannot be read.", name=name),
        text("It is damaged, or a newer CredGuard made it. Your keys in the store are untouched."),
    )


def listed(folder: str) -> tuple[BackupName, ...]:
    """The sealed copies in `folder`, newest batch first, in a batch the newest run first by name."""
    try:
        names = os.listdir(folder)
    except OSError:
        return ()
    found = []
    for name in names:
        match = _NAME.fullmatch(name)
        if match:
            made = datetime.strptime(match.group(1), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
            found.append(BackupName(name, made, match.group(2), match.group(3)))
    return tuple(sorted(found, key=lambda b: (b.made, b.batch, b.run), reverse=True))


def prune(folder: str, now: float, kept: float = KEPT_SECONDS) -> int:
    """Remove copies older than `kept` seconds, never those of the newest batch; returns how many."""
    copies = listed(folder)
    removed = 0
    for copy in copies:
        if copy.batch != copies[0].batch and now - copy.made > kept:
            removed += discard(folder, copy.name)
    return removed


def discard(folder: str, name: str) -> bool:
    """Remove one copy; False where there was none."""
    with contextlib.suppress(OSError):
        os.unlink(os.path.join(folder, name))
        sync_folder(folder)
        return True
    return False


def read_file(path: str) -> tuple[bytes | None, int | None]:
    """Bytes and mode of a file of another program; (None, None) where there is none.

    Raises CredGuardError `file-unreadable`.
    """
    try:
        with open(path, "rb") as file:
            return file.read(), stat.S_IMODE(os.fstat(file.fileno()).st_mode)
    except FileNotFoundError:
        return None, None
    except OSError as error:
        raise CredGuardError(
            "file-unreadable",
            text("{path} cannot be read: {reason}.", path=path, reason=error.strerror or "unknown"),
            text("Check who owns the file, and its mode. Nothing was changed in it."),
        ) from None


def _to_json(backup: Backup) -> dict[str, Any]:
    return {
        "v": _VERSION,
        "note": dict(backup.note),
        "files": [
            {
                "edit": edits.to_json(copy.edit),
                "mode": copy.mode,
                "before": None if copy.before is None else base64.b64encode(copy.before).decode("ascii"),
            }
            for copy in backup.files
        ],
    }


def _from_json(name: str, data: Mapping[str, Any]) -> Backup:
    if data["v"] != _VERSION:
        raise ValueError("made by another version")
    copies = tuple(
        FileCopy(
            edits.from_json(item["edit"]),
            None if item["before"] is None else base64.b64decode(item["before"]),
            item["mode"],
        )
        for item in data["files"]
    )
    return Backup(name, copies, data["note"])
