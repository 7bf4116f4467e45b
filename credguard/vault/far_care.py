"""The sealed vault's ways in, changed by a child of this process: no seed and no key of the vault comes here.

The child (agent/care.py) is started with the first change and ends with `close`, or with this process. It
asks for a passphrase, a PIN or a touch through frames (talk.py); what is secret goes through its pipe.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.vault.launch import clean, program
from credguard.vault.remote import error_of
from credguard.vault.sealed.slots import SlotView
from credguard.vault.talk import AtHand, Pipes, follow
from credguard.wire import frames

#: A child that was let go of has this long to end (seconds).
_END = 10.0
#: What is answered to a recovery code that is shown: written down, or left out on purpose.
KEPT, LEFT_OUT = "kept", "left-out"


class Given(Protocol):
    """What a person gives to prove a way in."""

    def passphrase(self, question: str) -> Secret: ...

    def recovery_code(self) -> Secret: ...


class Child:
    """One process that has the vault open for as long as it is needed. Questions are asked one at a time."""

    def __init__(
        self,
        environ: Mapping[str, str],
        ask: Callable[[str], str | None] | None,
        hands: Callable[[], AtHand] | None,
        argv: Sequence[str] | None = None,
        keeps_code: Callable[[Secret], bool] | None = None,
    ) -> None:
        """`keeps_code` shows the recovery code of a vault that the child makes (sealed/backend.py, Ways)."""
        self._keeps_code = keeps_code
        self._environ = environ
        self._ask = ask
        self._hands = hands
        self._argv = argv
        self._alone = threading.Lock()
        self._line: Pipes | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def do(self, what: str, given: Given | None = None, **more: object) -> Any:
        """The result of one change. Raises what the change raises, and CredGuardError `care-ended`."""
        with self._alone:
            line = self._line or self._start()
            hand = self._hands() if self._hands is not None else AtHand()
            refused: list[CredGuardError] = []

            def answer(event: dict[str, Any]) -> str | None:
                try:
                    return self._answer(event, hand, given)
                except CredGuardError as error:
                    refused.append(error)
                    return None

            try:
                line.send(frames.QUESTION, frames.encode({"do": what, **more}))
            except OSError:
                self._end()
                raise _ended() from None
            found = follow(line, answer, hand.cancel)
            if found is None:
                self._end()
                raise refused[0] if refused else _ended()
            if found[0] == frames.ERROR:
                raise refused[0] if refused else error_of(found[1])
            return frames.decode(found[1]).get("result")

    def close(self) -> None:
        """End it: what it has open is gone. A change that waits for a person is called off."""
        line = self._line
        if line is not None:
            line.hang_up()
        with self._alone:
            self._end()

    def _answer(self, event: dict[str, Any], hand: AtHand, given: Given | None) -> str | None:
        kind = event.get("event")
        if kind == "typed":
            return self._ask(str(event["question"])) if self._ask is not None else None
        if kind == "passphrase" and given is not None:
            return given.passphrase(str(event["question"])).reveal()
        if kind == "recovery" and given is not None:
            return given.recovery_code().reveal()
        if kind == "keeps-code":
            code = Secret(str(event["code"]))
            return KEPT if self._keeps_code is not None and self._keeps_code(code) else LEFT_OUT
        return hand.answer(event)

    def _start(self) -> Pipes:
        # A passphrase file opens the vault here as it would in this process.
        file = self._environ.get("CREDGUARD_PASSPHRASE_FILE")
        more = {"CREDGUARD_PASSPHRASE_FILE": file} if file else {}
        process = subprocess.Popen(
            [*(self._argv or program()), "agent", "--care"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**clean(self._environ), **more},
            cwd=os.path.abspath(os.sep),
            start_new_session=True,
        )
        self._process, self._line = process, Pipes.of(process)
        return self._line

    def _end(self) -> None:
        line, self._line = self._line, None
        process, self._process = self._process, None
        if line is not None:
            line.hang_up()
        if process is not None:
            try:
                process.wait(_END)
            except subprocess.TimeoutExpired:
                process.kill()  # every write is whole or not at all
                process.wait()


def slot_to(view: SlotView) -> dict[str, object]:
    return asdict(view)


def slot_from(found: Mapping[str, Any]) -> SlotView:
    return SlotView(**{**found, "opens": tuple(found["opens"])})


def _ended() -> CredGuardError:
    return CredGuardError(
        "care-ended",
        text("The process that changes the vault ended before it answered."),
        text("See what opens the vault before you do it again: credguard vault slots"),
        text("The vault is whole: a change is made as one, or not at all."),
    )
