"""MFA devices at the window, against the double: added, stopped, failed, resumed, synchronised, removed."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from credguard.demo.cloud import companies
from credguard.demo.cloud.companies import Company
from credguard.domain.machine import Step
from credguard.domain.text import Text
from credguard.gui.journeys.mfa import GuidePanel, MfaDialog, RemovePanel, open_enrolment
from credguard.gui.journeys.mfa_run import device_run_of
from credguard.gui.pages.mfa_card import MfaCard
from credguard.gui.theme import theme
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.overlay import ConfirmDialog
from credguard.gui.window import Window
from credguard.queries.accounts import AccountRow
from tests.support.gui import settle
from tests.support.pages import button, faults, nameless, page_of, said
from tests.support.window import Laptop, read, until

pytestmark = pytest.mark.usefixtures("qt")
Left = Qt.MouseButton.LeftButton
NORTHWIND = companies.NORTHWIND


@pytest.fixture(scope="module")
def laptop() -> Iterator[Laptop]:
    with Laptop() as made:
        made.as_designed()
        yield made


@pytest.fixture
def window(laptop: Laptop) -> Iterator[Window]:
    services, user = laptop.services, laptop.world.double.user(NORTHWIND.account_id, "m.keller")
    before, codes = copy.deepcopy(user.devices), {row.entry_id for row in services.codes()}
    made = laptop.window()
    yield made
    laptop.put_away()
    laptop.world.double.faults.clear()
    for run in services.enrolments_to_resume():
        services.enrolment_undo(run)
    user.devices[:] = before
    for row in services.codes_page():
        if row.entry_id in codes and row.deleted_at is not None:
            services.restore_code(row.entry_id)
        elif row.entry_id not in codes and row.deleted_at is None:
            services.remove_code(row.entry_id)
    laptop.clock.at += 600  # no code of before is used any more


def account(laptop: Laptop, company: Company = NORTHWIND) -> AccountRow:
    return next(r for r in laptop.services.accounts() if r.account.account_id == company.account_id)


def devices(laptop: Laptop, company: Company = NORTHWIND) -> list[str]:
    user = laptop.world.double.user(company.account_id, company.people[0].name)
    return [device.serial for device in user.devices if ":mfa/" in device.serial]


def card(window: Window, company: Company = NORTHWIND) -> MfaCard:
    window.show_account(company.account_id)
    read(window)
    found = page_of(window).findChildren(MfaCard)
    return next(one for one in found if one.isVisible())


def pick(window: Window, press: str, label: str) -> None:
    """Open a menu of the card by its button, and choose."""
    QTest.mouseClick(button(card(window), press), Left)
    menu = next(m for m in window.findChildren(QMenu, "mfa-menu") if m.isVisible())
    next(a for a in menu.actions() if a.text() == label).trigger()
    menu.close()


def dialog(window: Window) -> MfaDialog:
    panel = window.dialogs.panel
    assert isinstance(panel, MfaDialog)
    return panel


def rests(window: Window) -> MfaDialog:
    until(window, lambda: isinstance(window.dialogs.panel, MfaDialog) and not dialog(window).run.running)
    return dialog(window)


def states(shown: MfaDialog) -> list[str]:
    return [step.state for step in shown.steps.steps]


def test_a_second_device_is_added_and_its_code_shown_on_the_page(laptop: Laptop, window: Window) -> None:
    before = devices(laptop)
    pick(window, "Add an MFA device", "A new device, its code kept here")
    shown = rests(window)
    assert shown.title.text() == "MFA is on for m.keller in Northwind"
    assert shown.note.text() == "Your aws commands get their code from CredGuard."
    assert states(shown) == ["done"] * 5
    assert "not somebody who has your unlocked laptop" in said(shown)
    (new,) = set(devices(laptop)) - set(before)
    QTest.mouseClick(shown.again, Left)
    assert window.dialogs.panel is None
    words = said(card(window))
    assert new.rsplit("/", 1)[-1] in words
    assert "Key and code both live on this laptop." in words
    assert any(row.serial == new for row in laptop.services.codes())


def test_what_it_waits_for_and_how_long_stands_under_the_step(laptop: Laptop, window: Window) -> None:
    open_enrolment(window, account(laptop))
    shown = rests(window)
    wait = Step("wait", "running", Text("Waiting until AWS knows it everywhere"))
    shown.run.since = "wait", laptop.clock.now()
    laptop.clock.at += 6
    timed = shown._timed(wait)
    assert str(timed.detail) == "6 s so far, usually 8 to 14. The device is already yours."
    assert shown.steps.lead == "6 s so far,"


def test_stopping_it_removes_the_device(laptop: Laptop, window: Window) -> None:
    before = devices(laptop)
    open_enrolment(window, account(laptop))
    shown = dialog(window)
    assert shown.stop.text() == "Stop and remove the device"
    QTest.mouseClick(shown.stop, Left)
    assert not shown.stop.isEnabled()
    shown = rests(window)
    assert shown.title.text() == "No new device is on for m.keller in Northwind"
    assert devices(laptop) == before


def test_closed_it_goes_on_and_says_how_it_ended(laptop: Laptop, window: Window) -> None:
    open_enrolment(window, account(laptop))
    QTest.keyClick(window.dialogs, Qt.Key.Key_Escape)
    assert window.dialogs.panel is None
    until(window, lambda: device_run_of(window, "Northwind") is None)
    assert window.toast.accessibleName() == "MFA is on for m.keller in Northwind."


def test_what_aws_refuses_is_said_with_what_is_safe(laptop: Laptop, window: Window) -> None:
    before = devices(laptop)
    laptop.world.double.faults.add("CreateVirtualMFADevice", "denied", times=None)
    open_enrolment(window, account(laptop))
    shown = rests(window)
    assert "failed" in states(shown)
    assert "What is safe" in [words for _, words in shown.steps._box_lines()]
    assert any("iam:CreateVirtualMFADevice" in words for _, words in shown.steps._box_lines()) or (
        "CreateVirtualMFADevice" in shown.note.text()
    )
    assert devices(laptop) == before


def test_what_was_interrupted_stands_on_the_page_and_goes_on(laptop: Laptop, window: Window) -> None:
    key = account(laptop).current
    assert key is not None

    class Power(BaseException):
        pass

    def dies(steps: tuple[Step, ...]) -> None:
        if any(step.id == "store" and step.state == "done" for step in steps):
            raise Power

    with pytest.raises(Power):
        laptop.services.enrolment(key.access_key_id, dies)
    assert laptop.services.enrolment_of(key.access_key_id) is not None
    assert "An MFA device was begun" in said(card(window))
    QTest.mouseClick(button(card(window), "Carry on: An MFA device was begun"), Left)
    shown = rests(window)
    assert shown.title.text() == "MFA is on for m.keller in Northwind"
    assert laptop.services.enrolment_of(key.access_key_id) is None


def test_a_clock_is_synchronised(laptop: Laptop, window: Window) -> None:
    name = _more(window)
    pick(window, name, "Synchronise its clock")
    shown = rests(window)
    assert shown.title.text() == "AWS knows the device’s clock again"
    assert "stop" not in [b.objectName() for b in (shown.stop,) if b.isVisible()]


def test_one_of_several_is_removed_after_a_question(laptop: Laptop, window: Window) -> None:
    before = devices(laptop)
    pick(window, _more(window), "Remove …")
    until(window, lambda: window.dialogs.panel is not None)
    panel = window.dialogs.panel
    assert isinstance(panel, RemovePanel)
    QTest.mouseClick(button(panel, "Remove it"), Left)
    shown = rests(window)
    assert shown.title.text() == "The device of m.keller in Northwind is removed"
    assert len(devices(laptop)) == len(before) - 1


def test_the_last_one_only_after_the_account_was_typed(laptop: Laptop, window: Window) -> None:
    user = laptop.world.double.user(NORTHWIND.account_id, NORTHWIND.people[0].name)
    user.devices[:] = [d for d in user.devices if ":mfa/" in d.serial]
    pick(window, _more(window), "Remove …")
    until(window, lambda: window.dialogs.panel is not None)
    panel = window.dialogs.panel
    assert isinstance(panel, ConfirmDialog)
    panel.field.edit.setText("northwind")
    assert not panel.go.isEnabled()
    panel.field.edit.setText("Northwind")
    QTest.mouseClick(panel.go, Left)
    rests(window)
    assert devices(laptop) == []


@pytest.mark.parametrize(
    ("company", "label", "path"),
    [
        (companies.PERSONAL, "Root’s MFA, step by step …", "Security credentials"),
        (NORTHWIND, "A security key …", "IAM → Users → m.keller → Security credentials → Assign MFA device"),
    ],
)
def test_what_no_api_can_do_is_guided(
    laptop: Laptop, window: Window, company: Company, label: str, path: str
) -> None:
    card(window, company)
    QTest.mouseClick(button(card(window, company), "Add an MFA device"), Left)
    menu = next(m for m in window.findChildren(QMenu, "mfa-menu") if m.isVisible())
    next(a for a in menu.actions() if a.text() == label).trigger()
    panel = window.dialogs.panel
    assert isinstance(panel, GuidePanel)
    settle()
    assert path in said(panel)
    assert faults(panel) == []


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("size", [(1120, 720), (800, 560)])
def test_nothing_is_cut(laptop: Laptop, window: Window, scale: float, size: tuple[int, int]) -> None:
    theme().set_scale(scale)
    window.resize(*size)
    read(window)
    shown = card(window)
    assert faults(shown) == []
    assert nameless(shown) == []
    open_enrolment(window, account(laptop))
    settle()
    assert _cut(dialog(window)) == []
    rests(window)
    settle()
    assert _cut(dialog(window)) == []
    assert nameless(dialog(window)) == []


def _cut(shown: MfaDialog) -> list[str]:
    """The body scrolls below the foot, which is no overlap."""
    body = shown.area.widget()
    assert body is not None
    return [*faults(body), *(one for one in faults(shown) if not one.startswith("overlap"))]


def _more(window: Window) -> str:
    """The menu of the device whose code is here."""
    shown = card(window)
    found = [b.accessibleName() for b in shown.findChildren(Button)]
    assert "More about m.keller" in found
    return "More about m.keller"
