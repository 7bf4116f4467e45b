"""When an open part of the vault closes by itself: pure rules over times that are handed in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from credguard.system.clock import Clock

Way = Literal["never", "away", "each-use"]
#: The parts of a vault, each with its own limits.
PARTS = ("keys", "codes")


@dataclass(frozen=True, slots=True)
class Limits:
    """`away`: seconds since the last use; `longest`: seconds since it was opened. `never` has neither."""

    way: Way = "away"
    away: float = 900.0
    longest: float = 28_800.0
    on_screen_lock: bool = False
    on_sleep: bool = True


@dataclass(frozen=True, slots=True)
class Moment:
    """A time by both clocks: the steady one may stand still while a laptop sleeps, the other may be set."""

    wall: float
    steady: float

    def since(self, earlier: Moment) -> float:
        """Seconds that passed: the larger of the two, so neither sleep nor a clock set back gives time."""
        return max(self.wall - earlier.wall, self.steady - earlier.steady, 0.0)


def moment(clock: Clock) -> Moment:
    return Moment(clock.now(), clock.monotonic())


@dataclass(frozen=True, slots=True)
class Held:
    """One open part: when it was opened and when it was used last."""

    opened: Moment
    used: Moment

    def use(self, now: Moment) -> Held:
        return replace(self, used=now)

    def reason(self, limits: Limits, now: Moment) -> str | None:
        """Why it closes now (`away`, `longest`), or None."""
        if limits.way == "never":
            return None
        if now.since(self.opened) >= limits.longest:
            return "longest"
        if limits.way == "away" and now.since(self.used) >= limits.away:
            return "away"
        return None

    def closes_in(self, limits: Limits, now: Moment) -> float | None:
        """Seconds until it closes when nobody uses it; None for never."""
        if limits.way == "never":
            return None
        left = limits.longest - now.since(self.opened)
        if limits.way == "away":
            left = min(left, limits.away - now.since(self.used))
        return max(left, 0.0)


class _Values(Protocol):
    def get(self, name: str) -> Any: ...


def limits_of(settings: _Values, part: str) -> Limits:
    """The limits of a part as they are set now."""
    return Limits(
        settings.get(f"lock_{part}"),
        60.0 * settings.get(f"lock_{part}_minutes"),
        60.0 * settings.get(f"lock_{part}_longest_minutes"),
        settings.get(f"lock_{part}_on_screen_lock"),
        settings.get(f"lock_{part}_on_sleep"),
    )
