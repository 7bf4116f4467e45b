"""What hardening does, seen from outside the process that did it."""

from __future__ import annotations

import ctypes
import os
import sys

import pytest

from credguard.system.hardening import harden

resource = pytest.importorskip("resource", reason="limits of Unix")

NOBODY = 65534


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or os.getuid() != 0, reason="becomes another user to look"
)
def test_no_core_and_no_reading_of_its_memory_by_programs_of_the_same_user() -> None:
    """The files of a process in /proc are its user's, unless it may not be dumped: then they are root's."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # as any program starts out
            before = os.stat("/proc/self/mem").st_uid
            done = harden()
            after = os.stat("/proc/self/mem").st_uid
            core = resource.getrlimit(resource.RLIMIT_CORE)
            os.write(write, repr((before, after, core, done)).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as answer:
        found = answer.read()
    os.waitpid(child, 0)
    assert found == repr((NOBODY, 0, (0, 0), ("no-core", "not-dumpable"))).encode()
