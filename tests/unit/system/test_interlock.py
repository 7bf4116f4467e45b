"""One process at a time, and no lock outlives its holder."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from credguard.domain.errors import CredGuardError
from credguard.system.interlock import Interlock

HOLD = (
    "import sys\n"
    "from credguard.system.interlock import Interlock\n"
    "with Interlock(sys.argv[1]).hold(sys.argv[2]):\n"
    "    print('held', flush=True)\n"
    "    sys.stdin.read()\n"
)


class Stepping:
    """A clock that only sleeping moves; `at_sleep` sees each rest."""

    def __init__(self, at_sleep=lambda rested: None) -> None:
        self.time, self.at_sleep = 100.0, at_sleep

    def now(self) -> float:
        return self.time

    monotonic = now

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        self.at_sleep(self.time - 100.0)


def holding(folder: Path, name: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def finish(process: subprocess.Popen[str]) -> None:
    process.communicate(timeout=30)


def test_a_second_process_is_told_who_holds_it(tmp_path: Path) -> None:
    other = holding(tmp_path / "run", "key-AKIAIOSFODNN7EXAMPLE")
    try:
        locks = Interlock(str(tmp_path / "run"))
        with pytest.raises(CredGuardError) as caught, locks.hold("key-AKIAIOSFODNN7EXAMPLE"):
            pytest.fail("held twice")
        assert caught.value.code == "busy"
        assert caught.value.retry
        assert f"({other.pid})" in str(caught.value.what)
        assert locks.holder("key-AKIAIOSFODNN7EXAMPLE") == other.pid
        with locks.hold("key-AKIAI44QH8DHBEXAMPLE"):
            pass
    finally:
        finish(other)
    with locks.hold("key-AKIAIOSFODNN7EXAMPLE"):
        assert locks.holder("key-AKIAIOSFODNN7EXAMPLE") == os.getpid()
    assert locks.holder("key-AKIAIOSFODNN7EXAMPLE") is None


def test_a_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    other = holding(tmp_path, "store")
    other.kill()
    finish(other)
    with Interlock(str(tmp_path)).hold("store"):
        pass


def test_waiting_ends_as_soon_as_the_lock_is_free(tmp_path: Path) -> None:
    other = holding(tmp_path, "store")
    ended: list[float] = []

    def after_a_while(rested: float) -> None:
        if rested >= 1.0 and not ended:
            ended.append(rested)
            finish(other)

    clock = Stepping(after_a_while)
    with Interlock(str(tmp_path), clock).hold("store", wait=60.0):
        pass
    assert 1.0 <= clock.time - 100.0 < 2.0


def test_waiting_has_an_end(tmp_path: Path) -> None:
    other = holding(tmp_path, "store")
    clock = Stepping()
    try:
        with pytest.raises(CredGuardError) as caught, Interlock(str(tmp_path), clock).hold("store", wait=3.0):
            pytest.fail("held twice")
    finally:
        finish(other)
    assert caught.value.code == "busy"
    assert clock.time == pytest.approx(103.0)


def test_threads_exclude_one_another(tmp_path: Path) -> None:
    locks, codes = Interlock(str(tmp_path)), []

    def attempt() -> None:
        try:
            with locks.hold("one"):
                codes.append("held")
        except CredGuardError as error:
            codes.append(error.code)

    with locks.hold("one"):
        thread = threading.Thread(target=attempt)
        thread.start()
        thread.join()
    assert codes == ["busy"]


def test_a_failure_inside_lets_go(tmp_path: Path) -> None:
    locks = Interlock(str(tmp_path))
    with pytest.raises(ZeroDivisionError), locks.hold("one"):
        raise ZeroDivisionError
    with locks.hold("one"):
        pass


@pytest.mark.parametrize("name", ["../outside", "a b", "ключ", "", ".", "x" * 300, "a/b"])
def test_odd_names_stay_inside_the_folder(tmp_path: Path, name: str) -> None:
    locks = Interlock(str(tmp_path / "run"))
    with locks.hold(name):
        (only,) = (tmp_path / "run").iterdir()
        assert stat.S_IMODE(only.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_different_names_are_different_locks(tmp_path: Path) -> None:
    locks = Interlock(str(tmp_path))
    with locks.hold("a/b"), locks.hold("a b"), locks.hold("a-b"):
        pass


def test_who_waited_until_it_is_free_does_not_hold_it(tmp_path: Path) -> None:
    locks = Interlock(str(tmp_path))
    with locks.hold("one"), pytest.raises(CredGuardError) as caught:
        locks.until_free("one", wait=0.0)
    assert caught.value.code == "busy"
    locks.until_free("one", wait=0.0)
    with locks.hold("one"):
        pass
