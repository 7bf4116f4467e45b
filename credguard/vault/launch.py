"""Starting the agent: a process of its own, handed the passphrase through a pipe.

Never through an argument or the environment. The first frame on its output says whether it opened.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from credguard.domain.errors import CredGuardError
from credguard.domain.text import text
from credguard.vault.remote import error_of
from credguard.vault.talk import Pipes, called_off, follow
from credguard.wire import frames, places

#: An environment is readable in /proc and kept for hours: keys of the shell that unlocked stay out of it.
_NOT_HANDED_ON = (
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
    "CREDGUARD_PASSPHRASE_FILE",
)  # fmt: skip
#: Windows: no console window, and neither Ctrl+C nor the end of the console it was started in reaches it.
_OWN_CONSOLE = getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)


class Started:
    """The agent that was started. Those started as a child end when `leash` is closed, or we are gone."""

    def __init__(self, process: subprocess.Popen[bytes], leash: int | None) -> None:
        self.pid = process.pid
        self._process = process
        self._leash = leash

    def close(self) -> None:
        """Let go: a child locks and ends, one in the background goes on."""
        leash, self._leash = self._leash, None
        if leash is not None:
            os.close(leash)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)

    def gone(self) -> bool:
        """Whether it has ended; takes its exit from the system, so that no dead process stays listed."""
        return self._process.poll() is not None


def program() -> list[str]:
    """What runs a command of this CredGuard: this interpreter, isolated, with this package."""
    return [sys.executable, "-I", os.path.join(places.package(), "__main__.py")]


def clean(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment without the secrets a shell may have in it."""
    return {name: value for name, value in environ.items() if name not in _NOT_HANDED_ON}


def _ended(process: subprocess.Popen[bytes], seconds: float = 10.0) -> None:
    """Wait for a child that has nothing more to do; one that hangs is ended."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def start(
    how: Mapping[str, object],
    *,
    child: bool = False,
    environ: Mapping[str, str] | None = None,
    argv: Sequence[str] | None = None,
    answer: Callable[[dict[str, Any]], str | None] | None = None,
    cancel: threading.Event | None = None,
) -> Started:
    """Start the agent; when this returns it answers.

    `how` it opens the vault: `{"passphrase": …}` (and `"create": True`: make the vault, for one that was
    never there), `{"way": "fido2"}` or `"keychain"`, which ask through `answer` (talk.py) until `cancel` is
    set, or `{}`: it waits, locked. `child`: it ends with this process. Raises what opening the vault
    raises, `agent-running`, or `agent-failed`.
    """
    command = [*(argv or program()), "agent", "--handed", *(["--leashed"] if child else [])]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=clean(os.environ if environ is None else environ),
        cwd=os.path.abspath(os.sep),
        start_new_session=True,
        creationflags=_OWN_CONSOLE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    line = Pipes.of(process)
    with contextlib.suppress(OSError):
        line.send(frames.QUESTION, frames.encode(dict(how)))
    found = follow(line, answer or (lambda event: None), cancel)
    if found is None or found[0] != frames.ANSWER:
        line.hang_up()
        _ended(process)
        if found is not None and found[0] == frames.ERROR:
            raise error_of(found[1])
        if cancel is not None and cancel.is_set():
            raise called_off()
        raise CredGuardError(
            "agent-failed",
            text("CredGuard’s agent did not start."),
            text("See why with: credguard agent"),
        )
    leash = line.take_sending() if child else None
    if child and leash is None:
        raise called_off()  # it opened just when it was called off, and ends with its leash
    line.hang_up()
    return Started(process, leash)
