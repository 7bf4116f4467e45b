"""The agent under what should not happen: killed, crowded, impersonated, locked in the middle, kept busy."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from credguard.agent import waiting as waiting_module
from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.secret import Secret
from credguard.services import Services
from credguard.vault.remote import Agent, connect, send
from credguard.vault.sealed.vault import SealedVault
from credguard.vault.watch import Watch
from credguard.wire import frames, items, places
from tests.support.agent import SECRET, Desk, Here, until_true
from tests.support.agent import desk as desk
from tests.support.agent import here as here
from tests.support.stores import PASSPHRASE, passphrase

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def in_words(ran: subprocess.CompletedProcess[str]) -> bool:
    """Credentials, or exit 4 with one sentence and nothing on stdout."""
    if ran.returncode == 0:
        return SECRET in ran.stdout and ran.stderr == ""
    return ran.returncode == 4 and ran.stdout == "" and 1 <= len(ran.stderr.splitlines()) <= 3


def hears(kind: str) -> tuple[Watch, threading.Event, list[dict[str, Any]]]:
    """A window, an event set by the first event of a kind, and all it heard."""
    watch, there, heard = Watch(), threading.Event(), []

    def listen() -> None:
        for event in watch.events():
            heard.append(event)
            if event["event"] == kind:
                there.set()

    threading.Thread(target=listen, daemon=True).start()
    return watch, there, heard


def test_fifty_programs_while_it_is_locked_and_unlocked(desk: Desk) -> None:
    services = Services(starts_agent=True, environ=desk.env)
    stop = threading.Event()

    def to_and_fro() -> int:
        count = 0
        while not stop.is_set():
            services.unlock(Secret(PASSPHRASE))
            stop.wait(0.3)
            services.lock()
            count += 1
        return count

    try:
        with ThreadPoolExecutor(9) as pool:
            locking = pool.submit(to_and_fro)
            ran = list(pool.map(lambda _: desk.provider(), range(50)))
            stop.set()
            assert locking.result() > 0
        assert [one.stderr for one in ran if not in_words(one)] == []
        vault = desk.reopened()
        assert vault.get("totp/e-1") is not None
    finally:
        services.close()


@on_linux
@pytest.mark.parametrize("way", ["killed", "locked"])
def test_it_ends_while_a_question_to_the_person_is_open(desk: Desk, way: str) -> None:
    desk.settings.change("approve", "all")
    started = desk.start(child=True)
    watch, asked, _ = hears("question")
    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(desk.provider)
        assert asked.wait(30)
        if way == "killed":
            os.kill(started.pid, signal.SIGKILL)
        else:
            Agent().lock()
        ran = waits.result()
    assert (ran.returncode, ran.stdout) == (4, ""), ran.stderr
    assert in_words(ran)
    watch.close()
    until_true(started.gone)
    desk.start()  # what it left is no obstacle
    desk.settings.change("approve", "off")
    assert desk.provider().returncode == 0


@on_linux
def test_an_agent_that_hangs_is_ended_by_a_lock(desk: Desk) -> None:
    """Locked is said only of a process that is gone: this one would go on holding the vault."""
    started = desk.start()
    os.kill(started.pid, signal.SIGSTOP)
    assert Agent().lock(1.0)
    until_true(lambda: started.gone() or not Path(f"/proc/{started.pid}").exists(), 5)


class Impostor:
    """Another program of the same user, at the place of the socket; notes what it is told."""

    def __init__(self, folder: Path) -> None:
        self.told = folder / "told"
        code = (
            "import socket, sys\n"
            "s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(); print('up', flush=True)\n"
            "while True:\n"
            "    c, _ = s.accept(); c.settimeout(1)\n"
            "    try: data = c.recv(65536)\n"
            "    except OSError: data = b''\n"
            "    open(sys.argv[2], 'ab').write(data); c.close()\n"
        )
        path = places.agent_socket()
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, path, str(self.told)], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "up\n"

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def impostor(desk: Desk) -> Iterator[Impostor]:
    made = Impostor(desk.folder)
    yield made
    made.close()


@on_linux
def test_no_passphrase_and_no_pin_goes_to_another_program(desk: Desk, impostor: Impostor) -> None:
    services = Services(environ=desk.env)
    for unlock in (
        lambda: services._unlocking.with_passphrase(Secret(PASSPHRASE)),
        lambda: services.unlock_with("fido2", ask_pin=lambda left: Secret("1234")),
    ):
        with pytest.raises(CredGuardError) as caught:
            unlock()
        assert caught.value.code == "agent-foreign"
        assert str(impostor.process.pid) in str(caught.value.what)
    services.close()
    ran = desk.provider()  # it gets no answer there, and says what is locked
    assert in_words(ran)
    assert ran.returncode == 4
    told = impostor.told.read_bytes()
    assert PASSPHRASE.encode() not in told
    assert b"1234" not in told


@on_linux
def test_an_agent_takes_its_place_back(desk: Desk, impostor: Impostor) -> None:
    started = desk.start()  # nobody holds the interlock: the socket there is dead, or a stranger's
    assert Agent().status()["pid"] == started.pid
    assert desk.provider().returncode == 0


@on_linux
def test_a_socket_put_in_its_place_later_is_left_alone_at_the_end(desk: Desk) -> None:
    started = desk.start()
    Impostor(desk.folder).close()
    os.kill(started.pid, signal.SIGTERM)
    until_true(started.gone)
    assert os.path.lexists(places.agent_socket())  # not its own any more


@on_linux
def test_five_thousand_questions_leave_no_descriptor_and_no_thread(desk: Desk) -> None:
    pid = desk.start().pid

    def open_now() -> tuple[int, int]:
        threads = Path(f"/proc/{pid}/task")
        return len(os.listdir(f"/proc/{pid}/fd")), len(list(threads.iterdir()))

    def ask(count: int) -> None:
        agent = Agent()
        for _ in range(count):
            agent.status()
        agent.close()

    ask(10)
    until_true(lambda: open_now()[1] <= 6)
    before = open_now()
    with ThreadPoolExecutor(10) as pool:
        for done in [pool.submit(ask, 10) for _ in range(500)]:
            done.result()
    until_true(lambda: open_now() <= before)
    assert Agent().status()["open"] == ["keys", "codes"]


@on_linux
@pytest.mark.parametrize(
    "sent",
    [
        b'CG\x01?\x00\x00\x00\x10{"ask"',  # half a frame
        b"CG\x01?\x40\x00\x00\x00" + b"x" * 4096,  # a body of one gigabyte
        b"CG",
    ],
)
def test_a_hundred_that_hang_keep_nobody_waiting(desk: Desk, sent: bytes) -> None:
    desk.start()
    hanging = []
    for _ in range(100):
        connection = connect(places.agent_socket())
        assert connection is not None
        connection.sendall(sent)
        hanging.append(connection)
    try:
        assert desk.provider().returncode == 0
        assert Agent().status()["open"] == ["keys", "codes"]
    finally:
        for connection in hanging:
            connection.close()


def test_more_than_can_wait_are_refused_and_the_window_still_gets_in(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_module, "MOST", 5)
    agent = Here(opened=False)
    watch, _, heard = hears("waiting")
    try:
        question = frames.encode({"ask": "credentials", "profile": "p-work"})
        connections: list[socket.socket] = []
        for _ in range(5):
            connection = connect(places.agent_socket())
            assert connection is not None
            connections.append(connection)
        # Another process would ask; this one is the window too, so it asks as none.
        agent.process.approvals.is_window = lambda pid: False  # type: ignore[method-assign]
        for connection in connections:
            send(connection, frames.QUESTION, question)
        # A window that has just connected may hear of one twice.
        until_true(lambda: len({event["id"] for event in heard if event["event"] == "waiting"}) == 5)
        with pytest.raises(Locked) as caught:
            Agent().finished("credentials", profile="p-work")
        assert caught.value.code == "programs-wait"
        assert Agent().unlock(passphrase())["open"] == ["keys", "codes"]
        for connection in connections:
            answer = frames.read(connection.recv)
            assert answer is not None
            assert answer[0] == frames.FINISHED
            connection.close()
    finally:
        watch.close()
        agent.close()


def test_sleep_and_screen_lock_in_the_middle_of_writes(here: Here, desk: Desk) -> None:
    """Each write is whole or refused in words; what was said to be stored is there."""
    stored: list[str] = []
    refused: list[str] = []
    done = threading.Event()

    def write() -> None:
        agent = Agent()
        for number in range(60):
            name = items.totp(f"w-{number}")
            value = items.encode({"v": 1, "id": f"w-{number}", "secret": "JBSWY3DP", "name": f"n {number}"})
            try:
                agent.ask("put", name=name, value=value)
                stored.append(name)
            except CredGuardError as error:
                refused.append(error.code)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    events = 0
    while not done.is_set():
        here.process.keeper.event("screen-lock")
        if not here.ended:
            here.process.keeper.open(passphrase())
        events += 1
    writer.join()
    assert events > 2
    assert set(refused) <= {"part-locked", "vault-locked", "compartment-locked"}
    vault = desk.reopened()
    assert stored
    assert set(stored) <= set(vault.names())
    assert vault.get("totp/e-1") is not None


def test_ten_thousand_codes(desk: Desk) -> None:
    vault = SealedVault(places.vault_file())
    vault.open(passphrase())
    loaded = vault.loaded()
    many = {
        f"totp/m-{number}": (
            items.encode({"v": 1, "id": f"m-{number}", "secret": "JBSWY3DPEHPK3PXP", "name": f"C {number}"}),
            1.0,
        )
        for number in range(10_000)
    }  # fmt: skip
    with vault._threads:
        vault._change(loaded, "codes", {**loaded.items["codes"], **many})
    vault.close()
    services = Services(starts_agent=True, environ=desk.env)
    try:
        services.unlock(Secret(PASSPHRASE))
        assert len(services.codes()) == 10_001
        assert len(services.store.names("totp/")) == 10_001
        assert services.code("m-9999").code.isdigit()
        assert desk.provider().returncode == 0
    finally:
        services.close()
