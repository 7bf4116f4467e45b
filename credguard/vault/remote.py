"""The vault through the agent that holds it open: questions over its socket, and a backend made of them.

One connection for each thread, made anew when the agent let go of it. No agent, or one that was locked,
is `vault-locked`: nothing here opens a vault by itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.secret import Secret
from credguard.domain.text import Text, text
from credguard.system.asking import may_be_ours
from credguard.system.peers import me, peer_of
from credguard.vault.talk import Socket, called_off, follow
from credguard.wire import frames, pipes, places

Answer = dict[str, Any]
Connection = socket.socket | pipes.Pipe
#: A person has 40 s, AWS some more (seconds).
WAIT = 75.0
#: The longest path that fits the address of a socket everywhere (bytes; macOS has 104, Linux 108).
_ADDRESS = 100


# ── errors as bodies ─────────────────────────────────────────────────────────────────────────────
def error_body(error: CredGuardError) -> bytes:
    """An error as the body of a frame: flat, so that the provider can read it without json.

    `line` is what a program shows, in one line; the sentences themselves are JSON inside.
    """
    whole = {
        "what": error.what.to_json(),
        "next": error.next.to_json(),
        "kept": error.kept.to_json() if error.kept is not None else None,
        "detail": error.detail,
    }
    return frames.encode(
        {
            "code": error.code,
            "locked": isinstance(error, Locked),
            "retry": error.retry,
            "line": " ".join(f"CredGuard: {error.what} {error.next}".split()),
            "whole": json.dumps(whole),
        }
    )


def error_of(body: bytes) -> CredGuardError:
    """The error in a body. Raises frames.Foreign."""
    document = frames.decode(body)
    try:
        whole = json.loads(str(document["whole"]))
        make = Locked if document.get("locked") is True else CredGuardError
        return make(
            str(document["code"]),
            Text.from_json(whole["what"]),
            Text.from_json(whole["next"]),
            Text.from_json(whole["kept"]) if whole.get("kept") else None,
            document.get("retry") is True,
            str(whole.get("detail") or ""),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise frames.Foreign("not an error of ours") from None


def locked() -> Locked:
    return Locked(
        "vault-locked",
        text("The sealed vault is locked."),
        text("Open it with: credguard unlock"),
    )


# ── the connection ───────────────────────────────────────────────────────────────────────────────
@contextlib.contextmanager
def reachable(path: str) -> Iterator[str]:
    """An address for the socket at `path`: itself, or on Linux a short way to a path that is too long."""
    if len(os.fsencode(path)) <= _ADDRESS or not sys.platform.startswith("linux"):
        yield path
        return
    folder = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{os.path.basename(path)}"
    finally:
        os.close(folder)


def connect(path: str, seconds: float = 5.0) -> Connection | None:
    """A connection to our own agent; None where none answers, or where another user's program does."""
    if sys.platform == "win32":
        try:
            return pipes.connect(path, seconds)  # which looks whose it is
        except OSError:
            return None
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.settimeout(seconds)
        with reachable(path) as address:
            made.connect(address)
        peer = peer_of(made)
        if peer is not None and peer.uid == me():
            return made
    except OSError:
        pass
    made.close()
    return None


class Agent:
    """Questions to the agent of one state folder. Safe for several threads."""

    def __init__(
        self,
        path: str | None = None,
        unlock: Callable[[], bool] | None = None,
        trusted: Callable[[int], bool] | None = None,
    ) -> None:
        """`unlock` asks a person and starts or opens the agent; false where they did not want to.
        `trusted`: whether this process is an agent of ours; None: as the system tells."""
        self._trusted = trusted or may_be_ours
        self._path = path or places.agent_socket()
        self._unlock = unlock
        self._mine = threading.local()
        self._asking = threading.Lock()

    def open_parts(self) -> tuple[str, ...]:
        """`keys`, `codes`: what it holds open; () where no agent answers."""
        try:
            return tuple(str(part) for part in self.status()["open"])
        except CredGuardError:
            return ()

    def status(self) -> Answer:
        """Process, open parts and when they lock. Raises Locked where no agent answers."""
        return self._ask({"ask": "status"})

    def ask(self, what: str, **more: object) -> Answer:
        """The answer to one question. Raises what the agent raises; Locked where none answers."""
        answer: Answer = self._opened({"ask": what, **more}, self._ask)
        return answer

    def finished(self, what: str, **more: object) -> bytes | None:
        """As `ask`, for bytes that are handed on as they stand; None: `do it without me`."""
        answer: bytes | None = self._opened({"ask": what, **more}, self._ask_finished)
        return answer

    def unlock(self, passphrase: Secret) -> Answer:
        """Open what the passphrase opens, in the agent that runs. Raises as `SealedVault.open`, and as
        `unlock_with`."""
        return self._unlocked({"passphrase": passphrase.reveal()}, lambda event: None, None)

    def unlock_with(
        self, way: str, answer: Callable[[Answer], str | None], cancel: threading.Event | None = None
    ) -> Answer:
        """Open by `fido2` or `keychain`, in the agent that runs; it asks through `answer` (talk.py).

        Raises Locked `vault-locked` where none answers, CredGuardError `agent-foreign` where another
        program answers in its place, `key-cancelled`, and as the slot's kind does.
        """
        return self._unlocked({"way": way}, answer, cancel)

    def _unlocked(
        self, how: Answer, answer: Callable[[Answer], str | None], cancel: threading.Event | None
    ) -> Answer:
        connection = connect(self._path)
        if connection is None:
            raise locked()
        with connection:
            peer = peer_of(connection)
            # Passphrases and PINs go to our own program alone, whoever put a socket in its place.
            if peer is None or not self._trusted(peer.pid):
                raise _foreign(peer.pid if peer is not None else 0)
            line = Socket(connection, lambda: False)
            try:
                line.send(frames.QUESTION, frames.encode({"ask": "unlock", **how}))
            except OSError:
                raise locked() from None
            found = follow(line, answer, cancel)
        if found is None:
            raise called_off() if cancel is not None and cancel.is_set() else locked()
        if found[0] == frames.ERROR:
            raise error_of(found[1])
        return frames.decode(found[1])

    def lock(self, seconds: float = 10.0) -> bool:
        """End the agent; returns when its process let go of the connection. One that hangs for `seconds` is
        ended by the system. False where none runs."""
        connection = connect(self._path)
        if connection is None:
            return False
        with connection, contextlib.suppress(OSError, EOFError, frames.Foreign):
            try:
                send(connection, frames.QUESTION, frames.encode({"ask": "lock"}))
                self._until_closed(connection, seconds)
            except TimeoutError:
                peer = peer_of(connection)
                # It still holds the connection, so the number is its own; and it is no other program's.
                if sys.platform == "win32" or peer is None or not self._trusted(peer.pid):
                    raise
                os.kill(peer.pid, signal.SIGKILL)
                self._until_closed(connection, seconds)
        return True

    @staticmethod
    def _until_closed(connection: Connection, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while frames.read(_receiver(connection, deadline)) is not None:
            pass

    def close(self) -> None:
        """Let go of this thread's connection."""
        found, self._mine.connection = getattr(self._mine, "connection", None), None
        if found is not None:
            found.close()

    # ── inside ───────────────────────────────────────────────────────────────────────────────────
    def _opened(self, question: Answer, ask: Callable[[Answer], Any]) -> Any:
        """Ask; where it is locked and somebody can open it, open it once and ask again."""
        try:
            return ask(question)
        except Locked as error:
            if self._unlock is None or error.code != "vault-locked":
                raise
            first = error
        with self._asking:  # one prompt for all threads that found it locked
            try:
                return ask(question)
            except Locked as error:
                if error.code != "vault-locked":
                    raise
            if not self._unlock():
                raise first
        return ask(question)

    def _ask(self, question: Answer) -> Answer:
        kind, body = self._exchange(question)
        if kind != frames.ANSWER:
            raise _silent()
        return frames.decode(body)

    def _ask_finished(self, question: Answer) -> bytes | None:
        kind, body = self._exchange(question)
        if kind == frames.WITHOUT:
            return None
        if kind != frames.FINISHED:
            raise _silent()
        return body

    def _exchange(self, question: Answer) -> tuple[bytes, bytes]:
        """One question on this thread's connection; once more where the agent had closed it meanwhile."""
        body = frames.encode(question)
        for fresh in (False, True):
            if fresh:
                self.close()
            connection = getattr(self._mine, "connection", None)
            if connection is None:
                connection = self._mine.connection = connect(self._path)
            if connection is None:
                raise locked()
            try:
                send(connection, frames.QUESTION, body)
                answer = frames.read(_receiver(connection, time.monotonic() + WAIT))
            except TimeoutError:
                self.close()
                raise _silent() from None
            except (OSError, EOFError):
                continue
            except frames.Foreign:
                self.close()
                raise _silent() from None
            if answer is None:
                continue
            if answer[0] == frames.ERROR:
                raise error_of(answer[1])
            return answer
        self.close()
        raise locked()


def send(connection: Connection, kind: bytes, body: bytes) -> None:
    connection.sendall(frames.pack(kind, body))


def _receiver(connection: Connection, deadline: float) -> Callable[[int], bytes]:
    def receive(count: int) -> bytes:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        return connection.recv(count)

    return receive


def _foreign(pid: int) -> CredGuardError:
    return CredGuardError(
        "agent-foreign",
        text("Another program (process {pid}) answers in the place of CredGuard’s agent.", pid=pid or "?"),
        text("End it, then unlock again. It was told nothing."),
    )


def _silent() -> CredGuardError:
    return CredGuardError(
        "agent-silent",
        text("CredGuard’s agent did not answer as expected."),
        text("End it with: credguard lock, then unlock again. Nothing was changed."),
    )


class RemoteBackend:
    """The sealed vault as `vault/store.py` wants it, item by item; the agent gives no seed of a code."""

    def __init__(
        self,
        agent: Agent,
        exists: Callable[[], bool] = lambda: True,
        opener: Callable[[Secret], object] | None = None,
    ) -> None:
        """`exists`: whether there is a vault. Where none is, reading finds nothing and asks nobody.
        `opener` opens it with a passphrase, also where no agent runs yet."""
        self.agent = agent
        self._exists = exists
        self._opener = opener or agent.unlock

    @property
    def asks(self) -> bool:
        """Whether a person has to type the passphrase: there is a vault, and no agent holds it open."""
        return self._exists() and not self.agent.open_parts()

    @property
    def fresh(self) -> bool:
        """Whether a vault has to be made first, with a passphrase that a person chooses."""
        return not self._exists()

    def unlock(self, passphrase: Secret) -> None:
        """Open the vault in the agent. Raises what `SealedVault.open` raises."""
        self._opener(passphrase)

    def lock(self) -> None:
        """End the agent."""
        self.agent.lock()

    def get_password(self, service: str, username: str) -> str | None:
        if not self._exists():
            return None
        value = self.agent.ask("get", name=username)["value"]
        return None if value is None else str(value)

    def set_password(self, service: str, username: str, password: str) -> None:
        self.agent.ask("put", name=username, value=password)

    def add_password(self, service: str, username: str, password: str) -> bool:
        """As `set_password`, unless there is one: then False, and nothing is changed."""
        return self.agent.ask("add", name=username, value=password)["added"] is True

    def set_passwords(self, service: str, values: Mapping[str, str]) -> None:
        """One after the other; many codes go to the agent by `AgentCodes.add_all`, which are one write."""
        for name, value in values.items():
            self.set_password(service, name, value)

    def delete_password(self, service: str, username: str) -> None:
        if self._exists():
            self.agent.ask("remove", name=username)

    def names(self, prefix: str = "") -> tuple[str, ...]:
        if not self._exists():
            return ()
        return tuple(str(name) for name in self.agent.ask("names")["names"])

    def changed(self, name: str) -> float | None:
        if not self._exists():
            return None
        at = self.agent.ask("changed", name=name)["at"]
        return float(at) if isinstance(at, (int, float)) else None

    def notices(self) -> tuple[Text, ...]:
        if not self._exists():
            return ()
        return tuple(Text.from_json(notice) for notice in self.agent.ask("notices")["notices"])
