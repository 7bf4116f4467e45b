"""Starting the agent: a process of its own, handed the passphrase through a pipe.

Never through an argument or the environment. The first frame on its output says whether it opened.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.vault.remote import error_of
from credguard.wire import frames, places

#: An environment is readable in /proc and kept for hours: keys of the shell that unlocked stay out of it.
_NOT_HANDED_ON = (
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
    "CREDGUARD_PASSPHRASE_FILE",
)  # fmt: skip


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


def start(
    passphrase: Secret, *, create: bool = False, child: bool = False, environ: Mapping[str, str] | None = None
) -> Started:
    """Start the agent, open; when this returns it answers.

    `create`: make the vault, for one that was never there. `child`: it ends with this process. Raises
    what opening the vault raises, `agent-running`, or `agent-failed`.
    """
    kept = os.environ if environ is None else environ
    command = [sys.executable, "-I", os.path.join(places.package(), "__main__.py"), "agent", "--handed"]
    if child:
        command.append("--leashed")
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={name: value for name, value in kept.items() if name not in _NOT_HANDED_ON},
        cwd=os.path.abspath(os.sep),
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    question = frames.encode({"passphrase": passphrase.reveal(), "create": create})
    try:
        with contextlib.suppress(OSError):
            process.stdin.write(frames.pack(frames.QUESTION, question))
            process.stdin.flush()
        answer = frames.read(process.stdout.read)
    except (EOFError, frames.Foreign):
        answer = None
    finally:
        process.stdout.close()
    if answer is None or answer[0] != frames.ANSWER:
        with contextlib.suppress(OSError):
            process.stdin.close()
        process.wait(10)
        if answer is not None and answer[0] == frames.ERROR:
            raise error_of(answer[1])
        raise CredGuardError(
            "agent-failed",
            text("CredGuard’s agent did not start."),
            text("See why with: credguard agent"),
        )
    if child:
        leash = os.dup(process.stdin.fileno())
        os.set_inheritable(leash, False)
        process.stdin.close()
        return Started(process, leash)
    process.stdin.close()
    return Started(process, None)
