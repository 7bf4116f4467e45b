"""Root, Plaintext and Activity: what they say, and what their buttons do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from credguard.demo.cloud import companies
from credguard.domain.text import text
from credguard.gui.pages.activity import ActivityPage
from credguard.gui.pages.plaintext import PlaintextPage
from credguard.gui.pages.root import IAM_USERS
from credguard.gui.window import Window
from credguard.queries.activity import activity_lines
from tests.support.gui import application, settle
from tests.support.pages import button, page_of, place, said, shown
from tests.support.window import DAY, TODAY, Laptop, read


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


def _show(window: Window, page: str) -> None:
    window.show_page(page)
    read(window)


# ── root ─────────────────────────────────────────────────────────────────────────────────────────────
def test_the_root_page_says_what_is_so_and_the_way_out(window: Window) -> None:
    _show(window, f"root:{companies.PERSONAL.account_id}")
    words = said(page_of(window))
    assert "This key can do anything in Personal" in words
    assert f"Root key {companies.PERSONAL.key_id()}, account 3141 5926 5358." in words
    steps = [
        "Make an administrator who is not root", "Bring its key here and prove that it works",
        "Switch 1 profile to the new key", "Watch for 7 days", "Delete the root key",
        "Give the root user MFA",
    ]  # fmt: skip
    assert [line for line in words.split("\n") if line in steps] == steps
    assert words.count("This cannot be undone.") == 1
    assert "In ~/.aws/config: personal" in words


def test_start_opens_iam_on_the_website(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    _show(window, f"root:{companies.PERSONAL.account_id}")
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    button(page_of(window), "Open IAM on the AWS website").click()
    window.changed()
    read(window)
    button(page_of(window), "Open IAM on the AWS website").click()
    assert opened == [QUrl(IAM_USERS).toString()] * 2


def test_the_back_link_of_root_leads_to_its_account(window: Window) -> None:
    _show(window, f"root:{companies.PERSONAL.account_id}")
    button(page_of(window), "Back to Personal").click()
    read(window)
    assert page_of(window).objectName() == "page-account"
    assert "Personal" in said(page_of(window))


def test_an_account_without_a_root_key_has_no_root_page(window: Window) -> None:
    _show(window, f"root:{companies.NORTHWIND.account_id}")
    assert page_of(window).objectName() == "page-accounts"


# ── plaintext ────────────────────────────────────────────────────────────────────────────────────────
def test_what_lies_in_plaintext_worst_first(window: Window) -> None:
    _show(window, "plaintext")
    lines = said(page_of(window)).split("\n")
    assert lines[1].startswith("3 keys in 2 files.")
    paths = [line for line in lines if line.startswith("~/")]
    assert paths == [
        "~/Downloads/rootkey.csv",
        "~/.aws/credentials [old-acme]",
        "~/.aws/credentials [old-northwind]",
    ]
    assert "root key, with its secret" in lines
    assert "Acme Production" in lines
    assert "Move 2 to keychain" in lines, "the root key is not moved with the others"
    assert "wJalr" not in said(page_of(window)), "no secret"


def test_the_root_row_leads_to_root_and_the_others_to_the_import(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(Window, "first_run", lambda self: opened.append("import"))
    _show(window, "plaintext")
    button(page_of(window), "Move to keychain: ~/.aws/credentials [old-acme]").click()
    button(page_of(window), "Move 2 to keychain").click()
    assert opened == ["import", "import"]
    button(page_of(window), "Make it safe: ~/Downloads/rootkey.csv").click()
    read(window)
    assert page_of(window).objectName() == "page-root"


def test_nothing_in_plaintext_says_where_was_looked(window: Window) -> None:
    _show(window, "plaintext")
    page = page_of(window)
    assert isinstance(page, PlaintextPage)
    page.data = ((), page.data[1])
    page.redraw()
    settle()
    words = said(page)
    assert "Nothing lies in plaintext here" in words
    assert "Move" not in words


# ── activity ─────────────────────────────────────────────────────────────────────────────────────────
def _activity(window: Window) -> ActivityPage:
    _show(window, "activity")
    page = page_of(window)
    assert isinstance(page, ActivityPage)
    return page


def _lines(page: ActivityPage) -> list[str]:
    from credguard.gui.pages.activity import _Line

    found = sorted(shown(page, _Line), key=lambda w: place(w, page).top())
    return [line.accessibleName() for line in found]


def test_one_sentence_a_line_in_days(window: Window) -> None:
    page = _activity(window)
    lines = _lines(page)
    assert lines[0] == "10:40, terraform used the key, Acme Production"
    assert "08:43, You copied a code, Northwind" in lines
    days = ["Today", "Yesterday", "Thursday 19 November"]
    assert [line for line in said(page).split("\n") if line in days] == days


def test_search_kind_and_account_narrow_it(window: Window) -> None:
    page = _activity(window)
    QTest.keyClicks(window, "/")
    settle()
    assert page.field.edit.hasFocus()
    QTest.keyClicks(page.field.edit, "aws used northwind")
    settle()
    assert _lines(page) == ["10:02, aws used the key, Northwind"]
    page.field.edit.setText("no such thing")
    settle()
    assert "Nothing fits." in said(page)
    page.field.edit.clear()
    page.kinds.choose("change")
    settle()
    assert _lines(page)
    assert not any("used the key" in line for line in _lines(page))
    page.kinds.choose("")
    page.accounts.choose(companies.NORTHWIND.account_id)
    settle()
    assert all(line.endswith("Northwind") for line in _lines(page))
    page.accounts.choose("")


def test_the_choice_opens_a_list(window: Window) -> None:
    page = _activity(window)
    page.accounts.click()
    (menu,) = page.accounts.findChildren(QMenu)
    names = [action.text() for action in menu.actions()]
    assert names[0] == "All accounts"
    assert "Northwind" in names
    menu.actions()[names.index("Northwind")].trigger()
    menu.close()
    assert page.accounts.accessibleName() == "Account: Northwind"


def test_a_refusal_is_a_pill_and_uses_in_a_row_are_counted(window: Window) -> None:
    page = _activity(window)
    first = page.data[0]
    page.data = (
        replace(first, kind="refused", actor="node", action=text("asked for the key")),
        replace(first, calls=31),
    )
    page.redraw()
    settle()
    assert _lines(page) == [
        "10:40, node asked for the key, Acme Production, refused",
        "10:40, terraform used the key, 31 calls, Acme Production",
    ]
    assert "refused" in said(page)


def test_many_lines_are_shown_a_hundred_at_a_time(window: Window) -> None:
    page = _activity(window)
    page.data = tuple(replace(page.data[0], at=TODAY - n * 7200) for n in range(230))
    page.redraw()
    settle()
    assert len(_lines(page)) == 100
    button(page, "Show 100 older").click()
    settle()
    button(page, "Show 30 older").click()
    settle()
    assert len(_lines(page)) == 230


def test_lines_of_one_program_in_a_row_are_one_on_the_same_day_only(laptop: Laptop) -> None:
    rows = laptop.services.activity(50)
    use = next(r for r in rows if r.actor == "terraform")
    accounts = laptop.services.accounts()
    again = [replace(use, at=use.at - n) for n in range(3)]
    other = replace(use, at=use.at - 5, actor="aws")
    before = replace(use, at=use.at - DAY)
    lines = activity_lines((*again, other, replace(use, at=use.at - 6), before), accounts)
    assert [(line.actor, line.calls) for line in lines] == [
        ("terraform", 3), ("aws", 1), ("terraform", 1), ("terraform", 1),
    ]  # fmt: skip
    assert lines[0].at == use.at
    assert (lines[0].account, lines[0].color) == ("Acme Production", "blue")
