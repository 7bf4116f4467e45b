"""Keeping this process's memory out of core dumps and away from other programs of the same user."""

from __future__ import annotations

import contextlib
import sys

_PR_SET_DUMPABLE = 4  # from <linux/prctl.h>
#: What is there, what comes, but each page only once it is used (<bits/mman.h>, Linux 4.4).
_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4


def harden() -> tuple[str, ...]:
    """No core dumps and crash reports; on Linux and Windows also no reading of our memory by other programs
    without privilege.

    Returns what took effect, of `"no-core"` and `"not-dumpable"`. Where the system refuses or has no
    such call nothing is raised: it is a second line of defence, never a condition.
    """
    done = []
    if sys.platform == "win32":
        from credguard.system import hardening_windows

        with contextlib.suppress(OSError, AttributeError):
            if hardening_windows.no_reports():
                done.append("no-core")
        with contextlib.suppress(OSError, AttributeError):
            if hardening_windows.close_to_others():
                done.append("not-dumpable")
    else:
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


def keep_in_memory() -> bool:
    """Keep this process's memory out of swap, where the system allows that without a limit.

    With a limit it is left alone: later allocations, such as those of Argon2id, would fail at it.
    """
    if not sys.platform.startswith("linux"):
        return False
    import ctypes
    import os
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if limit != resource.RLIM_INFINITY and os.geteuid() != 0:
        return False
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None, use_errno=True)
        return bool(library.mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT) == 0)
    return False
