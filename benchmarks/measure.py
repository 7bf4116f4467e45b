"""Runs a command and its reference in turn, and puts the times side by side.

Whole processes, seen from outside: A B A B …, so that a computer that is busy for a moment is busy for
both. One run of each is thrown away first (compiled modules, the disk's cache).
"""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


class Broken(Exception):
    """A command did not do what is timed here: a fast failure is no figure."""


@dataclass(frozen=True, slots=True)
class Command:
    """One process. `expect`: a word that its output holds when it did its work, `code` how it then ends."""

    words: tuple[str, ...]
    environ: dict[str, str] = field(default_factory=dict)
    expect: str = ""
    code: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """What is measured against what.

    `marks` names the moments that the command reports by itself (`NAME SECONDS`, of the monotonic
    clock, one a line), each with the words that a person reads; without marks it is the whole run.
    """

    name: str
    command: Command
    against: str
    reference: Command
    title: str = ""
    marks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Spread:
    """The smallest, the middle and the largest of several."""

    least: float
    middle: float
    most: float

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        return cls(min(values), statistics.median(values), max(values))

    def to_json(self, factor: float = 1.0, digits: int = 2) -> dict[str, float]:
        return {
            "min": round(self.least * factor, digits),
            "median": round(self.middle * factor, digits),
            "max": round(self.most * factor, digits),
        }


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. Times in seconds; `ratio` is formed pair by pair."""

    name: str
    title: str
    against: str
    ours: Spread
    reference: Spread
    ratio: Spread

    def to_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "what": self.title,
            "against": self.against,
            "ratio": self.ratio.to_json(),
            "milliseconds": self.ours.to_json(1000, 1),
            "reference_milliseconds": self.reference.to_json(1000, 1),
        }


def figures(case: Case, runs: int, tell: Callable[[int], None] = lambda done: None) -> list[Figure]:
    """The figures of `case` from `runs` pairs. Raises Broken."""
    pairs = []
    for number, pair in enumerate(_pairs(case, runs + 1)):
        if number:  # the first warms up
            pairs.append(pair)
        tell(number)
    return [
        figure(
            f"{case.name}-{mark}" if mark else case.name,
            title,
            case.against,
            [(ours[mark], reference) for ours, reference in pairs],
        )
        for mark, title in case.marks or (("", case.title),)
    ]


def figure(name: str, title: str, against: str, pairs: list[tuple[float, float]]) -> Figure:
    """Put the pairs (ours, reference) of seconds together."""
    return Figure(
        name,
        title,
        against,
        Spread.of([ours for ours, _ in pairs]),
        Spread.of([reference for _, reference in pairs]),
        Spread.of([ours / reference for ours, reference in pairs]),
    )


def _pairs(case: Case, count: int) -> Iterator[tuple[dict[str, float], float]]:
    wanted = {mark for mark, _ in case.marks}
    for _ in range(count):
        ours = run(case.command, wanted)
        reference = run(case.reference, {"painted"} if wanted else set())
        yield ours, reference["painted" if wanted else ""]


def run(command: Command, marks: set[str] | None = None) -> dict[str, float]:
    """Seconds from just before the start to each mark, or (under `""`) to the end. Raises Broken."""
    began = time.monotonic()
    try:
        ran = subprocess.run(
            command.words,
            env=command.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Broken("It did not end within two minutes.") from None
    whole = time.monotonic() - began
    if ran.returncode != command.code or command.expect not in ran.stdout:
        # Not its output: that of the provider is a key, though an invented one.
        raise Broken(f"It ended with {ran.returncode}. {ran.stderr.strip()[-400:]}")
    if not marks:
        return {"": whole}
    told = dict(line.split() for line in ran.stdout.splitlines())
    if not marks <= told.keys():
        raise Broken(f"It never came to: {', '.join(sorted(marks - told.keys()))}")
    return {mark: float(told[mark]) - began for mark in marks}
