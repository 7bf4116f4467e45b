"""The machine that moves one key from a plaintext file into the store. Pure; `workflows/intake.py` acts.

    look → store → identify → [link → rehearse → seal → switch → prove] → settle → done
      └──────────┴──────┴────────┴───── restore → forget → failed   (stuck: could not be put back)

The way of a key that becomes a profile is the whole line. A key that only goes into the store (from a CSV
or the environment without a profile, or with the plaintext kept) leaves out what is not its part. Every
effect is safe to repeat, so `Unseen` means: do it again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from credguard.domain.found import Found
from credguard.domain.machine import (
    Answered,
    Cancelled,
    Done,
    Effect,
    Event,
    Failed,
    Failure,
    Next,
    Step,
    StepState,
    UnexpectedEvent,
    Unseen,
)
from credguard.domain.text import Text, text

NAME = "intake"
#: News for a run that is stuck: try to put the files back once more.
AGAIN = "again"
_REPLANS = 3

Phase: TypeAlias = Literal[
    "look", "store", "identify", "link", "rehearse", "seal", "switch", "prove", "settle", "done",
    "restore", "forget", "failed", "stuck",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Intake:
    """The state of one run. `new_*` = it was not there before this run, so the way back removes it."""

    found: Found
    batch: str
    started: float
    phase: Phase = "look"
    new_key: bool = True
    new_account: bool = False
    account_id: str | None = None
    arn: str | None = None
    backup: str | None = None
    line: int | None = None
    replans: int = 0
    replanning: bool = False
    failure: Failure | None = None
    failed_in: Phase | None = None


@dataclass(frozen=True, slots=True)
class Look(Effect):
    """See what the store already holds of this key."""

    access_key_id: str


@dataclass(frozen=True, slots=True)
class Store(Effect):
    """The secret from its file into the store: written, read back, compared."""

    access_key_id: str

    def undo(self) -> Text:
        return text("The stored key is removed again.")


@dataclass(frozen=True, slots=True)
class Identify(Effect):
    """Ask AWS who the key is, signed with what was read back from the store."""

    access_key_id: str


@dataclass(frozen=True, slots=True)
class Link(Effect):
    """The profile item that the provider will follow; account, key and profile into the catalog."""

    profile_id: str | None

    def undo(self) -> Text:
        return text("The profile item is removed again.")


@dataclass(frozen=True, slots=True)
class Rehearse(Effect):
    """Let the AWS tools resolve a trial profile with the same line, before any file of theirs changes."""

    profile_id: str


@dataclass(frozen=True, slots=True)
class Seal(Effect):
    """Plan the edits and keep a sealed copy of each file together with them."""

    profile: str | None

    def undo(self) -> Text:
        return text("The sealed copy is deleted.")


@dataclass(frozen=True, slots=True)
class Switch(Effect):
    """Make the edits of the sealed copy: the credential_process line first, then the plaintext goes."""

    backup: str

    def undo(self) -> Text:
        return text("The files are put back as they were.")


@dataclass(frozen=True, slots=True)
class Prove(Effect):
    """Resolve the profile as the AWS tools do."""

    profile: str


@dataclass(frozen=True, slots=True)
class Settle(Effect):
    """Note the end in the catalog and in Activity."""

    access_key_id: str


@dataclass(frozen=True, slots=True)
class Restore(Effect):
    """Put the files back as they were."""

    backup: str


@dataclass(frozen=True, slots=True)
class Forget(Effect):
    """Remove what this run put into the store and the catalog; the plaintext is where it was."""

    access_key_id: str


@dataclass(frozen=True, slots=True)
class Looked(Event):
    """`stored`: the store holds this key with the same secret already."""

    stored: bool


@dataclass(frozen=True, slots=True)
class Stored(Event):
    pass


@dataclass(frozen=True, slots=True)
class Identified(Event):
    arn: str
    account_id: str
    account_known: bool


@dataclass(frozen=True, slots=True)
class Linked(Event):
    pass


@dataclass(frozen=True, slots=True)
class Rehearsed(Event):
    pass


@dataclass(frozen=True, slots=True)
class Sealed(Event):
    """`backup` None: nothing has to change in any file."""

    backup: str | None


@dataclass(frozen=True, slots=True)
class Switched(Event):
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Proved(Event):
    pass


@dataclass(frozen=True, slots=True)
class Settled(Event):
    pass


@dataclass(frozen=True, slots=True)
class Restored(Event):
    pass


@dataclass(frozen=True, slots=True)
class Forgotten(Event):
    pass


TYPES: tuple[type, ...] = (
    Found, Intake, Look, Store, Identify, Link, Rehearse, Seal, Switch, Prove, Settle, Restore, Forget,
    Looked, Stored, Identified, Linked, Rehearsed, Sealed, Switched, Proved, Settled, Restored, Forgotten,
)  # fmt: skip


def next_effect(state: Intake) -> Next:
    """What to do now."""
    found = state.found
    key = found.access_key_id
    match state.phase:
        case "look":
            return Look(key)
        case "store":
            return Store(key)
        case "identify":
            return Identify(key)
        case "link":
            return Link(found.profile_id)
        case "rehearse":
            return Rehearse(found.profile_id or "")
        case "seal":
            return Seal(found.profile)
        case "switch":
            return Switch(state.backup or "")
        case "prove":
            return Prove(found.profile or "")
        case "settle":
            return Settle(key)
        case "restore":
            return Restore(state.backup or "")
        case "forget":
            return Forget(key)
        case "done":
            return Done()
        case "failed" | "stuck":
            return Done(state.failure)


def advance(state: Intake, event: Event) -> Intake:
    """The state after `event`. Raises UnexpectedEvent for a pair outside the table."""
    found, phase = state.found, state.phase
    becomes_profile = found.profile is not None and found.edits
    match phase, event:
        case _, Unseen():
            return state
        case "look", Looked(stored):
            return replace(state, phase="store", new_key=not stored)
        case "store", Stored():
            return replace(state, phase="identify")
        case "identify", Identified(arn, account_id, known):
            return replace(state, phase="link", arn=arn, account_id=account_id, new_account=not known)
        case "link", Linked():
            after: Phase = "rehearse" if becomes_profile else "seal" if found.edits else "settle"
            return replace(state, phase=after)
        case "rehearse", Rehearsed():
            return replace(state, phase="seal")
        case "seal", Sealed(None):
            return replace(state, phase="prove" if becomes_profile else "settle")
        case "seal", Sealed(backup):
            return replace(state, phase="switch", backup=backup)
        case "switch", Switched(line):
            return replace(state, phase="prove" if becomes_profile else "settle", line=line)
        case "prove", Proved():
            return replace(state, phase="settle")
        case "settle", Settled():
            return replace(state, phase="done")
        case "restore", Restored() if state.replanning:
            return replace(state, phase="seal", backup=None, replanning=False)
        case "restore", Restored():
            return replace(state, phase="forget")
        case "forget", Forgotten():
            return replace(state, phase="failed")
        case "switch", Failed(failure) if failure.code == "file-changed" and state.replans < _REPLANS:
            # Another program wrote in between: back to what it left, and plan anew.
            return replace(state, phase="restore", replans=state.replans + 1, replanning=True)
        case "restore", Failed(failure):
            return replace(state, phase="stuck", failure=failure, failed_in=state.failed_in or phase)
        case "forget", Failed():
            # The profile is as it was; something of ours is left in the store, which harms nobody.
            return replace(state, phase="failed")
        case (("settle" | "done" | "failed"), (Failed() | Cancelled())):
            return _after_the_proof(state, event)
        case "stuck", (Answered(answer="again") | Cancelled()):
            return replace(state, phase="restore", replanning=False)
        case (("restore" | "forget"), Cancelled()):
            return replace(state, replanning=False, failure=state.failure or _cancelled())
        case _, Failed(failure):
            return _back(state, failure)
        case _, Cancelled():
            return _back(state, _cancelled())
    raise UnexpectedEvent(f"{phase}: {type(event).__name__}")


def _after_the_proof(state: Intake, event: Event) -> Intake:
    """The key is moved and proved: an activity line that cannot be written is no reason to go back."""
    if state.phase == "settle" and isinstance(event, Failed):
        return replace(state, phase="done")
    return state


def _back(state: Intake, failure: Failure) -> Intake:
    way: Phase = "restore" if state.backup is not None else "forget"
    if state.phase == "look":
        way = "failed"
    return replace(state, phase=way, failure=failure, failed_in=state.phase, replanning=False)


def _cancelled() -> Failure:
    return Failure("cancelled", text("Stopped as asked."), text("Import it whenever you like."))


def kept(state: Intake) -> Text:
    """What is safe at this moment."""
    name = state.found.name
    if state.phase == "done":
        return text("The key of {name} is in the store and works.", name=name)
    if state.phase == "stuck":
        return text("The key of {name} is in the store, and a sealed copy of the file is kept.", name=name)
    return text("{name} works as before; nothing changed in its files.", name=name)


_TITLES: tuple[tuple[str, Text, tuple[Phase, ...]], ...] = (
    ("store", Text("Store the key and read it back"), ("look", "store")),
    ("identify", Text("Ask AWS who it is"), ("identify", "link")),
    ("seal", Text("Keep a sealed copy of the file"), ("rehearse", "seal")),
    ("switch", Text("Take the plaintext out"), ("switch",)),
    ("prove", Text("Prove that the AWS tools get it"), ("prove", "settle")),
)
_ORDER: tuple[Phase, ...] = (
    "look", "store", "identify", "link", "rehearse", "seal", "switch", "prove", "settle", "done",
)  # fmt: skip


def steps(state: Intake, running: Effect | None) -> tuple[Step, ...]:
    """The five lines a person sees."""
    at = state.failed_in or state.phase
    reached = _ORDER.index(at) if at in _ORDER else len(_ORDER)
    lines = []
    for id_, title, phases in _TITLES:
        first, last = _ORDER.index(phases[0]), _ORDER.index(phases[-1])
        mark: StepState = "todo"
        if last < reached:
            mark = "done"
        elif first <= reached:
            mark = "failed" if state.failed_in else "running" if running is not None else "todo"
        if (not state.found.edits and id_ in ("seal", "switch", "prove")) or (
            state.found.profile is None and id_ == "prove"
        ):
            mark = "skipped"
        detail = state.failure.what if mark == "failed" and state.failure else None
        if id_ == "identify" and mark == "done" and state.arn:
            detail = text("{arn}", arn=state.arn)
        lines.append(Step(id_, mark, title, detail))
    return tuple(lines)
