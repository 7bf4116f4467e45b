"""What the tray shows: the codes while they are open, the alarm that stands, and nothing while locked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from credguard.queries.accounts import AccountRow
from credguard.queries.codes import CodeRow
from credguard.queries.home import Alarm
from credguard.queries.openness import Openness


@dataclass(frozen=True, slots=True)
class TrayView:
    """`accounts`, `codes` and `alarm` are empty while the codes are locked: names go with the numbers."""

    openness: Openness
    accounts: tuple[AccountRow, ...] = ()
    codes: tuple[CodeRow, ...] = ()
    alarm: Alarm | None = None

    @property
    def locked(self) -> bool:
        return "codes" in self.openness.closed


def tray(
    now: Openness,
    accounts: Callable[[], tuple[AccountRow, ...]],
    codes: Callable[[], tuple[CodeRow, ...]],
    alarms: Callable[[], tuple[Alarm, ...]],
) -> TrayView:
    """What is asked for is asked only where the codes are open: it would ask somebody for a passphrase."""
    if now.state == "none" or "codes" in now.closed:
        return TrayView(now)
    return TrayView(now, accounts(), codes(), next(iter(alarms()), None))
