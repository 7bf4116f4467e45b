"""The Settings page: what it shows is what is set, and a change applies at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from credguard.domain.errors import CredGuardError
from credguard.domain.text import text
from credguard.gui.theme import theme
from credguard.gui.widgets.controls import Segmented
from credguard.gui.widgets.select import Select
from credguard.gui.window import Window
from credguard.services import Services
from tests.support.gui import application
from tests.support.pages import button, page_of, said, shown
from tests.support.window import Laptop, read

pytestmark = pytest.mark.usefixtures("qt")


@pytest.fixture
def window() -> Iterator[Window]:
    application()
    with Laptop() as laptop:
        made = laptop.window()
        button(made.rail, "Settings").click()
        read(made)
        yield made


def _select(window: Window, name: str) -> Select:
    (found,) = [w for w in shown(page_of(window), Select) if w.accessibleName() == name]
    assert isinstance(found, Select)
    return found


def test_it_shows_what_is_set_and_changes_it(window: Window) -> None:
    assert "Where secrets live" in said(page_of(window))
    grace = _select(window, "Keep an old key before it is deleted")
    assert grace.current() == "7"
    grace.select("14")
    grace.chosen.emit("14")
    read(window)
    assert window.services.settings.get("grace_days") == 14
    assert _select(window, "Keep an old key before it is deleted").current() == "14"


def test_a_value_that_is_not_offered_stands_there_too(window: Window) -> None:
    window.services.settings.set("due_days", 77)
    window.changed()
    read(window)
    assert _select(window, "A key is due after").currentText() == "77 days"


def test_dark_at_once_by_keyboard(window: Window) -> None:
    (look,) = [w for w in shown(page_of(window), Segmented) if w.accessibleName() == "Light or dark"]
    assert isinstance(look, Segmented)
    assert not theme().dark
    QTest.keyClick(look, Qt.Key.Key_Left)  # from System round to Dark
    read(window)
    assert theme().dark
    assert window.services.settings.get("theme") == "dark"


def test_a_setting_that_failed_jumps_back_and_says_why(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Services, key: str, word: str) -> None:
        raise CredGuardError("disk-full", text("The disk is full."), text("Make room."))

    monkeypatch.setattr(Services, "change_setting", full)
    due = _select(window, "A key is due after")
    due.select("30")
    due.chosen.emit("30")
    read(window)
    assert "The disk is full." in said(window.toast)
    assert _select(window, "A key is due after").current() == "90"
