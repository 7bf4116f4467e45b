"""Reading a file that others may have put there: never more than a limit, and never waiting for one."""

from __future__ import annotations

import os
import stat

from credguard.domain.errors import CredGuardError
from credguard.domain.text import text


def read_bounded(path: str, most: int) -> bytes:
    """The bytes of a regular file; a link to one is followed. A pipe or a device is not waited for.

    Raises CredGuardError `file-unreadable`, also for anything but a file, and for more than `most` bytes.
    """
    flags = (
        os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    )
    try:
        with open(os.open(path, flags), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise _unreadable(path, "it is not a file")
            data = file.read(most + 1)
    except OSError as error:
        raise _unreadable(path, error.strerror or "unknown") from None
    except ValueError:  # a zero byte in the name
        raise _unreadable(path, "no file has such a name") from None
    if len(data) > most:
        raise _unreadable(path, f"it is larger than {most >> 20} MB")
    return data


def _unreadable(path: str, reason: str) -> CredGuardError:
    return CredGuardError(
        "file-unreadable",
        text("{path} cannot be read: {reason}.", path=path, reason=reason),
        text("Check what it is, who owns it, and its mode. Nothing was changed."),
    )
