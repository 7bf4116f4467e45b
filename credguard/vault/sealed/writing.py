"""The vault file on the disk: read with care, replaced whole, with its copies beside it.

`vault.cgv.prev` is the generation before; `vault.cgv.day-YYYYMMDD` the first generation of a day.
At every instant a whole `vault.cgv` exists, and a copy is touched only when its successor is whole.
"""

from __future__ import annotations

import contextlib
import datetime
import glob
import itertools
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass

from credguard.domain.errors import CredGuardError
from credguard.domain.text import Text, text
from credguard.system.clock import Clock
from credguard.system.durable import make_private_folder, replace_file, sync_folder, translate
from credguard.vault.sealed import format  # noqa: A004 the file's format

DAYS_KEPT = 7
TRAILER = 32
#: Where `fault` is called besides `system.durable.TICKS`: between "read-back" and "rename".
KEEP = "keep-previous"


@dataclass(frozen=True, slots=True)
class Copy:
    """An earlier generation that is whole: its checksum is right. `written` in seconds since 1970."""

    path: str
    generation: int
    written: float

    def sentence(self) -> Text:
        """`The copy of 14:02 (generation 412) is whole: /…/vault.cgv.prev`"""
        at = datetime.datetime.fromtimestamp(self.written, datetime.UTC).astimezone()
        return text(
            "The copy of {time} (generation {n}) is whole: {path}",
            time=at.strftime("%Y-%m-%d %H:%M"), n=self.generation, path=self.path,
        )  # fmt: skip


class Disk:
    """One vault file and its copies. Writing is done under the vault's lock, which the caller holds."""

    def __init__(self, path: str, clock: Clock, fault: Callable[[str], None]) -> None:
        # A link to a vault elsewhere is followed once, so that the copies lie beside the file itself.
        self.path = os.path.realpath(path)
        self._clock = clock
        self._fault = fault
        self.mended = False  # a mode was looser than 0600 and is so no more

    @property
    def exists(self) -> bool:
        return os.path.lexists(self.path)

    def read(self) -> bytes:
        """The bytes of the file.

        Raises CredGuardError `no-vault`, `not-private` (it, or its folder, is not this user's alone),
        `vault-damaged` (absurdly long), or `vault-unreadable`.
        """
        try:
            self._look_at_folder()
            with open(self.path, "rb") as file:
                status = os.fstat(file.fileno())
                if os.name == "posix":
                    if status.st_uid not in {os.geteuid(), 0}:
                        raise _not_private(self.path)
                    if stat.S_IMODE(status.st_mode) & 0o077:
                        os.fchmod(file.fileno(), 0o600)
                        self.mended = True
                if status.st_size > format.MAX_FILE:
                    raise format.damaged()
                return file.read()
        except FileNotFoundError:
            raise self.missing() from None
        except OSError as error:
            raise CredGuardError(
                "vault-unreadable",
                text("{path} cannot be read: {reason}.", path=self.path, reason=error.strerror or "unknown"),
                text("See who owns it, and its mode. Nothing was changed."),
            ) from None

    def trailer(self) -> bytes:
        """The last 32 bytes, which differ between any two writings; b"" where there is no file."""
        try:
            with open(self.path, "rb") as file:
                file.seek(-TRAILER, os.SEEK_END)
                return file.read(TRAILER)
        except OSError:
            return b""

    def replace(self, data: bytes) -> None:
        """Put `data` in place of the vault; the present one becomes `.prev`.

        Raises what `replace_file` raises; then the vault and its copies are as they were.
        """
        make_private_folder(os.path.dirname(self.path))

        def reach(tick: str) -> None:
            # The new file is whole and read back: only now may the older copy go.
            if tick == "rename" and self.exists:
                self._fault(KEEP)
                self._keep_previous()
            self._fault(tick)

        replace_file(self.path, data, mode=0o600, fault=reach)
        self._keep_of_today()

    def copies(self) -> tuple[Copy, ...]:
        """The copies that are whole, newest first."""
        found = []
        for path in (self._previous, *self._days()):
            with contextlib.suppress(OSError, CredGuardError), open(path, "rb") as file:
                if os.fstat(file.fileno()).st_size <= format.MAX_FILE:
                    parts = format.read(file.read())
                    found.append(Copy(path, parts.generation, os.fstat(file.fileno()).st_mtime))
        return tuple(sorted(found, key=lambda copy: copy.generation, reverse=True))

    def has_copies_before(self, file: format.VaultFile, head: bytes) -> bool:
        """Whether an earlier generation lies here that was sealed with other keys than `file`."""
        for path in (self._previous, *self._days()):
            with contextlib.suppress(OSError, CredGuardError), open(path, "rb") as copy:
                vault, generation, ours = format.origin(copy, head)
                if vault == file.vault and generation < file.generation and not ours:
                    return True
        return False

    def use(self, copy: Copy) -> str | None:
        """Put a copy in the vault's place; returns where the file that stood there was set aside.

        Never done unasked. Raises CredGuardError `vault-damaged` when the copy is not whole any more.
        """
        try:
            with open(copy.path, "rb") as file:
                data = file.read()
        except OSError as error:
            raise translate(error, copy.path) from None
        format.read(data)
        aside = None
        if self.exists:
            now = datetime.datetime.fromtimestamp(self._clock.now(), datetime.UTC)
            aside = _unused(f"{self.path}.damaged-{now.strftime('%Y%m%d-%H%M%S')}")
            _link(self.path, aside)
        replace_file(self.path, data, mode=0o600, fault=self._fault)
        return aside

    def delete_copies(self) -> None:
        """Delete `.prev` and the copies of the days, and keep the present one as today's. On SSDs and in
        backups older copies live on."""
        for path in (self._previous, f"{self._previous}.tmp", *self._days()):
            with contextlib.suppress(OSError):
                os.unlink(path)
        self._keep_of_today()
        with contextlib.suppress(OSError):
            sync_folder(os.path.dirname(self.path))

    def set_aside(self) -> tuple[str, ...]:
        """Where `use` put what stood in the vault's place."""
        return tuple(sorted(glob.glob(f"{glob.escape(self.path)}.damaged-*")))

    def destroy(self) -> None:
        """Delete the vault and its copies; the copies first, so that they are never all there is."""
        try:
            for path in (f"{self._previous}.tmp", self._previous, *self._days(), self.path):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)
            sync_folder(os.path.dirname(self.path))
        except OSError as error:
            raise translate(error, self.path) from None

    def missing(self) -> CredGuardError:
        """`no-vault`, naming the newest whole copy."""
        return with_copy(
            CredGuardError(
                "no-vault",
                text("There is no vault at {path}.", path=self.path),
                text(
                    "Put it back, or restore a backup. To begin anew, move {folder} away.",
                    folder=os.path.dirname(self.path),
                ),
            ),
            self.copies(),
        )

    # ── inside ───────────────────────────────────────────────────────────────────────────────────
    @property
    def _previous(self) -> str:
        return f"{self.path}.prev"

    def _days(self) -> list[str]:
        return sorted(glob.glob(f"{glob.escape(self.path)}.day-????????"))

    def _keep_previous(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{self._previous}.tmp")
        _link(self.path, f"{self._previous}.tmp")
        os.replace(f"{self._previous}.tmp", self._previous)

    def _keep_of_today(self) -> None:
        """The first generation of each of the last seven days. Failing here harms no one."""
        today = datetime.datetime.fromtimestamp(self._clock.now(), datetime.UTC).strftime("%Y%m%d")
        name = f"{self.path}.day-{today}"
        with contextlib.suppress(OSError, CredGuardError):
            if not os.path.exists(name):
                _link(self.path, name)
                sync_folder(os.path.dirname(self.path))
            for old in self._days()[:-DAYS_KEPT]:
                os.unlink(old)

    def _look_at_folder(self) -> None:
        """A folder in which others can write lets them put another file in the vault's place."""
        if os.name != "posix":
            return
        folder = os.path.dirname(self.path)
        status = os.stat(folder)
        loose = stat.S_IMODE(status.st_mode) & 0o022
        if status.st_uid not in {os.geteuid(), 0} or (loose and status.st_uid != os.geteuid()):
            raise _not_private(folder)
        if loose:
            os.chmod(folder, stat.S_IMODE(status.st_mode) & ~0o022)
            self.mended = True


def with_copy(error: CredGuardError, copies: tuple[Copy, ...]) -> CredGuardError:
    """The same error, naming the newest whole copy as the thing to do."""
    if not copies:
        return error
    return CredGuardError(
        error.code,
        error.what,
        text("{copy} To use it: credguard vault use-copy. Nothing was changed.", copy=copies[0].sentence()),
        error.kept,
        error.retry,
        error.detail,
    )  # fmt: skip


def _unused(path: str) -> str:
    """This name, or with a number behind it: what was set aside within the same second stays."""
    return next(
        name for n in itertools.count(1) if not os.path.lexists(name := path if n == 1 else f"{path}-{n}")
    )


def _link(source: str, target: str) -> None:
    """A second name for the file; a copy where the disk knows no hard links (FAT, some network disks)."""
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        with open(source, "rb") as file:
            replace_file(target, file.read(), mode=0o600)


def _not_private(path: str) -> CredGuardError:
    return CredGuardError(
        "not-private",
        text("{path} is not yours alone: somebody else could change it.", path=path),
        text("The vault was not opened. See who owns it, and its mode."),
    )
