"""Faults on demand, and a record of what was asked."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal, TypeAlias, get_args

Kind: TypeAlias = Literal[
    "answer-lost", "never-arrived", "throttled", "denied", "server-error", "slow", "unknown-key"
]
KINDS: tuple[str, ...] = get_args(Kind)


@dataclass
class Fault:
    """`kind` strikes `times` calls (None: every one) of `action` after `after` calls went well.

    `key` and `account` narrow it to one key id or account.
    """

    action: str
    kind: Kind
    times: int | None = 1
    after: int = 0
    seconds: float = 0.0
    key: str | None = None
    account: str | None = None
    status: int = 500

    def fits(self, service: str, action: str, key: str, account: str) -> bool:
        if self.key not in (None, key) or self.account not in (None, account):
            return False
        return fnmatchcase(action, self.action) or fnmatchcase(f"{service}:{action}", self.action)


class Faults:
    """The faults that wait; each is spent as it strikes."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(
        self,
        action: str,
        kind: Kind,
        times: int | None = 1,
        after: int = 0,
        seconds: float = 2.0,
        key: str | None = None,
        account: str | None = None,
        status: int = 500,
    ) -> None:
        """Let `kind` happen to `action`, named as AWS names it (`CreateAccessKey`, `iam:*`, `*`).

        answer-lost: the effect happens, then the connection closes. never-arrived: it closes before.
        `seconds` is for `slow` alone, `status` (500, 503) for `server-error`. Raises ValueError for an
        unknown kind.
        """
        if kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}")
        self._waiting.append(Fault(action, kind, times, after, seconds, key, account, status))

    def take(self, action: str, service: str = "", key: str = "", account: str = "") -> Fault | None:
        """The fault that strikes this call."""
        for fault in self._waiting:
            if fault.times is not None and fault.times <= 0:
                continue
            if not fault.fits(service, action, key, account):
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            if fault.times is not None:
                fault.times -= 1
            return fault
        return None

    def left(self) -> int:
        """How often faults will still strike; those without an end count once."""
        return sum(1 if fault.times is None else max(0, fault.times) for fault in self._waiting)

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


@dataclass(frozen=True, slots=True)
class Event:
    """One request. `outcome` is `ok`, an error code, `answer-lost` or `never-arrived`; `subject` the
    user, key id or serial that it was about. Nothing secret."""

    at: float
    service: str
    action: str
    account: str
    key: str
    arn: str
    outcome: str
    subject: str
    agent: str


class Events:
    """Everything asked, in order of arrival; the newest ten thousand."""

    _KEEP = 10_000

    def __init__(self) -> None:
        self.all: list[Event] = []

    def add(self, event: Event) -> None:
        self.all.append(event)
        del self.all[: -self._KEEP]

    def of(
        self, action: str = "*", *, account: str | None = None, key: str | None = None,
        outcome: str | None = None,
    ) -> tuple[Event, ...]:  # fmt: skip
        """Those of an action (`CreateAccessKey`, `sts:*`), an account, a key, with an outcome."""
        return tuple(
            e
            for e in list(self.all)
            if (fnmatchcase(e.action, action) or fnmatchcase(f"{e.service}:{e.action}", action))
            and account in (None, e.account)
            and key in (None, e.key)
            and outcome in (None, e.outcome)
        )

    def rows(self, **narrow: Any) -> list[dict[str, Any]]:
        """The same as plain data."""
        return [asdict(event) for event in self.of(**narrow)]

    def clear(self) -> None:
        self.all.clear()
