"""A talk across a process border: who opens the vault asks, who has the person before them answers.

What a security key gives, and every key of the vault, stays with the process that opens it: across go
only touches, PINs and what is typed. A wait can be called off; an answer that was under way still arrives.
"""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.wire import frames, pipes

#: A person has this long for one answer (seconds): longer than any key waits for its touch.
PERSON = 300.0
_LOOK = 0.05
_CALL_OFF = b"{}"

Frame = tuple[bytes, bytes]


class Line(Protocol):
    """Frames in both directions, and whether somebody still waits for an answer."""

    def send(self, kind: bytes, body: bytes) -> None:
        """Raises OSError where nobody is there any more."""

    def receive(self) -> Frame | None:
        """The next frame; None where the other side hung up. Raises EOFError, OSError, frames.Foreign."""

    def is_gone(self) -> bool:
        """Whether the other side hung up or called it off. Waits for nothing, takes nothing."""

    def call_off(self) -> None:
        """Nobody wants to be waited for; the answer is received all the same."""


class Pipes:
    """A pair of pipes. A thread reads, so that a hang-up is noticed on every system."""

    def __init__(self, reading: int, writing: int) -> None:
        """Both descriptors are its own from now on."""
        self._reading = reading
        self._writing: int | None = writing
        self._sending = threading.Lock()
        self._closed = threading.Event()
        self._called_off = threading.Event()
        self._frames: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True, name="pipe").start()

    @classmethod
    def of(cls, process: subprocess.Popen[bytes]) -> Pipes:
        """To a child that was started with pipes for its input and output."""
        assert process.stdin is not None
        assert process.stdout is not None
        made = cls(os.dup(process.stdout.fileno()), os.dup(process.stdin.fileno()))
        process.stdin.close()
        process.stdout.close()
        return made

    def _read(self) -> None:
        try:
            while (found := frames.read(lambda count: os.read(self._reading, count))) is not None:
                if found[0] == frames.EVENT and found[1] == _CALL_OFF:
                    self._called_off.set()
                else:
                    self._frames.put(found)
        except (OSError, EOFError, frames.Foreign):
            pass
        os.close(self._reading)
        self._closed.set()
        self._frames.put(None)

    def send(self, kind: bytes, body: bytes) -> None:
        data = frames.pack(kind, body)
        with self._sending:
            if self._writing is None:
                raise BrokenPipeError
            while data:
                data = data[os.write(self._writing, data) :]

    def receive(self) -> Frame | None:
        found = self._frames.get()
        if found is None:
            self._frames.put(None)  # whoever asks again is told again
        return found

    def is_gone(self) -> bool:
        return self._closed.is_set() or self._called_off.is_set()

    def begin(self) -> None:
        """The next question: what was called off is the one before."""
        self._called_off.clear()

    def call_off(self) -> None:
        with contextlib.suppress(OSError):
            self.send(frames.EVENT, _CALL_OFF)

    def hang_up(self) -> None:
        """Send nothing more; what the other side still sends is received."""
        writing = self.take_sending()
        if writing is not None:
            os.close(writing)

    def take_sending(self) -> int | None:
        """The descriptor that is written to, which is the caller's now; None after a hang-up."""
        with self._sending:
            writing, self._writing = self._writing, None
            return writing


class Socket:
    """A connection of the agent's socket; on Windows of its pipe, which is closed where a socket hangs up."""

    def __init__(self, connection: socket.socket | pipes.Pipe, gone: Callable[[], bool]) -> None:
        self._connection, self._gone = connection, gone

    def send(self, kind: bytes, body: bytes) -> None:
        self._connection.settimeout(PERSON)
        self._connection.sendall(frames.pack(kind, body))

    def receive(self) -> Frame | None:
        self._connection.settimeout(PERSON)
        return frames.read(self._connection.recv)

    def is_gone(self) -> bool:
        return self._gone()

    def call_off(self) -> None:
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)


# ── the side that opens the vault ────────────────────────────────────────────────────────────────
class FarPerson:
    """Somebody on the other side (security_key.py, Person): told, and asked, through frames."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def tell(self, event: str, **more: object) -> None:
        with contextlib.suppress(OSError):  # gone: found out by whoever waits
            self._line.send(frames.EVENT, frames.encode({"event": event, **more}))

    def ask(self, event: str, **more: object) -> str | None:
        """What was answered; None where the person did not want to, or is gone."""
        try:
            self._line.send(frames.EVENT, frames.encode({"event": event, "answer": True, **more}))
            found = self._line.receive()
            answer = frames.decode(found[1]).get("answer") if found is not None else None
        except (OSError, EOFError, frames.Foreign):
            return None
        return answer if isinstance(answer, str) else None

    def touch(self) -> None:
        self.tell("touch")

    def pin(self, tries_left: int | None) -> Secret | None:
        typed = self.ask("pin", tries_left=tries_left)
        return Secret(typed) if typed else None

    def words(self) -> Secret:
        """The passphrase that goes with a security key. Raises CredGuardError `key-cancelled`."""
        typed = self.ask("words")
        if not typed:
            raise called_off()
        return Secret(typed)

    @contextlib.contextmanager
    def cancelling(self) -> Iterator[threading.Event]:
        """An event that is set when the person calls it off, or is gone."""
        cancel, over = threading.Event(), threading.Event()

        def watch() -> None:
            while not over.wait(_LOOK):
                if self._line.is_gone():
                    cancel.set()
                    return

        watcher = threading.Thread(target=watch, daemon=True, name="hung-up")
        watcher.start()
        try:
            yield cancel
        finally:
            over.set()
            watcher.join()


# ── the side with the person ─────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class AtHand:
    """A person before this process, while another opens the vault. What is None is not possible here.

    `tell` hears `touch` (a key blinks) and `ended` (nothing is waited for any more)."""

    ask_pin: Callable[[int | None], Secret | None] | None = None
    ask_words: Callable[[], Secret | None] | None = None
    tell: Callable[[str], None] = lambda event: None
    cancel: threading.Event | None = None

    def answer(self, event: dict[str, Any]) -> str | None:
        kind = str(event.get("event"))
        if kind == "pin":
            left = event.get("tries_left")
            typed = self.ask_pin(left if isinstance(left, int) else None) if self.ask_pin else None
        elif kind == "words":
            typed = self.ask_words() if self.ask_words is not None else None
        else:
            self.tell(kind)
            return None
        return typed.reveal() if typed is not None else None


def follow(
    line: Line, answer: Callable[[dict[str, Any]], str | None], cancel: threading.Event | None = None
) -> Frame | None:
    """Hand every event to `answer` until the last frame, which is returned; None where the other side
    ended without one. `cancel`, set by another thread, calls it off."""
    over = threading.Event()

    def watch(cancelled: threading.Event) -> None:
        while not over.is_set():
            if cancelled.wait(_LOOK):
                line.call_off()
                return

    watcher = None
    if cancel is not None:
        watcher = threading.Thread(target=watch, args=(cancel,), daemon=True, name="cancel")
        watcher.start()
    try:
        while (found := line.receive()) is not None and found[0] == frames.EVENT:
            event = frames.decode(found[1])
            said = answer(event)
            if event.get("answer") is True:
                # Where it hung up meanwhile, the error that follows says so.
                with contextlib.suppress(OSError):
                    line.send(frames.QUESTION, frames.encode({"answer": said}))
        return found
    except (OSError, EOFError, frames.Foreign):
        return None
    finally:
        over.set()
        if watcher is not None:
            watcher.join()


def called_off() -> CredGuardError:
    return CredGuardError("key-cancelled", text("Called off."), text("Do the same again whenever you like."))
