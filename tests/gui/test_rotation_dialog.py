"""Rotations through the window, against the double: steps, failures, two keys, undo, closing it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from credguard.demo.cloud import companies
from credguard.demo.cloud.companies import Company
from credguard.demo.cloud.state import Key
from credguard.gui.journeys.rotation import RotationDialog, open_resume, open_rotation, open_undo
from credguard.gui.journeys.rotation_run import runs_of
from credguard.gui.journeys.start import carry_on
from credguard.gui.journeys.two_keys import TwoKeysDialog
from credguard.gui.theme import theme
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.evidence import EvidenceCard
from credguard.gui.widgets.overlay import ConfirmDialog
from credguard.gui.widgets.text import width_of
from credguard.gui.window import Window
from credguard.queries.accounts import AccountRow
from tests.support.gui import application, settle
from tests.support.window import DAY, Laptop, read, until

pytestmark = pytest.mark.usefixtures("qt")


@pytest.fixture(scope="module")
def laptop() -> Iterator[Laptop]:
    with Laptop() as made:
        made.as_designed()
        yield made


@pytest.fixture
def window(laptop: Laptop) -> Iterator[Window]:
    shown = laptop.window()
    yield shown
    laptop.world.double.faults.clear()
    shown.close()
    shown.tasks.wait()


def second_key(laptop: Laptop, company: Company, days: int, number: int = 3) -> str:
    """Another key of the company's first user, which nobody used."""
    user = laptop.world.double.user(company.account_id, company.people[0].name)
    made = Key(company.key_id(number), company.secret(number), laptop.clock.now() - days * DAY)
    user.keys.append(made)
    return made.access_key_id


def account(laptop: Laptop, name: str) -> AccountRow:
    return next(r for r in laptop.services.accounts() if r.account.name == name)


def key_of(laptop: Laptop, name: str) -> str:
    used = account(laptop, name).current
    assert used is not None
    return used.access_key_id


def dialog(window: Window) -> RotationDialog:
    panel = window.dialogs.panel
    assert isinstance(panel, RotationDialog)
    return panel


def rests(window: Window) -> RotationDialog:
    """Wait until the rotation shown rests."""
    until(window, lambda: not dialog(window).run.running)
    return dialog(window)


def states(shown: RotationDialog) -> list[str]:
    return [step.state for step in shown.steps.steps]


def keys_at_aws(laptop: Laptop, company: Company) -> dict[str, bool]:
    user = laptop.world.double.user(company.account_id, company.people[0].name)
    return {key.access_key_id: key.active for key in user.keys if not key.deleted}


def test_a_rotation_shows_its_steps_and_can_be_undone(laptop: Laptop, window: Window) -> None:
    old = key_of(laptop, "Northwind")
    counts: list[int] = []
    open_rotation(window, "Northwind", old)
    dialog(window).run.changed.connect(
        lambda: counts.extend(s.count for s in dialog(window).run.steps if s.state == "running" and s.total)
    )
    assert dialog(window).title.text() == "Rotating Northwind’s key"
    assert dialog(window).stop.text() == "Stop and keep the old key"
    assert window.rail.items["accounts"].accessibleDescription() == "work goes on"
    shown = rests(window)
    assert max(counts) >= 3  # "3 of 5 in a row" was there to be seen
    assert states(shown) == ["done"] * 5 + ["todo"]
    assert shown.title.text() == "Northwind’s key was rotated"
    assert shown.note.text() == "Your aws commands work as before."
    assert len(shown.steps.times) == 5
    assert "rotate" not in window.rail.items["accounts"].accessibleDescription()
    new = key_of(laptop, "Northwind")
    assert new != old
    assert keys_at_aws(laptop, companies.NORTHWIND) == {old: False, new: True}

    assert shown.stop.text() == "Turn the old key on again"
    QTest.mouseClick(shown.stop, Qt.MouseButton.LeftButton)
    assert shown.title.text() == "Going back to Northwind’s old key"
    shown = rests(window)
    assert shown.title.text() == "Northwind uses the old key again"
    assert keys_at_aws(laptop, companies.NORTHWIND) == {old: True}
    assert key_of(laptop, "Northwind") == old


def test_it_can_be_stopped_and_keeps_the_old_key(laptop: Laptop, window: Window) -> None:
    old = key_of(laptop, "Acme Staging")
    open_rotation(window, "Acme Staging", old)
    QTest.mouseClick(dialog(window).stop, Qt.MouseButton.LeftButton)
    assert not dialog(window).stop.isEnabled() or not dialog(window).stop.isVisible()
    shown = rests(window)
    assert shown.title.text() == "Acme Staging uses the old key again"
    assert keys_at_aws(laptop, companies.ACME_STAGING) == {old: True}


def test_a_failure_says_what_is_safe_and_goes_on_when_tried_again(laptop: Laptop, window: Window) -> None:
    old = key_of(laptop, "Acme Staging")
    laptop.world.double.faults.add("UpdateAccessKey", "denied", times=1)
    open_rotation(window, "Acme Staging", old)
    shown = rests(window)
    assert shown.title.text() == "Acme Staging’s rotation has stopped"
    assert "failed" in states(shown)
    assert shown.run.safe()[0] == "The new key is in use. The old one works too."
    assert shown.steps._box_height() > 0
    assert [b.text() for b in (shown.stop, shown.close_button, shown.again)] == [
        "Put everything back", "Later", "Try again",
    ]  # fmt: skip
    assert "credguard " not in " ".join(shown.run.todo())
    QTest.keyClick(shown.again, Qt.Key.Key_Return)
    shown = rests(window)
    assert shown.title.text() == "Acme Staging’s key was rotated"
    QTest.mouseClick(shown.stop, Qt.MouseButton.LeftButton)
    assert rests(window).title.text() == "Acme Staging uses the old key again"


def test_put_everything_back_after_a_failure(laptop: Laptop, window: Window) -> None:
    old = key_of(laptop, "Acme Staging")
    laptop.world.double.faults.add("UpdateAccessKey", "denied", times=1)
    open_rotation(window, "Acme Staging", old)
    shown = rests(window)
    QTest.mouseClick(shown.stop, Qt.MouseButton.LeftButton)
    assert rests(window).title.text() == "Acme Staging uses the old key again"
    assert keys_at_aws(laptop, companies.ACME_STAGING) == {old: True}


def test_what_aws_refuses_at_once_changes_nothing(laptop: Laptop, window: Window) -> None:
    old = key_of(laptop, "Acme Staging")
    laptop.world.double.faults.add("CreateAccessKey", "denied", times=None)
    open_rotation(window, "Acme Staging", old)
    shown = rests(window)
    assert shown.title.text() == "Acme Staging’s key was not changed"
    assert "CreateAccessKey" in " ".join([shown.run.what(), *shown.run.todo()])
    assert not shown.stop.isVisible()
    assert keys_at_aws(laptop, companies.ACME_STAGING) == {old: True}


def test_esc_closes_it_and_the_work_goes_on(laptop: Laptop, window: Window) -> None:
    old = key_of(laptop, "Acme Staging")
    open_rotation(window, "Acme Staging", old)
    QTest.keyClick(dialog(window), Qt.Key.Key_Escape)
    assert window.dialogs.panel is None
    assert window.rail.items["accounts"].accessibleDescription() == "work goes on"
    open_rotation(window, "Acme Staging", old)  # the one that runs, not a second one
    assert dialog(window).run is runs_of(window).of("Acme Staging")
    window.dialogs.close_panel()
    until(window, lambda: runs_of(window).of("Acme Staging") is None)
    assert key_of(laptop, "Acme Staging") != old
    assert window.toast.accessibleName() == "Acme Staging’s key was rotated. The old one is off."
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert rests(window).title.text() == "Acme Staging uses the old key again"


def test_the_undo_of_the_card_goes_back(laptop: Laptop, window: Window) -> None:
    grace = account(laptop, "Northwind Sandbox").grace
    assert grace is not None
    open_undo(window, "Northwind Sandbox", grace.run_id)
    assert rests(window).title.text() == "Northwind Sandbox uses the old key again"
    assert key_of(laptop, "Northwind Sandbox") == grace.old_key


def test_two_keys_show_the_evidence_and_ask_for_the_name(laptop: Laptop, window: Window) -> None:
    own = key_of(laptop, "Blue Kite")
    other = second_key(laptop, companies.BLUE_KITE, 411)
    open_rotation(window, "Blue Kite", own)
    until(window, lambda: isinstance(window.dialogs.panel, TwoKeysDialog))
    panel = window.dialogs.panel
    assert panel is not None
    said = " ".join(card.accessibleName() for card in panel.findChildren(EvidenceCard))
    assert window.toast.isHidden() or "has to go" not in window.toast.accessibleName()
    assert "retire this one" in said
    assert "never used" in said
    assert "411 days" in said
    assert keys_at_aws(laptop, companies.BLUE_KITE) == {own: True, other: True}
    delete = next(b for b in panel.findChildren(Button) if b.text().startswith("Delete"))
    QTest.mouseClick(delete, Qt.MouseButton.LeftButton)
    confirm = window.dialogs.panel
    assert isinstance(confirm, ConfirmDialog)
    assert not confirm.go.isEnabled()
    assert keys_at_aws(laptop, companies.BLUE_KITE) == {own: True, other: True}
    QTest.keyClicks(confirm.field.edit, "Blue Kite")
    QTest.keyClick(confirm.field.edit, Qt.Key.Key_Return)
    shown = rests(window)
    assert shown.title.text() == "Blue Kite’s key was rotated"
    assert other not in keys_at_aws(laptop, companies.BLUE_KITE)
    QTest.mouseClick(shown.stop, Qt.MouseButton.LeftButton)
    assert rests(window).title.text() == "Blue Kite uses the old key again"


def test_two_keys_can_be_left_as_they_are(laptop: Laptop, window: Window) -> None:
    own = key_of(laptop, "Blue Kite")
    other = second_key(laptop, companies.BLUE_KITE, 20, number=4)
    open_rotation(window, "Blue Kite", own)
    until(window, lambda: isinstance(window.dialogs.panel, TwoKeysDialog))
    panel = window.dialogs.panel
    assert panel is not None
    leave = next(b for b in panel.findChildren(Button) if b.text() == "Leave both as they are")
    QTest.mouseClick(leave, Qt.MouseButton.LeftButton)
    read(window)
    assert window.dialogs.panel is None
    assert keys_at_aws(laptop, companies.BLUE_KITE) == {own: True, other: True}
    assert account(laptop, "Blue Kite").rotating is None
    user = laptop.world.double.user(companies.BLUE_KITE.account_id, "mk")
    user.keys = [k for k in user.keys if k.access_key_id != other]


def test_closing_the_window_while_it_runs_is_safe_and_the_next_start_carries_on(laptop: Laptop) -> None:
    window = laptop.window()
    old = key_of(laptop, "Acme Staging")
    laptop.world.double.faults.add("UpdateAccessKey", "denied", times=1)
    open_rotation(window, "Acme Staging", old)
    window.close()
    window.tasks.wait()
    settle()
    assert laptop.services.rotations_to_resume()
    again = laptop.window()
    carry_on(again)
    until(again, lambda: not laptop.services.rotations_to_resume() and not again.tasks.busy)
    assert key_of(laptop, "Acme Staging") != old
    run = laptop.services.rotation_of(old)
    assert run is not None
    open_undo(again, "Acme Staging", run.run_id)
    assert rests(again).title.text() == "Acme Staging uses the old key again"
    again.close()


def test_a_resumed_rotation_says_so(laptop: Laptop, window: Window) -> None:
    old = key_of(laptop, "Acme Staging")
    laptop.world.double.faults.add("UpdateAccessKey", "denied", times=1)
    open_rotation(window, "Acme Staging", old)
    rests(window)
    window.dialogs.close_panel()
    row = account(laptop, "Acme Staging")
    assert row.rotating is not None
    open_resume(window, "Acme Staging", row.rotating)
    assert dialog(window).note.text().startswith("Carried on after a restart.")
    shown = rests(window)
    assert shown.title.text() == "Acme Staging’s key was rotated"
    QTest.mouseClick(shown.stop, Qt.MouseButton.LeftButton)
    rests(window)


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
def test_nothing_is_cut_at_any_text_size(laptop: Laptop, window: Window, scale: float) -> None:
    application()
    theme().set_scale(scale)
    laptop.world.double.faults.add("UpdateAccessKey", "denied", times=1)
    open_rotation(window, "Acme Staging", key_of(laptop, "Acme Staging"))
    shown = rests(window)
    settle()
    box = shown.geometry()
    assert window.rect().contains(box)
    for label in shown.findChildren(QLabel):
        assert not label.toolTip(), label.text()  # a tooltip stands where text was shortened
    for step in shown.steps.steps:
        for line in shown.steps._titles(step):  # what is painted fits beside its time
            aside = width_of(shown.steps._time(step), "digits12")
            assert width_of(line, "card") + aside <= shown.steps.width()
    for button in shown.findChildren(Button):
        if button.isVisible():
            assert button.width() >= button.full_width()
            assert box.width() >= button.geometry().right()
    QTest.mouseClick(shown.stop, Qt.MouseButton.LeftButton)
    rests(window)
    QApplication.processEvents()
