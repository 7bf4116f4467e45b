"""One window for each state folder: a second start brings up the one there is, which may sit in the tray."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator

from credguard.domain.errors import CredGuardError
from credguard.system.durable import make_private_folder
from credguard.system.interlock import Interlock
from credguard.wire import places

NAME = "window"
#: How long the other one has to take the request (seconds); after that this start opens its own window.
PATIENCE = 5.0


@contextlib.contextmanager
def alone(interlock: Interlock) -> Iterator[bool]:
    """False where another window took over the request to be shown; then there is nothing to do."""
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(interlock.hold(NAME))
            _take_away()
        except CredGuardError as error:
            # A disk that cannot hold a lock file is no reason to show nobody their keys.
            if error.code == "busy" and _bring_up():
                yield False
                return
        yield True


def _bring_up() -> bool:
    path = places.window_wanted()
    with contextlib.suppress(CredGuardError, OSError):
        make_private_folder(os.path.dirname(path))
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0), 0o600))
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if not os.path.lexists(path):
                return True
            time.sleep(0.05)
        _take_away()
    return False


def wanted() -> bool:
    """Whether a second start asked for the window since the last look."""
    return os.path.lexists(places.window_wanted()) and _take_away()


def _take_away() -> bool:
    with contextlib.suppress(OSError):
        os.unlink(places.window_wanted())
        return True
    return False
