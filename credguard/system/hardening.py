"""Keeping this process's memory out of core dumps and away from other programs of the same user."""

from __future__ import annotations

import contextlib
import sys

_PR_SET_DUMPABLE = 4  # from <linux/prctl.h>


def harden() -> tuple[str, ...]:
    """No core dumps; on Linux also no reading of our memory through /proc or ptrace without privilege.

    Returns what took effect, of `"no-core"` and `"not-dumpable"`. Where the system refuses or has no
    such call nothing is raised: it is a second line of defence, never a condition.
    """
    done = []
    if sys.platform != "win32":
        import resource

        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            done.append("no-core")
    if sys.platform.startswith("linux"):
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            library = ctypes.CDLL(None, use_errno=True)
            if library.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0:
                done.append("not-dumpable")
    return tuple(done)
