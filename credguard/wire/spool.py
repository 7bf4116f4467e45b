"""Lines that the provider and the agent leave for the catalog (catalog/activity.py takes them in)."""

from __future__ import annotations

import os

#: Windows: while the file is being renamed nobody else can open it (seconds).
_PAUSES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2)


def append(path: str, line: str) -> None:
    """One line at the end of the file at `path`, 0600 where it is made, in one write. Raises OSError."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"):
        flags |= getattr(os, name, 0)
    spool = _open(path, flags)
    try:
        os.write(spool, (line + "\n").encode())
    finally:
        os.close(spool)


def _open(path: str, flags: int) -> int:
    for pause in _PAUSES if os.name == "nt" else ():
        try:
            return os.open(path, flags, 0o600)
        except PermissionError:
            from time import sleep

            sleep(pause)
    return os.open(path, flags, 0o600)
