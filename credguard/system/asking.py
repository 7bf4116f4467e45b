"""Who asks: the process at the other end, or the program above it where that is only our own helper."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from credguard.system.processes import Process, caller, look_up, program_file, runs_module
from credguard.wire import places


@dataclass(frozen=True, slots=True)
class Asker:
    """The program that wants something, as the system tells it. `file` is "" where it tells nothing.

    `ours`: it asks through a program of CredGuard. `started_by` are the names above it, nearest first.
    """

    program: str
    pid: int
    file: str
    ours: bool
    started_by: tuple[str, ...] = ()

    @property
    def one_of_many(self) -> bool:
        """The file is an interpreter: to allow it would allow every program written for it."""
        name = os.path.basename(self.file)
        return not self.file or name.startswith(("python", "node", "ruby", "perl", "java"))

    @property
    def detail(self) -> str:
        """For Activity: process and file."""
        return f"process {self.pid}, {self.file}" if self.file else f"process {self.pid}"


@cache
def _our_files() -> frozenset[str]:
    folder = places.package()
    return frozenset(
        {
            _real(os.path.join(folder, "__main__.py")),
            _real(places.client()),
            # What pip makes beside the interpreter.
            *(
                _real(os.path.join(_beside(), name))
                for script in ("credguard", "credguard-credentials")
                for name in (script, script + ".exe")
            ),
        }
    )


def _real(path: str) -> str:
    return os.path.normcase(os.path.realpath(path))


def _beside() -> str:
    import sys

    return os.path.dirname(sys.executable)


def is_ours(pid: int) -> bool:
    """Whether that process runs a program of this CredGuard, as far as its command line says."""
    file = program_file(pid)
    return (bool(file) and _real(file) in _our_files()) or runs_module(pid, "credguard")


def is_our_program(pid: int) -> bool:
    """The same, run by the very interpreter or program that runs this process. Linux alone."""
    try:
        return os.readlink(f"/proc/{pid}/exe") == os.readlink("/proc/self/exe") and is_ours(pid)
    except OSError:
        return False


def may_be_ours(pid: int) -> bool:
    """`is_our_program`, or nobody can tell: no /proc, or a package that is another file, or another world
    of processes, each time it runs (AppImage, Flatpak)."""
    if not os.path.isdir("/proc/self") or "APPIMAGE" in os.environ or "FLATPAK_ID" in os.environ:
        return True
    return pid == os.getpid() or is_our_program(pid)


def asker(pid: int, look: Callable[[int], Process | None] = look_up) -> Asker:
    """Who stands behind the question of process `pid`."""
    if is_ours(pid):
        above = caller(pid, look)
        while is_ours(above.pid):  # Windows: the python.exe of a venv starts another one
            above = caller(above.pid, look)
        names = [p.name for p in above.chain]
        behind = names[names.index(above.program) + 1 :] if above.program in names else names
        return Asker(above.program, above.pid, program_file(above.pid), True, tuple(behind[:3]))
    process = look(pid)
    chain = caller(pid, look).chain
    name = process.name if process is not None else "unknown"
    return Asker(name, pid, program_file(pid), False, tuple(p.name for p in chain[:3]))
