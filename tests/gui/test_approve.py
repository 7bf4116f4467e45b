"""The prompt that asks for a program, and the window's line to a real agent."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from credguard.domain.text import text
from credguard.gui.agent_link import AgentLink
from credguard.gui.approve import DEAF, Prompt
from tests.support.agent import ACCOUNT, SECRET, Desk, until_true
from tests.support.agent import desk as desk
from tests.support.gui import grab, settle


def question(number: str = "q1", **more: Any) -> dict[str, Any]:
    return {
        "event": "question", "id": number, "seconds": 40.0, "program": "terraform",
        "file": "/usr/bin/terraform", "pid": 41207, "started_by": ["zsh", "Terminal"],
        "account_id": ACCOUNT, "account": "Acme Production", "color": "blue",
        "wants": text("the key of {profile}", profile="acme").to_json(), "before": None,
        "once_only": False, **more,
    }  # fmt: skip


class Time:
    at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def prompt(qt: QApplication, time: Time) -> Iterator[Prompt]:
    made = Prompt(time)
    made.heard = []  # type: ignore[attr-defined]
    made.answered.connect(lambda number, decision: made.heard.append((number, decision)))  # type: ignore[attr-defined]
    yield made
    made.close()


def heard(prompt: Prompt) -> list[tuple[str, str]]:
    return prompt.heard  # type: ignore[attr-defined, no-any-return]


def test_it_says_who_wants_what(prompt: Prompt) -> None:
    prompt.ask(question())
    assert prompt.isVisible()
    assert prompt.question.text() == "Allow terraform to use Acme Production?"
    assert {name: fact.text() for name, fact in prompt.facts.items()} == {
        "Program": "/usr/bin/terraform",
        "Started by": "zsh in Terminal, process 41207",
        "Wants": "the key of acme",
        "Before": "never allowed until now",
    }
    assert prompt.allow.text() == "Allow for 1 hour"
    assert prompt.width() == 384


def test_it_takes_no_keyboard_and_stays_on_top(prompt: Prompt) -> None:
    assert prompt.testAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
    flags = prompt.windowFlags()
    assert flags & Qt.WindowType.WindowStaysOnTopHint
    assert flags & Qt.WindowType.Tool == Qt.WindowType.Tool  # in no task bar
    assert not prompt.testAttribute(Qt.WidgetAttribute.WA_QuitOnClose)


@pytest.mark.parametrize(
    ("how", "words"), [("once", "Allow once"), ("hour", "Allow for 1 hour"), ("always", "Always allow")]
)
def test_the_button_repeats_the_choice(prompt: Prompt, time: Time, how: str, words: str) -> None:
    prompt.ask(question())
    prompt.how._keys[how].click()
    assert prompt.allow.text() == words
    time.at += DEAF
    QTest.mouseClick(prompt.allow, Qt.MouseButton.LeftButton)
    assert heard(prompt) == [("q1", how)]
    assert not prompt.isVisible()


def test_a_click_that_comes_too_early_does_nothing(prompt: Prompt, time: Time) -> None:
    prompt.ask(question())
    time.at += DEAF - 0.01
    QTest.mouseClick(prompt.allow, Qt.MouseButton.LeftButton)
    QTest.keyClick(prompt, Qt.Key.Key_Return)
    assert heard(prompt) == []
    time.at += 0.01
    QTest.mouseClick(prompt.deny, Qt.MouseButton.LeftButton)
    assert heard(prompt) == [("q1", "deny")]


@pytest.mark.parametrize(("key", "decision"), [(Qt.Key.Key_Escape, "deny"), (Qt.Key.Key_Return, "hour")])
def test_keys(prompt: Prompt, time: Time, key: Qt.Key, decision: str) -> None:
    prompt.ask(question())
    time.at += 1
    QTest.keyClick(prompt, key)
    assert heard(prompt) == [("q1", decision)]


def test_several_questions_queue(prompt: Prompt, time: Time) -> None:
    prompt.ask(question("q1"))
    prompt.ask(question("q2", program="ansible"))
    prompt.ask(question("q2"))  # told twice
    prompt.ask(question("q3", program="pulumi"))
    assert prompt._count.text() == "1 of 3"
    time.at += 1
    prompt.deny.click()
    assert prompt.question.text().startswith("Allow ansible")
    prompt.deny.click()  # the next question is deaf again at first
    assert heard(prompt) == [("q1", "deny")]
    prompt.withdraw("q2")
    assert prompt.question.text().startswith("Allow pulumi")
    assert prompt._count.text() == "no answer is a no"


def test_time_runs_out(prompt: Prompt, time: Time) -> None:
    prompt.ask(question())
    time.at += 30
    prompt.tick()
    assert prompt.ring.value() == 10
    time.at += 10
    prompt.tick()
    assert not prompt.isVisible()
    assert heard(prompt) == []


def test_an_interpreter_can_be_allowed_once(prompt: Prompt, time: Time) -> None:
    prompt.ask(question(once_only=True, file="/usr/bin/python3.11"))
    assert prompt.allow.text() == "Allow once"
    assert not prompt.how.isEnabled()
    time.at += 1
    prompt.allow.click()
    assert heard(prompt) == [("q1", "once")]


def test_every_control_has_a_name_and_long_names_fit(prompt: Prompt) -> None:
    prompt.ask(question(account="A very long name of a company " * 4, file="/usr/" + "deep/" * 60 + "x"))
    grab(prompt)
    for control in (prompt.allow, prompt.deny, prompt.how):
        assert control.accessibleName()
        assert prompt.rect().contains(control.geometry())
    assert prompt.width() == 384
    assert prompt.facts["Program"].width() < 384 - 100


# ── with a real agent ────────────────────────────────────────────────────────────────────────────
def until(met: Callable[[], bool]) -> None:
    """Let Qt work until `met`."""

    def look() -> bool:
        settle()
        return met()

    until_true(look)


class Main(QWidget):
    """As much of the window as the line to the agent needs."""

    locks = 0
    reads = 0
    locked = False
    lock_due = None

    def lock(self) -> None:
        self.locks += 1
        self.locked = True

    def changed(self) -> None:
        self.reads += 1

    def look_at_lock(self) -> None:
        pass

    def show_waiting(self, events: object) -> None:
        pass

    @property
    def services(self) -> Main:
        return self

    def stand_by(self) -> bool:
        return False


def test_a_program_waits_for_the_person_at_the_window(qt: QApplication, desk: Desk) -> None:
    desk.settings.change("approve", "all")
    started = desk.start(child=True)
    window = Main()
    link = AgentLink(window)
    try:
        until(lambda: link.connected)
        with subprocess.Popen(
            desk_program(desk), env=desk.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as waiting:
            until(lambda: link.prompt.isVisible())
            assert link.prompt.question.text() == "Allow terraform to use Northwind?"
            assert link.prompt.facts["Program"].text() == str(desk.folder / "terraform")
            link.prompt._now = lambda: link.prompt._shown_at + 1
            link.prompt.allow.click()
            out, err = waiting.communicate(timeout=30)
        assert json.loads(out)["SecretAccessKey"] == SECRET, err
        rows = json.loads(desk.credguard("agent", "--allowed", "--json").stdout)
        assert [row["program"] for row in rows] == [str(desk.folder / "terraform")]
        assert window.locks == 0
        desk.credguard("lock")
        until(lambda: started.gone() and not link.connected)
        until(lambda: window.locks == 1)
    finally:
        link.close()


def test_codes_that_lock_are_read_again_and_a_lock_of_all_locks_the_window(
    qt: QApplication, desk: Desk
) -> None:
    window = Main()
    link = AgentLink(window)
    try:
        link._hear({"event": "locked", "parts": ["codes"], "reason": "away"})
        assert (window.locks, window.reads) == (0, 1)
        link._hear({"event": "locked", "parts": ["keys"], "reason": "each-use"})
        assert (window.locks, window.reads) == (0, 2)
        link._hear({"event": "locked", "parts": ["keys", "codes"], "reason": "sleep"})
        link._hear({"event": "locked", "parts": ["keys", "codes"], "reason": "ended"})
        assert (window.locks, window.reads) == (1, 2)
    finally:
        link.close()


def desk_program(desk: Desk) -> list[str]:
    import sys

    from credguard.wire import places

    script = desk.folder / "terraform"
    script.write_text("import subprocess, sys\nsys.exit(subprocess.run(sys.argv[1:]).returncode)\n")
    return [sys.executable, str(script), *places.helper(), "p-work"]
