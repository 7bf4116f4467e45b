"""A clock that tests move by hand; sleeping moves it too."""

from __future__ import annotations


class FakeClock:
    def __init__(self, now: float = 1_795_000_000.0) -> None:
        self.at = now

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds
