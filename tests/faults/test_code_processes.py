"""Killed between choosing a code and AWS's answer: the code counts as used, and nobody waits for the dead."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from credguard.catalog.database import open_database
from credguard.catalog.devices import TRIES, Devices
from credguard.domain.otp import OtpEntry
from credguard.domain.secret import Secret
from credguard.system.interlock import Interlock
from credguard.workflows.codes import Codes
from tests.support.clock import FakeClock
from tests.support.stores import memory_store

SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
SERIAL = "arn:aws:iam::482011739056:mfa/m.keller"
_DIES = """
import os, signal, sys
from credguard.catalog.database import open_database
from credguard.catalog.devices import Devices
from credguard.domain.otp import OtpEntry
from credguard.domain.secret import Secret
from credguard.system.interlock import Interlock
from credguard.workflows.codes import Codes
from tests.support.clock import FakeClock
from tests.support.stores import memory_store

folder, seed, serial = sys.argv[1:]
locks = Interlock(folder + "/run")
codes = Codes(memory_store()[0], Devices(open_database(folder + "/catalog.sqlite")), locks, FakeClock())
with locks.hold("session-x"):
    print(codes.send(OtpEntry("e", Secret(seed), serial=serial)).reveal(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_code_that_was_chosen_by_a_process_that_died_is_never_sent(tmp_path: Path) -> None:
    root = str(Path(__file__).parents[2])
    chosen = []
    for _ in range(3):
        died = subprocess.run(
            [sys.executable, "-c", _DIES, str(tmp_path), SEED, SERIAL],
            cwd=root, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert died.returncode == -9, died.stderr
        chosen.append(died.stdout.strip())
    locks = Interlock(str(tmp_path / "run"))
    with locks.hold("session-x"):  # the system let go of it
        pass
    database = open_database(str(tmp_path / "catalog.sqlite"))
    devices, clock = Devices(database), FakeClock()
    codes = Codes(memory_store()[0], devices, locks, clock)
    entry = OtpEntry("e", Secret(SEED), serial=SERIAL)
    assert devices.tries_left(SERIAL, clock.now()) == TRIES - 3
    chosen += [codes.send(entry).reveal() for _ in range(2)]
    assert len(set(chosen)) == 5
    database.close()


def test_a_clock_that_jumps_back_sends_no_code_twice(tmp_path: Path) -> None:
    database = open_database(str(tmp_path / "catalog.sqlite"))
    clock = FakeClock()
    codes = Codes(memory_store()[0], Devices(database), Interlock(str(tmp_path / "run")), clock)
    entry = OtpEntry("e", Secret(SEED), serial=SERIAL)
    sent = [codes.send(entry).reveal() for _ in range(3)]
    clock.at -= 60
    sent += [codes.send(entry).reveal() for _ in range(2)]
    clock.at += 60
    sent.append(codes.send(entry).reveal())
    assert len(set(sent)) == 6
    database.close()
