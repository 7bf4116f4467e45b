"""Used steps and tries of MFA devices, across processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from credguard.catalog.database import Database
from credguard.catalog.devices import TRIES, WINDOW, Devices, MfaDevice, Paused, device_of

SERIAL = "arn:aws:iam::112233445566:mfa/maria"
NOW = 1_800_000_000.0  # a full multiple of the window


def test_now_is_the_start_of_a_window() -> None:
    assert NOW % WINDOW == 0


def test_each_step_is_given_out_once(database: Database) -> None:
    devices = Devices(database)
    assert devices.claim_step(SERIAL, (100, 99, 101), NOW) == 100
    assert devices.claim_step(SERIAL, (100, 99, 101), NOW) == 99
    assert devices.claim_step(SERIAL, (100, 99, 101), NOW) == 101
    assert devices.claim_step(SERIAL, (100, 99, 101), NOW) is None
    assert devices.claim_step(SERIAL + "2", (100,), NOW) == 100
    assert devices.is_used(SERIAL, 100)
    assert not devices.is_used(SERIAL, 102)


def test_a_claim_is_kept_when_the_process_dies(home: Path, database: Database) -> None:
    code = (
        "import os, signal, sys\n"
        "from credguard.catalog.database import open_database\n"
        "from credguard.catalog.devices import Devices\n"
        f"Devices(open_database(sys.argv[1])).claim_step('{SERIAL}', (7,), {NOW})\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(home / "catalog.sqlite")], check=False)
    assert done.returncode == -9
    devices = Devices(database)
    assert devices.claim_step(SERIAL, (7,), NOW) is None
    assert devices.tries_left(SERIAL, NOW) == TRIES - 1


def test_no_step_is_given_to_two_processes_and_no_more_than_the_budget(
    home: Path, database: Database
) -> None:
    code = (
        "import sys\n"
        "from credguard.catalog.database import open_database\n"
        "from credguard.catalog.devices import Devices\n"
        "devices = Devices(open_database(sys.argv[1]))\n"
        "sys.stdin.readline()\n"
        f"got = [devices.claim_step('{SERIAL}', range(40), {NOW}) for _ in range(15)]\n"
        "print(*[step for step in got if isinstance(step, int)])\n"
    )
    command = [sys.executable, "-c", code, str(home / "catalog.sqlite")]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    claimed: list[int] = []
    for process in running:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in running:
        claimed += [int(word) for word in process.communicate(timeout=60)[0].split()]
        assert process.returncode == 0
    assert sorted(claimed) == list(range(TRIES))


def test_a_shown_step_is_avoided_but_not_called_used(database: Database) -> None:
    devices = Devices(database)
    devices.note_shown(SERIAL, 100, NOW)
    assert devices.was_shown(SERIAL, 100)
    assert not devices.is_used(SERIAL, 100)
    assert devices.claim_step(SERIAL, (100, 99), NOW) == 99
    devices.note_shown(SERIAL, 99, NOW)  # shown after it was sent: sent it stays
    assert devices.is_used(SERIAL, 99)


def test_steps_of_the_moment_count_as_used_after_a_loss(database: Database) -> None:
    devices = Devices(database)
    devices.note_shown(SERIAL, 100, NOW)
    devices.mark_used(SERIAL, range(98, 103), NOW)
    assert devices.claim_step(SERIAL, (100, 99, 101, 98, 102), NOW) is None
    assert devices.is_used(SERIAL, 100)
    assert devices.tries_left(SERIAL, NOW) == TRIES


def test_nine_tries_in_each_window_good_or_bad(database: Database) -> None:
    devices = Devices(database)
    for n in range(TRIES):
        assert devices.tries_left(SERIAL, NOW + n) == TRIES - n
        devices.note_try(SERIAL, NOW + n, ok=n % 2 == 0)
    assert devices.tries_left(SERIAL, NOW + WINDOW - 1) == 0
    assert devices.tries_left(SERIAL, NOW + WINDOW) == TRIES
    assert devices.tries_left(SERIAL + "2", NOW) == TRIES


def test_a_claim_says_why_it_gives_nothing(database: Database) -> None:
    devices = Devices(database)
    for step in range(TRIES):
        assert devices.claim_step(SERIAL, (step,), NOW) == step
    assert devices.claim_step(SERIAL, (100,), NOW + 1) == Paused(NOW + WINDOW, False)
    assert devices.claim_step(SERIAL, (100,), NOW + WINDOW) == 100
    for at in (1, 2):
        devices.note_try(SERIAL, NOW + WINDOW + at, ok=False)
    assert devices.claim_step(SERIAL, (101,), NOW + WINDOW + 3) == Paused(NOW + 2 * WINDOW + 2, True)
    assert not devices.is_used(SERIAL, 101)


def test_tries_count_when_the_clock_is_set_back(database: Database) -> None:
    devices = Devices(database)
    for step in range(TRIES):
        devices.claim_step(SERIAL, (step,), NOW)
    assert devices.tries_left(SERIAL, NOW - 20) == 0
    assert devices.claim_step(SERIAL, (100,), NOW - 20) == Paused(NOW, False)


def test_the_window_is_of_the_clock_not_of_the_first_try(database: Database) -> None:
    devices = Devices(database)
    for _ in range(TRIES):
        devices.note_try(SERIAL, NOW - 1.0, ok=True)
    assert devices.tries_left(SERIAL, NOW - 0.5) == 0
    assert devices.tries_left(SERIAL, NOW) == TRIES


def test_a_claim_and_its_answer_are_one_try(database: Database) -> None:
    devices = Devices(database)
    devices.claim_step(SERIAL, (1,), NOW)
    assert devices.tries_left(SERIAL, NOW) == TRIES - 1
    devices.note_try(SERIAL, NOW + 2, ok=True)
    assert devices.tries_left(SERIAL, NOW + 2) == TRIES - 1
    devices.note_try(SERIAL, NOW + 3, ok=True)  # a code that a person typed
    assert devices.tries_left(SERIAL, NOW + 3) == TRIES - 2


def test_two_failures_in_a_row_stop(database: Database) -> None:
    devices = Devices(database)
    devices.note_try(SERIAL, NOW, ok=False)
    assert not devices.stopped(SERIAL, NOW)
    devices.note_try(SERIAL, NOW + 1, ok=True)
    devices.note_try(SERIAL, NOW + 2, ok=False)
    assert not devices.stopped(SERIAL, NOW + 2)
    devices.note_try(SERIAL, NOW + 3, ok=False)
    assert devices.stopped(SERIAL, NOW + 3)
    assert devices.tries_left(SERIAL, NOW + 3) == 0
    assert not devices.stopped(SERIAL + "2", NOW + 3)
    devices.try_again(SERIAL)
    assert devices.tries_left(SERIAL, NOW + 4) == TRIES - 4
    devices.note_try(SERIAL, NOW + 5, ok=False)
    assert not devices.stopped(SERIAL, NOW + 5)


def test_the_stop_ends_with_time(database: Database) -> None:
    devices = Devices(database)
    devices.note_try(SERIAL, NOW, ok=False)
    devices.note_try(SERIAL, NOW + 1, ok=False)
    assert devices.stopped(SERIAL, NOW + WINDOW)
    assert not devices.stopped(SERIAL, NOW + 1 + WINDOW)


def test_learning_the_serial_takes_steps_and_tries_along(database: Database) -> None:
    devices = Devices(database)
    entry = MfaDevice(None, "0b1e", "112233445566", "Northwind")
    devices.save(entry)
    assert entry.device == "entry/0b1e"
    devices.claim_step(entry.device, (5,), NOW)
    devices.note_try(entry.device, NOW, ok=True)
    known = MfaDevice(SERIAL, "0b1e", "112233445566", "Northwind", "maria")
    devices.save(known)
    assert devices.all() == (known,)
    assert devices.of_entry("0b1e") == devices.of_serial(SERIAL) == known
    assert devices.of_account("112233445566") == (known,)
    assert devices.claim_step(SERIAL, (5,), NOW) is None
    assert devices.tries_left(SERIAL, NOW) == TRIES - 1


def test_removing_keeps_the_steps(database: Database) -> None:
    devices = Devices(database)
    devices.save(MfaDevice(SERIAL, "0b1e", None, "Northwind"))
    devices.claim_step(SERIAL, (5,), NOW)
    devices.remove(SERIAL)
    assert devices.all() == ()
    assert devices.claim_step(SERIAL, (5,), NOW) is None


def test_old_steps_are_forgotten(database: Database) -> None:
    devices = Devices(database)
    for number in range(40):
        devices.claim_step(SERIAL, (number,), NOW + number * WINDOW)
    devices.claim_step(SERIAL, (99,), NOW + 3 * 86_400)
    # The newest 32 stay whatever the clock says (and the one of this moment).
    left = [row["step"] for row in database.rows("SELECT step FROM used_steps ORDER BY step")]
    assert left == [*range(8, 40), 99]


def test_a_device_has_a_name() -> None:
    assert device_of(SERIAL, "0b1e") == SERIAL
    with pytest.raises(ValueError, match="serial"):
        device_of(None, None)
