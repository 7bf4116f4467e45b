"""Who is asking: the program above this process, for Activity and approvals.

Only names are kept. A command line may carry secrets in its arguments, so of it nothing but the name
of a script or module is ever looked at.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

#: They only start others: `sh -c` stands between every Go or Java program and its credential_process.
_SHELLS = frozenset(
    {"sh", "dash", "bash", "zsh", "fish", "ksh", "ash", "busybox", "env", "sudo"}
    | {"cmd", "powershell", "pwsh"}
)
_INTERPRETERS = ("python", "node", "ruby", "perl", "java")
_DEEPEST = 32


@dataclass(frozen=True, slots=True)
class Process:
    """One process: its id, its parent's, and the name a person knows it by."""

    pid: int
    parent: int
    name: str


@dataclass(frozen=True, slots=True)
class Caller:
    """The program that asks, and its line of ancestors (`terraform`, `make`, `code`), nearest first."""

    program: str
    pid: int
    chain: tuple[Process, ...] = ()


def caller(pid: int | None = None, look: Callable[[int], Process | None] | None = None) -> Caller:
    """The program that started process `pid` (this one unless given), shells left out.

    Run from a shell by hand, the program is the shell. Where the system tells nothing the program is
    `"unknown"`.
    """
    find = look or look_up
    above = os.getppid() if pid is None else _parent(find(pid))
    chain: list[Process] = []
    while above > 1 and len(chain) < _DEEPEST:
        process = find(above)
        if process is None or process in chain:
            break
        chain.append(process)
        above = process.parent
    if not chain:
        return Caller("unknown", above if above > 1 else 0)
    # A shell run by a terminal or by sshd is a person; a shell run by a program is that program.
    asking = next((p for p in chain if p.name.lstrip("-") not in _SHELLS), chain[0])
    if asking is not chain[0] and asking.name in _TERMINALS:
        asking = chain[0]
    return Caller(asking.name, asking.pid, tuple(chain))


_TERMINALS = frozenset(
    {"gnome-terminal-", "konsole", "xterm", "alacritty", "kitty", "foot", "wezterm-gui", "tmux", "screen"}
    | {"explorer", "WindowsTerminal", "OpenConsole", "conhost", "winlogon"}
    | {"tmux: server", "sshd", "sshd-session", "login", "systemd", "init", "launchd", "Terminal", "iTerm2"}
)


def _parent(process: Process | None) -> int:
    return process.parent if process else 0


def look_up(pid: int) -> Process | None:
    """What the system tells of process `pid`, or None."""
    if sys.platform.startswith("linux"):
        return _from_proc(pid)
    if sys.platform == "darwin":
        return _from_ps(pid)
    if sys.platform == "win32":
        return _from_windows(pid)
    return None


def program_file(pid: int) -> str:
    """The file that process `pid` runs: its program, for an interpreter the script; "" where that is not
    told. A program that wants to can pretend: it is a name for people, not a proof."""
    if sys.platform == "win32":
        return _file_on_windows(pid)
    if not sys.platform.startswith("linux"):
        process = look_up(pid)
        return process.name if process else ""
    try:
        program = os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""
    if not os.path.basename(program).startswith(_INTERPRETERS):
        return program
    script = next(iter(_words(pid, options=False)), "")
    try:
        found = os.path.join(os.readlink(f"/proc/{pid}/cwd"), script) if script else ""
    except OSError:
        return program
    return os.path.normpath(found) if found and os.path.isfile(found) else program


def runs(pid: int, files: frozenset[str]) -> bool:
    """Whether process `pid` is an interpreter that was told to run one of `files`."""
    found = program_file(pid)
    return bool(found) and os.path.normcase(os.path.realpath(found)) in files


def runs_module(pid: int, module: str) -> bool:
    """Whether process `pid` is a Python that was told `-m module`."""
    try:
        program = os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return False
    words = _words(pid, options=True)
    before = words[: words.index("-m")] if "-m" in words[:-1] else words
    return (
        os.path.basename(program).startswith("python")
        and before != words
        and all(word.startswith("-") for word in before)
        and words[len(before) + 1] == module
    )


def _words(pid: int, options: bool) -> list[str]:
    """The words behind the program's name; without `options`, from the first that is none."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = os.fsdecode(file.read(4096)).split("\0")[1:]
    except OSError:
        return []
    if options:
        return words
    for index, word in enumerate(words):
        if word in {"-c", "-e", "-m", "-", ""}:
            return []
        if not word.startswith("-"):
            return words[index:]
    return []


def _from_proc(pid: int) -> Process | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            status = file.read().decode("utf-8", "replace")
        # `pid (comm) state ppid …`; comm may hold spaces and brackets of its own.
        comm = status[status.index("(") + 1 : status.rindex(")")]
        parent = int(status[status.rindex(")") + 2 :].split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return Process(pid, parent, _script(pid, comm) if comm.startswith(_INTERPRETERS) else comm)


def _script(pid: int, comm: str) -> str:
    """`python /usr/bin/ansible …` is called ansible. Options are skipped, nothing behind is read."""
    return _script_in(_words(pid, options=True), comm)


def _script_in(words: list[str], comm: str) -> str:
    for index, word in enumerate(words):
        if word == "-m" and index + 1 < len(words):
            return words[index + 1]
        if word in {"-c", "-e", "-", ""}:
            break
        if not word.startswith("-"):
            return os.path.basename(word).removesuffix(".py").removesuffix(".exe") or comm
    return comm


def _from_windows(pid: int) -> Process | None:
    from credguard.system import processes_windows

    found = processes_windows.parent_and_name(pid)
    if found is None:
        return None
    parent, name = found
    if not name.lower().startswith(_INTERPRETERS):
        return Process(pid, parent, name)
    return Process(pid, parent, _script_in(processes_windows.words_of(pid), name))


def _file_on_windows(pid: int) -> str:
    from credguard.system import processes_windows

    program = processes_windows.program_of(pid)
    if not os.path.basename(program).lower().startswith(_INTERPRETERS):
        return program
    for word in processes_windows.words_of(pid):
        if word in {"-c", "-e", "-m", "-", ""}:
            break
        if not word.startswith("-"):
            # Relative to a folder that Windows does not tell.
            return os.path.normpath(word) if processes_windows.is_script(word) else program
    return program


def _from_ps(pid: int) -> Process | None:
    try:
        answer = subprocess.run(
            ["/bin/ps", "-o", "ppid=,comm=", "-p", str(pid)],
            capture_output=True,
            text=True,
            timeout=2,
            stdin=subprocess.DEVNULL,
            check=True,
        ).stdout.strip()
        parent, _, name = answer.partition(" ")
        return Process(pid, int(parent), os.path.basename(name.strip()))
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
