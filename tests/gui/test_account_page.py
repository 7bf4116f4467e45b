"""An account's own page: its key, profiles, devices with live codes, and what happened."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from credguard.demo.cloud import companies
from credguard.domain.errors import CredGuardError
from credguard.domain.text import text
from credguard.gui.live import LiveCodes
from credguard.gui.widgets.rows import ListRow
from credguard.gui.widgets.surface import Card
from credguard.gui.window import Window
from tests.support.gui import application, settle
from tests.support.pages import button, page_of, place, said, shown
from tests.support.window import Laptop, read

Key = Qt.Key


@pytest.fixture(scope="module")
def laptop() -> Iterator[Laptop]:
    application()
    with Laptop() as made:
        made.as_designed()
        yield made


@pytest.fixture
def window(laptop: Laptop) -> Iterator[Window]:
    made = laptop.window()
    _open(made, companies.NORTHWIND.account_id)
    yield made
    laptop.put_away()


def _open(window: Window, account_id: str) -> None:
    window.show_account(account_id)
    read(window)


def _card(window: Window, name: str) -> Card:
    found = [c for c in shown(page_of(window), Card) if c.accessibleName() == name]
    assert len(found) == 1, name
    card = found[0]
    assert isinstance(card, Card)
    return card


def test_the_head_says_which_account_and_where_it_asks(laptop: Laptop, window: Window) -> None:
    words = said(page_of(window).header)  # type: ignore[attr-defined]
    host = laptop.world.double.url.partition("://")[2]
    for part in ("Northwind", "4820 1173 9056", "northwind", "m.keller", f"asks {host}"):
        assert part in words.split("\n")
    head = page_of(window).header  # type: ignore[attr-defined]
    left = place(head.back, window).left()
    assert left == 248 == place(head.bar, window).left(), "the back link stands at the edge of the page"
    order = [
        place(button(page_of(window), name), window).left() for name in ("Console", "Terminal", "Copy code")
    ]
    assert order == sorted(order)


def test_the_key_its_age_and_its_last_use(window: Window) -> None:
    words = said(_card(window, f"access key {companies.NORTHWIND.key_id()}"))
    for part in (companies.NORTHWIND.key_id(), "34 days old", "due 18 Jan", "used at 10:02 by aws"):
        assert part in words.split("\n")
    button(page_of(window), f"Copy the key id {companies.NORTHWIND.key_id()}").click()
    assert QApplication.clipboard().text() == companies.NORTHWIND.key_id()


def test_profiles_name_their_line_in_a_short_path(window: Window) -> None:
    words = said(_card(window, "profiles that use it"))
    assert "northwind\n~/.aws/config, line 14" in words
    assert "nw-etl" in words
    assert words.count("asks CredGuard") == 2


def test_the_code_is_live_and_counts_down(laptop: Laptop, window: Window) -> None:
    entry = next(c.entry_id for c in window.services.codes() if c.title == "Northwind")
    (live,) = _card(window, "mfa devices").findChildren(LiveCodes)
    before = laptop.clock.at
    try:
        now = window.services.code(entry)
        line = f"{now.code[:3]} {now.code[3:]} · new in {now.valid_for} s"
        assert line in said(_card(window, "mfa devices"))
        laptop.clock.at += 5
        live.tick()
        settle()
        assert line.replace(f"{now.valid_for} s", f"{now.valid_for - 5} s") in said(
            _card(window, "mfa devices")
        )
        laptop.clock.at += now.valid_for
        live.tick()
        read(window)
        after = window.services.code(entry)
        assert after.code != now.code
        assert f"{after.code[:3]} {after.code[3:]}" in said(_card(window, "mfa devices"))
    finally:
        laptop.clock.at = before


def test_devices_say_what_they_are(window: Window) -> None:
    words = said(_card(window, "mfa devices"))
    assert "Code on this computer" in words
    assert "YubiKey5C-EXAMPLE\nfor the website only" in words


def test_lately_has_times(window: Window) -> None:
    lines = said(_card(window, "lately")).split("\n")
    assert lines[:3] == ["Lately", "10:02", "aws"]
    assert "Thu" in lines
    assert "You" in lines


def test_keys_as_on_the_cards(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(Window, "act", lambda self, action, row: done.append(action))
    page = page_of(window)
    for key in (Key.Key_C, Key.Key_O, Key.Key_T, Key.Key_R):
        QTest.keyClick(page, key)
    QTest.keyClick(window, Key.Key_Return)
    assert done == ["code", "console", "terminal", "rotate", "code"], "Enter copies the code"
    QTest.keyClick(page, Key.Key_Backspace)
    assert page_of(window).objectName() == "page-accounts"


def test_an_old_key_in_its_grace_can_be_turned_on_again(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    _open(window, companies.NORTHWIND_SANDBOX.account_id)
    old = _card(window, f"access key {companies.NORTHWIND_SANDBOX.key_id()}")
    assert "off, deleted on 26 November" in said(old)
    done: list[str] = []
    monkeypatch.setattr(Window, "act", lambda self, action, row: done.append(action))
    button(old, "Turn the old key on again").click()
    assert done == ["undo"]
    cards = [c for c in shown(page_of(window), Card) if c.accessibleName().startswith("access key")]
    assert place(cards[0], window).top() < place(old, window).top(), "the key in use comes first"


def test_a_root_key_leads_to_the_root_page(window: Window) -> None:
    _open(window, companies.PERSONAL.account_id)
    words = said(page_of(window))
    assert "console.aws.amazon.com" in words, "root signs in at no account's address"
    assert "Rotate" not in words
    button(page_of(window), "Make the root key safe").click()
    read(window)
    assert page_of(window).objectName() == "page-root"


def test_one_column_in_a_narrow_window(window: Window) -> None:
    window.resize(800, 560)
    read(window)
    left = {place(c, window).left() for c in shown(page_of(window), Card)}
    assert left == {64 + 24}


def test_an_error_of_this_account_is_a_banner(window: Window) -> None:
    wrong = CredGuardError("access-denied", text("m.keller may not do it."), text("Ask the owner."))
    window.problems = {companies.NORTHWIND.account_id: wrong}
    window.changed()
    read(window)
    assert "m.keller may not do it.\nAsk the owner." in said(page_of(window))
    assert "34 days old" in said(page_of(window)), "what is known stays"


def test_an_account_that_is_gone_leads_to_the_others(window: Window) -> None:
    _open(window, "999999999999")
    assert page_of(window).objectName() == "page-accounts"


def test_what_a_code_beside_its_key_protects_from_is_said(window: Window) -> None:
    row = next(
        r for r in shown(_card(window, "mfa devices"), ListRow) if "not from somebody who" in r.toolTip()
    )
    assert row.accessibleDescription() == row.toolTip()
