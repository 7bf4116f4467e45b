"""Replacing a file so that after any crash either the old bytes are there or the new ones, whole."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import time
from collections.abc import Callable

from credguard.domain.errors import CredGuardError
from credguard.domain.text import text

#: Where `fault` is called, in order. Up to "rename" the old file is untouched.
TICKS = ("create", "write", "sync", "read-back", "rename", "sync-folder")
_SUFFIX = ".credguard-new"
_PAUSES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.6)  # seconds


def _no_fault(tick: str) -> None:
    return None


def replace_file(
    path: str, data: bytes, mode: int | None = None, fault: Callable[[str], None] | None = None
) -> None:
    """Put `data` in place of the file at `path`, which may not exist yet.

    Symbolic links are followed: the file they lead to is replaced, the links stay. Mode, owner and
    access lists of an existing file are kept unless `mode` is given; a new file gets 0600. The new
    bytes are written beside the target, synced, read back and compared before the rename, and the
    folder is synced after it. `fault` is called with each name of TICKS just before that step.

    Raises CredGuardError `disk-full`, `not-writable`, `not-a-file` or `write-differs`; then the old
    file is as it was.
    """
    reach = fault or _no_fault
    target = os.path.realpath(path)
    try:
        before = _status(target)
        sweep_leftovers(target)
        fresh = _fresh_name(target)
        try:
            reach("create")
            flags = (
                os.O_RDWR
                | os.O_CREAT
                | os.O_EXCL
                | _flag("O_NOFOLLOW")
                | _flag("O_CLOEXEC")
                | _flag("O_BINARY")
            )
            descriptor = os.open(fresh, flags, 0o600)
            try:
                _fill(descriptor, data, reach)
                _dress(descriptor, fresh, target, before, mode)
            finally:
                os.close(descriptor)
            reach("rename")
            put_in_place(fresh, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(fresh)
            raise
        reach("sync-folder")
        sync_folder(os.path.dirname(target))
    except OSError as error:
        raise translate(error, path) from None


def put_in_place(
    fresh: str,
    target: str,
    pauses: tuple[float, ...] = _PAUSES if os.name == "nt" else (),
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """`os.replace`; on Windows patient with who has the target open for a moment (virus scanners, indexers).

    Raises OSError as `os.replace` does, there after two seconds.
    """
    for pause in pauses:
        try:
            os.replace(fresh, target)
            return
        except PermissionError:
            sleep(pause)
    os.replace(fresh, target)


def _fill(descriptor: int, data: bytes, reach: Callable[[str], None]) -> None:
    reach("write")
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    reach("sync")
    os.fsync(descriptor)
    reach("read-back")
    os.lseek(descriptor, 0, os.SEEK_SET)
    found = bytearray()
    while chunk := os.read(descriptor, 1 << 20):
        found += chunk
    if bytes(found) != data:
        raise CredGuardError(
            "write-differs",
            text("The disk did not give back what was written to it."),
            text("Check the disk. The file was left as it was."),
        )


def _dress(descriptor: int, fresh: str, target: str, before: os.stat_result | None, mode: int | None) -> None:
    """Mode, owner and access lists of the old file for the new one."""
    if before is not None:
        if hasattr(os, "fchown") and (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
            with contextlib.suppress(OSError):  # only root may give files away
                os.fchown(descriptor, before.st_uid, before.st_gid)
        if hasattr(os, "listxattr"):
            with contextlib.suppress(OSError):
                for name in os.listxattr(target):
                    os.setxattr(descriptor, name, os.getxattr(target, name))
    wanted = mode if mode is not None else stat.S_IMODE(before.st_mode) if before is not None else 0o600
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, wanted)
    else:
        os.chmod(fresh, wanted)
    # The new mode belongs to the file as much as its bytes do.
    os.fsync(descriptor)


def _status(target: str) -> os.stat_result | None:
    try:
        status = os.stat(target)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise CredGuardError(
            "not-a-file",
            text("{path} is not a regular file.", path=target),
            text("Move it away, or name another file. Nothing was changed."),
        )
    return status


def _fresh_name(target: str) -> str:
    folder, name = os.path.split(target)
    return os.path.join(folder, f".{name}.{os.getpid()}-{os.urandom(4).hex()}{_SUFFIX}")


def sweep_leftovers(path: str) -> int:
    """Remove unfinished new files of `path` whose process is gone (killed between two steps).

    Returns how many there were. They may hold what the target holds, so they are not left lying.
    """
    import glob

    target = os.path.realpath(path)
    folder, name = os.path.split(target)
    removed = 0
    for leftover in glob.glob(os.path.join(glob.escape(folder), f".{glob.escape(name)}.*{_SUFFIX}")):
        owner = leftover[: -len(_SUFFIX)].rsplit(".", 1)[-1].partition("-")[0]
        if owner.isdigit() and int(owner) != os.getpid() and not alive(int(owner)):
            with contextlib.suppress(OSError):
                os.unlink(leftover)
                removed += 1
    return removed


def alive(pid: int) -> bool:
    """Whether a process of this id exists. True where the system will not say."""
    if pid <= 0:
        return True
    if sys.platform == "win32":  # os.kill with signal 0 would end the process
        from credguard.system.processes_windows import alive as runs

        return runs(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def sync_folder(folder: str) -> None:
    """Make renames in `folder` last. Windows has no such call; NTFS journals renames itself."""
    if os.name == "nt":
        return
    descriptor = os.open(folder or ".", os.O_RDONLY | _flag("O_DIRECTORY") | _flag("O_CLOEXEC"))
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network and FUSE file systems cannot sync a folder; the file itself is synced.
        if error.errno not in {errno.EINVAL, errno.ENOTSUP, errno.EROFS}:
            raise
    finally:
        os.close(descriptor)


def make_private_folder(path: str) -> None:
    """Make `path` (and what is missing above it) a folder that only its owner can enter: 0700.

    A looser mode on a folder of ours is tightened. Raises CredGuardError `not-writable`, `disk-full`,
    or `not-private` where the folder belongs to somebody else.
    """
    try:
        missing = []
        at = os.path.abspath(path)
        while not os.path.isdir(at):
            missing.append(at)
            parent = os.path.dirname(at)
            if parent == at:
                break
            at = parent
        for folder in reversed(missing):
            with contextlib.suppress(FileExistsError):
                os.mkdir(folder, 0o700)
                sync_folder(os.path.dirname(folder))
        status = os.stat(path)
        if os.name == "nt":
            return
        if not stat.S_ISDIR(status.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
        if status.st_uid != os.geteuid():
            raise CredGuardError(
                "not-private",
                text("The folder {path} belongs to another user.", path=path),
                text("Set CREDGUARD_HOME to a folder of your own. Nothing was changed."),
            )
        if stat.S_IMODE(status.st_mode) & 0o077:
            os.chmod(path, 0o700)
    except OSError as error:
        raise translate(error, path) from None


def translate(error: OSError, path: str) -> CredGuardError:
    """An OSError met while writing `path`, in sentences."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return CredGuardError(
            "disk-full",
            text("There is no room left to write {path}.", path=path),
            text("Free some space, then do the same again. The file was left as it was."),
            retry=True,
        )
    if error.errno in {errno.EIO, errno.ENXIO}:
        return CredGuardError(
            "disk-error",
            text("The disk reported an error at {path}.", path=path),
            text("Check the disk before going on. The file was left as it was."),
        )
    return CredGuardError(
        "not-writable",
        text("{path} cannot be written: {reason}.", path=path, reason=error.strerror or "unknown reason"),
        text("Check who owns the file and its folder, and their modes. The file was left as it was."),
    )


def _flag(name: str) -> int:
    """A flag that not every system has."""
    return int(getattr(os, name, 0))
