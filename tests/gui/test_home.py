"""Home: what it says of six accounts, of none, of an error, offline; what its buttons do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from credguard.domain.errors import CredGuardError
from credguard.domain.text import text
from credguard.gui.pages.home import HomePage
from credguard.gui.theme import theme
from credguard.gui.widgets.surface import Banner
from credguard.gui.widgets.tiles import SkeletonCard
from credguard.gui.window import Window
from credguard.queries.home import freshness
from tests.support.gui import application, color_at, settle
from tests.support.pages import button, page_of, place, said, shown
from tests.support.window import DAY, TODAY, Laptop, read, until

Key = Qt.Key


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


def test_the_urgent_thing_comes_first(window: Window) -> None:
    words = said(page_of(window))
    assert "One urgent thing, two that can wait" in words
    assert "6 accounts, checked 8 minutes ago" in words
    assert "A root key for Personal is on this computer" in words
    assert "3 keys lie in plaintext here" in words
    assert "Blue Kite’s key is 97 days old" in words
    assert "Health not checked yet" in {w.accessibleName() for w in shown(page_of(window))}
    assert window.rail.items["home"].badge == ("!", "danger")
    assert window.rail.items["plaintext"].badge == ("3", "warn")


def test_the_root_alarm_is_red_and_opens_the_root_page(window: Window) -> None:
    (banner,) = shown(page_of(window), Banner)
    box = place(banner, window)
    image = window.grab().toImage()
    assert color_at(image, box.center().x(), box.bottom() - 6) == theme().color("danger_bg").name().upper()
    make = button(page_of(window), "Make it safe")
    point = place(make, window)
    assert color_at(image, point.left() + 6, point.center().y()) == theme().color("danger_f").name().upper()
    QTest.mouseClick(make, Qt.MouseButton.LeftButton)
    read(window)
    assert page_of(window).objectName() == "page-root"
    assert "This key can do anything in Personal" in said(page_of(window))


def test_enter_does_the_first_thing(window: Window) -> None:
    QTest.keyClick(window, Key.Key_Return)
    read(window)
    assert page_of(window).objectName() == "page-root"


def test_arrow_keys_walk_the_timeline_and_enter_opens_the_account(window: Window) -> None:
    line = next(w for w in shown(page_of(window)) if w.objectName() == "timeline")
    line.setFocus(Qt.FocusReason.TabFocusReason)
    for _ in range(2):
        QTest.keyClick(line, Key.Key_Right)
    QTest.keyClick(line, Key.Key_Return)
    read(window)
    assert "Acme Staging" in said(page_of(window))
    assert page_of(window).objectName() == "page-account"


def test_rotate_opens_the_dialog(window: Window) -> None:
    assert window.dialogs.panel is None
    started: list[str] = []
    window._rotate = lambda row: started.append(row.account.name)  # type: ignore[method-assign]
    button(page_of(window), "Rotate: Blue Kite’s key is 97 days old").click()
    read(window)
    assert started == ["Blue Kite"]


def test_a_wide_window_has_the_codes_and_what_happened(window: Window) -> None:
    window.resize(1600, 1000)
    read(window)
    words = said(page_of(window))
    assert "All 6 codes" in words
    assert "terraform used the key" in words
    assert "Acme Production, today 10:40" in words
    code = window.services.code(
        next(c.entry_id for c in window.services.codes() if c.title == "Acme Staging")
    )
    assert f"{code.code[:3]} {code.code[3:]}" in words, "the codes are live"
    cards = {w.accessibleName(): place(w, window) for w in shown(page_of(window)) if w.accessibleName()}
    assert cards["codes"].left() - cards["health"].left() == 848 + 16
    assert cards["codes"].width() == 416


def test_a_code_is_copied_from_home(window: Window) -> None:
    window.resize(1600, 1000)
    read(window)
    button(page_of(window), "Copy the code of Acme Staging").click()
    read(window)
    assert "Acme Staging code copied" in said(window.toast)


def test_a_quiet_day_says_until_when(window: Window) -> None:
    page = page_of(window)
    assert isinstance(page, HomePage)
    data = page.data
    ahead = tuple(d for d in data.view.timeline if not d.late_days)
    view = replace(data.view, alarms=(), waiting=(), plaintext=(), timeline=ahead, title=text("All quiet"))
    page.data = replace(data, view=view)
    page.redraw()
    settle()
    words = said(page)
    assert "All quiet" in words
    assert "Nothing to do until 11 December. 6 accounts, checked 8 minutes ago" in words
    assert "Lately" in words
    assert window.rail.items["home"].badge == ("", "")


def test_without_accounts_there_is_one_thing_to_do() -> None:
    application()
    with Laptop() as bare:
        for path in (bare.world.files.credentials, bare.world.files.config):
            Path(path).write_text("")
        Path(bare.world.files.root_csv).unlink(missing_ok=True)
        words = said(page_of(bare.window()))
    assert "No accounts yet" in words
    assert "Look for keys" in words
    assert "Check now" not in words


def test_shapes_stand_there_until_the_first_answer(laptop: Laptop) -> None:
    window = Window(laptop.services)
    window._begun = True  # nothing begins by itself
    window.show()
    page = HomePage(window)
    window._stack.addWidget(page)
    window._stack.setCurrentWidget(page)
    waiting: list[Any] = []
    window.tasks.run = lambda call, *rest, **more: waiting.append((call, rest))  # type: ignore[assignment,method-assign]
    page.reload()
    assert len(page.findChildren(SkeletonCard)) == 2
    call, (done, failed) = waiting[0]
    failed(CredGuardError("disk-full", text("The disk is full."), text("Make room."), retry=True))
    settle()
    assert "The disk is full." in said(page)
    assert "Try again" in said(page)
    button(page, "Try again").click()
    waiting[1][1][0](call(None))
    settle()
    assert "The disk is full." not in said(page)
    assert "One urgent thing" in said(page)
    waiting[1][1][1](CredGuardError("disk-full", text("The disk is full."), text("Make room."), retry=True))
    settle()
    assert "One urgent thing" in said(page), "what was read before stays"
    assert "The disk is full." in said(page)
    done(replace(page.data, view=replace(page.data.view, title=text("Old news"))))
    settle()
    assert "Old news" not in said(page), "an older answer does not replace a newer one"
    window.close()
    window.deleteLater()


def test_check_now_asks_aws_and_notes_the_moment(laptop: Laptop, window: Window) -> None:
    button(page_of(window), "Check now").click()
    read(window)
    assert "6 accounts, checked just now" in said(page_of(window))
    assert "Checked just now." in said(window.toast)


def test_offline_is_said_and_nothing_is_lost(laptop: Laptop, window: Window) -> None:
    before = laptop.services.home().checked_at
    kept = os.environ["AWS_ENDPOINT_URL"]
    os.environ["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
    window.services = laptop.restart()
    try:
        window.check_now()
        until(window, lambda: window.offline)
        assert "AWS could not be reached" in said(page_of(window))
        assert laptop.services.home().checked_at == before
        window.show_page("accounts")
        read(window)
        page = page_of(window)
        assert "AWS could not be reached" in said(page)
        assert not button(page, "Console Northwind").isEnabled()
        assert not button(page, "Rotate Northwind").isEnabled()
        assert button(page, "Code Northwind").isEnabled()
    finally:
        os.environ["AWS_ENDPOINT_URL"] = kept
        window.services.close()
        window.services = laptop.services
    button(page_of(window), "Try again").click()
    read(window)
    assert not window.offline
    assert button(page_of(window), "Console Northwind").isEnabled()


def test_how_old_an_answer_is() -> None:
    def ago(seconds: float) -> str:
        return str(freshness(TODAY - seconds, TODAY))

    assert str(freshness(None, TODAY)) == "not checked yet"
    assert [ago(s) for s in (59, 60, 3599, 3600, 2 * 3600, DAY, 3 * DAY)] == [
        "checked just now", "checked 1 minute ago", "checked 59 minutes ago", "checked 1 hour ago",
        "checked 2 hours ago", "checked 1 day ago", "checked 3 days ago",
    ]  # fmt: skip


def test_a_move_that_was_cut_off_gives_the_command_that_goes_on(window: Window) -> None:
    from PySide6.QtGui import QGuiApplication

    from credguard.domain.move_store import Move

    page = page_of(window)
    assert isinstance(page, HomePage)
    services = window.services
    services.unfinished_move = lambda: Move("store", ("keys", "codes"), "keychain", "sealed")  # type: ignore[method-assign]
    try:
        page.reload()
        read(window)
        assert "Moving your keys and codes to the sealed vault is not finished" in said(page_of(window))
        button(
            page_of(window), "Copy command: Moving your keys and codes to the sealed vault is not finished"
        ).click()
        assert QGuiApplication.clipboard().text() == "credguard settings store sealed"
    finally:
        del services.unfinished_move  # type: ignore[method-assign]
