"""The socket: only for its user, one thread for each connection, nobody can keep it waiting.

`run/agent.sock`, 0600 in a 0700 folder (Windows: a named pipe, system/pipes_windows.py); the user at the
other end is asked of the system. Who is slow, sends half a frame or garbage is let go of.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import stat
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from credguard.agent.answers import Answers
from credguard.agent.approvals import Approvals
from credguard.agent.serving import Caller
from credguard.domain.errors import CredGuardError
from credguard.domain.text import text
from credguard.system.durable import make_private_folder, translate
from credguard.system.peers import Peer, me, peer_of
from credguard.vault.remote import error_body, reachable
from credguard.vault.talk import FarPerson, Socket
from credguard.wire import frames, pipes

#: A frame that has begun is whole, and an answer taken, within this time (seconds).
FRAME = 5.0
#: A connection on which nothing is asked for this long is closed; its program makes a new one.
IDLE = 10.0
#: More connections than this at once are turned away.
MOST = 256

Connection = socket.socket | pipes.Pipe


class Listener(Protocol):
    """What `bind` gives: a socket, or on Windows a pipe."""

    def accept(self) -> tuple[Connection, Any]: ...

    def close(self) -> None: ...


def bind(path: str) -> Listener:
    """The listening socket at `path`; one that a dead agent left there is replaced.

    The caller holds the interlock of the agent, so nobody listens there. Raises CredGuardError
    `not-private` where something that is no socket of ours stands there, or what making the folder raises.
    """
    if sys.platform == "win32":
        return _pipe(path)
    make_private_folder(os.path.dirname(path))
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    fresh = os.path.join(os.path.dirname(path), f"new-{os.getpid()}.sock")
    try:
        with contextlib.suppress(FileNotFoundError):
            found = os.lstat(path)
            if not stat.S_ISSOCK(found.st_mode) or found.st_uid != os.geteuid():
                raise CredGuardError(
                    "not-private",
                    text("{path} is not a socket of yours.", path=path),
                    text("Move it away, then start again. Nothing was changed."),
                )
        with contextlib.suppress(FileNotFoundError):
            os.unlink(fresh)
        before = os.umask(0o177)
        try:
            with reachable(fresh) as address:
                made.bind(address)
        finally:
            os.umask(before)
        made.listen(MOST)
        os.rename(fresh, path)  # in one step: at no moment can another mode or owner be met there
    except OSError as error:
        made.close()
        raise translate(error, path) from None
    except BaseException:
        made.close()
        raise
    return made


def _pipe(name: str) -> Listener:
    from credguard.system.pipes_windows import PipeListener

    try:
        return PipeListener(name)
    except PermissionError:
        raise CredGuardError(
            "not-private",
            text("{path} is not a pipe of yours.", path=name),
            text("Another program made it first. Sign out of Windows and in again, then start again."),
        ) from None
    except OSError as error:
        raise translate(error, name) from None


class Server:
    """Takes connections until `stop`. `stranger` is told of another user's process that tried."""

    def __init__(
        self,
        listener: Listener,
        answers: Answers,
        approvals: Approvals,
        finished: Callable[[set[str]], None],
        stranger: Callable[[Peer], None] = lambda peer: None,
        idle: float = IDLE,
        is_window: Callable[[int], bool] = lambda pid: False,
    ) -> None:
        """`is_window`: whether this process may answer for the person."""
        self._listener = listener
        self._answers = answers
        self._approvals = approvals
        self._finished = finished
        self._stranger = stranger
        self._idle = idle
        self._is_window = is_window
        self._slots = threading.BoundedSemaphore(MOST)

    def accept(self) -> None:
        """Take one connection that waits."""
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        peer = peer_of(connection)
        if peer is None or peer.uid != me():
            connection.close()
            if peer is not None:
                self._stranger(peer)
            return
        if not self._slots.acquire(blocking=False):
            connection.close()
            return
        try:
            threading.Thread(target=self._serve, args=(connection, peer), daemon=True).start()
        except RuntimeError:  # the system gives no thread more: no reason to end for all others
            self._slots.release()
            connection.close()

    def _serve(self, connection: Connection, peer: Peer) -> None:
        def gone() -> bool:
            return is_gone(connection)

        caller = Caller(peer.pid, gone, FarPerson(Socket(connection, gone)))
        try:
            with connection:
                while self._one(connection, caller):
                    pass
        except (OSError, EOFError, frames.Foreign):
            pass  # slow, gone, or no program of ours: it is let go of
        finally:
            self._slots.release()
            self._finished(caller.used)

    def _one(self, connection: Connection, caller: Caller) -> bool:
        """One question; False where the connection ends."""
        found = frames.read(patient(connection, self._idle))
        if found is None or found[0] != frames.QUESTION:
            return False
        question = frames.decode(found[1])
        if question.get("ask") == "subscribe":
            self._subscribe(connection, caller)
            return False
        try:
            kind, body = self._answers.answer(question, caller)
        except CredGuardError as error:
            kind, body = frames.ERROR, error_body(error)
        except (KeyError, TypeError, ValueError):
            return False
        except Exception as error:  # a defect is an answer too: nobody waits for ever
            kind, body = frames.ERROR, error_body(_internal(error))
        connection.settimeout(FRAME)
        connection.sendall(frames.pack(kind, body))
        return True

    def _subscribe(self, connection: Connection, caller: Caller) -> None:
        """A window: from here on it is told things, and answers questions for its person."""
        window = _Connected(connection, caller.pid)
        connection.settimeout(FRAME)
        if not self._is_window(caller.pid):
            self._answers.refused(caller)
            connection.sendall(frames.pack(frames.ERROR, error_body(_no_window())))
            return
        try:
            # It counts before it hears so: a program that asks next must find it here.
            self._approvals.connect(window)
            window.welcome(frames.pack(frames.ANSWER, frames.encode({"pid": os.getpid()})))
            for event in self._answers.subscribed(caller):
                window.tell(event)
            while True:
                found = frames.read(patient(connection, None))
                if found is None or found[0] != frames.QUESTION:
                    return
                answer = frames.decode(found[1])
                self._approvals.answer(str(answer.get("id")), str(answer.get("decision")))
        finally:
            self._approvals.disconnect(window)


class _Connected:
    """A window's connection; several threads may tell it something."""

    def __init__(self, connection: Connection, pid: int) -> None:
        self.pid = pid
        self._connection = connection
        self._lock = threading.Lock()
        self._early: list[bytes] | None = []  # what it is told before its own question is answered

    def welcome(self, answer: bytes) -> None:
        """The answer to its question, then what it has missed meanwhile. Raises OSError where it is gone."""
        with self._lock:
            early, self._early = self._early or [], None
            if not self._send(b"".join([answer, *early])):
                raise BrokenPipeError

    def tell(self, event: dict[str, Any]) -> bool:
        data = frames.pack(frames.EVENT, frames.encode(event))
        with self._lock:
            if self._early is not None:
                self._early.append(data)
                return True
            return self._send(data)

    def _send(self, data: bytes) -> bool:
        try:
            if isinstance(self._connection, pipes.Pipe):
                self._connection.send_within(data, FRAME)
                return True
            # Not sendall with a time-out: that is the connection's, and its reader waits without one.
            while data:
                _, ready, _ = select.select([], [self._connection], [], FRAME)
                if not ready:
                    return False
                data = data[self._connection.send(data, socket.MSG_DONTWAIT) :]
        except (OSError, ValueError):
            return False
        return True


def patient(connection: Connection, idle: float | None, frame: float = FRAME) -> Callable[[int], bytes]:
    """Waits `idle` seconds for the first byte of a frame (None: for ever), then `frame` for all of it."""
    until: list[float] = []

    def receive(count: int) -> bytes:
        if until:
            left = until[0] - time.monotonic()
            if left <= 0:
                raise TimeoutError
            connection.settimeout(left)
        else:
            connection.settimeout(idle)
        data = connection.recv(count)
        if not until:
            until.append(time.monotonic() + frame)
        return data

    return receive


def is_gone(connection: Connection) -> bool:
    """Whether the other side closed. Looks, and takes nothing."""
    if isinstance(connection, pipes.Pipe):
        return connection.is_gone()
    try:
        # A socket with a time-out would wait for it in recv, whatever its flags say.
        readable, _, _ = select.select([connection], [], [], 0)
        return bool(readable) and connection.recv(1, socket.MSG_PEEK) == b""
    except (OSError, ValueError):
        return True


def _no_window() -> CredGuardError:
    return CredGuardError(
        "not-the-window",
        text("Only CredGuard’s own window answers for you."),
        text("Nothing was changed."),
    )


def _internal(error: Exception) -> CredGuardError:
    return CredGuardError(
        "internal",
        text("Something went wrong inside CredGuard’s agent ({kind}).", kind=type(error).__name__),
        text("Nothing is lost: do the same again."),
    )
