"""Accounts: order, cards, keys, the filter, and what each foot does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from credguard.demo.cloud import companies
from credguard.domain.errors import CredGuardError
from credguard.domain.text import text
from credguard.gui.pages.accounts import AccountsPage, by_company
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.cards import AccountCard
from credguard.gui.window import Window
from credguard.queries.accounts import AccountRow
from tests.support.gui import application, design_font, settle
from tests.support.pages import button, page_of, place, said, shown
from tests.support.window import Laptop, read

Key, Mod = Qt.Key, Qt.KeyboardModifier


@pytest.fixture(scope="module")
def laptop() -> Iterator[Laptop]:
    application()
    with Laptop() as made:
        made.as_designed()
        yield made


@pytest.fixture
def window(laptop: Laptop) -> Iterator[Window]:
    made = laptop.window()
    made.show_page("accounts")
    read(made)
    yield made
    laptop.put_away()


def _cards(window: Window) -> dict[str, AccountCard]:
    found = [w for w in shown(page_of(window), AccountCard) if isinstance(w, AccountCard)]
    return {card.row.account.name: card for card in found}


def _focused() -> str:
    focus = QApplication.focusWidget()
    return focus.accessibleName() if focus is not None else ""


def test_companies_stand_in_order_and_single_accounts_share_a_line(window: Window) -> None:
    at = {name: place(card, window) for name, card in _cards(window).items()}
    assert {name: (box.left(), box.top()) for name, box in at.items()} == {
        "Acme Production": (248, 122), "Acme Staging": (676, 122),
        "Northwind": (248, 314), "Northwind Sandbox": (676, 314),
        "Blue Kite": (248, 506), "Personal": (676, 506),
    }  # fmt: skip
    assert {(box.width(), box.height()) for box in at.values()} == {(412, 148)}
    page = page_of(window)
    assert isinstance(page, AccountsPage)
    assert page.area.verticalScrollBar().maximum() == 0, "no scroll bar at 720"
    assert "6 accounts, 4 companies" in said(page)


def test_the_words_of_the_foot_are_there_at_1120(window: Window) -> None:
    design_font()
    card = _cards(window)["Northwind"]
    words = [b.text() for b in shown(card, Button) if isinstance(b, Button) and not b._alone()]
    assert words == ["Code", "Console", "Terminal", "Rotate"]
    window.resize(960, 720)
    read(window)
    card = _cards(window)["Northwind"]
    assert all(b._alone() for b in shown(card, Button) if isinstance(b, Button)), (
        "icons where words do not fit"
    )
    assert button(card, "Rotate Northwind").toolTip() == "Rotate Northwind"


def test_in_one_column_the_order_is_alphabetical_throughout(window: Window) -> None:
    window.resize(800, 560)
    read(window)
    cards = sorted(_cards(window).items(), key=lambda pair: place(pair[1], page_of(window)).top())
    assert [name for name, _ in cards] == [
        "Acme Production", "Acme Staging", "Blue Kite", "Northwind", "Northwind Sandbox", "Personal",
    ]  # fmt: skip


def test_what_the_cards_say(window: Window) -> None:
    said_ = {name: said(card) for name, card in _cards(window).items()}
    assert "Key 52 days old\ndue 31 Dec" in said_["Acme Production"]
    assert "1234 5678 9012" in said_["Acme Production"]
    assert "Key 97 days old\n7 days late" in said_["Blue Kite"]
    assert "Old key is off, deleted on 26 Nov" in said_["Northwind Sandbox"]
    assert "Undo" in said_["Northwind Sandbox"]
    assert "Root key, 1,412 days old\nshould not exist" in said_["Personal"]
    assert "ROOT" in said_["Personal"]
    assert "No MFA" in said_["Personal"]
    assert "Rotate" not in said_["Personal"]
    assert "Make it safe" in said_["Personal"]


def test_arrow_keys_walk_from_card_to_card(window: Window) -> None:
    QTest.keyClick(window, Key.Key_Return)
    settle()
    assert _focused() == "account Acme Production", "Enter takes the first one"
    for key, wanted in (
        (Key.Key_Right, "Acme Staging"), (Key.Key_Right, "Northwind"), (Key.Key_Down, "Blue Kite"),
        (Key.Key_Right, "Personal"), (Key.Key_Right, "Personal"), (Key.Key_Up, "Northwind Sandbox"),
        (Key.Key_Left, "Northwind"), (Key.Key_Up, "Acme Production"), (Key.Key_Up, "Acme Production"),
    ):  # fmt: skip
        QTest.keyClick(QApplication.focusWidget(), key)
        settle()
        assert _focused() == f"account {wanted}"
        assert window.ring_is_on(QApplication.focusWidget())


def test_a_card_that_is_walked_to_is_scrolled_into_view(window: Window) -> None:
    window.resize(800, 560)
    read(window)
    _cards(window)["Acme Production"].setFocus()
    for _ in range(5):
        QTest.keyClick(QApplication.focusWidget(), Key.Key_Down)
        settle()
    box = place(_cards(window)["Personal"], window)
    assert box.top() > 0
    assert box.bottom() < 560


def test_letters_do_what_the_foot_does(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[tuple[str, str]] = []
    monkeypatch.setattr(Window, "act", lambda self, action, row: done.append((action, row.account.name)))
    for card in (_cards(window)["Northwind"], _cards(window)["Personal"]):
        for key in (Key.Key_C, Key.Key_O, Key.Key_T, Key.Key_R):
            QTest.keyClick(card, key)
    assert (
        done
        == [(a, "Northwind") for a in ("code", "console", "terminal", "rotate")] + [("root", "Personal")] * 4
    )


def test_enter_and_a_click_open_the_account(window: Window) -> None:
    QTest.keyClick(_cards(window)["Northwind"], Key.Key_Return)
    read(window)
    assert page_of(window).objectName() == "page-account"
    window.show_page("accounts")
    read(window)
    QTest.mouseClick(_cards(window)["Blue Kite"], Qt.MouseButton.LeftButton)
    read(window)
    assert "Blue Kite" in said(page_of(window))
    assert page_of(window).objectName() == "page-account"


def test_copy_a_code_and_the_number(window: Window) -> None:
    button(page_of(window), "Code Acme Staging").click()
    read(window)
    assert "Acme Staging code copied. The clipboard is cleared in 30 s." in said(window.toast)
    copied = QApplication.clipboard().text()
    assert copied.isdigit()
    assert len(copied) == 6
    button(page_of(window), "Copy the account number of Northwind").click()
    assert QApplication.clipboard().text() == companies.NORTHWIND.account_id, "digits only"


def test_make_it_safe_opens_the_root_page(window: Window) -> None:
    button(page_of(window), "Make it safe Personal").click()
    read(window)
    assert page_of(window).objectName() == "page-root"


def test_ctrl_n_looks_for_keys(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[bool] = []
    monkeypatch.setattr(Window, "first_run", lambda self: opened.append(True))
    QTest.keyClick(window, Key.Key_N, Mod.ControlModifier)
    assert opened == [True]


def test_the_filter_finds_names_numbers_and_users(window: Window) -> None:
    QTest.keyClick(window, Key.Key_Slash)
    settle()
    assert _focused() == "Filter accounts"
    page = page_of(window)
    assert isinstance(page, AccountsPage)
    for typed, wanted in (
        ("north", {"Northwind", "Northwind Sandbox"}), ("7713", {"Blue Kite"}),
        ("MARIA", {"Acme Production", "Acme Staging"}), ("root user", {"Personal"}), ("nobody", set()),
    ):  # fmt: skip
        page._filter.edit.setText(typed)
        settle()
        assert set(_cards(window)) == wanted
    assert "No account fits “nobody”." in said(page)
    page._filter.edit.clear()


def test_in_a_narrow_window_a_button_stands_for_the_filter(window: Window) -> None:
    window.resize(800, 560)
    read(window)
    page = page_of(window)
    assert isinstance(page, AccountsPage)
    assert not page._filter.isVisible()
    button(page, "Filter").click()
    settle()
    assert page._filter.isVisible()
    assert _focused() == "Filter accounts"


def test_an_account_that_could_not_be_asked_keeps_its_facts(window: Window) -> None:
    wrong = CredGuardError("access-denied", text("m.keller may not do it."), text("Ask the owner."))
    window.problems = {companies.NORTHWIND.account_id: wrong}
    window.changed()
    read(window)
    card = _cards(window)["Northwind"]
    assert "Key 34 days old" in said(card)
    assert "Could not ask AWS: m.keller may not do it." in card.toolTip()
    assert "Could not ask AWS" in card.accessibleDescription()


def test_by_company_keeps_each_group_in_order(window: Window) -> None:
    page = page_of(window)
    assert isinstance(page, AccountsPage)
    rows: list[AccountRow] = list(page.data)
    assert [name for name, _ in by_company(rows, 2)] == ["Acme Ltd", "Northwind", "Blue Kite", "Personal"]
    assert [name for name, _ in by_company(rows, 1)] == ["Acme Ltd", "Blue Kite", "Northwind", "Personal"]
