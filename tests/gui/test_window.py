"""The window over six accounts: its pages in every size, its keys, its names, its memory."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from credguard.demo.cloud import companies
from credguard.gui.theme import theme
from credguard.gui.window import Window
from tests.support.gui import application, colors_of, design_font, grab, settle
from tests.support.pages import button, faults, nameless, page_of, said
from tests.support.window import Laptop, read

Key, Mod = Qt.Key, Qt.KeyboardModifier
NORTHWIND = f"account:{companies.NORTHWIND.account_id}"
SANDBOX = f"account:{companies.NORTHWIND_SANDBOX.account_id}"
ROOT = f"root:{companies.PERSONAL.account_id}"
PAGES = ["home", "accounts", NORTHWIND, SANDBOX, ROOT, "plaintext", "activity", "settings"]


@pytest.fixture(scope="module")
def laptop() -> Iterator[Laptop]:
    application()
    with Laptop() as made:
        made.as_designed()
        yield made


@pytest.fixture
def window(laptop: Laptop) -> Iterator[Window]:
    yield laptop.window()
    laptop.put_away()
    application()


def _show(window: Window, page: str) -> None:
    window.show_page(page)
    read(window)


@pytest.mark.parametrize("page", PAGES)
def test_nothing_overlaps_or_is_cut(window: Window, page: str) -> None:
    """At every size and text size, reached by changing them while the page is shown."""
    for width, height in ((1120, 720), (800, 560), (1000, 640), (1600, 1000)):
        window.resize(width, height)
        for scale in (1.0, 1.5, 2.0):
            theme().set_scale(scale)
            _show(window, page)
            assert (width, scale, faults(page_of(window))) == (width, scale, [])
            assert (width, scale, faults(window.rail)) == (width, scale, [])
        theme().set_scale(1.0)


@pytest.mark.parametrize("page", PAGES)
def test_every_control_has_a_name(window: Window, page: str) -> None:
    _show(window, page)
    assert nameless(window) == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_switched_to_dark_is_the_one_built_dark(laptop: Laptop, window: Window, page: str) -> None:
    _show(window, page)
    theme().set_mode("dark")
    switched = grab(window)
    laptop.put_away()
    again = laptop.window()
    theme().set_mode("dark")
    _show(again, page)
    assert grab(again) == switched


def test_red_stands_for_root_alone(window: Window) -> None:
    """Without the root key and its alarm, no page has a red pixel."""
    design_font()  # how high the red card is
    reds = {theme().color(name).name().upper() for name in ("danger_f", "danger", "danger_bg")}
    _show(window, NORTHWIND)
    assert not reds & colors_of(page_of(window).grab().toImage())
    _show(window, ROOT)
    image = page_of(window).grab().toImage()
    assert theme().color("danger_bg").name().upper() in colors_of(image)
    below = image.copy(0, 180, image.width(), image.height() - 180)
    assert not reds & colors_of(below), "red only in the top card"


def test_ctrl_and_a_number_shows_a_page(window: Window) -> None:
    for number, name in enumerate(("Home", "Accounts", "Codes", "Plaintext", "Activity"), 1):
        QTest.keyClick(window, Key(Key.Key_0 + number), Mod.ControlModifier)
        read(window)
        assert window.rail.items[name.lower()].isChecked(), name
    assert "Activity" in said(page_of(window))


def test_the_back_link_escape_and_alt_left_go_back(window: Window) -> None:
    _show(window, "accounts")
    _show(window, NORTHWIND)
    button(window, "Back to Accounts").click()
    assert page_of(window).objectName() == "page-accounts"
    _show(window, NORTHWIND)
    QTest.keyClick(window, Key.Key_Escape)
    assert page_of(window).objectName() == "page-accounts"
    _show(window, NORTHWIND)
    QTest.keyClick(window, Key.Key_Left, Mod.AltModifier)
    assert page_of(window).objectName() == "page-accounts"


def test_tab_reaches_every_control_of_a_page_and_shows_where_it_is(window: Window) -> None:
    _show(window, "accounts")
    window.activateWindow()
    window.rail.finder.setFocus(Qt.FocusReason.TabFocusReason)
    seen = []
    for _ in range(60):
        QTest.keyClick(QApplication.focusWidget() or window, Key.Key_Tab)
        settle()
        focus = QApplication.focusWidget()
        assert focus is not None
        assert focus.isVisible()
        if focus is window.rail.finder:
            break
        seen.append(focus.accessibleName())
    assert seen.index("Filter accounts") < seen.index("Add account") < seen.index("account Acme Production")
    assert (
        seen.index("Code Acme Production")
        < seen.index("account Acme Staging")
        < seen.index("account Blue Kite")
    )


def test_the_rail_is_narrow_in_a_narrow_window_and_with_large_text(window: Window) -> None:
    assert window.rail.width() == 216
    theme().set_scale(1.5)
    read(window)
    assert window.rail.width() == 84
    theme().set_scale(1.0)
    read(window)
    assert window.rail.width() == 216
    window.resize(900, 700)
    read(window)
    assert window.rail.width() == 64


def test_a_page_that_reads_again_keeps_the_focus_and_the_ring(window: Window) -> None:
    _show(window, "accounts")
    button(window, "account Northwind").setFocus(Qt.FocusReason.TabFocusReason)
    settle()
    window.changed()
    read(window)
    focus = QApplication.focusWidget()
    assert focus is not None
    assert focus.accessibleName() == "account Northwind"
    assert window.ring_is_on(focus)


def test_repainting_takes_no_references_of_none(window: Window) -> None:
    """PySide 6.12 dropped one for each call on Python 3.11, and the program ended at the last."""
    _show(window, "home")
    page = page_of(window)
    before = sys.getrefcount(None)
    for _ in range(500):
        page.update()
        page.repaint()
    assert abs(sys.getrefcount(None) - before) < 200
