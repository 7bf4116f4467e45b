"""When an open part closes by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from credguard.settings import Settings
from credguard.vault.lock import Held, Limits, Moment, limits_of

START = Moment(1_000_000.0, 50.0)


def later(wall: float, steady: float | None = None) -> Moment:
    return Moment(START.wall + wall, START.steady + (wall if steady is None else steady))


HELD = Held(START, START)
LIMITS = Limits("away", away=900, longest=28_800)


def test_away_counts_from_the_last_use() -> None:
    assert HELD.reason(LIMITS, later(899)) is None
    assert HELD.reason(LIMITS, later(900)) == "away"
    assert HELD.use(later(800)).reason(LIMITS, later(1699)) is None
    assert HELD.use(later(800)).reason(LIMITS, later(1700)) == "away"


def test_uses_do_not_hold_it_open_for_ever() -> None:
    assert HELD.use(later(28_799)).reason(LIMITS, later(28_799.5)) is None
    assert HELD.use(later(28_799)).reason(LIMITS, later(28_800)) == "longest"


def test_each_use_still_ends_at_the_latest() -> None:
    limits = Limits("each-use", away=1, longest=900)
    assert HELD.reason(limits, later(899)) is None
    assert HELD.reason(limits, later(900)) == "longest"


def test_never_is_never() -> None:
    assert HELD.reason(Limits("never", 1, 1), later(10**9)) is None
    assert HELD.closes_in(Limits("never", 1, 1), later(5)) is None


def test_sleep_counts_though_the_steady_clock_stood_still() -> None:
    assert HELD.reason(LIMITS, later(7200, steady=3)) == "away"


def test_a_clock_set_back_gives_no_time() -> None:
    assert HELD.reason(LIMITS, later(-7200, steady=900)) == "away"
    assert HELD.closes_in(LIMITS, later(-7200, steady=0)) == 900


def test_closes_in_is_the_nearer_end() -> None:
    assert HELD.closes_in(LIMITS, later(100)) == 800
    assert HELD.use(later(28_700)).closes_in(LIMITS, later(28_750)) == 50


@pytest.mark.parametrize(
    ("part", "away", "longest", "screen"), [("keys", 900, 28_800, False), ("codes", 300, 900, True)]
)
def test_the_defaults(tmp_path: Path, part: str, away: float, longest: float, screen: bool) -> None:
    settings = Settings(str(tmp_path / "settings.json"))
    assert limits_of(settings, part) == Limits("away", away, longest, screen, True)
    settings.change(f"lock_{part}", "never")
    settings.change(f"lock_{part}_minutes", "3")
    found = limits_of(settings, part)
    assert (found.way, found.away) == ("never", 180)
