"""A child of the window that has the whole vault open, changes its ways in, and ends with its input.

One question after the other from its standard input, each a frame `{"do": …}`; the answers on its standard
output. Whatever a person has to type or touch is asked through frames too (vault/talk.py).
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.services import Services
from credguard.system.hardening import harden, keep_in_memory
from credguard.vault.far_care import KEPT, slot_to
from credguard.vault.remote import error_body
from credguard.vault.sealed.credentials import KnownKey, Touched
from credguard.vault.sealed.slots import SlotView
from credguard.vault.security_key import UsbSecurityKeys
from credguard.vault.talk import FarPerson, Pipes, called_off
from credguard.wire import frames
from credguard.workflows.vault_care import VaultCare

#: How long a person has for a touch (seconds): keys themselves give up after about thirty.
PATIENCE = 30.0
Question = dict[str, Any]


def run() -> int:
    """Serve until the input ends."""
    harden()
    line = Pipes(os.dup(0), os.dup(1))
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):  # nothing printed by accident may come between the frames
        os.dup2(nothing, number)
    os.close(nothing)
    person = FarPerson(line)
    services = Services(
        passphrase=lambda question: person.ask("typed", question=question), keys=lambda: _Keys(person),
        keeps_code=lambda code: _is_kept(person, code),
    )  # fmt: skip
    keep_in_memory()
    care = Care(services, person)
    try:
        while (found := line.receive()) is not None:
            line.begin()
            with contextlib.suppress(OSError):
                line.send(*care.answer(found))
    finally:
        services.close()
    sys.stdout.flush()
    os._exit(0)  # the end of the process is the wipe


class Care:
    """Questions to VaultCare and its results as frames."""

    def __init__(self, services: Services, person: FarPerson) -> None:
        self._services = services
        self._given = _Given(person)
        self._table: dict[str, Callable[[VaultCare, Question], Any]] = {
            "open": lambda care, q: care.open(_opens(q)),
            "create": lambda care, q: services.make_vault_here(
                Secret(q["passphrase"]), Secret(q["code"]) if q.get("code") else None, q["chosen"] is True
            ),
            "move-store": lambda care, q: services.move_store(str(q["setting"]), str(q["target"])) and None,
            "add-passphrase": lambda care, q: _slot(
                care.add_passphrase(Secret(q["words"]), q["label"], _opens(q))
            ),
            "add-recovery": lambda care, q: _slot(
                care.add_recovery(Secret(q["code"]), q["label"], _opens(q))
            ),
            "add-keychain": lambda care, q: _slot(care.add_keychain(q["label"], _opens(q))),
            "add-security-key": lambda care, q: _slot(
                care.add_security_key(
                    q["label"], _opens(q), Secret(q["together"]) if q.get("together") else None
                )
            ),
            "rename": lambda care, q: _slot(care.rename(self._find(care, q), q["label"])),
            "remove": self._remove,
            "need-key": lambda care, q: care.need_key(str(q["part"]), q["on"] is True),
            "renew-file-backups": lambda care, q: care.renew_file_backups(),
            "prove": lambda care, q: _slot(care.prove(self._find(care, q), self._given)),
            "change-passphrase": lambda care, q: _slot(
                care.change_passphrase(self._find(care, q), Secret(q["words"]), q["known"] is True)
            ),
            "strengthen": lambda care, q: _slot(care.strengthen(self._find(care, q), Secret(q["words"]))),
            "new-recovery": lambda care, q: _slot(care.new_recovery(Secret(q["code"]), q["label"])),
            "warnings": lambda care, q: [one.to_json() for one in care.warnings()],
            "accept": lambda care, q: [one.to_json() for one in care.accept()],
            "merge": lambda care, q: asdict(care.merge(q["path"])),
        }

    def answer(self, found: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
        """The frame that answers a frame."""
        try:
            question = frames.decode(found[1])
            result = self._table[str(question["do"])](self._services.vault, question)
            return frames.ANSWER, frames.encode({"result": result})
        except CredGuardError as error:
            return frames.ERROR, error_body(error)
        except Exception as error:  # a defect is an answer too: nobody waits for ever
            return frames.ERROR, error_body(_internal(error))

    @staticmethod
    def _find(care: VaultCare, question: Question) -> SlotView:
        return care.find(str(question["slot"]))

    def _remove(self, care: VaultCare, question: Question) -> dict[str, object]:
        removed = care.remove(self._find(care, question))
        return {
            "access_keys": list(removed.access_keys),
            "codes": list(removed.codes),
            "set_aside": list(removed.set_aside),
        }


def _is_kept(person: FarPerson, code: Secret) -> bool:
    answer = person.ask("keeps-code", code=code.reveal())
    if answer is None:
        raise called_off()
    return answer == KEPT


class _Given:
    """What a person gives to prove a way in, asked on the other side."""

    def __init__(self, person: FarPerson) -> None:
        self._person = person

    def passphrase(self, question: str) -> Secret:
        return self._wanted(self._person.ask("passphrase", question=question))

    def recovery_code(self) -> Secret:
        return self._wanted(self._person.ask("recovery"))

    @staticmethod
    def _wanted(typed: str | None) -> Secret:
        if not typed:
            raise called_off()
        return Secret(typed)


class _Keys:
    """Security keys (sealed/credentials.py, SecurityKeys) that this process talks to."""

    def __init__(self, person: FarPerson) -> None:
        self._person = person

    def enrol(self, vault: str, known: Sequence[bytes], salt: bytes) -> Touched:
        return self._during(lambda usb: usb.enrol(vault, known, salt))

    def ask(self, known: Sequence[KnownKey]) -> Touched:
        return self._during(lambda usb: usb.ask(known))

    def _during(self, call: Callable[[UsbSecurityKeys], Touched]) -> Touched:
        with self._person.cancelling() as cancel:
            try:
                return call(UsbSecurityKeys(self._person, None, cancel, PATIENCE))
            finally:
                self._person.tell("ended")


def _opens(question: Question) -> list[str] | None:
    opens = question.get("opens")
    return [str(name) for name in opens] if isinstance(opens, list) else None


def _slot(view: SlotView) -> dict[str, object]:
    return slot_to(view)


def _internal(error: Exception) -> CredGuardError:
    return CredGuardError(
        "internal",
        text("Something went wrong inside CredGuard ({kind}).", kind=type(error).__name__),
        text("Nothing is lost: do the same again."),
    )
