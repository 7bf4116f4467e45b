"""A program on a terminal of its own: what it shows is read, what a person types is sent."""

from __future__ import annotations

import os
import pty
import select
import signal
import time
from collections.abc import Mapping, Sequence


class Terminal:
    """`with Terminal([...], env) as t:` then `t.until("…: ")`, `t.type("…")`, `t.ended()`."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], patience: float = 60.0) -> None:
        self.shown = ""
        self._patience = patience
        self._read = 0
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            try:
                os.execvpe(command[0], list(command), dict(env))
            finally:
                os._exit(127)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        os.close(self._fd)

    def until(self, words: str) -> str:
        """What came since the last call, up to and with `words`."""
        end = time.monotonic() + self._patience
        while words not in self.shown[self._read :]:
            if not self._more(end - time.monotonic()):
                raise AssertionError(f"{words!r} never came; there was: {self.shown[self._read :]!r}")
        at = self.shown.index(words, self._read) + len(words)
        found, self._read = self.shown[self._read : at], at
        return found

    def type(self, line: str) -> None:
        os.write(self._fd, line.encode() + b"\n")

    def ended(self) -> int:
        """The exit code."""
        end = time.monotonic() + self._patience
        while self._more(end - time.monotonic()):
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def _more(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._fd], [], [], max(0.0, seconds))
        if not ready:
            return False
        try:
            data = os.read(self._fd, 65536)
        except OSError:  # the other end is closed
            return False
        self.shown += data.decode(errors="replace")
        return bool(data)
