"""Codes while the agent holds their seeds: the same steps as workflows/codes.py, done over there.

What comes back has an empty seed: a seed is never asked for, and never given.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, fields
from typing import Any

from credguard.domain import otp
from credguard.domain.errors import CredGuardError
from credguard.domain.otp import OtpEntry
from credguard.domain.secret import Secret
from credguard.domain.text import Text
from credguard.system.clock import Clock
from credguard.vault.remote import Agent
from credguard.workflows.codes import Shown, of_account, of_serial
from credguard.workflows.codes_adding import Added

#: So many codes are asked for in one question at most.
BATCH = 200
_SHOWN = tuple(field.name for field in fields(OtpEntry) if field.name != "secret")


#: As many entries with the longest names and secrets fit into one frame.
AT_ONCE = 100


def entry_document(entry: OtpEntry) -> dict[str, Any]:
    """An entry without its seed."""
    return {name: getattr(entry, name) for name in _SHOWN}


def _entry(document: dict[str, Any]) -> OtpEntry:
    return OtpEntry(secret=Secret(""), **{name: document[name] for name in _SHOWN})


class AgentCodes:
    """The methods of `Codes`, asked of the agent. Raises what they raise, and Locked."""

    def __init__(self, agent: Agent, clock: Clock) -> None:
        self._agent = agent
        self._clock = clock

    def entries(self, deleted: bool | None = False) -> tuple[OtpEntry | CredGuardError, ...]:
        return self._listed("codes", deleted=deleted)

    def everything(self) -> tuple[OtpEntry | CredGuardError, ...]:
        return self._listed("codes", everything=True)

    def _listed(self, what: str, **more: object) -> tuple[OtpEntry | CredGuardError, ...]:
        """A list that is longer than one answer can be comes in parts."""
        found: list[OtpEntry | CredGuardError] = []
        at: int | None = 0
        while at is not None:
            answer = self._agent.ask(what, **more, at=at)
            found += [
                otp.refused(Text.from_json(row["unreadable"])) if "unreadable" in row else _entry(row)
                for row in answer["entries"]
            ]
            at = answer.get("more")
        return tuple(found)

    def get(self, entry_id: str) -> OtpEntry:
        return _entry(self._agent.ask("code-entry", id=entry_id)["entry"])

    def add(self, entry: OtpEntry, name: str | None = None) -> OtpEntry:
        """The new seed goes to the agent, once, to be stored."""
        document = {**entry_document(entry), "secret": entry.secret.reveal()}
        return _entry(self._agent.ask("code-add", entry=document, name=name)["entry"])

    def add_all(
        self, entries: Sequence[OtpEntry], counters: bool = False, dry: bool = False
    ) -> tuple[Added, ...]:
        """The new seeds go to the agent, some at a time; it stores them in one write, all or none."""
        documents = [{**entry_document(entry), "secret": entry.secret.reveal()} for entry in entries]
        for start in range(0, len(documents), AT_ONCE):
            part = documents[start : start + AT_ONCE]
            self._agent.ask("code-stage", entries=part, start=start)
        self._agent.ask("code-add-all", count=len(documents), counters=counters, dry=dry)
        rows: list[Added] = []
        while len(rows) < len(documents):
            answer = self._agent.ask("code-added", start=len(rows))
            rows += [Added(state, name, entry_id) for state, name, entry_id in answer["added"]]
        return tuple(rows)

    def remove(self, entry_id: str) -> OtpEntry:
        return _entry(self._agent.ask("code-remove", id=entry_id)["entry"])

    def restore(self, entry_id: str) -> OtpEntry:
        return _entry(self._agent.ask("code-restore", id=entry_id)["entry"])

    def show(
        self, entry_id: str, at: float | None = None, move_counter: bool = True, given: bool = False
    ) -> Shown:
        return _shown(self._agent.ask("code", id=entry_id, at=at, move_counter=move_counter, given=given))

    def show_many(self, entry_ids: Sequence[str]) -> dict[str, Shown]:
        found = {}
        for at in range(0, len(entry_ids), BATCH):
            answer = self._agent.ask("codes-now", ids=list(entry_ids[at : at + BATCH]))
            found.update({entry_id: _shown(shown) for entry_id, shown in answer["codes"].items()})
        return found

    def try_again(self, entry_id: str) -> None:
        self._agent.ask("code-try-again", id=entry_id)

    def sweep(self) -> int:
        return int(self._agent.ask("code-sweep")["gone"])

    def offered(self, entry: OtpEntry) -> Shown:
        """An entry that is not stored yet: its seed is still here."""
        return Shown(entry, otp.code_at(entry, self._clock.now()), False)

    def pair(self, entry_id: str) -> tuple[str, str, int, int]:
        before, now, valid_for, period = self._agent.ask("code-pair", id=entry_id)["pair"]
        return str(before), str(now), int(valid_for), int(period)

    def note_shown(self, entry_id: str, step: int | None = None) -> None:
        self._agent.ask("code-shown", id=entry_id, step=step)

    def of_serial(self, serial: str) -> OtpEntry | None:
        return of_serial(self.entries(), serial)

    def of_account(
        self, account_id: str, user: str | None = None, serials: Collection[str] = ()
    ) -> OtpEntry | None:
        return of_account(self.entries(), account_id, user, serials)

    def send(self, entry: OtpEntry) -> Secret:
        return Secret(str(self._agent.ask("code-send", id=entry.entry_id)["code"]))

    def note_answer(self, entry: OtpEntry, ok: bool) -> None:
        self._agent.ask("code-answered", id=entry.entry_id, ok=ok)


def entry_of(document: dict[str, Any]) -> OtpEntry:
    """The entry that `add` sent, with its seed. Raises ValueError, KeyError or TypeError."""
    seed = document["secret"]
    if not isinstance(seed, str):
        raise TypeError("no seed")
    made = OtpEntry(secret=Secret(otp.clean_secret(seed)), **{name: document[name] for name in _SHOWN})
    otp.from_item(otp.to_item(made))  # what could not be read back is refused before it is stored
    return made


def shown_document(shown: Shown) -> dict[str, Any]:
    """The answer to `show`."""
    pause = asdict(shown.pause) if shown.pause is not None else None
    code = asdict(shown.code)
    return {"entry": entry_document(shown.entry), "code": code, "used": shown.used, "pause": pause}


def _shown(answer: dict[str, Any]) -> Shown:
    pause = otp.Pause(**answer["pause"]) if answer.get("pause") else None
    return Shown(_entry(answer["entry"]), otp.Code(**answer["code"]), answer["used"] is True, pause)
