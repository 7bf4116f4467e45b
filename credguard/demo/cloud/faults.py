"""Faults on demand, and a count of what was asked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

Kind: TypeAlias = Literal["answer-lost", "never-arrived", "throttled", "denied", "server-error", "slow"]
KINDS: tuple[str, ...] = get_args(Kind)


@dataclass
class Fault:
    """`kind` strikes `times` calls of `action` ("*" = every one) after `after` calls went well."""

    action: str
    kind: Kind
    times: int = 1
    after: int = 0
    seconds: float = 0.0


class Faults:
    """The faults that wait; each is spent as it strikes."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, action: str, kind: Kind, times: int = 1, after: int = 0, seconds: float = 2.0) -> None:
        """Let `kind` happen to `action`, named as AWS names it (`CreateAccessKey`).

        answer-lost: the effect happens, then the connection closes. never-arrived: it closes before.
        `seconds` is for `slow` alone. Raises ValueError for an unknown kind.
        """
        if kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}")
        self._waiting.append(Fault(action, kind, times, after, seconds))

    def take(self, action: str) -> Fault | None:
        """The fault that strikes this call."""
        for fault in self._waiting:
            if fault.action not in {action, "*"} or fault.times <= 0:
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            fault.times -= 1
            return fault
        return None

    def left(self) -> int:
        """How often faults will still strike."""
        return sum(max(0, fault.times) for fault in self._waiting)

    def clear(self) -> None:
        self._waiting.clear()


class Counters:
    """How often each action was asked, by which key id; refused and struck calls count too."""

    def __init__(self) -> None:
        self._seen: Counter[tuple[str, str]] = Counter()

    def count(self, action: str, access_key_id: str) -> None:
        self._seen[action, access_key_id] += 1

    def of(self, action: str, access_key_id: str | None = None) -> int:
        return sum(n for (a, k), n in self._seen.items() if a == action and access_key_id in {None, k})

    def by_key(self, access_key_id: str) -> dict[str, int]:
        """action → how often this key asked it."""
        return {a: n for (a, k), n in self._seen.items() if k == access_key_id}

    def all(self) -> list[dict[str, str | int]]:
        return [{"action": a, "access_key_id": k, "count": n} for (a, k), n in sorted(self._seen.items())]

    def clear(self) -> None:
        self._seen.clear()
