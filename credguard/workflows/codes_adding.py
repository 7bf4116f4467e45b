"""Which of many new codes are new, which are here already, and what each is called. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from credguard.domain import otp
from credguard.domain.otp import OtpEntry

#: `counter`: it is here already, with a lower counter, which may be moved up.
State: TypeAlias = Literal["added", "duplicate", "counter"]


@dataclass(frozen=True, slots=True)
class Added:
    """What became of one entry, or would; `name` and `entry_id` are those of what is stored."""

    state: State
    name: str
    entry_id: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """`added` in the order of what was asked for; `writes` is what is stored for it."""

    added: tuple[Added, ...]
    writes: tuple[OtpEntry, ...]


def plan_all(
    entries: Sequence[OtpEntry], here: Sequence[OtpEntry], gone: Sequence[OtpEntry], counters: bool
) -> Plan:
    """`gone`: removed and still kept. One of them that comes back is the same device: what was sent of it
    stays known."""
    known = {_kind(entry): entry for entry in here}
    removed = {_kind(entry): entry.entry_id for entry in gone}
    taken = {entry.name.casefold() for entry in here}
    counts: dict[str, int] = {}
    added: list[Added] = []
    writes: dict[str, OtpEntry] = {}
    for entry in entries:
        twin = known.get(_kind(entry))
        if twin is not None:
            higher = entry.type == "hotp" and entry.counter > twin.counter
            if higher and (counters or twin.entry_id in writes):
                twin = replace(twin, counter=entry.counter)
                known[_kind(entry)] = writes[twin.entry_id] = twin
            added.append(Added("counter" if higher else "duplicate", twin.name, twin.entry_id))
            continue
        wanted = otp.clean_name(entry.name or otp.handle(entry)) or "code"
        name = _free(wanted, taken, counts)
        taken.add(name.casefold())
        stored = replace(entry, entry_id=removed.get(_kind(entry)) or str(uuid.uuid4()), name=name)
        known[_kind(entry)] = writes[stored.entry_id] = stored
        added.append(Added("added", name, stored.entry_id))
    return Plan(tuple(added), tuple(writes.values()))


def is_same(one: OtpEntry, other: OtpEntry) -> bool:
    """The same code, whatever it is called."""
    return _kind(one) == _kind(other)


def _kind(entry: OtpEntry) -> tuple[object, ...]:
    period = 0 if entry.type == "hotp" else entry.period  # a counter code has none, whatever is stored
    return entry.secret, entry.type, entry.algorithm, entry.digits, period


def free_name(name: str, taken: set[str]) -> str:
    """`name`, or with ` (2)` … behind it; `taken` is case-blind."""
    return _free(name, taken, {})


def _free(name: str, taken: set[str], counts: dict[str, int]) -> str:
    if name.casefold() not in taken:
        return name
    number = counts.get(name.casefold(), 2)
    while f"{name} ({number})".casefold() in taken:
        number += 1
    counts[name.casefold()] = number + 1
    return f"{name} ({number})"
