"""The double's time, and how slowly its IAM spreads news."""

from __future__ import annotations

import time
from dataclasses import dataclass

from credguard.system.clock import Clock, SystemClock


@dataclass
class Timing:
    """Seconds. `spread`: until a changed key is seen alike everywhere; `last_used`: until a use is
    told; `device`: until STS knows a new MFA device; `report`: until a credential report is ready."""

    spread: float = 0.0
    last_used: float = 0.0
    device: float = 0.0
    report: float = 0.0


def like_aws() -> Timing:
    """What public projects saw at AWS, on the quick side."""
    return Timing(spread=6.0, last_used=900.0, device=10.0, report=2.0)


class DoubleClock:
    """`now()` is the double's time. `advance` lets it pass; `skew` sets AWS ahead of this computer.

    Signatures are made by botocore with the computer's real clock, so they are held against
    `signing()`, which `advance` leaves alone; so is `date()`, the Date header.
    """

    def __init__(self, base: Clock | None = None) -> None:
        self._base: Clock = base or SystemClock()
        self.offset = 0.0
        self.skew = 0.0

    def now(self) -> float:
        return self._base.now() + self.offset + self.skew

    def signing(self) -> float:
        return time.time() + self.skew

    def date(self) -> float:
        return self._base.now() + self.skew

    def advance(self, seconds: float) -> None:
        self.offset += seconds
