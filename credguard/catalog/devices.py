"""MFA devices, the set of time steps that were used with each, and the tries AWS allows.

AWS takes each step's code once, in any order within its window, and nine verifications for a device in
each 3-minute window of UTC, good or bad (measured against AWS). So what is kept is the set of used
steps, not the highest one, and every code sent is counted before it is sent.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from credguard.catalog.database import Database

TRIES = 9
WINDOW = 180.0  # seconds; the windows start at full multiples of it since 1970
FAILURES = 2  # in a row; then nothing is sent for a window, unless a person says so
_ALWAYS_KEPT = 32  # used steps of each device that are remembered whatever the clock says
_KEPT = 2 * 86_400.0  # seconds for which used steps and tries are remembered


@dataclass(frozen=True, slots=True)
class MfaDevice:
    """An MFA device known here. `entry_id` is the code entry that makes its codes, if we hold one."""

    serial: str | None
    entry_id: str | None
    account_id: str | None
    name: str
    user_name: str | None = None
    kind: str = "virtual"

    @property
    def device(self) -> str:
        """What used steps and tries are kept under: the serial where known, else the entry."""
        return device_of(self.serial, self.entry_id)


@dataclass(frozen=True, slots=True)
class Paused:
    """Nothing is sent until `until` (seconds since 1970): two codes were `refused` in a row, else the nine
    tries of this window are spent."""

    until: float
    refused: bool


def device_of(serial: str | None, entry_id: str | None) -> str:
    """The name under which a device's used steps are kept."""
    if serial:
        return serial
    if entry_id:
        return f"entry/{entry_id}"
    raise ValueError("a device has a serial or an entry")


class Devices:
    """Rows of MfaDevice, and the steps and tries of each."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> tuple[MfaDevice, ...]:
        rows = self._database.rows("SELECT * FROM devices ORDER BY name, device")
        return tuple(_device(row) for row in rows)

    def of_account(self, account_id: str) -> tuple[MfaDevice, ...]:
        rows = self._database.rows(
            "SELECT * FROM devices WHERE account_id = ? ORDER BY name, device", (account_id,)
        )
        return tuple(_device(row) for row in rows)

    def of_entry(self, entry_id: str) -> MfaDevice | None:
        row = self._database.row("SELECT * FROM devices WHERE entry_id = ?", (entry_id,))
        return None if row is None else _device(row)

    def of_serial(self, serial: str) -> MfaDevice | None:
        row = self._database.row("SELECT * FROM devices WHERE serial = ?", (serial,))
        return None if row is None else _device(row)

    def save(self, device: MfaDevice) -> None:
        """Add the device, or replace what was known of it. Learning the serial of an entry takes the
        steps and tries of the entry along."""
        new = device.device
        with self._database.transaction() as connection:
            if device.entry_id is not None:
                old = device_of(None, device.entry_id)
                if old != new:
                    connection.execute(
                        "UPDATE OR IGNORE used_steps SET device = ? WHERE device = ?", (new, old)
                    )
                    connection.execute("DELETE FROM used_steps WHERE device = ?", (old,))
                    connection.execute("UPDATE tries SET device = ? WHERE device = ?", (new, old))
                connection.execute("DELETE FROM devices WHERE entry_id = ?", (device.entry_id,))
            connection.execute(
                "INSERT OR REPLACE INTO devices"
                " (device, serial, entry_id, account_id, name, user_name, kind) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    new,
                    device.serial,
                    device.entry_id,
                    device.account_id,
                    device.name,
                    device.user_name,
                    device.kind,
                ),
            )

    def remove(self, device: str) -> None:
        """Forget the device, but not its steps: its codes may be asked for again."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM devices WHERE device = ?", (device,))

    def claim_step(self, device: str, candidates: Sequence[int], now: float) -> int | Paused | None:
        """The first of `candidates` that nobody used, marked as sent before this returns; None where all
        were used; Paused where no code of the device may be sent now.

        One transaction, atomic across processes: a step is given out once, and no more codes than the
        budget allows. It counts as a try at once, so that a crash between sending and `note_try` cannot
        overdraw it.
        """
        with self._database.transaction() as connection:
            paused = self.paused(device, now)
            if paused is not None:
                return paused
            self._forget(connection, now)
            for step in candidates:
                added = connection.execute(
                    "INSERT OR IGNORE INTO used_steps (device, step, how, at) VALUES (?, ?, 'sent', ?)",
                    (device, step, now),
                )
                if added.rowcount == 1:
                    connection.execute(
                        "INSERT INTO tries (device, at, ok) VALUES (?, ?, NULL)", (device, now)
                    )
                    return step
        return None

    def note_shown(self, device: str, step: int, now: float) -> None:
        """A person was given this step's code: our own sends avoid it, it may be shown again."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO used_steps (device, step, how, at) VALUES (?, ?, 'shown', ?)",
                (device, step, now),
            )

    def mark_used(self, device: str, steps: Iterable[int], now: float) -> None:
        """Count `steps` as sent (after the catalog was lost: those of the moment, −2…+2)."""
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO used_steps (device, step, how, at) VALUES (?, ?, 'sent', ?)",
                [(device, step, now) for step in steps],
            )

    def is_used(self, device: str, step: int) -> bool:
        """Whether this step's code was sent to AWS (by any process here)."""
        row = self._database.row(
            "SELECT 1 FROM used_steps WHERE device = ? AND step = ? AND how = 'sent'", (device, step)
        )
        return row is not None

    def was_shown(self, device: str, step: int) -> bool:
        """Whether a person was given this step's code."""
        row = self._database.row(
            "SELECT 1 FROM used_steps WHERE device = ? AND step = ? AND how = 'shown'", (device, step)
        )
        return row is not None

    def note_try(self, device: str, now: float, ok: bool) -> None:
        """What came of a code that was sent: fills in the try its claim made, else adds one."""
        with self._database.transaction() as connection:
            open_try = connection.execute(
                "SELECT id FROM tries WHERE device = ? AND ok IS NULL AND at > ? ORDER BY id DESC LIMIT 1",
                (device, now - WINDOW),
            ).fetchone()
            if open_try is not None:
                connection.execute("UPDATE tries SET ok = ? WHERE id = ?", (int(ok), open_try["id"]))
            else:
                connection.execute(
                    "INSERT INTO tries (device, at, ok) VALUES (?, ?, ?)", (device, now, int(ok))
                )

    def tries_left(self, device: str, now: float) -> int:
        """How many codes may still be sent in this 3-minute window of UTC; 0 while `stopped`."""
        if self.stopped(device, now):
            return 0
        start = now - now % WINDOW
        row = self._database.row(
            # Tries of the next window were made before the clock was set back: they count in this one.
            "SELECT count(*) AS n FROM tries WHERE device = ? AND at >= ? AND at < ?",
            (device, start, start + 2 * WINDOW),
        )
        return max(0, TRIES - int(row["n"] if row else 0))

    def stopped(self, device: str, now: float) -> bool:
        """Two codes in a row were refused within the last 3 minutes: stop and explain."""
        rows = self._database.rows(
            "SELECT ok, at FROM tries WHERE device = ? AND ok IS NOT NULL ORDER BY id DESC LIMIT ?",
            (device, FAILURES),
        )
        return (
            len(rows) == FAILURES and not any(row["ok"] for row in rows) and abs(now - rows[0]["at"]) < WINDOW
        )

    def paused(self, device: str, now: float) -> Paused | None:
        """Why nothing is sent now; None where a code may be sent."""
        if self.stopped(device, now):
            row = self._database.row(
                "SELECT max(at) AS at FROM (SELECT at FROM tries WHERE device = ? AND ok IS NOT NULL"
                " ORDER BY id DESC LIMIT 1)",
                (device,),
            )
            return Paused((float(row["at"]) if row else now) + WINDOW, True)
        if self.tries_left(device, now) < 1:
            return Paused(now - now % WINDOW + WINDOW, False)
        return None

    def try_again(self, device: str) -> None:
        """A person read why it stopped and wants to go on. The nine tries of the window still count."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE tries SET ok = NULL WHERE device = ? AND ok = 0", (device,))

    @staticmethod
    def _forget(connection: sqlite3.Connection, now: float) -> None:
        # The newest of each device stay, so that a clock that was wrong for a moment frees none of them.
        connection.execute(
            "DELETE FROM used_steps WHERE at < ? AND (SELECT count(*) FROM used_steps AS other"
            " WHERE other.device = used_steps.device AND other.at > used_steps.at) >= ?",
            (now - _KEPT, _ALWAYS_KEPT),
        )
        connection.execute("DELETE FROM tries WHERE at < ?", (now - _KEPT,))


def _device(row: sqlite3.Row) -> MfaDevice:
    return MfaDevice(
        serial=row["serial"],
        entry_id=row["entry_id"],
        account_id=row["account_id"],
        name=row["name"],
        user_name=row["user_name"],
        kind=row["kind"],
    )
