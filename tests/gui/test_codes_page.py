"""The Codes page over real codes: order, search, copying, states, removing with undo."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from credguard.agent.answers import part_locked
from credguard.demo.cloud import companies
from credguard.domain.otp import Pause, grouped
from credguard.gui.journeys.stopped_code import StoppedCode
from credguard.gui.moments import clock as at_clock
from credguard.gui.pages.codes import CodesPage
from credguard.gui.theme import theme
from credguard.gui.widgets.button import Button, Link
from credguard.gui.widgets.code import CodeCard
from credguard.gui.widgets.surface import Pill
from credguard.gui.window import Window
from tests.support.gui import settle
from tests.support.pages import faults, said
from tests.support.window import Laptop, read, until

pytestmark = pytest.mark.usefixtures("qt")


@pytest.fixture(scope="module")
def laptop() -> Iterator[Laptop]:
    with Laptop() as made:
        made.as_designed()
        yield made


@pytest.fixture
def window(laptop: Laptop) -> Iterator[Window]:
    at = laptop.clock.at
    shown = laptop.window()
    shown.show_page("codes")
    read(shown)
    read(shown)
    shown.activateWindow()
    yield shown
    shown.clipboard.clear()
    laptop.put_away()
    laptop.clock.at = at


def page(window: Window) -> CodesPage:
    found = window._pages["codes"]
    assert isinstance(found, CodesPage)
    return found


def titles(window: Window) -> list[str]:
    return [f"{c.code.title}{' root' if c.code.root else ''}" for c in page(window).shown()]


def card(window: Window, title: str) -> CodeCard:
    return next(c for c in page(window).cards if c.code.title == title and not c.code.root)


def pressed(window: Window, key: Qt.Key) -> None:
    QTest.keyClick(QApplication.focusWidget() or page(window), key)


def test_they_stand_in_the_order_of_the_accounts_with_root_marked(window: Window) -> None:
    assert titles(window) == [
        "Acme Production", "Acme Staging", "Blue Kite", "Blue Kite root", "Northwind", "Northwind Sandbox",
    ]  # fmt: skip
    assert [p.text() for p in window.findChildren(Pill) if p.isVisible()] == ["ROOT"]
    assert page(window).sub.text() == "6 codes. The clock of this laptop is exact."
    assert all(c.now is not None and len(c.now.code) == 6 for c in page(window).cards)


def test_typing_anywhere_searches_and_enter_copies_the_first(window: Window) -> None:
    QTest.keyClick(page(window), Qt.Key.Key_B)
    assert page(window).field.edit.hasFocus()
    QTest.keyClicks(page(window).field.edit, "lue mk")
    assert titles(window) == ["Blue Kite"]
    QTest.keyClick(page(window).field.edit, Qt.Key.Key_Return)
    shown = card(window, "Blue Kite")
    assert shown.now is not None
    assert QGuiApplication.clipboard().text() == shown.now.code
    assert window.toast.accessibleName() == "Blue Kite code copied. The clipboard is cleared in 30 s."
    assert shown._copied
    window.toast._counted()
    assert window.toast._text.text() == "Blue Kite code copied. The clipboard is cleared in 29 s."
    QTest.keyClick(page(window).field.edit, Qt.Key.Key_Escape)
    assert len(titles(window)) == 6


def test_slash_and_arrows(window: Window) -> None:
    QTest.keyClick(page(window), Qt.Key.Key_Slash)
    assert page(window).field.edit.hasFocus()
    assert page(window).field.text() == ""
    for key, title in (
        (Qt.Key.Key_Down, "Acme Production"), (Qt.Key.Key_Right, "Acme Staging"),
        (Qt.Key.Key_Down, "Blue Kite"), (Qt.Key.Key_Left, "Blue Kite"), (Qt.Key.Key_Down, "Northwind"),
    ):  # fmt: skip
        pressed(window, key)
        focus = QApplication.focusWidget()
        assert isinstance(focus, CodeCard)
        assert focus.code.title == title
    pressed(window, Qt.Key.Key_Return)
    shown = card(window, "Northwind")
    assert shown.now is not None
    assert QGuiApplication.clipboard().text() == shown.now.code


def test_a_click_copies_the_digits_alone(window: Window) -> None:
    shown = card(window, "Acme Production")
    QTest.mouseClick(shown, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text().isdigit()
    read(window)


def test_the_ring_counts_down_and_the_last_seconds_show_the_next_code(laptop: Laptop, window: Window) -> None:
    shown = card(window, "Acme Production")
    assert shown.now is not None
    following, left = shown.now.next_code, shown.now.valid_for
    laptop.clock.at += left - 4
    live = page(window)._live
    assert live is not None
    live.tick()
    assert shown.now.valid_for == 4
    assert shown._last()
    assert shown._ring.value() == 4
    laptop.clock.at += 5
    live.tick()
    read(window)
    assert shown.now.code == following
    assert not shown._last()


def test_the_clock_runs_only_while_the_page_is_seen(window: Window) -> None:
    live = page(window)._live
    assert live is not None
    assert live._timer.isActive()
    window.show_page("home")
    assert not live._timer.isActive()


def test_a_used_code_is_not_copied_but_the_next_one_when_it_comes(laptop: Laptop, window: Window) -> None:
    laptop.clock.at += 300  # no code of this moment was given to a person yet
    shown = card(window, "Northwind")
    entry = laptop.services.code_book.get(shown.code.entry_id)
    code = laptop.services.code_book.send(entry)  # as if a rotation had sent it
    page(window).reload()
    read(window)
    live = page(window)._live
    assert live is not None
    live.now.clear()
    live.tick()
    read(window)
    shown = card(window, "Northwind")
    assert shown.now is not None
    assert shown.now.code == code.reveal()
    assert shown.now.used
    QGuiApplication.clipboard().clear()
    QTest.mouseClick(shown, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == ""
    assert window.toast.accessibleName().startswith("AWS takes each code once.")
    following = shown.now.next_code
    laptop.clock.at += shown.now.valid_for + 1
    live.tick()
    read(window)
    assert QGuiApplication.clipboard().text() == following


def test_removing_has_an_undo_and_a_grace(laptop: Laptop, window: Window) -> None:
    shown = card(window, "Acme Staging")
    shown.setFocus()
    QTest.keyClick(shown, Qt.Key.Key_Delete)
    until(window, lambda: card(window, "Acme Staging").code.deleted_at is not None)
    assert "is removed. It is kept until 30 Nov." in window.toast.accessibleName()
    gone = card(window, "Acme Staging")
    assert gone.aside is not None
    assert gone.aside.words == "Deleted on 30 Nov"
    assert page(window).sub.text().startswith("5 codes.")
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    until(window, lambda: card(window, "Acme Staging").code.deleted_at is None)

    read(window)  # the page may be drawn once more: a key goes to the card that stays
    card(window, "Acme Staging").setFocus()
    QTest.keyClick(card(window, "Acme Staging"), Qt.Key.Key_Delete)
    until(window, lambda: card(window, "Acme Staging").aside is not None)
    undo = card(window, "Acme Staging").findChild(Link)
    assert isinstance(undo, Link)
    QTest.mouseClick(undo, Qt.MouseButton.LeftButton)
    until(window, lambda: card(window, "Acme Staging").aside is None)


def test_after_its_grace_a_removed_code_is_really_gone(laptop: Laptop, window: Window) -> None:
    row = laptop.services.add_code(address="otpauth://totp/Mail:maria?secret=MAILEXAMPLEMAILEXAMPLEMA")
    laptop.services.remove_code(row.entry_id)
    laptop.clock.at += 8 * 86_400
    assert row.entry_id not in {r.entry_id for r in laptop.services.codes_page()}
    assert row.entry_id not in {r.entry_id for r in laptop.services.codes(deleted=True)}


def test_a_counter_gives_a_code_only_on_demand(laptop: Laptop, window: Window) -> None:
    row = laptop.services.add_code(
        address="otpauth://hotp/Office:vpn?secret=OFFICEEXAMPLEOFFICEEXAMP&issuer=Office&counter=42"
    )
    page(window).reload()
    read(window)
    shown = card(window, "Office")
    assert shown.now is None
    button = next(b for b in shown.findChildren(Button) if b.text() == "Next code")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    until(window, lambda: shown.now is not None)
    assert shown.now is not None
    assert shown.code.counter == 42
    first = shown.now.code
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    until(window, lambda: shown.now is not None and shown.now.code != first)
    assert shown.code.counter == 43
    assert titles(window)[-1] == "Office"  # codes of no account stand last
    laptop.services.remove_code(row.entry_id)
    laptop.services.code_book.store.remove(f"totp/{row.entry_id}")


def test_an_unreadable_secret_says_so_and_hides_no_other(laptop: Laptop, window: Window) -> None:
    laptop.services.codes_store.write("totp/broken", {"v": 1, "id": "broken", "name": "Blue Kite, mk"})
    page(window).reload()
    read(window)
    broken = next(c for c in page(window).cards if c.code.unreadable is not None)
    assert len(page(window).cards) == 7
    assert any(b.text() == "Add it again" for b in broken.findChildren(Button))
    QTest.mouseClick(broken, Qt.MouseButton.LeftButton)
    laptop.services.codes_store.remove("totp/broken")


def test_without_codes_the_page_says_how_to_begin() -> None:
    with Laptop() as empty:
        window = empty.window()
        window.show_page("codes")
        read(window)
        said = {label.text() for label in window.findChildren(QLabel) if label.isVisible()}
        assert "No codes yet" in said
        assert not page(window).field.isVisible()
        empty.put_away()


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("size", [(1120, 720), (800, 560), (1600, 1000)])
def test_nothing_is_cut_or_overlaps(window: Window, scale: float, size: tuple[int, int]) -> None:
    theme().set_scale(scale)
    window.resize(*size)
    read(window)
    settle()
    grid = page(window).grid
    seen: dict[str, QRect] = {}
    for place in range(len(grid.rows)):
        shown = grid.reveal(place)
        assert grid.viewport().rect().contains(shown.geometry())
        assert shown.height() == theme().u(100)
        offset = grid.verticalScrollBar().value()
        seen[shown.code.entry_id] = shown.geometry().translated(0, offset)
    boxes = list(seen.values())
    assert len(boxes) == 6
    for at, box in enumerate(boxes):
        assert not any(box.intersects(other) for other in boxes[at + 1 :])
    for label in (page(window).title, page(window).sub):
        assert not label.toolTip()
    columns = {box.x() for box in boxes}
    assert len(columns) == page(window).columns()
    assert companies.PERSONAL.name not in titles(window)


# ── states ───────────────────────────────────────────────────────────────────────────────────────
def ticked(window: Window) -> None:
    live = page(window)._live
    assert live is not None
    live.forget()
    live.tick()
    read(window)


def test_two_refusals_stop_a_code_with_the_reason(laptop: Laptop, window: Window) -> None:
    laptop.clock.at += 600
    entry = laptop.services.code_book.get(card(window, "Acme Staging").code.entry_id)
    for _ in range(2):
        laptop.services.code_book.send(entry)
        laptop.services.code_book.note_answer(entry, False)
    ticked(window)
    shown = card(window, "Acme Staging")
    assert shown.aside is not None
    assert shown.aside.kind == "stopped"
    until_then = shown.now.pause.until if shown.now is not None and shown.now.pause is not None else 0.0
    assert shown.aside.words == f"Next try at {at_clock(until_then)}"
    assert not shown._ring.isVisible()
    QTest.mouseClick(shown.findChild(Link), Qt.MouseButton.LeftButton)
    panel = window.dialogs.panel
    assert isinstance(panel, StoppedCode)
    assert panel.accessibleName() == "AWS refused two codes of Acme Staging"
    assert "perhaps of another device" in said(panel)
    QTest.mouseClick(panel.again, Qt.MouseButton.LeftButton)
    until(window, lambda: card(window, "Acme Staging").aside is None)
    assert window.dialogs.panel is None
    assert card(window, "Acme Staging").now is not None


def test_a_pause_ends_by_itself(laptop: Laptop, window: Window) -> None:
    laptop.clock.at += 600
    entry = laptop.services.code_book.get(card(window, "Acme Staging").code.entry_id)
    for _ in range(2):
        laptop.services.code_book.send(entry)
        laptop.services.code_book.note_answer(entry, False)
    ticked(window)
    assert card(window, "Acme Staging").aside is not None
    laptop.clock.at += 181
    live = page(window)._live
    assert live is not None
    live.tick()
    read(window)
    assert card(window, "Acme Staging").aside is None


@pytest.mark.parametrize(
    ("why", "words"), [("budget", "all nine are spent"), ("clock", "clock of this computer")]
)
def test_each_reason_has_its_way_out(window: Window, why: str, words: str) -> None:
    row = card(window, "Blue Kite").code
    panel = StoppedCode(window, row, Pause(window.services.clock.now() + 60, why))
    window.dialogs.show_panel(panel)
    assert words in said(panel)
    assert panel.again.isVisible() == (why != "budget"), "nobody can give AWS more tries"
    assert not faults(panel)
    window.dialogs.close_panel()


def test_a_device_assigned_just_now_is_learned_by_aws(laptop: Laptop, window: Window) -> None:
    shown = card(window, "Northwind Sandbox")
    laptop.services.note_assigned(shown.code.entry_id)
    laptop.clock.at += 30 - laptop.clock.at % 30 + 2  # so that its code stays the same meanwhile
    laptop.services.note_assigned(shown.code.entry_id)
    ticked(window)
    assert shown.aside is not None
    assert shown.aside.words == "AWS learns it, 14 s"
    live = page(window)._live
    assert live is not None
    laptop.clock.at += 8
    live.tick()
    assert shown.aside is not None
    assert shown.aside.words == "AWS learns it, 6 s"
    laptop.clock.at += 6
    live.tick()
    assert shown.aside is None
    assert shown._ring.isVisible()
    laptop.services._assigned.clear()  # the next test begins at an earlier time


def test_locked_codes_show_whose_they_are_and_one_button(
    laptop: Laptop, window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The codes close while the keys stay open: no digit stays in any widget."""
    digits = [grouped(c.now.code) for c in page(window).shown() if c.now is not None]
    assert len(digits) == 6

    def locked(*_: object) -> object:
        raise part_locked("codes")

    live = page(window)._live
    assert live is not None
    with monkeypatch.context() as patch:
        patch.setattr(laptop.services, "codes_now", locked)
        patch.setattr(laptop.services, "codes_page", locked)
        laptop.clock.at += 31
        live.tick()
        until(window, lambda: page(window).unlock.isVisible())
        shown = page(window).shown()
        assert {c.aside.kind if c.aside else "" for c in shown} == {"locked"}
        assert len(shown) >= 5
        assert all(c.now is None for c in page(window).findChildren(CodeCard))
        everything = " ".join(
            w.accessibleName() + w.accessibleDescription() for w in page(window).findChildren(QWidget)
        )
        assert not any(code in everything for code in digits)
        assert not page(window).add.isVisible()
        window.clipboard.copy_plain("before")
        QTest.mouseClick(shown[0], Qt.MouseButton.LeftButton)
        read(window)
        assert QGuiApplication.clipboard().text() == "before"
        assert page(window).unlock.isVisible()
    QTest.mouseClick(page(window).unlock, Qt.MouseButton.LeftButton)
    until(window, lambda: page(window).add.isVisible() and len(page(window).shown()) == 6)
    assert all(c.aside is None for c in page(window).shown())
    read(window)
    assert all(c.now is not None for c in page(window).shown())
