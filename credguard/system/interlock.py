"""One process at a time: an advisory lock on a file, which the system lets go of when its holder dies."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Iterator

from credguard.domain.errors import CredGuardError
from credguard.domain.text import text
from credguard.system.clock import Clock, SystemClock
from credguard.system.durable import make_private_folder, translate

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_POLL = 0.05  # seconds between two looks at a lock that is taken

if os.name == "nt":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            # Far behind the content, so that the holder's id can be read while it is locked.
            os.lseek(descriptor, 1 << 20, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in {errno.EWOULDBLOCK, errno.EACCES}:
                return False
            raise
        return True


def _digest(name: str) -> str:
    import hashlib  # most names are plain

    return hashlib.sha256(name.encode()).hexdigest()[:32]


class Interlock:
    """Named locks in one folder. They exclude threads of one process as well; none is re-entrant.

    The files stay: deleting a lock file would let two processes hold two locks of one name.
    """

    def __init__(self, folder: str, clock: Clock | None = None) -> None:
        self._folder = folder
        self._clock: Clock = clock or SystemClock()

    def path(self, name: str) -> str:
        """The lock file of `name`; names that would make poor file names are digested."""
        plain = _PLAIN.fullmatch(name) is not None
        stem = name if plain else "x-" + _digest(name)
        return os.path.join(self._folder, stem + ".lock")

    @contextlib.contextmanager
    def hold(self, name: str, wait: float = 0.0) -> Iterator[None]:
        """Hold the lock `name` for the block; waits up to `wait` seconds for it.

        Raises CredGuardError `busy`, which names the process that holds it, or what
        `system.durable.translate` makes of a disk error.
        """
        make_private_folder(self._folder)
        path = self.path(name)
        try:
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
            descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            raise translate(error, path) from None
        try:
            self._acquire(descriptor, path, wait)
            # Only for the sentence of whoever waits: not being able to write it harms nobody.
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, 0)
                os.lseek(descriptor, 0, os.SEEK_SET)
                os.write(descriptor, str(os.getpid()).encode())
            yield
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)  # lets go of the lock

    def until_free(self, name: str, wait: float) -> None:
        """Wait up to `wait` seconds until nobody holds `name`, without keeping it: what its holder was making
        is looked for then, by all who waited at once. Raises as `hold`."""
        with self.hold(name, wait):
            return

    def holder(self, name: str) -> int | None:
        """The process that holds `name` now, as far as it can be told."""
        path = self.path(name)
        try:
            descriptor = os.open(path, os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
        except OSError:
            return None
        try:
            return None if _try_lock(descriptor) else _pid_in(descriptor)
        except OSError:
            return None
        finally:
            os.close(descriptor)

    def _acquire(self, descriptor: int, path: str, wait: float) -> None:
        until = self._clock.monotonic() + wait
        try:
            while not _try_lock(descriptor):
                left = until - self._clock.monotonic()
                if left <= 0:
                    raise _busy(_pid_in(descriptor))
                self._clock.sleep(min(_POLL, left))
        except OSError as error:
            raise translate(error, path) from None


def _pid_in(descriptor: int) -> int | None:
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        content = os.read(descriptor, 20)
    except OSError:
        return None
    return int(content) if content.isdigit() else None


def _busy(pid: int | None) -> CredGuardError:
    what = (
        text("CredGuard is at work on this in another process.")
        if pid is None
        else text("CredGuard is at work on this in another process ({pid}).", pid=str(pid))
    )
    return CredGuardError("busy", what, text("Let it finish, then do the same again."), retry=True)
