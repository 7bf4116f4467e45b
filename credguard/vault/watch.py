"""A window's connection to the agent: told what happens, asked what its person allows."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

from credguard.domain.errors import CredGuardError
from credguard.vault.remote import connect, error_of, locked, send
from credguard.wire import frames, places


class Watch:
    """One subscription. `events` blocks in a thread of its own; the rest may be called from any."""

    def __init__(self, path: str | None = None) -> None:
        """Raises Locked where no agent runs, CredGuardError `not-the-window`."""
        found = connect(path or places.agent_socket())
        if found is None:
            raise locked()
        self._connection = found
        self._sending = threading.Lock()
        try:
            send(found, frames.QUESTION, frames.encode({"ask": "subscribe"}))
            answer = frames.read(found.recv)
        except (OSError, EOFError, frames.Foreign):
            answer = None
        if answer is None or answer[0] != frames.ANSWER:
            found.close()
            raise _refused(answer)
        found.settimeout(None)

    def events(self) -> Iterator[dict[str, Any]]:
        """Every event until the agent ends, or `close`: `question`, `withdrawn`,
        `waiting`, `waits-no-more`, `locked`."""
        try:
            while (found := frames.read(self._connection.recv)) is not None:
                if found[0] == frames.EVENT:
                    yield frames.decode(found[1])
        except (OSError, EOFError, frames.Foreign):
            return

    def answer(self, number: str, decision: str) -> None:
        """`deny`, `once`, `hour` or `always`. Where the agent is gone nothing waits for it any more."""
        with self._sending, contextlib.suppress(OSError):
            send(self._connection, frames.QUESTION, frames.encode({"id": number, "decision": decision}))

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()


def _refused(answer: tuple[bytes, bytes] | None) -> CredGuardError:
    """What it said instead of yes; an answer that is none counts as no agent."""
    if answer is None or answer[0] != frames.ERROR:
        return locked()
    try:
        return error_of(answer[1])
    except frames.Foreign:
        return locked()
