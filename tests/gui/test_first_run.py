"""The first run on a computer whose keys lie in plaintext: the files, the provider's answer, the way back."""

from __future__ import annotations

import configparser
import json
import os
import shlex
import subprocess
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from credguard.demo.cloud import companies
from credguard.gui.journeys.first_run import FirstRun
from credguard.gui.journeys.first_run_parts import FoundList, Results
from credguard.gui.journeys.frame import DONE, FOUND, MOVING, WELCOME
from credguard.gui.journeys.start import begin
from credguard.gui.theme import theme
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.field import CheckBox
from credguard.gui.widgets.moving import MovingCard
from credguard.gui.window import Window
from tests.support.gui import settle
from tests.support.window import Laptop, read, until

pytestmark = pytest.mark.usefixtures("qt")


@pytest.fixture
def laptop() -> Iterator[Laptop]:
    with Laptop() as made:
        yield made


def journey(window: Window) -> FirstRun:
    found = window._journey
    assert isinstance(found, FirstRun)
    return found


def start(laptop: Laptop) -> tuple[Window, FirstRun]:
    window = laptop.window()
    begin(window)
    until(window, lambda: window._journey is not None)
    read(window)
    return window, journey(window)


def button(parent: QWidget, words: str) -> Button:
    return next(b for b in parent.findChildren(Button) if b.text() == words and b.isVisible())


def files(laptop: Laptop) -> dict[str, str]:
    found = {}
    for path in (laptop.world.files.config, laptop.world.files.credentials, laptop.world.files.root_csv):
        with open(path, encoding="utf-8", newline="") as file:
            found[path] = file.read()
    return found


def asked(laptop: Laptop, profile: str) -> dict[str, str]:
    """What the line in the config file answers."""
    parser = configparser.ConfigParser(default_section="none")
    parser.read(laptop.world.files.config, encoding="utf-8")
    line = parser[f"profile {profile}"]["credential_process"]
    done = subprocess.run(
        shlex.split(line), capture_output=True, check=True, env=laptop.world.environ(), text=True
    )
    return dict(json.loads(done.stdout))


def test_from_the_welcome_to_the_end_by_keyboard_and_back(laptop: Laptop) -> None:
    before = files(laptop)
    window, run = start(laptop)
    assert not window.rail.isVisible()
    assert run._dots.at == WELCOME
    assert run.accessibleName() == "Keep your AWS keys safe"
    QTest.keyClick(run, Qt.Key.Key_Return)
    read(window)
    assert run._dots.at == FOUND
    assert run.accessibleName() == "Five keys were found"
    assert "1234 5678 9012" in {label.text() for label in run.findChildren(QLabel)}
    assert files(laptop) == before
    assert not laptop.world.double.events.of("GetCallerIdentity")  # nothing was sent to AWS yet

    QTest.keyClick(run, Qt.Key.Key_Escape)
    read(window)
    assert run._dots.at == WELCOME
    QTest.keyClick(button(run, "Look for keys"), Qt.Key.Key_Return)
    read(window)
    move = button(run, "Move 5 keys")
    assert move.hasFocus()
    QTest.keyClick(move, Qt.Key.Key_Return)
    assert run._dots.at == MOVING
    until(window, lambda: run._dots.at == DONE)
    assert run.accessibleName() == "Your aws commands work as before"
    said = [label.text() for label in run.findChildren(QLabel)]
    assert "Nothing secret is left in ~/.aws/credentials." in said
    assert "5 keys are in CredGuard’s vault" in said
    assert "4 profiles ask CredGuard" in said
    assert "One of them is a root key" in said
    with open(laptop.world.files.credentials, encoding="utf-8") as file:
        assert "aws_secret_access_key" not in file.read()
    assert not os.path.exists(laptop.world.files.root_csv)
    answer = asked(laptop, "acme-prod")
    assert answer["AccessKeyId"] == companies.ACME_PRODUCTION.key_id()
    assert answer["SecretAccessKey"] == companies.ACME_PRODUCTION.secret()

    QTest.mouseClick(button(run, "Undo the move"), Qt.MouseButton.LeftButton)
    until(window, lambda: run.accessibleName() == "Your files are as they were")
    assert files(laptop) == before
    QTest.keyClick(run, Qt.Key.Key_Return)
    read(window)
    assert window._journey is None
    assert window.rail.isVisible()


def test_a_key_that_fails_is_kept_as_it_was_with_the_reason(laptop: Laptop) -> None:
    window, run = start(laptop)
    QTest.keyClick(run, Qt.Key.Key_Return)
    read(window)
    blue = companies.BLUE_KITE.key_id()
    laptop.world.double.faults.add("GetCallerIdentity", "unknown-key", times=None, key=blue)
    QTest.mouseClick(button(run, "Move 5 keys"), Qt.MouseButton.LeftButton)
    cards = run.findChildren(MovingCard)
    until(window, lambda: run._dots.at == DONE)
    said = [label.text() for label in run.findChildren(QLabel)]
    assert "bluekite was kept as it was" in said
    assert any("AWS does not know this key" in words for words in said)
    assert "1 key in ~/.aws is still in plaintext." in said
    assert len(cards) == 5
    with open(laptop.world.files.credentials, encoding="utf-8") as file:
        assert companies.BLUE_KITE.secret() in file.read()


def test_only_what_is_chosen_is_moved_and_it_stops_when_asked(laptop: Laptop) -> None:
    window, run = start(laptop)
    QTest.keyClick(run, Qt.Key.Key_Return)
    read(window)
    checks = run.findChildren(CheckBox)
    assert next(c.accessibleName() for c in checks) == "Move acme-prod"
    for check in checks[2:]:
        QTest.keyClick(check, Qt.Key.Key_Space)
    move = button(run, "Move 2 keys")
    for check in checks[:2]:
        QTest.mouseClick(check, Qt.MouseButton.LeftButton)
    assert not move.isEnabled()
    for check in checks[:2]:
        QTest.mouseClick(check, Qt.MouseButton.LeftButton)
    before = files(laptop)
    laptop.world.double.faults.add("GetCallerIdentity", "slow", times=1, seconds=0.5)
    QTest.mouseClick(move, Qt.MouseButton.LeftButton)
    QApplication.processEvents()
    QTest.mouseClick(button(run, "Stop after this key"), Qt.MouseButton.LeftButton)
    until(window, lambda: run._dots.at == DONE)
    stored = {k.access_key_id for row in laptop.services.accounts() for k in row.keys}
    assert companies.BLUE_KITE.key_id() not in stored  # the second of the two was not begun
    assert files(laptop)[laptop.world.files.root_csv] == before[laptop.world.files.root_csv]
    said = [label.text() for label in run.findChild(Results).findChildren(QLabel)]  # type: ignore[union-attr]
    assert any(words.endswith("not moved") for words in said)


def test_the_root_key_leads_to_its_way_out(laptop: Laptop) -> None:
    window, run = start(laptop)
    QTest.keyClick(run, Qt.Key.Key_Return)
    read(window)
    QTest.keyClick(run, Qt.Key.Key_Return)
    until(window, lambda: run._dots.at == DONE)
    QTest.mouseClick(button(run, "Make it safe"), Qt.MouseButton.LeftButton)
    read(window)
    assert window._current == f"root:{companies.PERSONAL.account_id}"


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("size", [(1120, 720), (800, 560)])
def test_nothing_is_cut(laptop: Laptop, scale: float, size: tuple[int, int]) -> None:
    window, run = start(laptop)
    theme().set_scale(scale)
    window.resize(*size)
    for screen in ("welcome", "found"):
        if screen == "found":
            QTest.keyClick(run, Qt.Key.Key_Return)
        read(window)
        settle()
        for part in (*run.findChildren(QLabel), *run.findChildren(Button)):
            if part.isVisible() and part.text():
                assert not (isinstance(part, QLabel) and part.toolTip()), part.text()
                corner = part.mapTo(window, part.rect().bottomRight())
                assert corner.x() <= window.width(), part.text()
        for left in run.findChildren(Button):
            if left.isVisible():
                assert left.width() >= left.full_width()
    assert run.findChild(FoundList) is not None
