"""A program asks while it is locked: it waits for a person at the window, goes on, or is refused in words."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from credguard.agent.waiting import Waiting
from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.secret import Secret
from credguard.services import Services
from credguard.system.asking import Asker
from credguard.vault.launch import start
from credguard.vault.remote import Agent
from credguard.vault.watch import Watch
from credguard.wire import places
from credguard.workflows.unlocking import allow_programs, make_wait
from tests.support.agent import KEY, ROOT, SECRET, Desk, Here, until_true
from tests.support.agent import desk as desk
from tests.support.stores import PASSPHRASE, passphrase


class Window:
    """Hears what the agent tells; `act` is called with each event."""

    def __init__(self, act: Callable[[dict[str, Any]], None] = lambda event: None) -> None:
        self.heard: list[dict[str, Any]] = []
        self._act = act
        self.watch = Watch()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        for event in self.watch.events():
            self.heard.append(event)
            self._act(event)

    def kinds(self) -> list[str]:
        return [event["event"] for event in self.heard]

    def close(self) -> None:
        self.watch.close()
        self._thread.join(10)


@pytest.fixture
def here(desk: Desk) -> Iterator[Here]:
    """Locked, and nobody waits longer than a moment."""
    made = Here(opened=False, wait=30.0)
    try:
        yield made
    finally:
        made.close()


def test_it_waits_at_the_window_and_goes_on_when_it_is_unlocked(desk: Desk, here: Here) -> None:
    def unlock(event: dict[str, Any]) -> None:
        if event["event"] == "waiting":
            Agent().unlock(passphrase())

    window = Window(unlock)
    try:
        ran = desk.provider()
        assert ran.returncode == 0, ran.stderr
        assert SECRET in ran.stdout
        until_true(lambda: window.kinds() == ["waiting", "waits-no-more"])
        waited = window.heard[0]
        assert (waited["profile"], waited["seconds"]) == ("work", 30.0)
        assert waited["program"]
        assert waited["pid"] > 0
        assert SECRET not in str(window.heard)
    finally:
        window.close()


def test_many_wait_together_and_one_unlock_serves_them_all(desk: Desk, here: Here) -> None:
    window = Window()
    try:
        with ThreadPoolExecutor(8) as pool:
            asked = [pool.submit(desk.provider) for _ in range(8)]
            until_true(lambda: window.kinds().count("waiting") == 8, 60)
            Agent().unlock(passphrase())
            assert [ran.result().returncode for ran in asked] == [0] * 8
    finally:
        window.close()


def test_a_window_that_comes_later_is_told_who_waits(desk: Desk, here: Here) -> None:
    first = Window()
    try:
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(desk.provider)
            until_true(lambda: "waiting" in first.kinds())
            second = Window()
            until_true(lambda: second.kinds() == ["waiting"])
            first.close()
            assert not asked.done()
            Agent().unlock(passphrase())
            assert asked.result().returncode == 0
            second.close()
    finally:
        first.close()


def test_nobody_unlocks(desk: Desk) -> None:
    agent = Here(opened=False, wait=0.3)
    window = Window()
    try:
        ran = desk.provider()
        assert (ran.returncode, ran.stdout) == (4, "")
        assert "nobody unlocked it" in ran.stderr
        assert len(ran.stderr.splitlines()) == 1
        until_true(lambda: window.kinds() == ["waiting", "waits-no-more"])
    finally:
        window.close()
        agent.close()


def test_without_a_window_it_is_refused_at_once(desk: Desk, here: Here) -> None:
    ran = desk.provider()
    assert (ran.returncode, ran.stdout) == (4, "")
    assert "credguard unlock" in ran.stderr


def test_the_window_goes_away_while_it_waits(desk: Desk, here: Here) -> None:
    window = Window()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(desk.provider)
        until_true(lambda: "waiting" in window.kinds())
        window.close()
        assert asked.result().returncode == 4


def test_a_program_that_gives_up_waits_no_more(desk: Desk, here: Here) -> None:
    window = Window()
    try:
        process = subprocess.Popen(
            [*places.helper(), "p-work"], env=desk.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until_true(lambda: "waiting" in window.kinds())
        process.kill()
        process.wait(10)
        until_true(lambda: "waits-no-more" in window.kinds())
    finally:
        window.close()


def test_a_passphrase_file_needs_nobody(desk: Desk, here: Here) -> None:
    file = desk.folder / "passphrase"
    file.touch(0o600)
    file.write_text(PASSPHRASE)
    window = Window()
    try:
        desk.env["CREDGUARD_PASSPHRASE_FILE"] = str(file)
        assert desk.provider().returncode == 0
        assert desk.credguard("credential-process", "--profile", "work").returncode == 0
        assert window.kinds() == []
    finally:
        window.close()


def test_the_command_waits_as_the_provider_does(desk: Desk, here: Here) -> None:
    def unlock(event: dict[str, Any]) -> None:
        if event["event"] == "waiting":
            Agent().unlock(passphrase())

    window = Window(unlock)
    try:
        ran = desk.credguard("credential-process", "--profile", "work")
        assert ran.returncode == 0, ran.stderr
        assert KEY in ran.stdout
    finally:
        window.close()


# ── the window's side ────────────────────────────────────────────────────────────────────────────
def test_after_a_lock_a_fresh_agent_stands_by_and_unlocking_opens_that_one(desk: Desk) -> None:
    services = Services(starts_agent=True, environ=desk.env)
    try:
        services.unlock(Secret(PASSPHRASE))
        first = services.lock_state().agent
        assert not services.stand_by()  # one answers
        services.lock()
        assert services.stand_by()
        second = services.lock_state()
        assert second.agent not in {None, first}
        assert second.open == ()
        window = Window()  # this process holds its leash
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(desk.provider)
            until_true(lambda: "waiting" in window.kinds())
            services.unlock(Secret(PASSPHRASE))
            assert asked.result().returncode == 0
        assert services.lock_state().agent == second.agent
        window.close()
    finally:
        services.close()


def test_standing_by_and_unlocking_at_once_make_one_agent(desk: Desk) -> None:
    services = Services(starts_agent=True, environ=desk.env)
    other = Services(environ=desk.env)  # credguard unlock, meanwhile
    try:
        with ThreadPoolExecutor(3) as pool:
            work = [
                pool.submit(services.stand_by),
                pool.submit(services.unlock, Secret(PASSPHRASE)),
                pool.submit(other._unlocking.with_passphrase, Secret(PASSPHRASE)),
            ]
            for one in work:
                one.result()
        assert Agent().open_parts() == ("keys", "codes")
    finally:
        services.close()
        other.close()
        Agent().lock()


def test_nothing_stands_by_where_no_program_would_wait(desk: Desk) -> None:
    desk.settings.reset("store")
    desk.settings.set("store", "keychain")
    services = Services(starts_agent=True, environ=desk.env)
    assert not services.stand_by()
    services.close()


# ── the keychain ─────────────────────────────────────────────────────────────────────────────────
def test_at_the_keychain_it_waits_for_the_file_to_go(desk: Desk) -> None:
    from tests.support.clock import FakeClock

    class Clock(FakeClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            slept.append(seconds)
            if self.let and sum(slept) > 5:
                allow_programs(places.locked_file())

        let = False

    from credguard.workflows.unlocking import wait_for_person

    slept: list[float] = []
    clock = Clock()
    make_wait(places.locked_file())
    with pytest.raises(Locked) as caught:
        wait_for_person(places.locked_file(), clock)
    assert caught.value.code == "programs-wait"
    assert sum(slept) == pytest.approx(40.0)
    slept.clear()
    clock.let = True
    wait_for_person(places.locked_file(), clock)
    assert sum(slept) == pytest.approx(5.25)


# ── who is the window ────────────────────────────────────────────────────────────────────────────
def test_a_program_that_is_not_our_window_is_refused_and_noted(desk: Desk) -> None:
    agent = Here(any_window=False)
    try:
        with pytest.raises(CredGuardError) as caught:
            Watch()
        assert caught.value.code == "not-the-window"
        with pytest.raises(CredGuardError):
            Watch()
        assert not agent.process.approvals.has_window
        noted = [row for row in agent.process.services.activity() if "wanted to answer" in str(row.action)]
        assert len(noted) == 1  # once for each process
        assert f"process {os.getpid()}" in noted[0].detail
    finally:
        agent.close()


def test_the_holder_of_the_leash_is_the_window_and_its_children_are_not(desk: Desk) -> None:
    desk.start(child=True)
    watch = Watch()
    watch.close()
    code = "from credguard.vault.watch import Watch; Watch()"
    ran = desk.run([sys.executable, "-c", code], {"PYTHONPATH": str(ROOT)})
    assert "not-the-window" in ran.stderr or "Only CredGuard’s own window" in ran.stderr


@pytest.mark.parametrize("way", [["-I", f"{places.package()}/__main__.py"], ["-m", "credguard"]])
def test_an_agent_in_the_background_takes_our_own_program_for_the_window(desk: Desk, way: list[str]) -> None:
    from credguard.system.asking import is_our_program

    process = subprocess.Popen(
        [sys.executable, *way, "agent"],
        env={**desk.env, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until_true(lambda: is_our_program(process.pid))
        assert not is_our_program(os.getpid())
        until_true(lambda: os.path.exists(places.agent_socket()))
        Agent().unlock(passphrase())  # it is trusted with the passphrase too
    finally:
        process.terminate()
        process.wait(10)
    started = start({"passphrase": PASSPHRASE}, environ=desk.env)
    with pytest.raises(CredGuardError) as caught:
        Watch()  # not the holder of a leash: it has none
    assert caught.value.code == "not-the-window"
    Agent().lock()
    until_true(started.gone)


def test_between_a_lock_and_the_windows_next_agent_it_waits(desk: Desk) -> None:
    """The old agent has ended, the one that programs wait at is not there yet; the window is."""
    services = Services(starts_agent=True, environ=desk.env)
    with services.interlock.hold("window"):
        asking = subprocess.Popen(
            [*places.helper(), "p-work"], env=desk.env, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        with pytest.raises(subprocess.TimeoutExpired):
            asking.wait(2)  # nobody answers it, and it is not refused
        assert services.stand_by()
        window = Window()
        try:
            until_true(lambda: "waiting" in window.kinds() or asking.poll() is not None)
            if asking.poll() is None:
                services.unlock(Secret(PASSPHRASE))
            out, err = asking.communicate(timeout=60)
        finally:
            window.close()
            services.close()
    assert (asking.returncode, err) == (0, "")
    assert SECRET in out


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="stops a process")
def test_the_full_program_keeps_to_the_time_of_the_sdk(desk: Desk) -> None:
    """Something that hangs for ever, here an agent that was stopped, is given up in time."""
    stopped = desk.start()
    os.kill(stopped.pid, signal.SIGSTOP)
    try:
        begun = str(time.monotonic() - 46.0)
        ran = desk.credguard("credential-process", "--profile", "p-work", "--begun", begun)
    finally:
        os.kill(stopped.pid, signal.SIGCONT)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "CredGuard did not get the credentials in time. Nothing was changed: do it again.\n"


def test_the_wait_is_by_the_clock_however_long_a_look_takes() -> None:
    looks: list[int] = []

    def slow() -> bool:
        looks.append(1)
        threading.Event().wait(0.3)
        return False

    class Nobody:
        has_window = True

        def tell(self, event: dict[str, Any]) -> bool:
            return True

    with pytest.raises(Locked):
        Waiting(Nobody(), 0.9).until(slow, Asker("x", 1, "/x", False), "work", lambda: False)
    assert len(looks) <= 4


def test_a_window_counts_as_soon_as_it_hears_that_it_is_one(desk: Desk, here: Here) -> None:
    """Else a program that asks in this moment is refused, although there is somebody to ask."""
    connect = here.process.approvals.connect

    def slowly(window: Any) -> None:
        threading.Event().wait(0.5)
        connect(window)

    here.process.approvals.connect = slowly  # type: ignore[method-assign]
    window = Window()
    try:
        assert Agent().status()["window"] is True
    finally:
        window.close()
