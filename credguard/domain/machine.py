"""The words every state machine shares: effects, what came of them, and where a run may rest.

A machine is a module (or object) with `NAME`, `TYPES`, `next_effect`, `advance`, `kept` and `steps`.
It is pure: data in, data out. `workflows/engine.py` is its only interpreter.
Nothing here may have a field that could hold a secret; a test walks the types.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

from credguard.domain.errors import LOCKED_CODES, CredGuardError, Locked
from credguard.domain.text import Text

StepState: TypeAlias = Literal["todo", "running", "done", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Effect:
    """One touch of the world. `perform` returns an Event, or raises a CredGuardError."""

    def undo(self) -> Text:
        """What takes this back, in words. Every effect names its undo."""
        return Text("Nothing to take back.")


@dataclass(frozen=True, slots=True)
class Pause(Effect):
    """Rest some seconds (through the clock). Days are `Wait`."""

    seconds: float
    why: Text


@dataclass(frozen=True, slots=True)
class Event:
    """What happened."""


@dataclass(frozen=True, slots=True)
class Rested(Event):
    """A Pause is over."""


@dataclass(frozen=True, slots=True)
class Unseen(Event):
    """The effect was begun and nobody saw the answer: a crash, or a lost reply."""

    effect: Effect


@dataclass(frozen=True, slots=True)
class Failure:
    """A CredGuardError as data, so that a journal can hold it."""

    code: str
    what: Text
    next: Text
    kept: Text | None = None
    retry: bool = False

    @staticmethod
    def of(error: CredGuardError) -> Failure:
        return Failure(error.code, error.what, error.next, error.kept, error.retry)

    def error(self) -> CredGuardError:
        """The same as an exception, for a face to show."""
        kind = Locked if self.code in LOCKED_CODES else CredGuardError
        return kind(self.code, self.what, self.next, self.kept, self.retry)


@dataclass(frozen=True, slots=True)
class Failed(Event):
    """The effect did not take place, for a reason that is known."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Answered(Event):
    """News: a person's answer to an Ask."""

    answer: str


@dataclass(frozen=True, slots=True)
class Due(Event):
    """News: it is `now` (seconds since 1970), a Wait may be over."""

    now: float


@dataclass(frozen=True, slots=True)
class Cancelled(Event):
    """News: the person wants to stop, or to have it all undone."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Parked until a person answers. `choices` are the answers `advance` understands."""

    question: str
    text: Text
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """Parked until `until` (seconds since 1970), or until news."""

    until: float
    why: Text


@dataclass(frozen=True, slots=True)
class Done:
    """The end: `failure` is None when all went well."""

    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One line of what a person sees of a run."""

    id: str
    state: StepState
    title: Text
    detail: Text | None = None
    count: int = 0
    total: int = 0


Next: TypeAlias = "Effect | Ask | Wait | Done"
S = TypeVar("S")


class Machine(Protocol[S]):
    """What a module such as `domain/rotation.py` offers."""

    @property
    def NAME(self) -> str: ...  # noqa: N802 constants of a module

    @property
    def TYPES(self) -> tuple[type, ...]: ...  # noqa: N802

    def next_effect(self, state: S) -> Next: ...

    def advance(self, state: S, event: Event) -> S: ...

    def kept(self, state: S) -> Text: ...

    def steps(self, state: S, running: Effect | None) -> tuple[Step, ...]: ...


class UnexpectedEvent(Exception):
    """A (state, event) pair outside the machine's table: a defect, never a person's doing."""


COMMON_TYPES: tuple[type, ...] = (
    Pause, Rested, Unseen, Failure, Failed, Answered, Due, Cancelled, Ask, Wait, Done, Step,
)  # fmt: skip


def to_json(value: Any) -> Any:
    """A machine's value (state, effect, event) as a plain JSON document."""
    if isinstance(value, Text):
        return {"!": "Text", **value.to_json()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        document: dict[str, Any] = {"!": type(value).__name__}
        for field in dataclasses.fields(value):
            document[field.name] = to_json(getattr(value, field.name))
        return document
    if isinstance(value, (tuple, list)):
        return [to_json(item) for item in value]
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise TypeError(f"{type(value).__name__} does not belong in a journal")


def from_json(data: Any, types: Iterable[type]) -> Any:
    """What `to_json` wrote. `types` are the machine's own; the common ones are known.

    Unknown fields are dropped and missing ones fall to their defaults, so that a journal of an older
    version can still be read.
    """
    known = {t.__name__: t for t in (*COMMON_TYPES, *types)}
    return _read(data, known)


def _read(data: Any, known: dict[str, type]) -> Any:
    if isinstance(data, list):
        return tuple(_read(item, known) for item in data)
    if not isinstance(data, dict):
        return data
    name = data.get("!")
    if name == "Text":
        return Text.from_json(data)
    kind = known.get(str(name))
    if kind is None:
        raise ValueError(f"journal: unknown type {name!r}")
    names = {field.name for field in dataclasses.fields(kind)}
    return kind(**{key: _read(item, known) for key, item in data.items() if key in names})
