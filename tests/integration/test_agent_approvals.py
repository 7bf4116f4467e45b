"""A program asks, a person allows it through a window or not: over the real socket, with a fake window."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from credguard.agent import approvals as module
from credguard.agent.approvals import Approvals, Wish
from credguard.agent.server import is_gone
from credguard.catalog.approvals import Approvals as Kept
from credguard.catalog.database import open_database
from credguard.domain.errors import CredGuardError
from credguard.domain.text import text
from credguard.system.asking import Asker
from credguard.vault.remote import Agent
from credguard.vault.watch import Watch
from credguard.wire import places
from tests.support.agent import ACCOUNT, KEY, ROOT, SECRET, Desk, Here, until_true
from tests.support.agent import desk as desk
from tests.support.agent import here as here
from tests.support.clock import FakeClock


class Person:
    """A window whose person answers each question with `decide(question)`; None says nothing."""

    def __init__(self, decide: Callable[[dict[str, Any]], str | None]) -> None:
        self.heard: list[dict[str, Any]] = []
        self._decide = decide
        self._watch = Watch()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        for event in self._watch.events():
            self.heard.append(event)
            decision = self._decide(event) if event["event"] == "question" else None
            if decision is not None:
                self._watch.answer(event["id"], decision)

    @property
    def questions(self) -> list[dict[str, Any]]:
        return [event for event in self.heard if event["event"] == "question"]

    def close(self) -> None:
        self._watch.close()
        self._thread.join(10)


@pytest.fixture
def person(here: Here, desk: Desk) -> Iterator[Callable[[Callable[[dict[str, Any]], str | None]], Person]]:
    desk.settings.change("approve", "all")
    made: list[Person] = []

    def make(decide: Callable[[dict[str, Any]], str | None]) -> Person:
        window = Person(decide)
        made.append(window)
        until_true(lambda: here.process.approvals.has_window)
        return window

    yield make
    for window in made:
        window.close()


def program(desk: Desk, name: str = "terraform") -> list[str]:
    """A program of this name, which runs what it is told."""
    script = desk.folder / name
    script.write_text(
        "import subprocess, sys\n"
        "ran = subprocess.run(sys.argv[1:])\n"
        "sys.exit(ran.returncode)\n"
    )  # fmt: skip
    return [sys.executable, str(script), *places.helper(), "p-work"]


def _activity(desk: Desk) -> list[tuple[str, str, str]]:
    rows = json.loads(desk.credguard("activity", "--json").stdout)
    return [(row["actor"], row["action"], row["kind"]) for row in rows]


def test_without_a_window_it_is_a_no(here: Here, desk: Desk) -> None:
    desk.settings.change("approve", "all")
    ran = desk.run(program(desk))
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == (
        "CredGuard: terraform was not allowed to use Northwind. Open CredGuard’s window, then do the same"
        " again.\n"
    )
    assert ("terraform", "was refused the key of work: no window was open to ask in", "refused") in _activity(
        desk
    )


def test_off_by_default(here: Here, desk: Desk) -> None:
    assert desk.run(program(desk)).returncode == 0


def test_for_the_chosen_accounts_alone(here: Here, desk: Desk) -> None:
    desk.settings.change("approve", "chosen")
    desk.settings.change("approve_accounts", "111122223333")
    assert desk.run(program(desk)).returncode == 0
    desk.settings.change("approve_accounts", f"111122223333, {ACCOUNT}")
    assert desk.run(program(desk)).returncode == 1


def test_the_question_names_program_file_process_and_account(
    here: Here, desk: Desk, person: Callable[..., Person]
) -> None:
    window = person(lambda question: "once")
    ran = desk.run(program(desk))
    assert json.loads(ran.stdout)["SecretAccessKey"] == SECRET
    (question,) = window.questions
    assert (question["program"], question["file"]) == ("terraform", str(desk.folder / "terraform"))
    assert question["pid"] > 1
    assert (question["account"], question["account_id"], question["color"]) == (
        "Northwind",
        ACCOUNT,
        "violet",
    )
    assert question["seconds"] == 40
    assert question["before"] is None
    assert question["once_only"] is False
    assert SECRET not in json.dumps(window.heard)


def test_once_hour_always_deny(here: Here, desk: Desk, person: Callable[..., Person]) -> None:
    answers = ["once", "hour", "deny", "always"]
    window = person(lambda question: answers.pop(0))
    run = program(desk)
    assert desk.run(run).returncode == 0  # once
    assert desk.run(run).returncode == 0  # hour: asked again
    assert len(window.questions) == 2
    here.clock.sleep(600)
    assert desk.run(run).returncode == 0
    assert len(window.questions) == 2
    desk.settings.change("lock_keys", "never")
    here.clock.sleep(3000)
    denied = desk.run(run)
    assert (denied.returncode, denied.stdout) == (1, "")
    assert "It was denied in CredGuard’s window." in denied.stderr
    assert window.questions[-1]["before"] is not None
    assert desk.run(run).returncode == 0  # always
    here.clock.sleep(10**6)
    assert desk.run(run).returncode == 0
    assert len(window.questions) == 4
    told = [row[1] for row in _activity(desk) if row[0] == "terraform" and "by you" in row[1]]
    assert sorted(told) == [
        "was allowed the key of work by you, always",
        "was allowed the key of work by you, for 1 hour",
        "was allowed the key of work by you, once",
        "was refused the key of work by you",
    ]
    # Another program is asked about for itself.
    answers.append("deny")
    assert desk.run(program(desk, "ansible")).returncode == 1
    shown = json.loads(desk.credguard("agent", "--allowed", "--json").stdout)
    assert [(row["program"], row["account_id"], row["until"]) for row in shown] == [
        (str(desk.folder / "terraform"), ACCOUNT, None)
    ]
    assert desk.credguard("agent", "--disallow", "all").stdout == "1 taken back.\n"
    answers.append("deny")
    assert desk.run(run).returncode == 1


def test_parallel_callers_share_one_question(here: Here, desk: Desk, person: Callable[..., Person]) -> None:
    waiting = threading.Event()

    def when_all_wait(question: dict[str, Any]) -> str:
        until_true(lambda: sum(p.waiting for p in here.process.approvals._pending.values()) == 5)
        waiting.set()
        return "once"

    window = person(when_all_wait)
    run = program(desk)
    with ThreadPoolExecutor(5) as pool:
        assert [ran.returncode for ran in pool.map(lambda _: desk.run(run), range(5))] == [0] * 5
    assert waiting.is_set()
    assert len(window.questions) == 1


def test_a_window_that_closes_is_a_no(here: Here, desk: Desk, person: Callable[..., Person]) -> None:
    window = person(lambda question: threading.Thread(target=window.close).start())
    ran = desk.run(program(desk))
    assert ran.returncode == 1
    assert "Nobody answered" in ran.stderr


def test_the_question_goes_when_its_program_does(
    here: Here, desk: Desk, person: Callable[..., Person]
) -> None:
    window = person(lambda question: None)
    with subprocess.Popen([*places.helper(), "p-work"], env=desk.env) as asking:
        until_true(lambda: len(window.questions) == 1)
        asking.kill()
    until_true(lambda: window.heard[-1]["event"] == "withdrawn")
    assert window.heard[-1]["id"] == window.questions[0]["id"]


def test_a_key_read_by_itself_is_asked_about_too(
    here: Here, desk: Desk, person: Callable[..., Person]
) -> None:
    window = person(lambda question: "deny")
    code = (
        "from credguard.domain.errors import CredGuardError\n"
        "from credguard.vault.remote import Agent\n"
        f"one, code = dict(name='access-key/{KEY}'), dict(id='e-1')\n"
        "asked = ('get', one), ('code', code), ('code-pair', code)\n"
        "for what, more in asked:\n"
        "    try: print(Agent().ask(what, **more))\n"
        "    except CredGuardError as error: print(error.code)\n"
    )
    ran = desk.run([sys.executable, "-c", code], {"PYTHONPATH": str(ROOT)})
    assert ran.stdout.split() == ["not-allowed"] * 3, ran.stderr
    assert len(window.questions) == 3
    # The window itself, in this process, is not asked about what it does for its person.
    assert Agent().ask("get", name=f"access-key/{KEY}")["value"]
    assert len(window.questions) == 3
    told = _activity(desk)
    assert any(row[1] == "connected as the window that answers for you" for row in told)


def test_a_program_that_waits_quietly_is_not_taken_for_gone() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(30)
        before = time.monotonic()
        assert not is_gone(ours)
        theirs.sendall(b"x")
        assert not is_gone(ours)
        assert ours.recv(1) == b"x"  # looked at, not taken
        theirs.close()
        assert is_gone(ours)
        assert time.monotonic() - before < 5


# ── the rules, without a socket ──────────────────────────────────────────────────────────────────
class Silent:
    """A window whose person never answers."""

    pid = 1

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []

    def tell(self, event: dict[str, Any]) -> bool:
        self.told.append(event)
        return True


def _wish(file: str = "/usr/bin/terraform") -> Wish:
    return Wish(
        Asker("terraform", 7, file, True), ACCOUNT, "Northwind", "violet", text("the key of {p}", p="work")
    )


@pytest.fixture
def rules(tmp_path: Any) -> Iterator[tuple[Approvals, Kept, FakeClock, list[str]]]:
    database = open_database(str(tmp_path / "catalog.sqlite"))
    kept, clock, rows = Kept(database), FakeClock(), []
    made = Approvals(
        lambda: kept, clock, lambda account: True, lambda *row: rows.append(str(row[1])), seconds=0.5
    )
    yield made, kept, clock, rows
    database.close()


def test_always_is_kept_although_whoever_asked_first_has_given_up(
    rules: tuple[Approvals, Kept, FakeClock, list[str]],
) -> None:
    made, kept, clock, rows = rules
    made._seconds = 30.0
    window = Silent()
    made.connect(window)
    given_up = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(made.check, _wish(), given_up.is_set)
        until_true(lambda: len(window.told) == 1)
        second = pool.submit(made.check, _wish())
        until_true(lambda: next(iter(made._pending.values())).waiting == 2)
        given_up.set()
        with pytest.raises(CredGuardError):
            first.result()
        made.answer(window.told[0]["id"], "always")
        second.result()
    assert [one.program for one in kept.all(clock.now())] == ["/usr/bin/terraform"]
    assert rows[-1] == "was allowed the key of work by you, always"


def test_nobody_answers_in_time(rules: tuple[Approvals, Kept, FakeClock, list[str]]) -> None:
    made, _, _, rows = rules
    window = Silent()
    made.connect(window)
    with pytest.raises(CredGuardError) as caught:
        made.check(_wish())
    assert caught.value.code == "not-allowed"
    assert [event["event"] for event in window.told] == ["question", "withdrawn"]
    assert rows == ["was refused the key of work: nobody answered"]
    assert module.SECONDS == 40


def test_an_hour_ends_and_a_clock_set_back_does_not_lengthen_it(
    rules: tuple[Approvals, Kept, FakeClock, list[str]],
) -> None:
    _, kept, clock, _ = rules
    kept.allow("/usr/bin/terraform", ACCOUNT, clock.now(), clock.now() + 3600)
    assert kept.allowed("/usr/bin/terraform", ACCOUNT, clock.now() + 3599)
    assert not kept.allowed("/usr/bin/terraform", ACCOUNT, clock.now() + 3600)
    assert not kept.allowed("/usr/bin/terraform", ACCOUNT, clock.now() - 1)
    assert not kept.allowed("/usr/bin/terraform", "111122223333", clock.now())
    assert not kept.allowed("/tmp/terraform", ACCOUNT, clock.now())


@pytest.mark.parametrize("file", ["", "/usr/bin/python3.11", "/usr/bin/node"])
def test_an_interpreter_is_allowed_once_at_most(
    rules: tuple[Approvals, Kept, FakeClock, list[str]], file: str
) -> None:
    made, kept, clock, _ = rules
    window = Silent()
    made.connect(window)
    window.tell = lambda event: (  # type: ignore[method-assign]
        event["event"] != "question" or made.answer(event["id"], "always") is None
    )
    made.check(_wish(file))
    assert kept.all(clock.now()) == ()


def test_what_a_window_says_that_is_no_decision_is_a_no(
    rules: tuple[Approvals, Kept, FakeClock, list[str]],
) -> None:
    made, kept, clock, _ = rules
    window = Silent()
    made.connect(window)
    window.tell = lambda event: made.answer(event["id"], "yes") is None  # type: ignore[method-assign]
    with pytest.raises(CredGuardError):
        made.check(_wish())
    assert kept.all(clock.now()) == ()
