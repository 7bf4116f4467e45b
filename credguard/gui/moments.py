"""Times as the pages say them, in this computer's time zone."""

from __future__ import annotations

import datetime

from credguard.gui.widgets.timeline import day_words

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip


def _local(at: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(at).astimezone()


def _days_ago(at: float, now: float) -> int:
    return (_local(now).date() - _local(at).date()).days


def clock(at: float) -> str:
    """`10:42`."""
    return f"{_local(at):%H:%M}"


def date(at: float) -> str:
    """`11 December`."""
    then = _local(at)
    return f"{then.day} {_MONTHS[then.month - 1]}"


def short(at: float, now: float) -> str:
    """`10:42` today, `Fri` within a week, else `20 Oct`."""
    ago = _days_ago(at, now)
    return clock(at) if ago == 0 else _DAYS[_local(at).weekday()][:3] if 0 < ago < 7 else day_words(at)


def spoken(at: float, now: float) -> str:
    """`today 10:42`, `yesterday`, `Friday`, `20 October`."""
    ago = _days_ago(at, now)
    if ago == 0:
        return f"today {clock(at)}"
    return "yesterday" if ago == 1 else _DAYS[_local(at).weekday()] if 0 < ago < 7 else date(at)


def day_title(at: float, now: float) -> str:
    """`Today`, `Yesterday`, else `Friday 20 November`."""
    ago = _days_ago(at, now)
    words = f"{_DAYS[_local(at).weekday()]} {date(at)}"
    return "Today" if ago == 0 else "Yesterday" if ago == 1 else words
